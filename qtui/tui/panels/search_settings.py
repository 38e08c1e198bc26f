"""The settings of one column of the Search tab: its collection, and what is asked of the search there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from qtui.model import CollectionView
from qtui.searching.columns import LARGEST_EF, LARGEST_FACTOR, Column
from qtui.tui.messages import PlanEdited
from qtui.tui.text import clean
from qtui.tui.widgets.controls import Choice, Toggle, line_input

TIGHT = 80
"""Columns of a window under which the settings take two rows, so that none is cut."""
RESCORE = (("default", "default"), ("on", "on"), ("off", "off"))
_MEANING = {"default": None, "on": True, "off": False}
_WORD = {meaning: word for word, meaning in _MEANING.items()}


class ColumnSettings(Horizontal, can_focus=False):
    """Controls that change the current column at once."""

    class Edited(Message):
        """The current column is to be this one."""

        def __init__(self, column: Column) -> None:
            super().__init__()
            self.column = column

    class Refused(Message):
        """What was typed is no setting; '' when it is one again."""

        def __init__(self, why: str) -> None:
            super().__init__()
            self.why = why

    def __init__(self) -> None:
        super().__init__()
        self._places: tuple[tuple[str, str], ...] = ()
        """Collection and vector name of each choice."""
        self._column: Column | None = None
        self._why = ""

    def compose(self) -> ComposeResult:
        """Where it searches, then how."""
        with Horizontal(id="column-place"):
            yield Static("column", markup=False, id="column-label", classes="label")
            yield Choice(id="column-collection")
        with Horizontal(id="column-search"):
            with Horizontal():
                yield Static("rescore", markup=False, id="rescore-label", classes="label")
                rescore = Choice(id="column-rescore")
                rescore.set_reactive(Choice.options, RESCORE)
                yield rescore
                yield Static("oversampling", markup=False, classes="label")
                yield line_input("", id="column-factor", placeholder="–")
                yield Static("ef", markup=False, classes="label")
                yield line_input("", id="column-ef", placeholder="–")
            with Horizontal():
                yield Toggle("exact", id="column-exact")
                yield Toggle("ignore", id="column-ignore")

    def on_resize(self) -> None:
        """One more row where one is too short."""
        self.set_class(self.app.size.width < TIGHT, "-tight")

    def offer(self, views: Sequence[CollectionView]) -> None:
        """The collections to choose from, one choice for each named vector."""
        self._places = tuple((view.name, vector.spec.name) for view in views for vector in view.vectors)
        several = {view.name for view in views if len(view.vectors) > 1}
        choice = self.query_one("#column-collection", Choice)
        choice.options = tuple(
            (str(at), clean(f"{name} · {using}" if name in several else name))
            for at, (name, using) in enumerate(self._places)
        )
        if self._column is not None:
            self.show(self._column, *self._position)

    _position = (0, 0)

    def show(self, column: Column, at: int, of: int) -> None:
        """The settings of column `at` of `of`."""
        self._column, self._position = column, (at, of)
        self.query_one("#column-label", Static).update(f"col {at + 1}/{of}")
        where = (column.collection, column.using)
        collection = self.query_one("#column-collection", Choice)
        collection.value = str(self._places.index(where)) if where in self._places else clean(column.collection)
        search = column.search
        self.query_one("#column-rescore", Choice).value = _WORD[search.rescore]
        self._write("#column-factor", search.oversampling)
        self._write("#column-ef", search.hnsw_ef)
        self.query_one("#column-exact", Toggle).value = search.exact
        self.query_one("#column-ignore", Toggle).value = search.ignore

    def _write(self, selector: str, value: float | None) -> None:
        box = self.query_one(selector, Input)
        if _number(box.value) != value:
            box.value = "" if value is None else f"{value:g}"

    def take_focus(self) -> None:
        """The first control."""
        self.query_one("#column-collection").focus()

    @on(PlanEdited)
    @on(Input.Changed)
    def _edited(self, event: PlanEdited | Input.Changed) -> None:
        event.stop()
        before = self._column
        if before is None:
            return
        factor, ef = (_number(self.query_one(f"#column-{name}", Input).value) for name in ("factor", "ef"))
        why = _problem(factor, ef)
        if why != self._why:
            self._why = why
            self.post_message(self.Refused(why))
        if not why:
            after = self._read(before, factor, ef)
            if after != before:
                self._column = after
                self.post_message(self.Edited(after))

    def _read(self, before: Column, factor: float | None, ef: float | None) -> Column:
        at = self.query_one("#column-collection", Choice).value
        known = at.isascii() and at.isdecimal() and int(at) < len(self._places)
        name, using = self._places[int(at)] if known else (before.collection, before.using)
        search = replace(
            before.search,
            rescore=_MEANING[self.query_one("#column-rescore", Choice).value],
            oversampling=factor,
            hnsw_ef=None if ef is None else int(ef),
            exact=self.query_one("#column-exact", Toggle).value,
            ignore=self.query_one("#column-ignore", Toggle).value,
        )
        return Column(name, search, using)


def _number(text: str) -> float | None:
    """The number typed; None for nothing, NaN for what is none."""
    if not text.strip():
        return None
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _problem(factor: float | None, ef: float | None) -> str:
    if factor is not None and not 1 <= factor <= LARGEST_FACTOR:
        return f"over (oversampling): a number from 1 to {LARGEST_FACTOR:,.0f}, or nothing"
    if ef is not None and not (1 <= ef <= LARGEST_EF and ef == int(ef)):
        return f"ef (hnsw_ef): a whole number from 1 to {LARGEST_EF:,}, or nothing"
    return ""
