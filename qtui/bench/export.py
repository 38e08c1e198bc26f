"""A run for other programs and people: JSON (the record itself), CSV (a row a measurement), Markdown (a report)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from qtui import units
from qtui.bench.record import encode
from qtui.bench.report import facts, groups, rescore_cell
from qtui.bench.warnings import search_name
from qtui.model import COMPONENTS, Bytes
from qtui.plain import plain, plain_json
from qtui.records import CollectionRecord, Latency, Measurement, Recommendation, RunRecord


def to_json(record: RunRecord) -> str:
    """The record, indented."""
    return plain_json(encode(record).decode())


def to_csv(record: RunRecord) -> str:
    """One row a measurement, under flat names; an empty cell is a figure that was not measured."""
    collections = {collection.name: collection for collection in record.collections}
    rows = [_flat(record, measured, collections.get(measured.collection)) for measured in record.measurements]
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]) if rows else ["run"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _flat(record: RunRecord, measured: Measurement, collection: CollectionRecord | None) -> dict[str, object]:
    search, recall, versus = measured.search, measured.recall, measured.vs_baseline
    size = None if collection is None else collection.bytes_per_vector
    return {
        "run": record.id,
        "collection": measured.collection,
        "method": measured.method,
        "exact": search.exact,
        "ignore": search.ignore,
        "rescore": search.rescore,
        "oversampling": search.oversampling,
        "hnsw_ef": search.hnsw_ef,
        "limit": search.limit,
        "effective_rescore": measured.effective.rescore,
        "effective_oversampling": measured.effective.oversampling,
        "candidates": measured.effective.candidates,
        "concurrency": measured.concurrency,
        "queries": measured.queries,
        "errors": measured.errors,
        "points": None if collection is None else collection.points,
        "segments": None if collection is None else collection.segments,
        "bytes_original": None if size is None else size.original,
        "bytes_quantized": None if size is None else size.quantized,
        "compression": None if collection is None else collection.compression.measured,
        "recall": None if recall is None else recall.mean,
        "recall_low": None if recall is None else recall.low,
        "recall_high": None if recall is None else recall.high,
        "recall_min": None if recall is None else recall.min,
        **_times("engine", measured.engine_ms),
        **_times("round_trip", measured.round_trip_ms),
        "overhead_ms": measured.overhead_ms,
        "qps": measured.qps,
        "speedup_engine": None if measured.speedup is None else measured.speedup.engine,
        "speedup_round_trip": None if measured.speedup is None else measured.speedup.round_trip,
        "vs_none_ratio": None if versus is None else versus.engine_p50_ratio,
        "vs_none_low": None if versus is None else versus.low,
        "vs_none_high": None if versus is None else versus.high,
        "vs_none_significant": None if versus is None else versus.significant,
    }


def _times(prefix: str, latency: Latency | None) -> dict[str, object]:
    names = ("n", "mean", "min", "p50", "p95", "p99", "max")
    found: dict[str, object] = {
        f"{prefix}_{name}" + ("" if name == "n" else "_ms"): None if latency is None else getattr(latency, name)
        for name in names
    }
    found[f"{prefix}_p50_low_ms"] = None if latency is None else latency.ci.p50[0]
    found[f"{prefix}_p50_high_ms"] = None if latency is None else latency.ci.p50[1]
    return found


def to_markdown(record: RunRecord) -> str:
    """A report: what to use, the figures, the collections and their bytes, how it was measured, the warnings."""
    return "\n".join(_markdown(record)) + "\n"


def _markdown(record: RunRecord) -> Iterator[str]:
    data = record.dataset
    yield f"# {_safe(record.name or f'Quantization of {data.source}')}"
    yield ""
    ended = "" if record.status == "complete" else ": it ended before it was done"
    yield f"Run `{record.id}`, {record.status}{ended}, {record.started}."
    shape = f"{units.count(data.points)} points of {data.dimension} dimensions"
    yield f"{shape}{', multivectors' if data.multivector else ''}, {data.distance}."
    if data.filter:
        yield f"Filter: {_safe(data.filter)}"
    if record.recommendation is not None:
        yield from _recommended(record.recommendation, data.k)
    yield from _section(f"Figures, recall@{data.k}")
    heads = "method|rescore|ef|at once|n|errors|recall|95% interval"
    heads += "|p50 ms|p95 ms|p99 ms|trip p50 ms|QPS|speed-up|vs none (95%)"
    ordered = [measured for _, members in groups(record.measurements) for measured in members]
    yield from _grid(heads.split("|"), [_measurement_row(measured) for measured in ordered], text=2)
    yield from _section("Collections")
    heads = "collection|method|points|segments|built|bytes/vector|compression|load s|index s"
    yield from _grid(heads.split("|"), [_collection_row(found) for found in record.collections], text=2)
    yield from _section("Bytes")
    heads = (
        "collection|originals, disk|quantized, heap|quantized, disk|graph, heap|graph, disk|payload, disk|other, disk"
    )
    yield from _grid(heads.split("|"), [_memory_row(found) for found in record.collections], text=1)
    yield from _section("How it was measured")
    for fact in facts(record):
        yield f"- {_safe(fact)}"
    if record.warnings:
        yield from _section("Warnings")
        for warning in record.warnings:
            yield f"- **{warning.code}**{f' ({_safe(warning.about)})' if warning.about else ''}: {_safe(warning.text)}"


def _section(title: str) -> Iterator[str]:
    yield from ("", f"## {title}", "")


def _recommended(found: Recommendation, k: int) -> Iterator[str]:
    yield from _section("Recommendation")
    recall = f"{units.share(found.recall.mean)} ({units.share(found.recall.low)} to {units.share(found.recall.high)})"
    yield f"**{_safe(found.method)}**, {_safe(search_name(found.search) or 'as it is')}: recall@{k} {recall}."
    yield ""
    for reason in found.reasons:
        yield f"- {_safe(reason)}"
    if found.runner_up is not None:
        name = f"{found.runner_up.method} {search_name(found.runner_up.search)}".strip()
        yield f"- runner-up: {_safe(name)}: {_safe(found.runner_up.why)}"
    for language, code in (("python", found.python), ("http", found.rest)):
        fence = "`" * (3 + code.count("```"))
        yield from ("", f"{fence}{language}", code.rstrip("\n"), fence)


def _memory_row(found: CollectionRecord) -> list[str]:
    part = {name: found.memory.get(name, Bytes()) for name in COMPONENTS}
    cells = (
        part["originals"].disk,
        part["quantized"].heap,
        part["quantized"].disk,
        part["graph"].heap,
        part["graph"].disk,
        part["payload"].disk,
        part["other"].disk,
    )
    return [found.name, *(units.size(cell) for cell in cells)]


def _collection_row(found: CollectionRecord) -> list[str]:
    size = found.bytes_per_vector
    is_none = found.method == "none"
    quantized = "not built" if size.quantized is None else f"{size.quantized:,.0f}"
    return [
        found.name,
        found.method,
        units.count(found.points),
        str(found.segments),
        f"{found.built.segments}/{found.built.of}",
        f"{size.original:,.0f}" if is_none else f"{size.original:,.0f} → {quantized}",
        units.ratio(found.compression.measured),
        units.ABSENT if found.load_seconds is None else f"{found.load_seconds:.1f}",
        units.ABSENT if found.index_seconds is None else f"{found.index_seconds:.1f}",
    ]


def _measurement_row(measured: Measurement) -> list[str]:
    engine, trip, recall, versus = measured.engine_ms, measured.round_trip_ms, measured.recall, measured.vs_baseline
    interval = units.ABSENT if recall is None else f"{units.share(recall.low)} to {units.share(recall.high)}"
    compared = units.ABSENT
    if versus is not None:
        doubt = "" if versus.significant else ", not significant"
        compared = f"{versus.engine_p50_ratio:.2f} ({versus.low:.2f} to {versus.high:.2f}{doubt})"
    return [
        measured.method,
        rescore_cell(measured),
        str(measured.search.hnsw_ef or units.ABSENT),
        str(measured.concurrency),
        units.count(None if engine is None else engine.n),
        str(measured.errors),
        units.share(None if recall is None else recall.mean),
        interval,
        units.millis(None if engine is None else engine.p50),
        units.millis(None if engine is None else engine.p95),
        units.millis(None if engine is None else engine.p99),
        units.millis(None if trip is None else trip.p50),
        units.ABSENT if measured.qps is None else f"{measured.qps:,.0f}",
        units.ABSENT if measured.speedup is None else f"{measured.speedup.engine:.2f}x",
        compared,
    ]


def _grid(heads: Sequence[str], rows: Sequence[Sequence[str]], *, text: int) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'|'.join('---' if number < text else '--:' for number in range(len(heads)))}|"
    for row in rows:
        yield f"| {' | '.join(_safe(cell) for cell in row)} |"


def _safe(text: str) -> str:
    """Text from data that can't end a cell or start markup."""
    safe = plain(text)
    for character in ("\\", "|", "<", "`", "*", "_", "["):
        safe = safe.replace(character, f"\\{character}")
    return safe


EXPORTS = {"md": to_markdown, "csv": to_csv, "json": to_json}
"""Format → what makes it of a record."""
