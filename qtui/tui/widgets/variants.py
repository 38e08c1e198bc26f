"""The table of a run's variants: one row each, in the plan's order. Only rows in view are made."""

from __future__ import annotations

from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from qtui import units
from qtui.methods import METHODS
from qtui.tui.bars import sign_of
from qtui.tui.fold import RunState, where
from qtui.tui.text import fitted
from qtui.tui.theme import ACCENT, BAD, DIM

COLUMNS = (
    ("method", 16),
    ("rescore", 8),
    ("recall", 7),
    ("p50 ms", 7),
    ("p95", 7),
    ("p99", 7),
    ("QPS", 8),
    ("speed", 7),
)
"""Title and cells; the second one gets what is left."""
SIGN = 2
"""Cells before the rows, for the cursor's mark, and as many after them, for ⚠ and ✗."""
LEFT = 2
"""So many columns stand on the left side of their cells."""
OF_ALL_ROWS = ("collections", "failed", "warnings", "over", "error", "request")
"""What of a run shows in more rows than those with new figures."""
BINDINGS: list[BindingType] = [
    Binding("down,j", "move(1)", show=False),
    Binding("up,k", "move(-1)", show=False),
    Binding("pagedown", "page(1)", show=False),
    Binding("pageup", "page(-1)", show=False),
    Binding("home,g", "to(0)", show=False),
    Binding("end,G", "to(-1)", show=False),
]
"""How variants are moved through; the charts have the same."""


