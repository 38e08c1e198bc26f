"""Ratios of two timings, taken in turns."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Ratio:
    """A measured ratio, pair by pair, and the bound that it should keep."""

    what: str
    values: tuple[float, ...]
    bound: float
    at_least: bool = False
    note: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def holds(self) -> bool:
        return self.median >= self.bound if self.at_least else self.median <= self.bound

    def line(self) -> str:
        sign = "≥" if self.at_least else "≤"
        spread = f"{min(self.values):.3f} to {max(self.values):.3f} of {len(self.values)}"
        verdict = "ok  " if self.holds else "MISS"
        return f"{verdict} {self.what:<58} {self.median:>7.3f}  ({spread})  {sign} {self.bound:g}  {self.note}"


def in_turns(
    what: str,
    ours: Callable[[], float],
    bare: Callable[[], float],
    *,
    pairs: int,
    bound: float,
    at_least: bool = False,
    note: str = "",
) -> Ratio:
    """Our figure over the bare one, `pairs` times, the order swapped each time; one pair before is not counted."""
    values = []
    for turn in range(pairs + 1):
        if turn % 2:
            base = bare()
            mine = ours()
        else:
            mine = ours()
            base = bare()
        if turn:
            values.append(mine / base)
    return Ratio(what, tuple(values), bound, at_least, note)
