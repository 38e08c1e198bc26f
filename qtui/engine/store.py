"""The folders of an embedded store: names, manifests and locks. Knows no engine; imports msgspec.

    STORE/NAME/manifest.json    what qtui knows of the collection, replaced atomically
    STORE/NAME/lock             held by the process that has the collection open
    STORE/NAME/shard/           the engine's own files

Folders whose name begins with a dot are being made or removed, and are no collections.
"""

from __future__ import annotations

import errno
import os
import shutil
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import unquote

import msgspec

from qtui.config import private_dir
from qtui.errors import AccessError, DataError, DiskFull, Exists, NewerFormat, NotFound, StoreInUse, UsageError, shown
from qtui.model import CollectionSpec
from qtui.names import LONGEST_FOLDER, check_name, folder_name

SCHEMA = 1
MANIFEST, LOCK, SHARD = "manifest.json", "lock", "shard"
_MAKING, _REMOVING = ".new-", ".trash-"
_LOCK_PATIENCE_S = 1.0
"""Another process that only looks at a collection holds its lock for a moment."""


class State(StrEnum):
    """How far a collection has come."""

    LOADING = "loading"
    INDEXING = "indexing"
    READY = "ready"


@dataclass(frozen=True, slots=True)
class FileSum:
    """What proves that a file is the one that was written."""

    size: int
    crc: int
    """CRC-32 of the whole file, or of samples spread over a large one."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What qtui remembers of one collection."""

    spec: CollectionSpec
    engine: str
    """Name and version of the engine that made it."""
    schema: int = SCHEMA
    state: State = State.LOADING
    source: str | None = None
    expected_points: int | None = None
    extra: dict[str, str] = field(default_factory=dict)
    loaded_rows: int = 0
    """Rows of the source that are dealt with: where an interrupted load goes on."""
    load_seconds: float | None = None
    """What the engine took to write the points, over all sessions of a load."""
    index_seconds: float | None = None
    """What it took to build index and quantized data the last time."""
    points: int | None = None
    """Exact count when it was last marked as ready; None once points were written since."""
    files: dict[str, FileSum] = field(default_factory=dict)
    """Path inside `shard`, with '/' → checksum, of the files that never change once they are built."""


class _Version(msgspec.Struct):
    schema: int


@contextmanager
def file_errors(what: str) -> Iterator[None]:
    """Turns an OSError into one of ours; `what` says what could not be done, as in "can't write 'x'"."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(f"{what}: no space is left; free some, then run it again") from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise AccessError(f"{what}: {reason}; check the permissions of the folder") from error
        raise DataError(f"{what}: {reason}") from error


class Folder:
    """One collection's folder: its manifest and its lock. Nothing is held open but the lock."""

    def __init__(self, path: Path, name: str) -> None:
        self.path = path
        self.name = name
        self._lock: int | None = None

    @property
    def shard(self) -> Path:
        """The engine's files."""
        return self.path / SHARD

    @property
    def is_ours(self) -> bool:
        """Whether qtui made it, damaged or not."""
        return (self.path / MANIFEST).exists()

    def read(self) -> Manifest:
        """The manifest. Raises DataError for a foreign or damaged folder, NewerFormat for a newer one."""
        try:
            raw = (self.path / MANIFEST).read_bytes()
        except FileNotFoundError:
            raise DataError(
                f"{shown(self.name)} was not made by qtui: it has no manifest; move it out of the store"
            ) from None
        except OSError as error:
            raise AccessError(
                f"can't read the manifest of {shown(self.name)}: {error.strerror}; check the permissions of its folder"
            ) from error
        try:
            if msgspec.json.decode(raw, type=_Version).schema > SCHEMA:
                raise NewerFormat(f"{shown(self.name)} was written by a newer qtui: upgrade qtui to open it")
            return msgspec.json.decode(raw, type=Manifest)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise DataError(f"the manifest of {shown(self.name)} is damaged: delete and load it again") from error

    def write(self, manifest: Manifest) -> None:
        """Replaces the manifest atomically."""
        target = self.path / MANIFEST
        temporary = target.with_suffix(f".{os.getpid()}.tmp")
        with file_errors(f"can't write the manifest of {shown(self.name)}"):
            temporary.write_bytes(msgspec.json.encode(manifest))
            temporary.replace(target)

    def acquire(self) -> None:
        """Takes the lock. Raises StoreInUse when another process, or another engine of this one, has it."""
        if self._lock is not None:
            return
        with file_errors(f"can't open {shown(self.name)}"):
            handle = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        give_up = time.monotonic() + _LOCK_PATIENCE_S
        while not _try_lock(handle):
            if time.monotonic() > give_up:
                os.close(handle)
                raise StoreInUse(f"{shown(self.name)} is in use by another process: end that one, or wait for it")
            time.sleep(0.02)
        self._lock = handle

    def release(self) -> None:
        """Lets go of the lock."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _try_lock(handle: int) -> bool:
    """Whether the lock was free; closing the handle releases it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


