"""Payloads that lie beside vectors: `.jsonl` (line n belongs to row n) and `.parquet`. No engine is imported.

Read in bounded memory: of a `.jsonl`, the place of every 1,024th line is kept, found in one pass over its bytes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import msgspec
import numpy as np

from qtui.data.files import check_label, open_binary, suffix_of
from qtui.errors import DataError, UsageError, shown
from qtui.model import Payload

_STEP = 1024
_CHUNK = 1 << 20
_LONGEST_LINE = 1 << 24


class Payloads(Protocol):
    """One payload a row."""

    rows: int

    def read(self, start: int, stop: int) -> list[Payload | None]:
        """Payloads of the rows `start` up to `stop`."""
        ...

    def close(self) -> None:
        """Lets go of the file."""
        ...


class JsonLines:
    """Payloads from the lines of a file: an object each, or null for none."""

    def __init__(self, path: Path, enough: int | None = None) -> None:
        """Counts lines, at most one more than `enough`."""
        self._file = open_binary(path)
        self._name = str(path)
        self._marks = [0]
        self._next, self._decoder = 0, msgspec.json.Decoder()
        self.rows = self._count(enough)
        self._file.seek(0)

    def _count(self, enough: int | None) -> int:
        lines, base, last = 0, 0, b"\n"
        while chunk := self._file.read(_CHUNK):
            ends = np.flatnonzero(np.frombuffer(chunk, dtype=np.uint8) == ord("\n"))
            marked = ends[_STEP - 1 - lines % _STEP :: _STEP]
            self._marks += (marked + base + 1).tolist()
            lines, base, last = lines + len(ends), base + len(chunk), chunk[-1:]
            if enough is not None and lines > enough:
                return lines
        return lines + (last != b"\n")

    def read(self, start: int, stop: int) -> list[Payload | None]:
        """See Payloads. Raises DataError with the number of the first line that is no object."""
        if start != self._next:
            self._file.seek(self._marks[start // _STEP])
            for _ in range(start % _STEP):
                self._file.readline(_LONGEST_LINE)
        found: list[Payload | None] = []
        decode, readline = self._decoder.decode, self._file.readline
        for row in range(start, stop):
            line = readline(_LONGEST_LINE)
            try:
                value = decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                self._next = -1
                raise self._refused(row, line, error) from error
            if value is not None and type(value) is not dict:
                self._next = -1
                raise DataError(f"line {row + 1} of {shown(self._name)} is not an object; write {{…}} or null")
            found.append(value)
        self._next = stop
        return found

    def _refused(self, row: int, line: bytes, error: Exception) -> DataError:
        at = f"line {row + 1} of {shown(self._name)}"
        if len(line) == _LONGEST_LINE:
            return DataError(f"{at} is longer than {_LONGEST_LINE} bytes; write one object a line")
        if not line.strip():
            return DataError(f"{at} is empty; write {{}} or null for a row without payload")
        why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        return DataError(f"{at} is not JSON: {shown(why)}; mend that line")

    def close(self) -> None:
        """See Payloads."""
        self._file.close()


def open_payload(path: Path, rows: int, limited: int) -> Payloads:
    """The payload file of a source of `rows` rows, of which the first `limited` are used.

    Raises DataError when it doesn't have one payload a row.
    """
    suffix = suffix_of(path)
    if suffix not in (".jsonl", ".ndjson", ".parquet"):
        open_binary(path).close()
        raise UsageError(f"can't read payloads from {shown(path)}; give a .jsonl or .parquet file")
    found: Payloads
    if suffix == ".parquet":
        from qtui.data.formats.parquet import Columns, open_file

        check_label(path)
        found = Columns(open_file(path), str(path), own=True)
    else:
        found = JsonLines(path, None if limited == rows else limited)
    whole = limited == rows
    if found.rows < limited or (whole and found.rows > rows):
        found.close()
        raise DataError(
            f"{shown(path)} has {found.rows} payloads for {limited if not whole else rows} vectors; "
            "row n must have its payload in line n"
        )
    return found
