"""Tab 1: the collections of the store, and the inspection of the highlighted one.

Owns the workers that delete a collection and that load the demo; reading the store is the app's.
"""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.reactive import reactive
from textual.timer import Timer
from textual.widgets import Input, Static

from qtui.errors import QtuiError
from qtui.model import CollectionView
from qtui.preferences import Memory
from qtui.tui.commands import Command, bindings, keyed
from qtui.tui.figures import originals
from qtui.tui.loading import Work
from qtui.tui.messages import CollectionsWanted, LookedAt, LookInto, Measure, Remember
from qtui.tui.panels.collection_parts import FirstRun, Inspection
from qtui.tui.panels.demo import DemoPanel
from qtui.tui.panels.making import MAKING, MakingPanel
from qtui.tui.room import Room, RoomState
from qtui.tui.roomapp import RoomApp
from qtui.tui.text import clean, fitted
from qtui.tui.theme import BAD
from qtui.tui.widgets.controls import line_input
from qtui.tui.widgets.lines import LineTable
from qtui.tui.widgets.progress import ProgressLine
from qtui.tui.widgets.tables import CollectionTable
from qtui.tui.widgets.workload import WorkList
from qtui.tui.words import worded

WHILE_IDLE = {
    "delete": "Deleting",
    "measure": "Measuring",
    "what_if": "Trying",
    "copies": "Copying",
    "refresh": "Reading the store",
}
"""Actions that need an engine with nothing else to do."""
_MARGINS = 2
"""Cells beside the line under the list."""
FOLLOW_AFTER_S = 0.12
"""Without another key: what is told of a row takes many times as long to draw as the row, and the next key waits."""

KEYS = (
    Command("collections.inspect", "enter", "inspect", "Inspect", "Inspect the highlighted collection", "Enter"),
    Command("collections.back", "escape", "back", "Back", "Leave the inspection or the filter; cancel loading", "Esc"),
    Command("collections.points", "p", "points", "Points", "Browse the points of the highlighted collection"),
    Command("collections.search", "f", "search", "Find", "Search the highlighted collection"),
    Command("collections.measure", "b", "measure", "Bench", "Benchmark the highlighted collection"),
    Command("collections.filter", "slash", "filter", "Filter", "Filter collections by name or method", "/"),
    Command("collections.delete", "d", "delete", "Delete", "Delete the highlighted collection"),
    Command("collections.copy", "y", "copy", "Copy", "Copy its configuration as Python or REST, or its inspection"),
    Command("collections.what_if", "w", "what_if", "What if", "Try methods on part of it, without touching it"),
    Command("collections.copies", "x", "copies", "Copies", "Try methods on copies of it, on the server"),
    Command("collections.sort", "s", "sort", "Sort", "Sort by the next column"),
    Command("collections.reverse", "S", "reverse", "", "Sort the other way round"),
    Command("collections.refresh", "r", "refresh", "Refresh", "Read the store again", always="ctrl+l"),
)


