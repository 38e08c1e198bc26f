"""Texts with columns: the rows of `.jsonl` and `.csv` as objects, one after the other, and which field is the text.

Imports msgspec; of a file never more than a row is in memory.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import msgspec

from qtui.data.files import open_binary
from qtui.errors import DataError, UsageError, shown
from qtui.model import Payload

_LONGEST = 1 << 24
_LIKELY = ("text", "content", "body", "document", "passage", "abstract", "description")
"""Fields that hold the text where nobody says which does, best first."""


def rows_of(path: Path) -> Iterator[Payload]:
    """The rows. Raises DataError with the line of the first that can't be read, and what `open_binary` raises."""
    yield from _csv(path) if path.suffix.lower() == ".csv" else _jsonl(path)


def count(path: Path) -> int:
    """How many rows there are about; fewer may turn out to be readable."""
    with open_binary(path) as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b"")) or 1


def text_field(row: Payload, asked: str, name: str) -> str:
    """The field that is embedded. Raises UsageError, naming those that could be."""
    texts = [field for field, value in row.items() if isinstance(value, str)]
    if asked:
        if asked not in row:
            raise UsageError(f"{shown(name)} has no field {shown(asked)}; its fields are {_listed(row)}")
        return asked
    for field in _LIKELY:
        if field in texts:
            return field
    if len(texts) == 1:
        return texts[0]
    raise UsageError(f"which field of {shown(name)} is the text? Say so by --text-field: {_listed(row)}")


def _listed(row: Payload) -> str:
    return ", ".join(shown(field, 40) for field in list(row)[:12]) or "none"


def _jsonl(path: Path) -> Iterator[Payload]:
    decoder = msgspec.json.Decoder()
    with open_binary(path) as file:
        number = 0
        while line := file.readline(_LONGEST):
            number += 1
            if not line.strip():
                continue
            try:
                row = decoder.decode(line.removeprefix(b"\xef\xbb\xbf"))
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
                raise DataError(f"line {number} of {shown(path.name)} is not JSON: {shown(why)}") from error
            if not isinstance(row, dict):
                raise DataError(f"line {number} of {shown(path.name)} is not an object; write {{…}}")
            yield row


def _csv(path: Path) -> Iterator[Payload]:
    open_binary(path).close()
    csv.field_size_limit(_LONGEST)
    number = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            head = file.readline(1 << 16)
            file.seek(0)
            delimiter = max(",;\t", key=head.count)
            for row in csv.DictReader(file, delimiter=delimiter, strict=True):
                number += 1
                yield {name: value for name, value in row.items() if isinstance(name, str) and value is not None}
    except UnicodeDecodeError as error:
        raise DataError(f"{shown(path.name)} is not UTF-8 text after row {number}; convert it") from error
    except csv.Error as error:
        raise DataError(f"row {number} of {shown(path.name)} is not CSV: {shown(error)}") from error
