"""Colours: a quiet theme of our own, distinct in 16 colours, and one named colour a chart series.

A colour here never carries a meaning alone: beside it stands a word, a sign or a letter.
"""

from __future__ import annotations

from dataclasses import replace

from rich.color import Color as RichColor
from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter
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

FEW_COLORS = replace(
    QUIET,
    primary="#00ffff",
    foreground="#c0c0c0",
    background="#000000",
    surface="#000000",
    panel="#000000",
    variables={
        **QUIET.variables,
        "block-cursor-background": "#000080",
        "block-cursor-blurred-background": "#000000",
        "input-selection-background": "#000080",
        "scrollbar-background": "#000000",
    },
)
"""The same for a terminal of 16 colours, whose greys are too near to each other to be put on one another."""


def ours(color_system: str | None) -> Theme:
    """Our theme for what the terminal can show."""
    return FEW_COLORS if color_system == "standard" else QUIET


def readable(ansi: Theme) -> Theme:
    """Textual's theme of the terminal's own colours, on dark: its blue is next to black in many of them."""
    return replace(ansi, primary="ansi_bright_blue")


ON_LIGHT = {
    15: "#262626", 12: "#0050b0", 11: "#8a5a00", 14: "#006878", 3: "#6f5f00",
    13: "#8a2090", 5: "#a01858", 10: "#1f6f1f", 2: "#3f6200", 6: "#1f5f5f",
}  # fmt: skip
"""What stands for the colours of series on a light background: a terminal's bright colours are made for a dark one."""

GOOD, WARN, BAD, DIM, HEAD = "#87af5f", "#d7af5f", "#d75f5f", "grey62", "bold"
"""Styles of text that rich draws; they stay apart when a terminal has 16 colours alone."""
ACCENT, KEY, RULE = "#5fafd7", "bold #5fafd7", "#3a4150"
_CURSOR, _ON_CURSOR = "#34495c", "#ffffff"
CHOSEN = f"bold {_ON_CURSOR} on {_CURSOR}"


class Recolored(LineFilter):
    """Puts a theme's colours in the place of ours in text that was styled with the names above."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(enabled=theme != QUIET)
        self._styles: dict[Style, Style] = {}
        self._ansi = theme.ansi
        """Whether only a cursor has a background of its own, on which the theme's bright colours are right."""
        self._colors = _places(theme) if self.enabled else {}
        self._series = {} if theme.dark else {number: RichColor.parse(color) for number, color in ON_LIGHT.items()}

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 - textual's signature
        """The same text in the theme's colours."""
        if not self.enabled:
            return segments
        return [
            Segment(text, self._recolored(style), control) if style else Segment(text, style, control)
            for text, style, control in segments
        ]

    def _recolored(self, style: Style) -> Style:
        found = self._styles.get(style)
        if found is None:
            color, background = (self._place(each) for each in (style.color, style.bgcolor))
            if self._ansi and style.bgcolor is not None and not style.bgcolor.is_default:
                color = color if style.color is None or style.color.number not in self._series else None
            found = style + Style(color=color, bgcolor=background)
            self._styles[style] = found
        return found

    def _place(self, color: RichColor | None) -> RichColor | None:
        if color is None or color.is_default:
            return None
        if color.number in self._series:
            return self._series[color.number]
        return self._colors.get(color.get_truecolor())


_ROLES = {
    GOOD: "text-success",
    WARN: "text-warning",
    BAD: "text-error",
    ACCENT: "text-primary",
    RULE: "border-blurred",
    DIM: "foreground-muted",
    _CURSOR: "block-cursor-background",
}
"""What a theme calls the colour that stands for each of ours."""


def _places(theme: Theme) -> dict[ColorTriplet, RichColor]:
    made = theme.to_color_system().generate()
    known = {ours: Color.parse(made[role]) for ours, role in _ROLES.items() if "%" not in made[role]}
    places = {RichColor.parse(ours).get_truecolor(): _over(theme, color) for ours, color in known.items()}
    if _CURSOR in known:
        text = known[_CURSOR].get_contrast_text()
        places[RichColor.parse(_ON_CURSOR).get_truecolor()] = _over(theme, known[_CURSOR].blend(text, text.a, 1.0))
    return places


def _over(theme: Theme, color: Color) -> RichColor:
    """A colour as it looks on the theme's background."""
    if color.ansi is not None or color.a == 1:
        return color.rich_color
    below = Color.parse(theme.to_color_system().generate()["background"])
    return below.blend(color, color.a, 1.0).rich_color
