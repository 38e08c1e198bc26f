"""Opening any source of vectors: `open_vectors` picks the format, `VectorSource` is what all others read from.

Imports numpy and, when a file wants it, h5py or pyarrow; no engine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from qtui.data.checks import check
from qtui.data.files import check_label, closed_on_error, content_hash, open_binary, suffix_of
from qtui.data.payload import Payloads, open_payload
from qtui.data.queries import QuerySet, check_queries, held_out_rows, titles_of, too_few
from qtui.data.rows import Batch, Indices, Rows, SingleRows
from qtui.data.synthetic import open_synthetic
from qtui.embedders import EmbedderSpec
from qtui.errors import DataError, UsageError, shown
from qtui.loads import SourceSpec
from qtui.model import Distance, Payload


class VectorSource:
    """Vectors with what belongs to them, opened and not yet read. A context manager; for one thread at a time."""

    def __init__(
        self,
        name: str,
        rows: Rows,
        *,
        fingerprint: Callable[[], str],
        limit: int | None = None,
        payload: Payloads | None = None,
        queries: Callable[[], QuerySet | None] = lambda: None,
        distance: Distance | None = None,
        unit_length: bool = False,
        embedder: EmbedderSpec | None = None,
    ) -> None:
        self.name = name
        """What the source is called in records; starts with 'synthetic' for generated vectors."""
        self.rows = rows.rows if limit is None else min(limit, rows.rows)
        self.dimension = rows.dimension
        self.multivector = rows.multivector
        self.bytes_per_row = rows.dimension * 4 * rows.vectors_per_row
        """Mean size of one row as float32."""
        self.distance = distance
        """The distance that the file says it is made for; None where a format doesn't say."""
        self.embedder = embedder
        """The model that made the vectors, where that is known."""
        self._rows, self._payload, self._unit_length = rows, payload, unit_length
        self._fingerprint, self._queries = fingerprint, queries

    @property
    def has_payload(self) -> bool:
        """Whether rows have payloads."""
        return self._payload is not None

    def blocks(self, rows_per_block: int, start: int = 0) -> Iterator[tuple[int, Batch]]:
        """Rows from `start` on, as (number of the first row, block). Blocks are fresh float32 memory.

        A block is (rows, dimension), or for multivectors a list of (tokens, dimension). Raises DataError.
        """
        if rows_per_block < 1 or start < 0:
            raise ValueError("blocks need at least one row, from row 0 on")
        for at, block in self._rows.blocks(rows_per_block, start, self.rows):
            yield at, self._finished(block)

    def rows_at(self, indices: Indices) -> Batch:
        """Those rows, in the order given. Raises IndexError for a row that isn't there."""
        wanted = np.asarray(indices, dtype=np.int64)
        if wanted.size and (wanted.min() < 0 or wanted.max() >= self.rows):
            raise IndexError(f"rows 0 to {self.rows - 1} are there")
        return self._finished(self._rows.rows_at(wanted))

    def payloads(self, start: int, stop: int) -> list[Payload | None]:
        """Payloads of the rows `start` up to `stop`, fastest in order. Raises DataError with the line."""
        stop = min(stop, self.rows)
        return [None] * (stop - start) if self._payload is None else self._payload.read(start, stop)

    def fingerprint(self) -> str:
        """A hash of the content (hex): equal vectors in equal order of the same format have the same one."""
        return hashlib.blake2b(f"{self._fingerprint()} {self.rows}".encode(), digest_size=16).hexdigest()

    def queries(self) -> QuerySet | None:
        """The queries that the source carries (hdf5 `test`, the sample's); None where it has none."""
        return self._queries()

    def held_out(self, count: int, seed: int, distance: Distance) -> QuerySet:
        """`count` rows drawn as queries, which `load` keeps out of the collection. Raises UsageError, DataError."""
        drawn = held_out_rows(self.rows, count, seed)
        vectors = self.rows_at(drawn)
        for position, row in enumerate(drawn.tolist()):
            check(vectors[position : position + 1], row, distance, self.row_name)
        return QuerySet(vectors, "held-out", rows=drawn)

    def row_name(self, row: int) -> str:
        """What messages call a row."""
        return f"row {row} of {shown(self.name)}"

    def close(self) -> None:
        """Lets go of the files."""
        self._rows.close()
        if self._payload is not None:
            self._payload.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _finished(self, block: Batch) -> Batch:
        if self._unit_length and isinstance(block, np.ndarray):
            block /= np.linalg.norm(block, axis=1, keepdims=True)
        return block


