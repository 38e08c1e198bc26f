"""Dialogs about kept runs: choosing one, naming one, taking one in from a file, and confirming that one goes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from qtui.errors import QtuiError
from qtui.records import RunSummary, TakenIn
from qtui.tui.runlist import in_a_line, in_full, matching
from qtui.tui.text import clean, plain
from qtui.tui.theme import DIM, WARN
from qtui.tui.widgets.controls import Field, line_input
from qtui.tui.widgets.paths import path_input
from qtui.tui.words import worded

MOST_OPTIONS = 200


class PickRun(ModalScreen[str | None]):
    """A list of runs, newest first, filtered as one types."""

    AUTO_FOCUS = "Input"
    DEFAULT_CSS = """
    PickRun OptionList { height: auto; max-height: 16; background: $surface; border: none; padding: 0;
        text-wrap: nowrap; text-overflow: ellipsis; }
    PickRun Input { margin-bottom: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", show=False),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("enter", "choose", show=False, priority=True),
    ]

    def __init__(self, runs: tuple[RunSummary, ...], current: str | None) -> None:
        super().__init__()
        self.runs = runs
        self.current = current

    def compose(self) -> ComposeResult:
        """The filter, the list, the keys."""
        with Vertical(classes="dialog broad") as box:
            box.border_title = "Choose a run"
            yield line_input("", id="pick-words", placeholder="type to filter", whole=False)
            yield OptionList(markup=False, compact=True)
            yield Static(Text("↑/↓ move   Enter chooses   Esc leaves", DIM))

    def on_mount(self) -> None:
        """All of them, the current one highlighted."""
        self._fill("")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Those that hold all words."""
        event.stop()
        self._fill(event.value)

    def _fill(self, words: str) -> None:
        options, shown = self.query_one(OptionList), matching(self.runs, words)[:MOST_OPTIONS]
        options.clear_options()
        options.add_options([Option(Content(in_a_line(run)), id=run.id) for run in shown])
        ids = [run.id for run in shown]
        options.highlighted = ids.index(self.current) if self.current in ids else 0 if ids else None

    def action_move(self, by: int) -> None:
        """Moves through the list while the filter keeps the focus."""
        options = self.query_one(OptionList)
        if options.option_count:
            options.highlighted = ((options.highlighted or 0) + by) % options.option_count

    def action_choose(self) -> None:
        """The highlighted one."""
        options = self.query_one(OptionList)
        if options.highlighted is not None:
            self.dismiss(options.get_option_at_index(options.highlighted).id)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """With the mouse."""
        event.stop()
        self.dismiss(event.option_id)


class NameRun(ModalScreen[str | None]):
    """Asks what the user calls a run; an empty name takes it away."""

    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", show=False)]

    def __init__(self, run: RunSummary) -> None:
        super().__init__()
        self.run = run

    def compose(self) -> ComposeResult:
        """What it is about, the name, and the two keys."""
        with Vertical(classes="dialog") as box:
            box.border_title = "Name this run"
            yield Static(plain(in_full(self.run), DIM))
            yield line_input(self.run.name or "", id="run-name", placeholder="no name")
            yield Static(Text("Enter keeps the name   Esc leaves it as it was", DIM))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """What was typed, on one line."""
        event.stop()
        self.dismiss(clean(event.value, 80).strip())


class TakeInRun(ModalScreen[TakenIn | None]):
    """Asks for the record file of a run, and stays until one was taken in: `take_in` is what does it."""

    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", show=False)]
    DEFAULT_CSS = """
    TakeInRun #take-in-said { height: auto; max-height: 4; color: $text-muted; margin-bottom: 1; }
    """

    def __init__(self, take_in: Callable[[str], Awaitable[TakenIn]]) -> None:
        super().__init__()
        self._take_in = take_in

    def compose(self) -> ComposeResult:
        """The path, what to know or what is wrong, and the keys."""
        with Vertical(classes="dialog") as box:
            box.border_title = "Import a run"
            yield Field("file", path_input((".json",), id="take-in-path", placeholder="path; → completes"))
            yield Static(
                Text(
                    "A run record: what `qtui bench --json` writes, and JSON export. It is kept like a run made here."
                ),
                id="take-in-said",
            )
            yield Static(Text("Enter imports it   Esc leaves", DIM))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Taken in, or why not."""
        event.stop()
        typed = event.value.strip()
        if not typed or "\0" in typed:
            self._say("type the path of a .json file")
            return
        try:
            self._try(str(Path(typed).expanduser().absolute()))
        except RuntimeError:
            self._say("there is no such user: give the path in full")

    @work(exclusive=True, group="take-in")
    async def _try(self, path: str) -> None:
        try:
            self.dismiss(await self._take_in(path))
        except QtuiError as error:
            self._say(worded(error))

    def _say(self, wrong: str) -> None:
        self.query_one("#take-in-said", Static).update(Text.assemble("✗ ", clean(wrong), style=WARN))


class ConfirmRun(ModalScreen[bool]):
    """Asks before a run is removed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n", "dismiss(False)", show=False),
        Binding("y", "dismiss(True)", show=False),
    ]

    def __init__(self, run: RunSummary) -> None:
        super().__init__()
        self.run = run

    def compose(self) -> ComposeResult:
        """Which one, what goes with it, and the two keys."""
        with Vertical(classes="dialog danger") as box:
            box.border_title = "Delete this run?"
            yield Static(plain(in_full(self.run)))
            yield Static(Text("\nIts figures and its samples go for good; collections stay."))
            yield Static(Text("\ny deletes it   Esc keeps it", DIM))
