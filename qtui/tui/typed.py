"""Numbers as they are typed into a form, each wrong one refused in the words of its field. No widget."""

from __future__ import annotations

import re
from pathlib import Path

from qtui.embedders import EmbedderChoice
from qtui.errors import UsageError

DEFAULT_SHAPE = "10000x384"
_SHAPE = re.compile(r"\s*([\d_,]+)\s*[x×*]\s*([\d_,]+)\s*", re.IGNORECASE)


def wholes(text: str, label: str) -> tuple[int, ...]:
    """Whole numbers, separated by commas, each once. Raises UsageError."""
    return tuple(int(value) for value in numbers(text, label, whole=True))


def numbers(text: str, label: str, *, whole: bool = False) -> list[float]:
    """Numbers, separated by commas, semicolons or blanks, each once. Raises UsageError."""
    parts = re.split(r"[,;\s]+", text.strip(" ,;"))
    if parts == [""]:
        raise UsageError(f"{label}: give one number or several, as in 1,2,3")
    return list(dict.fromkeys(number(part, label, whole=whole) for part in parts))


def whole(text: str, label: str) -> int:
    """One whole number. Raises UsageError."""
    return int(number(text.strip(), label, whole=True))


def number(text: str, label: str, *, whole: bool) -> float:
    """One number, at most 1e9 either way. Raises UsageError."""
    try:
        value = int(text) if whole else float(text)
    except ValueError:
        raise UsageError(f"{label}: {'a whole number' if whole else 'a number'}, please") from None
    if not abs(value) <= 1e9:
        raise UsageError(f"{label}: that is out of range")
    return value


def model(text: str) -> EmbedderChoice:
    """A model by its name, or by the folder of its files. Raises UsageError for none, or for what is no path."""
    typed = text.strip()
    if not typed:
        raise UsageError("model: choose one from the list of models, or type the folder of one")
    try:
        folder = Path(typed).expanduser()
        return EmbedderChoice(path=str(folder.absolute())) if folder.is_dir() else EmbedderChoice(typed)
    except (OSError, ValueError, RuntimeError):
        raise UsageError("model: that is no path") from None


def shape(text: str, label: str) -> tuple[int, int]:
    """Rows and dimensions of synthetic vectors, as in 10000x384. Raises UsageError."""
    found = _SHAPE.fullmatch(text)
    if found is None:
        raise UsageError(f"{label}: two numbers, please, as in 10000x384")
    rows, dimension = (int(re.sub(r"[_,]", "", part) or 0) for part in found.groups())
    if not (1 <= rows <= 10**8 and 1 <= dimension <= 65_536):
        raise UsageError(f"{label}: 1 to 100,000,000 rows of 1 to 65,536 dimensions")
    return rows, dimension
