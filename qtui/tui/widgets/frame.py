"""The frame of every screen: the header line, the tab line and the footer line, each one row high."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.text import Text
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget

from qtui.host.state import RoomState
from qtui.tui.commands import active
from qtui.tui.tabs import Tab
from qtui.tui.text import clean, fitted
from qtui.tui.theme import ACCENT, BAD, CHOSEN, DIM, GOOD, KEY, RULE, WARN

MORE = "…"
"""Behind the keys of the footer, where there are others."""
STATES = {
    "ready": ("●", GOOD),
    "starting": ("○", WARN),
    "measuring": ("◆", ACCENT),
    "paused": ("‖", WARN),
    "building": ("▲", ACCENT),
    "waiting": ("◌", WARN),
    "restarting": ("↻", BAD),
    "stopping": ("◌", WARN),
    "closed": ("✗", BAD),
    "no answer": ("✗", BAD),
}
GOES_BY = frozenset({"stopping", "leaving"})
"""States that end by themselves: written with dots."""


class Header(Widget):
    """Where we are connected, to which engine, and what it does at the moment."""

    state: reactive[RoomState] = reactive(RoomState("starting", ""))
    where: reactive[str] = reactive("")
    engine: reactive[str] = reactive("")
    read_only: reactive[bool] = reactive(default=False)
    away: reactive[bool] = reactive(default=False)
    """The server did not answer when it was last read from."""
    leaving: reactive[bool] = reactive(default=False)
    """The app ends: what is pending is being written."""

    def render(self) -> Text:
        """Name and place on the left, the state on the right; the place gives way when it's tight."""
        away = self.away and self.state.status == "ready"
        status = "leaving" if self.leaving else "no answer" if away else self.state.status
        sign, style = STATES.get(status, ("○", WARN))
        right = Text.assemble((f"{sign} ", style), clean(status), "…" if status in GOES_BY else "")
        if self.read_only:
            right = Text.assemble(("read-only  ", WARN), right)
        left = Text.assemble((" qtui ", KEY), " ")
        engine = f"  {clean(self.engine)}" if self.engine else ""
        room = self.size.width - left.cell_len - cell_len(engine) - right.cell_len - 4
        left.append(fitted(self.where, room) if room > 3 else "").append(engine, DIM)
        return left + Text(" " * max(1, self.size.width - left.cell_len - right.cell_len - 1)) + right


class TabLine(Widget):
    """The tabs, with the current one marked by brackets and weight."""

    current: reactive[str] = reactive("")

    def __init__(self, tabs: tuple[Tab, ...], current: str) -> None:
        super().__init__()
        self.tabs = tabs
        self.set_reactive(TabLine.current, current)

    def render(self) -> Text:
        """One line: the tabs, then a rule to the edge."""
        line = Text("─", RULE)
        for tab in self.tabs:
            chosen = tab.panel == self.current
            line.append("┤" if chosen else " ", ACCENT if chosen else "")
            line.append(f" {tab.digit} {tab.title} ", CHOSEN if chosen else DIM)
            line.append("├" if chosen else " ", ACCENT if chosen else "")
        return line.append("─" * max(0, self.size.width - line.cell_len), RULE)


class KeyLine(Widget):
    """The keys that work here and now, as many as there is room for; the help has all."""

    _drawn: Text | None = None

    def on_mount(self) -> None:
        """Follows the focus and whatever else changes the bindings."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def _changed(self, _: Screen[object]) -> None:
        # it is told with every key, and drawing the last line has Textual look through all that is above it
        if self._line() != self._drawn:
            self.refresh()

    def render(self) -> Text:
        """Key and label of each command, nearest to the focus first; those of the whole app stand on the right."""
        self._drawn = self._line()
        return self._drawn

    def _line(self) -> Text:
        here: list[tuple[str, str]] = []
        everywhere: list[tuple[str, str]] = []
        for each in active(self.screen):
            if each.command.label:
                (everywhere if each.node is self.app else here).append((each.key, each.command.label))
        right = Text("").join(_labelled(*piece) for piece in everywhere)
        room = self.size.width - right.cell_len
        left = next(line for line in _shorter(here) if line.cell_len <= room or not line)
        return left + Text(" " * max(0, room - left.cell_len)) + right


def _labelled(key: str, label: str) -> Text:
    return Text.assemble(" ", (key, KEY), " ", label, " ")


def _shorter(pieces: Sequence[tuple[str, str]]) -> Iterator[Text]:
    """All, then ever fewer: the last ones give way to a sign that there are more."""
    labelled = [_labelled(*piece) for piece in pieces]
    yield Text("").join(labelled)
    for kept in range(len(pieces) - 1, 0, -1):
        yield Text("").join([*labelled[:kept], Text(f" {MORE}", DIM)])
    yield Text("")
