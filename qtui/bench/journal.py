"""The journal of a run: what would be lost if its process were killed now. Only ever added to.

Each line is either a snapshot of the record without figures (the last one counts) or the wall time of one block.
A line that a kill cut short is left out.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from qtui.bench.samples import header, sample_lines, truth_lines
from qtui.errors import AccessError, DataError, DiskFull, NotFound, not_text, shown
from qtui.model import PointId
from qtui.owner import Owner, this_process
from qtui.plan import BenchRequest
from qtui.records import RunRecord, Sample


class _Line(msgspec.Struct, omit_defaults=True):
    owner: Owner | None = None
    request: BenchRequest | None = None
    record: RunRecord | None = None
    block: tuple[int, float, int] | None = None
    """Measurement, wall seconds, searches."""


@dataclass(frozen=True, slots=True)
class Left:
    """What a journal says."""

    record: RunRecord
    """Without figures."""
    blocks: tuple[tuple[int, float, int], ...]
    alive: bool
    """Whether its run is still going on."""
    request: BenchRequest | None
    """What was asked for; None in journals of before this was kept."""

    @property
    def measured(self) -> int:
        """How many measurements have figures."""
        return len({measurement for measurement, _, _ in self.blocks})


class Journal:
    """Writes the journal and the samples file of one run; what is added is with the system when a call returns."""

    def __init__(self, path: Path, samples_path: Path) -> None:
        self._path = path
        self._samples_path = samples_path
        self._file = _open(path)
        self._samples = _open(samples_path)

    @classmethod
    def begin(cls, path: Path, samples_path: Path, record: RunRecord, request: BenchRequest | None = None) -> Journal:
        """Those of a new run, or none. Raises AccessError where they are there already, UsageError for a bad name."""
        for file in (path, samples_path):
            _create(file)
        journal = cls(path, samples_path)
        try:
            journal._put(journal._samples, header(record.id))
            journal._own(record, request)
        except BaseException:
            journal.discard()
            raise
        return journal

    @classmethod
    def go_on(cls, path: Path, samples_path: Path, record: RunRecord, samples_end: int) -> Journal:
        """Those of a run that goes on: what a kill cut short in either is cut off."""
        try:
            raw = path.read_bytes()
            os.truncate(path, raw.rfind(b"\n") + 1)
            os.truncate(samples_path, samples_end)
        except OSError as error:
            raise AccessError(f"can't write {shown(path)}: {error.strerror}; check QTUI_HOME") from error
        journal = cls(path, samples_path)
        journal._own(record, None)
        return journal

    def _own(self, record: RunRecord, request: BenchRequest | None) -> None:
        try:
            line = msgspec.json.encode(_Line(owner=this_process(), request=request, record=record))
        except UnicodeEncodeError as error:
            raise not_text(error) from error
        self._put(self._file, line + b"\n")

    def update(self, record: RunRecord) -> None:
        """A new snapshot of the record."""
        self._put(self._file, msgspec.json.encode(_Line(record=record)) + b"\n")

    def truth(self, truth: Sequence[Sequence[PointId]]) -> None:
        """The exact answers; before any search."""
        self._put(self._samples, truth_lines(truth))

    def searches(self, samples: Sequence[Sample]) -> None:
        """Searches that count in no block: the cold pass."""
        self._put(self._samples, sample_lines(samples))

    def block(self, measurement: int, samples: Sequence[Sample], wall_s: float) -> None:
        """One block of one variant."""
        self.searches(samples)
        self._put(self._file, msgspec.json.encode(_Line(block=(measurement, wall_s, len(samples)))) + b"\n")

    def close(self) -> None:
        """Lets go of the files."""
        self._file.close()
        self._samples.close()

    def discard(self) -> None:
        """Removes both files: nothing was measured."""
        self.close()
        self._path.unlink(missing_ok=True)
        self._samples_path.unlink(missing_ok=True)

    def _put(self, file: BinaryIO, raw: bytes) -> None:
        try:
            rest = memoryview(raw)
            while rest:  # an unbuffered write may take only a part
                rest = rest[file.write(rest) :]
        except OSError as error:
            if error.errno == 28:
                raise DiskFull(f"no space is left in {shown(self._path.parent)}; free some and run again") from error
            raise AccessError(f"can't write the run's journal: {error.strerror}; check QTUI_HOME") from error


def read(path: Path) -> Left:
    """What a journal says. Raises NotFound, or DataError when not even its first line is whole."""
    try:
        lines = path.read_bytes().split(b"\n")[:-1]
    except FileNotFoundError as error:
        raise NotFound(f"no journal {shown(path)}") from error
    owner: Owner | None = None
    request: BenchRequest | None = None
    record: RunRecord | None = None
    blocks = []
    decoder = msgspec.json.Decoder(_Line)
    try:
        for raw in lines:
            line = decoder.decode(raw)
            owner, record = line.owner or owner, line.record or record
            request = line.request or request
            if line.block is not None:
                blocks.append(line.block)
    except msgspec.MsgspecError as error:
        raise DataError(f"{shown(path)} is damaged: {error}; remove it") from error
    if record is None or owner is None:
        raise DataError(f"{shown(path)} is empty: its run was killed before it began; remove it")
    return Left(record, tuple(blocks), owner.alive, request)


def _create(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise AccessError(f"can't write {shown(path)}: {error.strerror}; check QTUI_HOME") from error


def _open(path: Path) -> BinaryIO:
    try:
        # unbuffered: what was added survives a kill
        return path.open("ab", buffering=0)
    except OSError as error:
        raise AccessError(f"can't write {shown(path)}: {error.strerror}; check QTUI_HOME") from error
