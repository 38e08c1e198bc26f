"""The dialog that changes a collection in place: other settings, what they change, and the name to be typed."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from qtui import units
from qtui.errors import UsageError
from qtui.loads import QUERY_ENCODINGS
from qtui.methods import METHODS
from qtui.model import CollectionView
from qtui.tui.changeform import UNCHANGED, Asked, ChangeText, read_change, text_of
from qtui.tui.dialogs.ask import ConfirmByName
from qtui.tui.messages import PlanEdited
from qtui.tui.text import clean, fitted, plain
from qtui.tui.theme import BAD, DIM, HEAD, KEY, WARN
from qtui.tui.widgets.controls import Choice, Field, concerned, line_input
from qtui.tui.words import worded

PLACES = (("", "as it is"), ("cold", "on disk (cold)"), ("cached", "page cache"), ("pinned", "in RAM"))
ENCODINGS = (("", "not set"), *((name, name) for name in QUERY_ENCODINGS))
CHOSEN = ("vector", "method", "encoding", "quantized", "originals")
TYPED = ("quantile", "hnsw_m", "ef_construct", "threshold")
_LABEL, _FROM = 13, 26


class ChangeDialog(ModalScreen[Asked | None]):
    """Dismissed with a checked change once the collection's name has been typed."""

    AUTO_FOCUS = "#change-method"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", show=False)]
    DEFAULT_CSS = """
    ChangeDialog #change {
        width: 80; max-width: 100%; height: auto; max-height: 100%; padding: 0 1;
        border: round $error; border-title-color: $error; background: $surface;
    }
    ChangeDialog Static { height: auto; }
    ChangeDialog #change-form { height: auto; max-height: 9; }
    ChangeDialog #change-said { height: auto; max-height: 9; margin-top: 1; }
    """

    def __init__(self, view: CollectionView, refused: Mapping[str, str] = MappingProxyType({})) -> None:
        """`refused`: methods that the engine can't do → why."""
        super().__init__()
        self.refused = refused
        self.view = view
        self.asked: Asked | None = None
        self._problem = ""
        """What is wrong; '' as well where nothing is changed yet."""
        self._vector = text_of(view).vector

    def compose(self) -> ComposeResult:
        """Settings as they are, what changes, the name."""
        text = text_of(self.view)
        # a server pins no originals
        places = PLACES if self.view.served is None else tuple(each for each in PLACES if each[0] != "pinned")
        vectors = tuple((each.spec.name, clean(each.spec.name) or "unnamed") for each in self.view.vectors)
        with Vertical(id="change") as box:
            box.border_title = Text(f"Change {fitted(self.view.name, 50)} in place")
            with VerticalScroll(id="change-form", can_focus=False):
                field = Field("vector", _choice("vector", vectors, text.vector))
                field.display = len(vectors) > 1
                yield field
                yield Field("method", _choice("method", tuple((name, name) for name in METHODS), text.method))
                yield Field("quantile", line_input(text.quantile, id="change-quantile"), id="quantile-row")
                yield Field("query bits", _choice("encoding", ENCODINGS, text.encoding), id="encoding-row")
                yield Field("quantized", _choice("quantized", PLACES, text.quantized), id="quantized-row")
                yield Field("originals", _choice("originals", places, text.originals))
                yield Field("HNSW m", line_input(text.hnsw_m, id="change-hnsw_m"))
                yield Field("ef_construct", line_input(text.ef_construct, id="change-ef_construct"))
                yield Field(
                    "index from", line_input(text.threshold, id="change-threshold", placeholder="10,000 KB (default)")
                )
            yield Static(id="change-said")
            yield Static(Text.assemble("\nType ", (clean(self.view.name), "bold"), " to confirm:"))
            yield line_input("", id="change-typed", placeholder="its name")
            yield Static(id="change-keys")

    def on_mount(self) -> None:
        """Says that nothing is changed yet."""
        self._keys("")
        self._check()

    @property
    def text(self) -> ChangeText:
        """The controls as they stand."""
        chosen = {name: self.query_one(f"#change-{name}", Choice).value for name in CHOSEN}
        typed = {name: self.query_one(f"#change-{name}", Input).value for name in TYPED}
        return ChangeText(**chosen, **typed)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._keys("")
        if event.input.id != "change-typed":
            self._check()

    @on(PlanEdited)
    def _chosen(self, event: PlanEdited) -> None:
        event.stop()
        if self.query_one("#change-vector", Choice).value != self._vector:
            self._fill()
        self._check()

    def _fill(self) -> None:
        """Another vector has other settings."""
        self._vector = self.query_one("#change-vector", Choice).value
        text = text_of(self.view, self._vector)
        for name in CHOSEN[1:]:
            self.query_one(f"#change-{name}", Choice).value = getattr(text, name)
        for name in TYPED:
            self.query_one(f"#change-{name}", Input).value = getattr(text, name)

    def _check(self) -> None:
        method = METHODS[self.text.method]
        self.query_one("#quantile-row").display = method.family == "scalar"
        self.query_one("#encoding-row").display = method.family == "binary"
        self.query_one("#quantized-row").display = method.family != "none"
        said = self.query_one("#change-said", Static)
        self._problem = ""
        try:
            self.asked = read_change(self.text, self.view)
            changed = self.text.method != text_of(self.view, self._vector).method
            if changed and method.name in self.refused:
                raise UsageError(f"{method.name} can't be done here: {self.refused[method.name]}")  # noqa: TRY301 - said below
        except UsageError as error:
            self.asked = None
            self._problem = "" if error.text == UNCHANGED else worded(error)
            said.update(Text.assemble(("✗ ", BAD) if self._problem else ("· ", DIM), plain(worded(error))))
            return
        said.update(told(self.asked))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self._problem:
            self._keys("Nothing is changed while this is wrong.")
            (concerned(self, self._problem) or self.query_one("#change-method")).focus()
        elif event.input.id != "change-typed":
            self.query_one("#change-typed", Input).focus()
        elif event.value not in {self.view.name, clean(self.view.name)}:
            self._keys("That is not its name; nothing was changed.")
        elif self.asked is None:
            self._keys("There is nothing to change yet.")
        else:
            self.dismiss(self.asked)

    def _keys(self, problem: str) -> None:
        keys = Text.assemble(("Enter", KEY), " changes it   ", ("Esc", KEY), " leaves it as it is")
        self.query_one("#change-keys", Static).update(Text(problem, WARN) if problem else keys)


