"""A picture in half blocks, and drawn over them by the terminal where it can do better.

The terminal's own picture lies over the text, whatever Textual does to it: so it is drawn where all of its cells can be
seen, and taken away when they can't be any more. Where a terminal doesn't understand it, the half blocks remain.
"""

from __future__ import annotations

import asyncio
from itertools import count
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import events, work
from textual.containers import VerticalScroll
from textual.widgets import Static

from qtui.tui import graphics, pictures
from qtui.tui.graphics import Protocol
from qtui.tui.pictures import Drawn


class Picture(Static):
    """One picture, or none; made anew for every file."""

    DEFAULT_CSS = "Picture { width: auto; height: auto; }"
    _numbers: ClassVar[count[int]] = count(7_001)

    def __init__(self, *, id: str, sharp: bool = False) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id)
        self._how = graphics.protocol() if sharp else Protocol.BLOCKS
        self._number = next(self._numbers)
        self._drawn = Drawn(Text())
        self._handed = self._seen = False

    @work(exclusive=True, group="picture")
    async def show(self, path: Path | None, columns: int, rows: int) -> None:
        """Draws a file in at most so many cells; None takes the picture away."""
        self._take_away()
        self.display = path is not None
        if path is None:
            self.update("")
            return
        made = await asyncio.to_thread(pictures.picture, path, columns, rows, self._how, self._number)
        self._drawn, self._handed = made, False
        self.update(made.text)
        self.call_after_refresh(self._overlay)

    def on_mount(self) -> None:
        """Follows the scrolling of what it stands in."""
        for parent in self.ancestors:
            if isinstance(parent, VerticalScroll):
                self.watch(parent, "scroll_y", self._scrolled, init=False)

    def on_resize(self, _: events.Resize) -> None:
        """It may stand elsewhere."""
        self._scrolled()

    def on_unmount(self) -> None:
        """The text goes by itself, the overlay doesn't."""
        self._take_away()

    def on_hide(self) -> None:
        """As above."""
        self._take_away()

    def _scrolled(self) -> None:
        if self._drawn.sequence:
            self.call_after_refresh(self._overlay)

    def _overlay(self) -> None:
        if not self._drawn.sequence or not self.is_attached:
            return
        box = self.parent.scrollable_content_region if isinstance(self.parent, VerticalScroll) else self.screen.region
        region = self.region
        if not box.contains_region(region) or not region.area:
            self._take_away()
            return
        sequence = self._drawn.sequence
        if self._how is Protocol.KITTY:
            if not self._handed:
                self._write(sequence)
                self._handed = True
            sequence = graphics.kitty_shown(self._number, self._drawn.columns, self._drawn.rows)
        self._write(graphics.placed(sequence, region.x, region.y))
        self._seen = True

    def _take_away(self) -> None:
        if not self._seen:
            return
        self._seen = self._handed = False
        if self._how is Protocol.KITTY:
            self._write(graphics.kitty_gone(self._number))
        elif self.is_attached:
            self.refresh()

    def _write(self, sequence: str) -> None:
        driver = self.app._driver  # noqa: SLF001 - textual has no other way for what isn't text
        if driver is not None:
            driver.write(sequence)
            driver.flush()
