"""A chart on the screen: kept as drawn until its data or its size changes, so that a repaint costs nothing."""

from __future__ import annotations

from textwrap import wrap

from rich.segment import Segment
from rich.style import Style
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from qtui.tui.text import fitted
from qtui.tui.widgets.plot import Drawing, Series, draw

QUIET = Style.parse("grey62")


class Chart(Widget):
    """Recall against latency with its caption; draws when it is looked at, not when data comes."""

    series: reactive[tuple[Series, ...]] = reactive(())
    axes: reactive[str] = reactive("")
    """What the axes are."""
    key: reactive[str] = reactive("")
    """What the letters mean; wrapped."""
    caption: reactive[str] = reactive("")
    """n, k and what it was measured on."""

    def render_line(self, y: int) -> Strip:
        """One row: of the chart, then of the lines under it."""
        return self._row(y).apply_style(self.rich_style)

    def _row(self, y: int) -> Strip:
        under = self._under()
        drawing = self._drawing(len(under))
        above = self.size.height - len(under)
        if y >= above:
            return self._line(under[y - above])
        if y < len(drawing.rows):
            return drawing.rows[y]
        said = "Too small a window for a chart." if self.series else "No marks yet: they come with the first figures."
        return self._line(f"  {said}" if y == 1 and not drawing.rows else "")

    def _drawing(self, under: int) -> Drawing:
        return draw(self.series, self.size.width, self.size.height - under)

    def _under(self) -> list[str]:
        keys = [line.replace("\N{NO-BREAK SPACE}", " ") for line in wrap(self.key, max(20, self.size.width))]
        lines = [self.axes, *keys, self.caption]
        hidden = self._drawing(len(lines)).hidden
        if hidden:
            lines[-1] += f"; {hidden} mark{'' if hidden == 1 else 's'} under others"
        return lines

    def _line(self, text: str) -> Strip:
        return Strip([Segment(fitted(text, self.size.width) if text else "", QUIET)]).adjust_cell_length(
            self.size.width
        )
