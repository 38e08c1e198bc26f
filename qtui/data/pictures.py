"""Reading one image as a model wants it: upright, one frame, red green blue, of bounded size. Imports Pillow only.

What fastembed would do to an ordinary image is left to it, so that its vectors are the same.
"""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import IO

from PIL import Image, ImageOps, UnidentifiedImageError

from qtui.errors import AccessError, DataError, NotFound, shown

MOST_PIXELS = 16_000_000
"""What is larger is shrunk before it waits in a batch: models look at a fraction of that."""
_SHRINKABLE = ("L", "LA", "RGB", "RGBA", "CMYK", "YCbCr")
_ORIENTATION = 0x0112
"""The tag of EXIF that says how an image is turned."""
_TRANSPARENT = ("RGBA", "LA", "PA", "RGBa", "La")


def picture(source: Path | IO[bytes], *, frame: int = 0, name: str = "") -> Image.Image:
    """The image, or its `frame`th page, as RGB of at most MOST_PIXELS.

    Raises NotFound, AccessError, and DataError for one that is broken, empty, no image, or too large to open.
    """
    called = shown(name or (source.name if isinstance(source, Path) else "the image"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a large image, which is shrunk, and of oddities in tags
            with Image.open(source) as image:
                if frame:
                    image.seek(frame)
                return _upright(image)
    except FileNotFoundError:
        raise NotFound(f"no image {called}; check its name") from None
    except PermissionError:
        raise AccessError(f"not allowed to read the image {called}; change its permissions") from None
    except Image.DecompressionBombError as error:
        most = round((Image.MAX_IMAGE_PIXELS or 0) * 2 / 1e6)
        raise DataError(f"the image {called} has more than {most} megapixels; shrink it") from error
    except UnidentifiedImageError as error:
        raise DataError(f"{called} is not an image that can be read; convert it to PNG or JPEG") from error
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, TypeError, MemoryError) as error:
        # what Pillow's readers raise for damaged files
        why = str(error) or type(error).__name__
        raise DataError(f"the image {called} is broken: {shown(why)}; get it again") from error


def pages(source: Path) -> int:
    """Pages of a TIFF; 1 for every other image, whose frames are an animation. Raises as `picture`."""
    if source.suffix.lower() not in (".tif", ".tiff"):
        return 1
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(source) as image:
                return int(getattr(image, "n_frames", 1))
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
        return 1  # reading it says what is wrong


def _upright(image: Image.Image) -> Image.Image:
    pixels = image.width * image.height
    factor = math.ceil(math.sqrt(pixels / MOST_PIXELS)) if pixels > MOST_PIXELS else 1
    if factor > 1:
        image.draft("RGB", (image.width // factor, image.height // factor))
    image.load()
    found: Image.Image = image
    if factor > 1 and image.mode not in _SHRINKABLE:
        # black and white in a byte a pixel, which is a third of what colours take
        found = image.convert("L") if image.mode == "1" and "transparency" not in image.info else _rgb(image)
    while found.width * found.height > MOST_PIXELS:
        found = found.reduce(math.ceil(math.sqrt(found.width * found.height / MOST_PIXELS)))
    if image.getexif().get(_ORIENTATION, 1) != 1:
        found = ImageOps.exif_transpose(found)  # which copies even what is upright
    return _rgb(found)


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode in _TRANSPARENT or "transparency" in image.info:
        above = image.convert("RGBA")
        on_white = Image.new("RGBA", above.size, "white")
        return Image.alpha_composite(on_white, above).convert("RGB")
    if image.mode.startswith("I"):  # 16 bits, which Pillow would cut off at 255
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L").convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")
