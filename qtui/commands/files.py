"""Writing a result to a file that the user named: whole or not at all."""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from qtui.errors import AccessError, DiskFull, shown


def write_text(path: Path, text: str) -> None:
    """Writes a file atomically. Raises AccessError or DiskFull."""
    temporary: str | None = None
    try:
        if path.exists() and not path.is_file():  # a device or a pipe is written to, not replaced
            path.write_text(text, encoding="utf-8")
            return
        handle, temporary = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).replace(path)
    except OSError as error:
        if temporary is not None:
            with suppress(OSError):
                Path(temporary).unlink()
        if error.errno == errno.ENOSPC:
            raise DiskFull(f"no room to write {shown(path)}; make room, or name another place") from error
        raise AccessError(f"can't write {shown(path)}: {error.strerror}; name another place") from error
