"""Values of options: numbers in a range, lists, names, sources. Each raises what argparse turns into one line.

Standard library only; the catalogue and the plan are imported when a value needs them.
"""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from collections.abc import Callable
from typing import TYPE_CHECKING

from qtui import units
from qtui.errors import UsageError, shown

if TYPE_CHECKING:
    from qtui.loads import SourceSpec
    from qtui.model import Distance, Placement

SYNTHETIC = re.compile(r"synthetic:(\d{1,10})x(\d{1,6})(?::(\d{1,10}))?")
MAX_DIMENSION = 65_536


def whole(low: int, high: int = 2**53) -> Callable[[str], int]:
    """A whole number from `low` to `high`."""

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise ArgumentTypeError(f"takes a whole number, not {shown(text)}") from None
        if not low <= value <= high:
            raise ArgumentTypeError(f"takes {_span(low, high, value)}, not {value}")
        return value

    return parse


def real(low: float, high: float) -> Callable[[str], float]:
    """A finite number from `low` to `high`."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise ArgumentTypeError(f"takes a number, not {shown(text)}") from None
        if not low <= value <= high:  # also refuses NaN
            raise ArgumentTypeError(f"takes {_span(low, high, value)}, not {text.strip()}")
        return value

    return parse


def size(text: str) -> int:
    """Bytes: '1500000', '512MiB', '2G' (binary units, as they are shown)."""
    found = units.bytes_of(text)
    if found is None:
        raise ArgumentTypeError(f"takes bytes, as in 512MiB or 2GiB, not {shown(text)}")
    return found


def wholes(low: int, high: int) -> Callable[[str], tuple[int, ...]]:
    """Whole numbers, separated by commas, each once."""
    one = whole(low, high)
    return lambda text: tuple(dict.fromkeys(one(part) for part in _parts(text)))


def reals(low: float, high: float) -> Callable[[str], tuple[float, ...]]:
    """Finite numbers, separated by commas, each once."""
    one = real(low, high)
    return lambda text: tuple(dict.fromkeys(one(part) for part in _parts(text)))


def switches(text: str) -> tuple[bool, ...]:
    """on, off or both, separated by commas."""
    named = {"on": True, "off": False}
    try:
        return tuple(dict.fromkeys(named[part.lower()] for part in _parts(text)))
    except KeyError as error:
        raise ArgumentTypeError(f"takes on, off or on,off, not {shown(error.args[0])}") from None


def methods(text: str) -> tuple[str, ...]:
    """Names of quantization methods, separated by commas, in the order given; `all` is every one."""
    from qtui.commands.parser import nearest
    from qtui.methods import METHODS

    if text.strip() == "all":
        return tuple(METHODS)
    names = _parts(text)
    for name in names:
        if name not in METHODS:
            close = nearest(name, METHODS)
            hint = f"did you mean {close}?" if close else f"choose from {', '.join(METHODS)}"
            raise UsageError(f"no method {shown(name)}; {hint}")
    return tuple(dict.fromkeys(names))


def distance(text: str) -> Distance:
    """One of Qdrant's distances."""
    from qtui.model import Distance

    try:
        return Distance(text.lower())
    except ValueError:
        raise ArgumentTypeError(f"takes {', '.join(Distance)}, not {shown(text)}") from None


def placement(text: str) -> Placement:
    """Where data lives."""
    from qtui.model import Placement

    try:
        return Placement(text.lower())
    except ValueError:
        raise ArgumentTypeError(f"takes {', '.join(Placement)}, not {shown(text)}") from None


def source(text: str, payload: str | None = None) -> SourceSpec:
    """Where vectors come from: a file, a sample, or `synthetic:ROWSxDIM[:SEED]`. The words win over files so named."""
    from qtui.loads import SAMPLES, SourceSpec

    if text in SAMPLES:
        if payload is not None:
            raise UsageError("--payload goes with a file of vectors; the sample has its own")
        return SourceSpec(text)
    if text == "synthetic" or text.startswith("synthetic:"):
        found = SYNTHETIC.fullmatch(text)
        if found is None:
            raise UsageError(f"--vectors takes synthetic:ROWSxDIM[:SEED], as synthetic:10000x384, not {shown(text)}")
        rows, dimension, seed = int(found[1]), int(found[2]), int(found[3] or 0)
        if rows < 1 or not 1 <= dimension <= MAX_DIMENSION:
            raise UsageError(f"--vectors synthetic needs at least 1 row and 1 to {MAX_DIMENSION} dimensions")
        if payload is not None:
            raise UsageError("--payload goes with a file of vectors; synthetic ones have none")
        return SourceSpec("synthetic", rows=rows, dimension=dimension, seed=seed)
    return SourceSpec("file", path=text, payload=payload)


def _parts(text: str) -> list[str]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        raise ArgumentTypeError("needs at least one value")
    return parts


def _span(low: float, high: float, value: float) -> str:
    """What is allowed, where `value` is not; of a range without a sensible end only the end that was missed."""
    if high < 2**53:
        return f"{_number(low)} to {_number(high)}"
    return f"{_number(low)} or more" if value < low else f"at most {_number(high)}"


def _number(value: float) -> str:
    """As it can be typed: 1000000 and 0.000001, never 1e+06."""
    text = f"{value:.6f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
