"""The outcome of a run: progress, table, what concerns the highlighted row, and the charts. Shows what it is given."""

from __future__ import annotations

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.reactive import reactive
from textual.widgets import DataTable, Static

from qtui import units
from qtui.records import Latency, Measurement
from qtui.tui import charts
from qtui.tui.fold import RunState, label
from qtui.tui.text import clean
from qtui.tui.theme import ACCENT, BAD, DIM, KEY, WARN
from qtui.tui.widgets.chart import Chart
from qtui.tui.widgets.progress import ProgressLine
from qtui.tui.widgets.tables import ResultTable

PAGES = ("chart", "latency", "memory")
PAGE_TITLES = {
    "chart": "recall / latency",
    "latency": "p50 p95 p99",
    "memory": "memory",
}


class Results(Vertical):
    """One run, while it is measured and after."""

    state: reactive[RunState | None] = reactive(None)
    page: reactive[str] = reactive("chart")

    def compose(self) -> ComposeResult:
        """From top to bottom; the narrow layout shows one page of it at a time."""
        yield ProgressLine(id="bench-progress")
        yield Static(id="empty")
        with Vertical(id="figures"):
            yield ResultTable(id="results-table")
            with VerticalScroll(id="notes", can_focus=False):
                yield Static(id="detail")
        with Vertical(id="pages"):
            yield Static(id="page-title")
            yield Chart(id="chart")
            with VerticalScroll(id="text-page", can_focus=False):
                yield Static(id="page-text")

    def on_mount(self) -> None:
        """Nothing measured yet."""
        self._chart = PAGES[0]
        self.watch_state()

    def watch_state(self) -> None:
        """New figures: the table at once, the page that is looked at, and nothing else."""
        if not self.is_mounted:
            return
        state = self.state
        self.query_one("#empty").display = state is None
        self.query_one("#figures").set_class(state is None, "-nothing")
        self.query_one("#pages").set_class(state is None, "-nothing")
        progress = self.query_one(ProgressLine)
        progress.active = state is not None and state.running
        if state is None:
            self.query_one("#empty", Static).update(EMPTY)
            return
        progress.progress = state.progress
        self.query_one(ResultTable).show(state)
        self._detail()
        self.draw_page()

    def watch_page(self) -> None:
        """Another page is looked at."""
        if self.is_mounted:
            self.draw_page()

    def on_resize(self) -> None:
        """Text pages follow the width."""
        self.draw_page()

    def draw_page(self) -> None:
        """The page that is looked at; charts keep what they have drawn while nothing changed."""
        state = self.state
        for name in (*PAGES, "table", "plan"):
            self.set_class(name == self.page, f"-{name}")
        page = self._chart = self.page if self.page in PAGES else self._chart
        if state is None or not self.query_one("#pages").display:
            return
        self.query_one("#page-title", Static).update(_page_line(page))
        chart, scroll = self.query_one(Chart), self.query_one("#text-page")
        chart.display, scroll.display = page == "chart", page != "chart"
        if page == "chart":
            chart.series = charts.recall_latency(state)
            k = state.request.limit
            chart.axes = f"↑ recall@{k}  → p50 engine ms, log  digit: oversampling, none: no rescore"
            chart.key, chart.caption = charts.key(state), charts.made_of(state)
        else:
            width = max(40, self.size.width - 3)
            draw = charts.percentiles if page == "latency" else charts.memory
            self.query_one("#page-text", Static).update(draw(state, width))

    @on(DataTable.RowHighlighted)
    def _row_highlighted(self) -> None:
        self._detail()

    def _detail(self) -> None:
        row, state = self.query_one(ResultTable).row, self.state
        if state is not None:
            self.query_one("#detail", Static).update(detail(state, int(row or 0)))


def _page_line(page: str) -> Text:
    line = Text()
    for name, title in PAGE_TITLES.items():
        line.append("▸ " if name == page else "  ", ACCENT).append(title, "bold" if name == page else DIM).append("  ")
    return line


EMPTY = Text.assemble(
    ("Nothing measured yet\n\n", "bold"),
    "Choose what to measure in the plan, then press ", ("b", KEY), ".\n",
    "Each method is built in a temporary store, measured against\n",
    "exact search on the same queries, and the run is kept.",
)  # fmt: skip


def detail(state: RunState, at: int) -> Text:
    """What is known of one variant, with what is amiss beside its numbers, then what concerns the whole run."""
    lines = [] if at >= len(state.variants) else [*_variant(state, at)]
    if state.error:
        lines.append(Text.assemble(("✗ ", BAD), clean(state.error)))
    elif state.over == "partial":
        lines.append(Text.assemble(("⚠ ", WARN), "partial: cancelled before it was finished; what there is is kept"))
    lines += [Text.assemble(("✗ ", BAD), f"{each.method}: ", clean(each.error)) for each in state.failed]
    lines += [Text.assemble(("⚠ ", WARN), clean(warning.text)) for warning in state.general_warnings]
    return Text("\n").join(lines)


def _variant(state: RunState, at: int) -> list[Text]:
    variant, found = state.variants[at], state.measured.get(at)
    head = Text.assemble((f"{variant.method} {label(variant)}", "bold"))
    lines = [head.append("  " + _collection(state, variant.method), DIM)]
    if found is not None:
        lines.append(Text(_recall(found)))
        lines.append(Text.assemble("engine ms  ", _latency(found.engine_ms), ("  round trip ", DIM), _p50(found)))
        lines += [Text.assemble(("✗ ", BAD), f"{each.count} x {clean(each.error)}") for each in found.failures]
    return lines + [Text.assemble(("⚠ ", WARN), clean(warning.text)) for warning in state.warnings_about(at)]


def _collection(state: RunState, method: str) -> str:
    ready = state.collection(method)
    if ready is None:
        return "" if state.failure(method) else "not built yet" if state.running else ""
    quantized = ready.bytes_per_vector.quantized
    size = f"{ready.bytes_per_vector.original:,.0f}" + ("" if quantized is None else f" → {quantized:,.0f}")
    built = "" if method == "none" else f", built {ready.built.segments}/{ready.built.of}"
    return f"{size} B/vector, {units.ratio(ready.compression.measured)}{built}"


def _recall(found: Measurement) -> str:
    if found.recall is None:
        return "recall unknown: there is no exact truth"
    recall = found.recall
    interval = f"[{units.share(recall.low)}, {units.share(recall.high)}]"
    n = f"{found.queries} queries, {found.errors} errors"
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
