"""A run for other programs and people: JSON (the record itself), CSV (a row a measurement), a report."""

from __future__ import annotations

import csv
import io

from qtui.bench.deliverable import html, markdown
from qtui.bench.deliverable.document import document
from qtui.bench.record import encode
from qtui.plain import plain_json
from qtui.records import CollectionRecord, Latency, Measurement, RunRecord


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
    """The report: what to use, the comparison, the key questions, cost, all figures, and where each comes from."""
    return markdown.to_markdown(document(record))


def to_html(record: RunRecord) -> str:
    """The same with charts, as one file that needs no other."""
    return html.to_html(document(record))


EXPORTS = {"md": to_markdown, "html": to_html, "csv": to_csv, "json": to_json}
"""Format → what makes it of a record."""
