"""A chart on the screen: kept as drawn until its data or its size changes, so that a repaint costs nothing."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from qtui.tui.text import fitted
from qtui.tui.widgets.plot import Series, draw


class Chart(Widget):
    """Recall against latency with its caption; draws when it is looked at, not when data comes."""

    series: reactive[tuple[Series, ...]] = reactive(())
    axes: reactive[str] = reactive("")
    """One line under the chart: what the axes are."""
    key: reactive[str] = reactive("")
    """One line: what the letters mean."""
    caption: reactive[str] = reactive("")
    """One line: n, k and what it was measured on."""

    def render_line(self, y: int) -> Strip:
        """One row: of the chart, then axes, key and caption."""
        width, height = self.size
        drawing = draw(self.series, width, height - 3)
        if y < height - 3:
            return drawing.rows[y] if y < len(drawing.rows) else self._empty(y)
        hidden = f"; {drawing.hidden} marks lie under others" if drawing.hidden else ""
        lines = (self.axes, self.key, f"{self.caption}{hidden}")
        return self._line(lines[y - height + 3])

    def _empty(self, y: int) -> Strip:
        said = "Too small a window for a chart." if self.series else "No marks yet: they come with the first figures."
        return (
            self._line(f"  {said}")
            if y == 1 and not draw(self.series, *self._room).rows
            else Strip.blank(self.size.width)
        )

    @property
    def _room(self) -> tuple[int, int]:
        return self.size.width, self.size.height - 3

    def _line(self, text: str) -> Strip:
        line = fitted(text, self.size.width) if text else ""
        return Strip([Segment(line, Style.parse("grey62"))]).adjust_cell_length(self.size.width)
