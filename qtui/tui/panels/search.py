"""Tab 2: one query asked of up to four columns, any collections and settings, side by side.

Owns the form, the settings and the keys; the answers are asked for by search_answers.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.reactive import reactive
from textual.widgets import Input, Static

from qtui.errors import EngineGone, QtuiError
from qtui.model import CollectionView
from qtui.preferences import Memory
from qtui.searching import columns
from qtui.searching.columns import Column
from qtui.searching.session import Session
from qtui.tui.commands import Command, bindings, key_of, keyed
from qtui.tui.dialogs.point import PointDialog, Seen
from qtui.tui.messages import CollectionsWanted, Copied, Remember
from qtui.tui.panels.search_answers import Answers
from qtui.tui.panels.search_column import ColumnView
from qtui.tui.panels.search_editing import KEYS as EDITING
from qtui.tui.panels.search_editing import ColumnEditing
from qtui.tui.panels.search_form import QueryBox, QueryForm
from qtui.tui.panels.search_settings import ColumnSettings
from qtui.tui.panels.search_text import as_text
from qtui.tui.room import Room, RoomState
from qtui.tui.roomapp import RoomApp
from qtui.tui.unbuilt import told, unbuilt
from qtui.tui.words import worded
from qtui.tui.wrapping import hanging

LONGEST_REMEMBERED = 20_000
"""Characters of a query that is remembered."""
KEYS = (
    Command("search.query", "slash", "query", "Query", "Type a query", "/"),
    Command("search.build", "b", "build", "Build", "Build what is configured and not built in these columns"),
    *EDITING,
    Command("search.next", "n", "following", "Next", "The next titled query, or the next point"),
    Command("search.filter", "F", "filter", "Filter", "Filter by payload", display="F"),
    Command("search.copy", "y", "copy", "Copy", "Copy the columns as text"),
    Command("search.again", "r", "again", "", "Ask again", always="ctrl+l"),
    Command("search.back", "escape", "back", "Back", "Stop searching; else back to the columns", "Esc"),
)


class SearchPanel(ColumnEditing):
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
    SearchPanel #search-empty { margin: 2 4; display: none; }
    SearchPanel #search-told { height: auto; max-height: 4; padding: 0 1; display: none; }
    SearchPanel.-empty #search-empty { display: block; }
    SearchPanel.-empty QueryForm, SearchPanel.-empty ColumnSettings, SearchPanel.-empty Answers { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(KEYS)]
    views: reactive[tuple[CollectionView, ...] | None] = reactive(None, repaint=False)
    room_state: reactive[RoomState] = reactive(RoomState("starting"), repaint=False)

    def __init__(self, room: Room, *, id: str) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id)
        self.room = room
        self._session = Session(room)
        self._answers = Answers(self._session)
        self._known = ""
        """The collection whose titled queries and fields were read."""
        self._recalled: tuple[Column, ...] = ()
        self._opened = False

    def recall(self, memory: Memory) -> None:
        """The columns and the query are those of last time, where their collections are still there."""
        self._recalled = columns.unpacked(memory.get("search.columns", list))
        self._answers.text = memory.get("search.query", str) or ""

    def compose(self) -> ComposeResult:
        """Form, settings, columns; or what to do while there is no collection."""
        yield QueryForm()
        yield ColumnSettings()
        yield Static(id="search-told")
        yield self._answers.data_bind(SearchPanel.room_state)
        yield Static("No collection to search yet: build the demo on tab 1, or load your vectors.", id="search-empty")

    def on_mount(self) -> None:
        """The store may have been read before the tab was made."""
        self._session.how_to_name = keyed(self.app, ", or name the model by {search.model}")
        self._take(self.views)

    # --- what comes down --------------------------------------------------------------------------------------

    def watch_views(self, views: tuple[CollectionView, ...] | None) -> None:
        """The store was read."""
        if self.is_mounted:
            self._take(views)

    def watch_room_state(self) -> None:
        """What can be built now, and what can't."""
        if self.is_mounted:
            self._tell()

    def _take(self, views: tuple[CollectionView, ...] | None) -> None:
        if views is None:
            return
        self.query_one(ColumnSettings).offer(views)
        fitting = self._session.fitting(views, self._recalled, self._form.limit)
        self.set_class(not fitting, "-empty")
        if fitting:
            self._form.put_limit(fitting[0].search.limit)
        self.columns = fitting
        self._answers.complete()
        self._tell()
        self._begin()
        if self._opened and self.display and self.screen.focused is None:
            self._row.take_focus()

    def focus_default(self) -> None:
        """What has the focus when the tab opens; at the first time something is asked, so that there is something."""
        self._opened = True
        self._begin()
        if self.columns:
            self._row.take_focus()

    def look_into(self, name: str) -> None:
        """Searches this collection beside what it is compared with, with the query as it is."""
        wanted = columns.defaults(self.views or (), name, self._form.limit)
        if wanted:
            if not self._session.suits(wanted[0]):
                self._begin_anew("")
            self.columns = wanted
            self._row.current = next((at for at, each in enumerate(wanted) if each.collection == name), 0)
            self._row.take_focus()
            self._begin()

    def show(self, wanted: tuple[Column, ...], query: str) -> None:
        """Searches these columns, whose collections are there, with a titled query of the first."""
        self._begin_anew(query)
        self.columns = wanted
        self._row.take_focus()
        self._begin()

    def _begin_anew(self, query: str) -> None:
        """Nothing was asked yet; what comes first is this query, or else one that the collection knows."""
        self._session.target = None
        self._answers.text = query
        self._form.put("")
        self._known = ""

    # --- asking ---------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        if self._opened and self.columns and self._known != self.columns[0].collection:
            self._known = self.columns[0].collection
            self._learn(self._known)

    @work(exclusive=True, group="learn")
    async def _learn(self, name: str) -> None:
        """Reads what can be asked of a collection, and asks the first of it when nothing has been asked yet."""
        try:
            learned = await self._session.learn(name)
        except QtuiError as error:
            self._known = ""
            self._form.said = worded(error) if not isinstance(error, EngineGone) else ""
            return
        self._form.titles, self._form.fields = learned.titles, learned.fields
        if self._session.target is None and not self._form.query_text and learned.first:
            self._ask(self._answers.text or learned.first)

    @on(QueryForm.Asked)
    def _asked(self, message: QueryForm.Asked) -> None:
        message.stop()
        self._ask(message.text, typed=True)

    def _ask(self, text: str, *, typed: bool = False) -> None:
        self._form.put(text)
        self._answers.ask(text, typed=typed)

    @on(Answers.Resolved)
    def _resolved(self, message: Answers.Resolved) -> None:
        message.stop()
        if len(message.text) <= LONGEST_REMEMBERED:
            self.post_message(Remember("search.query", message.text))

    @on(Answers.Said)
    def _said(self, message: Answers.Said) -> None:
        message.stop()
        self._form.said = message.why

    def _tell(self) -> None:
        """What to know before comparing."""
        said = self.query_one("#search-told", Static)
        text = told(self._session.views, self.columns, key=key_of(self.app, "search.build") if self._can_build else "")
        said.display = bool(text)
        said.update(Text("\n").join(hanging(line, self.size.width - 2) for line in text.split()))

    def on_resize(self) -> None:
        """It is folded to the width."""
        self._tell()

    # --- edits ----------------------------------------------------------------------------------------------------

    @on(QueryForm.Narrowed)
    def _narrowed(self, message: QueryForm.Narrowed) -> None:
        message.stop()
        self._session.outcomes = {}
        limit = self._form.limit
        after = tuple(replace(each, search=replace(each.search, limit=limit)) for each in self.columns)
        self._answers.filter = self._form.filter
        if after == self.columns:
            self._answers.search()
        self.columns = after

    @on(QueryForm.Left)
    def _left(self, message: QueryForm.Left) -> None:
        message.stop()
        self._row.take_focus()

    # --- keys -----------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - textual's
        """What makes sense now."""
        if not self.is_mounted:
            return True
        edits = self.can_edit(action)
        typing = isinstance(self.screen.focused, Input)
        if edits is not None:
            return edits and not (typing and action == "step")
        sensible = {
            "query": bool(self.columns) and not typing,
            "filter": bool(self.columns),
            "again": bool(self._answers.text),
            "following": self._session.target is not None,
            "build": self._can_build and bool(unbuilt(self._session.views, self.columns)),
            "copy": bool(self._session.outcomes),
            "back": self._answers.searching or not isinstance(self.screen.focused, ColumnView),
        }
        return sensible.get(action, True)

    def label_now(self, action: str) -> str | None:
        """What one step back is, here."""
        return "Stop" if action == "back" and self._answers.searching else None

    def action_query(self) -> None:
        """To the query box, while there is something to search."""
        if self.columns:
            self.query_one(QueryBox).focus()

    def action_filter(self) -> None:
        """To the filter."""
        self.query_one("#search-filter").focus()

    def action_again(self) -> None:
        """Asks again; what is typed by now counts."""
        self._ask(self._form.query_text or self._answers.text)

    @work(exclusive=True, group="following")
    async def action_following(self) -> None:
        """The next titled query; from a point, the next point."""
        text = await self._session.following()
        if text is not None:
            self._ask(text)

    @property
    def _can_build(self) -> bool:
        """Only in the store, which is qtui's own, and while nothing else goes on."""
        return isinstance(self.app, RoomApp) and self.app.makes_collections and self.room_state.status == "ready"

    @work(exclusive=True, group="build")
    async def action_build(self) -> None:
        """Once the user has seen what that changes; the columns are asked again when the store was read."""
        from qtui.tui.dialogs.build import BuildDialog, built

        wanted = unbuilt(self._session.views, self.columns)
        if not await self.app.push_screen_wait(BuildDialog(wanted)):
            return
        async for error, text in built(self.room, wanted):
            self.notify(text, severity="error" if error else "information", markup=False)
        self._session.asker.forget()
        self.post_message(CollectionsWanted())

    def action_copy(self) -> None:
        """All columns, also those that aren't visible."""
        self.post_message(Copied(as_text(self._session), "the columns"))

    def action_back(self) -> None:
        """Stops what is being searched; else back to the columns."""
        if self._answers.searching:
            self._answers.stop()
        else:
            self._row.take_focus()

    @on(ColumnView.Opened)
    def _open(self, message: ColumnView.Opened) -> None:
        message.stop()
        seen = tuple(
            Seen(at, column.collection, columns.asked_text(self._session.place(column), column.search), rank)
            for at, column, rank in self._session.ranks(message.hit.id)
        )
        self.app.push_screen(PointDialog(self.room, message.column.collection, message.hit.id, seen))
