"""Takes points of a live collection into files, to try things on them elsewhere. Reads only; goes on where it stopped.

$QTUI_HOME/samples/KEY/about.json    whose process takes it, and how far it is
$QTUI_HOME/samples/KEY/ids.json      the ids that were drawn
$QTUI_HOME/samples/KEY/tokens        of multivectors: how many vectors each point has, as 64-bit numbers
$QTUI_HOME/samples/KEY/NAME.fbin     the vectors (NAME.npz, at the end, for multivectors)
$QTUI_HOME/samples/KEY/NAME.jsonl    the payloads, where they are wanted
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import msgspec
import numpy as np

from qtui import config
from qtui.data.live.draw import draw
from qtui.engine.base import Engine
from qtui.engine.pace import FREE, Pace
from qtui.errors import DataError, DiskFull, StoreInUse, shown
from qtui.events import Progress
from qtui.loads import SourceSpec
from qtui.model import CollectionView, Point, PointId, VectorSpec
from qtui.names import file_stem
from qtui.owner import Owner, this_process
from qtui.served import BURST_S

_BATCH_BYTES = 2 << 20
_LARGEST_BATCH = 500
_EVERY_S = 0.3
_HEADER = 8
_ABOUT = "about.json"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to take of one vector of a collection."""

    collection: str
    vector: VectorSpec
    points: int
    """At most so many."""
    of: int
    """Points of the collection now."""
    seed: int
    payload: bool
    where: str
    """Which server or store the collection is in."""

    @property
    def key(self) -> str:
        """Names the sample by all that decides what is in it."""
        spec = self.vector
        parts = (self.where, self.collection, spec.name, spec.size, spec.multivector, self.points, self.of, self.seed)
        return hashlib.blake2b(msgspec.json.encode((*parts, self.payload)), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class About:
    """How far a sample is, as its file says. What the files hold beyond that was left half written by a kill."""

    owner: Owner
    how: str = ""
    """How the ids were drawn."""
    read: int = 0
    """Ids asked for so far."""
    rows: int = 0
    """Points written so far: those of the ids that were there and had the vector."""
    vectors: int = 0
    """Vectors written: the points, or the tokens of all of them."""
    payload_bytes: int = 0


class Sample:
    """One sample and its folder. Make it with `open_sample`, and `release` it whatever happens."""

    def __init__(self, folder: Path, wanted: Wanted, about: About) -> None:
        self._folder, self._wanted, self.about = folder, wanted, about
        stem = f"{file_stem(wanted.collection)}-sample"
        self._vectors, self._packed = folder / f"{stem}.fbin", folder / f"{stem}.npz"
        self._tokens, self._payloads = folder / "tokens", folder / f"{stem}.jsonl"
        self._note(about)

    @property
    def source(self) -> SourceSpec:
        """The files, once all is taken."""
        path = self._packed if self._wanted.vector.multivector else self._vectors
        return SourceSpec("file", str(path), payload=str(self._payloads) if self._wanted.payload else None)

    @property
    def missing(self) -> int:
        """Ids that were drawn and read, but gone by then or without the vector."""
        return self.about.read - self.about.rows

    async def take(
        self, engine: Engine, pace: Pace = FREE, most: float | None = None
    ) -> AsyncGenerator[Progress, None]:
        """Reads what is not read yet. Raises DataError for nothing to take, EngineGone when nobody answers.

        `most`: points a second that the server lets be read; they are then asked for in small parts, one after the
        other, so that none is refused.
        """
        wanted, limited = self._wanted, None if most is None else pace.slowed(most)
        about = wanted.collection if limited is None else f"{wanted.collection} (as slow as its strict mode wants it)"
        began = told = time.monotonic()
        already = self.about.read
        yield Progress("sample", about, already, wanted.points, 0.0, None)
        ids = await self._ids(engine, pace)
        while self.about.read < len(ids):
            some = ids[self.about.read : self.about.read + self._batch(most)]
            call = partial(self._read, engine, some)
            found = await (pace.asked(call) if limited is None else limited.asked(call, cost=len(some)))
            self._add(found, len(some))
            if (now := time.monotonic()) - told >= _EVERY_S or self.about.read == len(ids):
                told, done = now, self.about.read
                left_s = (now - began) / max(1, done - already) * (len(ids) - done)
                yield Progress("sample", about, done, len(ids), now - began, left_s)
        self._finish()

    async def _ids(self, engine: Engine, pace: Pace) -> list[PointId]:
        """Those drawn before, or drawn now."""
        wanted, path = self._wanted, self._folder / "ids.json"
        if not self.about.how:
            drawn = await draw(engine, wanted.collection, wanted.points, points=wanted.of, seed=wanted.seed, pace=pace)
            self._make_room(len(drawn.ids))
            path.write_bytes(msgspec.json.encode(drawn.ids))
            for made in (self._vectors, self._tokens, self._payloads):
                made.touch(mode=0o600)
            self._note(replace(self.about, how=drawn.how))
        return msgspec.json.decode(path.read_bytes(), type=list[PointId])

    async def _read(self, engine: Engine, ids: Sequence[PointId]) -> tuple[Point, ...]:
        wanted = self._wanted
        return await engine.retrieve(wanted.collection, ids, with_payload=wanted.payload, with_vectors=True)

    def _batch(self, most: float | None) -> int:
        """Points that fit into one request of a reasonable size, and into what a server lets be read."""
        about, spec = self.about, self._wanted.vector
        each = max(1, about.vectors // about.rows) if about.rows else 256 if spec.multivector else 1
        largest = _LARGEST_BATCH if most is None else min(_LARGEST_BATCH, int(most * BURST_S))
        return max(1, min(largest, _BATCH_BYTES // (4 * spec.size * each)))

    # --- the files ------------------------------------------------------------------------------------------------

    def _make_room(self, points: int) -> None:
        least = points * self._wanted.vector.size * 4
        if shutil.disk_usage(self._folder).free < 3 * least:
            raise DiskFull(
                f"{points} points take {least >> 20} MiB as files and again as collections, and there is no room for"
                " that: take fewer with --sample, or set QTUI_HOME elsewhere"
            )

    def _add(self, points: Sequence[Point], asked: int) -> None:
        """Writes a batch, then notes that it is written."""
        spec, about = self._wanted.vector, self.about
        held = [point for point in points if (point.vectors or {}).get(spec.name) is not None]
        rows = [np.asarray((point.vectors or {})[spec.name], dtype="<f4").reshape(-1, spec.size) for point in held]
        payloads = b""
        if self._wanted.payload:
            payloads = b"".join(msgspec.json.encode(point.payload) + b"\n" for point in held)
        tokens = np.asarray([len(row) for row in rows], dtype="<i8")
        _append(self._vectors, _HEADER + about.vectors * spec.size * 4, b"".join(row.tobytes() for row in rows))
        _append(self._tokens, about.rows * 8, tokens.tobytes())
        _append(self._payloads, about.payload_bytes, payloads)
        self._note(
            replace(
                about,
                read=about.read + asked,
                rows=about.rows + len(held),
                vectors=about.vectors + int(tokens.sum()),
                payload_bytes=about.payload_bytes + len(payloads),
            )
        )

    def _finish(self) -> None:
        """Makes the files what they are read as. Raises DataError when no point has the vector."""
        spec, about = self._wanted.vector, self.about
        if not about.rows:
            raise DataError(f"no point of {shown(self._wanted.collection)} has the vector {shown(spec.name)}")
        with self._vectors.open("r+b") as file:
            file.write(np.asarray([about.vectors, spec.size], dtype="<i4").tobytes())
        if spec.multivector and not self._packed.exists():
            vectors = np.fromfile(self._vectors, dtype="<f4", offset=_HEADER).reshape(-1, spec.size)
            offsets = np.concatenate([[0], np.cumsum(np.fromfile(self._tokens, dtype="<i8"))])
            part = self._packed.with_suffix(".part.npz")
            np.savez(part, vectors=vectors, offsets=offsets)
            part.rename(self._packed)

    def _note(self, about: About) -> None:
        part = self._folder / f"{_ABOUT}.part"
        part.write_bytes(msgspec.json.encode(about))
        part.replace(self._folder / _ABOUT)
        self.about = about

    def release(self, *, keep: bool) -> None:
        """Removes the sample, or leaves it to go on with."""
        if not keep:
            shutil.rmtree(self._folder, ignore_errors=True)


def open_sample(home: Path, wanted: Wanted) -> Sample:
    """The sample, new or as far as an earlier try came. Raises StoreInUse while another process takes the same."""
    folder = home / "samples" / wanted.key
    config.private_dir(folder.parent)
    config.private_dir(folder)
    about = _about(folder)
    mine = this_process()
    if about is not None and about.owner.alive and about.owner != mine:
        raise StoreInUse(f"another process takes this sample of {shown(wanted.collection)} just now; wait for it")
    return Sample(folder, wanted, About(mine) if about is None else replace(about, owner=mine))


def leftovers(home: Path) -> tuple[Path, ...]:
    """Folders of samples that no living process takes: interrupted ones, to go on with or to be removed."""
    samples = home / "samples"
    found = sorted(samples.iterdir()) if samples.is_dir() else []
    return tuple(folder for folder in found if (about := _about(folder)) is None or not about.owner.alive)


def _append(path: Path, at: int, data: bytes) -> None:
    """Writes behind the first `at` bytes, and drops whatever stood there."""
    with path.open("r+b") as file:
        file.truncate(at)
        file.seek(at)
        file.write(data)


def _about(folder: Path) -> About | None:
    try:
        return msgspec.json.decode((folder / _ABOUT).read_bytes(), type=About)
    except (OSError, msgspec.MsgspecError):
        return None


def wanted_of(view: CollectionView, spec: VectorSpec, *, points: int, seed: int, payload: bool, where: str) -> Wanted:
    """What to take of a collection as it is found."""
    return Wanted(view.name, spec, min(points, view.points), view.points, seed, payload, where)
