"""The columns of the Search tab as plain text, for the clipboard. No widget."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qtui import units
from qtui.model import PointId
from qtui.searching import compare
from qtui.searching.columns import asked_text
from qtui.searching.compare import Outcome
from qtui.searching.session import Session
from qtui.tui.text import clean


def as_text(session: Session) -> str:
    """A block a column: what was asked, overlap and times, then rank, change, score, id and title."""
    outcomes = [session.outcomes.get(column, Outcome(error="not asked")) for column in session.columns]
    first = outcomes[0].ids if outcomes else ()
    lines = [f"query: {clean(session.about)}"]
    for at, (column, outcome) in enumerate(zip(session.columns, outcomes, strict=True)):
        lines += ["", f"{at + 1}. {clean(column.collection)}, {asked_text(session.place(column), column.search)}"]
        lines += _rows(outcome, first, is_first=at == 0)
    return "\n".join(lines) + "\n"


def _rows(outcome: Outcome, first: Sequence[PointId], *, is_first: bool) -> Iterator[str]:
    if outcome.error is not None:
        yield f"   failed: {clean(outcome.error)}"
        return
    overlap = "" if is_first else f"overlap@{len(first)} {compare.overlap(outcome.ids, first).text}, "
    raw = ", raw scores" if outcome.raw_scores else ""
    engine, trip = units.millis(outcome.engine_ms), units.millis(outcome.round_trip_ms)
    yield f"   {overlap}engine {engine} ms, round trip {trip} ms{raw}"
    moves = compare.changes(outcome.ids, first)
    for rank, (hit, move) in enumerate(zip(outcome.hits, moves, strict=True), 1):
        change = "" if is_first else move.text
        yield f"{rank:>4}  {change:<4}  {compare.score(hit.score):>9}  {clean(hit.id)}  {clean(hit.title, 200)}"