class CollectionsPanel(DemoPanel):
    """List on the left, inspection on the right; one at a time where the window is narrow."""

    HELP_TITLE = "Collections"
    HELP = (
        "Every collection of the store, with what is configured and what is really built. "
        "⚠ under built: quantized data is missing, so searches run on the originals. "
        "RAM est is an estimate by the formula that the inspection names."
    )
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(KEYS)]
    views: reactive[tuple[CollectionView, ...] | None] = reactive(None, repaint=False)
    room_state: reactive[RoomState] = reactive(RoomState("starting"), repaint=False)
    inspecting: reactive[bool] = reactive(default=False, repaint=False, toggle_class="-inspecting", bindings=True)

    def __init__(self, room: Room, *, id: str) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id)
        self.room = room
        self._sorting: list[object] = []
        self._follow: Timer | None = None
        """Draws what is told of the highlighted row, once no more keys come."""
        self._said = Text()
        self._began_at: str | None = None
        """Where the cursor was when the last load began."""

    def recall(self, memory: Memory) -> None:
        """Sorts as it was sorted last."""
        self._sorting = memory.get("sort", list) or []

    def compose(self) -> ComposeResult:
        """Progress on top, then the list and the inspection, or what an empty store says."""
        yield ProgressLine("collections.back", id="load-progress")
        yield WorkList(id="work-list")
        with Horizontal(id="collections-body"):
            with Vertical(id="list"):
                yield line_input("", id="filter", placeholder="filter by name or method", whole=False)
                yield CollectionTable(id="collections-table")
                yield Static(id="list-said")
            yield Inspection(id="inspection")
        yield FirstRun(id="first-run").data_bind(MakingPanel.may_write)

    def on_mount(self) -> None:
        """The list as it was sorted; what covers it waits for its time."""
        self.query_one("#filter").display = False
        self.query_one("#first-run").display = False
        self.query_one(CollectionTable).sort_by_column(*self._sorting[:2])

    def show_building(self) -> None:
        """The list, in the place of what an empty store says."""
        self.query_one("#first-run").display = False
        self.query_one("#collections-body").display = True
        self.query_one(CollectionTable).focus()

    def _tell(self, over: Work) -> None:
        super()._tell(over)
        table, ended = self.query_one(CollectionTable), {row.state: row.collection for row in reversed(over.rows)}
        if "partial" in ended:
            table.go_to(ended["partial"])  # where `u` and `d` work on it
        elif "ready" in ended and table.row == self._began_at:  # who moved meanwhile is elsewhere on purpose
            table.go_to(ended["ready"])

    def _begin(self, work_: Work) -> None:
        self._began_at = self.query_one(CollectionTable).row
        super()._begin(work_)

    # --- what comes down --------------------------------------------------------------------------------------

    def watch_views(self, views: tuple[CollectionView, ...] | None) -> None:
        """The store was read."""
        if views is None or not self.is_mounted:
            return
        empty = not views and not self.loading_demo and not self.making
        had_focus = self.has_focus_within or self.screen.focused is None
        self.query_one("#first-run").display = empty
        self.query_one("#collections-body").display = not empty
        self.tell_left(views)
        self._show_list()
        typing = self.query_one("#filter").has_focus and not empty
        if had_focus and self.display and not typing:
            self.focus_default()

    def watch_room_state(self, state: RoomState) -> None:
        """Before the first reading, what is waited for; after the engine's end, how to get it back."""
        if not self.is_mounted:
            return
        if state.status in {"waiting", "building"}:
            self._list.waits(clean(state.detail) if state.status == "waiting" else "")
        if state.status == "closed":
            again = keyed(self.app, "\n{collections.refresh} starts it again, {app.connect} connects elsewhere")
            self._say(Text.assemble(("✗ ", BAD), clean(state.detail) or "the engine is closed", again))
        elif self.views is None:
            self._say(Text("reading the store…"))
        else:
            self._say_which()
            self.refresh_bindings()

    def focus_default(self) -> None:
        """What has the focus when the tab opens."""
        first = self.query_one("#first-run")
        (first if first.display else self.query_one("#inspection" if self.inspecting else "#collections-table")).focus()

    def _show_list(self) -> None:
        table = self.query_one(CollectionTable)
        if self.views is None:
            return
        table.show_views(self.views or (), self.query_one("#filter", Input).value)
        self._inspect_row()

    def _inspect_row(self) -> None:
        if self._follow is not None:
            self._follow.stop()
        self.query_one(Inspection).view = self.highlighted
        if self.views is not None and self.room_state.status != "closed":
            self._say_which()
        self.refresh_bindings()

    def _say_which(self) -> None:
        """How many there are; where the inspection isn't beside the list, what its columns cut or leave out."""
        words, view = self.query_one("#filter", Input).value, self.highlighted
        shown, of = len(self.query_one(CollectionTable).keys), len(self.views or ())
        said = Text(f"{shown} of {of} match" if words.strip() else f"{of} collection{'' if of == 1 else 's'}")
        wide = (self.app.HORIZONTAL_BREAKPOINTS or [(0, "")])[-1][0]
        if view is not None and self.app.size.width < wide:
            rest = f"  {view.status}, {originals(view)}"
            room = self.app.size.width - said.cell_len - cell_len(rest) - len("  ▸ ") - _MARGINS
            said.append(f"  ▸ {fitted(view.name, max(8, room))}", "bold").append(rest)
        said.no_wrap, said.overflow = True, "ellipsis"
        self._say(said)

    def _say(self, said: Text) -> None:
        """Under the list; whether it takes one line or more is all that concerns other widgets."""
        if said != self._said:
            one_line = said.no_wrap and self._said.no_wrap
            self._said = said
            self.query_one("#list-said", Static).update(said, layout=not one_line)

    def on_resize(self) -> None:
        """What is said beside the list follows the width."""
        if self.views is not None:
            self._inspect_row()

    @property
    def highlighted(self) -> CollectionView | None:
        """The collection under the cursor."""
        table = self.query_one(CollectionTable)
        return table.found.get(table.row or "")

    # --- keys -------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - textual's
        """What makes sense now."""
        if not self.is_mounted:
            return True
        if action in MAKING:
            return self.can_make(action)
        busy = bool(self.why_not(action))
        one, listed = self.highlighted is not None, not self.inspecting
        sensible = {
            "delete": one and self.may_write,
            "measure": one,
            "what_if": one,
            "copies": one and isinstance(self.app, RoomApp) and self.app.may_copy,
            "points": one,
            "search": one,
            "inspect": one and listed,
            "refresh": True,
            "filter": bool(self.views) and listed,
            "sort": bool(self.views) and listed,
            "reverse": bool(self.views) and listed,
            "copy": one,
            "back": self.inspecting or self.loading_demo or self.can_stop or self.query_one("#filter").display,
        }
        return (None if busy else True) if sensible.get(action, True) else False

    def why_not(self, action: str) -> str | None:
        """What keeps a command from running at the moment; None for one that can run."""
        status = "building" if self.loading_demo or self.room_state.status == "waiting" else self.room_state.status
        doing = {"measuring": "a run is measured", "paused": "a run is paused", "building": "a collection is built"}
        doing["stopping"] = "what ran is stopped"
        if status not in doing or action not in WHILE_IDLE:
            return None
        return f"{WHILE_IDLE[action]} has to wait while {doing[status]}."

    def label_now(self, action: str) -> str | None:
        """What one step back is, here."""
        if action != "back" or not self.is_mounted:
            return None
        typed = self.query_one("#filter").display
        if self.loading_demo or self.inspecting or typed:
            return "Cancel" if self.loading_demo else "Back" if self.inspecting else "Clear"
        return "Cancel" if self.making else "Close"

    def action_inspect(self) -> None:
        """The inspection takes the focus, and the whole panel where it is narrow."""
        self._inspect_row()
        self.inspecting = True
        self.query_one(Inspection).focus()

    def action_back(self) -> None:
        """One step back: from loading, the inspection, or the filter."""
        box = self.query_one("#filter", Input)
        if self.loading_demo:
            self.workers.cancel_group(self, "load")
        elif self.inspecting:
            self.inspecting = False
            self.query_one(CollectionTable).focus()
        elif box.display:
            box.value, box.display = "", False
            self.query_one(CollectionTable).focus()
        else:
            self.stop_making()

    def action_filter(self) -> None:
        """Opens the filter."""
        box = self.query_one("#filter", Input)
        box.display = True
        box.focus()

    def action_sort(self) -> None:
        """By the next column."""
        self.query_one(CollectionTable).sort_next()
        self._remember_sorting()

    def action_reverse(self) -> None:
        """The other way round."""
        self.query_one(CollectionTable).reverse()
        self._remember_sorting()

    def _remember_sorting(self) -> None:
        table = self.query_one(CollectionTable)
        self.post_message(Remember("sort", [table.sort_by, table.reversed]))

    def action_refresh(self) -> None:
        """Reads the store again."""
        self.post_message(CollectionsWanted())

    def action_copy(self) -> None:
        """Its configuration to paste, in the form that is chosen."""
        from qtui.tui.dialogs.copy import CopyConfiguration

        if self.highlighted is not None:
            self.app.push_screen(CopyConfiguration(self.highlighted))

    def action_points(self) -> None:
        """Its points, page by page."""
        from qtui.tui.dialogs.points import PointsBrowser

        if self.highlighted is not None:
            self.app.push_screen(PointsBrowser(self.room, self.highlighted))

    def action_search(self) -> None:
        """Over to the search, in this collection."""
        if self.highlighted is not None:
            self.post_message(LookInto(self.highlighted.name))

    def action_measure(self) -> None:
        """Over to the benchmark, with this collection in its plan."""
        if self.highlighted is not None:
            self.post_message(Measure(self.highlighted.name))

    def action_what_if(self) -> None:
        """Over to the benchmark, to try methods on a part of this collection in the embedded engine."""
        if self.highlighted is not None:
            self.post_message(Measure(self.highlighted.name, "part"))

    def action_copies(self) -> None:
        """Over to the benchmark, to try methods on copies of this collection on its server."""
        if self.highlighted is not None:
            self.post_message(Measure(self.highlighted.name, "copies"))

    @work(exclusive=True, group="delete")
    async def action_delete(self) -> None:
        """Removes the highlighted collection once its name has been typed."""
        from qtui.tui.dialogs.ask import ConfirmByName

        view = self.highlighted
        if view is None:
            return
        what = f"{clean(view.name, 60)} with its {view.points:,} points will be removed for good."
        if await self.app.push_screen_wait(ConfirmByName(view.name, what)):
            try:
                await self.room.delete(view.name)
            except QtuiError as error:
                self.notify(clean(worded(error)), severity="error", markup=False)
            else:
                self.notify(f"{clean(view.name, 60)} is deleted", markup=False)
                self.forget(view.name)
            self.post_message(CollectionsWanted())

    @on(LineTable.Highlighted)
    def _row_highlighted(self) -> None:
        if self._follow is not None:
            self._follow.stop()
        self._follow = self.set_timer(FOLLOW_AFTER_S, self._inspect_row)
        table = self.query_one(CollectionTable)
        self.post_message(LookedAt(table.in_view, table.row))

    @on(LineTable.Chosen)
    def _row_selected(self) -> None:
        self.action_inspect()

    @on(Input.Changed, "#filter")
    def _filter_changed(self) -> None:
        self._show_list()

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        self.query_one(CollectionTable).focus()
