"""The list of what is being made or changed, each collection on a line, drawn at most twice a second."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import monotonic

from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from qtui.errors import GOES_ON
from qtui.events import CollectionFailed, Event
from qtui.tui import loading
from qtui.tui.commands import key_of, keyed
from qtui.tui.loading import Work

REPAINT_S = 0.5
_MOST_ROWS, _MOST_NARROW = 14, 7
_NARROW_HEIGHT = 30


class WorkList(Widget):
    """Hidden while nothing runs; what failed, and what was left unfinished, stays until it is closed."""

    DEFAULT_CSS = """
    WorkList { height: auto; display: none; padding: 0 1; background: $panel; }
    """
    work: reactive[Work | None] = reactive(None)

    def __init__(self, *, id: str | None = None, clock: Callable[[], float] = monotonic) -> None:  # noqa: A002 - textual's
        super().__init__(id=id)
        self.clock = clock
        self._now: Work | None = None

    def on_mount(self) -> None:
        """Events may come faster than anyone reads."""
        self.set_interval(REPAINT_S, self._repaint)

    def begin(self, work: Work) -> None:
        """Shows work that has just been asked for."""
        self._now = self.work = work

    def see(self, event: Event) -> None:
        """Takes an event in; it is drawn soon."""
        if isinstance(event, CollectionFailed):
            event = replace(event, error=self._with_our_key(event.error))
        if self._now is not None:
            self._now = loading.after(self._now, event, self.clock())

    def waits(self, why: str) -> None:
        """What runs waits for a server, with words for it; '' once it goes on."""
        if self._now is not None:
            self._now = loading.waiting(self._now, why)

    def changing(self) -> None:
        """The one collection is being changed."""
        if self._now is not None:
            self._now = self.work = loading.changing(self._now, self.clock())

    def end(self, error: str | None = None, *, resumes: bool = False) -> Work | None:
        """Nothing runs any more; hides itself unless something failed. Returns how it ended."""
        why = None if error is None else self._with_our_key(error)
        over = None if self._now is None else loading.ended(self._now, error=why, resumes=resumes)
        self._now = self.work = over if over is not None and over.failed else None
        return over

    def _with_our_key(self, text: str) -> str:
        return text.replace(GOES_ON, keyed(self.app, "{collections.resume} goes on where it was"))

    def close(self) -> None:
        """Hides what failed."""
        self._now = self.work = None

    def _repaint(self) -> None:
        self.work = self._now
        if self.work is not None and not self.work.over:
            self.refresh()

    def watch_work(self, before: Work | None, now: Work | None) -> None:
        """Shown only while there is some; others make room for it as its rows begin, and not as they go on."""
        self.display = now is not None
        if before is None or now is None or len(before.rows) != len(now.rows):
            self.refresh(layout=True)

    def render(self) -> Text:
        """As many lines as the window has room for."""
        if self.work is None:
            return Text()
        tall = self.app.size.height > _NARROW_HEIGHT
        height = 1 + (_MOST_ROWS if tall else _MOST_NARROW)
        keys = key_of(self.app, "collections.back"), key_of(self.app, "collections.resume")
        return loading.drawn(self.work, self.clock(), self.size.width, height, *keys)
