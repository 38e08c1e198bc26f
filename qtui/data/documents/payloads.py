"""What a document's payload says: its name and place, and what lies beside it.

Beside `scan.png`: `scan.json` or `scan.png.json`, an object; or in its folder `metadata.jsonl`, `metadata.json` (a
list) or `metadata.csv`, whose field `file_name` (or `file`) says which file a row belongs to.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from qtui.data.documents.finding import METADATA
from qtui.data.documents.tables import rows_of
from qtui.embedders import IMAGES
from qtui.errors import DataError, shown
from qtui.model import Payload

_FILE_FIELDS = ("file_name", "file")
_LARGEST = 1 << 24
_LONGEST_NAME = 60


class Beside:
    """Payloads of files. What is told of a whole folder is read once."""

    def __init__(self) -> None:
        self._folders: dict[Path, dict[str, Payload]] = {}

    def payload(self, path: Path, page: int | None = None) -> Payload:
        """Of a file, or of one page (from 1 on). Raises DataError for something beside it that can't be read."""
        said: Payload = {"title": title_of(path), "image" if path.suffix.lower() in IMAGES else "file": str(path)}
        if page is not None:
            said["page"] = page
        return said | self._folder(path.parent).get(path.name, {}) | _sidecar(path)

    def _folder(self, folder: Path) -> dict[str, Payload]:
        found = self._folders.get(folder)
        if found is None:
            found = self._folders[folder] = {}
            for name in METADATA:
                if (folder / name).is_file():
                    found.update(_by_file(folder / name))
        return found


def title_of(path: Path) -> str:
    """A title made of a file's name: 'men-walk-on-moon.jpg' is 'men walk on moon'."""
    return path.stem.replace("-", " ").replace("_", " ").strip() or path.stem


def called(payload: Payload) -> str:
    """What messages call a document that is known by its payload; '' where it says nothing."""
    for field in ("file", "image"):
        if isinstance(payload.get(field), str):
            page = f", page {payload['page']}" if "page" in payload else ""
            return Path(str(payload[field])).name + page
    said = next((payload[field] for field in ("title", "name", "text") if isinstance(payload.get(field), str)), "")
    return str(said)[:_LONGEST_NAME]


def besides(path: Path) -> tuple[Path, ...]:
    """The files that may tell of this one: a change of one of them is a change of the document."""
    own = (path.with_suffix(".json"), path.with_name(f"{path.name}.json"))
    return (*own, *(path.parent / name for name in METADATA))


def _sidecar(path: Path) -> Payload:
    for beside in besides(path)[:2]:
        if beside.is_file():
            said = _json(beside)
            if not isinstance(said, dict):
                raise DataError(f"{shown(beside.name)} beside it is not an object; write {{…}}")
            return said
    return {}


def _by_file(path: Path) -> dict[str, Payload]:
    rows = _json(path) if path.suffix.lower() == ".json" else list(rows_of(path))
    if not isinstance(rows, list):
        raise DataError(f"{shown(path.name)} beside it is not a list of objects; write [{{…}}, {{…}}]")
    found: dict[str, Payload] = {}
    for row in rows:
        field = next((name for name in _FILE_FIELDS if isinstance(row, dict) and isinstance(row.get(name), str)), None)
        if field is None:
            raise DataError(f"a row of {shown(path.name)} beside it has no field file_name; each must name its file")
        found[row[field]] = {name: value for name, value in row.items() if name != field}
    return found


def _json(path: Path) -> Any:
    try:
        if path.stat().st_size > _LARGEST:
            raise DataError(f"{shown(path.name)} beside it is larger than {_LARGEST >> 20} MiB")
        return msgspec.json.decode(path.read_bytes())
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(f"{shown(path.name)} beside it is not JSON: {shown(error)}") from error
    except OSError as error:
        raise DataError(f"{shown(path.name)} beside it can't be read: {error.strerror}") from error
