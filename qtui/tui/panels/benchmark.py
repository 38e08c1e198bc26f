"""Tab 3: the plan, the run, its figures and charts. Owns the worker that measures."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import replace
from time import monotonic
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.reactive import reactive

from qtui.errors import EngineGone, QtuiError
from qtui.events import Event, Measured
from qtui.model import CollectionView
from qtui.preferences import Memory
from qtui.tui.commands import Command, bindings, keyed
from qtui.tui.dialogs.ask import ExportTo
from qtui.tui.dialogs.wishes import AskWishes
from qtui.tui.fold import RunState
from qtui.tui.messages import Aimed, CollectionsWanted, Copied, Ended, Happened, Remember
from qtui.tui.panels.plan import PlanEditor
from qtui.tui.panels.results import PAGES, Results
from qtui.tui.room import Room, RoomState
from qtui.tui.runlist import state_of
from qtui.tui.saving import save
from qtui.tui.text import clean
from qtui.tui.widgets.chart import Chart
from qtui.tui.widgets.target import written
from qtui.tui.widgets.variants import as_text
from qtui.tui.wishform import tuned
from qtui.tui.wishform import written as as_typed
from qtui.tui.words import worded

REPAINT_S = 0.5
KEYS = (
    Command("benchmark.run", "b", "run", "Run", "Run the plan", always="ctrl+r"),
    Command("benchmark.tune", "f", "tune", "Tune", "Search the plan for what keeps a target recall", always="f8"),
    Command(
        "benchmark.memory", "M", "memory", "Memory", "Run the plan, then measure what search keeps in memory", "M", "f9"
    ),
    Command("benchmark.pause", "space", "pause(True)", "Pause", "Pause the run between two blocks", "Space", "f7"),
    Command("benchmark.resume", "space", "pause(False)", "Resume", "Let the paused run go on", "Space", "f7"),
    Command("benchmark.go_on", "u", "resume", "Resume", "Go on with the run that was interrupted"),
    Command("benchmark.page", "c", "turn(1)", "Charts", "Next chart", always="f6"),
    Command("benchmark.page_back", "C", "turn(-1)", "", "Previous chart", display="C"),
    Command("benchmark.figures", "t", "show('table')", "Table", "The table of figures"),
    Command("benchmark.plan", "p", "show('plan')", "Plan", "Edit the plan"),
    Command("benchmark.export", "e", "export", "Export", "Export the run as Markdown, CSV or JSON"),
    Command("benchmark.copy", "y", "copy", "Copy", "Copy the table of figures"),
    Command(
        "benchmark.back", "escape", "back", "", "Cancel the run and keep what there is; else back to the plan", "Esc"
    ),
)

BUILT = "a collection is built"
BUSY = {
    "building": BUILT,
    "waiting": BUILT,
    "measuring": "a run is measured",
    "paused": "a run is paused",
    "stopping": "what ran is stopped",
}
"""State of the engine's process → what measuring has to wait for."""


