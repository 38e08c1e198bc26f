"""What an operation's events say on stderr: one progress line, and a remark for what failed."""

from __future__ import annotations

from qtui import units
from qtui.commands.console import Console
from qtui.commands.tables import plain
from qtui.errors import shown
from qtui.events import CollectionFailed, Event, Progress


def show(event: Event, console: Console) -> None:
    """Shows an event as far as it concerns whoever waits."""
    if isinstance(event, Progress):
        console.progress(line(event))
    elif isinstance(event, CollectionFailed):
        console.note(f"{shown(event.collection)} was left out: {event.error}")


def line(event: Progress) -> str:
    """Where an operation stands, on one line."""
    parts = [event.stage, plain(event.about)] if event.about else [event.stage]
    if event.total:
        parts.append(f"{units.count(event.done)}/{units.count(event.total)}")
    parts.append(units.duration(event.elapsed_s))
    if event.remaining_s is not None:
        parts.append(f"about {units.duration(event.remaining_s)} left")
    return "  ".join(parts)
