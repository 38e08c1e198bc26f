"""Runs whose every answer is planted, so that the right advice is known: records with samples, without an engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import TypeVar

from qtui.bench.evidence import Evidence, gather, tally_of
from qtui.bench.tally import Tally
from qtui.model import Built, CollectionSpec, PointId, Quantization, SearchSettings, VectorSpec
from qtui.records import (
    BytesPerVector,
    CollectionRecord,
    Compression,
    Dataset,
    Effective,
    EngineVersion,
    Environment,
    Measurement,
    PlanRecord,
    RunRecord,
    Sample,
    TruthRecord,
)

K = 10
Line = tuple[PointId, ...] | Sample


@dataclass(frozen=True)
class Plant:
    """One variant: what it finds of ten for each query, and how long each search takes."""

    method: str
    found: Callable[[int], int]
    ms: Callable[[int], float]
    oversampling: float | None = None
    exact: bool = False
    bytes_: float | None = None
    concurrency: int = 1
    fails: Callable[[int], bool] = lambda _: False


T = TypeVar("T")


def always(value: T) -> Callable[[int], T]:
    return lambda _: value


def run(
    plants: Sequence[Plant],
    *,
    queries: int = 100,
    repeat: int = 2,
    seed: int = 0,
    truth: bool = True,
    on_disk: bool | None = True,
    **dataset: object,
) -> tuple[RunRecord, list[Line]]:
    """The record, with the figures that its samples have, and the lines of the samples file."""
    lines: list[Line] = [tuple(range(K)) for _ in range(queries)] if truth else []
    for index, plant in enumerate(plants):
        for each in range(repeat):
            lines += [_search(index, each, query, plant) for query in range(queries)]
    blank = RunRecord(
        id="planted",
        status="complete",
        started="2026-01-01T00:00:00Z",
        finished=None,
        samples=None,
        environment=Environment("0", "3", "any", 1, EngineVersion("embedded", "0")),
        plan=PlanRecord(seed, repeat, 0, (1,), None, "interleaved"),
        dataset=Dataset(
            "planted", 1000, 64, False, "cosine", None, queries, "file", K, TruthRecord("planted", 0) if truth else None
        ),
        collections=tuple({plant.method: _collection(plant, on_disk) for plant in plants}.values()),
        measurements=tuple(_blank(plant, queries) for plant in plants),
    )
    record = replace(blank, dataset=replace(blank.dataset, **dataset))  # type: ignore[arg-type]  # names are checked
    return replace(record, measurements=folded(record, lines).measurements()), lines


def folded(record: RunRecord, lines: Sequence[Line]) -> Tally:
    return tally_of(record, lines)


def evidence(record: RunRecord, lines: Sequence[Line]) -> Evidence:
    return gather(record, tally_of(record, lines))


def _search(index: int, repeat: int, query: int, plant: Plant) -> Sample:
    if plant.fails(query):
        return Sample(index, repeat, query, error="planted")
    found, ms = plant.found(query), plant.ms(query)
    return Sample(index, repeat, query, (*range(found), *range(100, 110 - found)), ms, ms + 0.1)


def _collection(plant: Plant, on_disk: bool | None) -> CollectionRecord:
    quantization = None if plant.method == "none" else Quantization(plant.method)
    vector = VectorSpec(64, on_disk=on_disk, quantization=quantization)
    return CollectionRecord(
        name=f"of_{plant.method}",
        method=plant.method,
        points=1000,
        segments=1,
        built=Built(1, 1),
        bytes_per_vector=BytesPerVector(256.0, plant.bytes_),
        compression=Compression(256.0 / (plant.bytes_ or 256.0), 1.0),
        memory={},
        load_seconds=None,
        index_seconds=None,
        settings=None if on_disk is None else CollectionSpec(f"of_{plant.method}", (vector,), indexing_threshold_kb=1),
    )


def _blank(plant: Plant, queries: int) -> Measurement:
    rescore = None if plant.method == "none" or plant.exact else plant.oversampling is not None
    return Measurement(
        collection=f"of_{plant.method}",
        method=plant.method,
        search=SearchSettings(K, 64, exact=plant.exact, rescore=rescore, oversampling=plant.oversampling),
        effective=Effective(rescore, plant.oversampling, ceil(K * (plant.oversampling or 1))),
        concurrency=plant.concurrency,
        queries=queries,
        errors=0,
        failures=(),
        recall=None,
        engine_ms=None,
        round_trip_ms=None,
        overhead_ms=None,
        qps=None,
        speedup=None,
        vs_baseline=None,
    )