class BenchmarkPanel(Horizontal):
    """Plan on the left, the run on the right; one page at a time where the window is narrow."""

    HELP_TITLE = "Benchmark"
    HELP = (
        "Measures every method of the plan against exact search over the same queries, in turns. "
        "recall is the share of the exact top k that came back; p50, p95 and p99 are engine time in ms; "
        "speed is the p50 of none over this one. In the chart a letter is a method, digits are oversampling. "
        "⚠ marks a figure with a warning, ✗ one with failures: the lines under the table say which; "
        "where they are more than there is room for, Tab goes to them and the arrows scroll."
    )
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(KEYS)]
    views: reactive[tuple[CollectionView, ...] | None] = reactive(None, repaint=False)
    room_state: reactive[RoomState] = reactive(RoomState("starting"), repaint=False)
    run_state: reactive[RunState | None] = reactive(None, repaint=False)
    page: reactive[str] = reactive("plan", repaint=False, bindings=True)

    def __init__(self, room: Room, *, id: str) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id, classes="-plan")  # as `page` is: set later, it would style all of the plan anew
        self.room = room
        self._folded: RunState | None = None
        self._painted = 0.0
        self._left: dict[str, object] = {}

    def recall(self, memory: Memory) -> None:
        """The plan as it was left."""
        self._left = memory.get("plan", dict) or {}

    def compose(self) -> ComposeResult:
        """The plan and the outcome."""
        editor = PlanEditor(self.room, id="plan")
        editor.recall(self._left)
        yield editor.data_bind(BenchmarkPanel.views)
        results = Results(self.room, id="results")
        yield results.data_bind(BenchmarkPanel.room_state, state=BenchmarkPanel.run_state, page=BenchmarkPanel.page)

    def on_mount(self) -> None:
        """Figures and progress are drawn at most twice a second."""
        self.set_interval(REPAINT_S, self._repaint)
        self._find_interrupted()

    @work(exclusive=True, group="interrupted")
    async def _find_interrupted(self) -> None:
        """An app that is gone may have left a run that can go on; only the newest is thought of here."""
        with suppress(QtuiError):  # the tab of the runs tells why they can't be read
            newest = next(iter(await self.room.runs()), None)
            if newest is not None and newest.resumable and not newest.measuring:
                self.query_one(Results).interrupted = newest
                self.refresh_bindings()
                if self.screen.has_class("-narrow"):  # where the plan is all that is seen
                    self.notify(keyed(self.app, "The last run was interrupted: {benchmark.go_on} goes on with it"))

    def focus_default(self) -> None:
        """What has the focus when the tab opens."""
        if self.run_state is not None and self.page != "plan":
            self.query_one(Results).focus_default()
        else:
            self.query_one("#kind").focus()

    def measure(self, collection: str, kind: str = "collection") -> None:
        """Puts this collection into the plan and shows it: itself, a `part` of it, or `copies` of it."""
        self.page = "plan"
        self.query_one(PlanEditor).measure(collection, kind)

    def watch_run_state(self, before: RunState | None, now: RunState | None) -> None:
        """Figures come all the time; what can be done about the run changes seldom."""
        if _ways_on(before) != _ways_on(now):
            self.refresh_bindings()

    def watch_page(self, page: str) -> None:
        """The narrow layout shows one page; the wide one, plan, table and the chart last looked at."""
        self.set_class(page == "plan", "-plan")

    # --- keys -------------------------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether a run is being measured."""
        return self._folded is not None and self._folded.running

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What makes sense now."""
        if not self.is_mounted:
            return True
        shown = self.run_state
        if action in {"run", "tune", "memory"}:
            return None if self.why_not(action) else True
        if action == "resume":
            return self._unfinished is not None and (None if self.why_not(action) else True)
        if action == "pause" and self.room_state.status == "stopping":
            return False
        sensible = {
            "pause": shown is not None and shown.can_pause and shown.paused not in parameters,
            "turn": shown is not None,
            "copy": shown is not None,
            "show": shown is not None and self.page not in parameters,
            "export": shown is not None and shown.record is not None,
        }
        return sensible.get(action, True)

    def pointless(self, action: str) -> bool:
        """Whether nothing runs, nor is there a page to go back from, for the palette."""
        return action == "back" and not self.running and self.page == "plan"

    def why_not(self, action: str) -> str | None:
        """What keeps the plan from being measured at the moment; None for what can be done."""
        if action not in {"run", "resume", "tune", "memory"}:
            return None
        if self.running:
            return keyed(self.app, "The plan is being measured already; {benchmark.back} cancels it.")
        said = BUSY.get(self.room_state.status)
        if said is None and action != "resume" and self.query_one(PlanEditor).settled() is None:
            return "The plan can't be measured as it is: the line under it says why."
        if self.room_state.status == "closed":
            return keyed(
                self.app, "The engine is closed: press {tab.collections}, then {collections.refresh}, to start it."
            )
        return said and f"Measuring has to wait while {said}."

    def action_run(self) -> None:
        """Measures the plan."""
        plan = self.query_one(PlanEditor).settled()
        if plan is None or self.running:
            return
        self._begin(RunState.of(plan.request, plan.about), self.room.bench(plan.request))

    def action_memory(self) -> None:
        """Measures the plan, then what each variant keeps in memory, the quantized vectors cold, cached and pinned."""
        plan = self.query_one(PlanEditor).settled()
        if plan is None or self.running:
            return
        request = replace(plan.request, memory=True, placements=plan.request.source is not None)
        self._begin(RunState.of(request, plan.about), self.room.bench(request))

    @work(exclusive=True, group="tune")
    async def action_tune(self) -> None:
        """Searches the plan for the cheapest that keeps a target recall, instead of measuring all of it."""
        plan = self.query_one(PlanEditor).settled()
        if plan is None or self.running:
            return
        text = as_typed(written(plan.request.target_recall), plan.request.wishes)
        what = "Finds the cheapest that keeps this, by asking only what decides; the methods are those of the plan."
        wanted = await self.app.push_screen_wait(AskWishes("Tune", what, text, tuning=True))
        if wanted is not None:
            request = tuned(plan.request, wanted)
            self.post_message(Aimed(request.target_recall))
            self._begin(RunState.of(request, plan.about), self.room.bench(request))

    def action_resume(self) -> None:
        """Goes on with the run that is shown, or with what an app that is gone left of one."""
        if self._unfinished is not None:
            self.go_on(self._unfinished)

    @property
    def _unfinished(self) -> str | None:
        """Id of the run that one key goes on with."""
        if self.run_state is not None:
            return self.run_state.run_id if self.run_state.can_go_on else None
        left = self.query_one(Results).interrupted
        return None if left is None else left.id

    @work(exclusive=True, group="go-on")
    async def go_on(self, run_id: str) -> None:
        """Measures what an interrupted run has left to measure."""
        why = self.why_not("resume")
        if why is not None:
            self.notify(why, severity="warning", markup=False)
            return
        try:
            record, request = await self.room.run(run_id), await self.room.plan_of(run_id)
        except QtuiError as error:
            self.notify(clean(worded(error)), severity="error", markup=False)
            return
        self._begin(state_of(record).going_on(request), self.room.resume_run(run_id))

    def _begin(self, state: RunState, events: AsyncGenerator[Event, None]) -> None:
        self._folded = self.run_state = state
        self.action_show("table")
        self._measure(events)

    @on(PlanEditor.Changed)
    def _plan_changed(self) -> None:
        self.post_message(Remember("plan", self.query_one(PlanEditor).left))

    @on(Chart.Turn)
    def _turned(self, message: Chart.Turn) -> None:
        message.stop()
        self.action_turn(message.by)

    def action_turn(self, by: int) -> None:
        """Another chart."""
        at = PAGES.index(self.page) if self.page in PAGES else -1 if by > 0 else 0
        self.action_show(PAGES[(at + by) % len(PAGES)])

    def action_show(self, page: str) -> None:
        """One of the pages."""
        self.page = page
        self.call_after_refresh(self.focus_default)

    def action_back(self) -> None:
        """Cancels the run; without one, back to the plan."""
        if self.running and self.room_state.status == "stopping":
            return  # a second key would cut short what is waited for
        if self.running:
            self.workers.cancel_group(self, "bench")
        elif self.page != "plan":
            self.action_show("plan")
        else:
            self.focus_default()

    @work(exclusive=True, group="pause")
    async def action_pause(self, on: bool) -> None:  # noqa: FBT001 - textual hands it over
        """The run stops between two blocks and says so, or goes on."""
        try:
            heard = await self.room.pause(on)
        except QtuiError as error:
            self.notify(clean(worded(error)), severity="error", markup=False)
            return
        if on and heard:
            self.notify("It stops after the block that is being measured.", markup=False, timeout=2)

    def action_copy(self) -> None:
        """The table as text."""
        if self.run_state is not None:
            self.post_message(Copied(as_text(self.run_state), "the table"))

    # --- measuring --------------------------------------------------------------------------------------------

    @work(exclusive=True, group="bench")
    async def _measure(self, events: AsyncGenerator[Event, None]) -> None:
        ended = Ended(cancelled=True)
        try:
            async with aclosing(events):
                async for event in events:
                    self.post_message(Happened(event))
            ended = Ended()
        except EngineGone as error:
            ended = Ended(error=worded(error), told=True)
        except QtuiError as error:
            ended = Ended(error=worded(error))
        finally:
            self.post_message(ended)

    @on(Happened)
    def _bench_event(self, message: Happened) -> None:
        message.stop()
        if self._folded is not None:
            self._folded = self._folded.after(message.event)
        due = isinstance(message.event, Measured) and monotonic() - self._painted >= REPAINT_S
        if due or (self._folded is not None and self._folded.paused):
            # between blocks, or in a pause: the moment at which drawing disturbs no measurement
            self._paint()

    def _repaint(self) -> None:
        """Progress alone: new figures are drawn when they come, between blocks."""
        folded, shown = self._folded, self.run_state
        if folded is not None and shown is not None and folded.measured is shown.measured:
            self._paint()

    def _paint(self) -> None:
        if self.run_state is not self._folded:
            self._painted = monotonic()
            self.run_state = self._folded

    @on(Ended)
    def _bench_ended(self, message: Ended) -> None:
        message.stop()
        if self._folded is None:
            return
        self._folded = self._folded.ended(cancelled=message.cancelled, error=message.error)
        self._paint()
        self.query_one(PlanEditor).learn(self._folded)
        if self._folded.request.live.copies:  # what is left of them is to be seen
            self.post_message(CollectionsWanted())
        if self._folded.record is None:
            self._fetch(self._folded, cancelled=message.cancelled)
        elif self._folded.request.memory and self.page == "table":
            self.action_show("hot")
        if message.error and not message.told:
            self.notify(clean(message.error), title="The run ended", severity="error", markup=False, timeout=10)

    @work(exclusive=True, group="fetch")
    async def _fetch(self, ended: RunState, *, cancelled: bool) -> None:
        """What was kept of a run that ended early: its figures are the final ones."""
        kept = None
        if ended.run_id is not None:
            with suppress(QtuiError):  # nothing was measured, so nothing is kept
                kept = await self.room.run(ended.run_id)
        after = None if kept is None else ended.kept_as(kept)
        if cancelled or (ended.over == "failed" and after is not None):
            self.notify(keyed(self.app, _ended_early(ended, after, cancelled=cancelled)), markup=False)
        if after is not None and self._folded is ended:
            self._folded = after
            self._paint()

    # --- export -----------------------------------------------------------------------------------------------

    @work(exclusive=True, group="export")
    async def action_export(self) -> None:
        """Writes the shown run to a file that isn't there yet."""
        try:
            record = None if self.run_state is None else self.run_state.record
            if record is None:
                self.notify("This run was not kept: nothing was measured.", severity="warning", markup=False)
                return
            answer = await self.app.push_screen_wait(ExportTo(record.id))
            if answer is not None:
                format_, path = answer
                save(self, path, await self.room.export(record.id, format_))
        except QtuiError as error:
            self.notify(clean(worded(error)), severity="error", markup=False)


def _ways_on(state: RunState | None) -> tuple[bool, ...]:
    """All that `check_action` asks of a run."""
    if state is None:
        return ()
    return state.running, state.paused, state.can_pause, state.can_go_on, state.record is not None


def _ended_early(ended: RunState, after: RunState | None, *, cancelled: bool) -> str:
    what = "Cancelled" if cancelled else "The run broke off"
    if after is None:
        stays = ended.request.live.stays
        return f"{what} before anything was measured{f'; {stays}.' if stays else ': nothing is kept.'}"
    how = ": {benchmark.go_on} goes on with it" if after.can_go_on else ""
    if ended.request.tune:  # what it asks next hangs on every answer so far
        how = "; a search for what to use is not gone on with, {benchmark.tune} begins anew"
    if not any(found.engine_ms for found in after.measured.values()):
        return f"{what} before anything was measured{how}."
    return f"{what}; what was measured is kept as a partial run{how}."
