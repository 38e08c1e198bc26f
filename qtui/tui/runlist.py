"""Kept runs in words: a line each, the cells of their table, and what a filter lets through. No widget."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from types import MappingProxyType

from qtui import units
from qtui.plan import DEFAULT_TARGET_RECALL, BenchRequest, Variant
from qtui.records import RunRecord, RunSummary
from qtui.tui.fold import RunState, as_a_grid
from qtui.tui.text import clean


def matching(runs: Sequence[RunSummary], words: str) -> list[RunSummary]:
    """The runs that hold every word in their id, name, data, status or day."""
    wanted = words.lower().split()
    return [run for run in runs if all(word in _searched(run) for word in wanted)]


def _searched(run: RunSummary) -> str:
    return f"{run.id} {run.name or ''} {run.dataset.source} {run.status} {when(run)}".lower()


def when(run: RunSummary) -> str:
    """When it began, in local time: '2026-11-22 01:30'; as it is written where that is no time."""
    try:
        began = datetime.fromisoformat(run.started)
    except ValueError:
        return clean(run.started, 16)
    return f"{began.astimezone():%Y-%m-%d %H:%M}"


def status(run: RunSummary) -> str:
    """With a sign."""
    if run.measuring:
        return "▸ measuring"
    return f"{'✓' if run.status == 'complete' else '⚠'} {clean(run.status, 10)}"


def shape(run: RunSummary) -> str:
    """Points and dimensions: '5,000 × 384'."""
    data = run.dataset
    return f"{units.count(data.points)} × {data.dimension}{' × M' if data.multivector else ''}"


def title(run: RunSummary) -> str:
    """Its name, else what it measured."""
    return clean(run.name or run.dataset.source, 60)


def in_a_line(run: RunSummary) -> str:
    """What one knows it by."""
    state = "measuring" if run.measuring else clean(run.status, 10)
    partial = "" if run.status == "complete" else f", {state}"
    found = f"{run.measurements:,} variant{'' if run.measurements == 1 else 's'}"
    return f"{when(run)}  {title(run)}  {shape(run)}, {found}{partial}"


def in_short(run: RunSummary) -> str:
    """When, what and its id."""
    return f"{when(run)}  {title(run)}  {clean(run.id, 40)}"


def in_full(run: RunSummary) -> str:
    """The same with its id, which tells it from all others."""
    return f"{in_a_line(run)}  {clean(run.id, 40)}"


def state_of(record: RunRecord) -> RunState:
    """A kept run as the results' widgets take it."""
    measurements = as_a_grid(record.measurements) if record.tuning else record.measurements
    efs = tuple(dict.fromkeys(found.search.hnsw_ef or 0 for found in measurements))
    return RunState(
        request=BenchRequest(
            limit=record.dataset.k,
            repeat=record.plan.repeat,
            hnsw_ef=efs or (0,),
            target_recall=record.plan.target_recall or DEFAULT_TARGET_RECALL,
        ),
        variants=tuple(Variant(found.method, found.search, found.concurrency) for found in measurements),
        about=record.name or record.dataset.source,
        measured=MappingProxyType(
            {at: found for at, found in enumerate(measurements) if found.engine_ms or found.errors}
        ),
        collections=record.collections,
        warnings=record.warnings,
        record=record,
        run_id=record.id,
        over=record.status,
    )
