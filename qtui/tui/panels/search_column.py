"""Columns of the Search tab: one answer each, side by side, drawn line by line. Imports rich and textual."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual.binding import BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from qtui import units
from qtui.model import PointId
from qtui.searching import compare
from qtui.searching.columns import Column, Place, asked_text
from qtui.searching.compare import Change, Found, Move, Outcome
from qtui.tui.commands import Command, bindings
from qtui.tui.text import clean, fitted
from qtui.tui.theme import ACCENT, BAD, CHOSEN, DIM, GOOD, WARN
from qtui.tui.wrapping import hanging

KEYS = (
    Command("search.open", "enter", "open", "Open", "Open the point under the cursor", "Enter"),
    Command("search.down", "down,j", "move(1)", "", "Next rank", "↓"),
    Command("search.up", "up,k", "move(-1)", "", "Rank before", "↑"),
    Command("search.page_down", "pagedown", "move(10)", "", "Ten ranks down"),
    Command("search.page_up", "pageup", "move(-10)", "", "Ten ranks up"),
    Command("search.first", "home,g", "move(-100000)", "", "First rank"),
    Command("search.last", "end,G", "move(100000)", "", "Last rank"),
    Command("search.right", "right,l", "aside(1)", "", "Next column", "→"),
    Command("search.left", "left,h", "aside(-1)", "", "Column before", "←"),
)
HEAD_LINES, FOOT_LINES = 3, 3
ROOMY = 32
"""Cells from which on the times are set apart."""
_MOVE_STYLE = {Move.SAME: DIM, Move.UP: GOOD, Move.DOWN: WARN, Move.NEW: ACCENT}


@dataclass(frozen=True, slots=True)
class Shown:
    """All that one column shows."""

    column: Column
    place: Place | None
    outcome: Outcome | None
    """None while it is being asked."""
    first: tuple[PointId, ...] | None
    """The answer that it is compared with; None for the first column itself, or while that has none."""
    is_first: bool
    waiting: str = ""
    """What it says while there is no outcome."""


class ColumnView(Widget, can_focus=True):
    """One answer: ranks, moves, scores and titles, and under them what they took."""

    DEFAULT_CSS = """
    ColumnView { width: 1fr; height: 1fr; padding: 0 1; border-left: solid $border; }
    ColumnView.-current { border-left: heavy $primary; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(KEYS)]
    shown: reactive[Shown | None] = reactive(None)
    cursor: reactive[int] = reactive(0)
    top: reactive[int] = reactive(0)
    """The first rank that is drawn, from 0."""
    marked: reactive[PointId | None] = reactive(None)
    """The point under the cursor of the current column."""
    current: reactive[bool] = reactive(default=False, toggle_class="-current")

    class Moved(Message):
        """The user goes to another rank."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    class Aside(Message):
        """The user goes to another column."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    class Opened(Message):
        """The user opens a point."""

        def __init__(self, column: Column, hit: Found) -> None:
            super().__init__()
            self.column = column
            self.hit = hit

    class Focused(Message):
        """A column has the focus, and is the current one."""

        def __init__(self, view: ColumnView) -> None:
            super().__init__()
            self.view = view

    def on_focus(self) -> None:
        """Tells which column is current."""
        self.post_message(self.Focused(self))

    def action_move(self, by: int) -> None:
        """Another rank."""
        self.post_message(self.Moved(by))

    def action_aside(self, by: int) -> None:
        """Another column."""
        self.post_message(self.Aside(by))

    def action_open(self) -> None:
        """The point under the cursor."""
        hit = self.hit
        if self.shown is not None and hit is not None:
            self.post_message(self.Opened(self.shown.column, hit))

    @property
    def hits(self) -> tuple[Found, ...]:
        """What it found."""
        return self.shown.outcome.hits if self.shown is not None and self.shown.outcome is not None else ()

    @property
    def hit(self) -> Found | None:
        """The point under the cursor."""
        return self.hits[self.cursor] if self.cursor < len(self.hits) else None

    @property
    def room(self) -> int:
        """Ranks that fit."""
        return max(1, self.size.height - HEAD_LINES - FOOT_LINES)

    def render(self) -> Text:
        """Head, ranks, foot."""
        if self.shown is None or self.size.width < 4:
            return Text()
        shown, width = self.shown, self.size.width
        lines = [*_head(shown, width, current=self.current), *self._body(shown, width)]
        return Text("\n", no_wrap=True).join(lines)

    def _body(self, shown: Shown, width: int) -> Iterator[Text]:
        outcome = shown.outcome
        if outcome is None:
            yield Text(fitted(shown.waiting, width), DIM)
            return
        if outcome.error is not None:
            yield from _error(outcome.error, width, self.room + FOOT_LINES)
            return
        yield _titles(shown, width)
        if not outcome.hits:
            yield Text(fitted("no point matches", width), DIM)
        moves = None if shown.first is None else compare.changes(outcome.ids, shown.first)
        for rank in range(self.top, min(self.top + self.room, len(outcome.hits))):
            sign = "›" if outcome.hits[rank].id == self.marked else " "
            line = _rank(rank, outcome, None if moves is None else moves[rank], width, sign)
            if outcome.hits[rank].id == self.marked:
                line.stylize(CHOSEN if rank == self.cursor and self.has_focus else "bold")
            yield line
        if len(outcome.hits) < self.room:
            yield Text()
        yield from _foot(shown, outcome, width)


