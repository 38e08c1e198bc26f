"""What a configuration must keep beside its recall, and what is to be least: the user's side of a choice.

Standard library only. Limits are of the collection as it was measured: milliseconds of engine time, bytes in all.
"""

from __future__ import annotations

from dataclasses import dataclass

from qtui.errors import UsageError

MINIMISE = ("ram", "latency", "disk")
"""What may be made least. What is not comes next, in this order."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """Limits (None: no limit), and what to minimise within them."""

    p95_ms: float | None = None
    """Engine time, which the upper end of its 95% interval must keep."""
    ram_bytes: float | None = None
    """Of all vectors and the graph, as far as a fast search needs them in RAM."""
    disk_bytes: float | None = None
    """Of all files of the collection."""
    minimise: str = "ram"

    @property
    def limited(self) -> bool:
        """Whether there is any limit."""
        return (self.p95_ms, self.ram_bytes, self.disk_bytes) != (None, None, None)


PLAIN = Wishes()
"""Smallest in RAM, then fastest, without a limit."""


def check(wishes: Wishes) -> None:
    """Raises UsageError for the first wish that nothing could fulfil."""
    if wishes.minimise not in MINIMISE:
        raise UsageError(f"--minimise takes {', '.join(MINIMISE)}")
    limits = (("--max-p95", wishes.p95_ms), ("--max-ram", wishes.ram_bytes), ("--max-disk", wishes.disk_bytes))
    for option, limit in limits:
        if limit is not None and not 0 < limit < float("inf"):
            raise UsageError(f"{option} must be above 0")
