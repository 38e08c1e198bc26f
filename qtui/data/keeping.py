"""Small things kept, each in a JSON file: written whole or not at all, for this user alone; damaged is gone."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

from qtui import config
from qtui.errors import AccessError, shown

T = TypeVar("T")


def read_kept(path: Path, kind: type[T]) -> T | None:
    """What the file holds; None when there is none, or it holds something else."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError):
        return None


def write_kept(path: Path, value: object | None) -> None:
    """Keeps `value`, which JSON can hold; None removes the file. Raises AccessError where that can't be written."""
    try:
        if value is None:
            path.unlink(missing_ok=True)
            return
        config.private_dir(path.parent)
        part = path.with_suffix(".part")
        part.write_bytes(msgspec.json.encode(value))
        part.replace(path)
    except OSError as error:
        raise AccessError(f"can't write {shown(path)}: {error.strerror}; set QTUI_HOME elsewhere") from error
