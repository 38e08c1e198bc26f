"""The tabs: which there are, and making each panel when it is first opened, so that starting costs only the first."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

from textual.widget import Widget
from textual.widgets import ContentSwitcher

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.reactive import Reactive

    from qtui.preferences import Memory
    from qtui.tui.room import Room


class Panel(Protocol):
    """What a tab shows: a widget that takes the engine room and its own id, and knows how to help."""

    HELP_TITLE: str
    HELP: str

    def focus_default(self) -> None:
        """Gives the focus to what has it when the tab opens."""


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab of the app: its digit, its title, the id of its panel, and where the panel's class is."""

    digit: str
    title: str
    panel: str
    place: str
    """module:class; imported when the tab is first opened."""

    def make(self, room: Room) -> Widget:
        """The panel."""
        module, _, name = self.place.partition(":")
        made = getattr(import_module(module), name)(room, id=self.panel)
        assert isinstance(made, Widget)
        return made


TABS = (
    Tab("1", "Collections", "collections", "qtui.tui.panels.collections:CollectionsPanel"),
    Tab("2", "Search", "search", "qtui.tui.panels.search:SearchPanel"),
    Tab("3", "Benchmark", "benchmark", "qtui.tui.panels.benchmark:BenchmarkPanel"),
    Tab("4", "Advise", "advise", "qtui.tui.panels.advise:AdvisePanel"),
    Tab("5", "Runs", "runs", "qtui.tui.panels.runs:RunsPanel"),
)


class Tabs(ContentSwitcher):
    """One panel at a time. A panel's reactives that are called like the app's follow the app's."""

    def __init__(self, room: Callable[[], Room], memory: Memory, *follow: Reactive[Any]) -> None:
        """`room` is asked for when the first panel is made, and not before."""
        super().__init__()
        self._room, self._memory, self._follow = room, memory, follow

    @property
    def panel(self) -> Panel:
        """The panel that is open."""
        return cast("Panel", self.query_one(f"#{self.current}"))

    def on_descendant_blur(self) -> None:
        """What has the focus may go, when the window gets narrow: then the keys of its panel would be dead."""
        self.call_after_refresh(self._keep_focus)

    def _keep_focus(self) -> None:
        if self.is_attached and self.screen.focused is None and self.current is not None:
            self.panel.focus_default()

    async def open(self, id_: str) -> Widget:
        """Opens a tab; its panel has the focus and is returned."""
        if not self.query(f"#{id_}"):
            tab = next(tab for tab in TABS if tab.panel == id_)
            panel = tab.make(self._room())
            recall = getattr(panel, "recall", None)
            if recall is not None:
                recall(self._memory)
            panel.data_bind(*(each for each in self._follow if hasattr(type(panel), each.name)))
            await self.add_content(panel)
        self.current = id_
        self.panel.focus_default()
        panel, focused = self.query_one(f"#{id_}"), self.screen.focused
        if focused is not None and self in focused.ancestors and panel not in focused.ancestors_with_self:
            self.screen.set_focus(None)  # a panel without anything to focus: no key may act on one that isn't seen
        return panel
