"""The columns of the Search tab as plain text, for the clipboard. No widget."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qtui import units
from qtui.searching import compare
from qtui.searching.columns import Column, Place, asked_text
from qtui.searching.compare import Outcome
from qtui.tui.text import clean


def as_text(title: str, answers: Sequence[tuple[Column, Outcome]], places: Sequence[Place | None]) -> str:
    """A block a column: what was asked, overlap and times, then rank, change, score, id and title."""
    first = answers[0][1].ids if answers else ()
    lines = [f"query: {clean(title)}"]
    for at, ((column, outcome), place) in enumerate(zip(answers, places, strict=True)):
        lines += ["", f"{at + 1}. {clean(column.collection)}, {asked_text(place, column.search)}"]
        lines += _rows(outcome, first, is_first=at == 0)
    return "\n".join(lines) + "\n"


def _rows(outcome: Outcome, first: Sequence[object], *, is_first: bool) -> Iterator[str]:
    if outcome.error is not None:
        yield f"   failed: {clean(outcome.error)}"
        return
    ids = tuple(point for point in first if isinstance(point, (int, str)))
    overlap = "" if is_first else f"overlap@{len(ids)} {compare.overlap(outcome.ids, ids).text}, "
    raw = ", raw scores" if outcome.raw_scores else ""
    engine, trip = units.millis(outcome.engine_ms), units.millis(outcome.round_trip_ms)
    yield f"   {overlap}engine {engine} ms, round trip {trip} ms{raw}"
    moves = compare.changes(outcome.ids, ids)
    for rank, (hit, move) in enumerate(zip(outcome.hits, moves, strict=True), 1):
        change = "" if is_first else move.text
        yield f"{rank:>4}  {change:<4}  {compare.score(hit.score):>9}  {clean(hit.id)}  {clean(hit.title, 200)}"
