"""Colours: a quiet theme of our own, distinct in 16 colours, and one named colour a chart series.

A colour here never carries a meaning alone: beside it stands a word, a sign or a letter.
"""

from __future__ import annotations

from textual.theme import Theme

QUIET = Theme(
    name="qtui",
    primary="#5fafd7",
    secondary="#87afaf",
    accent="#d7af5f",
    foreground="#d0d0d0",
    background="#16181c",
    surface="#1c1f24",
    panel="#262a31",
    success="#87af5f",
    warning="#d7af5f",
    error="#d75f5f",
    dark=True,
    variables={
        "block-cursor-background": "#34495c",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-text-style": "bold",
        "block-cursor-blurred-background": "#272d36",
        "block-cursor-blurred-foreground": "#d0d0d0",
        "block-cursor-blurred-text-style": "none",
        "input-selection-background": "#34495c",
        "border": "#3a4150",
        "border-blurred": "#3a4150",
        "scrollbar": "#3a4150",
        "scrollbar-background": "#1c1f24",
    },
)

SERIES = {"none": 15, "scalar": 12, "binary": 11, "product": 13, "turbo": 10}
"""Terminal colour (0 to 15) of each family of methods; within a family the letter tells them apart."""

GOOD, WARN, BAD, DIM, HEAD = "#87af5f", "#d7af5f", "#d75f5f", "grey62", "bold"
"""Styles of text that rich draws; they stay apart when a terminal has 16 colours alone."""
ACCENT, KEY, CHOSEN, RULE = "#5fafd7", "bold #5fafd7", "bold #ffffff on #34495c", "#3a4150"
