"""Asks whether what is configured and not built shall be built, and says what that changes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from qtui import units
from qtui.errors import QtuiError
from qtui.model import Change
from qtui.tui.room import Room
from qtui.tui.setupform import LOWER_KB
from qtui.tui.text import clean
from qtui.tui.theme import DIM, HEAD, KEY
from qtui.tui.unbuilt import Unbuilt
from qtui.tui.words import worded


async def built(room: Room, wanted: tuple[Unbuilt, ...]) -> AsyncIterator[tuple[bool, str]]:
    """Builds one after the other; after each whether it failed, and what to say of it, which is clean."""
    for each in wanted:
        change = Change(indexing_threshold_kb=LOWER_KB)
        try:
            seconds = await room.reconfigure(each.collection, change, each.vector)
        except QtuiError as error:
            yield True, clean(worded(error))
        else:
            yield False, f"{clean(each.collection, 60)} is built, in {units.duration(seconds)}"


class BuildDialog(ModalScreen[bool]):
    """True when the user wants it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "dismiss(True)", show=False),
        Binding("escape", "dismiss(False)", show=False),
    ]

    def __init__(self, wanted: tuple[Unbuilt, ...]) -> None:
        super().__init__()
        self.wanted = wanted

    def compose(self) -> ComposeResult:
        """What isn't built, why, what will be changed, and the two keys."""
        with Vertical(classes="dialog") as box:
            box.border_title = "Build"
            for each in self.wanted:
                yield Static(Text.assemble((clean(each.collection, 60), HEAD), f"  {each.method}, not built"))
                if each.why:
                    yield Static(Text(each.why, DIM))
            yield Static(
                Text(
                    f"\nSets the indexing threshold to {LOWER_KB} KB, and builds. Vectors stay as they are; a threshold"
                    " that is set can be changed, not unset."
                )
            )
            yield Static(Text.assemble(("\nEnter", KEY), " builds   ", ("Esc", KEY), " leaves it as it is"))
