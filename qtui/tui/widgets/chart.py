"""The page of charts on the screen: kept as drawn until its data or its size changes; scrolled where it is higher."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from qtui.tui.bars import QUIET
from qtui.tui.pages import PAGES, Line, Look
from qtui.tui.widgets.variants import BINDINGS


class Chart(Widget, can_focus=True):
    """One of the pages; draws when it is looked at, not when data comes. The arrows move through variants and pages."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *BINDINGS,
        Binding("right", "turn(1)", show=False),
        Binding("left", "turn(-1)", show=False),
    ]
    look: reactive[Look | None] = reactive(None, always_update=True)
    page: reactive[str] = reactive("")

    class Turn(Message):
        """Another page is wanted: the next (1) or the previous one (-1)."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    class Move(Message):
        """Another variant is wanted: so many further, or the first (0) or last (-1) one."""

        def __init__(self, by: int = 0, to: int | None = None) -> None:
            super().__init__()
            self.by = by
            self.to = to

    def __init__(self, *, id: str) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id)
        self._key: tuple[object, ...] = ()
        self._strips: list[Strip] = []
        self._drawn: Look | None = None
        self._top = 0
        """Lines that are scrolled away."""

    def watch_has_focus(self, value: bool) -> None:  # noqa: FBT001 - textual hands the new value over
        """What is said under a page that is higher follows."""
        super().watch_has_focus(value)
        self.refresh()

    def action_turn(self, by: int) -> None:
        """The next or the previous page."""
        self.post_message(self.Turn(by))

    def action_move(self, by: int) -> None:
        """The next or the previous variant."""
        self.post_message(self.Move(by))

    def action_page(self, by: int) -> None:
        """A few further; where there is more of the page than room, its next lines."""
        room = self.size.height - 1
        if len(self._strips) > self.size.height:
            self._top = max(0, min(self._top + by * (room - 1), len(self._strips) - room))
            self.refresh()
            return
        self.post_message(self.Move(by * max(1, self.size.height // 2)))

    def action_to(self, at: int) -> None:
        """The first or the last variant."""
        self.post_message(self.Move(to=at))

    def render_line(self, y: int) -> Strip:
        """One row of the page."""
        self._draw()
        if len(self._strips) > self.size.height == y + 1:
            return self._strip(self._more(self.size.height - 1), self.size.width)
        at = self._top + y
        return (
            self._strips[at] if at < len(self._strips) else Strip.blank(self.size.width, self.visual_style.rich_style)
        )

    def _more(self, room: int) -> Text:
        below = len(self._strips) - self._top - room
        there = "" if self.has_focus else "Tab goes there, "
        said = f"▼ {below:,} more line{'' if below == 1 else 's'}: {there}PgDn" if below else "▲ PgUp: the lines above"
        return Text(said, QUIET)

    def _draw(self) -> None:
        look, width, height = self.look, self.size.width, self.size.height
        page = PAGES.get(self.page)
        if look is None or page is None:
            self._key, self._strips = (), []
            return
        state = look.state
        # by identity: what is compared is kept, so no other object can have its place
        parts = (state.measured, state.collections, state.warnings, state.failed, look.spread)
        key = (
            *map(id, parts),
            state.over,
            look.waits,
            look.chosen,
            self.page,
            width,
            height,
            self.visual_style.rich_style,
        )
        if key != self._key:
            lines = page.draw(look, width, height)
            self._key, self._drawn, self._top = key, look, 0
            self._strips = [self._strip(line, width) for line in lines]

    def _strip(self, line: Line, width: int) -> Strip:
        if isinstance(line, Text):
            line.truncate(width, overflow="ellipsis")
            line = Strip(line.render(self.app.console))
        return line.adjust_cell_length(width).apply_style(self.visual_style.rich_style)
