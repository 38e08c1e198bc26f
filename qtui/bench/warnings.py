"""What the reader of a run's figures must know, found from its plan before and from its samples after. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from qtui import units
from qtui.bench import guard
from qtui.bench.readiness import Target
from qtui.bench.tally import Tally
from qtui.errors import shown
from qtui.methods import method
from qtui.model import EngineInfo, SearchSettings
from qtui.plan import BenchRequest, Taken, Variant
from qtui.records import Measurement, RunWarning

LEAST_QUERIES = 25
BUSY_SHARE = 0.7
"""Of a core, from which a client process is taken to measure itself."""
NOISY_SPREAD = 0.25
"""Largest over smallest median of a variant's passes, less 1, from which a machine counts as noisy."""
_TRAINING_S = {"product-x4": 190, "product-x8": 80, "product-x16": 31, "product-x32": 24, "product-x64": 18}
"""Seconds to train and build 20,000 vectors of 384 components on two cores; it trains on 10,000 at most."""


def variant_name(measured: Measurement | Variant) -> str:
    """A variant in words: 'binary rescore x3 ef 128'."""
    parts = [measured.method, search_name(measured.search), f"ef {measured.search.hnsw_ef}"]
    if measured.concurrency != 1:
        parts.append(f"{measured.concurrency} at once")
    return " ".join(part for part in parts if part)


def search_name(search: SearchSettings) -> str:
    """What is asked, in words: 'exact', 'ignore', 'no rescore', 'rescore x3'; '' where nothing is."""
    if search.exact:
        return "exact"
    if search.ignore:
        return "ignore"
    if search.rescore is None:
        return ""
    if not search.rescore:
        return "no rescore"
    return "rescore" if search.oversampling is None else f"rescore x{search.oversampling:g}"


def of_plan(request: BenchRequest, queries: int, points: int) -> Iterator[RunWarning]:
    """What is known before anything is built."""
    if queries < LEAST_QUERIES:
        are = "query is" if queries == 1 else "queries are"
        text = (
            f"{queries} {are} too few: intervals are wide and recall is grainy;"
            f" ask at least {LEAST_QUERIES}, better 200"
        )
        yield RunWarning("too-few-queries", text)
    if request.limit > points:
        there = "the 1 point there" if points == 1 else f"the {points} points"
        text = f"the limit of {request.limit} is above {there}: every answer is all of them"
        yield RunWarning("limit-above-points", text)


def of_builds(request: BenchRequest, dimension: int, info: EngineInfo | None = None) -> Iterator[RunWarning]:
    """Methods that take minutes to build, and what a sample can't tell of the collection that it is of."""
    if request.live.taken is not None:
        yield from _of_sample(request.live.taken)
    if info is not None:
        yield from guard.said(request, info)
    slow = [name for name in request.methods if method(name).slow_build]
    if slow:
        seconds = sum(_TRAINING_S[name] for name in slow) * dimension / 384
        text = (
            f"product quantization trains slowly: {', '.join(slow)} take about {units.duration(seconds)} (est) to build"
        )
        yield RunWarning("slow-build", text)


def _of_sample(taken: Taken) -> Iterator[RunWarning]:
    whole = taken.points >= taken.of
    drawn = "all" if whole else f"{taken.points:,} of {taken.of:,}"
    how = "" if whole else f", {taken.how},"
    text = (
        f"tried locally: {drawn} points of {shown(taken.collection)}{how} in the embedded engine. Bytes a"
        " vector carry over, and recall does nearly; latencies and queries a second are those of the embedded engine on"
        " this machine, not the server's"
    )
    if not whole:
        text += "; of fewer points the nearest are easier to tell apart: in all of them recall is rather lower"
    yield RunWarning("locally", text, taken.collection)
    if taken.datatype != "float32":
        text = (
            f"the collection stores {taken.datatype}: its vectors came back rounded, and truth is computed from those"
        )
        yield RunWarning("stored-rounded", text, taken.collection)


def of_targets(targets: Mapping[str, Target], cells: Sequence[Variant], info: EngineInfo) -> Iterator[RunWarning]:
    """What follows from the collections as they were found."""
    counts = sorted({target.record.segments for target in targets.values()})
    if len(counts) > 1:
        text = (
            f"segment counts differ between the collections ({', '.join(map(str, counts))}): rescoring reads"
            " limit x oversampling candidates per segment, so they don't compare; build them alike"
        )
        yield RunWarning("segments-differ", text)
    if any(target.is_scanned for target in targets.values()):
        text = (
            "no graph is used: the engine scans segments below its full_scan_threshold (10,000 KB of float vectors"
            " by default), and hnsw_ef changes nothing; larger sets are searched by their graph, with other times"
            " and recall"
        )
        yield RunWarning("full-scan", text)
    factors = [cell for cell in cells if cell.search.rescore and cell.method in targets]
    if any(cell.search.oversampling in (None, 1.0) and _one_segment(targets, cell) for cell in factors):
        text = (
            "rescoring with oversampling 1 on one segment only puts the same ids in another order:"
            " its recall can't differ from no rescoring"
        )
        yield RunWarning("rescore-x1", text)
    whole = {cell.search.oversampling or 1.0 for cell in factors if _reads_all(targets, cell)}
    if len(whole) > 1:
        text = f"oversampling from {min(whole):g} on has no further effect: limit x oversampling reaches every point"
        yield RunWarning("oversampling-no-effect", text)
    if not info.parallel and any(cell.concurrency > 1 for cell in cells):
        text = (
            f"the {info.kind} engine answers one search at a time: with more in flight they wait for each other,"
            " so round trips grow and queries a second don't"
        )
        yield RunWarning("no-parallelism", text)


