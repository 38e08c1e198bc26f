"""Tab 5: every run that was kept. Open one, name it, compare two, export, delete, ask for advice by it.

Owns the workers that do so; the figures of an opened run are drawn by the benchmark's results.
"""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.reactive import reactive
from textual.widgets import DataTable, Static

from qtui.errors import EngineGone, QtuiError, UsageError
from qtui.records import RunRecord, RunSummary
from qtui.tui.commands import Command, bindings, keyed
from qtui.tui.compared import compared, refused
from qtui.tui.costing import about, ask_cost, export_run
from qtui.tui.dialogs.runs import ConfirmRun, NameRun, TakeInRun
from qtui.tui.messages import AdviseOn, Copied, GoOn
from qtui.tui.panels.results import PAGES, Results
from qtui.tui.room import Room, RoomState
from qtui.tui.runlist import in_full, in_short, state_of, title
from qtui.tui.text import clean
from qtui.tui.theme import BAD
from qtui.tui.widgets.chart import Chart
from qtui.tui.widgets.run_list import RunList
from qtui.tui.widgets.variants import as_text
from qtui.tui.words import worded

KEYS = (
    Command("runs.open", "enter", "open", "Open", "Open the highlighted run", "Enter"),
    Command("runs.charts", "c", "turn(1)", "Charts", "Next chart", always="f6"),
    Command("runs.charts_back", "C", "turn(-1)", "", "Previous chart", display="C"),
    Command("runs.figures", "t", "figures", "Table", "The table of figures"),
    Command("runs.advise", "a", "advise", "Advise", "Advice by this run"),
    Command("runs.resume", "u", "resume", "Resume", "Go on with this run, which was interrupted"),
    Command("runs.mark", "space", "mark", "Compare", "Mark this run; with one marked, compare the two", "Space"),
    Command("runs.name", "n", "name", "Name", "Give this run a name"),
    Command("runs.export", "e", "export", "Export", "Export this run as a report (Markdown, HTML), CSV or JSON"),
    Command("runs.cost", "dollar_sign", "cost", "Cost", "What each method takes in RAM, disk and money", "$"),
    Command("runs.filter", "slash", "filter", "Filter", "Filter runs by name, data, day or status", "/"),
    Command("runs.take_in", "i", "take_in", "Import", "Import a run from its record file"),
    Command("runs.delete", "d", "delete", "Delete", "Delete this run"),
    Command("runs.refresh", "r", "refresh", "", "Read the runs again", always="ctrl+l"),
    Command("runs.copy", "y", "copy", "Copy", "Copy what is shown"),
    Command("runs.back", "escape", "back", "Back", "Back to the list; leave the filter; take the mark away", "Esc"),
)


CSS = """
RunsPanel #runs-open, RunsPanel #runs-compared { height: 1fr; display: none; }
RunsPanel #runs-title { height: 1; padding: 0 1; color: $text-muted; }
RunsPanel #runs-compared { padding: 0 1; }
RunsPanel #runs-compared Static { height: auto; }
RunsPanel.-open #runs-open, RunsPanel.-compared #runs-compared { display: block; }
RunsPanel.-open #runs-list, RunsPanel.-compared #runs-list { display: none; }
"""


