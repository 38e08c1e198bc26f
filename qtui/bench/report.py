"""The table of a run for a terminal: 80 columns, no colour, everything that a figure needs said below it.

Imports no numpy and no engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qtui import units
from qtui.choices import TuningRecord
from qtui.cost import saves_ram
from qtui.model import SearchSettings
from qtui.plain import fold, plain_lines
from qtui.records import CollectionRecord, Measurement, RunRecord

MULTIPLY = "\N{MULTIPLICATION SIGN}"
AT_LEAST = "\N{GREATER-THAN OR EQUAL TO}"
PLUS_MINUS = "\N{PLUS-MINUS SIGN}"
SHORTEST_S = 0.05
"""Seconds that finding the truth must take to be worth saying."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its two lines of heading, its width, and whether figures stand at its right."""

    head: str
    unit: str
    width: int
    right: bool = True


_COLUMNS = (
    Column("method", "B/vector", 14, right=False),
    Column("rescore", "", 8, right=False),
    Column("recall", "", 6),
    Column("95%", PLUS_MINUS, 5),
    Column("p50", "ms", 6),
    Column("p95", "ms", 6),
    Column("p99", "ms", 6),
    Column("trip", "p50 ms", 6),
    Column("QPS", "/s", 6),
    Column("speed-up", "engine", 8),
)


def table(of: RunRecord | Sequence[Measurement], width: int = 80) -> str:
    """The figures as a table, then what they were made from. Measurements alone come without that."""
    measurements = of.measurements if isinstance(of, RunRecord) else tuple(of)
    lines = []
    if isinstance(of, RunRecord):
        lines += [*_heading(of, width), ""]
    if measurements:
        lines += _table(measurements, of.collections if isinstance(of, RunRecord) else ())
    else:
        lines.append("no figures: the run ended before anything was measured")
    if isinstance(of, RunRecord):
        advised = list(_advice(of, width))
        lines += ["", *advised, *([""] if advised else []), *_footer(of, width)]
    return plain_lines("\n".join(line.rstrip() for line in lines))


def rescore_cell(measured: Measurement) -> str:
    """What was asked, short: 'off', 'on x3', 'exact', 'ignore'; a dash where there is nothing to rescore."""
    search = measured.search
    if search.exact:
        return "exact"
    if search.ignore:
        return "ignore"
    if search.rescore is None:
        return units.ABSENT
    if not search.rescore:
        return "off"
    return "on" if search.oversampling is None else f"on x{search.oversampling:g}"


def groups(measurements: Sequence[Measurement]) -> list[tuple[tuple[str, int | None, int], list[Measurement]]]:
    """Measurements of one method, hnsw_ef and concurrency together: no rescoring first, then by factor, then controls.

    The groups stand in the order of the plan.
    """
    found: dict[tuple[str, int | None, int], list[Measurement]] = {}
    for measured in measurements:
        found.setdefault((measured.method, measured.search.hnsw_ef, measured.concurrency), []).append(measured)
    return [(key, sorted(members, key=_reading_order)) for key, members in found.items()]


def _table(measurements: Sequence[Measurement], collections: Sequence[CollectionRecord]) -> list[str]:
    sizes = {collection.name: collection for collection in collections}
    several_ef = len({measured.search.hnsw_ef for measured in measurements}) > 1
    several_levels = len({measured.concurrency for measured in measurements}) > 1
    rule = "─" * (sum(column.width for column in _COLUMNS) + len(_COLUMNS) - 1)
    lines = [_row([column.head for column in _COLUMNS]), _row([column.unit for column in _COLUMNS]), rule]
    for (method, ef, concurrency), members in groups(measurements):
        labels = [method, *_under(sizes.get(members[0].collection))]
        labels += [f"  ef {ef}"] if several_ef else []
        labels += [f"  {concurrency} at once"] if several_levels else []
        rows = [_cells(measured) for measured in members]
        for number in range(max(len(rows), len(labels))):
            label = labels[number] if number < len(labels) else ""
            cells = rows[number] if number < len(rows) else [""] * (len(_COLUMNS) - 1)
            lines.append(_row([label, *cells]))
    return lines


def _reading_order(measured: Measurement) -> tuple[bool, bool, float]:
    """Without rescoring first, then by factor; controls last."""
    search = measured.search
    return search.ignore, search.exact, (search.oversampling or 0.5) if search.rescore else 0.0


