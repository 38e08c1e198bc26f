"""What the engine room does, as its holder tells it. Imports next to nothing: the first frame shows it."""

from __future__ import annotations

from dataclasses import dataclass

STOPPABLE = frozenset({"measuring", "paused", "building", "waiting"})
"""Statuses of what can be cancelled."""


@dataclass(frozen=True, slots=True)
class RoomState:
    """What the engine room does now."""

    status: str
    """starting, ready, measuring, paused, building, waiting (for a server, while it builds), stopping (what was
    cancelled), restarting or closed."""
    detail: str = ""
