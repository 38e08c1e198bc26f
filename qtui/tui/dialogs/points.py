"""The points of a collection: a page at a time, filtered, from any id on, with the highlighted point's payload.

Owns the reading of pages. Never holds more than one: how large the collection is makes no difference.
"""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import DataTable, Input, Static
from textual.worker import Worker

from qtui import units
from qtui.errors import QtuiError
from qtui.filters import Filter, parse_filter
from qtui.model import CollectionView, Page, Point, PointId
from qtui.searching import browse
from qtui.searching.fields import completed, fields, typed
from qtui.tui.commands import Command, bindings
from qtui.tui.pretty import pretty
from qtui.tui.room import Room
from qtui.tui.text import clean, fitted, plain
from qtui.tui.theme import BAD, DIM, HEAD
from qtui.tui.widgets.controls import line_input
from qtui.tui.widgets.fields import FieldSuggester
from qtui.tui.widgets.frame import KeyLine
from qtui.tui.widgets.points import PointTable
from qtui.tui.words import worded

KEYS = (
    Command("points.open", "enter", "open", "Open", "Open the highlighted point: payload, vectors, image", "Enter"),
    Command("points.next", "n,right", "turn(1)", "Next", "The next page"),
    Command("points.previous", "b,left", "turn(-1)", "Previous", "The page before"),
    Command("points.first", "0", "first", "First", "The first page"),
    Command("points.jump", "i", "ask('jump')", "Id", "Jump to the point of an id"),
    Command("points.filter", "slash", "ask('filter')", "Filter", "Show the points whose payload matches", "/"),
    Command("points.complete", "tab", "complete", "", "Complete a field's name in the filter", "Tab"),
    Command("points.refresh", "r", "refresh_page", "", "Read the page again", always="ctrl+l"),
    Command("points.close", "escape", "back", "Close", "Leave the input, the filter, then the points", "Esc"),
)
ASKED = {
    "jump": "id of a point: 1234, or a UUID",
    "filter": 'part = noun and length > 30 and not text ~ "moon"',
}


