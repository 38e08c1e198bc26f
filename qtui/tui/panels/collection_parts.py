"""Parts of the Collections tab: what an empty store says, and the inspection of one collection."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from rich.text import Text
from textual.binding import BindingType
from textual.reactive import reactive
from textual.widgets import Static

from qtui.demos import DOCUMENTS, TEXTS
from qtui.model import CollectionView
from qtui.tui.commands import Command, bindings, key_of
from qtui.tui.inspection import inspect
from qtui.tui.messages import DemoWanted
from qtui.tui.theme import KEY
from qtui.tui.widgets.reading import Reading

FIRST_RUN_KEYS = (
    Command("first.demo", "d", "demo('texts')", "Demo", "Build the demo's collections"),
    Command("first.documents", "i", "demo('documents')", "Documents", "Build the demo of documents, and search it"),
)
DEMOS = {demo.name: demo for demo in (TEXTS, DOCUMENTS)}
LEAST_WIDTH = 30


class FirstRun(Static, can_focus=True):
    """What an empty store says: ways to the demo, a file, or a server."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(FIRST_RUN_KEYS)]

    may_write: reactive[bool] = reactive(default=True, bindings=True)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - textual's
        """Nothing is built where nothing may be written."""
        return self.may_write or action != "demo"

    def render(self) -> Text:
        """A line for each way: a demo, a file, a server."""
        key = partial(key_of, self.app)
        if not self.may_write:
            return Text.assemble(
                ("No collections here, and this server is only read\n\n", "bold"),
                (key("app.connect"), KEY), "  connect to another\n",
                (key("tab.benchmark"), KEY), "  benchmark a file of your own vectors, on this machine",
            )  # fmt: skip
        return Text.assemble(
            ("No collections yet\n\n", "bold"),
            (key("first.demo"), KEY), "  build the demo, no download       ",
            (key("first.documents"), KEY), "  or the one of documents\n",
            (key("collections.new"), KEY), "  load a file of your vectors       ",
            (key("tab.benchmark"), KEY), "  or only benchmark it\n",
            (key("app.connect"), KEY), "  look at a Qdrant server, by its address",
        )  # fmt: skip

    def action_demo(self, name: str) -> None:
        """Asks the panel, and the app, for it."""
        self.post_message(DemoWanted(DEMOS[name]))


class Inspection(Reading, can_focus=True):
    """The inspection of one collection, as wide as there is room."""

    view: reactive[CollectionView | None] = reactive(None, repaint=False)

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
            self.show(Text() if self.view is None else inspect(self.view, max(LEAST_WIDTH, self.line_width)))