class BackDialog(ConfirmByName):
    """Shows what going back changes, and asks for the collection's name."""

    TITLE_TEXT = "Go back"
    KEYS = "Enter goes back   Esc leaves it as it is"
    WRONG = "That is not its name; nothing was changed."

    def __init__(self, name: str, asked: Asked, changed: str) -> None:
        """`changed`: when the change was made that is taken back."""
        head = f"{clean(name, 60)} as it was before {changed.replace('T', ' ').replace('Z', ' UTC')}:\n\n"
        super().__init__(name, Text(head) + told(asked))


def told(asked: Asked) -> Text:
    """What a change changes, from what to what, and what it costs."""
    lines = [Text(f"{'':<{_LABEL}}{'now':<{_FROM}}then", DIM)]
    for label, before, after in asked.lines:
        lines.append(Text.assemble((f"{label:<{_LABEL}}", DIM), f"{fitted(before, _FROM - 1):<{_FROM}}", (after, HEAD)))
    whose = " here, the server may take longer" if asked.elsewhere else ""
    lines.append(Text(f"{asked.effect}, {units.duration(asked.seconds)} est{whose}", DIM))
    lines += [Text.assemble(("⚠ ", WARN), plain(note)) for note in asked.notes]
    return Text("\n").join(lines)


def _choice(name: str, options: tuple[tuple[str, str], ...], value: str) -> Choice:
    choice = Choice(id=f"change-{name}")
    choice.set_reactive(Choice.options, options)
    choice.set_reactive(Choice.value, value)
    return choice
