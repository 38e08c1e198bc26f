"""Recall against memory as a table, a row a variant, with the target as a line through all rows."""

from __future__ import annotations

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.reactive import reactive
from textual.widgets import Static

from qtui.advice import Advice
from qtui.tui import advising
from qtui.tui.widgets.tables import RowTable

MOST_ROWS = 200


class Curve(Vertical):
    """The variants that were weighed, smallest first; the cursor stands on the choice."""

    DEFAULT_CSS = """
    Curve > #curve-legend { height: auto; max-height: 2; padding: 0 2; }
    """
    advice: reactive[Advice | None] = reactive(None)

    def compose(self) -> ComposeResult:
        """The table, and what its signs stand for."""
        yield RowTable(id="curve-table", cell_padding=0)
        yield Static(id="curve-legend")

    def watch_advice(self) -> None:
        """Other variants, or another target."""
        self.call_after_refresh(self._draw)

    def on_resize(self, _: events.Resize) -> None:
        """The strips follow the width."""
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        found, table = self.advice, self.query_one(RowTable)
        if found is None or not self.size.width:
            return
        axis = advising.Axis.over(found, advising.strip_width(self.size.width))
        rows = advising.on_the_curve(found, MOST_ROWS)
        table.clear(columns=True)
        for heading, width in advising.CURVE:
            right = heading not in {"", "variant"}
            table.add_column(Text(f"{heading:>{width}}" if right else heading), width=width + advising.GAP, key=heading)
        table.add_column(Text(axis.ruler()), width=axis.width, key="axis")
        several = advising.several_efs(found)
        for each in rows:
            table.add_row(*advising.curve_row(each, axis, ef=several), key=str(each.measurement))
        chosen = found.chosen
        if chosen is not None and chosen in rows:
            table.move_cursor(row=rows.index(chosen))
        self.query_one("#curve-legend", Static).update(advising.legend(found, len(rows)))
