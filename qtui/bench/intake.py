"""Taking in a run from its record file: one that was sent, or that `bench --json` wrote, is kept like a run of our own.

Owns what such a file must be. It may come from anybody: nothing in it is run, no path that it names is opened, and
its id is only used as a name here once it is one. Imports no engine.
"""

from __future__ import annotations

import math
import os
import re
import shutil
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

from qtui import config
from qtui.bench.record import RunStore, decode, write_error
from qtui.bench.samples import samples_name, stream
from qtui.errors import AccessError, DataError, NotFound, QtuiError, UsageError, shown
from qtui.methods import METHODS
from qtui.records import Latency, Measurement, RunRecord, Sample, TakenIn

MOST_BYTES = 64 * 2**20
"""Of a record: a thousand times what one of 50 variants takes."""
LARGEST = 1e18
"""Of any number in it: no count, time or size of ours comes near."""
ROUNDING = 1e-9
ORIGINS = ("file", "held-out", "collection")
_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,63}")


def take_in(runs: RunStore, path: Path) -> TakenIn:
    """Keeps the run that a file tells of, with the samples that lie beside it; one that is here already stays as it is.

    Raises NotFound, UsageError, AccessError, NewerFormat or DataError, which say why it can't be kept.
    """
    record = read(path)
    if record.id in runs.ids():
        return TakenIn(record.id, new=False, note=_known(runs, record))
    beside = path.with_name(samples_name(record.id))
    note = _wrong_with_samples(record, beside)
    if not note:
        _copy(beside, runs.samples_path(record.id))
    runs.write(replace(record, samples=None if note else samples_name(record.id)))
    return TakenIn(record.id, new=True, note=note)


def _known(runs: RunStore, record: RunRecord) -> str:
    """What to say of a run that is here already."""
    with suppress(QtuiError):
        kept = runs.load(record.id)
        if replace(kept, name=None, samples=None) != replace(record, name=None, samples=None):
            return "what is kept of it differs from the file, and stays"
    return ""


def read(path: Path) -> RunRecord:
    """The record of a file, once it is sure that it can be shown like one of ours. Raises as `take_in` does."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            what = "a folder" if stat.S_ISDIR(found.st_mode) else "no file"
            raise UsageError(f"{shown(path)} is {what}; give the .json file of a run")
        if found.st_size > MOST_BYTES:
            raise DataError(f"{shown(path)} is too large for a run record; give the .json file of a run")
        raw = path.read_bytes()
    except FileNotFoundError as error:
        raise NotFound(f"there is no file {shown(path)}; check the path") from error
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise AccessError(f"can't read {shown(path)}: {why}; check the path and its permissions") from error
    record = decode(raw, str(path))
    wrong = next((what for holds, what in _conditions(record) if not holds), None)
    if wrong is not None:
        raise DataError(f"{shown(path)} is damaged: {wrong}")
    return record


def _conditions(record: RunRecord) -> Iterator[tuple[bool, str]]:
    """What holds of every record of ours, and what to say where it doesn't."""
    count, data = len(record.measurements), record.dataset
    yield _ID.fullmatch(record.id) is not None, f"{shown(record.id, 40)} is no id of a run"
    yield record.status in ("complete", "partial"), f"it has the status {shown(record.status, 40)}"
    yield data.query_origin in ORIGINS, f"its queries are from {shown(data.query_origin, 40)}"
    yield _bounded(msgspec.to_builtins(record)), "it holds a number that is none"
    yield min(data.k, data.dimension) >= 1 and min(data.points, data.queries) >= 0, "its counts are impossible"
    methods = [each.method for each in record.collections] + [each.method for each in record.measurements]
    unknown = next((method for method in methods if method not in METHODS), None)
    yield unknown is None, f"it measured {shown(unknown, 40)}, which is no method that this qtui knows"
    indexes = [each.measurement for each in record.residency]
    indexes += () if record.recommendation is None else record.recommendation.front
    indexes += () if record.tuning is None else [step.measurement for step in record.tuning.steps]
    yield all(0 <= index < count for index in indexes), "it tells of variants that it doesn't have"
    adaptive = record.adaptive
    yield adaptive is None or len(adaptive.factors) == len(adaptive.cuts) + 1, "its adaptive choice is incomplete"
    yield all(_possible(each) for each in record.measurements), "its figures are impossible"


def _bounded(value: Any) -> bool:
    """Whether every number in it can be one of ours."""
    if isinstance(value, dict):
        return all(map(_bounded, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_bounded, value))
    return not isinstance(value, int | float) or (math.isfinite(value) and abs(value) <= LARGEST)


def _possible(found: Measurement) -> bool:
    recall = found.recall
    times = [each for each in (found.engine_ms, found.round_trip_ms) if each is not None]
    return (
        found.queries >= 0
        and found.errors >= 0
        and found.concurrency >= 1
        and found.search.limit >= 1
        and (found.search.oversampling is None or found.search.oversampling >= 1)
        and (
            recall is None
            or 0 <= recall.low <= recall.mean + ROUNDING <= recall.high + 2 * ROUNDING <= 1 + 3 * ROUNDING
        )
        and all(map(_ordered, times))
    )


def _ordered(times: Latency) -> bool:
    figures = (0.0, times.min, times.p50, times.p95, times.max)
    return times.n >= 1 and all(one <= other * (1 + ROUNDING) for one, other in pairwise(figures))


def _wrong_with_samples(record: RunRecord, path: Path) -> str:
    """Why the file of samples can't be kept with the record; '' where it can."""
    if not path.is_file():
        return "its samples aren't beside the file: advice has no single queries to go by"
    truths = 0
    try:
        for found in stream(path):
            if not isinstance(found, Sample):
                truths += 1
            elif not _belongs(found, record, truths or record.dataset.queries):
                return "its samples are of another run, and were left out"
    except QtuiError:
        return "its samples can't be read, and were left out"
    return ""


def _belongs(sample: Sample, record: RunRecord, queries: int) -> bool:
    """Whether the record has what was searched."""
    return (
        0 <= sample.measurement < len(record.measurements)
        and 0 <= sample.query < queries
        and sample.repeat >= -1
        and _bounded((sample.engine_ms, sample.round_trip_ms))
    )


def _copy(source: Path, target: Path) -> None:
    """A file of ours with the same content, whole or not at all, for this user alone. Raises DiskFull, AccessError."""
    config.private_dir(target.parent)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file, source.open("rb") as read:
            shutil.copyfileobj(read, file)
        part.replace(target)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise write_error(target, error) from error
