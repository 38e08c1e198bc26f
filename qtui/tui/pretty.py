"""A payload in indented lines: cleaned, and bounded in depth, length and number whatever it holds. No widget."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

from rich.text import Text

from qtui.tui.text import clean
from qtui.tui.theme import ACCENT, DIM, GOOD

MOST_LINES = 1_000
DEEPEST = 20
LONGEST = 4_000
"""Characters of one value."""


def pretty(payload: dict[str, Any] | None) -> Text:
    """The payload as it reads well; what is left out is said."""
    if not payload:
        return Text("no payload", DIM)
    lines = list(islice(_fields(payload, 0), MOST_LINES + 1))
    if len(lines) > MOST_LINES:
        lines[-1] = Text("… more fields are left out", DIM)
    return Text("\n").join(lines)


def _fields(value: dict[str, Any], depth: int) -> Iterator[Text]:
    for key, inner in value.items():
        yield from _item(Text(f"{clean(key, 200)}: ", ACCENT), inner, depth)


def _item(head: Text, value: Any, depth: int) -> Iterator[Text]:
    line = Text("  " * depth).append_text(head)
    nested = isinstance(value, (dict, list)) and bool(value) and not _is_flat(value)
    if not nested:
        yield line.append_text(_scalar(value))
    elif depth >= DEEPEST:
        yield line.append(f"… {len(value)} inside, too deep to show", DIM)
    else:
        yield line
        if isinstance(value, dict):
            yield from _fields(value, depth + 1)
        else:
            for inner in value:
                yield from _item(Text("- ", DIM), inner, depth + 1)


def _is_flat(value: dict[str, Any] | list[Any]) -> bool:
    """A short list of plain values stands on one line."""
    return isinstance(value, list) and len(value) <= 12 and not any(isinstance(part, (dict, list)) for part in value)


def _scalar(value: Any) -> Text:
    if isinstance(value, str):
        more = len(value) - LONGEST
        text = Text(clean(value, LONGEST)) if value else Text("''", DIM)
        return text.append(f" ({more:,} more characters)", DIM) if more > 0 else text
    if isinstance(value, list):
        return Text(", ", DIM).join([_scalar(part) for part in value]) if value else Text("[]", DIM)
    return Text(clean(json.dumps(value, default=str), LONGEST), GOOD)
