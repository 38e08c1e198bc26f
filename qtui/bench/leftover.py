"""What killed runs left on this disk, told and removed: temporary stores, and samples of collections of others.

Only what qtui made for itself and no process uses. Imports no engine.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from qtui.bench.workplace import clean, in_use
from qtui.data.live.take import leftovers
from qtui.errors import AccessError, shown


def abandoned(home: Path) -> dict[Path, int]:
    """Temporary stores and samples that no living process uses, with the bytes that they take."""
    temporary = home / "tmp"
    stores = sorted(temporary.iterdir()) if temporary.is_dir() else []
    found = [path for path in stores if path.is_dir() and not in_use(path)]
    return {path: _size(path) for path in (*found, *leftovers(home))}


def remove(home: Path) -> tuple[str, ...]:
    """Removes them; returns the ids of killed runs, which are kept as partial ones.

    Raises AccessError when one can't be removed.
    """
    for folder in leftovers(home):
        shutil.rmtree(folder, ignore_errors=True)
    settled = clean(home).settled
    left = list(abandoned(home))
    if left:
        raise AccessError(f"can't remove {shown(left[0])}; check its permissions, or remove it by hand")
    return settled


def _size(folder: Path) -> int:
    """Bytes that the folder takes: of disk blocks where the system tells, since the engine's files are sparse."""
    found = (path.lstat() for path in folder.rglob("*"))
    return sum(status.st_blocks * 512 if hasattr(status, "st_blocks") else status.st_size for status in found)
