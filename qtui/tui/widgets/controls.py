"""Controls that say their state in characters: a choice of one, a toggle, a list of methods, a labelled input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.reactive import reactive, var
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from qtui import units
from qtui.methods import METHODS
from qtui.tui.messages import PlanEdited
from qtui.tui.text import clean, fitted
from qtui.tui.theme import ACCENT, DIM


class Choice(Widget, can_focus=True):
    """One of several values on one line, changed with the arrows or the space bar."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,space,enter", "step(1)", show=False),
        Binding("left", "step(-1)", show=False),
    ]
    options: reactive[tuple[tuple[str, str], ...]] = reactive(())
    """Value and label of each."""
    value: reactive[str] = reactive("")

    def render(self) -> Text:
        """The label of the value between arrows."""
        label = dict(self.options).get(self.value, self.value) or "–"
        return Text.assemble(("‹ ", ACCENT), fitted(label, max(4, self.size.width - 4)), (" ›", ACCENT))

    def action_step(self, by: int) -> None:
        """The next or the previous value, round the ends."""
        values = [value for value, _ in self.options]
        if values:
            at = values.index(self.value) if self.value in values else -1
            self.value = values[(at + by) % len(values)]
            self.post_message(PlanEdited())

    def on_click(self) -> None:
        """As the space bar."""
        self.action_step(1)


class Toggle(Widget, can_focus=True):
    """On or off, shown as [x] and [ ]."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("space,enter", "flip", show=False)]
    value: reactive[bool] = reactive(default=False)

    def __init__(self, label: str, *, value: bool = False, id: str | None = None) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id)
        self.label = label
        self.set_reactive(Toggle.value, value)

    def render(self) -> Text:
        """The sign and the label."""
        return Text.assemble(("[x]" if self.value else "[ ]", ACCENT if self.value else DIM), " ", self.label)

    def action_flip(self) -> None:
        """The other state."""
        self.value = not self.value
        self.post_message(PlanEdited())

    def on_click(self) -> None:
        """As the space bar."""
        self.action_flip()


class MethodList(OptionList):
    """Several methods of the catalogue, each with its chart letter, its size and [x] when chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "select", show=False)]
    chosen: var[frozenset[str]] = var(frozenset)
    factors: var[Mapping[str, float]] = var(dict)
    """How many times smaller than float32 a vector is by each method; empty while the vectors aren't known."""

    def __init__(self, chosen: tuple[str, ...], *, id: str | None = None) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id, markup=False, compact=True)
        self.set_reactive(MethodList.chosen, frozenset(chosen))

    def on_mount(self) -> None:
        """One option a method, in the catalogue's order."""
        self.add_options([Option(self._line(name), id=name) for name in METHODS])

    def on_focus(self) -> None:
        """The cursor is seen, and the space bar works, from the start."""
        if self.highlighted is None:
            self.highlighted = 0

    def _line(self, name: str) -> Content:
        method = METHODS[name]
        on = name in self.chosen
        slow = "slow build" if method.slow_build else ""
        return Content.assemble(
            ("[x]" if on else "[ ]", "bold $primary" if on else "$foreground-muted"),
            f" {method.letter} {name:<13} ",
            (f"{units.ratio(self.factors[name]) if name in self.factors else '':<6}{slow}", "$foreground-muted"),
        )

    def watch_factors(self) -> None:
        """Of other vectors."""
        self.watch_chosen()

    def watch_chosen(self) -> None:
        """Draws the signs anew."""
        for index, name in enumerate(METHODS) if self.option_count else ():
            self.replace_option_prompt_at_index(index, self._line(name))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Flips one; the baseline `none` stays."""
        event.stop()
        name = event.option_id or ""
        if name != "none":
            self.chosen = self.chosen ^ {name}
            self.post_message(PlanEdited())

    @property
    def names(self) -> tuple[str, ...]:
        """The chosen methods, in the catalogue's order."""
        return tuple(name for name in METHODS if name in self.chosen)


class Field(Horizontal):
    """A label and what it stands for, on one line; the arrows move on to the next and back to the one before."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]

    def __init__(self, label: str, control: Widget, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id, classes=classes)
        self.label = label
        self.control = control

    def compose(self) -> ComposeResult:
        """The label, then the control."""
        yield Static(self.label, markup=False, classes="label")
        yield self.control


def concerned(form: Widget, line: str) -> Widget | None:
    """The control of the field whose label a line about a wrong value begins with."""
    said = (each.control for each in form.query(Field) if each.display and line.startswith(f"{each.label}:"))
    return next(said, None)


def line_input(value: str, *, id: str, placeholder: str = "", whole: bool = True) -> Input:  # noqa: A002 - textual's name
    """An input of one row without a frame.

    `whole`: what is typed first takes the place of what it held; else it goes on behind it, as in words and lists.
    """
    return Input(clean(value), placeholder=placeholder, id=id, compact=True, select_on_focus=whole)
