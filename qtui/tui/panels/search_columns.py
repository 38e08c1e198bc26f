"""The row of columns of the Search tab: which are visible, which one is current, and where the cursor is."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive

from qtui.searching.columns import MOST_COLUMNS
from qtui.searching.compare import Found, Outcome
from qtui.tui.panels.search_column import ColumnView, Shown
from qtui.tui.text import fitted

NARROWEST = 29
"""Cells that a column needs to be read."""


class Columns(Horizontal, can_focus=False):
    """Up to four columns. Where not all fit, the first one stays and the current one stands beside it."""

    DEFAULT_CSS = """
    Columns { height: 1fr; border-top: solid $border; border-title-color: $text-muted; }
    """
    current: reactive[int] = reactive(0)
    """The column that the keys and the settings work on."""
    cursor: reactive[int] = reactive(0)
    """The rank under the cursor, from 0; the same in all columns."""

    about: reactive[str] = reactive("")
    """What was asked; stands above the columns."""

    class Chosen(Message):
        """Another column is the current one."""

    class Marked(Message):
        """The cursor is on this point of the current column, or on none."""

        def __init__(self, hit: Found | None) -> None:
            super().__init__()
            self.hit = hit

    def compose(self) -> ComposeResult:
        """As many views as there can be columns."""
        for at in range(MOST_COLUMNS):
            yield ColumnView(id=f"column-{at}")

    def on_mount(self) -> None:
        """Nothing to show yet."""
        self._arrange()

    @property
    def views(self) -> list[ColumnView]:
        """Those that show a column, in order."""
        return [view for view in self.query(ColumnView) if view.shown is not None]

    def show(self, columns: Sequence[Shown]) -> None:
        """Shows these."""
        for at, view in enumerate(self.query(ColumnView)):
            view.shown = columns[at] if at < len(columns) else None
        self.current = min(self.current, max(0, len(columns) - 1))
        self._arrange()
        self.move(0)

    def outcome_at(self, at: int) -> Outcome | None:
        """What a column shows now."""
        view = self.views[at] if at < len(self.views) else None
        return None if view is None or view.shown is None else view.shown.outcome

    def take_focus(self) -> None:
        """The current column."""
        if self.views:
            self.views[self.current].focus()

    def on_resize(self, _: events.Resize) -> None:
        """As many as fit."""
        self._arrange()
        self.call_after_refresh(self.move, 0)

    def watch_current(self) -> None:
        """Another one is marked, and shown where not all fit."""
        if self.is_mounted:
            self._arrange()
            self.move(0)
            self.post_message(self.Chosen())

    @property
    def in_view(self) -> list[int]:
        """The columns that fit: all of them, or the first and those round the current one."""
        of = len(self.views)
        fits = max(1, min(of, self.size.width // NARROWEST))
        if fits >= of:
            return list(range(of))
        if fits == 1:
            return [self.current]
        start = min(max(1, self.current), of - fits + 1)
        return [0, *range(start, start + fits - 1)]

    def _arrange(self) -> None:
        in_view = self.in_view
        for at, view in enumerate(self.query(ColumnView)):
            view.display = at in in_view
            view.current = at == self.current
        self._entitle(in_view)

    def _entitle(self, in_view: list[int]) -> None:
        """What was asked, and which columns are seen when not all are."""
        of = len(self.views)
        which = "" if len(in_view) == of else f"columns {', '.join(str(at + 1) for at in in_view)} of {of}, → turns"
        room = max(8, self.size.width - len(which) - 8)
        parts = [part for part in (fitted(self.about, room) if self.about else "", which) if part]
        self.border_title = Content(f" {' · '.join(parts)} ") if parts else None

    def watch_about(self) -> None:
        """Another query."""
        if self.is_mounted:
            self._entitle(self.in_view)

    def move(self, by: int) -> None:
        """Moves the cursor within the current answer; the columns scroll together."""
        views = self.views
        if not views:
            return
        longest = max(len(view.hits) for view in views)
        self.cursor = max(0, min(self.cursor + by, longest - 1))
        room = views[self.current].room
        top = min(max(views[self.current].top, self.cursor - room + 1), self.cursor)
        for view in views:
            view.cursor = self.cursor
        hit = views[self.current].hit
        for view in views:
            view.top = max(0, min(top, longest - room))
            view.marked = None if hit is None else hit.id
        self.post_message(self.Marked(hit))

    @on(ColumnView.Moved)
    def _moved(self, message: ColumnView.Moved) -> None:
        message.stop()
        self.move(message.by)

    @on(ColumnView.Aside)
    def _aside(self, message: ColumnView.Aside) -> None:
        message.stop()
        at = self.current + message.by
        if 0 <= at < len(self.views):
            self.current = at
            self.take_focus()

    @on(ColumnView.Focused)
    def _focused(self, message: ColumnView.Focused) -> None:
        message.stop()
        self.current = list(self.query(ColumnView)).index(message.view)