def _head(shown: Shown, width: int, *, current: bool) -> Iterator[Text]:
    name = fitted(shown.column.collection, width - 2)
    yield Text.assemble(("▸ " if current else "  ", ACCENT), (name, "bold"))
    words = asked_text(shown.place, shown.column.search)
    line = Text.assemble("  ", (fitted(words, width - 2), ""))
    if shown.place is not None and not shown.place.built and not shown.column.search.exact:
        line = Text.assemble(("  ⚠ not built: searches the originals", WARN))
        line.truncate(width, overflow="ellipsis")
    yield line


def _titles(shown: Shown, width: int) -> Text:
    assert shown.outcome is not None
    score = "raw score" if shown.outcome.raw_scores else "score"
    move = "" if shown.first is None else "Δ    "
    wide = _score_width(shown.outcome)
    return Text(fitted(f" {'#':>{_rank_width(shown.outcome)}} {move}{score:>{wide}} title", width), DIM)


def _rank_width(outcome: Outcome) -> int:
    return max(2, len(str(len(outcome.hits))))


def _score_width(outcome: Outcome) -> int:
    longest = max((len(compare.score(hit.score)) for hit in outcome.hits), default=0)
    return max(longest, 9 if outcome.raw_scores else 6)


def _rank(rank: int, outcome: Outcome, move: Change | None, width: int, sign: str) -> Text:
    hit = outcome.hits[rank]
    line = Text(f"{sign}{rank + 1:>{_rank_width(outcome)}} ")
    if move is not None:
        line.append(f"{move.text:<5}", _MOVE_STYLE[move.move])
    line.append(f"{compare.score(hit.score):>{_score_width(outcome)}} ")
    title = fitted(hit.title, max(1, width - line.cell_len))
    line.append(title if title.strip() else fitted(f"point {hit.id}", width))
    line.truncate(width, overflow="ellipsis")
    line.pad_right(max(0, width - cell_len(line.plain)))
    return line


def _foot(shown: Shown, outcome: Outcome, width: int) -> Iterator[Text]:
    if shown.is_first:
        yield Text(fitted("the reference", width), DIM)
    elif shown.first:
        found = compare.overlap(outcome.ids, shown.first)
        style = GOOD if found.common == found.of else WARN
        yield Text.assemble((f"overlap@{found.of} ", DIM), (found.text, style))
    else:
        yield Text("overlap –", DIM)
    engine, trip = units.millis(outcome.engine_ms), units.millis(outcome.round_trip_ms)
    between = "· " if width >= ROOMY else ""
    yield Text(fitted(f"engine {engine} {between}trip {trip} ms", width))
    yield Text(fitted(_what_it_did(shown, outcome), width), DIM)


def _what_it_did(shown: Shown, outcome: Outcome) -> str:
    did = outcome.effective
    if shown.column.search.exact:
        return "full scan of the originals"
    if did is None or did.rescore is None:
        return "originals, no rescoring"
    if not did.rescore:
        return "quantized, not rescored"
    return f"{did.candidates:,} candidates rescored"


def _error(text: str, width: int, most: int) -> Iterator[Text]:
    yield from hanging(Text.assemble(("✗ ", BAD), clean(text)), width).split()[:most]
