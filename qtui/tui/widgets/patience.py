"""A text in the place of what is being read: what is waited for, for how long, and the key that stops it."""

from __future__ import annotations

from time import monotonic

from rich.text import Text
from textual.widgets import Static

from qtui import units
from qtui.tui.commands import key_of
from qtui.tui.theme import DIM, KEY

TELL_AFTER_S = 0.4
"""What is there at once is not worth a figure."""


class Patience(Static):
    """Either waits or says something; it counts from when the waiting began."""

    def __init__(self, stops: str, *, id: str) -> None:  # noqa: A002 - textual's name
        """`stops` is the id of the command that stops what is waited for: its key is named."""
        super().__init__(id=id)
        self._stops = stops
        self._since: float | None = None
        self._words = ""

    def on_mount(self) -> None:
        """The time that passes is seen to pass."""
        self.set_interval(0.5, self._tick)

    @property
    def waiting(self) -> bool:
        """Whether something is waited for."""
        return self._since is not None

    def wait_for(self, words: str) -> None:
        """From now on, where nothing is waited for yet."""
        self._words, self._since = words, monotonic() if self._since is None else self._since
        self._tick()

    def say(self, text: Text) -> None:
        """Nothing is waited for any more."""
        self._since = None
        self.update(text)

    def _tick(self) -> None:
        if self._since is None:
            return
        text, gone_s = Text(f"{self._words}…", DIM), monotonic() - self._since
        if gone_s >= TELL_AFTER_S:
            text = Text.assemble(text, f"  {units.duration(gone_s)}   ", (key_of(self.app, self._stops), KEY), " stops")
        self.update(text)
