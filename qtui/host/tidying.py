"""What a starting engine room removes of what killed processes left here, in words. Imports no engine."""

from __future__ import annotations

from pathlib import Path

from qtui import config
from qtui.bench.workplace import clean
from qtui.engine import store
from qtui.plain import plain
from qtui.target import Target

MOST_NAMED = 3
"""Runs that are named; of more, the number is told."""


def tidy(target: Target) -> str:
    """Removes it, and keeps killed runs as partial ones. Returns what was done; '' where there was nothing to do."""
    cleaned = clean(config.home())
    halves = store.clean(Path(target.path or config.store_dir())) if target.embedded else 0
    return words(cleaned.settled, len(cleaned.removed), halves)


def words(settled: tuple[str, ...], stores: int, halves: int) -> str:
    """`settled` are ids of killed runs; `stores` temporary ones, `halves` collections that were removed."""
    parts = []
    if settled:
        more = f" and {len(settled) - MOST_NAMED:,} more" if len(settled) > MOST_NAMED else ""
        named = ", ".join(map(plain, settled[:MOST_NAMED]))
        runs, are = ("run", "is") if len(settled) == 1 else ("runs", "are")
        parts.append(f"{runs} {named}{more} {are} kept as partial")
    if stores:
        parts.append(f"removed {_counted(stores, 'temporary store')}")
    if halves:
        parts.append(f"removed {_counted(halves, 'collection')} half made or half deleted")
    return "; ".join(parts)


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
