"""Text folded to a width in cells, its further lines under its first. Imports rich; no widget."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

CONSOLE = Console(width=200, color_system=None)
"""Folds text; nothing is ever printed on it."""
SIGN = 2
"""Cells of a sign and the blank behind it."""
LEAST = 10


def hanging(text: Text, width: int, indent: int = SIGN) -> Text:
    """A text that begins with a sign and a blank, folded; every line but the first is indented by as much.

    `indent`: cells of what it begins with instead.
    """
    lines = text[indent:].wrap(CONSOLE, max(LEAST, width - indent))
    return text[:indent] + Text("\n" + " " * indent).join(lines)
