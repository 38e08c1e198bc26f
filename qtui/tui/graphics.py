"""Pictures as terminals draw them that can do more than text: Kitty's protocol and Sixel, as escape sequences.

What is made here are our own bytes: digits, base64 and palette indices, never a text from data. Pillow is imported
when a picture is encoded.
"""

from __future__ import annotations

import base64
import io
import os
import re
import sys
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

CHOICE = "QTUI_PICTURES"
"""Variable that names a protocol where what is found out is wrong."""
_CHUNK = 4096
_COLOURS = 128
_CELL = (10, 20)
"""Pixels of a cell, where the terminal doesn't tell."""
_RUN = re.compile(r"(.)\1{3,}")


class Protocol(StrEnum):
    """How a picture is drawn."""

    BLOCKS = "blocks"
    KITTY = "kitty"
    SIXEL = "sixel"


def protocol(environment: Mapping[str, str] = os.environ) -> Protocol:
    """What the terminal can do, by what it calls itself; that name comes along over SSH.

    Half blocks where nothing is known, and inside tmux and screen, which take no pictures without being told to.
    """
    wanted = environment.get(CHOICE, "")
    if wanted in tuple(Protocol):
        return Protocol(wanted)
    term, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    if environment.get("TMUX") or environment.get("STY") or term.startswith(("tmux", "screen")):
        return Protocol.BLOCKS
    if term in ("xterm-kitty", "xterm-ghostty") or program in ("ghostty", "kitty"):
        return Protocol.KITTY
    if term.startswith(("foot", "mlterm", "contour")) or "sixel" in term or program in ("WezTerm", "mintty"):
        return Protocol.SIXEL
    return Protocol.BLOCKS


def cell_pixels() -> tuple[int, int]:
    """Width and height of a cell in pixels, as far as the terminal tells."""
    try:
        import fcntl
        import struct
        import termios

        size = fcntl.ioctl(sys.__stderr__.fileno(), termios.TIOCGWINSZ, b"\0" * 8)  # type: ignore[union-attr]  # None is caught
        rows, columns, width, height = struct.unpack("HHHH", size)
        found = (width // columns, height // rows)
    except (ImportError, OSError, ValueError, AttributeError, ZeroDivisionError):
        return _CELL
    return found if all(3 <= side <= 100 for side in found) else _CELL


def placed(sequence: str, column: int, row: int) -> str:
    """A sequence drawn with its upper left corner in that cell, counted from 0; the cursor stays where it is."""
    return f"\x1b7\x1b[{row + 1};{column + 1}H{sequence}\x1b8"


def kitty(image: Image, number: int) -> str:
    """Hands an image over under a number; nothing is drawn yet."""
    file = io.BytesIO()
    image.save(file, "PNG")
    data = base64.standard_b64encode(file.getvalue()).decode()
    chunks = [data[start : start + _CHUNK] for start in range(0, len(data), _CHUNK)]
    head = f"a=t,f=100,i={number},q=2,"
    last = len(chunks) - 1
    return "".join(
        f"\x1b_G{head if at == 0 else ''}m={int(at < last)};{chunk}\x1b\\" for at, chunk in enumerate(chunks)
    )


def kitty_shown(number: int, columns: int, rows: int) -> str:
    """Draws the image of that number over so many cells, or moves it there."""
    return f"\x1b_Ga=p,i={number},p=1,c={columns},r={rows},C=1,q=2\x1b\\"


def kitty_gone(number: int) -> str:
    """Removes the image of that number."""
    return f"\x1b_Ga=d,d=I,i={number},q=2\x1b\\"


def sixel(image: Image) -> str:
    """An image in sixels, of at most 128 colours."""
    from PIL.Image import Dither

    small = image.convert("RGB").quantize(_COLOURS, dither=Dither.NONE)
    palette = (small.getpalette() or [])[: _COLOURS * 3]
    colours = (
        f"#{at};2;{palette[at * 3] * 100 // 255};{palette[at * 3 + 1] * 100 // 255};{palette[at * 3 + 2] * 100 // 255}"
        for at in range(len(palette) // 3)
    )
    body = "-".join(_bands(small.tobytes(), small.width, small.height))
    return f'\x1bP0;1;0q"1;1;{small.width};{small.height}{"".join(colours)}{body}\x1b\\'


def _bands(pixels: bytes, width: int, height: int) -> Iterator[str]:
    """Six rows at a time, a line a colour: each character holds which of the six pixels have it."""
    for top in range(0, height, 6):
        lines: dict[int, bytearray] = {}
        for row in range(top, min(top + 6, height)):
            bit = 1 << (row - top)
            for column, colour in enumerate(pixels[row * width : (row + 1) * width]):
                if colour not in lines:
                    lines[colour] = bytearray(b"?" * width)
                lines[colour][column] += bit
        yield "$".join(f"#{colour}{_RUN.sub(_short, line.decode())}" for colour, line in lines.items())


def _short(run: re.Match[str]) -> str:
    return f"!{len(run[0])}{run[1]}"
