"""Dialogs that ask: a name to be typed before something is removed, and where an export goes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from qtui.tui.text import clean, plain
from qtui.tui.theme import DIM, WARN
from qtui.tui.widgets.controls import Choice, Field, line_input

FORMATS = (("md", "Markdown"), ("html", "HTML"), ("csv", "CSV"), ("json", "JSON"))


class ConfirmByName(ModalScreen[bool]):
    """Asks for a collection's name to be typed; True only when it is."""

    AUTO_FOCUS = "Input"

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(False)", show=False)]
    TITLE_TEXT = "Delete"
    KEYS = "Enter deletes   Esc keeps it"
    WRONG = "That is not its name; nothing was deleted."

    def __init__(self, name: str, what: str | Text) -> None:
        super().__init__()
        self.wanted = name
        self.what = what

    def compose(self) -> ComposeResult:
        """What will happen, the input, and the two keys."""
        with Vertical(classes="dialog danger") as box:
            box.border_title = self.TITLE_TEXT
            yield Static(plain(self.what) if isinstance(self.what, str) else self.what)
            yield Static(Text.assemble("\nType ", (clean(self.wanted), "bold"), " to confirm:"))
            yield line_input("", id="typed")
            yield Static("", id="said")
            yield Static(Text(self.KEYS, DIM))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Only the very name is an answer."""
        event.stop()
        if event.value in {self.wanted, clean(self.wanted)}:
            self.dismiss(result=True)
        else:
            self.query_one("#said", Static).update(Text(self.WRONG, WARN))


class ExportTo(ModalScreen[tuple[str, Path] | None]):
    """Asks for a format and a file that isn't there yet."""

    AUTO_FOCUS = "Choice"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", show=False),
        Binding("enter", "write", show=False, priority=True),
        Binding("down", "app.focus_next", show=False, priority=True),
        Binding("up", "app.focus_previous", show=False, priority=True),
    ]

    def __init__(self, run_id: str) -> None:
        super().__init__()
        self.run_id = run_id
        self.choice = Choice(id="format")
        self.choice.options = FORMATS
        self.choice.value = "md"

    def compose(self) -> ComposeResult:
        """The format, the path, and the two keys."""
        with Vertical(classes="dialog") as box:
            box.border_title = "Export this run"
            yield Field("format", self.choice)
            yield Field("file", line_input(self._default("md"), id="path"))
            yield Static("", id="said")
            yield Static(Text("←/→ format   ↑/↓ field   Enter writes   Esc leaves", DIM))

    def on_mount(self) -> None:
        """The file name follows the format until it is edited."""
        self.watch(self.choice, "value", self._renamed, init=False)

    def _default(self, format_: str) -> str:
        return f"qtui-{self.run_id}.{format_}"

    def _renamed(self, format_: str) -> None:
        path = self.query_one("#path", Input)
        stem, dot, suffix = path.value.rpartition(".")
        if dot and suffix in dict(FORMATS):
            path.value = f"{stem}.{format_}"

    def action_write(self) -> None:
        """A path that can be written to is the answer."""
        typed = self.query_one("#path", Input).value
        problem = self._problem(typed)
        if problem:
            self.query_one("#said", Static).update(Text(problem, WARN))
        else:
            self.dismiss((self.choice.value, Path(typed.strip()).expanduser().absolute()))

    def _problem(self, text: str) -> str:
        if not text.strip() or "\0" in text:
            return "Type a file name."
        path = Path(text.strip()).expanduser().absolute()
        if path.exists():
            return "There is such a file already; choose another name."
        if not path.parent.is_dir():
            return "There is no such folder."
        return "" if os.access(path.parent, os.W_OK) else "That folder can't be written to."
