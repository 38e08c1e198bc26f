"""The terminal colour of each method in charts. Apart from the theme, whose first frame waits for no catalogue."""

from __future__ import annotations

from collections import Counter

from qtui.methods import DEFAULT_METHODS, METHODS

_FAMILIES = {"none": (15,), "scalar": (12,), "binary": (11, 14, 3), "product": (13, 5), "turbo": (10, 2, 6)}
"""Terminal colours (0 to 15) of each family; the second is of another hue where the dark shade looks like the first."""


def _by_method() -> dict[str, int]:
    """Those of the default plan come first, so that no two of them share a colour."""
    found: dict[str, int] = {}
    taken: Counter[str] = Counter()
    for name in dict.fromkeys((*DEFAULT_METHODS, *METHODS)):
        family = METHODS[name].family
        shades = _FAMILIES[family]
        found[name] = shades[taken[family] % len(shades)]
        taken[family] += 1
    return found


SERIES = _by_method()
"""Method → terminal colour; where a family has more methods than colours, the letter alone tells them apart."""
