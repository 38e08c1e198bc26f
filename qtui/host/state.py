"""What the engine room does, as its holder tells it. Imports next to nothing: the first frame shows it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RoomState:
    """What the engine room does now."""

    status: str
    """starting, ready, measuring, paused, building, waiting (for a server, while it builds), restarting or closed."""
    detail: str = ""
