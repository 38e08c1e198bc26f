"""What names a picture, and where those of the sample documents are. Standard library only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".gif", ".bmp", ".ppm")
"""Files that are drawn, or searched with."""
_FIELDS = ("image", "path", "image_path", "file", "filename")
"""Of a payload, those that may name an image."""
_PACKAGED = Path(__file__).parent / "data" / "sample_documents" / "images"
"""Where an installed qtui has them; a checkout has them in `images`."""


def sample_images() -> Path:
    """The folder with the four pictures, each with what is known of it in a `.json` file of the same name."""
    return _PACKAGED if _PACKAGED.is_dir() else Path(__file__).parents[1] / "images"


def sample_image(name: str) -> Path | None:
    """A picture of the sample by its file name; None for any other name."""
    path = sample_images() / name
    return path if name == path.name and path.suffix in (".png", ".jpg") and path.is_file() else None


def named(payload: dict[str, Any] | None) -> str:
    """The image file that a payload names; '' when it names none."""
    for field in _FIELDS:
        value = (payload or {}).get(field)
        if isinstance(value, str) and value.lower().endswith(SUFFIXES) and len(value) < 4_096 and "\0" not in value:
            return value
    return ""
