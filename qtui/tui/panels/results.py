"""The outcome of a run: progress, table, what concerns the chosen variant, and the charts. Shows what it is given.

One variant is chosen at a time, in the table and in every chart alike. Distributions are asked for when a page that
shows them is looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from time import monotonic
from types import MappingProxyType

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.reactive import reactive
from textual.timer import Timer
from textual.widgets import Static

from qtui import units
from qtui.distribution import Distribution
from qtui.errors import QtuiError
from qtui.records import Latency, Measurement, RunSummary
from qtui.tui import pages
from qtui.tui.commands import key_of
from qtui.tui.fold import RunState, where
from qtui.tui.pages import Look
from qtui.tui.room import Room, RoomState
from qtui.tui.runlist import in_a_line
from qtui.tui.text import clean
from qtui.tui.theme import ACCENT, BAD, DIM, KEY, WARN
from qtui.tui.widgets.chart import Chart
from qtui.tui.widgets.progress import ProgressLine
from qtui.tui.widgets.variants import ResultTable
from qtui.tui.words import in_app_words, worded
from qtui.tui.wrapping import hanging

PAGES = tuple(pages.PAGES)
BESIDE = 3
"""Cells beside the text of the notes: a blank on both sides, and the scrollbar."""
DRAW_EVERY_S = 2.0
"""While figures come: drawing a chart takes longer than all else, and a key that comes meanwhile waits for it."""
DRAW_AFTER_S = 0.15
"""Without another key: whoever runs through the variants waits for no chart."""
AFTER_THE_RUN = "Times are counted from the run's samples when it is over; until then p50, p95 and p99 are live."


class Notes(VerticalScroll, can_focus=True):
    """What concerns the chosen variant; Tab goes there where there is more of it than room."""

    DEFAULT_CSS = "Notes:focus { background-tint: $foreground 5%; }"

    def allow_focus(self) -> bool:
        """Only to scroll."""
        return self.max_scroll_y > 0


class Results(Vertical):
    """One run, while it is measured and after."""

    state: reactive[RunState | None] = reactive(None, repaint=False)
    page: reactive[str] = reactive("chart", repaint=False)
    room_state: reactive[RoomState] = reactive(RoomState("ready"), repaint=False)
    interrupted: reactive[RunSummary | None] = reactive(None, repaint=False)
    """What an app that is gone left of a run, where that can go on; told while there is nothing else."""

    def __init__(self, room: Room | None = None, *, id: str) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id)
        self.room = room
        self._spread: Mapping[int, Distribution] = MappingProxyType({})
        self._spread_of: str | None = None
        self._waits = ""
        self._titled = ""
        self._drawn_s = 0.0
        self._due: Timer | None = None
        """Draws the chart once no more keys come."""
        self._detail_lines = 0
        self._detail_of: tuple[str | None, int] = (None, 0)

    def compose(self) -> ComposeResult:
        """From top to bottom; the narrow layout shows one page of it at a time."""
        yield ProgressLine("benchmark.back", "benchmark.resume", id="bench-progress")
        yield Static(id="empty")
        with Vertical(id="figures"):
            yield ResultTable(id="results-table")
            with Notes(id="notes"):
                yield Static(id="detail")
        with Vertical(id="pages"):
            yield Static(id="page-title")
            yield Chart(id="chart")

    def on_mount(self) -> None:
        """Nothing measured yet."""
        self._chart = PAGES[0]
        self._show()

    def watch_state(self, before: RunState | None, now: RunState | None) -> None:
        """New figures: the table at once, the page that is looked at, and nothing else; of progress its line alone."""
        if not self.is_mounted:
            return
        if before is not None and now is not None and _differ_in_progress_alone(before, now):
            line = self.query_one(ProgressLine)
            line.progress, line.waiting = now.progress, now.waiting
            return
        if before is None or now is None or before.variants is not now.variants:
            self._drawn_s = 0.0
        self._show()

    def _show(self) -> None:
        state = self.state
        self.query_one("#empty").display = state is None
        self.query_one("#figures").set_class(state is None, "-nothing")
        self.query_one("#pages").set_class(state is None, "-nothing")
        progress = self.query_one(ProgressLine)
        progress.active = state is not None and state.running
        if state is None:
            keys = key_of(self.app, "benchmark.run"), key_of(self.app, "benchmark.go_on")
            self.query_one("#empty", Static).update(_empty(*keys, self.interrupted))
            return
        progress.progress, progress.waiting = state.progress, state.waiting
        self.query_one(ResultTable).state = state
        self._detail()
        moving = state.running and not state.paused
        if self._due is None and not (moving and monotonic() - self._drawn_s < DRAW_EVERY_S):
            self.draw_page()

    def watch_room_state(self, state: RoomState) -> None:
        """What was cancelled is being stopped."""
        for line in self.query(ProgressLine):
            line.stopping = state.status == "stopping"

    def watch_interrupted(self) -> None:
        """It was found."""
        if self.is_mounted:
            self._show()

    def watch_page(self) -> None:
        """Another page is looked at."""
        if self.is_mounted:
            self.draw_page()

    def on_resize(self) -> None:
        """A layout that shows more of it draws more of it."""
        self._detail()
        self.draw_page()

    def focus_default(self) -> None:
        """What is moved through: the table, or the chart where there is no table beside it."""
        table = self.query_one(ResultTable)
        (table if self.query_one("#figures").display else self.query_one(Chart)).focus()

    @property
    def chosen(self) -> int:
        """The variant under the cursor."""
        return self.query_one(ResultTable).cursor

    def draw_page(self) -> None:
        """The page that is looked at; charts keep what they have drawn while nothing changed."""
        state, self._drawn_s = self.state, monotonic()
        if self._due is not None:
            self._due.stop()
            self._due = None
        self.set_class(self.page in PAGES, "-charts")
        for name in ("table", "plan"):
            self.set_class(name == self.page, f"-{name}")
        page = self._chart = self.page if self.page in PAGES else self._chart
        if state is None or not self.query_one("#pages").display:
            return
        if page != self._titled:
            self.query_one("#page-title", Static).update(_page_line(page))
            self._titled = page
        chart = self.query_one(Chart)
        self._want_times(page, state)
        chart.page, chart.look = page, Look(state, self.chosen, self._spread, self._waits)

    @on(ResultTable.Moved)
    def _variant_chosen(self, message: ResultTable.Moved) -> None:
        message.stop()
        self._detail()
        if not self.query_one("#figures").display:
            self.draw_page()  # there is nothing else that shows it
        elif self._due is None:
            self._due = self.set_timer(DRAW_AFTER_S, self.draw_page)
        else:
            self._due.reset()

    @on(Chart.Move)
    def _variant_wanted(self, message: Chart.Move) -> None:
        message.stop()
        table = self.query_one(ResultTable)
        if message.to is None:
            table.action_move(message.by)
        else:
            table.action_to(message.to)

    # --- distributions --------------------------------------------------------------------------------------------

    def _want_times(self, page: str, state: RunState) -> None:
        """Asks for what the page shows and isn't known yet; a run that goes on isn't disturbed for it."""
        if self._spread_of != state.run_id:
            self._spread, self._spread_of = MappingProxyType({}), state.run_id
        self._waits = "" if self._spread else AFTER_THE_RUN if state.running else self._waits
        missing = [at for at in pages.wanted(page, state, self.chosen) if at not in self._spread]
        if missing and state.record is not None and self.room is not None:
            self._waits = "Counting the times of all searches…"
            self._read_times(state, tuple(missing))

    @work(exclusive=True, group="times")
    async def _read_times(self, state: RunState, missing: tuple[int, ...]) -> None:
        record = state.record
        if record is None or self.room is None:
            return
        places = {at: state.place(found) for at, found in enumerate(record.measurements)}
        wanted = [at for at, place in places.items() if place in missing]
        try:
            found = await self.room.spread(record.id, wanted)
        except QtuiError as error:
            self._waits = clean(worded(error))
        else:
            self._waits = ""
            known = {places.get(each.measurement): each for each in found}
            self._take_times(state, {at: each for at, each in known.items() if at is not None})
        self._redraw()

    def _take_times(self, state: RunState, found: dict[int, Distribution]) -> None:
        if self._spread_of == state.run_id:
            self._spread = MappingProxyType({**self._spread, **found})

    def _redraw(self) -> None:
        if self.state is not None:
            self.query_one(Chart).look = Look(self.state, self.chosen, self._spread, self._waits)

    # --- words ----------------------------------------------------------------------------------------------------

    def _detail(self) -> None:
        """Laid out anew only when it grows or shrinks: that costs more than all else that a key does."""
        if self.state is None or not self.size:
            return
        widget = self.query_one("#detail", Static)
        text = detail(self.state, self.chosen, self.size.width - BESIDE)
        lines = text.plain.count("\n")
        widget.update(text, layout=lines != self._detail_lines or not widget.size)
        self._detail_lines = lines
        if self._detail_of != (self.state.run_id, self.chosen):
            self._detail_of = (self.state.run_id, self.chosen)
            self.query_one(Notes).scroll_home(animate=False)


def _differ_in_progress_alone(before: RunState, now: RunState) -> bool:
    names = (field.name for field in fields(RunState) if field.name not in {"progress", "waiting"})
    paused = before.paused or now.paused
    return not paused and all(getattr(before, name) is getattr(now, name) for name in names)


def _page_line(page: str) -> Text:
    line = Text()
    for name, each in pages.PAGES.items():
        line.append("▸" if name == page else " ", ACCENT).append(each.title, "bold" if name == page else DIM)
        line.append(" ")
    return line


def _empty(key: str, goes_on: str, left: RunSummary | None) -> Text:
    head = Text("Nothing measured yet\n\n", "bold")
    if left is not None:
        head = Text.assemble(
            ("⚠ ", WARN), ("The last run was interrupted\n", "bold"), f"{in_a_line(left)}\n",
            "What was measured is kept: ", (goes_on, KEY), " goes on with it.\n\n",
        )  # fmt: skip
    return head + Text.assemble(
        "Choose what to measure in the plan, then press ", (key, KEY), ".\n",
        "Each method is built in a temporary store, measured against\n",
        "exact search on the same queries, and the run is kept.",
    )  # fmt: skip


def detail(state: RunState, at: int, width: int) -> Text:
    """What is known of one variant, with what is amiss beside its numbers, then what concerns the whole run.

    Folded to `width` cells.
    """
    lines = [] if at >= len(state.variants) else [*_variant(state, at)]
    if state.error:
        lines.append(Text.assemble(("✗ ", BAD), clean(state.error)))
    elif state.over == "partial":
        kept = state.record is not None or state.measured
        said = f"partial: interrupted before it was finished; {'what was measured' if kept else 'nothing'} is kept"
        lines.append(Text.assemble(("⚠ ", WARN), said))
    lines += [Text.assemble(("✗ ", BAD), f"{each.method}: ", _words(each.error)) for each in state.failed]
    lines += [Text.assemble(("⚠ ", WARN), _words(warning.text)) for warning in state.general_warnings]
    return Text("\n").join(hanging(line, width) for line in lines)


def _words(text: str) -> str:
    return clean(in_app_words(text))


def _variant(state: RunState, at: int) -> list[Text]:
    variant, found = state.variants[at], state.measured.get(at)
    head = Text.assemble((f"{variant.method} {where(state, variant)}", "bold"))
    lines = [head.append("  " + _collection(state, variant.method), DIM)]
    if found is not None:
        lines.append(Text(_recall(found)))
        lines.append(Text.assemble("engine ms  ", _latency(found.engine_ms), ("  round trip ", DIM), _p50(found)))
        lines += [Text.assemble(("✗ ", BAD), f"{each.count} x {_words(each.error)}") for each in found.failures]
    return lines + [Text.assemble(("⚠ ", WARN), _words(warning.text)) for warning in state.warnings_about(at)]


def _collection(state: RunState, method: str) -> str:
    ready = state.collection(method)
    if ready is None:
        return "" if state.failure(method) else "not built yet" if state.running else ""
    quantized = ready.bytes_per_vector.quantized
    size = f"{ready.bytes_per_vector.original:,.0f}" + ("" if quantized is None else f" → {quantized:,.0f}")
    built = "" if method == "none" else f", built {ready.built.segments}/{ready.built.of}"
    return f"{size} B/vector, {units.ratio(ready.compression.measured)}{built}"


def _recall(found: Measurement) -> str:
    if found.recall is None and found.errors >= found.queries:
        return "recall unknown: no search was answered"
    if found.recall is None:
        return "recall unknown: there is no exact truth"
    recall = found.recall
    interval = f"[{units.share(recall.low)}, {units.share(recall.high)}]"
    n = f"{found.queries:,} {'query' if found.queries == 1 else 'queries'}, {found.errors:,} errors"
    return f"recall     {units.share(recall.mean)} {interval} 95%, worst {units.share(recall.min)}, {n}"


def _latency(latency: Latency | None) -> str:
    if latency is None:
        return units.ABSENT
    low, high = latency.ci.p50
    return (
        f"p50 {units.millis(latency.p50)} [{units.millis(low)}, {units.millis(high)}], max {units.millis(latency.max)}"
    )


def _p50(found: Measurement) -> str:
    trip = found.round_trip_ms
    return f"p50 {units.millis(trip.p50 if trip else None)}"
