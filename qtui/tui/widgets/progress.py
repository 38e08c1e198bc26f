"""One line that says how far an operation is: stage, bar, count, time left (or elapsed), and how to cancel it."""

from __future__ import annotations

from time import monotonic

from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from qtui import servertext, units
from qtui.events import Progress, Waiting
from qtui.tui.bars import bar_of
from qtui.tui.commands import key_of
from qtui.tui.text import fitted
from qtui.tui.theme import ACCENT, DIM, KEY, WARN

DOING = {
    "sample": "sampling",
    "copy": "copying",
    "truth": "exact truth",
    "load": "loading",
    "index": "building index",
    "ready": "checking",
    "warm-up": "warming up",
    "measure": "measuring",
    "paused": "paused",
}
BAR = 14
PAUSED = "‖ paused between blocks "


class ProgressLine(Widget):
    """Hidden while there is nothing to wait for."""

    progress: reactive[Progress | None] = reactive(None)
    waiting: reactive[Waiting | None] = reactive(None)
    """While a server is waited for."""
    active: reactive[bool] = reactive(default=False, init=True)
    stopping: reactive[bool] = reactive(default=False)
    """What was cancelled has not ended yet."""
    whole: reactive[str] = reactive("")
    """Which part of the whole it is, such as '2/5'."""

    def __init__(self, cancels: str, resumes: str = "", *, id: str) -> None:  # noqa: A002 - textual's name
        """Ids of the commands that cancel, and that resume what can be paused: their keys are named."""
        super().__init__(id=id)
        self._cancels, self._resumes = cancels, resumes

    def on_mount(self) -> None:
        """While the engine says nothing of an index, the time that passes is shown at least."""
        self._told = monotonic()
        self.set_interval(0.5, self._tick)

    def _tick(self) -> None:
        if self.active and self.progress is not None and self.progress.total is None:
            self.refresh()

    def watch_progress(self) -> None:
        """From here on time is counted."""
        self._told = monotonic()

    def watch_active(self, active: bool) -> None:  # noqa: FBT001 - textual hands the new value over
        """Shown only while something runs."""
        self.display = active

    def render(self) -> Text:
        """Everything on one line; the name of the collection gives way."""
        now = self.progress
        if self.stopping:
            return Text.assemble(("◌ ", WARN), "stopping…  what is ready is kept")
        if self.waiting is not None:
            tail = self._tail("  ")
            text = fitted(servertext.waiting(self.waiting), self.size.width - tail.cell_len - 2)
            return Text.assemble(("◌ ", WARN), text).append_text(tail)
        if now is None:
            return Text.assemble(("▲ ", ACCENT), "starting…  ").append_text(self._tail(""))
        count = "" if now.total is None else f" {_amount(now.done)}/{_amount(now.total)}"
        known = now.remaining_s is not None
        elapsed_s = now.elapsed_s + (monotonic() - self._told if now.total is None else 0.0)
        time = f"{units.duration(now.remaining_s)} left" if known else units.duration(elapsed_s)
        if now.stage == "paused":
            return self._paused(now, count)
        tail = self._tail(f"{count}  {time}  ")
        stage = DOING.get(now.stage, now.stage)
        head = Text.assemble(("▲ ", ACCENT), f"{self.whole} {stage}" if self.whole else stage)
        room = self.size.width - head.cell_len - tail.cell_len - BAR - 3
        about = fitted(now.about, room) if now.about and room > 3 else ""
        return head.append(f" {about} " if about else " ", "bold").append_text(_bar(now, elapsed_s)).append_text(tail)

    def _tail(self, before: str) -> Text:
        return Text.assemble(before, (key_of(self.app, self._cancels), KEY), " cancels")

    def _paused(self, now: Progress, count: str) -> Text:
        resumes = key_of(self.app, self._resumes), KEY
        tail = Text.assemble(f"{count}  ", resumes, " resumes  ").append_text(self._tail(""))
        fits = self.size.width >= len(PAUSED) + BAR + tail.cell_len
        head = Text.assemble((PAUSED if fits else "‖ paused ", WARN)).append_text(_bar(now, 0.0))
        return head.append_text(tail)


def _amount(value: int) -> str:
    return units.count(value) if value < 100_000 else f"{value / 1000:,.0f}k"


def _bar(now: Progress, elapsed_s: float) -> Text:
    if not now.total:
        at = int(elapsed_s * 2) % BAR
        return Text.assemble(("·" * at, DIM), ("━", ACCENT), ("·" * (BAR - at - 1), DIM))
    filled = bar_of(min(1.0, now.done / now.total) * BAR) if now.done else ""
    return Text.assemble((filled, ACCENT), ("░" * (BAR - len(filled)), DIM))
