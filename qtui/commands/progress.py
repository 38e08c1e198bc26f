"""What an operation's events say on stderr: one progress line, and a remark for what was left out."""

from __future__ import annotations

from qtui import servertext, units
from qtui.commands.console import Console
from qtui.errors import shown
from qtui.events import CollectionFailed, Cut, Event, Progress, Skipped, Started, Waiting

_MOST_TOLD = 50
"""Skipped documents that are named."""


class Watch:
    """Shows events as far as they concern whoever waits, and remembers what was left out."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._failed: list[CollectionFailed] = []
        self._skipped: list[tuple[str, str]] = []
        self._cut: Cut | None = None
        self._line = ""
        """Where it stood before a server was waited for."""

        self.skipped = 0
        """Documents that could not be embedded."""
        self.run_id: str | None = None
        """Of the run that has begun."""

    def see(self, event: Event) -> None:
        """Rewrites the progress line."""
        if isinstance(event, Progress):
            self._line = line(event)
            self._console.progress(self._line)
        elif isinstance(event, Waiting):
            self._console.progress(servertext.waiting(event) or self._line, force=True)
        elif isinstance(event, Started):
            self.run_id = event.id
        elif isinstance(event, CollectionFailed):
            self._failed.append(event)
        elif isinstance(event, Skipped):
            self._skipped += event.documents[: _MOST_TOLD - len(self._skipped)]
            self.skipped += len(event.documents)
        elif isinstance(event, Cut):
            self._cut = event

    def tell(self) -> None:
        """Says what was left out; once the rest is done, since an error alone is to be one line."""
        for name, reason in self._skipped:
            self._console.note(f"skipped {shown(name)}: {reason}")
        if self.skipped > len(self._skipped):
            self._console.note(f"and {units.count(self.skipped - len(self._skipped))} more were skipped")
        if self._cut is not None:
            self._console.note(cut(self._cut))
        for event in self._failed:
            self._console.note(f"{shown(event.collection)} was left out: {event.error}")


def cut(event: Cut) -> str:
    """Which texts are longer than the model reads."""
    named = ", ".join(shown(name, 60) for name in event.names)
    more = f" and {units.count(event.count - len(event.names))} more" if event.count > len(event.names) else ""
    texts = "1 text is" if event.count == 1 else f"{units.count(event.count)} texts are"
    return (
        f"{texts} longer than the {units.count(event.window)} tokens that the model reads, and cut there:"
        f" {named}{more}; split them, or choose a model that reads more"
    )


def line(event: Progress) -> str:
    """Where an operation stands, on one line."""
    parts = [event.stage, event.about] if event.about else [event.stage]
    if event.total:
        amount = units.size if event.stage == "download" else units.count
        parts.append(f"{amount(event.done)}/{amount(event.total)}")
    parts.append(units.duration(event.elapsed_s))
    if event.remaining_s is not None:
        parts.append(f"about {units.duration(event.remaining_s)} left")
    return "  ".join(parts)
