"""Run records on disk: one JSON file a run, its samples beside it, and the journal of one that still runs.

    ID.json            the record, written whole or not at all
    ID.samples.jsonl   a header, the exact answer of every query, then every search
    ID.journal         while it runs: its plan, snapshots of the record without figures, the wall time of every block
    ID.unfinished      the journal of a partial run, by which it can go on; then it is the journal again

All are for the user alone (mode 0600). What a killed run left is read as a `partial` record, its figures folded from
the samples. Imports no engine.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import msgspec

from qtui import config
from qtui.bench import journal
from qtui.bench.samples import read_samples, read_whole, samples_name
from qtui.bench.tally import Tally
from qtui.bench.unfinished import Unfinished, absolute
from qtui.errors import AccessError, DataError, DiskFull, NewerFormat, NotFound, QtuiError, UsageError, shown
from qtui.plan import BenchRequest
from qtui.records import SCHEMA, RunRecord, RunSummary

_FAMILY, _, _VERSION = SCHEMA.rpartition("/")


class _Head(msgspec.Struct):
    schema: str = ""


def encode(record: RunRecord) -> bytes:
    """The record as indented JSON; figures are finite by construction, so there is no NaN to lose."""
    return msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n"


def decode(raw: bytes, where: str) -> RunRecord:
    """A record from JSON. Raises NewerFormat for another version's, DataError for what is no record."""
    name = shown(where)
    try:
        head = msgspec.json.decode(raw, type=_Head)
        family, _, version = head.schema.rpartition("/")
        if family == _FAMILY and version.isdigit() and int(version) > int(_VERSION):
            raise NewerFormat(f"{name} was written by a newer qtui ({shown(head.schema)}); update qtui to read it")
        if head.schema != SCHEMA:
            raise DataError(f"{name} is no run record: its schema is {shown(head.schema)}, not {SCHEMA}")
        return msgspec.json.decode(raw, type=RunRecord)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:  # bytes that are no text, and endless nesting
        raise DataError(f"{name} is no readable run record: {error}") from error


