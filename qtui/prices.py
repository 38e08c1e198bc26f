"""What memory and disk cost the user, and what a collection is to grow to. Standard library only.

No price is known unless the user gave it: in `[cost]` of config.toml, or on the command line, which wins.

    [cost]
    ram_gib_month = 5.0
    disk_gib_month = 0.1
    currency = "EUR"
    replicas = 2
    points = 10_000_000
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from math import isfinite
from pathlib import Path
from typing import Any

from qtui.errors import UsageError, shown
from qtui.preferences import text_of

MOST_POINTS = 10**12
MOST_REPLICAS = 1000
MOST_PRICE = 1e9
LONGEST_CURRENCY = 8


@dataclass(frozen=True, slots=True)
class Prices:
    """What a gibibyte costs a month, and how much of it is paid for."""

    ram_gib_month: float | None = None
    """Price of one GiB of RAM for a month."""
    disk_gib_month: float | None = None
    """Price of one GiB of disk for a month."""
    currency: str = ""
    replicas: int = 1
    """Copies of the collection that are kept."""
    points: int | None = None
    """What the collection is to grow to; None: no projection."""

    @property
    def known(self) -> bool:
        """Whether there is any price."""
        return self.ram_gib_month is not None or self.disk_gib_month is not None


def read(path: Path) -> Prices | None:
    """What config.toml says; None where it says nothing. Raises UsageError for what it doesn't take."""
    try:
        found = tomllib.loads(text_of(path) or "").get("cost")
    except (OSError, ValueError, RecursionError) as error:
        why = error.strerror if isinstance(error, OSError) else " ".join(str(error).split())
        raise UsageError(f"{path.name} can't be read: {why or type(error).__name__}; mend it") from error
    return None if found is None else from_table(found)


def from_table(found: object) -> Prices:
    """The prices of config.toml's [cost]. Raises UsageError for what it doesn't take."""
    if not isinstance(found, Mapping):
        raise UsageError("[cost] in config.toml must be a table")
    known = {field.name for field in fields(Prices)}
    unknown = next((key for key in found if key not in known), None)
    if unknown is not None:
        raise UsageError(f"[cost] in config.toml takes {', '.join(sorted(known))}, not {shown(unknown)}")
    return changed(Prices(), dict(found))


def changed(prices: Prices, values: Mapping[str, Any]) -> Prices:
    """The prices with those values instead, as far as they aren't None. Raises UsageError for one out of range."""
    found = replace(prices, **{name: value for name, value in values.items() if value is not None})
    rules = (
        (_price(found.ram_gib_month), "the price of RAM must be a number of 0 or more"),
        (_price(found.disk_gib_month), "the price of disk must be a number of 0 or more"),
        (
            _short(found.currency),
            f"the currency must be a short text of at most {LONGEST_CURRENCY} characters, as EUR",
        ),
        (_whole(found.replicas, MOST_REPLICAS), f"the replicas must be 1 to {MOST_REPLICAS}"),
        (
            found.points is None or _whole(found.points, MOST_POINTS),
            "the points to grow to must be a whole number, 1 or more",
        ),
    )
    for holds, text in rules:
        if not holds:
            raise UsageError(text)
    return found


def points_of(text: str) -> int | None:
    """A number of points as it is typed: 250000, 250_000, 250k or 1.5M; None where it is none, or out of range."""
    found = _COUNT.fullmatch(text.strip().replace("_", "").replace(",", ""))
    count = 0 if found is None else round(float(found[1]) * _TIMES[found[2]])
    return count if 1 <= count <= MOST_POINTS else None


_COUNT = re.compile(r"(\d{1,30}(?:\.\d{1,30})?)([kMG]?)")
_TIMES = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9}


def _short(value: object) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_CURRENCY and value.isprintable()


def _price(value: object) -> bool:
    if value is None:
        return True
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and isfinite(float(str(value))) and 0 <= float(str(value)) <= MOST_PRICE


def _whole(value: object, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most
