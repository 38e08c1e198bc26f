"""What search kept in memory, as text for the command line and the app. Standard library only."""

from __future__ import annotations

from collections.abc import Iterator

from qtui import units
from qtui.model import Bytes
from qtui.plain import fold, plain
from qtui.records import Measurement, Residency, RunRecord

UNASKED = "memory during search was not measured: qtui bench --memory does so (Memory on the tab Benchmark)"
_HEADS = (
    f"{'':<14}{'':<9}{'quantized':<10}{'originals':>11}{'kept on':>11}{'quantized':>11}{'read, all':>11}",
    f"{'method':<14}{'rescore':<9}{'are':<10}{'hot':>11}{'disk':>11}{'hot':>11}{'queries':>11}",
)
_ALONE = (f"{'read,':>10}", f"{'one alone':>10}")
_WIDE = 88
"""Columns from which the last figure has room."""


def lines(record: RunRecord, method: str | None = None, width: int = 80) -> list[str]:
    """Every variant that was looked at, or those of one method and of none; why there is none, where there is none.

    With the method none: of each other one, as it was built, what touches least and what touches most.
    """
    seen = [each for each in record.residency if each.measurement < len(record.measurements)]
    if not seen:
        return list(fold(next((w.text for w in record.warnings if w.code == "memory-not-measured"), UNASKED), width))
    wide = width >= _WIDE
    heads = [head + (more if wide else "") for head, more in zip(_HEADS, _ALONE, strict=True)]
    found = [f"memory during search, from an emptied page cache; {seen[0].queries:,} queries once each", *heads]
    found.append("─" * len(heads[0]))
    found += [
        _row(record, each, wide=wide)
        for each in sorted(seen, key=lambda each: (each.placement is not None, each.placement or ""))
        if _concerns(record, each, method)
    ]
    shown = [each for each in seen if _concerns(record, each, method)]
    return [*found, *(line for text in _said() for line in fold(text, width)), *_capped(record, shown, width)]


def _concerns(record: RunRecord, seen: Residency, method: str | None) -> bool:
    measured = record.measurements[seen.measurement]
    if method is None or measured.method in ("none", method):
        return True
    if method != "none" or seen.placement is not None:
        return False
    factors = [each.search.oversampling or 0.0 for each in record.measurements if each.method == measured.method]
    return not measured.search.rescore or measured.search.oversampling == max(factors)


def _row(record: RunRecord, seen: Residency, *, wide: bool) -> str:
    measured = record.measurements[seen.measurement]
    originals, quantized = seen.searched.get("originals", Bytes()), seen.searched.get("quantized", Bytes())
    whole = next((c.memory.get("originals", Bytes()).disk for c in record.collections if c.name == measured.collection),
                 None)  # fmt: skip
    kept = None if whole is None or originals.cached is None else max(0, whole - originals.cached)
    hot = None if quantized.cached is None else quantized.cached + (quantized.heap or 0)
    cells = [originals.cached, kept, hot if measured.method != "none" else None, seen.read_bytes]
    words = f"{plain(measured.method)[:13]:<14}{_asked(measured):<9}{plain(seen.placement or 'as set'):<10}"
    line = words + "".join(f"{units.size(cell):>11}" for cell in cells)
    return line + (f"{units.size(seen.alone_read_bytes):>10}" if wide else "")


def _capped(record: RunRecord, seen: list[Residency], width: int) -> Iterator[str]:
    """What was read under a cap; nothing where there was none: the run's warnings say why."""
    capped = [each for each in seen if each.cap_bytes is not None]
    if not capped:
        return
    yield from ("", "the same under a memory cap, a tenth of the originals, asked a second time")
    yield f"{'method':<14}{'rescore':<9}{'cap':>11}{'queries':>9}{'read':>11}{'a query':>11}"
    yield "─" * 65
    for each in capped:
        measured, read = record.measurements[each.measurement], each.capped_read_bytes
        one = None if read is None or not each.capped_queries else read / each.capped_queries
        words = f"{plain(measured.method)[:13]:<14}{_asked(measured):<9}{units.size(each.cap_bytes):>11}"
        yield f"{words}{each.capped_queries or 0:>9,}{units.size(read):>11}{units.size(one):>11}"
    yield from fold("a search that needs more than the cap reads some of its originals twice", width)


def _asked(measured: Measurement) -> str:
    search = measured.search
    if search.rescore is None:
        return units.ABSENT
    return "off" if not search.rescore else "on" if search.oversampling is None else f"on x{search.oversampling:g}"


def _said() -> Iterator[str]:
    yield "hot: resident afterwards (mincore; pinned: heap); kept on disk: the rest"
