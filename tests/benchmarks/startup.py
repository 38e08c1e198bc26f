"""What starting costs: the milliseconds of a command over those of a bare interpreter."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from .pairs import Ratio

_BARE = "import sys"


def _seconds(arguments: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def own_milliseconds(arguments: list[str], runs: int) -> list[float]:
    """Milliseconds over a bare interpreter's start, run by run."""
    own = []
    for _ in range(runs):
        base = _seconds(["-c", _BARE])
        own.append((_seconds(arguments) - base) * 1e3)
    return own


def budgets(runs: int) -> list[Ratio]:
    """Share of the budget that `--version` (60 ms) and `--help` (100 ms) use, over a bare interpreter."""
    found = []
    for option, budget in (("--version", 60), ("--help", 100)):
        own = own_milliseconds(["-m", "qtui", option], runs)
        values = tuple(value / budget for value in own)
        found.append(
            Ratio(f"qtui {option} / its budget of {budget} ms", values, 1, note=f"{statistics.median(own):.0f} ms")
        )
    return found
