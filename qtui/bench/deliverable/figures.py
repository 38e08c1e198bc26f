"""The tables of a report: the comparison of methods, all figures, theory, memory, money. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from qtui import trace
from qtui.bench.deliverable.parts import Bullets, Line, Paragraph, Part, Table
from qtui.bench.deliverable.reading import Method, Reading
from qtui.bench.report import groups, rescore_cell
from qtui.bench.warnings import search_name, variant_name
from qtui.cost import Need, costs, links, ram_source
from qtui.methods import METHODS
from qtui.model import COMPONENTS, Bytes
from qtui.plain import plain
from qtui.records import Measurement, RunRecord

DISTANCE_SPEEDUP = {"scalar": 2, "binary": 40, "binary-2bit": 20}
"""What is advertised, for comparing two vectors alone."""


def comparison(reading: Reading) -> tuple[Part, ...]:
    """The baseline, then every method without and with rescoring, against it."""
    k = reading.record.dataset.k
    heads = ("method", "search", "average ms", "p95 ms", "speed-up", f"recall@{k}", "retained", "RAM", "smaller")
    rows: list[tuple[int, tuple[Line, ...]]] = []
    if reading.none is not None:
        name = "none (baseline, recommended)" if reading.none == reading.best else "none (baseline)"
        rows.append((reading.none, _compared(reading, name, "as it is", reading.none, None)))
    for method in reading.methods:
        for index in (method.off, method.on):
            if index is not None:
                asked = search_name(reading.of(index).search)
                name = f"{method.name} (recommended)" if index == reading.best else method.name
                rows.append((index, _compared(reading, name, asked, index, method.collection)))
    said = (
        "Engine times. Speed-up: average of none / this average. Retained: recall / recall of none. RAM: what a fast"
        " search needs (see Cost). Smaller: bytes of an original vector / bytes of a quantized one, as found in the"
        " files. With rescoring: the recommended oversampling, else the least that keeps the target."
    )
    if any(_has_few_slow(reading.of(index)) for index, _ in rows):
        said += " An average above its p95 comes of a few very slow searches: All figures has the p50 beside it."
    found = Table(heads, tuple(row for _, row in rows), text=2, best=_place([index for index, _ in rows], reading.best))
    return found, Paragraph((said,))


def _has_few_slow(measured: Measurement) -> bool:
    return measured.engine_ms is not None and measured.engine_ms.mean > measured.engine_ms.p95


def _place(indexes: list[int], wanted: int | None) -> int | None:
    return None if wanted is None or wanted not in indexes else indexes.index(wanted)


def _compared(reading: Reading, name: str, asked: str, index: int, held: int | None) -> tuple[Line, ...]:
    facts, at, base = reading.facts, f"measurements[{index}]", f"measurements[{reading.none}]"
    none_held = next((n for n, found in enumerate(reading.record.collections) if found.method == "none"), None)
    place = none_held if index == reading.none else held
    known = reading.none is not None

    def cell(source: str | None, style: str) -> Line:
        return facts.line((source or "none", style))

    return (
        (plain(name),),
        (plain(asked),),
        cell(f"{at}.engine_ms.mean", "ms"),
        cell(f"{at}.engine_ms.p95", "ms"),
        cell(f"{base}.engine_ms.mean / {at}.engine_ms.mean" if known else None, "times"),
        cell(f"{at}.recall.mean", "share"),
        cell(f"{at}.recall.mean / {base}.recall.mean" if known else None, "percent"),
        cell(None if place is None else ram_source(reading.record, place), "size"),
        cell(None if place is None else f"collections[{place}].compression.measured", "ratio"),
    )


def all_figures(reading: Reading) -> tuple[Part, ...]:
    """Every measurement of the run."""
    record = reading.record
    places = {id(measured): index for index, measured in enumerate(record.measurements)}
    heads = (
        "method|rescore|record|ef|at once|n|errors|recall|low|high|mean ms|p50 ms|p95 ms|p99 ms|trip p50 ms|QPS"
        "|speed-up|vs none|low|high|significant"
    )
    ordered = [(places[id(measured)], measured) for _, members in groups(record.measurements) for measured in members]
    rows = tuple(_all_of(reading, index, measured) for index, measured in ordered)
    said = (
        "speed-up: engine p50 of none / this p50; vs none: median over queries of engine time / that of none, with its"
        " 95% interval; recall with its 95% interval; record: where the row stands in the run record."
    )
    return Table(tuple(heads.split("|")), rows, text=3), Paragraph((said,)), *_failures(reading)


def _failures(reading: Reading) -> Iterator[Part]:
    """Every reason why searches failed, with how many it was."""
    facts = reading.facts
    lines = tuple(
        (
            f"{plain(variant_name(measured))}: ",
            *facts.line((f"measurements[{index}].failures[{number}].count", "count")),
            ": ",
            facts.quote(f"measurements[{index}].failures[{number}].error"),
        )
        for index, measured in enumerate(reading.record.measurements)
        for number in range(len(measured.failures))
    )
    if lines:
        yield Paragraph(("Searches that failed, by reason:",))
        yield Bullets(lines)


def _all_of(reading: Reading, index: int, measured: Measurement) -> tuple[Line, ...]:
    at, versus = f"measurements[{index}]", measured.vs_baseline
    fields = (
        ("search.hnsw_ef", "number"),
        ("concurrency", "number"),
        ("engine_ms.n", "count"),
        ("errors", "count"),
        ("recall.mean", "share"),
        ("recall.low", "share"),
        ("recall.high", "share"),
        ("engine_ms.mean", "ms"),
        ("engine_ms.p50", "ms"),
        ("engine_ms.p95", "ms"),
        ("engine_ms.p99", "ms"),
        ("round_trip_ms.p50", "ms"),
        ("qps", "whole"),
        ("speedup.engine", "times"),
        ("vs_baseline.engine_p50_ratio", "decimal"),
        ("vs_baseline.low", "decimal"),
        ("vs_baseline.high", "decimal"),
    )
    cells = [reading.facts.line((f"{at}.{name}", style)) for name, style in fields]
    significant = "–" if versus is None else "yes" if versus.significant else "no"
    return ((plain(measured.method),), (rescore_cell(measured),), (at,), *cells, (significant,))


def theory(reading: Reading) -> tuple[Part, ...]:
    """The advertised maxima beside what was measured, with the reason for the gap."""
    heads = ("method", "smaller, advertised", "by formula", "measured", "speed-up, advertised", "measured")
    rows = tuple(_maxima(reading, method) for method in reading.methods)
    said = (
        "Smaller: 32 bits / bits of a component; the formula adds what the engine stores with every vector and rounds"
        " up to. Speed-up, advertised: of comparing two vectors alone; measured: average engine time of none / that"
        " without rescoring (with rescoring where only that was measured)."
    )
    why = tuple((f"{method.name}: ", *line) for method in reading.methods if (line := why_gap(reading, method)))
    return Table(heads, rows, text=1), Paragraph((said,)), *((Bullets(why),) if why else ())


def _maxima(reading: Reading, method: Method) -> tuple[Line, ...]:
    facts, held, speed = reading.facts, method.collection, speed_of(reading, method)
    advertised = DISTANCE_SPEEDUP.get(method.name)
    at = None if held is None else f"collections[{held}].compression"
    return (
        (method.name,),
        facts.line((f"32 / {METHODS[method.name].bits:g}", "ratio")),
        facts.line((f"{at}.theoretical" if at else "none", "ratio")),
        facts.line((f"{at}.measured" if at else "none", "ratio")),
        facts.line((f"{advertised}" if advertised else "none", "ratio")),
        facts.line((speed or "none", "times")),
    )


def speed_of(reading: Reading, method: Method) -> str | None:
    """The expression for how much faster than none it was; without rescoring, where that was measured."""
    index = _judged_by(method)
    if index is None or reading.none is None:
        return None
    return f"measurements[{reading.none}].engine_ms.mean / measurements[{index}].engine_ms.mean"


def _judged_by(method: Method) -> int | None:
    """The measurement whose speed is held against what is advertised."""
    return method.off if method.off is not None else method.on


def why_gap(reading: Reading, method: Method) -> Line:
    """What keeps a method from its advertised figures, or takes it past them, as far as the record tells; () for
    nothing.
    """
    found = [*_why_larger(reading, method), *_why_other_speed(reading, method)]
    return tuple(piece for place, line in enumerate(found) for piece in (*(("; ",) if place else ()), *line))


def _why_larger(reading: Reading, method: Method) -> Iterator[Line]:
    bits, data = METHODS[method.name].bits, reading.record.dataset
    if method.collection is None:
        return
    quantized = reading.record.collections[method.collection].bytes_per_vector.quantized
    if quantized is None:
        yield ("its quantized data isn't built",)
    elif quantized > bits * data.dimension / 8 + 0.5:
        extra = f"collections[{method.collection}].bytes_per_vector.quantized - {bits:g} * dataset.dimension / 8"
        unit = "token" if data.multivector else "vector"
        yield reading.facts.line(
            (extra, "whole"), f" bytes a {unit} are padding and what the method keeps beside the components"
        )


def _why_other_speed(reading: Reading, method: Method) -> Iterator[Line]:
    advertised, source, index = DISTANCE_SPEEDUP.get(method.name), speed_of(reading, method), _judged_by(method)
    speed = None if source is None else trace.number(reading.record, source)
    if advertised is None or speed is None or index is None:
        return
    if speed > advertised:
        fetched = f"collections[{method.collection}].compression.measured"
        if method.collection is not None:
            yield reading.facts.line(
                "more than comparing gains: a vector is also ", (fetched, "ratio"), " fewer bytes to fetch"
            )
        return
    if _is_scanned(reading.record):
        rescored = "" if index == method.off else ", and rescoring reads originals"
        yield (f"all vectors are scanned, but a search also sorts{rescored}",)
    elif _has_graph(reading.record):
        yield ("walking the graph compares few vectors, and costs the same without quantization",)
    own = reading.p50(index)
    if own is not None and own < 1:
        at = f"measurements[{index}].engine_ms.p50"
        yield reading.facts.line("in ", (at, "ms"), " ms a search (p50), what isn't comparing vectors weighs, too")


def _is_scanned(record: RunRecord) -> bool:
    """Whether every vector is compared, for want of a graph."""
    full = any(warning.code == "full-scan" for warning in record.warnings)
    return full or any(held.settings is not None and links(held) == 0 for held in record.collections)


def _has_graph(record: RunRecord) -> bool:
    return any((found.memory["graph"].disk or 0) > 0 for found in record.collections if "graph" in found.memory)


def cost(reading: Reading) -> tuple[Part, ...]:
    """RAM, disk and money of each method, today and at the size that was asked for."""
    plan, found = reading.record.cost, costs(reading.record)
    if not found:
        return (Paragraph(("No collection was measured.",)),)
    money = plan is not None and plan.known
    unit = f" ({plain(plan.currency)})" if plan is not None and plan.currency else ""
    heads = ("method", "RAM", "disk", *((f"a month{unit}", "a year", "saved a month", "saved a year") if money else ()))
    parts: list[Part] = []
    for name, grown in (("Today", False), ("Grown", True)):
        needs = [(each.method, each.grown if grown else each.today) for each in found]
        if any(need is None for _, need in needs):
            continue
        size = (
            reading.facts.line(f"{name}: ", ("cost.points", "count"), " points")
            if grown
            else reading.facts.line(f"{name}: ", ("dataset.points", "count"), " points")
        )
        rows = tuple(_need_row(reading, method, need, money=money) for method, need in needs if need is not None)
        parts += [Paragraph(size), Table(heads, rows)]
    return (*parts, *_assumed(reading, money=money, measured=all(each.measured for each in found)))


def _need_row(reading: Reading, method: str, need: Need, *, money: bool) -> tuple[Line, ...]:
    cells = [(need.ram, "size"), (need.disk, "size")]
    if money:
        cells += [(need.month, "money"), (need.year, "money"), (need.saved_month, "money")]
    sources = [(amount.source, style) for amount, style in cells]
    if money:
        saved = need.saved_month.source
        sources.append((saved if saved == "none" else f"({saved}) * 12", "money"))
    return (plain(method),), *(reading.facts.line(source) for source in sources)


def _assumed(reading: Reading, *, money: bool, measured: bool) -> tuple[Part, ...]:
    bytes_ = "measured bytes of the files" if measured else "bytes of a vector times the points (est)"
    said = (
        f"RAM: {bytes_}: the quantized vectors (the originals without quantization, both where the originals are in RAM"
        " too) + the graph + 52 bytes a point; payload and spare room are not in it. Disk: all files."
    )
    if reading.record.cost is not None and reading.record.cost.points is not None:
        said += " Grown: vectors, graph and payload times points to be / points measured (est)"
        scanned = any(warning.code == "full-scan" for warning in reading.record.warnings)
        said += "; a graph that so few points have not yet: points × links × 9.6 bytes." if scanned else "."
    facts = reading.facts
    if not money:
        more = facts.line(
            "No price was given: set ram_gib_month in [cost] of config.toml, or give --ram-price, to have money here."
        )
    else:
        more = facts.line(*_priced(reading))
    return Paragraph((said,)), Paragraph(more)


def _priced(reading: Reading) -> Iterator[str | tuple[str, str]]:
    """How money is made of bytes, with the prices that were given."""
    plan = reading.record.cost
    known = [] if plan is None else [name for name in ("ram", "disk") if getattr(plan, f"{name}_gib_month") is not None]
    yield "Money: ("
    for place, name in enumerate(known):
        yield f"{' + ' if place else ''}GiB of {'RAM' if name == 'ram' else name} × "
        yield f"cost.{name}_gib_month", "number"
    yield ") × "
    yield "cost.replicas", "number"
    yield " (copies); a year is 12 months. The prices are yours."


def components(reading: Reading) -> tuple[Part, ...]:
    """Bytes of every collection by component."""
    heads = ("collection", "component", "heap", "cache", "disk")
    rows = tuple(
        (
            (plain(found.name),),
            (name,),
            *(
                reading.facts.line((f"collections[{index}].memory.{name}.{kind}", "size"))
                for kind in ("heap", "cached", "disk")
            ),
        )
        for index, found in enumerate(reading.record.collections)
        for name in COMPONENTS
        if _is_there(found.memory.get(name, Bytes()))
    )
    if not rows:
        return ()
    said = "Heap: memory of the process. Cache: pages of the files that were resident when the run began. Not added up."
    if any(
        (part.cached or 0) > (part.disk or 0) for held in reading.record.collections for part in held.memory.values()
    ):
        said += " More cache than disk: pages of files with holes in them, which take no disk."
    return Table(heads, rows, text=2), Paragraph((said,))


def _is_there(part: Bytes) -> bool:
    return bool(part.heap or part.cached or part.disk)


def collections(reading: Reading) -> tuple[Part, ...]:
    """How each collection was found."""
    heads = ("collection", "method", "points", "segments", "built", "of", "bytes", "quantized", "smaller", "load s",
             "index s")  # fmt: skip
    fields = (
        ("points", "count"),
        ("segments", "whole"),
        ("built.segments", "whole"),
        ("built.of", "whole"),
        ("bytes_per_vector.original", "whole"),
        ("bytes_per_vector.quantized", "whole"),
        ("compression.measured", "ratio"),
        ("load_seconds", "decimal"),
        ("index_seconds", "decimal"),
    )
    rows = tuple(
        (
            (plain(found.name),),
            (plain(found.method if found.built.complete else f"{found.method} (not built)"),),
            *(reading.facts.line((f"collections[{index}].{name}", style)) for name, style in fields),
        )
        for index, found in enumerate(reading.record.collections)
    )
    return (Table(heads, rows, text=2),)


def settings(reading: Reading) -> Table:
    """The numbers of how it was measured, by their names in the record."""
    names = (
        "dataset.points", "dataset.dimension", "dataset.queries", "dataset.k", "dataset.truth.seconds", "plan.seed",
        "plan.repeat", "plan.warmup", "plan.block", "plan.rate", "plan.target_recall", "environment.cpus",
    )  # fmt: skip
    return Table(("in the record", "value"), tuple(((name,), reading.facts.line((name, "number"))) for name in names))
