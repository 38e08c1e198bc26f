"""Tab 2: one query asked of up to four columns, any collections and settings, side by side.

Owns the workers that resolve a query, ask the columns and read titles and fields. What is compared with what, and how,
is in qtui.searching.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import ClassVar

from rich.text import Text
from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.reactive import reactive
from textual.widgets import Input, Static

from qtui.errors import EngineGone, QtuiError, UsageError
from qtui.model import CollectionView, PointId
from qtui.searching import asked, columns
from qtui.searching.ask import Asker, Target, point_target
from qtui.searching.columns import Column, Place
from qtui.searching.compare import Outcome
from qtui.searching.fields import fields
from qtui.tui.commands import Command, bindings
from qtui.tui.dialogs.point import PointDialog, Seen
from qtui.tui.messages import Copied
from qtui.tui.panels.search_column import ColumnView, Shown
from qtui.tui.panels.search_columns import Columns
from qtui.tui.panels.search_form import QueryBox, QueryForm
from qtui.tui.panels.search_settings import ColumnSettings
from qtui.tui.panels.search_text import as_text
from qtui.tui.room import Room, RoomState
from qtui.tui.text import clean
from qtui.tui.theme import HEAD

SLOW_S = 0.3
TALL = 28
"""Rows from which on the point under the cursor is shown, too."""
FIELDS_FROM = 50
"""Points whose payloads are looked at for names of fields."""
FIRST_ASK_POINTS = 1_000_000
"""Collections up to this size are asked something when the tab is first opened."""
KEYS = (
    Command("search.query", "slash", "query", "Query", "Type a query", "/"),
    Command("search.flip", "f", "flip", "Rescore", "Turn rescoring on where it is off, and off where it is on"),
    Command("search.more", "plus,equals_sign", "step(1)", "", "More oversampling in every column that rescores", "+"),
    Command("search.less", "minus", "step(-1)", "Over", "Less oversampling in every column that rescores", "+ -"),
    Command("search.add", "a", "add", "Add", "Add a column"),
    Command("search.remove", "x", "remove", "", "Remove the current column"),
    Command("search.settings", "s", "settings", "Set", "Change the current column"),
    Command("search.next", "n", "following", "Next", "The next titled query, or the next point"),
    Command("search.again", "r", "again", "", "Ask again", always="f5"),
    Command("search.filter", "F", "filter", "", "Filter by payload", display="F"),
    Command("search.copy", "y", "copy", "", "Copy the columns as text"),
    Command("search.back", "escape", "back", "Back", "Stop searching; else back to the columns", "Esc"),
)


class SearchPanel(Vertical):
    """The query on top, the current column's settings under it, then the columns."""

    HELP_TITLE = "Search"
    HELP = (
        "One query, asked in up to four ways at once. The first column is what the others are compared with: "
        "= same rank, ▲2 two ranks up, ▼1 one down, new: not in the first. overlap@k counts the points in common. "
        "A raw score is an estimate from the quantized vectors, on a scale of its own. "
        "Times are of one search, after one that warms up; measure on the Benchmark tab. "
        "A query by id is left out of its own answers. Where not all columns fit, → turns to the next. "
        'Filters: part = noun and length > 30, text ~ "moon", in (a, b), not, is empty, has_id = 7.'
    )
    DEFAULT_CSS = """
    SearchPanel #search-preview { height: 4; padding: 0 1; border-top: solid $border; display: none; }
    SearchPanel.-tall #search-preview { display: block; }
    SearchPanel #search-empty { margin: 2 4; display: none; }
    SearchPanel.-empty #search-empty { display: block; }
    SearchPanel.-empty QueryForm, SearchPanel.-empty ColumnSettings, SearchPanel.-empty Columns,
    SearchPanel.-empty #search-preview { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(KEYS)]
    views: reactive[tuple[CollectionView, ...] | None] = reactive(None)
    room_state: reactive[RoomState] = reactive(RoomState("starting"))
    columns: reactive[tuple[Column, ...]] = reactive((), bindings=True)
    searching: reactive[bool] = reactive(default=False, bindings=True)

    def __init__(self, room: Room, *, id: str) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id)
        self.room = room
        self._asker = Asker(room)
        self._text = ""
        """What was asked last."""
        self._target: Target | None = None
        self._outcomes: dict[Column, Outcome] = {}
        self._titled: dict[str, object] = {}
        self._known = ""
        """The collection whose titled queries and fields were read."""
        self._opened = self._interrupted = False
        self._asking = 0
        """Workers that search now; for a moment there can be two, one of them cancelled."""

    def compose(self) -> ComposeResult:
        """Form, settings, columns; or what to do while there is no collection."""
        yield QueryForm()
        yield ColumnSettings()
        yield Columns()
        yield Static(id="search-preview")
        yield Static("No collection to search yet: build the demo on tab 1, or load your vectors.", id="search-empty")

    def on_mount(self) -> None:
        """The store may have been read before the tab was made."""
        self._take(self.views)

    # --- what comes down --------------------------------------------------------------------------------------

    def watch_views(self, views: tuple[CollectionView, ...] | None) -> None:
        """The store was read."""
        if self.is_mounted:
            self._take(views)

    def _take(self, views: tuple[CollectionView, ...] | None) -> None:
        """Columns on collections that are gone go, too."""
        if views is None:
            return
        self.query_one(ColumnSettings).offer(views)
        there = {view.name for view in views}
        kept = tuple(column for column in self.columns if column.collection in there)
        if not kept or kept[0] != self.columns[0]:
            kept = columns.defaults(views, limit=self._form.limit)
        self.set_class(not kept, "-empty")
        self.columns = kept
        self._begin()

    def watch_room_state(self, before: RoomState, now: RoomState) -> None:
        """What was interrupted by the engine's end is asked again when it is back."""
        if now.status == "restarting":
            self._asker.forget()
        elif now.status == "ready" and before.status != "ready" and self._interrupted:
            self._interrupted = False
            self._resolve(self._text, typed=False)
        if self.is_mounted:
            self._draw()

    def watch_columns(self) -> None:
        """Other columns: what is known of them stays, the rest is asked."""
        if not self.is_mounted:
            return
        self._outcomes = {column: self._outcomes[column] for column in self.columns if column in self._outcomes}
        self._draw()
        self._show_settings()
        self._search()

    def focus_default(self) -> None:
        """What has the focus when the tab opens; at the first time something is asked, so that there is something."""
        self._opened = True
        self._begin()
        if self.columns:
            self._row.take_focus()
        else:
            self.query_one(QueryBox).focus()

    @property
    def _form(self) -> QueryForm:
        return self.query_one(QueryForm)

    @property
    def _row(self) -> Columns:
        return self.query_one(Columns)

    def on_resize(self, event: events.Resize) -> None:
        """Where there is room, the point under the cursor is shown below the columns."""
        self.set_class(event.size.height >= TALL, "-tall")

    # --- the first query, titles and fields -------------------------------------------------------------------------

    def _begin(self) -> None:
        if self._opened and self.columns and self._known != self.columns[0].collection:
            self._known = self.columns[0].collection
            self._learn(self._known)

    @work(exclusive=True, group="learn")
    async def _learn(self, name: str) -> None:
        """Reads what can be asked of a collection, and asks the first of it when nothing has been asked yet."""
        try:
            titled = await self.room.titled_queries(name)
            page = await self.room.scroll(name, limit=FIELDS_FROM)
        except QtuiError as error:
            self._known = ""
            self._form.said = error.text if not isinstance(error, EngineGone) else ""
            return
        self._titled = {each.title: each.values for each in titled}
        self._form.titles = tuple(self._titled)
        self._form.fields = fields(point.payload for point in page.points)
        small = next((view.points for view in self.views or () if view.name == name), 0) <= FIRST_ASK_POINTS
        if not (self._text or self._form.query_text) and small and page.points:
            self._ask(titled[0].title if titled else str(page.points[0].id))

    # --- asking ---------------------------------------------------------------------------------------------------

    @on(QueryForm.Asked)
    def _asked(self, message: QueryForm.Asked) -> None:
        message.stop()
        self._ask(message.text, typed=True)

    def _ask(self, text: str, *, typed: bool = False) -> None:
        self._text = text
        self._form.put(text)
        if self.columns:
            self._resolve(text, typed=typed)

    @work(exclusive=True, group="search")
    async def _resolve(self, text: str, *, typed: bool) -> None:
        """Makes the typed text a query that can be asked, then asks it."""
        self._form.said = ""
        try:
            with self._busy():
                self._target = await self._target_of(asked.read(text, tuple(self._titled)))
        except QtuiError as error:
            self._form.said = error.text
            self._interrupted = isinstance(error, EngineGone)
            return
        if typed:
            self._row.take_focus()
        self._outcomes = {}
        await self._ask_columns()

    async def _target_of(self, query: asked.Asked) -> Target:
        first = self.columns[0]
        match query:
            case asked.ByTitle(title):
                if title not in self._titled:
                    raise UsageError("that query came with another collection; choose from the list under the box")
                return Target(self._titled[title], title)
            case asked.ByPoint(point):
                return await point_target(self.room, first.collection, point, first.using)
            case asked.ByVector(values):
                return Target(values, "the typed vector")
            case asked.ByFile(path, row):
                found = await self.room.vector_from(path, row)
                return Target(found.values, found.title)

    def _ask_anew(self) -> None:
        self._outcomes = {}
        self._search()

    @work(exclusive=True, group="search")
    async def _search(self) -> None:
        await self._ask_columns()

    async def _ask_columns(self) -> None:
        """Asks the columns that have no outcome yet, from left to right."""
        target = self._target
        if target is None:
            return
        with self._busy():
            for column in self.columns:
                if column in self._outcomes:
                    continue
                place = self._place(column)
                if place is None:
                    outcome = Outcome(error="there is no such collection or vector any more; choose another")
                else:
                    outcome = await self._asker.outcome(column, place, target, self._form.filter)
                self._outcomes[column] = outcome
                self._draw()
                if outcome.gone:
                    self._interrupted = True
                    return

    @contextmanager
    def _busy(self) -> Iterator[None]:
        """Says that it searches, once it takes long enough to be noticed."""
        timer = self.set_timer(SLOW_S, self._is_slow)
        self._asking += 1
        try:
            yield
        finally:
            timer.stop()
            self._asking -= 1
            self.searching = self.searching and self._asking > 0
            if not self._asking:
                self._draw()

    def _is_slow(self) -> None:
        self.searching = self._asking > 0

    def watch_searching(self) -> None:
        """Said in the columns."""
        self._draw()

    def _place(self, column: Column) -> Place | None:
        view = next((view for view in self.views or () if view.name == column.collection), None)
        return None if view is None else columns.place(view, column.using)

    # --- drawing --------------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        outcomes = [self._outcome(at, column) for at, column in enumerate(self.columns)]
        first = outcomes[0] if outcomes else None
        ids = None if first is None or first.error else first.ids
        waiting = self._waiting()
        self._row.about = "" if self._target is None else self._about(self._target)
        self._row.show(
            [
                Shown(column, self._place(column), outcome, ids if at else None, at == 0, waiting)
                for at, (column, outcome) in enumerate(zip(self.columns, outcomes, strict=True))
            ]
        )
        self.refresh_bindings()

    def _outcome(self, at: int, column: Column) -> Outcome | None:
        """What the column found; for the moment that an answer takes, what stands there stays."""
        moment = self._asking > 0 and not self.searching
        return self._outcomes.get(column) or (self._row.outcome_at(at) if moment else None)

    @staticmethod
    def _about(target: Target) -> str:
        return f"{target.title} (left out of its own answers)" if target.point is not None else target.title

    def _waiting(self) -> str:
        if self._target is None:
            return "/ and a query"
        if self.room_state.status in {"restarting", "starting"}:
            return "waits: the engine starts"
        if self.searching:
            measuring = self.room_state.status == "measuring"
            return "waits: the engine measures; Esc stops" if measuring else "searching… Esc stops"
        return "stopped; r asks again"

    @on(Columns.Marked)
    def _marked(self, message: Columns.Marked) -> None:
        message.stop()
        hit = message.hit
        text = Text()
        if hit is not None:
            text = Text.assemble((f"point {clean(hit.id, 40)}  ", HEAD), clean(hit.preview))
        self.query_one("#search-preview", Static).update(text)

    def _show_settings(self) -> None:
        if self.columns:
            at = min(self._row.current, len(self.columns) - 1)
            self.query_one(ColumnSettings).show(self.columns[at], at, len(self.columns))

    @on(Columns.Chosen)
    def _chosen(self) -> None:
        self._show_settings()
        self.refresh_bindings()

    # --- edits ----------------------------------------------------------------------------------------------------

    @on(ColumnSettings.Edited)
    def _edited(self, message: ColumnSettings.Edited) -> None:
        message.stop()
        at = self._row.current
        self.columns = (*self.columns[:at], message.column, *self.columns[at + 1 :])

    @on(ColumnSettings.Refused)
    def _refused(self, message: ColumnSettings.Refused) -> None:
        message.stop()
        self._form.said = message.why

    @on(QueryForm.Narrowed)
    def _narrowed(self, message: QueryForm.Narrowed) -> None:
        message.stop()
        self._outcomes = {}
        limit = self._form.limit
        after = tuple(replace(each, search=replace(each.search, limit=limit)) for each in self.columns)
        if after == self.columns:
            self._ask_anew()
        self.columns = after

    def _change(self, how: Callable[[Column, Place | None], Column]) -> None:
        after = tuple(how(column, self._place(column)) for column in self.columns)
        if after == self.columns:
            self.notify("No column here rescores: search a quantized collection.", severity="warning", markup=False)
        self.columns = after

    # --- keys -----------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - textual's
        """What makes sense now."""
        if not self.is_mounted:
            return True
        some, full = bool(self.columns), len(self.columns) >= columns.MOST_COLUMNS
        quantized = any(place.is_quantized for place in map(self._place, self.columns) if place is not None)
        typing = isinstance(self.screen.focused, Input)
        sensible = {
            "query": not typing,
            "again": self._target is not None,
            "flip": quantized,
            "step": quantized and not typing,
            "add": some and not full,
            "remove": len(self.columns) > 1,
            "settings": some,
            "following": self._target is not None,
            "copy": bool(self._outcomes),
            "back": self.searching or not isinstance(self.screen.focused, ColumnView),
        }
        return sensible.get(action, True)

    def action_query(self) -> None:
        """To the query box."""
        self.query_one(QueryBox).focus()

    def action_filter(self) -> None:
        """To the filter."""
        self.query_one("#search-filter").focus()

    def action_settings(self) -> None:
        """To the current column's settings."""
        self.query_one(ColumnSettings).take_focus()

    def action_again(self) -> None:
        """Asks again; what is typed by now counts."""
        self._ask(self._form.query_text)

    def action_flip(self) -> None:
        """Rescoring the other way round."""
        self._change(columns.flipped)

    def action_step(self, by: int) -> None:
        """Another oversampling."""
        self._change(partial(columns.stepped, by=by))

    def action_add(self) -> None:
        """One more column, which becomes the current one."""
        column = columns.another(self.columns, self.views or (), self._form.limit)
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

    @work(exclusive=True, group="following")
    async def action_following(self) -> None:
        """The next titled query; from a point, the next point."""
        titles = tuple(self._titled)
        target = self._target
        if target is None:
            return
        if target.point is not None:
            following = await self._point_after(target.home, target.point)
            self._ask(str(following))
        elif titles:
            at = titles.index(target.title) if target.title in titles else -1
            self._ask(titles[(at + 1) % len(titles)])

    async def _point_after(self, collection: str, point: PointId) -> PointId:
        try:
            page = await self.room.scroll(collection, limit=2, offset=point, with_payload=False)
        except QtuiError:
            return point
        return page.points[-1].id if page.points else point

    def action_copy(self) -> None:
        """All columns, also those that aren't visible."""
        shown = [(column, self._outcomes[column]) for column in self.columns if column in self._outcomes]
        title = self._target.title if self._target is not None else ""
        places = [self._place(column) for column, _ in shown]
        self.post_message(Copied(as_text(title, shown, places), "the columns"))

    def action_back(self) -> None:
        """Stops what is being searched; else back to the columns."""
        if self.searching:
            self.workers.cancel_group(self, "search")
        else:
            self._row.take_focus()

    # --- a point ----------------------------------------------------------------------------------------------------

    @on(ColumnView.Opened)
    def _open(self, message: ColumnView.Opened) -> None:
        message.stop()
        seen = tuple(
            Seen(at + 1, clean(column.collection, 60), columns.asked_text(self._place(column), column.search), rank + 1)
            for at, column in enumerate(self.columns)
            for rank, hit in enumerate(self._outcomes.get(column, Outcome()).hits)
            if hit.id == message.hit.id
        )
        self.app.push_screen(PointDialog(self.room, message.column.collection, message.hit.id, seen))
