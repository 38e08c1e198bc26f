"""The folder that a run builds its temporary collections in, and what killed runs left of theirs.

$QTUI_HOME/tmp/RUN/owner.json   whose it is
$QTUI_HOME/tmp/RUN/store        an embedded store
$QTUI_HOME/kept/RUN             such a store, after --keep
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from qtui import config
from qtui.bench.record import RunStore
from qtui.errors import AccessError, shown
from qtui.owner import Owner, this_process

_OWNER = "owner.json"


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What `clean` did."""

    removed: tuple[str, ...]
    """Folders that are gone."""
    settled: tuple[str, ...]
    """Ids of killed runs, now kept as partial ones."""


class Workplace:
    """The temporary store of one run."""

    def __init__(self, home: Path, run_id: str) -> None:
        self._home = home
        self._run_id = run_id
        self.folder = home / "tmp" / run_id

    @property
    def store(self) -> Path:
        """The embedded store in it."""
        return self.folder / "store"

    def make(self) -> None:
        """Makes the folder, marked as this process's own. Raises AccessError."""
        config.private_dir(self.folder.parent)
        # never there without its owner: another process may be cleaning up
        part = self.folder.with_name(f".{self._run_id}.part")
        try:
            part.mkdir(mode=0o700)
            (part / _OWNER).write_bytes(msgspec.json.encode(this_process()))
            (part / "store").mkdir(mode=0o700)
            part.rename(self.folder)
        except OSError as error:
            raise AccessError(f"can't make {shown(self.folder)}: {error.strerror}; set QTUI_HOME elsewhere") from error

    def remove(self) -> None:
        """Removes the folder, as far as it is there."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def keep(self) -> Path:
        """Moves the store to where kept ones are, and returns that folder."""
        target = self._home / "kept" / self._run_id
        config.private_dir(target.parent)
        try:
            self.store.rename(target)
        except OSError as error:
            raise AccessError(f"can't move {shown(self.store)}: {error.strerror}; copy it by hand") from error
        self.remove()
        return target


def in_use(folder: Path) -> bool:
    """Whether the process that made this temporary folder is still there."""
    try:
        owner = msgspec.json.decode((folder / _OWNER).read_bytes(), type=Owner)
    except (OSError, msgspec.MsgspecError):
        return False
    return owner.alive


def clean(home: Path) -> Cleaned:
    """Removes temporary stores whose process is gone, and turns the journals of killed runs into partial runs."""
    removed = []
    temporary = home / "tmp"
    for folder in sorted(temporary.iterdir()) if temporary.is_dir() else []:
        if folder.is_dir() and not folder.is_symlink() and not in_use(folder):
            with suppress(OSError):
                shutil.rmtree(folder)
                removed.append(str(folder))
    return Cleaned(tuple(removed), RunStore(home / "runs").settle())
