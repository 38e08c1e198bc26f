"""The methods to choose from, each with what a collection of it would take, as wide as there is room."""

from __future__ import annotations

from collections.abc import Mapping

from textual.content import Content
from textual.message import Message
from textual.reactive import var
from textual.widgets import OptionList

from qtui import units
from qtui.estimate import Forecast
from qtui.methods import METHODS
from qtui.tui.text import clean, fitted
from qtui.tui.widgets.controls import MethodList

_WIDE = 52
_HEADS = ("bytes", "smaller", "RAM est", "build est")
_WIDTHS = (7, 8, 11, 10)


class ForecastList(MethodList):
    """A method list with figures; locked, it shows its choice and changes nothing.

    A method that the engine can't do has the reason in place of its figures, and can't be chosen.
    """

    DEFAULT_CSS = """
    ForecastList { height: auto; max-height: 100%; background: $surface; scrollbar-size: 1 1; }
    """
    forecasts: var[dict[str, Forecast]] = var(dict)
    locked: var[bool] = var(default=False)
    refused: var[Mapping[str, str]] = var(dict)
    """Methods that the engine can't do → why."""

    def head(self) -> str:
        """The titles of the columns, over them."""
        return f"    {'method':<15}" + "".join(f"{title:>{width}}" for title, width in self._shown(_HEADS))

    def _shown(self, cells: tuple[str, ...]) -> list[tuple[str, int]]:
        many = len(_HEADS) if self.size.width >= _WIDE else 2
        return list(zip(cells, _WIDTHS, strict=True))[:many]

    def watch_forecasts(self) -> None:
        """Draws the figures anew."""
        self.watch_chosen()

    class Widened(Message):
        """Another width shows other columns: the head over them changes, too."""

    def on_resize(self) -> None:
        """Columns follow the width."""
        self.watch_chosen()
        self.post_message(self.Widened())

    def _line(self, name: str) -> Content:
        if name in self.refused:
            said = f"    {METHODS[name].letter} {name:<13}  "
            room = self.scrollable_content_region.width - len(said)
            why = self.refused[name].partition(";")[0].replace(" or newer", "+")
            why = fitted(why if len(why) <= room else why.removeprefix("needs "), max(8, room))
            return Content.assemble((f"{said}{why}", "$foreground-muted"))
        on = name in self.chosen
        found = self.forecasts.get(name)
        cells = ("", "", "", "") if found is None else _cells(found)
        figures = "".join(f"{cell:>{width}}" for cell, width in self._shown(cells))
        mark = ("[x]", "bold $primary") if on else ("   " if self.locked else "[ ]", "$foreground-muted")
        return Content.assemble(
            mark, f" {METHODS[name].letter} {name:<13}", (figures, "" if on else "$foreground-muted")
        )

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Flips one, unless it is locked, or nothing that the engine can do."""
        name = event.option_id or ""
        if self.locked or name in self.refused:
            event.stop()
            event.prevent_default()
        if name in self.refused:
            self.notify(f"{name}: {clean(self.refused[name])}", severity="warning", markup=False)


def _cells(found: Forecast) -> tuple[str, str, str, str]:
    size = found.original_bytes if found.quantized_bytes is None else found.quantized_bytes
    return (
        f"{size:,}",
        units.ratio(found.compression) if found.quantized_bytes is not None else units.ABSENT,
        units.size(found.ram_bytes),
        units.duration(found.seconds),
    )
