"""Local image files on the screen: half blocks, two pixels a cell, and over them what the terminal can do better.

Pillow is imported when a picture is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.color import Color
from rich.style import Style
from rich.text import Text

from qtui.pictured import named, sample_image
from qtui.tui import graphics
from qtui.tui.graphics import Protocol
from qtui.tui.theme import DIM

if TYPE_CHECKING:
    from PIL.Image import Image

LARGEST_BYTES = 64 * 2**20
UPPER_HALF = "▀"


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture ready for the screen."""

    text: Text
    """In half blocks; or a line that says why it can't be shown."""
    columns: int = 0
    rows: int = 0
    sequence: str = ""
    """The same for the terminal's own protocol: handed over (Kitty) or drawn (Sixel); '' where half blocks do."""


def image_of(payload: dict[str, Any] | None) -> Path | None:
    """The image file that a payload names, when it is there."""
    return found(named(payload))


def found(name: str) -> Path | None:
    """The file of that name when it is there, or the sample's of that name; None for ''."""
    if not name:
        return None
    path = Path(name).expanduser()
    try:
        if path.is_file() and path.stat().st_size <= LARGEST_BYTES:
            return path
    except (OSError, RuntimeError):
        return None
    return sample_image(name)


def drawn(path: Path, columns: int, rows: int) -> Text:
    """The picture in half blocks in at most so many cells, or a line that says why not. Call it in a thread."""
    return picture(path, columns, rows).text


def picture(path: Path, columns: int, rows: int, how: Protocol = Protocol.BLOCKS, number: int = 1) -> Drawn:
    """The picture in at most so many cells; `number` is Kitty's for it. Takes a while: call it in a thread."""
    from PIL import Image, UnidentifiedImageError

    cell = graphics.cell_pixels() if how is not Protocol.BLOCKS else (1, 2)
    try:
        with Image.open(path) as image:
            image.draft("RGB", (columns * cell[0], rows * cell[1] * 2))
            # of a palette's indices no mean can be taken
            sharp = image.convert("RGB") if image.mode in ("P", "1") else image
            sharp.thumbnail((max(1, columns * cell[0]), max(2, rows * cell[1])))
            sharp = sharp.convert("RGB")
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        return Drawn(Text(f"its image can't be read: {type(error).__name__}", DIM))
    wide, high = max(1, round(sharp.width / cell[0])), max(1, round(sharp.height / cell[1]))
    text = _blocks(sharp.resize((wide, high * 2)))
    if how is Protocol.KITTY:
        return Drawn(text, wide, high, graphics.kitty(sharp, number))
    if how is Protocol.SIXEL:
        return Drawn(text, wide, high, graphics.sixel(sharp.resize((wide * cell[0], high * cell[1]))))
    return Drawn(text, wide, high)


def _blocks(small: Image) -> Text:
    """Two pixels a cell; the height is even."""
    pixels = small.load()
    assert pixels is not None
    text = Text(no_wrap=True)
    for y in range(0, small.height, 2):
        for x in range(small.width):
            upper, lower = pixels[x, y], pixels[x, y + 1]
            assert isinstance(upper, tuple)
            assert isinstance(lower, tuple)
            text.append(UPPER_HALF, Style(color=_color(upper), bgcolor=_color(lower)))
        text.append("\n")
    text.rstrip()
    return text


def _color(pixel: tuple[int, ...]) -> Color:
    return Color.from_rgb(*pixel[:3])