def open_vectors(source: SourceSpec) -> VectorSource:
    """The source, opened. Raises NotFound, AccessError, UsageError and DataError, each with what to do."""
    if source.rows is not None and source.rows < 1:
        raise UsageError("the number of rows must be at least 1")
    if source.kind == "synthetic":
        flat = open_synthetic(source.rows, source.dimension, source.seed)
        return VectorSource(flat.name, SingleRows(flat), fingerprint=flat.fingerprint)
    if source.kind == "sample":
        from qtui.data.samples import open_sample

        return open_sample(source.rows)
    if source.kind == "documents":
        from qtui.data.samples import open_documents

        return open_documents(source.rows)
    if source.kind == "embed" and source.documents is not None:
        from qtui.data.documents.embedded import open_embedded

        return open_embedded(source.documents, source.rows)
    if source.kind != "file" or source.path is None:
        raise UsageError(f"no source called {shown(source.kind)}; use a file, a sample or synthetic")
    return open_file(Path(source.path), payload=source.payload, limit=source.rows, name=source.label)


def open_file(
    path: Path,
    *,
    payload: str | None = None,
    limit: int | None = None,
    name: str | None = None,
    queries: Callable[[], QuerySet | None] | None = None,
    distance: Distance | None = None,
    unit_length: bool = False,
) -> VectorSource:
    """The vectors of one file, with the payload file beside them."""
    rows = _opened(path)
    with closed_on_error(rows):
        used = rows.rows if limit is None else min(limit, rows.rows)
        found = _own_payload(rows) if payload is None else open_payload(Path(payload), rows.rows, used)
        return VectorSource(
            name or path.name,
            rows,
            fingerprint=lambda: content_hash(path),
            limit=limit,
            payload=found,
            queries=queries or (lambda: _own_queries(rows)),
            distance=distance or getattr(rows, "distance", None),
            unit_length=unit_length,
        )


def queries_of(asked: SourceSpec, source: VectorSource, distance: Distance, *, limit: int = 0) -> QuerySet:
    """The queries that a source holds (the `test` of an ann-benchmarks file), else its rows, checked against `source`.

    At most `limit` of them when it isn't 0. Raises UsageError when there are fewer, and what `open_vectors` raises.
    """
    with open_vectors(asked) as file:
        found = file.queries()
        if found is None:
            count = min(limit, file.rows) if limit else file.rows
            _, block = next(iter(file.blocks(count)))
            titles = titles_of(file.payloads(0, count)) if file.has_payload else None
            found = QuerySet(block, "file", titles=titles)
        elif limit:
            found = found.first(limit)
    if limit > len(found):
        raise too_few(limit, len(found), asked.path or file.name)
    check_queries(found, dimension=source.dimension, multivector=source.multivector, distance=distance)
    return found


def _opened(path: Path) -> Rows:
    suffix = suffix_of(path)
    opener = _FORMATS.get(suffix)
    if opener is None:
        open_binary(path).close()
        raise DataError(
            f"can't read vectors from {shown(path)}; its name must end in {', '.join(sorted(_FORMATS))} (or .h5)"
        )
    check_label(path)
    return opener(path)


def _npy(path: Path) -> Rows:
    from qtui.data.formats.arrays import open_npy

    return open_npy(path)


def _npz(path: Path) -> Rows:
    from qtui.data.formats.arrays import open_npz

    return open_npz(path)


def _records(path: Path) -> Rows:
    from qtui.data.formats.records import open_records

    return open_records(path)


def _packed(path: Path) -> Rows:
    from qtui.data.formats.records import open_packed

    return open_packed(path)


def _hdf5(path: Path) -> Rows:
    from qtui.data.formats.hdf5 import open_hdf5

    return open_hdf5(path)


def _parquet(path: Path) -> Rows:
    from qtui.data.formats.parquet import open_parquet

    return open_parquet(path)


_FORMATS: dict[str, Callable[[Path], Rows]] = {
    ".npy": _npy,
    ".npz": _npz,
    ".fvecs": _records,
    ".bvecs": _records,
    ".fbin": _packed,
    ".u8bin": _packed,
    ".hdf5": _hdf5,
    ".parquet": _parquet,
}


def _own_payload(rows: Rows) -> Payloads | None:
    from qtui.data.formats.parquet import Columns, ParquetRows

    if not isinstance(rows, ParquetRows):
        return None
    return Columns(rows.file, rows.name, rows.column) or None


def _own_queries(rows: Rows) -> QuerySet | None:
    from qtui.data.formats.hdf5 import AnnRows

    test = rows.test() if isinstance(rows, AnnRows) else None
    return None if test is None else QuerySet(test, "file")