def write_private(path: Path, raw: bytes) -> None:
    """Writes a file whole or not at all, for this user alone. Raises DiskFull or AccessError."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise write_error(path, error) from error


def write_error(path: Path, error: OSError) -> QtuiError:
    """The error that tells the user why a file could not be written."""
    if error.errno == 28:
        return DiskFull(f"no space is left to write {shown(path)}; free some and try again")
    return AccessError(f"can't write {shown(path)}: {error.strerror}; check the folder's permissions")


class RunStore:
    """The runs in one folder."""

    def __init__(self, runs_dir: Path) -> None:
        self._folder = runs_dir
        self.problems: tuple[str, ...] = ()
        """What the last `list` could not read, a line each."""

    def list(self) -> tuple[RunSummary, ...]:
        """All runs, newest first. Files that can't be read are left out and named in `problems`."""
        found, problems = [], []
        for run_id in self.ids():
            try:
                found.append(self._summary(run_id))
            except QtuiError as error:
                problems.append(error.text)
        self.problems = tuple(problems)
        return tuple(sorted(found, key=lambda summary: (summary.started, summary.id), reverse=True))

    def load(self, which: str | Path) -> RunRecord:
        """The run of an id, or of a file. Raises NotFound, NewerFormat or DataError."""
        if isinstance(which, str) and which in self.ids():
            return self._load(which)
        path = Path(which)
        if isinstance(which, Path) or path.suffix:
            return decode(_read(path), str(path))
        raise NotFound(f"no run {shown(which)}; `qtui runs list` shows the runs")

    def delete(self, run_id: str) -> None:
        """Removes a run with its samples. Raises NotFound, or UsageError while it is being measured."""
        self._known(run_id)
        self._idle(run_id)
        for path in (self._record(run_id), self._samples(run_id), self._journal(run_id), self._unfinished(run_id)):
            path.unlink(missing_ok=True)

    def rename(self, run_id: str, name: str | None) -> None:
        """Gives a run a name of the user's own, or takes it away."""
        self._known(run_id)
        self._idle(run_id)
        self.write(replace(self._load(run_id), name=name or None))

    def write(self, record: RunRecord) -> None:
        """Keeps a finished record, whole or partial; the journal of a whole one goes."""
        config.private_dir(self._folder)
        write_private(self._record(record.id), encode(record))
        if record.status == "partial":
            self.set_aside(record.id)
        else:
            self._journal(record.id).unlink(missing_ok=True)
            self._unfinished(record.id).unlink(missing_ok=True)

    def begin(self, record: RunRecord, request: BenchRequest | None = None) -> journal.Journal:
        """Starts the journal and the samples file of a run; with its request it can go on when it is interrupted."""
        config.private_dir(self._folder)
        # of a search that races, what is left to ask is not known from its plan
        asked = None if request is None or record.plan.order != "interleaved" else absolute(request)
        return journal.Journal.begin(self._journal(record.id), self._samples(record.id), record, asked)

    # --- going on with a partial run --------------------------------------------------------------------------------

    def unfinished(self, run_id: str) -> Unfinished:
        """What a partial run left. Raises NotFound, or UsageError for a run that can't go on, and why."""
        self._known(run_id)
        self._idle(run_id)
        record, path = self._load(run_id), self._unfinished(run_id)
        if record.status != "partial":
            raise UsageError(f"run {run_id} is complete: nothing is left to measure")
        if self._journal(run_id).is_file() or not self._record(run_id).is_file():  # killed, or there was no room for it
            self._settle(run_id)
        left = journal.read(path) if path.is_file() else None
        if left is None or left.request is None:
            raise UsageError(f"run {run_id} can't go on: its plan was not kept; measure anew")
        samples, end = read_whole(self._samples(run_id), left.blocks)
        return Unfinished(record, left.request, left.blocks, samples.truth, samples.searches, end)

    def go_on(self, left: Unfinished, record: RunRecord) -> journal.Journal:
        """Opens both files of a partial run again. Raises UsageError where another process has done so."""
        try:
            self._unfinished(record.id).rename(self._journal(record.id))
        except FileNotFoundError as error:
            raise UsageError(f"run {record.id} is being measured by another qtui; wait for it") from error
        return journal.Journal.go_on(self._journal(record.id), self._samples(record.id), record, left.end)

    def set_aside(self, run_id: str) -> None:
        """Keeps the journal of a run that ended early, if it says what was planned."""
        path = self._journal(run_id)
        if path.is_file():
            with suppress(QtuiError):
                if journal.read(path).request is not None:
                    path.replace(self._unfinished(run_id))
            path.unlink(missing_ok=True)

    def let_go(self, run_id: str) -> None:
        """Leaves a run whose record can't be written: its journal stands for it, and nobody measures it any more."""
        path = self._journal(run_id)
        if path.is_file():
            with suppress(OSError):
                path.replace(self._unfinished(run_id))

    def samples_path(self, run_id: str) -> Path:
        """Where the samples of a run are, if it has any."""
        return self._samples(run_id)

    def settle(self) -> tuple[str, ...]:
        """Writes the record of every run whose process is gone, and returns their ids."""
        settled = []
        for path in sorted(self._folder.glob("*.journal")):
            run_id = path.name.removesuffix(".journal")
            with suppress(QtuiError):
                if not journal.read(path).alive:
                    self._settle(run_id)
                    settled.append(run_id)
        for path in sorted(self._folder.glob("*.unfinished")):
            if not self._record(path.stem).is_file():  # there was no room for it
                with suppress(QtuiError):
                    self._settle(path.stem)
                    settled.append(path.stem)
        return tuple(settled)

    def _settle(self, run_id: str) -> None:
        record = self._load(run_id)
        if not self._journal(run_id).is_file():
            self._unfinished(run_id).replace(self._journal(run_id))
        try:
            self.write(record)
        except QtuiError:
            self.let_go(run_id)
            raise

    def _load(self, run_id: str) -> RunRecord:
        kept, left = self._kept(run_id)
        return _folded(left, self._samples(run_id)) if left is not None else kept

    def _kept(self, run_id: str) -> tuple[RunRecord, journal.Left | None]:
        """The record; with its journal where that is newer: its figures are then to be folded."""
        path, journal_path = self._record(run_id), self._journal(run_id)
        if path.is_file():
            record = decode(_read(path), str(path))
            if record.status != "partial" or not journal_path.is_file():
                return record, None
        left = journal.read(journal_path if journal_path.is_file() else self._unfinished(run_id))
        return left.record, left

    def _summary(self, run_id: str) -> RunSummary:
        record, left = self._kept(run_id)
        measured = sum(found.engine_ms is not None for found in record.measurements) if left is None else left.measured
        return RunSummary(
            record.id,
            record.status,
            record.started,
            record.dataset,
            record.name,
            measured,
            resumable=self._unfinished(run_id).is_file() and (left is None or left.request is not None),
            measuring=left is not None and left.alive and self._journal(run_id).is_file(),
        )

    def ids(self) -> tuple[str, ...]:
        """Ids of all runs, oldest first, also of those that can't be read. Raises AccessError."""
        try:
            # a glob would take a folder that can't be read for an empty one
            found = {
                path.stem for path in self._folder.iterdir() if path.suffix in (".json", ".journal", ".unfinished")
            }
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise AccessError(f"can't read {shown(self._folder)}: {error.strerror}; check its permissions") from error
        return tuple(sorted(found))

    def _known(self, run_id: str) -> None:
        if run_id not in self.ids():
            raise NotFound(f"no run {shown(run_id)}; `qtui runs list` shows the runs")

    def _idle(self, run_id: str) -> None:
        path = self._journal(run_id)
        if path.is_file() and journal.read(path).alive:
            raise UsageError(f"run {shown(run_id)} is being measured; wait for it or cancel it")

    def _record(self, run_id: str) -> Path:
        return self._folder / f"{run_id}.json"

    def _samples(self, run_id: str) -> Path:
        return self._folder / samples_name(run_id)

    def _journal(self, run_id: str) -> Path:
        return self._folder / f"{run_id}.journal"

    def _unfinished(self, run_id: str) -> Path:
        return self._folder / f"{run_id}.unfinished"


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise NotFound(f"no file {shown(path)}; give a run's id or its record's file") from error
    except OSError as error:
        raise AccessError(f"can't read {shown(path)}: {error.strerror}; check its permissions") from error


def _folded(left: journal.Left, samples_path: Path) -> RunRecord:
    record = left.record
    if not samples_path.is_file():
        return record
    samples = read_samples(samples_path)
    truth = samples.truth or None
    tally = Tally(record.measurements, truth, rate=record.plan.rate, seed=record.plan.seed)
    for sample in samples.searches:
        if sample.measurement < len(record.measurements):
            tally.add(sample)
    for measurement, wall_s, searches in left.blocks:
        tally.add_wall(measurement, wall_s, searches)
    return replace(record, measurements=tally.measurements(), samples=samples_path.name)
