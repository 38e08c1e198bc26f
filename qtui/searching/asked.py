"""What was typed as a query: a titled query, a point's id, a vector, a row of a file, a text, or an image.

Standard library only.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, NoReturn

from qtui.errors import UsageError, shown
from qtui.model import PointId
from qtui.pictured import SUFFIXES as IMAGES

SUFFIXES = (".npy", ".npz", ".fvecs", ".bvecs", ".fbin", ".u8bin", ".parquet", ".hdf5", ".h5")
"""Files that vectors are read from."""
_ID = re.compile(r"[0-9]+|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_SEPARATORS = re.compile(r"[\s,;]+")
_ROW = re.compile(r"(?P<path>.+)#(?P<row>[0-9]{1,15})", re.DOTALL)
_LARGEST_ID = 2**64
_TEXT = "text"
"""Of a model's modalities, the one that texts need."""


@dataclass(frozen=True, slots=True)
class ByTitle:
    """One of the sample's queries, by its title."""

    title: str


@dataclass(frozen=True, slots=True)
class ByPoint:
    """What a stored point holds; the point itself is left out of the answers."""

    id: PointId


@dataclass(frozen=True, slots=True)
class ByVector:
    """The numbers themselves."""

    values: list[float] | list[list[float]]
    """One vector, or the tokens of a multivector, all of one size."""


@dataclass(frozen=True, slots=True)
class ByFile:
    """A row of a file of vectors, counted from 0."""

    path: str
    row: int = 0


@dataclass(frozen=True, slots=True)
class ByText:
    """Words, for the model that made the collection's vectors."""

    text: str


@dataclass(frozen=True, slots=True)
class ByImage:
    """An image file, for that model."""

    path: str


Asked = ByTitle | ByPoint | ByVector | ByFile | ByText | ByImage


def read(text: str, titles: Sequence[str] = (), modalities: Sequence[str] = ()) -> Asked:
    """What the text asks for: an exact title first, then an id, a file, a vector, a part of one title.

    Where the collection's model takes texts (`modalities`), words that are no title are a text for it; what stands in
    double quotes always is. Raises UsageError with a line that names the ways to ask.
    """
    line = text.strip()
    if not line:
        raise UsageError(f"no query yet: {_ways(titles, modalities)}")
    if line in titles:
        return ByTitle(line)
    found = _written(line)
    if found is not None:
        return found
    if _TEXT in modalities and line.casefold() not in {each.casefold() for each in titles}:
        return ByText(line)
    return ByTitle(title(line, titles))


def _ways(titles: Sequence[str] = (), modalities: Sequence[str] = ()) -> str:
    words = "a titled query, " if titles else "a text, " if _TEXT in modalities else ""
    return f"type {words}a point's id, a vector as 0.1 0.2 … or a file as vectors.npy#3"


def _written(line: str) -> Asked | None:
    """What the way it is written says: an id, something in quotes, a file, numbers; None for plain words."""
    quoted = len(line) > 2 and line[0] == line[-1] == '"'
    inner = line[1:-1] if quoted else line
    if PurePath(inner).suffix.lower() in IMAGES:
        return ByImage(inner)
    if quoted:
        return ByText(inner)
    if _ID.fullmatch(line):
        return ByPoint(point_id(line))
    if is_file(line):
        return file_row(line)
    numbers = line[0] == "[" or _number(_SEPARATORS.split(line, 1)[0]) is not None
    return ByVector(vector(line)) if numbers else None


def point_id(text: str) -> PointId:
    """A point's id: a number of 64 bits or a UUID. Raises UsageError."""
    line = text.strip()
    if not _ID.fullmatch(line) or (line.isdecimal() and (len(line) > 20 or int(line) >= _LARGEST_ID)):
        raise UsageError(f"a point's id is a number of 64 bits or a UUID, not {shown(text, 60)}")
    return int(line) if line.isdecimal() else line.lower()


def is_file(text: str) -> bool:
    """Whether the text names a file: by one of the known endings, or because it starts as a path does."""
    numbered = _ROW.fullmatch(text)
    name = numbered["path"] if numbered else text
    return PurePath(name).suffix.lower() in SUFFIXES or text.startswith(("/", "./", "../", "~"))


def file_row(text: str) -> ByFile:
    """A file and one of its rows, as `vectors.npy#3`; without a number, the first."""
    numbered = _ROW.fullmatch(text.strip())
    return ByFile(numbered["path"], int(numbered["row"])) if numbered else ByFile(text.strip())


def vector(text: str) -> list[float] | list[list[float]]:
    """Numbers separated by blanks or commas, or a JSON list of numbers or of such lists. Raises UsageError."""
    line = text.strip()
    return _from_json(line) if line.startswith("[") else _from_words(line)


def _from_words(line: str) -> list[float]:
    found: list[float] = []
    for at, word in enumerate((part for part in _SEPARATORS.split(line) if part), 1):
        number = _number(word)
        if number is None:
            _refuse(f"number {at} is {shown(word, 30)}")
        found.append(number)
    return found


def _number(word: str) -> float | None:
    """A finite number, or None."""
    try:
        value = float(word)
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in word else None


def _from_json(line: str) -> list[float] | list[list[float]]:
    try:
        value = json.loads(line, parse_constant=lambda name: _refuse(f"it holds {name}"))
    except json.JSONDecodeError as error:
        _refuse(f"at character {error.pos + 1}: {error.msg}")
    except (RecursionError, ValueError) as error:
        _refuse(shown(error, 60))
    if value and all(isinstance(part, list) for part in value):
        tokens = [_row(part, f"number {{}} of token {at}") for at, part in enumerate(value, 1)]
        uneven = next((at for at, token in enumerate(tokens, 1) if len(token) != len(tokens[0])), None)
        if uneven is not None:
            _refuse(f"token {uneven} has {len(tokens[uneven - 1])} numbers, the first {len(tokens[0])}")
        return tokens
    return _row(value, "number {}")


def _row(values: list[Any], what: str) -> list[float]:
    for at, value in enumerate(values, 1):
        if type(value) not in (int, float) or not _is_finite(value):
            _refuse(f"{what.format(at)} is {shown(value, 30)}")
    if not values:
        _refuse("it is empty")
    return [float(value) for value in values]


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number too large for a float
        return False


def _refuse(why: str) -> NoReturn:
    raise UsageError(f"that is not a vector of finite numbers: {why}")


def title(text: str, titles: Sequence[str]) -> str:
    """The one title that is meant: itself whatever the case, or the only one that holds all the words.

    Raises UsageError that lists what is close.
    """
    wanted = text.strip().casefold()
    if not titles:
        raise UsageError(f"no model is known here for texts such as {shown(text, 40)}; {_ways()}")
    same = [each for each in titles if each.casefold() == wanted]
    found = same or matching(text, titles)
    if len(found) == 1:
        return found[0]
    if not found:
        why = f"no titled query holds {shown(text, 40)}, and no model is known for other texts"
        raise UsageError(f"{why}; {_ways(titles)}")
    raise UsageError(f"{len(found)} titled queries hold {shown(text, 40)}: {', '.join(map(shown, found[:4]))}")


def matching(text: str, titles: Sequence[str]) -> list[str]:
    """The titles that hold all words of the text, whatever the case; all of them for an empty text."""
    words = text.casefold().split()
    return [each for each in titles if all(word in each.casefold() for word in words)]
