"""The frame of every screen: the header line, the tab line and the footer line, each one row high."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget

from qtui.tui.commands import active
from qtui.tui.room import RoomState
from qtui.tui.text import clean, fitted

STATES = {
    "ready": ("●", "green"),
    "starting": ("○", "yellow"),
    "measuring": ("◆", "cyan"),
    "building": ("▲", "cyan"),
    "restarting": ("↻", "red"),
    "closed": ("✗", "red"),
}


class Header(Widget):
    """Where we are connected, to which engine, and what it does at the moment."""

    state: reactive[RoomState] = reactive(RoomState("starting", ""))
    where: reactive[str] = reactive("")
    engine: reactive[str] = reactive("")
    read_only: reactive[bool] = reactive(default=False)

    def render(self) -> Text:
        """Name and place on the left, the state on the right; the place gives way when it's tight."""
        sign, style = STATES.get(self.state.status, ("○", "yellow"))
        right = Text.assemble((f"{sign} ", style), clean(self.state.status))
        if self.read_only:
            right = Text.assemble(("read-only  ", "yellow"), right)
        left = Text.assemble((" qtui ", "bold cyan"), " ")
        engine = f"  {clean(self.engine)}" if self.engine else ""
        room = self.size.width - left.cell_len - cell_len(engine) - right.cell_len - 4
        left.append(fitted(self.where, room) if room > 3 else "").append(engine, "grey62")
        return left + Text(" " * max(1, self.size.width - left.cell_len - right.cell_len - 1)) + right


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab of the app: its digit, its title, and the id of its panel."""

    digit: str
    title: str
    panel: str


class TabLine(Widget):
    """The tabs, with the current one marked by brackets and weight."""

    current: reactive[str] = reactive("")

    def __init__(self, tabs: tuple[Tab, ...]) -> None:
        super().__init__()
        self.tabs = tabs

    def render(self) -> Text:
        """One line: the tabs, then a rule to the edge."""
        line = Text("─", "grey42")
        for tab in self.tabs:
            chosen = tab.panel == self.current
            line.append("┤" if chosen else " ", "cyan" if chosen else "")
            line.append(f" {tab.digit} {tab.title} ", "bold reverse cyan" if chosen else "grey62")
            line.append("├" if chosen else " ", "cyan" if chosen else "")
        return line.append("─" * max(0, self.size.width - line.cell_len), "grey42")


class KeyLine(Widget):
    """The keys that work here and now; what doesn't fit is left out from the end, never cut."""

    def on_mount(self) -> None:
        """Follows the focus and whatever else changes the bindings."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def _changed(self, _: Screen[object]) -> None:
        self.refresh()

    def render(self) -> Text:
        """Key and label of each command, nearest to the focus first."""
        line = Text()
        for each in active(self.screen):
            if not each.command.label:
                continue
            piece = Text.assemble(" ", (each.key, "bold cyan"), " ", each.command.label, " ")
            if line.cell_len + piece.cell_len > self.size.width:
                break
            line.append_text(piece)
        return line
