"""The open shards of one process: opened when first used, closed when idle, reloaded after a panic.

Owns the locks and the native objects. Every native call runs inside `native`, which turns what the engine raises,
panics included, into one line.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import qdrant_edge as qe

from qtui.engine import files
from qtui.engine.embedded import native
from qtui.engine.store import Folder, Manifest, State, Store, file_errors
from qtui.errors import DataError, DiskFull, EngineGone, QtuiError, StoreInUse, UsageError, shown
from qtui.model import VectorSpec
from qtui.names import listed

MOST_OPEN = 32
"""Open shards, each with its own thread and mappings; beyond it the least recently used is closed."""
IDLE_S = 300.0
SPARE_BYTES = 64 * 1024 * 1024
"""What must stay free on disk: the engine writes through mappings, and a full disk then ends the process."""
_EXACT = qe.CountRequest(exact=True)


@dataclass(slots=True)
class Opened:
    """One open shard."""

    folder: Folder
    manifest: Manifest
    shard: Any
    """The native EdgeShard."""
    vectors: dict[str, VectorSpec] = field(init=False)
    used_ns: int = 0
    unflushed_bytes: int = 0
    writing_s: float = 0.0
    """Not yet in the manifest."""

    def __post_init__(self) -> None:
        self.vectors = {spec.name: spec for spec in self.manifest.spec.vectors}

    def vector(self, name: str) -> VectorSpec:
        """The vector called `name`. Raises UsageError when there is none."""
        try:
            return self.vectors[name]
        except KeyError:
            there = listed(self.vectors)
            raise UsageError(f"{shown(self.folder.name)} has no vector {shown(name)}; it has {there}") from None

    def remember(self, manifest: Manifest) -> None:
        """Replaces the manifest, on disk first."""
        if self.writing_s:
            manifest = replace(manifest, load_seconds=(manifest.load_seconds or 0.0) + self.writing_s)
            self.writing_s = 0.0
        self.folder.write(manifest)
        self.manifest = manifest


class Shards:
    """Name → open shard. Not for threads: one event loop owns it."""

    def __init__(self, store: Store, search_threads: int) -> None:
        if not 1 <= search_threads <= 64:
            raise UsageError("search threads must lie between 1 and 64")
        self.store = store
        self.opened: dict[str, Opened] = {}
        self._search_threads = search_threads
        self._verified: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None

    def get(self, name: str) -> Opened:
        """The open shard of a collection, opening it first where needed.

        Raises NotFound, StoreInUse, NewerFormat, or DataError for a damaged one.
        """
        opened = self.opened.get(name) or self.open(name)
        opened.used_ns = time.perf_counter_ns()
        return opened

    def open(self, name: str) -> Opened:
        """Takes the collection's lock and loads its shard."""
        folder = self.store.folder(name)
        folder.read()  # before the lock, which would leave a file in a folder that isn't ours
        folder.acquire()
        try:
            opened = Opened(folder, folder.read(), None)
            self._load(opened)
        except BaseException:
            folder.release()
            raise
        self.opened[name] = opened
        opened.used_ns = time.perf_counter_ns()
        self._spare()
        self._watch()
        return opened

    def _load(self, opened: Opened) -> None:
        folder, manifest = opened.folder, opened.manifest
        shutil.rmtree(folder.shard / "temp_segments", ignore_errors=True)  # what a killed build left
        is_ready = manifest.state is State.READY
        if is_ready and folder.name not in self._verified:
            files.verify(folder.shard, manifest.files, folder.name)
        with self.native(opened, "open"):
            opened.shard = qe.EdgeShard.load(str(folder.shard), native.config(manifest.spec, self._search_threads))
        if is_ready and manifest.points is not None and folder.name not in self._verified:
            found = self.count(opened)
            if found != manifest.points:
                self._let_go(opened)
                raise DataError(
                    f"{shown(folder.name)} is damaged: {found} of {manifest.points} points are there;"
                    " delete it and load it again"
                )
            self._verified.add(folder.name)

    def reload(self, opened: Opened, manifest: Manifest | None = None) -> None:
        """Closes and loads a shard under its lock, with another manifest's settings when one is given."""
        self._let_go(opened)
        try:
            if manifest is not None:
                opened.remember(manifest)
                opened.vectors = {spec.name: spec for spec in manifest.spec.vectors}
            self._load(opened)
        except BaseException:
            self._forget(opened)
            raise

    def close(self, name: str) -> None:
        """Writes what is pending of one collection and lets go of it; nothing when it isn't open."""
        opened = self.opened.get(name)
        if opened is not None:
            try:
                self.flush(opened)
            finally:
                self._let_go(opened)
                self._forget(opened)

    def close_all(self) -> None:
        """Closes every shard. The first error is raised once all are closed."""
        errors: list[QtuiError] = []
        for name in list(self.opened):
            try:
                self.close(name)
            except QtuiError as error:
                errors.append(error)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if errors:
            raise errors[0]

    def take(self, name: str) -> Folder:
        """The collection's folder, closed and with its lock held; the caller releases it."""
        opened = self.opened.pop(name, None)
        if opened is not None:
            self._let_go(opened)
            return opened.folder
        folder = self.store.folder(name)
        if folder.is_ours:
            folder.acquire()
        return folder

    def forget_checks(self, name: str) -> None:
        """Checks the collection's files again when it is next opened."""
        self._verified.discard(name)

    def trust(self, name: str) -> None:
        """Takes the collection's files as checked: they were just written by this process."""
        self._verified.add(name)

    def flush(self, opened: Opened) -> None:
        """Writes what is pending; the log of changes can then be cut."""
        if opened.unflushed_bytes and opened.shard is not None:
            with self.native(opened, "write"):
                opened.shard.flush()
            opened.unflushed_bytes = 0

    def count(self, opened: Opened) -> int:
        """Exact number of points."""
        with self.native(opened, "count"):
            return int(opened.shard.count(_EXACT))

    @contextmanager
    def native(self, opened: Opened, doing: str) -> Iterator[None]:
        """Runs native calls on a shard: what they raise comes out as an error of ours."""
        try:
            yield
        except QtuiError:
            raise
        except BaseException as error:  # panics derive from it
            raise self.failure(opened, doing, error) from error

    def failure(self, opened: Opened, doing: str, error: BaseException) -> QtuiError:
        """The error of ours for what a native call raised; anything else, such as Ctrl-C, goes on as it is."""
        name = shown(opened.folder.name)
        if _is_panic(error):
            self._let_go(opened)
            self._forget(opened)
            return EngineGone(f"the engine failed to {doing} {name} ({shown(error)}); it was closed, try again")
        if not isinstance(error, Exception):
            raise error
        text = str(error)
        if "No space left" in text or "os error 28" in text:
            return DiskFull(f"no space is left to {doing} {name}: free some, then run it again")
        if "WouldBlock" in text:
            return StoreInUse(f"{name} is in use by another process: end that one, or wait for it")
        return DataError(f"the engine can't {doing} {name}: {shown(_plain(text))}")

    def require_space(self, opened: Opened, needed: int, doing: str) -> None:
        """Raises DiskFull when less than `needed` bytes and a reserve are free."""
        with file_errors(f"can't {doing} {shown(opened.folder.name)}"):
            free = shutil.disk_usage(opened.folder.path).free
        if free < needed + SPARE_BYTES:
            wanted, left = -(-(needed + SPARE_BYTES) >> 20), free >> 20  # rounded apart
            raise DiskFull(
                f"not enough space to {doing} {shown(opened.folder.name)}:"
                f" about {wanted} MiB are needed, {left} MiB are free; free some, then run it again"
            )

    def _let_go(self, opened: Opened) -> None:
        shard, opened.shard = opened.shard, None
        if shard is not None:
            try:
                shard.close()
            except BaseException as error:  # after a panic closing may panic too; what was written is in the log
                if not _is_native(error):
                    raise

    def _forget(self, opened: Opened) -> None:
        self.opened.pop(opened.folder.name, None)
        opened.folder.release()

    def _spare(self) -> None:
        while len(self.opened) > MOST_OPEN:
            self.close(min(self.opened.values(), key=lambda opened: opened.used_ns).folder.name)

    def _watch(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(IDLE_S / 2, self._close_idle)

    def _close_idle(self) -> None:
        self._timer = None
        before = time.perf_counter_ns() - int(IDLE_S * 1e9)
        for name in [name for name, opened in self.opened.items() if opened.used_ns < before]:
            with suppress(QtuiError):  # its next use says so
                self.close(name)
        if self.opened:
            self._watch()


def _is_panic(error: BaseException) -> bool:
    """The engine's panics are of a class that can't be imported."""
    return type(error).__name__ == "PanicException"


def _is_native(error: BaseException) -> bool:
    return isinstance(error, Exception) or _is_panic(error)


def _plain(text: str) -> str:
    return text.removeprefix("Service runtime error: ").removeprefix("IO Error: ")


def ready(opened: Opened, points: int) -> Manifest:
    """The manifest of a collection whose build is done."""
    return replace(opened.manifest, state=State.READY, points=points, files=files.checksums(opened.folder.shard))