class PointsBrowser(ModalScreen[None]):
    """Points in id order; a page is read when it is turned to."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(KEYS)]
    DEFAULT_CSS = """
    PointsBrowser { align: left top; background: $background; }
    PointsBrowser > Vertical { height: 1fr; }
    PointsBrowser #points-title { height: 1; background: $panel; padding: 0 1; }
    PointsBrowser #points-asked { height: 1; margin: 1 1 0 1; display: none; }
    PointsBrowser #points-body { height: 1fr; margin-top: 1; }
    PointsBrowser PointTable { width: 1fr; margin-left: 1; }
    PointsBrowser PointTable:focus { background-tint: $foreground 0%; }
    PointsBrowser #points-side { width: 46; border-left: solid $border; padding: 0 1; scrollbar-gutter: stable; }
    PointsBrowser #points-said { height: auto; max-height: 4; padding: 0 1; color: $text-muted; }
    """

    def __init__(self, room: Room, view: CollectionView) -> None:
        super().__init__()
        self.room, self.view = room, view
        self._filter: Filter | None = None
        self._words = ""
        self._matching: int | None = view.points
        self._start: PointId | None = None
        self._starts: list[PointId | None] = []
        self._page = Page((), None)
        self._asking = ""
        self._suggester = FieldSuggester()
        self._reading: Worker[None] | None = None
        """The last reading of a page, which may be over."""

    def compose(self) -> ComposeResult:
        """Title, input, table and payload, what is shown, keys."""
        with Vertical():
            yield Static(self._title(), id="points-title")
            box = line_input("", id="points-asked", whole=False)
            box.suggester = self._suggester
            yield box
            with Horizontal(id="points-body"):
                yield PointTable(id="points-table")
                with VerticalScroll(id="points-side", can_focus=False):
                    yield Static(id="points-payload")
            yield Static(id="points-said")
        yield KeyLine()

    def on_mount(self) -> None:
        """The first page."""
        self.query_one(PointTable).focus()
        self._turn_to(None)

    def _title(self) -> Text:
        return Text.assemble(("Points of ", DIM), (fitted(self.view.name, 60), HEAD))

    # --- reading ----------------------------------------------------------------------------------------------

    async def _scroll(self, start: PointId | None) -> Page:
        return await self.room.scroll(self.view.name, limit=browse.PAGE, offset=start, filter_=self._filter)

    def _turn_to(
        self, start: PointId | None, *, before: bool = False, at_end: bool = False, count: bool = False
    ) -> None:
        self._reading = self._read(start, before=before, at_end=at_end, count=count)

    @work(exclusive=True, group="page")
    async def _read(
        self, start: PointId | None, *, before: bool = False, at_end: bool = False, count: bool = False
    ) -> None:
        self._say(Text("reading…"))
        try:
            if before and start is not None:
                start, page = await browse.before(self._scroll, start)
            else:
                page = await self._scroll(start)
            if count:
                self._matching = await self.room.count(self.view.name, self._filter)
        except QtuiError as error:
            self._say(Text.assemble(("✗ ", BAD), clean(worded(error)), ("   r tries again", DIM)))
            return
        self._start, self._page = start, page
        self.query_one(PointTable).show(page.points, at_end=at_end)
        self._said()
        self._show_payload()
        self.refresh_bindings()

    def _said(self) -> None:
        points, total = self._page.points, self.view.points
        whole = f"{units.count(total)} points"
        if self._filter is not None:
            whole = f"{units.count(self._matching)} of {whole} match {fitted(self._words, 60)}"
        ids = f"ids {clean(points[0].id, 40)} to {clean(points[-1].id, 40)} · " if points else ""
        ids = ids or ("none from here on · " if self._start is not None else "")
        bare = " · without payload: Enter shows vectors" if points and not any(each.payload for each in points) else ""
        self._say(Text(f"{ids}{whole}{bare}"))

    def _say(self, text: Text) -> None:
        self.query_one("#points-said", Static).update(text)

    @property
    def _highlighted(self) -> Point | None:
        at = self.query_one(PointTable).cursor_row
        return self._page.points[at] if 0 <= at < len(self._page.points) else None

    def _show_payload(self) -> None:
        point = self._highlighted
        text = Text() if point is None else Text.assemble((f"{clean(point.id)}\n", HEAD), pretty(point.payload))
        self.query_one("#points-payload", Static).update(text)
        self.query_one("#points-side", VerticalScroll).scroll_home(animate=False)

    @on(DataTable.RowHighlighted)
    def _row_highlighted(self) -> None:
        self._show_payload()

    @on(DataTable.RowSelected)
    def _row_selected(self) -> None:
        self.action_open()

    # --- keys -------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What makes sense now."""
        if action == "turn":
            return self._page.next_offset is not None if parameters == (1,) else self._start is not None
        if action == "first":
            return self._start is not None
        if action == "complete":
            return self._asking == "filter" and self.query_one("#points-asked").display
        return action != "open" or bool(self._page.points)

    def label_now(self, action: str) -> str | None:
        """What one step back is, here."""
        if action != "back":
            return None
        return "Cancel" if self.query_one("#points-asked").display else "Show all" if self._filter else "Close"

    def action_turn(self, by: int) -> None:
        """The next page, or the one before."""
        under_way = self._reading is not None and not self._reading.is_finished
        if under_way or not self.check_action("turn", (by,)):
            return
        if by > 0:
            self._starts.append(self._start)
            self._turn_to(self._page.next_offset)
        elif self._starts:
            self._turn_to(self._starts.pop(), at_end=True)
        else:
            self._turn_to(self._start, before=True, at_end=True)

    @on(PointTable.Beyond)
    def _beyond(self, message: PointTable.Beyond) -> None:
        if message.points is self._page.points:  # else the page was turned already
            self.action_turn(message.by)

    def action_first(self) -> None:
        """From the start."""
        self._starts = []
        self._turn_to(None)

    def action_refresh_page(self) -> None:
        """The same page again."""
        self._turn_to(self._start, count=self._filter is not None)

    def action_open(self) -> None:
        """The highlighted point in a dialog."""
        from qtui.tui.dialogs.point import PointDialog

        point = self._highlighted
        if point is not None:
            self.app.push_screen(PointDialog(self.room, self.view.name, point.id))

    def action_ask(self, what: str) -> None:
        """Opens the input for an id or a filter."""
        box = self.query_one("#points-asked", Input)
        self._asking = what
        self._suggester.fields = self._fields() if what == "filter" else ()
        box.placeholder = ASKED[what]
        box.value = self._words if what == "filter" else ""
        box.display = True
        box.focus()
        known = ", ".join(clean(typed(name), 30) for name in self._fields()[:12])
        said = f"fields here: {known}   → or Tab completes" if what == "filter" and known else ""
        self._say(Text(f"Enter shows   {said}"))

    def _fields(self) -> tuple[str, ...]:
        return fields(point.payload for point in self._page.points)

    def action_back(self) -> None:
        """One step back."""
        if self.query_one("#points-asked").display:
            self._close_input()
            self._said()
        elif self._filter is not None:
            self._set_filter("")
        else:
            self.dismiss()

    def _close_input(self) -> None:
        self.query_one("#points-asked").display = False
        self.query_one(PointTable).focus()

    @on(Input.Submitted, "#points-asked")
    def _asked(self, event: Input.Submitted) -> None:
        event.stop()
        try:
            if self._asking == "filter":
                self._set_filter(event.value)
            else:
                start = browse.point_id(event.value)
                self._starts = []
                self._turn_to(start)
        except QtuiError as error:
            self._say(Text.assemble(("✗ ", BAD), plain(worded(error))))
        else:
            self._close_input()

    def _set_filter(self, text: str) -> None:
        self._filter = parse_filter(text) if text.strip() else None
        self._words, self._starts = text.strip(), []
        self._turn_to(None, count=self._filter is not None)

    def action_complete(self) -> None:
        """Completes the field's name where a filter is typed."""
        box = self.query_one("#points-asked", Input)
        whole = completed(box.value, self._fields())
        if whole is not None:
            box.value = whole
            box.cursor_position = len(whole)
