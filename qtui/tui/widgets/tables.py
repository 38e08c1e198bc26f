"""The two tables: collections, and the variants of a run. Rows are keyed, so that updates keep the cursor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.widgets import DataTable

from qtui import units
from qtui.methods import METHODS
from qtui.model import CollectionView
from qtui.tui import figures, inspection
from qtui.tui.fold import RunState, label
from qtui.tui.text import fitted
from qtui.tui.theme import BAD, DIM, WARN

MOST_ROWS = 1_000
GAP = 1
"""Blank cells after each column of the collection table."""


class RowTable(DataTable[Text], inherit_bindings=False):
    """A table of whole rows, moved through with arrows or j and k; Enter is left to the panel."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "cursor_down", show=False),
        Binding("up,k", "cursor_up", show=False),
        Binding("right", "scroll_right", show=False),
        Binding("left", "scroll_left", show=False),
        Binding("pagedown", "page_down", show=False),
        Binding("pageup", "page_up", show=False),
        Binding("home,g", "scroll_top", show=False),
        Binding("end,G", "scroll_bottom", show=False),
    ]

    def __init__(self, *, id: str, cell_padding: int = 1) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id, cursor_type="row", cell_padding=cell_padding)

    @property
    def row(self) -> str | None:
        """The key of the highlighted row."""
        if not self.is_valid_row_index(self.cursor_row):
            return None
        return self.coordinate_to_cell_key(self.cursor_coordinate).row_key.value


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the collection table."""

    title: str
    width: int
    cell: Callable[[CollectionView], str]
    order: Callable[[CollectionView], object]
    right: bool = False

    def placed(self, text: str, width: int) -> str:
        """The text cut to `width` cells, on its side of the column, with the gap after it."""
        cut = fitted(text, width)
        blanks = " " * (width - cell_len(cut))
        return f"{blanks}{cut} " if self.right else f"{cut}{blanks} "


def _status(view: CollectionView) -> str:
    return f"{inspection.status(view)[0]} {view.status}"


COLUMNS = (
    Column("name", 12, lambda view: view.name, lambda view: view.name),
    Column("points", 7, lambda view: units.count(view.points), lambda view: view.points, right=True),
    Column("vectors", 10, figures.vectors, figures.vectors),
    Column("quantization", 13, figures.quantization, figures.quantization),
    Column("built", 6, lambda view: figures.built(view)[0], lambda view: figures.built(view)[0]),
    Column("RAM est", 9, lambda view: units.size(figures.ram_estimate(view)), figures.ram_estimate, right=True),
    Column("originals", 10, figures.originals, figures.originals),
    Column("status", 9, _status, lambda view: view.status),
)
NAME_ROOM = 4
"""Cells that names are given before columns are."""
OPTIONAL = ("status", "vectors", "originals")
"""Left out in this order where the window is too narrow."""


class CollectionTable(RowTable):
    """Every collection of the store, sorted and filtered."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id, cell_padding=0)
        self.views: tuple[CollectionView, ...] = ()
        self.sort_by = "name"
        self.words = ""

    def on_resize(self, _: events.Resize) -> None:
        """The columns follow the width."""
        self.fill()

    def show_views(self, views: tuple[CollectionView, ...], words: str) -> None:
        """These collections, those that hold all `words` in their name or method."""
        self.views, self.words = views, words
        self.fill()

    def sort_next(self) -> str:
        """Sorts by the next column; returns its title."""
        titles = [column.title for column in self._columns()]
        at = titles.index(self.sort_by) if self.sort_by in titles else -1
        self.sort_by = titles[(at + 1) % len(titles)]
        self.fill()
        return self.sort_by

    def _columns(self) -> list[Column]:
        columns = list(COLUMNS)
        for title in OPTIONAL:
            if sum(column.width + GAP for column in columns) + NAME_ROOM <= self.size.width:
                break
            columns = [column for column in columns if column.title != title]
        return columns

    @property
    def matching(self) -> list[CollectionView]:
        """The collections that the filter lets through, sorted."""
        words = self.words.lower().split()
        found = [v for v in self.views if all(w in f"{v.name} {figures.quantization(v)}".lower() for w in words)]
        column = next(column for column in COLUMNS if column.title == self.sort_by)
        found.sort(key=lambda view: (column.order(view), view.name), reverse=column.title in {"points", "RAM est"})
        return found

    def fill(self) -> None:
        """Draws all rows, with the cursor on the same collection as before."""
        if not self.size.width:
            return
        before, columns = self.row, self._columns()
        spare = self.size.width - sum(column.width + GAP for column in columns) - 1
        self.clear(columns=True)
        for column in columns:
            title = f"{column.title}{'▾' if column.title == self.sort_by else ''}"
            width = column.width + (max(0, min(spare, 28)) if column.title == "name" else 0)
            self.add_column(Text(column.placed(title, width)), width=width + GAP, key=column.title)
        found = self.matching[:MOST_ROWS]
        for view in found:
            self.add_row(*self._cells(view, columns), key=view.name)
        names = [view.name for view in found]
        if before in names:
            self.move_cursor(row=names.index(before))

    def _cells(self, view: CollectionView, columns: list[Column]) -> Iterator[Text]:
        for column, shown in zip(columns, self.ordered_columns, strict=True):
            width = shown.width - GAP
            text = Text(column.placed(column.cell(view), width))
            if column.title == "name" and view.status != "green":
                sign, style = inspection.status(view)
                text = Text.assemble((f"{sign} ", style), fitted(view.name, width - 2))
            elif column.title == "built" and not figures.built(view)[1]:
                text.stylize(WARN)
            elif column.title == "status":
                text.stylize(inspection.status(view)[1])
            yield text