def _one_segment(targets: Mapping[str, Target], cell: Variant) -> bool:
    return targets[cell.method].record.segments == 1


def _reads_all(targets: Mapping[str, Target], cell: Variant) -> bool:
    return cell.search.limit * (cell.search.oversampling or 1.0) >= targets[cell.method].record.points


def of_truth(tied: int, queries: int, k: int, *, shortest: int) -> Iterator[RunWarning]:
    """What makes recall by ids coarser than it looks."""
    if tied:
        text = (
            f"{tied} of {queries} queries have equally near neighbours at place {k} (duplicates?): an answer with"
            " the other one is as right, but counts as a miss"
        )
        yield RunWarning("tied-truth", text)
    if shortest == 0:
        yield RunWarning("empty-truth", "some queries match no point at all: they are left out of recall")
    elif shortest < k:
        text = f"the exact answer has fewer than {k} points for some queries: their recall counts those that there are"
        yield RunWarning("short-truth", text)


def of_figures(
    measurements: Sequence[Measurement], tally: Tally, targets: Mapping[str, Target]
) -> Iterator[RunWarning]:
    """What the figures themselves say."""
    for measured in measurements:
        asked = measured.errors + (measured.engine_ms.n if measured.engine_ms else 0)
        if measured.errors:
            reason = measured.failures[0].error
            text = f"{measured.errors} of {asked} searches of {variant_name(measured)} failed: {reason}"
            yield RunWarning("failures", text, measured.collection)
    noisy = [
        (spread, variant_name(measured))
        for measured, held in zip(measurements, tally.answered, strict=True)
        if (spread := _spread(held.pass_medians())) > NOISY_SPREAD
    ]
    if noisy:
        spread, name = max(noisy)
        text = (
            f"the machine is noisy: {len(noisy)} of {len(measurements)} variants differ by over"
            f" {NOISY_SPREAD:.0%} between passes (at worst {spread:.0%}, {name});"
            " stop other programs, or raise --repeat"
        )
        yield RunWarning("noisy", text)
    yield from _busy_client(measurements, tally)
    yield from _hidden_speed(measurements, targets)


def _busy_client(measurements: Sequence[Measurement], tally: Tally) -> Iterator[RunWarning]:
    """A client without a moment of rest measures itself; one search at a time is the exception: it waits anyway."""
    busy = [
        (held.client_share, variant_name(measured), held.processes)
        for measured, held in zip(measurements, tally.answered, strict=True)
        if held.client_share > BUSY_SHARE and (measured.concurrency > 1 or tally.rate is not None)
    ]
    if busy:
        share, name, processes = max(busy)
        asked = "one client process" if processes == 1 else f"{processes} client processes"
        text = (
            f"these figures are partly the client's own: {asked} used {share:.0%} of a core each while asking"
            f" ({name}), so round trips and queries a second may be limited by it; use more --processes, --grpc, a"
            " second machine, or fewer in flight"
        )
        yield RunWarning("client-bound", text)


def _hidden_speed(measurements: Sequence[Measurement], targets: Mapping[str, Target]) -> Iterator[RunWarning]:
    plain = [
        measured
        for measured in measurements
        if measured.method == "none" and not measured.search.exact and measured.engine_ms is not None
    ]
    target = targets.get("none")
    if target is None or not target.has_graph or not plain or len(targets) < 2:
        return
    slowest = max(measured.engine_ms.p50 for measured in plain if measured.engine_ms is not None)
    if slowest < 1:
        text = (
            f"with a graph and {units.count(target.record.points)} points even float32 answers in"
            f" {units.millis(slowest)} ms: quantization shows its speed in full scans (--hnsw-m 0), far larger sets,"
            " or when the originals don't fit in RAM; here compare memory and recall"
        )
        yield RunWarning("speed-hidden", text)


def _spread(medians: Sequence[float]) -> float:
    return max(medians) / min(medians) - 1 if len(medians) > 1 and min(medians) > 0 else 0.0
