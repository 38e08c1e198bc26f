"""What of the Search tab edits its columns: which there are, where each searches, and what is asked there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from textual import on, work
from textual.containers import Vertical

from qtui.searching import columns
from qtui.searching.columns import Column, Place
from qtui.searching.session import Session
from qtui.tui.commands import Command
from qtui.tui.messages import Remember
from qtui.tui.panels.search_answers import Answers
from qtui.tui.panels.search_columns import Columns
from qtui.tui.panels.search_form import QueryForm
from qtui.tui.panels.search_settings import ColumnSettings
from qtui.tui.room import Room

KEYS = (
    Command("search.flip", "f", "flip", "Rescore", "Turn rescoring on where it is off, and off where it is on"),
    Command("search.more", "plus,equals_sign", "step(1)", "Over", "More oversampling where a column rescores", "+"),
    Command("search.less", "minus", "step(-1)", "", "Less oversampling where a column rescores", "-"),
    Command("search.add", "a", "add", "Add", "Add a column"),
    Command("search.settings", "s", "settings", "Set", "Change the current column"),
    Command("search.pick", "c", "pick", "Choose", "Pick the current column's collection from a list"),
    Command("search.model", "M", "model", "", "Name the model that texts and images are asked with", "M"),
    Command("search.remove", "x", "remove", "Remove", "Remove the current column"),
)


class ColumnEditing(Vertical):
    """Base of the Search panel, which lays the widgets out and binds the keys."""

    room: Room
    _session: Session
    _answers: Answers

    @property
    def _form(self) -> QueryForm:
        return self.query_one(QueryForm)

    @property
    def _row(self) -> Columns:
        return self._answers.row

    @property
    def columns(self) -> tuple[Column, ...]:
        """What is shown, from left to right."""
        return self._answers.columns

    @columns.setter
    def columns(self, wanted: tuple[Column, ...]) -> None:
        self._answers.columns = wanted
        self._show_settings()
        if wanted:
            self.post_message(Remember("search.columns", columns.packed(wanted)))

    @on(Columns.Chosen)
    def _show_settings(self) -> None:
        if self.columns:
            at = min(self._row.current, len(self.columns) - 1)
            self.query_one(ColumnSettings).show(self.columns[at], at, len(self.columns))
        self._tell()
        self.refresh_bindings()

    def _tell(self) -> None:
        """What to know before comparing, which other columns may change."""
        raise NotImplementedError

    @on(ColumnSettings.Edited)
    def _edited(self, message: ColumnSettings.Edited) -> None:
        message.stop()
        self._put(message.column)

    def _put(self, column: Column) -> None:
        """Another column in the place of the current one."""
        at = self._row.current
        self.columns = (*self.columns[:at], column, *self.columns[at + 1 :])

    @on(ColumnSettings.Refused)
    def _refused(self, message: ColumnSettings.Refused) -> None:
        message.stop()
        self._form.said = message.why

    def can_edit(self, action: str) -> bool | None:
        """Whether one of these actions makes sense now; None for an action of others."""
        some = bool(self.columns)
        places = (self._session.place(column) for column in self.columns)
        quantized = any(place.is_quantized for place in places if place is not None)
        sensible = {
            "flip": quantized,
            "step": quantized,
            "add": some and len(self.columns) < columns.MOST_COLUMNS,
            "remove": len(self.columns) > 1,
            "settings": some,
            "pick": some,
            "model": some,
        }
        return sensible.get(action)

    def _change(self, how: Callable[[Column, Place | None], Column]) -> None:
        after = tuple(how(column, self._session.place(column)) for column in self.columns)
        if after == self.columns:
            self.notify("No column here rescores: search a quantized collection.", severity="warning", markup=False)
        self.columns = after

    def action_settings(self) -> None:
        """To the current column's settings."""
        self.query_one(ColumnSettings).take_focus()

    @work(exclusive=True, group="pick")
    async def action_pick(self) -> None:
        """Another collection for the current column, of any number."""
        from qtui.tui.dialogs.pick import PickCollection

        now = self.columns[self._row.current]
        picked = await self.app.push_screen_wait(PickCollection(self._session.views, (now.collection, now.using)))
        if picked is not None:
            name, using = picked
            self._put(replace(now, collection=name, using=using))

    @work(exclusive=True, group="model")
    async def action_model(self) -> None:
        """Another model for the first column's collection, which queries are made for; what is typed is asked again."""
        from qtui.tui.dialogs.models import AskModel

        name = self.columns[0].collection
        named = await self.app.push_screen_wait(AskModel(self.room, name, self._session.model_of(name)))
        if named is not None:
            self._session.name_model(name, named.choice)
            self._answers.ask(self._form.query_text or self._answers.text)

    def action_flip(self) -> None:
        """Rescoring the other way round."""
        self._change(columns.flipped)

    def action_step(self, by: int) -> None:
        """Another oversampling."""
        self._change(partial(columns.stepped, by=by))

    def action_add(self) -> None:
        """One more column, which becomes the current one."""
        column = columns.another(self.columns, self._session.views, self._form.limit)
        if column is not None:
            self.columns = (*self.columns, column)
            self._row.current = len(self.columns) - 1
            self._row.take_focus()

    def action_remove(self) -> None:
        """One column less."""
        at = self._row.current
        if len(self.columns) > 1:
            self.columns = (*self.columns[:at], *self.columns[at + 1 :])
            self._row.take_focus()
