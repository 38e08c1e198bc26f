"""The dialog that picks one of any number of collections, or one of its vectors: typed words narrow the list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from qtui import units
from qtui.model import CollectionView
from qtui.tui import figures
from qtui.tui.text import clean, fitted
from qtui.tui.theme import DIM
from qtui.tui.widgets.controls import line_input
from qtui.tui.widgets.lines import LineTable

Place = tuple[str, str]
"""A collection's name, and the name of a vector in it."""
_METHOD, _VECTOR, _POINTS = 13, 14, 11


class PlaceTable(LineTable):
    """A row a vector that can be searched."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id)
        self.rows: dict[str, tuple[str, str, str, str]] = {}
        """Key → name, method, vector, points."""

    def heading(self, width: int) -> Text:
        """The titles of the columns."""
        return Text(_row(("name", "method", "vector", "points"), width), DIM)

    def line(self, at: int, width: int) -> Text:
        """One vector of one collection."""
        return Text(_row(self.rows[self.keys[at]], width))


def _row(cells: tuple[str, str, str, str], width: int) -> str:
    name, method, vector, points = cells
    room = max(8, width - _METHOD - _VECTOR - _POINTS - 3)
    return f"{_left(name, room)} {_left(method, _METHOD)} {_left(vector, _VECTOR)} {points:>{_POINTS}}"


def _left(text: str, width: int) -> str:
    cut = fitted(text, width)
    return cut + " " * (width - cell_len(cut))


class PickCollection(ModalScreen[Place | None]):
    """Dismissed with what was picked."""

    AUTO_FOCUS = "#pick-words"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", show=False),
        Binding("down", "move('move(1)')", show=False),
        Binding("up", "move('move(-1)')", show=False),
        Binding("pagedown", "move('page(1)')", show=False),
        Binding("pageup", "move('page(-1)')", show=False),
        Binding("enter", "take", show=False),
    ]
    DEFAULT_CSS = """
    PickCollection PlaceTable { height: 12; margin: 1 0; }
    PickCollection PlaceTable > .lines--cursor {
        background: $block-cursor-background; color: $block-cursor-foreground; text-style: bold;
    }
    PickCollection #pick-said { height: 1; }
    """

    def __init__(self, views: Sequence[CollectionView], now: Place | None) -> None:
        """`now`: what is searched at the moment; the list begins there."""
        super().__init__()
        self._places: dict[str, Place] = {}
        self._rows: dict[str, tuple[str, str, str, str]] = {}
        for view in views:
            for vector in view.vectors:
                spec, key = vector.spec, str(len(self._places))
                method = "none" if spec.quantization is None else spec.quantization.method
                shape = f"{spec.name} {figures.size(spec)}".strip()
                self._places[key] = (view.name, spec.name)
                self._rows[key] = (view.name, method, shape, units.count(view.points))
        self._now = now

    def compose(self) -> ComposeResult:
        """What is typed, what matches, and the keys."""
        with Vertical(classes="dialog wide") as box:
            box.border_title = "Search which collection?"
            yield line_input("", id="pick-words", placeholder="type part of a name or a method", whole=False)
            yield PlaceTable(id="pick-table")
            yield Static(id="pick-said")

    def on_mount(self) -> None:
        """All of them, with the cursor on the one that is searched now."""
        table = self.query_one(PlaceTable)
        table.rows = self._rows
        self._narrow("")
        keys = [key for key, place in self._places.items() if place == self._now]
        if keys:
            table.cursor = table.keys.index(keys[0])

    def _narrow(self, typed: str) -> None:
        words = typed.lower().split()
        found = [
            key
            for key, (name, method, vector, _) in self._rows.items()
            if all(word in clean(f"{name} {method} {vector}").lower() for word in words)
        ]
        self.query_one(PlaceTable).show_keys(tuple(found))
        of = len(self._rows)
        count = f"{len(found):,} of {of:,} match" if words else f"{of:,} to choose from"
        self.query_one("#pick-said", Static).update(Text(f"{count}   ↑↓ move   Enter takes it   Esc leaves", DIM))

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._narrow(event.value)

    @on(Input.Submitted)
    @on(LineTable.Chosen)
    def _submitted(self) -> None:
        self.action_take()

    async def action_move(self, how: str) -> None:
        """Moves in the list while the box has the focus."""
        await self.query_one(PlaceTable).run_action(how)

    def action_take(self) -> None:
        """The highlighted one."""
        row = self.query_one(PlaceTable).row
        if row is not None:
            self.dismiss(self._places[row])
