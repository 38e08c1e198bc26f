"""ann-benchmarks `.hdf5`: `train`, and where they are there `test` and the distance."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from qtui.data.files import closed_on_error, open_binary
from qtui.data.rows import Block, Rows, SingleRows, as_float32, usable
from qtui.errors import DataError, shown
from qtui.model import Distance

_DISTANCES = {
    "angular": Distance.COSINE,
    "cosine": Distance.COSINE,
    "euclidean": Distance.EUCLID,
    "l2": Distance.EUCLID,
    "dot": Distance.DOT,
    "ip": Distance.DOT,
    "manhattan": Distance.MANHATTAN,
}


def distance_of(file: Any) -> Distance | None:
    """The distance that an open file says it is made for; None where it says none that Qdrant has."""
    return _DISTANCES.get(str(file.attrs.get("distance", "")).lower())


@contextmanager
def _read_safely(name: str) -> Iterator[None]:
    """Turns what h5py raises on damaged files, which is nearly anything, into one line."""
    try:
        yield
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        raise DataError(f"{shown(name)} is damaged or truncated: {shown(error)}; get it again") from error


class Dataset:
    """Flat rows of one two-dimensional data set."""

    def __init__(self, file: Any, key: str, name: str) -> None:
        self._file, self._set, self._name = file, file[key], f"{name}:{key}"
        usable(self._set.dtype, self._name)
        if self._set.ndim != 2 or 0 in self._set.shape:
            raise DataError(f"{shown(self._name)} has the shape {self._set.shape}; it must be (rows, size)")
        self.rows, self.dimension = self._set.shape

    def read(self, start: int, stop: int) -> Block:
        """See Flat."""
        with _read_safely(self._name):
            return as_float32(self._set[start:stop])

    def close(self) -> None:
        """See Flat."""
        self._file.close()


class AnnRows(SingleRows):
    """Rows of `train`, with what else the file holds."""

    def __init__(self, file: Any, path: Path) -> None:
        super().__init__(Dataset(file, "train", str(path)))
        self._file, self._path = file, path
        self.distance = distance_of(file)

    def test(self) -> Block | None:
        """The queries, (queries, size); None when there are none. Raises DataError when they don't fit."""
        if "test" not in self._file:
            return None
        flat = Dataset(self._file, "test", str(self._path))
        if flat.dimension != self.dimension:
            raise DataError(
                f"{shown(self._path)} has queries of {flat.dimension} components and vectors of {self.dimension}"
            )
        return flat.read(0, flat.rows)


def open_hdf5(path: Path) -> Rows:
    """Rows of `train`. Raises DataError when it isn't there or isn't numbers."""
    import h5py

    open_binary(path).close()
    with _read_safely(str(path)):
        file = h5py.File(path, "r")
    with closed_on_error(file), _read_safely(str(path)):
        if not isinstance(file.get("train"), h5py.Dataset):
            names = ", ".join(shown(name, 40) for name in list(file)[:8]) or "nothing"
            raise DataError(f"{shown(path)} has no data set 'train', only {names}; call its vectors 'train'")
        return AnnRows(file, path)
