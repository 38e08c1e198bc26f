"""What a report says of memory during search: hot memory, and what rescoring reads from disk. Pure."""

from __future__ import annotations

from qtui import trace
from qtui.bench.deliverable.parts import Line, Paragraph, Part, Table
from qtui.bench.deliverable.reading import Reading
from qtui.bench.warnings import search_name
from qtui.cost import saves_ram
from qtui.plain import plain
from qtui.records import Residency

_SAID = (
    "From an emptied page cache: the collection was loaded, then every query was asked once. Originals, hot: pages of"
    " the float vectors that were resident afterwards (mincore). Kept on disk: the rest of their files: the hot memory"
    " that originals on disk save. Quantized, hot: memory of the process where they are pinned, pages where they are"
    " cached or cold. Read: from disk, by those searches, counted by the system. Alone: mean of some searches, each"
    " after that again: what one search reads when the memory keeps no original."
)
_CAPPED = (
    "Capped: read from disk by the first queries where the process could newly take no more than a tenth of the"
    " originals' bytes, page cache included (a control group): asked twice, the second time counted. A search that"
    " needs more than the cap reads some pages twice, and so more than alone."
)
_UNMEASURED = (
    "Memory during search was not measured: `qtui bench --memory` does so, `--placements` with the quantized vectors"
    " cold, cached and pinned."
)


def memory(reading: Reading) -> tuple[Part, ...]:
    """What was resident, by variant and placement; why not, where it wasn't measured."""
    record = reading.record
    if not record.residency:
        found = [number for number, each in enumerate(record.warnings) if each.code == "memory-not-measured"]
        said = reading.facts.quote(f"warnings[{found[0]}].text") if found else _UNMEASURED
        return (Paragraph((said,)),)
    usable = [
        (number, each) for number, each in enumerate(record.residency) if each.measurement < len(record.measurements)
    ]
    plain_ones = [pair for pair in usable if pair[1].placement is None]
    placed = [pair for pair in usable if pair[1].placement is not None]
    return (
        *_during(reading, plain_ones),
        *_saved(reading),
        *(_placements(reading, placed) if placed else ()),
        Paragraph((_SAID,)),
        *_under_cap(reading, plain_ones),
    )


def _during(reading: Reading, seen: list[tuple[int, Residency]]) -> tuple[Part, ...]:
    """Every variant as it was configured: what is hot while it searches, what originals on disk save, what is read."""
    heads = ("method", "search", "originals, hot", "kept on disk", "quantized, hot", "graph, hot", "read", "alone")
    rows = []
    for number, each in seen:
        at, held = f"residency[{number}]", _collection(reading, each)
        whole = (
            "none" if held is None else f"collections[{held}].memory.originals.disk - {at}.searched.originals.cached"
        )
        sources = (
            f"{at}.searched.originals.cached",
            whole,
            f"{at}.searched.quantized.heap + {at}.searched.quantized.cached",
            f"{at}.searched.graph.cached",
            f"{at}.read_bytes",
            f"{at}.alone_read_bytes",
        )
        cells = (reading.facts.line((source, "size")) for source in sources)
        rows.append((*_named(reading, each), *cells))
    best = next((place for place, (_, each) in enumerate(seen) if each.measurement == reading.best), None)
    return Paragraph(("During search, as configured:",)), Table(heads, tuple(rows), text=2, best=best)


def _placements(reading: Reading, seen: list[tuple[int, Residency]]) -> tuple[Part, ...]:
    """The same with the quantized vectors cold, cached and pinned."""
    heads = ("method", "search", "quantized", "heap", "cache, loaded", "cache, searched", "originals, hot", "read",
             "alone")  # fmt: skip
    fields = ("searched.quantized.heap", "loaded.quantized.cached", "searched.quantized.cached",
              "searched.originals.cached", "read_bytes", "alone_read_bytes")  # fmt: skip
    rows = tuple(
        (
            *_named(reading, each),
            (plain(each.placement or ""),),
            *(reading.facts.line((f"residency[{number}].{name}", "size")) for name in fields),
        )
        for number, each in seen
    )
    return Paragraph(("With the quantized vectors cold, cached and pinned:",)), Table(heads, rows, text=3)


def _under_cap(reading: Reading, seen: list[tuple[int, Residency]]) -> tuple[Part, ...]:
    """What was read under a cap, or why there was none."""
    capped = [(number, each) for number, each in seen if each.capped_read_bytes is not None]
    if capped:
        rows = tuple(
            (
                *_named(reading, each),
                reading.facts.line((f"residency[{number}].cap_bytes", "size")),
                reading.facts.line((f"residency[{number}].capped_queries", "count")),
                reading.facts.line((f"residency[{number}].capped_read_bytes", "size")),
                reading.facts.line(
                    (f"residency[{number}].capped_read_bytes / residency[{number}].capped_queries", "size")
                ),
            )
            for number, each in capped
        )
        return Table(("method", "search", "cap", "queries", "read, capped", "a query"), rows, text=2), Paragraph(
            (_CAPPED,)
        )
    found = [n for n, each in enumerate(reading.record.warnings) if each.code == "memory-not-capped"]
    return (Paragraph((reading.facts.quote(f"warnings[{found[0]}].text"),)),) if found else ()


def _named(reading: Reading, seen: Residency) -> tuple[Line, Line]:
    measured = reading.of(seen.measurement)
    return (plain(measured.method),), (search_name(measured.search) or "as it is",)


def _collection(reading: Reading, seen: Residency) -> int | None:
    """Index of the collection that it searched."""
    name = reading.of(seen.measurement).collection
    return next((index for index, held in enumerate(reading.record.collections) if held.name == name), None)


def hot(reading: Reading) -> tuple[str, str] | None:
    """The expressions for hot memory of vectors during search: of none, of the recommended variant; None without."""
    seen = reading.record.residency
    places = {each.measurement: number for number, each in enumerate(seen) if each.placement is None}
    if reading.none not in places or reading.best not in places or reading.none == reading.best:
        return None
    one, other = f"residency[{places[reading.none]}]", f"residency[{places[reading.best]}]"
    before = f"{one}.searched.originals.cached"
    after = f"{other}.searched.originals.cached + {other}.searched.quantized.heap + {other}.searched.quantized.cached"
    return before, after


def _saved(reading: Reading) -> tuple[Part, ...]:
    """The hot memory that the recommended variant saved, against none."""
    found = hot(reading)
    if found is None or reading.best is None:
        return ()
    before, after = found
    less = trace.number(reading.record, f"({before}) - ({after})")
    words: list[str | tuple[str, str]] = [
        "Hot memory of vectors during search: ", (before, "size"), " without quantization, ", (after, "size"),
        f" with {plain(reading.of(reading.best).method)} ({search_name(reading.of(reading.best).search)})",
        ", originals and quantized together, as measured: ",
    ]  # fmt: skip
    if less is not None and less < 0:
        touched = "these queries touched nearly all of so few originals"
        why = touched if saves_ram(reading.record) else "the originals are in RAM too"
        words += [(f"({after}) - ({before})", "size"), f" more: {why}"]
    else:
        words += [(f"({before}) - ({after})", "size"), " saved"]
    return (Paragraph(reading.facts.line(*words)),)