class RunsPanel(Vertical):
    """The list; over it, a run that was opened, or two that are compared."""

    HELP_TITLE = "Runs"
    HELP = (
        "Every run is kept, also one that was cancelled or killed: ⚠ partial, with what it had measured; "
        "{runs.resume} goes on with it, and nothing is measured twice. "
        "To compare two, mark one with {runs.mark} and press that again on the other: the older one is 'before'. "
        "Runs of other data, k, distance or filter can't be compared; what makes one doubtful is said above it."
    )
    SCOPED_CSS = False  # the classes of narrow and wide windows are the screen's
    DEFAULT_CSS = CSS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(KEYS)]
    room_state: reactive[RoomState] = reactive(RoomState("starting"), repaint=False)
    runs: reactive[tuple[RunSummary, ...] | None] = reactive(None, repaint=False, bindings=True)
    marked: reactive[str | None] = reactive(None, repaint=False, bindings=True)
    view: reactive[str] = reactive("", repaint=False, bindings=True)
    """'' for the list, open or compared."""

    def __init__(self, room: Room, *, id: str) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id)
        self.room = room
        self.opened: RunRecord | None = None

    def compose(self) -> ComposeResult:
        """One of three at a time."""
        yield RunList(id="runs-list")
        with Vertical(id="runs-open"):
            yield Static(id="runs-title")
        with VerticalScroll(id="runs-compared"):
            yield Static(id="runs-compared-text")

    def on_mount(self) -> None:
        """Nothing is read yet."""
        self._show()

    def focus_default(self) -> None:
        """The tab was opened: runs may have come or gone."""
        self._focus()
        self._read()

    def _focus(self) -> None:
        if self.view == "compared":
            self.query_one("#runs-compared").focus()
        elif self.view == "open":
            self.query_one(Results).focus_default()
        else:
            self.query_one(RunList).take_focus()

    # --- reading and showing --------------------------------------------------------------------------------------

    @work(exclusive=True, group="runs")
    async def _read(self) -> None:
        if self.runs is None:
            self._show()
        try:
            self.runs = await self.room.runs()
        except QtuiError as error:
            self._tell(error)
            self._give_up(Text.assemble(("✗ ", BAD), clean(worded(error))))

    def _give_up(self, why: Text) -> None:
        self.query_one(RunList).give_up(why.append(keyed(self.app, "\n{runs.refresh} reads them again"), ""))

    def watch_runs(self) -> None:
        """The list was read."""
        self._show()

    def watch_marked(self) -> None:
        """Another mark."""
        self._show()

    def watch_view(self, view: str) -> None:
        """One of the three."""
        self.set_class(view == "open", "-open")
        self.set_class(view == "compared", "-compared")

    def watch_room_state(self, before: RoomState, now: RoomState) -> None:
        """A run that has ended is a new one in the list."""
        if self.is_mounted and before.status != now.status:
            self._read()

    def _show(self) -> None:
        if not self.is_mounted:
            return
        self.query_one(RunList).show(self.runs, self.marked)
        if self.display and self.screen.focused is None:
            self.call_after_refresh(self._focus)

    @property
    def highlighted(self) -> RunSummary | None:
        """The run under the cursor, or the one that is open."""
        wanted = self.opened.id if self.view == "open" and self.opened is not None else self.query_one(RunList).row
        return next((run for run in self.runs or () if run.id == wanted), None)

    @on(DataTable.RowHighlighted, "#runs-table")
    def _row_highlighted(self) -> None:
        self.refresh_bindings()

    @on(DataTable.RowSelected, "#runs-table")
    def _row_selected(self) -> None:
        self.action_open()

    def _tell(self, error: QtuiError) -> None:
        # of the end of the engine's process the app tells
        if not isinstance(error, EngineGone):
            self.notify(clean(worded(error)), severity="error", markup=False, timeout=10)

    # --- keys -------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - textual's
        """What makes sense now."""
        if not self.is_mounted:
            return True
        one, listed, open_ = self.highlighted is not None, self.view == "", self.view == "open"
        sensible = {
            "open": one and listed,
            "mark": one and listed,
            "filter": bool(self.runs) and listed,
            "turn": open_,
            "figures": open_ and any(results.page != "table" for results in self.query(Results)),
            "advise": one and self.view != "compared",
            "resume": bool(self.highlighted and self.highlighted.resumable) and self.view != "compared",
            "name": one and self.view != "compared",
            "export": one and self.view != "compared",
            "cost": one and self.view != "compared",
            "delete": one and listed,
            "take_in": listed,
            "copy": not listed,
            "back": not listed or self.marked is not None or self.runs is None or self.query_one(RunList).filtering,
        }
        return sensible.get(action, True)

    def label_now(self, action: str) -> str | None:
        """What one step back is, here."""
        if action != "back" or self.view:
            return None
        return "Stop" if self.runs is None else "Clear" if self.query_one(RunList).filtering else "Unmark"

    @work(exclusive=True, group="open")
    async def action_open(self) -> None:
        """Shows the run's table and charts, as the benchmark did when it ended."""
        run = self.highlighted
        if run is None:
            return
        try:
            self.opened = record = await self.room.run(run.id)
        except QtuiError as error:
            self._tell(error)
            return
        await self.query(Results).remove()
        results = Results(self.room, id="results")
        await self.query_one("#runs-open").mount(results)
        self.view = "open"
        self._retitle(run)
        results.state, results.page = state_of(record), "table"
        self.refresh_bindings()
        self.query_one(Results).focus_default()

    def _retitle(self, run: RunSummary) -> None:
        self.query_one("#runs-title", Static).update(Text(in_full(run), no_wrap=True, overflow="ellipsis"))

    @on(Chart.Turn)
    def _turned(self, message: Chart.Turn) -> None:
        message.stop()
        self.action_turn(message.by)

    def action_turn(self, by: int) -> None:
        """Another chart."""
        results = self.query_one(Results)
        at = PAGES.index(results.page) if results.page in PAGES else -1 if by > 0 else 0
        results.page = PAGES[(at + by) % len(PAGES)]
        self.refresh_bindings()
        self.call_after_refresh(results.focus_default)

    def action_figures(self) -> None:
        """The table."""
        self.query_one(Results).page = "table"
        self.refresh_bindings()
        self.query_one(Results).focus_default()

    def action_advise(self) -> None:
        """Over to the advice."""
        if self.highlighted is not None:
            self.post_message(AdviseOn(self.highlighted.id))

    def action_resume(self) -> None:
        """Over to the benchmark, which goes on."""
        if self.highlighted is not None:
            self.post_message(GoOn(self.highlighted.id))

    def action_mark(self) -> None:
        """Marks, unmarks, or compares with the marked one."""
        run = self.highlighted
        if run is None:
            return
        if self.marked is None:
            self.marked = run.id
        elif self.marked == run.id:
            self.marked = None
        else:
            self._compare(self.marked, run.id)

    @work(exclusive=True, group="compare")
    async def _compare(self, one: str, other: str) -> None:
        known = {run.id: run for run in self.runs or ()}
        before, after = sorted((known[one], known[other]), key=lambda run: (run.started, run.id))
        lines = in_short(before), in_short(after)
        try:
            text = compared(await self.room.compare(before.id, after.id), *lines, self.size.width - 3)
        except UsageError as error:
            text = refused(worded(error), *lines)
        except QtuiError as error:
            self._tell(error)
            return
        self.query_one("#runs-compared-text", Static).update(text)
        self.view = "compared"
        self._focus()

    def action_filter(self) -> None:
        """Opens the filter."""
        self.query_one(RunList).open_filter()

    def action_refresh(self) -> None:
        """Reads the runs again."""
        self._read()

    def action_back(self) -> None:
        """One step back: to the list, out of the filter, without a mark."""
        if self.view:
            self.view = ""
            self.query(Results).remove()
            self.marked = None
        elif self.runs is None:
            self.workers.cancel_group(self, "runs")
            self._give_up(Text("The runs were not read"))
        elif self.query_one(RunList).filtering:
            self.query_one(RunList).close_filter()
        else:
            self.marked = None
        self._focus()

    def action_copy(self) -> None:
        """The table of figures, or the comparison."""
        if self.view == "open" and self.opened is not None:
            self.post_message(Copied(as_text(state_of(self.opened)), "the table"))
        elif self.view == "compared":
            self.post_message(Copied(f"{self.query_one('#runs-compared-text', Static).visual}\n", "the comparison"))

    # --- what changes a run, or leaves a file -------------------------------------------------------------------

    @work(exclusive=True, group="name")
    async def action_name(self) -> None:
        """Gives the run a name, or takes it away."""
        run = self.highlighted
        name = None if run is None else await self.app.push_screen_wait(NameRun(run))
        if run is None or name is None or name == (run.name or ""):
            return
        try:
            await self.room.rename_run(run.id, name)
            self.runs = await self.room.runs()
        except QtuiError as error:
            self._tell(error)
        if self.view == "open" and self.highlighted is not None:
            self._retitle(self.highlighted)

    @work(exclusive=True, group="delete")
    async def action_delete(self) -> None:
        """Removes the run once that was confirmed."""
        run = self.highlighted
        if run is None or not await self.app.push_screen_wait(ConfirmRun(run)):
            return
        try:
            await self.room.delete_run(run.id)
            self.runs = await self.room.runs()
        except QtuiError as error:
            self._tell(error)
        else:
            self.marked = None if self.marked == run.id else self.marked
            self.notify(f"The run {title(run)} is deleted", markup=False)

    @work(exclusive=True, group="take_in")
    async def action_take_in(self) -> None:
        """Keeps the run of a record file, and goes to it."""
        taken = await self.app.push_screen_wait(TakeInRun(self.room.take_in))
        if taken is None:
            return
        try:
            self.runs = await self.room.runs()
        except QtuiError as error:
            self._tell(error)
            return
        self.query_one(RunList).go_to(taken.id)
        said = f"Imported the run {taken.id}" if taken.new else f"The run {taken.id} is here already"
        self.notify(f"{said}; {taken.note}" if taken.note else said, timeout=10 if taken.note else 4)

    @work(exclusive=True, group="export")
    async def action_export(self) -> None:
        """Writes the run to a file that isn't there yet."""
        await about(self, self.room, getattr(self.highlighted, "id", None), export_run)

    @work(exclusive=True, group="cost")
    async def action_cost(self) -> None:
        """What each method of the run takes, and what that costs."""
        await about(self, self.room, getattr(self.highlighted, "id", None), ask_cost)
