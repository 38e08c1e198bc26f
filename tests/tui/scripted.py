"""Collections, figures and runs that tests make up: the same ones each time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from qtui.events import (
    CollectionFailed,
    CollectionReady,
    Event,
    Measured,
    Progress,
    RunFinished,
    Warned,
)
from qtui.methods import METHODS
from qtui.model import (
    Built,
    Bytes,
    CollectionSpec,
    CollectionView,
    Distance,
    Finding,
    Quantization,
    VectorSpec,
    VectorView,
)
from qtui.plan import BenchRequest, Variant, variants
from qtui.records import (
    BytesPerVector,
    CollectionRecord,
    Compression,
    Dataset,
    Effective,
    EngineVersion,
    Environment,
    Latency,
    LatencyIntervals,
    Measurement,
    PlanRecord,
    Recall,
    Residency,
    RunRecord,
    RunWarning,
    Speedup,
    TruthRecord,
    VsBaseline,
)

DIMENSION = 384
SPEED = {"none": 1.0, "scalar": 1.8, "binary": 3.9, "product": 1.4, "turbo": 2.4}
LOSS = {"none": 0.002, "scalar": 0.016, "binary": 0.45, "product": 0.16, "turbo": 0.05}


def view(name: str, method: str = "none", *, built: bool = True, points: int = 5_000, **more: object) -> CollectionView:
    """A collection that might exist."""
    spec = VectorSpec(
        DIMENSION, on_disk=True, quantization=None if method == "none" else Quantization(method, quantile=None)
    )
    size = METHODS[method].bytes_per_vector(DIMENSION, Distance.COSINE)
    vector = VectorView(
        spec=spec,
        built=Built(1 if built else 0, 1),
        indexed=Built(1, 1),
        original_bytes=DIMENSION * 4,
        quantized_bytes=size if built else None,
        theoretical_compression=METHODS[method].compression(DIMENSION, Distance.COSINE),
        effective_rescore=None if method == "none" else METHODS[method].default_rescore,
        vectors=points,
    )
    memory = {
        "originals": Bytes(0, 2**20, points * DIMENSION * 4),
        "quantized": Bytes(0, None, (size or 0) * points),
        "graph": Bytes(0, 700_000, 740_000),
        "payload": Bytes(40_000, None, 812_000),
        "other": Bytes(96_000, None, 1_100_000),
    }
    finding = Finding("not-built", "configured, not built: 0 of 1 segments", "lower the indexing threshold")
    known = CollectionView(
        name=name,
        status="green",
        points=points,
        segments=1,
        vectors=(vector,),
        spec=CollectionSpec(name, (spec,), indexing_threshold_kb=1),
        memory=memory,
        findings=() if built else (finding,),
        origin="the sample",
    )
    return replace(known, **more)  # type: ignore[arg-type]  # field names are the caller's


DEMO = (
    view("demo"),
    *(view(f"demo__{method}", method) for method in ("scalar", "binary", "binary-2bit", "turbo-4bit")),
)


def measurement(variant: Variant, at: int, collection: str, n: int = 600) -> Measurement:
    """Figures that are plausible and the same every time."""
    method = METHODS[variant.method]
    factor = variant.search.oversampling
    p50 = 0.62 / SPEED[method.family] * (1 + 0.12 * (factor or 0)) * (1 + 0.02 * at)
    loss = LOSS[method.family] / max(1.0, method.bits if method.family == "binary" else 1) / (1 + (factor or 0) ** 1.5)
    spread = LatencyIntervals((p50 * 0.97, p50 * 1.03), (p50 * 1.5, p50 * 1.7))
    latency = Latency(n, p50 * 1.1, p50 * 0.6, p50, p50 * 1.6, p50 * 2.1 if n >= 100 else None, p50 * 3, spread)
    mean = round(1 - loss, 4)
    return Measurement(
        collection=collection,
        method=variant.method,
        search=variant.search,
        effective=Effective(variant.search.rescore, factor, round(variant.search.limit * (factor or 1))),
        concurrency=variant.concurrency,
        queries=200,
        errors=0,
        failures=(),
        recall=Recall(mean, mean - 0.01, min(1.0, mean + 0.01), max(0.0, mean - 0.4)),
        engine_ms=latency,
        round_trip_ms=replace(latency, p50=p50 + 0.03),
        overhead_ms=0.004,
        qps=1000 / (p50 * 1.1),
        speedup=Speedup(0.62 / p50, 0.6 / p50),
        vs_baseline=VsBaseline(p50 / 0.62, 0.3, 0.5, significant=True),
    )


def collection_record(method: str) -> CollectionRecord:
    """The temporary collection of a method."""
    size = METHODS[method].bytes_per_vector(DIMENSION, Distance.COSINE)
    theory = METHODS[method].compression(DIMENSION, Distance.COSINE)
    return CollectionRecord(
        name=f"bench__{method}",
        method=method,
        points=4_800,
        segments=1,
        built=Built(0 if method == "none" else 1, 1),
        bytes_per_vector=BytesPerVector(DIMENSION * 4, size),
        compression=Compression(1.0 if size is None else DIMENSION * 4 / size, theory),
        memory={"quantized": Bytes(disk=(size or 0) * 4_800)},
        load_seconds=0.5,
        index_seconds=2.0,
    )


def script(request: BenchRequest, blocks: int = 2) -> list[Event]:
    """A whole run: builds, checks, blocks of figures, the record."""
    grid = variants(request)
    happened: list[Event] = [Progress("truth", "", 0, 200, 0.1, None)]
    for method in request.methods:
        happened += [
            Progress("load", f"bench__{method}", 2_400, 4_800, 0.6, 0.6),
            Progress("index", f"bench__{method}", 0, None, 1.4, None),
            CollectionReady(collection_record(method)),
        ]
    happened.append(Warned(RunWarning("ef-default", "hnsw_ef is larger than needed for so few points")))
    happened.append(Warned(RunWarning("dimension", "binary under 1,024 dimensions loses much", "binary")))
    final = [measurement(v, at, f"bench__{v.method}") for at, v in enumerate(grid)]
    for block in range(1, blocks + 1):
        done = block * len(grid) * 100
        happened.append(Progress("measure", "", done, blocks * len(grid) * 100, 2.0 * block, 2.0 * (blocks - block)))
        part = [measurement(v, at, f"bench__{v.method}", 600 * block // blocks) for at, v in enumerate(grid)]
        happened.append(Measured(tuple(enumerate(part))))
    return [*happened, RunFinished(record(request, tuple(final), happened))]


def record(request: BenchRequest, measured: tuple[Measurement, ...], happened: Sequence[Event]) -> RunRecord:
    """The kept run."""
    return RunRecord(
        id="20261122-013000-abcd",
        status="complete",
        started="2026-11-22T01:30:00Z",
        finished="2026-11-22T01:31:00Z",
        samples=None,
        environment=Environment("0.1.0", "3.11", "Linux", 2, EngineVersion("embedded", "0.9.0")),
        plan=PlanRecord(0, request.repeat, 20, (1,), None, "interleaved", 50),
        dataset=Dataset(
            "sample", 4_800, DIMENSION, False, "cosine", None, 200, "held-out", request.limit, TruthRecord("exact", 0.1)
        ),
        collections=tuple(event.collection for event in happened if isinstance(event, CollectionReady)),
        measurements=measured,
        warnings=tuple(event.warning for event in happened if isinstance(event, Warned)),
        residency=tuple(residency(at) for at in range(len(measured))) if request.memory else (),
    )


def residency(at: int) -> Residency:
    """What one variant kept in memory."""
    kept = {"originals": Bytes(0, at * 4096, None), "quantized": Bytes(8192, 0, None), "graph": Bytes(0, 0, None)}
    return Residency(at, None, 200, kept, kept, at * 4096, 3, 100.0)


def failing(request: BenchRequest, error: str) -> list[Event]:
    """A run in which one method's collection can't be built."""
    happened = script(request)
    failed = CollectionFailed("bench__binary", "binary", error)
    kept = [e for e in happened if not isinstance(e, Measured | RunFinished)]
    grid = variants(request)
    part = [(at, measurement(v, at, f"bench__{v.method}")) for at, v in enumerate(grid) if v.method != "binary"]
    return [*kept, failed, Measured(tuple(part))]
