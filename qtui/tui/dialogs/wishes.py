"""The dialog that asks what a configuration must keep, and what of it is to be least."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from qtui.errors import UsageError
from qtui.tui import wishform
from qtui.tui.text import clean
from qtui.tui.theme import DIM, WARN
from qtui.tui.widgets.controls import Choice, Field, line_input
from qtui.tui.wishform import BUILDS, BY_QUERY, GRIDS, LEAST, Wanted, WishText
from qtui.tui.words import worded


class AskWishes(ModalScreen[Wanted | None]):
    """Recall, limits and what to minimise; for tuning, in which steps to search oversampling as well."""

    AUTO_FOCUS = "Input"
    DEFAULT_CSS = """
    AskWishes #wishes-what { margin-bottom: 1; }
    AskWishes #wishes-said { margin-top: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", show=False),
        Binding("enter", "take", show=False, priority=True),
        Binding("down", "app.focus_next", show=False, priority=True),
        Binding("up", "app.focus_previous", show=False, priority=True),
    ]

    def __init__(self, title: str, what: str, text: WishText, *, tuning: bool = False) -> None:
        super().__init__()
        self._title, self._what, self._text, self._tuning = title, what, text, tuning
        self._least, self._grid, self._build, self._by_query = (
            Choice(id=f"wish-{name}") for name in ("least", "grid", "build", "by-query")
        )
        for choice, options, value in (
            (self._least, LEAST, text.minimise),
            (self._grid, GRIDS, text.grid),
            (self._build, BUILDS, text.build),
            (self._by_query, BY_QUERY, text.by_query),
        ):
            choice.set_reactive(Choice.options, options)
            choice.set_reactive(Choice.value, value)

    def compose(self) -> ComposeResult:
        """What it is for, the fields, the keys."""
        with Vertical(classes="dialog") as box:
            box.border_title = self._title
            yield Static(Text(self._what, DIM), id="wishes-what")
            yield Field("keep recall", line_input(self._text.target, id="wish-target"))
            for name, label, typed, example in (
                ("p95", "p95 at most", self._text.p95, "2 ms"),
                ("ram", "RAM at most", self._text.ram, "2 GiB"),
                ("disk", "disk at most", self._text.disk, "10 GiB"),
            ):
                box_ = line_input(typed, id=f"wish-{name}", placeholder=f"no limit, or as {example}")
                yield Field(label, box_)
            yield Field("then choose", self._least)
            if self._tuning:
                yield Field("oversampling", self._grid)
                yield Field("by query", self._by_query)
                yield Field("build", self._build)
                ask = line_input(
                    self._text.survey, id="wish-survey", placeholder="queries of every variant; only what decides"
                )
                yield Field("ask each", ask)
            yield Static("", id="wishes-said")
            yield Static(Text("Enter takes these   ↑/↓ move   ←/→ choose   Esc leaves", DIM))

    def action_take(self) -> None:
        """What was typed, when it makes sense."""
        typed = ("target", "p95", "ram", "disk", *(("survey",) if self._tuning else ()))
        values = {name: self.query_one(f"#wish-{name}", Input).value for name in typed}
        try:
            chosen = {"minimise": self._least.value, "grid": self._grid.value, "by_query": self._by_query.value}
            wanted = wishform.read(WishText(**values, **chosen, build=self._build.value))
        except UsageError as error:
            self.query_one("#wishes-said", Static).update(Text(clean(worded(error)), WARN))
        else:
            self.dismiss(wanted)
