"""Text from data on its way to the screen: the one place where it is cleaned, and the net under all widgets.

Whatever names, payloads, file names and errors hold, only characters that a terminal draws in a width that all
agree on leave here. Nothing here reads markup. Imports rich and textual's filter base only.
"""

from __future__ import annotations

import re
import unicodedata

from rich.segment import Segment
from rich.text import Text
from textual.color import Color
from textual.filter import LineFilter

LIMIT = 2_000
"""Characters of one value that reach the screen."""
UNSHOWABLE = "\N{REPLACEMENT CHARACTER}"
_BLANKS = re.compile(r"[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -~]?")
_WIDTHLESS = re.compile(
    "[\ufe00-\ufe0f\u20e3\u3164\uffa0\u115f\u1160\u17b4\u17b5\u034f\U0001f3fb-\U0001f3ff\U000e0100-\U000e01ef]"
)
"""Selectors, keycaps, skin tones and fillers: terminals and rich disagree about how wide they make their base."""
_REGIONAL = 0x1F1E6
_MOST_MARKS = 2


def clean(value: object, limit: int = LIMIT) -> str:
    """One line of plain text of at most `limit` characters; what can't be drawn is left out or shown as U+FFFD."""
    raw = str(value)
    cut = len(raw) > limit * 4
    line = _ESCAPES.sub("", _BLANKS.sub(" ", raw[: limit * 4] if cut else raw))
    line = _WIDTHLESS.sub("", unicodedata.normalize("NFC", line))
    if not line.isascii() or not line.isprintable():
        line = _drawable(line)
    return line[: limit - 1] + "…" if cut or len(line) > limit else line


def _drawable(line: str) -> str:
    drawn: list[str] = []
    marks = 0
    for character in line:
        category = unicodedata.category(character)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if category == "Mc" or 0x1100 <= ord(character) <= 0x11FF:
            drawn.append(UNSHOWABLE)
        elif _REGIONAL <= ord(character) < _REGIONAL + 26:
            drawn.append(chr(ord("A") + ord(character) - _REGIONAL))
        elif character.isprintable() and marks <= _MOST_MARKS and not (marks and not drawn):
            drawn.append(character)
    return "".join(drawn)


def plain(value: object, style: str = "", limit: int = LIMIT) -> Text:
    """Cleaned text that no widget reads as markup."""
    return Text(clean(value, limit), style=style, no_wrap=False, end="")


def fitted(value: object, width: int) -> str:
    """Cleaned text cut to `width` cells, with an ellipsis where something is missing."""
    text = Text(clean(value))
    text.truncate(max(1, width), overflow="ellipsis")
    return text.plain


class PrintableOnly(LineFilter):
    """The net under all widgets: no segment with anything but printable text reaches the terminal."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 - textual's signature
        """The same segments, without control, bidi and zero-width characters."""
        if all(segment.control or segment.text.isprintable() for segment in segments):
            return segments
        return [
            segment
            if segment.control or segment.text.isprintable()
            else Segment("".join(c if c.isprintable() else " " for c in segment.text), segment.style)
            for segment in segments
        ]