RESULT_COLUMNS = (
    ("method", 15),
    ("rescore", 7),
    ("recall", 6),
    ("p50 ms", 6),
    ("p95", 6),
    ("p99", 6),
    ("QPS", 6),
    ("speed", 5),
    (" ", 2),
)


class ResultTable(RowTable):
    """The variants of a run, in the plan's order, with their figures as they come."""

    def on_mount(self) -> None:
        """The columns stay as they are."""
        for index, (title, width) in enumerate(RESULT_COLUMNS):
            self.add_column(Text(title, justify="left" if index < 2 else "right"), width=width, key=title)
        self._state: RunState | None = None

    def show(self, state: RunState) -> None:
        """Shows a run; cells of rows that are there already are updated in place."""
        before, self._state = self._state, state
        if before is None or before.variants is not state.variants:
            self.clear()
            for at in range(min(len(state.variants), MOST_ROWS)):
                self.add_row(*result_cells(state, at), key=str(at))
            return
        for at in range(min(len(state.variants), MOST_ROWS)):
            self._update(at, result_cells(state, at))

    def _update(self, at: int, cells: list[Text]) -> None:
        for (title, _), cell in zip(RESULT_COLUMNS, cells, strict=True):
            if self.get_cell(str(at), title) != cell:
                self.update_cell(str(at), title, cell)


def result_cells(state: RunState, at: int) -> list[Text]:
    """One row: method, rescoring, recall, engine latencies, rate, speed-up, and ⚠ or ✗ where something is amiss."""
    variant = state.variants[at]
    found = state.measured.get(at)
    ef = f" ef{variant.search.hnsw_ef}" if len(state.request.hnsw_ef) > 1 else ""
    cells = [Text(f"{METHODS[variant.method].letter} {variant.method}"), Text(f"{label(variant)}{ef}")]
    if found is None:
        failed = state.failure(variant.method)
        cells += [Text("–" if state.over or failed else "·", DIM, justify="right") for _ in range(6)]
        return [*cells, Text("✗" if failed else "", BAD, justify="right")]
    latency = found.engine_ms
    shown = (
        units.share(found.recall.mean if found.recall else None),
        units.millis(latency.p50 if latency else None),
        units.millis(latency.p95 if latency else None),
        units.millis(latency.p99 if latency else None),
        rate(found.qps),
        units.ratio(found.speedup.engine if found.speedup else None),
    )
    sign, style = ("✗", BAD) if found.errors else ("⚠", WARN) if state.warnings_about(at) else ("", "")
    return [*cells, *(Text(value, justify="right") for value in shown), Text(sign, style, justify="right")]


def rate(qps: float | None) -> str:
    """Searches a second in at most six characters."""
    if qps is None:
        return units.ABSENT
    return f"{qps:,.0f}" if qps < 99_999.5 else f"{qps / 1000:,.0f}k"


def as_text(state: RunState) -> str:
    """The whole table as plain text, for the clipboard."""
    head = [title for title, _ in RESULT_COLUMNS]
    rows = [[cell.plain for cell in result_cells(state, at)] for at in range(len(state.variants))]
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    lines = []
    for row in [head, *rows]:
        cells = [f"{c:<{w}}" if i < 2 else f"{c:>{w}}" for i, (c, w) in enumerate(zip(row, widths, strict=True))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines) + "\n"
