"""What only a server tells of a collection, drawn in lines that go on below themselves. No widget."""

from __future__ import annotations

from textwrap import wrap

from rich.text import Text

from qtui import servertext
from qtui.served import Served
from qtui.tui.text import clean, fitted
from qtui.tui.theme import DIM, GOOD, HEAD, WARN

LABEL = 14
MOST_LINES = 8
"""Of one fact."""
MOODS = {"good": GOOD, "warn": WARN, "quiet": DIM}


def told(served: Served, width: int) -> list[Text]:
    """Everything there is to tell, under a heading, in lines of at most `width` cells."""
    return [Text("\nServer", HEAD), *(_line(fact, width) for fact in servertext.facts(served))]


def _line(fact: servertext.Fact, width: int) -> Text:
    lines = wrap(clean(fact.text), max(12, width - LABEL), max_lines=MOST_LINES, placeholder=" …")
    text = f"\n{' ' * LABEL}".join(lines)
    return Text.assemble((f"{fitted(fact.label, LABEL - 1):<{LABEL}}", DIM), (text, MOODS.get(fact.mood, "")))
