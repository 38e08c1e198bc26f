"""What a report says of memory during search: hot memory, and what rescoring reads from disk. Pure."""

from __future__ import annotations

from qtui.bench.deliverable.parts import Line, Paragraph, Part, Table
from qtui.bench.deliverable.reading import Reading
from qtui.bench.warnings import search_name
from qtui.plain import plain
from qtui.records import Residency

_SAID = (
    "From an emptied page cache: the collection was loaded, then every query was asked once. Originals: pages of the"
    " float vectors that were resident afterwards (mincore): hot memory that originals on disk did not save."
    " Quantized: memory of the process where they are pinned, pages where they are cached or cold; at load, and after"
    " the searches. Read: from disk, by those searches, counted by the system. Alone: mean of some searches,"
    " each after that again: what one search reads when the memory keeps no original."
)
_NO_CAP = (
    "A cap on memory itself (a control group) is not set by a run: Alone is what it comes to where originals find no"
    " room, Read where all that was read stays."
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
    heads = ("method", "search", "quantized are", "originals", "quantized, heap", "at load, cache", "after, cache",
             "graph, cache", "read", "alone")  # fmt: skip
    rows = tuple(
        _row(reading, number, each)
        for number, each in enumerate(record.residency)
        if each.measurement < len(record.measurements)
    )
    return (Table(heads, rows, text=3), *_saved(reading), Paragraph((_SAID,)), Paragraph((_NO_CAP,)))


def _row(reading: Reading, number: int, seen: Residency) -> tuple[Line, ...]:
    measured, at = reading.of(seen.measurement), f"residency[{number}]"
    fields = (
        f"{at}.searched.originals.cached",
        f"{at}.searched.quantized.heap",
        f"{at}.loaded.quantized.cached",
        f"{at}.searched.quantized.cached",
        f"{at}.searched.graph.cached",
        f"{at}.read_bytes",
        f"{at}.alone_read_bytes",
    )
    return (
        (plain(measured.method),),
        (search_name(measured.search) or "as it is",),
        (plain(seen.placement or "as configured"),),
        *(reading.facts.line((source, "size")) for source in fields),
    )


def _saved(reading: Reading) -> tuple[Part, ...]:
    """The hot memory that the recommended variant saved, against none."""
    seen = reading.record.residency
    places = {each.measurement: number for number, each in enumerate(seen) if each.placement is None}
    if reading.none not in places or reading.best not in places or reading.none == reading.best:
        return ()
    one, other = f"residency[{places[reading.none]}]", f"residency[{places[reading.best]}]"
    before = f"{one}.searched.originals.cached"
    after = f"{other}.searched.originals.cached + {other}.searched.quantized.heap + {other}.searched.quantized.cached"
    line = reading.facts.line(
        "Hot memory of vectors during search: ", (before, "size"), " without quantization, ", (after, "size"),
        f" with {plain(reading.of(reading.best).method)} ({search_name(reading.of(reading.best).search)}),"
        " originals and quantized together, as measured: ", (f"({before}) - ({after})", "size"), " saved",
    )  # fmt: skip
    return (Paragraph(line),)
