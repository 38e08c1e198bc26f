"""What every format offers: rows of vectors as float32 blocks, read in bounded memory. Imports numpy only.

Single vectors come as a C-contiguous (rows, dimension) array; multivectors as a list with one (tokens, dimension)
array a row. Blocks are fresh memory: the caller may keep them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from qtui.errors import DataError, shown

Block = NDArray[np.float32]
Batch = Block | list[Block]
Indices = Sequence[int] | NDArray[np.int64]


class Rows(Protocol):
    """Vectors of one file, opened and not yet read."""

    rows: int
    dimension: int
    multivector: bool
    vectors_per_row: float
    """1, or the mean number of tokens of a multivector."""

    def blocks(self, rows_per_block: int, start: int, stop: int) -> Iterator[tuple[int, Batch]]:
        """Rows from `start` up to `stop`, in order, with the number of each block's first row."""
        ...

    def rows_at(self, indices: Indices) -> Batch:
        """Those rows, in the order given."""
        ...

    def close(self) -> None:
        """Lets go of the file."""
        ...


class Flat(Protocol):
    """Rows of single vectors that can be read from anywhere: what multivectors are made of."""

    rows: int
    dimension: int

    def read(self, start: int, stop: int) -> Block:
        """Rows `start` up to `stop`."""
        ...

    def close(self) -> None:
        """Lets go of the file."""
        ...


class SingleRows:
    """Rows over a flat reader: one vector a row."""

    multivector = False
    vectors_per_row = 1.0

    def __init__(self, flat: Flat) -> None:
        self._flat = flat
        self.rows, self.dimension = flat.rows, flat.dimension

    def blocks(self, rows_per_block: int, start: int, stop: int) -> Iterator[tuple[int, Batch]]:
        """See Rows."""
        for at in range(start, stop, rows_per_block):
            yield at, self._flat.read(at, min(at + rows_per_block, stop))

    def rows_at(self, indices: Indices) -> Batch:
        """See Rows. Neighbouring rows are read at once."""
        wanted = np.asarray(indices, dtype=np.int64)
        found = np.empty((len(wanted), self.dimension), dtype=np.float32)
        order = np.argsort(wanted, kind="stable")
        for run in runs(wanted[order]):
            where = order[run]
            first = int(wanted[where[0]])
            found[where] = self._flat.read(first, int(wanted[where[-1]]) + 1)[wanted[where] - first]
        return found

    def close(self) -> None:
        """See Rows."""
        self._flat.close()


class MultiRows:
    """Rows over a flat reader: row n is the flat rows from `offsets[n]` up to `offsets[n + 1]`."""

    multivector = True

    def __init__(self, flat: Flat, offsets: NDArray[np.int64]) -> None:
        self._flat, self._offsets = flat, offsets
        self.rows, self.dimension = len(offsets) - 1, flat.dimension
        self.vectors_per_row = flat.rows / max(1, self.rows)

    def blocks(self, rows_per_block: int, start: int, stop: int) -> Iterator[tuple[int, Batch]]:
        """See Rows."""
        for at in range(start, stop, rows_per_block):
            yield at, self._read(at, min(at + rows_per_block, stop))

    def rows_at(self, indices: Indices) -> Batch:
        """See Rows."""
        wanted = np.asarray(indices, dtype=np.int64)
        order = np.argsort(wanted, kind="stable")
        found = {int(wanted[i]): self._read(int(wanted[i]), int(wanted[i]) + 1)[0] for i in order}
        return [found[int(i)] for i in wanted]

    def close(self) -> None:
        """See Rows."""
        self._flat.close()

    def _read(self, start: int, stop: int) -> list[Block]:
        bounds = self._offsets[start : stop + 1]
        block = self._flat.read(int(bounds[0]), int(bounds[-1]))
        return np.split(block, (bounds[1:-1] - bounds[0]).tolist())


def runs(sorted_indices: NDArray[np.int64], gap: int = 8, longest: int = 1024) -> Iterator[slice]:
    """Slices of ascending indices that lie near enough together to be read at once."""
    start = 0
    for i in range(1, len(sorted_indices) + 1):
        here = sorted_indices[start:i]
        if i == len(sorted_indices) or sorted_indices[i] - here[-1] > gap or sorted_indices[i] - here[0] >= longest:
            yield slice(start, i)
            start = i


def as_float32(values: NDArray[Any]) -> Block:
    """The values as C-contiguous native float32; what is too large for it becomes infinite, and is refused later."""
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(values, dtype=np.float32)


def read_into(file: BinaryIO, target: NDArray[Any], name: str) -> None:
    """Fills a C-contiguous array from the file's position. Raises DataError when the file ends before."""
    view = target.reshape(-1).view(np.uint8).data if target.size else memoryview(b"")
    done = 0
    while done < len(view):
        got = file.readinto(view[done:])  # type: ignore[attr-defined]  # every binary file that we open has it
        if not got:
            raise DataError(f"{shown(name)} ends in the middle of its data; it was truncated: get it again")
        done += got


def usable(dtype: np.dtype[Any], name: str) -> np.dtype[Any]:
    """The dtype, when its values are real numbers. Raises DataError for objects, text, structures and complex."""
    if dtype.hasobject:
        raise DataError(f"{shown(name)} holds Python objects, which are never unpickled; save it as plain float32")
    if dtype.fields is not None:
        raise DataError(f"{shown(name)} holds structures of fields; save its vectors as a plain float32 array")
    if dtype.kind not in "fiu" or dtype.itemsize > 16 or dtype.subdtype is not None:
        raise DataError(f"{shown(name)} holds {shown(dtype)}, not numbers; save its vectors as float32")
    return dtype


def offsets_of(values: NDArray[Any], flat_rows: int, name: str) -> NDArray[np.int64]:
    """Offsets of a multivector file, checked. Raises DataError for the first that is not as it must be."""
    if values.ndim != 1 or values.dtype.kind not in "iu" or len(values) < 2:
        raise DataError(f"offsets in {shown(name)} must be a list of whole numbers, one more than there are rows")
    if values.dtype.kind == "u" and int(values.max()) > flat_rows:
        raise DataError(f"offsets in {shown(name)} reach past its {flat_rows} vectors")
    offsets = values.astype(np.int64)
    if offsets[0] != 0 or offsets[-1] != flat_rows:
        raise DataError(f"offsets in {shown(name)} must run from 0 to {flat_rows}, the number of its vectors")
    short = np.flatnonzero(np.diff(offsets) <= 0)
    if len(short):
        row = int(short[0])
        what = (
            "is empty: every row needs a vector; remove it"
            if offsets[row] == offsets[row + 1]
            else "has offsets that go back; write them in ascending order"
        )
        raise DataError(f"row {row} in {shown(name)} {what}")
    return offsets
