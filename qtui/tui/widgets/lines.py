"""A table whose rows are made only when they come into view, so that ten thousand of them cost no more than thirty."""

from __future__ import annotations

from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip


class LineTable(ScrollView, can_focus=True):
    """Rows known by their keys, under a heading that stays; one is highlighted. Enter is left to the panel."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"lines--cursor"}
    DEFAULT_CSS = """
    LineTable { height: 1fr; scrollbar-size: 1 1; overflow-x: hidden; }
    LineTable > .lines--cursor {
        background: $block-cursor-blurred-background;
        color: $block-cursor-blurred-foreground;
    }
    LineTable:focus > .lines--cursor {
        background: $block-cursor-background;
        color: $block-cursor-foreground;
        text-style: bold;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", show=False),
        Binding("up,k", "move(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("home,g", "to(0)", show=False),
        Binding("end,G", "to(-1)", show=False),
    ]
    cursor: reactive[int] = reactive(0, repaint=False)

    class Highlighted(Message):
        """Another row is highlighted, or other rows are in view."""

    class Chosen(Message):
        """A row was clicked."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id)
        self.keys: tuple[str, ...] = ()
        self._wanted: str | None = None

    def heading(self, width: int) -> Text:
        """The first line."""
        raise NotImplementedError

    def line(self, at: int, width: int) -> Text:
        """One row."""
        raise NotImplementedError

    @property
    def row(self) -> str | None:
        """The key of the highlighted row."""
        return self.keys[self.cursor] if self.cursor < len(self.keys) else None

    @property
    def line_width(self) -> int:
        """Cells of a line: those that the scrollbar leaves."""
        return self.scrollable_content_region.width

    @property
    def in_view(self) -> tuple[str, ...]:
        """Keys of the rows that are seen now."""
        top = self.scroll_offset.y
        return self.keys[top : top + max(1, self.size.height - 1)]

    def show_keys(self, keys: tuple[str, ...]) -> None:
        """These rows, with the cursor on the same one as before where it is still there."""
        before = self._wanted if self._wanted in keys else self.row
        self._wanted = None if before == self._wanted else self._wanted
        self.keys = keys
        self.virtual_size = Size(self.size.width, len(keys) + 1)
        at = keys.index(before) if before in keys else min(self.cursor, max(0, len(keys) - 1))
        self.refresh()
        if at == self.cursor:
            self._moved()
        self.cursor = at

    def go_to(self, key: str) -> None:
        """Highlights this row; where there is none yet, as soon as there is."""
        self._wanted = key
        self.show_keys(self.keys)

    def validate_cursor(self, cursor: int) -> int:
        """One of the rows."""
        return max(0, min(cursor, len(self.keys) - 1))

    def watch_cursor(self, before: int, now: int) -> None:
        """The highlighted row stays in view; where no others come into view, two rows are all that is drawn."""
        lines = (at - self.scroll_offset.y + 1 for at in (before, now))
        self.refresh(*(Region(0, y, self.size.width, 1) for y in lines if 0 < y < self.size.height))
        self._moved()

    def on_resize(self, _: events.Resize) -> None:
        """So it does in a lower window."""
        self.virtual_size = Size(self.size.width, len(self.keys) + 1)
        self._moved()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Other rows are in view."""
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self.post_message(self.Highlighted())

    def _moved(self) -> None:
        body = max(1, self.size.height - 1)
        if self.cursor < self.scroll_offset.y:
            self.scroll_to(y=self.cursor, animate=False, immediate=True)
        elif self.cursor >= self.scroll_offset.y + body:
            self.scroll_to(y=self.cursor - body + 1, animate=False, immediate=True)
        self.post_message(self.Highlighted())

    def action_move(self, by: int) -> None:
        """The next or the previous row."""
        self.cursor += by

    def action_page(self, by: int) -> None:
        """A window further."""
        self.cursor += by * max(1, self.size.height - 2)

    def action_to(self, at: int) -> None:
        """The first or the last row."""
        self.cursor = at if at >= 0 else len(self.keys) - 1

    def on_click(self, event: events.Click) -> None:
        """Highlights a row, and chooses it."""
        at = self.scroll_offset.y + event.y - 1
        if event.y > 0 and at < len(self.keys):
            self.cursor = at
            self.post_message(self.Chosen())

    def render_line(self, y: int) -> Strip:
        """The heading, or one of the rows in view."""
        width, at = self.line_width, self.scroll_offset.y + y - 1
        if y == 0:
            return self._strip(self.heading(width), Style())
        if at >= len(self.keys):
            return Strip.blank(width, self.visual_style.rich_style)
        cursor = self.get_component_rich_style("lines--cursor", partial=True) if at == self.cursor else Style()
        return self._strip(self.line(at, width), cursor)

    def _strip(self, line: Text, style: Style) -> Strip:
        strip = Strip(line.render(self.app.console)).adjust_cell_length(self.line_width)
        return strip.apply_style(self.visual_style.rich_style + style)
