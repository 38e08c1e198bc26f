"""Axes of a report's charts: which place a value has, and which values are marked. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log10


@dataclass(frozen=True, slots=True)
class Scale:
    """Values from `low` to `high` on places from `start` to `end`: pixels, or cells of text."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def place(self, value: float) -> float:
        """Where a value stands."""
        if self.log:
            share = (log10(value) - log10(self.low)) / (log10(self.high) - log10(self.low))
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Round values within, two at least."""
        found = _log_ticks(self.low, self.high) if self.log else []
        return found if len(found) > 1 else _linear_ticks(self.low, self.high)


def spread(values: list[float], start: float, end: float, *, log: bool = False) -> Scale:
    """A scale that leaves some room around the values."""
    low, high = min(values), max(values)
    if log:
        low, high = (low / 1.15, high * 1.15) if low < high else (low / 2, high * 2)
    else:
        room = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
        low, high = max(0.0, low - room) if low >= 0 else low - room, high + room
    return Scale(low, high, start, end, log)


def _linear_ticks(low: float, high: float) -> list[float]:
    step = 10 ** floor(log10((high - low) / 4))
    step *= next(factor for factor in (1, 2, 5, 10) if (high - low) / (step * factor) <= 6)
    return [round(number * step, 10) for number in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    found = [factor * 10.0**power for power in powers for factor in (1, 2, 5)]
    return [value for value in found if low <= value <= high]
