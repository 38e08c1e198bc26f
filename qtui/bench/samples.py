"""The samples file of a run: every query's exact answer, then every search with its ids and times, a line each.

Line 1 describes the rest. Lines are only ever added, so a killed run's file is whole up to its last line.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from qtui.errors import AccessError, DataError, shown
from qtui.model import PointId
from qtui.records import Sample

SCHEMA = "qtui.samples/1"
_FIELDS = {
    "truth": "query number; its exact answer follows in `ids`, best first",
    "measurement": "index into the record's measurements",
    "repeat": "pass, from 0; -1 is the cold pass, which is in no figure",
    "query": "query number",
    "ids": "ids as the engine gave them, best first",
    "engine_ms": "inside the engine",
    "round_trip_ms": "as the caller waited; with a rate, since the search was due",
    "error": "why there is no answer",
}


_TRUTH = b'{"truth"'


class _Truth(msgspec.Struct):
    truth: int
    ids: tuple[PointId, ...]


class _Time(msgspec.Struct):
    """Of a search, what its distribution takes; the rest isn't decoded."""

    measurement: int
    repeat: int
    engine_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Samples:
    """What a samples file holds."""

    truth: tuple[tuple[PointId, ...], ...]
    """By query; empty without truth."""
    searches: tuple[Sample, ...]


def samples_name(run_id: str) -> str:
    """Name of the file beside the record."""
    return f"{run_id}.samples.jsonl"


def header(run_id: str) -> bytes:
    """The first line."""
    return msgspec.json.encode({"schema": SCHEMA, "run": run_id, "fields": _FIELDS}) + b"\n"


def truth_lines(truth: Sequence[Sequence[PointId]]) -> bytes:
    """One line a query."""
    lines = [msgspec.json.encode(_Truth(query, tuple(ids))) for query, ids in enumerate(truth)]
    return b"".join(line + b"\n" for line in lines)


def sample_lines(samples: Sequence[Sample]) -> bytes:
    """One line a search."""
    return b"".join(msgspec.json.encode(sample) + b"\n" for sample in samples)


def read_samples(path: Path) -> Samples:
    """What the file holds; a last line that a kill cut short is left out. Raises DataError for any other damage."""
    truth: list[tuple[PointId, ...]] = []
    searches: list[Sample] = []
    for found in stream(path):
        if isinstance(found, Sample):
            searches.append(found)
        else:
            truth.append(found)
    return Samples(tuple(truth), tuple(searches))


def read_whole(path: Path, blocks: Sequence[tuple[int, float, int]]) -> tuple[Samples, int]:
    """What the file holds of the cold pass and of `blocks` (measurement, seconds, searches), and where that ends.

    What follows is of a block that a kill cut short. Without a block, it is as if nothing were there.
    """
    left = Counter[int]()
    for measurement, _, searches in blocks:
        left[measurement] += searches
    truth: list[tuple[PointId, ...]] = []
    whole: list[Sample] = []
    with path.open("rb") as file:
        end = len(file.readline())
    if not blocks:
        return Samples((), ()), end
    for raw, found in _decoded(path):
        if isinstance(found, Sample):
            if found.repeat >= 0 and left[found.measurement] == 0:
                break
            left[found.measurement] -= found.repeat >= 0
            whole.append(found)
        else:
            truth.append(found)
        end += len(raw)
    return Samples(tuple(truth), tuple(whole)), end


def engine_times(path: Path) -> dict[int, array[float]]:
    """Measurement → engine times in ms of its answered searches, in the file's order, without those of a cold pass."""
    decoder = msgspec.json.Decoder(_Time)
    found: dict[int, array[float]] = {}
    for line in _lines(path):
        if not line.startswith(_TRUTH):
            try:
                time = decoder.decode(line)
            except msgspec.MsgspecError as error:
                raise _damaged(path, error) from error
            if time.engine_ms is not None and time.repeat >= 0:
                found.setdefault(time.measurement, array("d")).append(time.engine_ms)
    return found


def stream(path: Path) -> Iterator[tuple[PointId, ...] | Sample]:
    """The same in the order of the file, line by line: every query's exact answer, then every search."""
    for _, found in _decoded(path):
        yield found


def _decoded(path: Path) -> Iterator[tuple[bytes, tuple[PointId, ...] | Sample]]:
    as_truth, as_sample = msgspec.json.Decoder(_Truth), msgspec.json.Decoder(Sample)
    for line in _lines(path):
        try:
            yield line, as_truth.decode(line).ids if line.startswith(_TRUTH) else as_sample.decode(line)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:  # bytes that are no text, endless nesting
            raise _damaged(path, error) from error


def _lines(path: Path) -> Iterator[bytes]:
    """The whole lines after the first."""
    try:
        with path.open("rb") as lines:
            next(lines, None)
            for line in lines:
                if not line.endswith(b"\n"):
                    return
                yield line
    except OSError as error:
        raise AccessError(f"can't read {shown(path)}: {error.strerror}; check its permissions") from error


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(f"{shown(path)} is damaged: {error}; the run's figures can't be read from it")
