"""The app as its user wants it: the theme, the keys that were bound anew, and what is remembered for the next start.

Owns how text is coloured and cleaned on its way to the terminal. Knows no tab and no panel.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import on, work
from textual.filter import LineFilter

from qtui.preferences import Memory, Preferences
from qtui.tui import commands
from qtui.tui.commands import keyed
from qtui.tui.messages import Remember
from qtui.tui.roomapp import RoomApp
from qtui.tui.text import PrintableOnly
from qtui.tui.theme import QUIET, Recolored, ours, readable

if TYPE_CHECKING:  # the first frame is painted before any of these is there
    from qtui.target import Target
    from qtui.tui.room import MakeRoom

SAVE_AFTER_S = 1.0
MOST_PROBLEMS = 5
"""Of config.toml are told at once."""


class OwnApp(RoomApp):
    """Follows `preferences`, and keeps `memory`."""

    def __init__(
        self,
        make_room: MakeRoom,
        target: Target | None = None,
        preferences: Preferences | None = None,
        memory: Memory | None = None,
    ) -> None:
        super().__init__(make_room, target)
        self.preferences = preferences or Preferences()
        self.memory = memory or Memory()
        self._net = PrintableOnly()
        self._choose_theme()

    def get_line_filters(self) -> Sequence[LineFilter]:
        """The theme's colours, Textual's own filters, and the net that lets printable text through alone."""
        # always the same objects: Textual keeps what a filter made of a line only for that very filter
        recolored = [self._recolored] if self._recolored.enabled else []
        return [*recolored, *super().get_line_filters(), self._net]

    def _choose_theme(self) -> None:
        """Before any style is read: with another theme all are read again."""
        self.register_theme(ours(self.console.color_system))
        self.register_theme(readable(self.available_themes["ansi-dark"]))
        wanted = self.preferences.theme or self.memory.get("theme", str) or QUIET.name
        self.set_reactive(OwnApp.theme, wanted if wanted in self.available_themes else QUIET.name)
        self._recolored = Recolored(self.current_theme)
        self._refresh_truecolor_filter(self.ansi_theme)  # by this theme, not by the one that Textual began with
        for name, holds in (("-dark-mode", self.current_theme.dark), ("-light-mode", not self.current_theme.dark)):
            self.set_class(holds, name, update=False)
        self.stylesheet.set_variables(self.get_css_variables())

    def tell_preferences(self) -> None:
        """Says what of config.toml can't be followed."""
        preferences = self.preferences
        if preferences.problems:
            more = len(preferences.problems) - MOST_PROBLEMS
            told = [*preferences.problems[:MOST_PROBLEMS], *([f"and {more} more"] if more > 0 else [])]
            self.notify("\n".join(told), severity="warning", timeout=10)
        if preferences.theme and self.theme != preferences.theme:
            lists = keyed(self, "{app.theme} lists them")
            self.notify(f"config.toml: no theme is called {preferences.theme}; {lists}", severity="warning", timeout=10)
        if preferences.keys:
            self._check_keys()

    @work(group="keys")
    async def _check_keys(self) -> None:
        missing = await asyncio.to_thread(commands.unknown, self.preferences.keys)
        if missing:
            lists = keyed(self, "{app.help} lists them")
            self.notify(f"config.toml: no command is called {missing}; {lists}", severity="warning", timeout=10)

    def watch_theme(self) -> None:
        """Text that was styled here follows the theme, too."""
        self._recolored = Recolored(self.current_theme)

    @on(Remember)
    def _remember(self, message: Remember) -> None:
        self.memory.keep(message.name, message.value)
        if self.memory.changed:
            self.set_timer(SAVE_AFTER_S, self.memory.save)

    async def on_unmount(self) -> None:
        """What is to be remembered is written."""
        self.memory.keep("theme", self.theme)
        self.memory.save()
