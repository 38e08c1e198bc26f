"""What a notification said, kept so that it can be read again. Knows no widget."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Notice:
    """One notification, with its text as it was shown."""

    at: str
    """Local time of day, HH:MM:SS."""
    text: str
    title: str
    severity: str
    """information, warning or error."""

    @classmethod
    def now(cls, text: str, title: str, severity: str) -> Notice:
        """A notification of this moment."""
        return cls(f"{datetime.now().astimezone():%H:%M:%S}", text, title, severity)
