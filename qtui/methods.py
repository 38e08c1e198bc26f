"""The catalogue of quantization methods: the only place that knows them. Standard library only.

Bytes per vector are those of the files that the embedded engine 0.9 writes (checked for every method against
`quantized.data` in tests); bits and defaults follow the engine's documentation and source.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from qtui.errors import UsageError, shown
from qtui.model import Distance

FLOAT32_BYTES = 4


@dataclass(frozen=True, slots=True)
class Method:
    """One quantization setting of a collection."""

    name: str
    letter: str
    """Its mark in charts, unique in the catalogue."""
    family: str
    """none, scalar, binary, product or turbo."""
    bits: float
    """Bits that one component takes, without per-vector extras."""
    default_rescore: bool
    """What the engine does when `rescore` is not sent."""
    since: str
    """First server version that has it."""
    slow_build: bool
    """Whether it trains for minutes rather than seconds."""
    advice: str

    def bytes_per_vector(self, dimension: int, distance: Distance, *, multivector: bool = False) -> int | None:
        """Bytes of one quantized vector (token, of a multivector) of `dimension` components; None for `none`."""
        if multivector and self.family == "binary":
            return _binary_token(self, dimension)
        return _FORMULAS[self.family](self, dimension, distance)

    def compression(self, dimension: int, distance: Distance, *, multivector: bool = False) -> float:
        """Float32 bytes over quantized bytes, by the formula, per-vector extras included; 1.0 for `none`."""
        quantized = self.bytes_per_vector(dimension, distance, multivector=multivector)
        return 1.0 if quantized is None else dimension * FLOAT32_BYTES / quantized


def _rounded_up(value: float, step: int) -> int:
    return ceil(value / step) * step


def _scalar(_: Method, dimension: int, __: Distance) -> int:
    return _rounded_up(dimension, 16) + 4


def _binary(method: Method, dimension: int, _: Distance) -> int:
    return _rounded_up(method.bits * dimension, 128) // 8


def _binary_token(method: Method, dimension: int) -> int:
    """Tokens are packed in smaller words than vectors: whole bytes up to 32 bits, then 8 or 16 bytes."""
    bits = ceil(method.bits * dimension)
    return ceil(bits / 8) if bits <= 32 else 8 if bits <= 64 else _rounded_up(bits, 128) // 8


def _product(method: Method, dimension: int, _: Distance) -> int:
    return ceil(method.bits * dimension / 8)


def _turbo(method: Method, dimension: int, distance: Distance) -> int:
    extra = (4 if method.bits == 8 else 8) + (4 if distance is Distance.EUCLID else 0)
    return ceil(method.bits * dimension / 8) + extra


def _none(_: Method, __: int, ___: Distance) -> None:
    return None


_FORMULAS: dict[str, Callable[[Method, int, Distance], int | None]] = {
    "none": _none,
    "scalar": _scalar,
    "binary": _binary,
    "product": _product,
    "turbo": _turbo,
}

_PRODUCT = "trains slowly; recall falls fast without rescoring: prefer turbo at the same size"
_CATALOGUE = (
    Method("none", "N", "none", 32, False, "1.0", False, "the baseline: float32 only"),
    Method("scalar", "S", "scalar", 8, False, "1.1", False, "safe on any data; rescoring is off by default"),
    Method("binary", "B", "binary", 1, True, "1.5", False, "for 1,024 dimensions and more; needs rescoring"),
    Method("binary-1.5bit", "H", "binary", 1.5, True, "1.15", False, "between one and two bits"),
    Method("binary-2bit", "D", "binary", 2, True, "1.15", False, "for fewer dimensions than binary; needs rescoring"),
    Method("product-x4", "P", "product", 8, False, "1.2", True, _PRODUCT),
    Method("product-x8", "Q", "product", 4, False, "1.2", True, _PRODUCT),
    Method("product-x16", "X", "product", 2, False, "1.2", True, _PRODUCT),
    Method("product-x32", "Y", "product", 1, False, "1.2", True, _PRODUCT),
    Method("product-x64", "Z", "product", 0.5, False, "1.2", True, _PRODUCT),
    Method("turbo-1bit", "V", "turbo", 1, True, "1.18", False, "smallest of its family; needs rescoring"),
    Method("turbo-1.5bit", "W", "turbo", 1.5, True, "1.18", False, "between one and two bits; needs rescoring"),
    Method("turbo-2bit", "U", "turbo", 2, True, "1.18", False, "rescoring at 2x brings it near float32"),
    Method("turbo-4bit", "T", "turbo", 4, False, "1.18", False, "half of scalar's size at nearly its recall"),
    Method("turbo-8bit", "E", "turbo", 8, False, "1.20", False, "scalar's size, slightly closer to float32"),
)

METHODS: dict[str, Method] = {method.name: method for method in _CATALOGUE}
DEFAULT_METHODS = ("none", "scalar", "binary", "binary-2bit", "turbo-4bit")


def method(name: str) -> Method:
    """The method called `name`. Raises UsageError, which lists the names, when there is none."""
    try:
        return METHODS[name]
    except KeyError:
        raise UsageError(f"no method {shown(name)}; choose from {', '.join(METHODS)}") from None
