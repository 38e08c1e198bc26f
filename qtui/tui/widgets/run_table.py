"""The table of kept runs: a row each, newest first. Rows are keyed, so that an update keeps the cursor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text
from textual import events

from qtui import units
from qtui.records import RunSummary
from qtui.tui import runlist
from qtui.tui.text import fitted
from qtui.tui.theme import ACCENT, DIM, GOOD, WARN
from qtui.tui.widgets.tables import MOST_ROWS, RowTable

COLUMNS = (("", 1), ("when", 16), ("status", 10), ("points", 8), ("dim", 5), ("k", 3), ("variants", 8), ("id", 21))
"""Besides the name, which takes what is left; the id goes where the window is narrow."""
FIGURES = ("points", "dim", "k", "variants")
NAME_LEAST = 16
BESIDE = 2
"""Columns of the window that the table leaves free."""
SHORT_WHEN = 11
"""Month, day and time: the year gives way to the name where the window is narrow."""


class RunTable(RowTable):
    """Every run, or those that a filter lets through."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id, cell_padding=0)
        self.runs: tuple[RunSummary, ...] = ()
        self.marked: str | None = None
        self._filled_for = 0

    def on_resize(self, _: events.Resize) -> None:
        """The columns follow the width."""
        if self.size.width != self._filled_for:
            self.fill()

    def show(self, runs: Sequence[RunSummary], marked: str | None) -> None:
        """These runs; the marked one carries a sign."""
        self.runs, self.marked = tuple(runs), marked
        self.fill()

    def fill(self) -> None:
        """Draws all rows, with the cursor on the same run as before."""
        before = self.row
        # before it is laid out as wide as it will be, so that no frame shows it empty
        full = self._filled_for = self.size.width or self.app.size.width - BESIDE
        wide = full >= 100
        columns = [(name, SHORT_WHEN if name == "when" and not wide else width) for name, width in COLUMNS]
        columns = columns if wide else columns[:-1]
        room = max(NAME_LEAST, full - sum(width + 1 for _, width in columns) - 2)
        columns.insert(2, ("name or data", room))
        self.clear(columns=True)
        for title, width in columns:
            self.add_column(Text(f"{title:>{width}}" if title in FIGURES else title), width=width + 1, key=title)
        shown = self.runs[:MOST_ROWS]
        for run in shown:
            cells = self._cells(run, room, wide=wide)
            self.add_row(*[cell for cell, _ in zip(cells, columns, strict=False)], key=run.id)
        ids = [run.id for run in shown]
        if before in ids:
            self.move_cursor(row=ids.index(before))

    def go_to(self, run_id: str) -> None:
        """The cursor on that run, where it is shown."""
        ids = [run.id for run in self.runs[:MOST_ROWS]]
        if run_id in ids:
            self.move_cursor(row=ids.index(run_id))

    def _cells(self, run: RunSummary, room: int, *, wide: bool) -> Iterator[Text]:
        data = run.dataset
        yield Text("●" if run.id == self.marked else " ", ACCENT)
        yield Text(runlist.when(run)[0 if wide else -SHORT_WHEN :])
        yield Text(fitted(runlist.title(run), room), "bold" if run.name else "")
        yield Text(runlist.status(run), GOOD if run.status == "complete" else WARN)
        values = (units.count(data.points), f"{data.dimension}", f"{data.k}", f"{run.measurements:,}")
        widths = dict(COLUMNS)
        for title, value in zip(FIGURES, values, strict=True):
            yield Text(f"{value:>{widths[title]}}")
        yield Text(fitted(run.id, widths["id"]), DIM)
