"""Refusing vectors that an engine would take in silence and answer wrongly. Imports numpy, no engine."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from qtui.data.rows import Batch, Block
from qtui.errors import BadSource
from qtui.model import Distance

_SHORTEST = float(np.finfo(np.float32).eps)
"""Squared length under which Qdrant takes a vector for zero and leaves it as it is, not normalised."""


def check(batch: Batch, start: int, distance: Distance, name: Callable[[int], str]) -> None:
    """Raises BadSource for the first row that isn't finite or, under cosine, that has no direction.

    `name` turns a row number, counted from `start`, into what the message calls it.
    """
    if isinstance(batch, np.ndarray):
        _check(batch, lambda row: name(start + row), distance)
        return
    flat = np.concatenate(batch)
    if not _usable(flat, distance).all():
        ends = np.cumsum([len(tokens) for tokens in batch])
        starts = ends - [len(tokens) for tokens in batch]

        def token(row: int) -> str:
            of = int(np.searchsorted(ends, row, side="right"))
            return f"{name(start + of)}, token {row - int(starts[of])},"

        _check(flat, token, distance)


def _usable(block: Block, distance: Distance) -> NDArray[np.bool_]:
    with np.errstate(over="ignore", invalid="ignore"):
        squares = np.einsum("ij,ij->i", block, block)
    shortest = _SHORTEST if distance is Distance.COSINE else 0.0
    return np.asarray(np.isfinite(squares) & (squares >= shortest))


def _check(block: Block, name: Callable[[int], str], distance: Distance) -> None:
    for row in np.flatnonzero(~_usable(block, distance)):
        values = block[row]
        if not np.isfinite(values).all():
            raise BadSource(
                f"{name(int(row))} has a value that is not finite (NaN, infinity or too large for float32); "
                "remove or mend it"
            )
        if distance is not Distance.COSINE:
            # a length beyond float32 alone: dot product and distances take it
            continue
        if not values.any():
            raise BadSource(
                f"{name(int(row))} is all zeros and has no cosine to anything; remove it, or use --distance dot"
            )
        what = "short" if np.abs(values).max() < 1 else "long"
        raise BadSource(
            f"{name(int(row))} is too {what} (length {np.linalg.norm(values.astype(np.float64)):.1e}) for Qdrant to "
            "normalise under cosine; normalise the vectors before loading"
        )
