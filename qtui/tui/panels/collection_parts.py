"""Parts of the Collections tab: what an empty store says, and the inspection of one collection."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static

from qtui.model import CollectionView
from qtui.tui.commands import Command, bindings
from qtui.tui.inspection import inspect
from qtui.tui.theme import KEY

FIRST_RUN_KEYS = (Command("first.demo", "d", "demo", "Demo", "Build the demo's collections"),)
LEAST_WIDTH = 30


class FirstRun(Static, can_focus=True):
    """What an empty store says: three ways to get going."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(FIRST_RUN_KEYS)]

    class Demo(Message):
        """The demo is wanted."""

    def render(self) -> Text:
        """Three lines."""
        return Text.assemble(
            ("No collections yet\n\n", "bold"),
            ("d", KEY), "  build the demo: real embeddings, no download\n",
            ("n", KEY), "  load a file of your own vectors, one collection a method\n",
            ("3", KEY), "  benchmark a file without keeping it",
        )  # fmt: skip

    def action_demo(self) -> None:
        """Asks the panel for it."""
        self.post_message(self.Demo())


class Inspection(VerticalScroll):
    """The inspection of one collection, as wide as there is room."""

    DEFAULT_CSS = "Inspection { scrollbar-gutter: stable; }"
    view: reactive[CollectionView | None] = reactive(None)

    def compose(self) -> ComposeResult:
        """One text."""
        yield Static(id="inspection-text")

    def watch_view(self, before: CollectionView | None, now: CollectionView | None) -> None:
        """Another collection, or the same one read again."""
        self._draw()
        if before is None or now is None or before.name != now.name:
            self.scroll_home(animate=False)

    def on_resize(self) -> None:
        """Columns follow the width."""
        self._draw()

    def _draw(self) -> None:
        if self.is_mounted:
            width = max(LEAST_WIDTH, self.scrollable_content_region.width)
            text = Text() if self.view is None else inspect(self.view, width)
            self.query_one("#inspection-text", Static).update(text)
