"""Help about what has the focus: what it is, and every key that works there."""

from __future__ import annotations

from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from qtui import config
from qtui.tui.commands import Active
from qtui.tui.text import clean
from qtui.tui.theme import DIM, HEAD, KEY


class Help(ModalScreen[None]):
    """Closed by any of the keys that one tries first."""

    AUTO_FOCUS = "VerticalScroll"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,q,enter", "dismiss", show=False)]

    def __init__(self, title: str, about: str, commands: tuple[Active, ...]) -> None:
        super().__init__()
        self.topic = title
        self.about = about
        self.commands = commands

    def compose(self) -> ComposeResult:
        """The paragraph, then the keys."""
        with VerticalScroll(classes="dialog broad") as box:
            box.border_title = f"Help: {self.topic}"
            yield Static(Text(self.about))
            yield Static(self._keys())

    def _keys(self) -> Table:
        grid = Table.grid(padding=(0, 2))
        grid.add_row("", Text("\nKeys that work here", HEAD), Text("\nid", DIM))
        for each in self.commands:
            keys = ", ".join(filter(None, (each.key, each.always)))
            grid.add_row(Text(keys, KEY), Text(each.command.title), Text(each.command.id, DIM))
        grid.add_row(Text("arrows, Tab", KEY), Text("Move; Space or Enter changes what is under the cursor"))
        about = f"\nEsc closes this. Other keys by id: [keys] in {clean(config.config_file())}"
        grid.add_row("", Text(about, DIM))
        return grid