def _under(collection: CollectionRecord | None) -> list[str]:
    """Under a method's name: the bytes of one vector, and how many times smaller that is."""
    if collection is None:
        return []
    size = collection.bytes_per_vector
    if collection.method == "none":
        return [f"  {size.original:,.0f} B"]
    if size.quantized is None:
        return ["  not built"]
    return [f"  {size.quantized:,.0f} B {units.ratio(collection.compression.measured)}"]


def _cells(measured: Measurement) -> list[str]:
    engine, trip, recall = measured.engine_ms, measured.round_trip_ms, measured.recall
    asked = rescore_cell(measured)
    if engine is None or trip is None:
        return [asked, "failed" if measured.errors else "none", *[units.ABSENT] * 7]
    half = None if recall is None else (recall.high - recall.low) / 2
    return [
        asked,
        units.share(None if recall is None else recall.mean),
        units.ABSENT if half is None else f"{half:.3f}".removeprefix("0"),
        units.millis(engine.p50),
        units.millis(engine.p95),
        units.millis(engine.p99),
        units.millis(trip.p50),
        _rate(measured.qps),
        _speedup(measured),
    ]


def _rate(qps: float | None) -> str:
    return units.ABSENT if qps is None else f"{qps:,.0f}" if qps >= 10 else f"{qps:.1f}"


def _speedup(measured: Measurement) -> str:
    if measured.speedup is None:
        return units.ABSENT
    versus = measured.vs_baseline
    mark = "*" if versus is not None and not versus.significant else " "
    return f"{measured.speedup.engine:.2f}x{mark}{'!' if measured.errors else ' '}"


def _row(cells: Sequence[str]) -> str:
    return " ".join(
        cell.rjust(column.width) if column.right else cell.ljust(column.width)
        for cell, column in zip(cells, _COLUMNS, strict=True)
    )


def _heading(record: RunRecord, width: int) -> Iterator[str]:
    data = record.dataset
    shape = f"{data.dimension}{f' {MULTIPLY} tokens' if data.multivector else ''}"
    title = f"{record.name or data.source}: {units.count(data.points)} points, {shape}, {data.distance}"
    filtered = f", filter {data.filter}" if data.filter else ""
    status = "" if record.status == "complete" else f" ({record.status}: it ended before it was done)"
    yield from fold(title + filtered + status, width)


def _advice(record: RunRecord, width: int) -> Iterator[str]:
    """What to use, in two or three lines; why there is no advice is among the warnings."""
    best, target = record.recommendation, record.plan.target_recall
    if best is None:
        return
    kept = "" if target is None else f" for recall@{record.dataset.k} {AT_LEAST} {target:.4g}"
    recall = f"{units.share(best.recall.mean)} [{units.share(best.recall.low)}, {units.share(best.recall.high)}]"
    smaller = "" if best.compression is None or not saves_ram(record) else f", {units.ratio(best.compression)} smaller"
    faster = "" if best.speedup is None or best.method == "none" else f", {best.speedup:.2f}x the speed of none"
    lines = [
        (
            f"recommended{kept}: {best.method} {_asked(best.search)}: recall {recall} on the half of the queries that"
            f" confirmed it{smaller}{faster}"
        )
    ]
    if best.runner_up is not None:
        second = best.runner_up
        lines.append(f"runner-up: {second.method} {_asked(second.search)}: {second.why}")
    lines += [f"can't be told apart from it: {text}" for text in best.alike]
    lines += [f"cheaper, and not excluded by these queries: {text}" for text in best.undecided]
    if record.adaptive is not None:
        found = record.adaptive
        lines.append(f"adaptive oversampling, by {found.predictor}: {found.verdict}")
    for line in lines:
        yield from fold(line, width)


def _asked(search: SearchSettings) -> str:
    rescore = "" if search.rescore is None else "rescore " if search.rescore else "no rescore "
    factor = "" if search.oversampling is None else f"x{search.oversampling:g} "
    return f"{rescore}{factor}ef {search.hnsw_ef}" if search.hnsw_ef is not None else f"{rescore}{factor}".rstrip()


def _footer(record: RunRecord, width: int) -> Iterator[str]:
    for text in facts(record, table=True):
        yield from fold(text, width)
    if record.warnings:
        yield ""
    for warning in record.warnings:
        yield from fold(f"! {warning.text}", width)


