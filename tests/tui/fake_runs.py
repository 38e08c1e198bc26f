"""Kept runs that might exist, and the advice that follows from them by the real rule over planted searches."""

from __future__ import annotations

from dataclasses import replace

from qtui.advice import Advice
from qtui.events import RunFinished
from qtui.loads import SourceSpec
from qtui.plan import BenchRequest
from qtui.records import Dataset, RunRecord, RunSummary, Sample
from qtui.wishes import PLAIN, Wishes
from tests.tui.scripted import script

REQUEST = BenchRequest(source=SourceSpec("sample"), queries=200)


def kept(run_id: str, started: str, *, status: str = "complete", **dataset: object) -> RunRecord:
    """A run of the standard plan."""
    finished = script(REQUEST)[-1]
    assert isinstance(finished, RunFinished)
    record = finished.record
    data: Dataset = replace(record.dataset, **dataset)  # type: ignore[arg-type]  # field names are the caller's
    return replace(record, id=run_id, started=started, status=status, dataset=data)


def three() -> tuple[RunRecord, ...]:
    """A whole one, a partial one of the same data, and one of other data; newest first."""
    return (
        kept("20261122-013000-aaaa", "2026-11-22T01:30:00Z"),
        kept("20261121-120000-bbbb", "2026-11-21T12:00:00Z", status="partial"),
        kept("20261120-090000-cccc", "2026-11-20T09:00:00Z", source="papers.npy", points=24_000),
    )


def summary(record: RunRecord) -> RunSummary:
    """Its row in the list."""
    return RunSummary(
        record.id,
        record.status,
        record.started,
        record.dataset,
        record.name,
        len(record.measurements),
        resumable=record.status == "partial",
    )


def advise(record: RunRecord, target: float, wishes: Wishes = PLAIN) -> Advice:
    """By searches that find about as much as the record says."""
    import numpy as np

    from qtui.bench import advise as rule
    from qtui.bench.evidence import gather, tally_of

    rng, queries = np.random.default_rng(1), record.dataset.queries
    truth = [tuple(range(10)) for _ in range(queries)]
    searches = []
    for index, measured in enumerate(record.measurements):
        assert measured.recall is not None
        assert measured.engine_ms is not None
        for query, found in enumerate(rng.binomial(10, measured.recall.mean, queries).tolist()):
            ids = (*range(found), *range(100, 110 - found))
            times = measured.engine_ms.p50 * (1 + 0.1 * rng.random())
            searches.append(Sample(index, 0, query, ids, times, times))
    return rule.advise(gather(record, tally_of(record, [*truth, *searches])), target, wishes)