class ResultTable(ScrollView, can_focus=True):
    """The variants of a run with their figures as they come; the heading stays in view."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"variants--cursor"}
    DEFAULT_CSS = """
    ResultTable { height: 1fr; scrollbar-size: 1 1; overflow-x: hidden; }
    ResultTable > .variants--cursor {
        background: $block-cursor-blurred-background;
        color: $block-cursor-blurred-foreground;
    }
    ResultTable:focus > .variants--cursor {
        background: $block-cursor-background;
        color: $block-cursor-foreground;
        text-style: bold;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = BINDINGS
    state: reactive[RunState | None] = reactive(None, repaint=False)
    cursor: reactive[int] = reactive(0, repaint=False)

    class Moved(Message):
        """Another variant is the chosen one."""

        def __init__(self, variant: int) -> None:
            super().__init__()
            self.variant = variant

    @property
    def row_count(self) -> int:
        """How many variants there are."""
        return 0 if self.state is None else len(self.state.variants)

    @property
    def row(self) -> str | None:
        """The chosen variant, by its index."""
        return str(self.cursor) if self.cursor < self.row_count else None

    def validate_cursor(self, cursor: int) -> int:
        """One of the rows."""
        return max(0, min(cursor, self.row_count - 1))

    def watch_state(self, before: RunState | None, now: RunState | None) -> None:
        """Another run begins at its top; of the same one the rows with other figures are drawn anew."""
        self.virtual_size = Size(self.size.width, self.row_count + 1)
        if before is None or now is None or before.variants is not now.variants:
            self.cursor = 0
            self.scroll_home(animate=False)
            self.refresh()
        elif any(getattr(before, name) is not getattr(now, name) for name in OF_ALL_ROWS):
            self.refresh()
        else:
            changed = (at for at, found in now.measured.items() if before.measured.get(at) is not found)
            self._refresh_rows(*changed)

    def watch_cursor(self, before: int, now: int) -> None:
        """The chosen row stays in view."""
        top = self.scroll_offset.y
        self._reveal()
        if top == self.scroll_offset.y:
            self._refresh_rows(before, now)
        else:
            self.refresh()
        self.post_message(self.Moved(now))

    def _refresh_rows(self, *rows: int) -> None:
        lines = [at - self.scroll_offset.y + 1 for at in rows]
        seen = [Region(0, y, self.size.width, 1) for y in lines if 0 < y < self.size.height]
        if seen:
            self.refresh(*seen)

    def on_resize(self) -> None:
        """The chosen row stays in view, in a lower window too."""
        self.virtual_size = Size(self.size.width, self.row_count + 1)
        self._reveal()

    def _reveal(self) -> None:
        body = max(1, self.size.height - 1)
        if self.cursor < self.scroll_offset.y:
            self.scroll_to(y=self.cursor, animate=False, immediate=True)
        elif self.cursor >= self.scroll_offset.y + body:
            self.scroll_to(y=self.cursor - body + 1, animate=False, immediate=True)

    def action_move(self, by: int) -> None:
        """The next or the previous variant."""
        self.cursor += by

    def action_page(self, by: int) -> None:
        """A window further."""
        self.cursor += by * max(1, self.size.height - 2)

    def action_to(self, at: int) -> None:
        """The first or the last variant."""
        self.cursor = at if at >= 0 else self.row_count - 1

    def on_click(self, event: events.Click) -> None:
        """Chooses the row."""
        if event.y > 0:
            self.cursor = self.scroll_offset.y + event.y - 1

    def render_line(self, y: int) -> Strip:
        """The heading, or one of the rows in view."""
        at = self.scroll_offset.y + y - 1
        width = self.size.width
        if y == 0:
            return self._strip(_line(_heading(), width, ""), Style())
        if self.state is None or at >= self.row_count:
            return Strip.blank(width, self.visual_style.rich_style)
        chosen = at == self.cursor
        style = self.get_component_rich_style("variants--cursor", partial=True) if chosen else Style()
        return self._strip(_line(result_cells(self.state, at), width, "▸" if chosen else ""), style)

    def _strip(self, line: Text, style: Style) -> Strip:
        segments = line.render(self.app.console)
        strip = Strip(segments).adjust_cell_length(self.size.width)
        return strip.apply_style(self.visual_style.rich_style + style)


def _heading() -> list[Text]:
    return [Text(title, DIM) for title, _ in COLUMNS] + [Text("")]


def _line(cells: list[Text], width: int, mark: str) -> Text:
    """The cells at their columns; what the window has beyond them is the second column's."""
    spare = max(0, min(8, width - SIGN * 2 - sum(size for _, size in COLUMNS)))
    line = Text.assemble((f"{mark:<{SIGN}}", ACCENT))
    for index, ((_, size), cell) in enumerate(zip(COLUMNS, cells, strict=False)):
        room = size + (spare if index == 1 else 0)
        text = fitted(cell.plain, room - (1 if index < LEFT else 0))
        line.append(f"{text:<{room}}" if index < LEFT else f"{text:>{room}}", cell.style)
    return line.append(" ").append_text(cells[-1])


def result_cells(state: RunState, at: int) -> list[Text]:
    """One row: method, rescoring, recall, engine latencies, rate, speed-up, and ⚠ or ✗ where something is amiss."""
    variant = state.variants[at]
    found = state.measured.get(at)
    cells = [Text(f"{METHODS[variant.method].letter} {variant.method}"), Text(where(state, variant))]
    if found is None:
        failed = state.failure(variant.method)
        cells += [Text("–" if state.over or failed else "·", DIM) for _ in COLUMNS[LEFT:]]
        return [*cells, Text("✗" if failed else "", BAD)]
    latency = found.engine_ms
    shown = (
        units.share(found.recall.mean if found.recall else None),
        units.millis(latency.p50 if latency else None),
        units.millis(latency.p95 if latency else None),
        units.millis(latency.p99 if latency else None),
        rate(found.qps),
        units.ratio(found.speedup.engine if found.speedup else None),
    )
    return [*cells, *(Text(value) for value in shown), Text(*sign_of(state, at, found))]


def rate(qps: float | None) -> str:
    """Searches a second in at most six characters."""
    if qps is None:
        return units.ABSENT
    return f"{qps:,.0f}" if qps < 99_999.5 else f"{qps / 1000:,.0f}k"


def as_text(state: RunState) -> str:
    """The whole table as plain text, for the clipboard."""
    head = [*(title for title, _ in COLUMNS), ""]
    rows = [[cell.plain for cell in result_cells(state, at)] for at in range(len(state.variants))]
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    lines = []
    for row in [head, *rows]:
        cells = [f"{c:<{w}}" if i < LEFT else f"{c:>{w}}" for i, (c, w) in enumerate(zip(row, widths, strict=True))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines) + "\n"