class Store:
    """The folder that holds all collections; made with the first of them, not by looking for them."""

    def __init__(self, path: Path) -> None:
        there = next((folder for folder in (path, *path.parents) if folder.exists()), path)
        if there.exists() and not there.is_dir():
            raise UsageError(f"{shown(there)} is not a folder: give the folder of a store")
        self.path = path

    def names(self) -> tuple[str, ...]:
        """Names of all collections and of foreign folders, sorted. Opens none of them."""
        if not self.path.exists():
            return ()
        with file_errors(f"can't list the store {shown(self.path)}"), os.scandir(self.path) as entries:
            return tuple(sorted(_name_of(e.name) for e in entries if not e.name.startswith(".") and e.is_dir()))

    def folder(self, name: str) -> Folder:
        """The folder of a collection. Raises NotFound."""
        for candidate in (folder_name(name), name):
            if _is_folder_name(candidate) and (self.path / candidate).is_dir():
                return Folder(self.path / candidate, name)
        raise NotFound(f"no collection {shown(name)}: 'qtui inspect' lists what is there")

    @contextmanager
    def making(self, name: str) -> Iterator[Folder]:
        """A folder under a temporary name that becomes the collection when the block ends. Raises Exists."""
        check_name(name)
        private_dir(self.path)
        target = self.path / folder_name(name)
        if target.exists():
            raise Exists(f"there is a collection {shown(name)} already: choose another name or delete it first")
        temporary = Folder(self.path / f"{_MAKING}{uuid.uuid4().hex[:12]}", name)
        try:
            with file_errors(f"can't make {shown(name)}"):
                temporary.path.mkdir(mode=0o700)
            yield temporary
            try:
                temporary.path.rename(target)
            except OSError as error:
                raise Exists(f"another process has just made {shown(name)}: choose another name") from error
        finally:
            shutil.rmtree(temporary.path, ignore_errors=True)

    def remove(self, folder: Folder) -> None:
        """Removes a collection's folder, whose lock is held. What qtui did not make is left alone."""
        if not folder.is_ours:
            raise UsageError(f"{shown(folder.name)} was not made by qtui: remove {shown(folder.path)} yourself")
        if sys.platform == "win32":
            folder.release()  # a folder with an open file in it can't be renamed there
        trash = self.path / f"{_REMOVING}{uuid.uuid4().hex[:12]}"
        with file_errors(f"can't delete {shown(folder.name)}"):
            folder.path.rename(trash)
        folder.release()
        shutil.rmtree(trash, ignore_errors=True)


def clean(path: Path) -> int:
    """Removes what killed creations and deletions left in a store. Returns how many folders."""
    found = 0
    with suppress(OSError):
        for entry in list(os.scandir(path)):
            if entry.name.startswith((_MAKING, _REMOVING)) and entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
                found += 1
    return found


def _is_folder_name(name: str) -> bool:
    """Whether a name stays inside the store, and isn't one that is being made or removed."""
    return 0 < len(name) <= LONGEST_FOLDER and not name.startswith(".") and not set(name) & set("/\\\0")


def _name_of(folder: str) -> str:
    """The name that a folder stands for; that of a foreign one is its own."""
    name = unquote(folder, errors="replace")
    return name if folder_name(name) == folder else folder
