"""A text to scroll through, of which only the lines in view are drawn, and of those only the ones that changed.

Another text never has the screen laid out anew, as it has with Textual's own widgets: that is what keys wait for.
"""

from __future__ import annotations

from itertools import zip_longest

from rich.text import Text
from textual.geometry import Region, Size
from textual.reactive import Reactive
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from qtui.tui.wrapping import CONSOLE


class Reading(ScrollView):
    """One text, folded to the width that there is."""

    DEFAULT_CSS = "Reading { overflow-x: hidden; scrollbar-size: 1 1; scrollbar-gutter: stable; }"
    virtual_size: Reactive[Size] = Reactive(Size(0, 0), layout=False, repaint=False)

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id)
        self._lines: list[Text] = []

    @property
    def line_width(self) -> int:
        """Cells of a line."""
        return self.scrollable_content_region.width

    def show(self, text: Text) -> None:
        """Another text, from where the last one was scrolled to."""
        width, before = max(1, self.line_width), self._lines
        self._lines = [
            line
            for whole in text.split("\n", allow_blank=True)
            for line in ([whole] if whole.cell_len <= width else whole.wrap(CONSOLE, width))
        ]
        top = self.scroll_offset.y
        lines = enumerate(zip_longest(before, self._lines))
        changed = [Region(0, y - top, width, 1) for y, (was, now) in lines if was != now and y >= top]
        if changed:
            self.refresh(*changed)
        self.virtual_size = Size(width, len(self._lines))

    def watch_virtual_size(self, size: Size) -> None:
        """The scrollbar follows."""
        self._scroll_update(size)

    def render_line(self, y: int) -> Strip:
        """One of the lines in view."""
        at, x = self.scroll_offset.y + y, self.scroll_offset.x
        line = self._lines[at].copy() if at < len(self._lines) else Text()
        span = self.text_selection.get_span(at) if self.text_selection is not None else None
        if span is not None:
            start, end = span
            style = self.screen.get_component_rich_style("screen--selection")
            line.stylize(style, start, len(line) if end == -1 else end)
        line.end = ""
        strip = Strip(line.render(self.app.console)).adjust_cell_length(self.line_width)
        return strip.apply_style(self.visual_style.rich_style).apply_offsets(x, at)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """What was marked with the mouse."""
        return selection.extract("\n".join(line.plain for line in self._lines)), "\n"

    def selection_updated(self, selection: Selection | None) -> None:  # noqa: ARG002 - textual's signature
        """What is marked is seen."""
        self.refresh()
