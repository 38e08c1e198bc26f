"""`.fvecs`, `.bvecs` (each row behind its own size) and `.fbin`, `.u8bin` (rows and size once, at the start)."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np

from qtui.data.files import closed_on_error, open_binary, suffix_of
from qtui.data.rows import Block, Rows, SingleRows, as_float32, read_into
from qtui.errors import DataError, shown

_MAX_SIZE = 1 << 23
_TYPES = {".fvecs": "<f4", ".bvecs": "u1", ".fbin": "<f4", ".u8bin": "u1"}


class Records:
    """Flat rows of `<i4 size, size values` records."""

    def __init__(self, file: BinaryIO, path: Path, dimension: int, rows: int) -> None:
        self._file, self._name = file, str(path)
        self._dtype = np.dtype([("size", "<i4"), ("values", _TYPES[suffix_of(path)], (dimension,))])
        self.rows, self.dimension = rows, dimension

    def read(self, start: int, stop: int) -> Block:
        """See Flat. Raises DataError for the first row of another size."""
        raw = np.empty((stop - start, self._dtype.itemsize), dtype=np.uint8)
        self._file.seek(start * self._dtype.itemsize)
        read_into(self._file, raw, self._name)
        records = raw.view(self._dtype)[:, 0]
        other = np.flatnonzero(records["size"] != self.dimension)
        if len(other):
            row = int(other[0])
            raise DataError(
                f"row {start + row} in {shown(self._name)} says it has {records['size'][row]} components, row 0 has "
                f"{self.dimension}; all rows must have one size"
            )
        return as_float32(records["values"])

    def close(self) -> None:
        """See Flat."""
        self._file.close()


class Packed:
    """Flat rows behind one header."""

    def __init__(self, file: BinaryIO, path: Path, dimension: int, rows: int) -> None:
        self._file, self._name = file, str(path)
        self._dtype = np.dtype(_TYPES[suffix_of(path)])
        self.rows, self.dimension = rows, dimension

    def read(self, start: int, stop: int) -> Block:
        """See Flat."""
        raw = np.empty((stop - start, self.dimension), dtype=self._dtype)
        self._file.seek(8 + start * self.dimension * self._dtype.itemsize)
        read_into(self._file, raw, self._name)
        return as_float32(raw)

    def close(self) -> None:
        """See Flat."""
        self._file.close()


def open_records(path: Path) -> Rows:
    """Rows of an `.fvecs` or `.bvecs` file. Raises DataError when it's truncated or ragged."""
    file = open_binary(path)
    with closed_on_error(file):
        dimension = _numbers(file, path, 1)[0]
        if not 0 < dimension <= _MAX_SIZE:
            raise DataError(f"{shown(path)} starts with a size of {dimension}; it is not a {suffix_of(path)} file")
        record = 4 + dimension * np.dtype(_TYPES[suffix_of(path)]).itemsize
        rows, left = divmod(file.seek(0, 2), record)
        flat = Records(file, path, dimension, rows)
        if left:
            # the last row that can be whole tells a ragged file from a truncated one
            flat.read(max(0, rows - 1), rows)
            raise DataError(
                f"{shown(path)} is truncated or has rows of several sizes: {rows} rows of {dimension} components "
                f"leave {left} bytes over; get it again"
            )
        return SingleRows(flat)


def open_packed(path: Path) -> Rows:
    """Rows of an `.fbin` or `.u8bin` file. Raises DataError when its header and its length disagree."""
    file = open_binary(path)
    with closed_on_error(file):
        rows, dimension = _numbers(file, path, 2)
        if not 0 < dimension <= _MAX_SIZE or rows <= 0:
            raise DataError(f"{shown(path)} says {rows} rows of {dimension} components; it is not such a file")
        said = 8 + rows * dimension * np.dtype(_TYPES[suffix_of(path)]).itemsize
        held = file.seek(0, 2)
        if held != said:
            what = "is truncated" if held < said else "is longer than its header says"
            raise DataError(
                f"{shown(path)} {what}: {rows} rows of {dimension} components take {said} bytes, it has {held}; "
                "get it again"
            )
        return SingleRows(Packed(file, path, dimension, rows))


def _numbers(file: BinaryIO, path: Path, count: int) -> list[int]:
    numbers = np.empty(count, dtype="<i4")
    read_into(file, numbers, str(path))
    return [int(number) for number in numbers]
