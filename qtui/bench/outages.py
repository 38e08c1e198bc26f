"""What a run remembers of a server that went away while it measured, and the warnings that tell of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qtui import units
from qtui.records import RunWarning


@dataclass(slots=True)
class Outage:
    """One time that nobody answered."""

    variant: str
    """Which one was asked then, in words."""
    unsent: int
    """Searches of its block that could not be sent."""
    began: float
    seconds: float = 0.0


def warnings(outages: Sequence[Outage]) -> Iterator[RunWarning]:
    """One for the run, and one for each variant that was asked then."""
    if not outages:
        return
    away_s = sum(each.seconds for each in outages)
    text = (
        f"the server was away {_times(len(outages))}, for {units.duration(away_s)} in all: what it left without an"
        " answer is counted as failed, what could not be sent was asked when it was back, and its caches were cold"
    )
    yield RunWarning("server-away", text)
    for variant in dict.fromkeys(each.variant for each in outages):
        own = [each for each in outages if each.variant == variant]
        text = (
            f"{variant} was interrupted {_times(len(own))} by a server that went away, for"
            f" {units.duration(sum(each.seconds for each in own))}:"
            f" {units.count(sum(each.unsent for each in own))} of its searches were asked after that"
        )
        yield RunWarning("interrupted", text, variant)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
