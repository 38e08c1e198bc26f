"""Text from data made harmless for a terminal, measured and folded by its columns there. Standard library only.

What is not printable (control characters, escape sequences, marks that turn the writing round) becomes a replacement
character; in JSON it is escaped instead, so that nothing is lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from unicodedata import combining, east_asian_width


def plain(text: object) -> str:
    """One line of text, with nothing in it that a terminal would obey."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(text))


def plain_lines(text: str) -> str:
    """The same for text of several lines."""
    return text if text.isascii() and text.replace("\n", "").isprintable() else "\n".join(map(plain, text.split("\n")))


def plain_json(text: str) -> str:
    """JSON that means the same, its strings without a character that a terminal would obey."""
    return "".join(c if c.isprintable() or c == "\n" else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", errors="surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def cells_of(text: str) -> int:
    """Columns that a terminal gives the text."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def _cells(character: str) -> int:
    return 0 if combining(character) else 2 if east_asian_width(character) in "WF" else 1


def cut_to(text: str, width: int) -> str:
    """The text in at most so many columns, with an ellipsis where something is missing."""
    if cells_of(text) <= width:
        return text
    while text and cells_of(text) > width - 1:
        text = text[:-1]
    return text + "…"


def fold(text: str, width: int, indent: str = "  ") -> Iterator[str]:
    """Lines of at most `width` columns, all but the first indented; a word that is wider itself is broken."""
    line = ""
    for word in plain(text).split():
        joined = f"{line} {word}" if line.strip() else line + word
        if cells_of(joined) > width and line.strip():
            yield line
            joined = indent + word
        while cells_of(joined) > width:
            head = _head(joined, width)
            yield head
            joined = indent + joined[len(head) :]
        line = joined
    yield line


def _head(text: str, width: int) -> str:
    taken = 0
    for at, character in enumerate(text):
        taken += _cells(character)
        if taken > width:
            return text[:at]
    return text
