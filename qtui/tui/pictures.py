"""A local image file drawn with half blocks, two pixels a cell. Pillow is imported for that, if it is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.color import Color
from rich.style import Style
from rich.text import Text

from qtui.tui.theme import DIM

FIELDS = ("image", "path", "image_path", "file", "filename")
SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".ppm")
LARGEST_BYTES = 64 * 2**20
UPPER_HALF = "▀"


def image_of(payload: dict[str, Any] | None) -> Path | None:
    """The image file that a payload names, when it is there."""
    for field in FIELDS:
        value = (payload or {}).get(field)
        if isinstance(value, str) and value.lower().endswith(SUFFIXES) and len(value) < 4_096 and "\0" not in value:
            path = Path(value).expanduser()
            try:
                if path.is_file() and path.stat().st_size <= LARGEST_BYTES:
                    return path
            except OSError:
                continue
    return None


def drawn(path: Path, columns: int, rows: int) -> Text:
    """The picture in at most so many cells, or a line that says why not. Takes a while: call it in a thread."""
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        return Text("its image can be shown once Pillow is installed", DIM)
    try:
        with Image.open(path) as image:
            image.draft("RGB", (columns * 2, rows * 4))
            image.thumbnail((max(1, columns), max(2, rows * 2)))
            small = image.convert("RGB")
    except (OSError, ValueError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        return Text(f"its image can't be read: {type(error).__name__}", DIM)
    pixels = small.load()
    assert pixels is not None
    text = Text(no_wrap=True)
    for y in range(0, small.height - 1, 2):
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