def facts(record: RunRecord, *, table: bool = False) -> Iterator[str]:
    """How the figures were made, a sentence or two each; `table`: and what the columns of the table in text mean."""
    data, plan, engine = record.dataset, record.plan, record.environment.engine
    origin = {
        "held-out": "drawn from the vectors and kept out of the collections",
        "collection": "drawn from the collection itself, each left out of its own answer",
        "file": "from a file",
    }[data.query_origin]
    counts = sorted({measured.engine_ms.n for measured in record.measurements if measured.engine_ms is not None})
    n = units.ABSENT if not counts else f"{counts[-1]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}"
    yield (
        f"recall@{data.k} with {'the half-width of ' if table else ''}its 95% interval; {data.queries} queries"
        f" {origin}; {plan.repeat} {'pass' if plan.repeat == 1 else 'passes'}, n={n} searches a variant"
    )
    if data.truth is None:
        yield "no exact answer is known, so there is no recall"
    else:
        took = units.duration(data.truth.seconds)
        yield f"truth: {data.truth.how}{f' ({took})' if data.truth.seconds >= SHORTEST_S else ''}"
    loop = "one search after the other" if plan.rate is None else f"{plan.rate:g} arrivals a second"
    if plan.rate is None and plan.concurrency != (1,):
        loop = f"closed loop with {', '.join(map(str, plan.concurrency))} in flight"
    if plan.pace is not None:
        loop += f", at most {plan.pace:g} a second"
    if plan.processes > 1:
        loop += f", from {plan.processes} client processes"
    efs = sorted({measured.search.hnsw_ef or 0 for measured in record.measurements})
    yield (
        f"p50, p95, p99: inside the engine; trip: as the caller waits; {loop}; hnsw_ef {', '.join(map(str, efs))};"
        f" variants take turns every {plan.block} queries, after {'a scan and ' if plan.scan else ''}{plan.warmup} a"
        " collection to warm up"
    )
    yield from _trips(record)
    if record.tuning is not None:
        yield saved(record.tuning)
    if table:
        yield _marks(record)
    where = record.environment
    yield (
        f"{engine.kind} engine {engine.version}, qtui {where.qtui}, Python {where.python}, {where.platform},"
        f" {where.cpus} CPUs; run {record.id}"
    )


def _marks(record: RunRecord) -> str:
    """What the column of speed-ups is, and the marks in it."""
    marks = "speed-up: p50 of none / this p50"
    if any(measured.vs_baseline and not measured.vs_baseline.significant for measured in record.measurements):
        marks += "; * not significant: the interval of the paired ratio holds 1"
    if any(measured.errors for measured in record.measurements):
        marks += "; ! some searches failed, see below"
    return marks


def _trips(record: RunRecord) -> Iterator[str]:
    """What a round trip to a server is made of: the variant with the fastest and the one with the slowest engine."""
    split = [each for each in record.measurements if each.split is not None and each.engine_ms and each.round_trip_ms]
    ends = sorted(split, key=lambda each: each.engine_ms.mean if each.engine_ms else 0.0)
    for measured in dict.fromkeys((*ends[:1], *ends[-1:])):
        if measured.split is None or measured.engine_ms is None or measured.round_trip_ms is None:
            continue
        whole, engine, parts = measured.round_trip_ms.mean, measured.engine_ms.mean, measured.split
        yield (
            f"mean round trip of {measured.method} {_asked(measured.search)}: {units.millis(whole)} ms, of it"
            f" {units.millis(engine)} in the engine, {units.millis(parts.client_ms)} in this client (CPU time),"
            f" {units.millis(parts.network_ms)} in the network and the rest of the server"
        )


def saved(tuning: TuningRecord) -> str:
    """What tuning saved against measuring the whole grid."""
    share = tuning.searches / tuning.grid_searches if tuning.grid_searches else 1.0
    return (
        f"tuned with {tuning.measurements} of the grid's {tuning.grid_measurements} measurements and"
        f" {tuning.searches:,} of its {tuning.grid_searches:,} searches ({share:.0%}), warm-up included:"
        f" {tuning.grid_measurements - tuning.measurements} measurements and"
        f" {tuning.grid_searches - tuning.searches:,} searches saved{_never_built(tuning)}"
    )


def _never_built(tuning: TuningRecord) -> str:
    reasons = dict.fromkeys(found.why for found in tuning.unbuilt)
    parts = [f"{', '.join(found.method for found in tuning.unbuilt if found.why == why)} ({why})" for why in reasons]
    return f"; never built: {'; '.join(parts)}" if parts else ""
