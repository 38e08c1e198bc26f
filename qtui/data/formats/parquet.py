"""`.parquet`: vectors in a list column, payload in the others; read batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from qtui.data.files import closed_on_error, open_binary
from qtui.data.rows import Batch, Block, Indices, Rows, as_float32
from qtui.errors import DataError, shown
from qtui.model import Payload

_PREFERRED = ("vector", "embedding", "vectors", "embeddings", "emb")
_ROWS_AT_ONCE = 1024
_PLAIN: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    (datetime | date | time, lambda value: value.isoformat()),
    (timedelta, lambda value: value.total_seconds()),
    (Decimal, float),
    (bytes, bytes.hex),
)


def open_file(path: Path) -> Any:
    """The file as pyarrow's ParquetFile, buffered by page rather than by row group. Raises DataError."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    open_binary(path).close()
    try:
        return pq.ParquetFile(path, buffer_size=1 << 16, pre_buffer=False)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{shown(path)} is damaged or truncated: {shown(error)}; get it again") from error


def batches(file: Any, columns: list[str], start: int, size: int, name: str) -> Iterator[Any]:
    """Record batches of at most `size` rows from row `start` on; whole row groups before it are not read."""
    import pyarrow as pa

    groups, skip = list(range(file.num_row_groups)), start
    while groups and skip >= file.metadata.row_group(groups[0]).num_rows:
        skip -= file.metadata.row_group(groups.pop(0)).num_rows
    try:
        for batch in file.iter_batches(batch_size=size, row_groups=groups, columns=columns, use_threads=False):
            if skip < batch.num_rows:
                yield batch.slice(skip)
            skip = max(0, skip - batch.num_rows)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{shown(name)} is damaged: {shown(error)}; get it again") from error


class ParquetRows:
    """Rows of the vector column."""

    multivector = False
    vectors_per_row = 1.0

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self.file = open_file(path)
        self.rows = self.file.metadata.num_rows
        with closed_on_error(self.file):
            self.column = _vector_column(self.file.schema_arrow, self.name)
            if not self.rows:
                raise DataError(f"{shown(path)} holds no rows; write at least one")
            self.dimension = self._first_size()

    def blocks(self, rows_per_block: int, start: int, stop: int) -> Iterator[tuple[int, Batch]]:
        """See Rows."""
        at, held = start, list[Block]()
        size = min(rows_per_block, _ROWS_AT_ONCE)
        for batch in batches(self.file, [self.column], start, size, self.name):
            first = at + sum(map(len, held))
            held.append(self._block(batch.column(0), first)[: stop - first])
            while sum(map(len, held)) >= rows_per_block:
                whole = np.concatenate(held)
                yield at, whole[:rows_per_block].copy()
                at, held = at + rows_per_block, [whole[rows_per_block:]]
            if at + sum(map(len, held)) >= stop:
                break
        if sum(map(len, held)):
            yield at, np.concatenate(held)

    def rows_at(self, indices: Indices) -> Batch:
        """See Rows. Reads the row groups that they lie in, once each."""
        wanted = np.asarray(indices, dtype=np.int64)
        found = np.empty((len(wanted), self.dimension), dtype=np.float32)
        groups = [self.file.metadata.row_group(i).num_rows for i in range(self.file.num_row_groups)]
        starts = np.cumsum([0, *groups])
        for group in np.unique(np.searchsorted(starts, wanted, side="right") - 1):
            first, last = int(starts[group]), int(starts[group + 1])
            for at, block in self.blocks(_ROWS_AT_ONCE, first, last):
                here = np.flatnonzero((wanted >= at) & (wanted < at + len(block)))
                found[here] = np.asarray(block)[wanted[here] - at]
        return found

    def close(self) -> None:
        """See Rows."""
        self.file.close()

    def _first_size(self) -> int:
        kind = self.file.schema_arrow.field(self.column).type
        size = getattr(kind, "list_size", -1)
        if size < 0:
            first = next(batches(self.file, [self.column], 0, 1, self.name)).column(0)
            size = len(first[0].as_py() or ())
        if size == 0:
            raise DataError(f"row 0 in {shown(self.name)} has no vector in {shown(self.column)}")
        return int(size)

    def _block(self, column: Any, first: int) -> Block:
        import pyarrow as pa

        if column.null_count:
            row = first + int(np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))[0])
            raise DataError(f"row {row} in {shown(self.name)} has no vector in {shown(self.column)}; leave it out")
        if not pa.types.is_fixed_size_list(column.type):
            sizes = np.diff(column.offsets.to_numpy())
            other = np.flatnonzero(sizes != self.dimension)
            if len(other):
                row = int(other[0])
                raise DataError(
                    f"row {first + row} in {shown(self.name)} has {sizes[row]} components, row 0 has {self.dimension}; "
                    "all rows must have one size"
                )
        values = column.flatten()
        if values.null_count:
            at = int(np.flatnonzero(values.is_null().to_numpy(zero_copy_only=False))[0])
            row = first + at // self.dimension
            raise DataError(f"row {row} in {shown(self.name)} has an empty component; fill it, or leave the row out")
        return as_float32(values.to_numpy(zero_copy_only=False).reshape(-1, self.dimension))


class Columns:
    """Payloads from columns, in order; reading on from where the last reading ended costs nothing extra."""

    def __init__(self, file: Any, name: str, without: str | None = None, *, own: bool = False) -> None:
        self._file, self._name, self._own = file, name, own
        self._columns = [column for column in file.schema_arrow.names if column != without]
        self.rows: int = file.metadata.num_rows
        self._next, self._pending = 0, list[Payload]()
        self._stream: Iterator[Any] = iter(())

    def __bool__(self) -> bool:
        return bool(self._columns)

    def read(self, start: int, stop: int) -> list[Payload | None]:
        """Payloads of the rows `start` up to `stop`."""
        if start != self._next:
            self._pending = []
            self._stream = batches(self._file, self._columns, start, _ROWS_AT_ONCE, self._name)
        elif start == 0 and not self._pending:
            self._stream = batches(self._file, self._columns, 0, _ROWS_AT_ONCE, self._name)
        while len(self._pending) < stop - start:
            batch = next(self._stream, None)
            if batch is None:
                break
            self._pending += [{key: plain(value) for key, value in row.items()} for row in batch.to_pylist()]
        taken, self._pending = self._pending[: stop - start], self._pending[stop - start :]
        self._next = stop
        return list(taken)

    def close(self) -> None:
        """Lets go of the file, when it is ours alone."""
        if self._own:
            self._file.close()


def plain(value: Any) -> Any:
    """A column's value as JSON has it: times as RFC 3339 text, bytes as hex."""
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    convert = next((how for kind, how in _PLAIN if isinstance(value, kind)), None)
    return value if convert is None else convert(value)


def open_parquet(path: Path) -> Rows:
    """Rows of the vector column. Raises DataError when there is none, or several of them."""
    return ParquetRows(path)


def _vector_column(schema: Any, name: str) -> str:
    import pyarrow as pa

    def is_vector(kind: Any) -> bool:
        is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
        return bool(is_list and (pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type)))

    found = [field.name for field in schema if is_vector(field.type)]
    chosen = found if len(found) == 1 else [column for column in _PREFERRED if column in found][:1]
    if chosen:
        return str(chosen[0])
    listed = ", ".join(f"{shown(field.name, 40)} ({field.type})" for field in list(schema)[:8])
    if found:
        raise DataError(f"{shown(name)} has several columns of numbers ({listed}); call the one to use 'vector'")
    raise DataError(f"{shown(name)} has no column with lists of numbers, only {listed or 'nothing'}; give another file")
