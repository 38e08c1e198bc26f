"""What an operation's events say on stderr: one progress line, and a remark for what was left out."""

from __future__ import annotations

from qtui import units
from qtui.commands.console import Console
from qtui.errors import shown
from qtui.events import CollectionFailed, Event, Progress


class Watch:
    """Shows events as far as they concern whoever waits, and remembers what was left out."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._failed: list[CollectionFailed] = []

    def see(self, event: Event) -> None:
        """Rewrites the progress line."""
        if isinstance(event, Progress):
            self._console.progress(line(event))
        elif isinstance(event, CollectionFailed):
            self._failed.append(event)

    def tell(self) -> None:
        """Says what was left out; once the rest is done, since an error alone is to be one line."""
        for event in self._failed:
            self._console.note(f"{shown(event.collection)} was left out: {event.error}")


def line(event: Progress) -> str:
    """Where an operation stands, on one line."""
    parts = [event.stage, event.about] if event.about else [event.stage]
    if event.total:
        parts.append(f"{units.count(event.done)}/{units.count(event.total)}")
    parts.append(units.duration(event.elapsed_s))
    if event.remaining_s is not None:
        parts.append(f"about {units.duration(event.remaining_s)} left")
    return "  ".join(parts)
