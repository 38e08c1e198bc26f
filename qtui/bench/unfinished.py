"""What a run that ended early left, so that it can go on: its plan, and every search of its whole blocks.

Decides whether a run that is started again is the same one. Reads no file and knows no engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from qtui import units
from qtui.bench.tally import COLD, Tally
from qtui.data.documents.finding import anywhere, from_root
from qtui.errors import UsageError, shown
from qtui.model import PointId
from qtui.plan import BenchRequest, Variant
from qtui.records import Dataset, Environment, Measurement, RunRecord, RunWarning, Sample

Blocks = tuple[tuple[int, float, int], ...]
"""Measurement, wall seconds and searches of each."""
_LASTING = frozenset({"cold-pass", "cold-not-possible", "paused", "resumed", "resumed-elsewhere"})
"""Codes of warnings about what was measured; the others are found again."""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A partial run that can go on."""

    record: RunRecord
    """As it is kept."""
    request: BenchRequest
    """As it was asked for, with absolute paths."""
    blocks: Blocks
    truth: tuple[tuple[PointId, ...], ...]
    """By query; empty where nothing was measured."""
    searches: tuple[Sample, ...]
    """Those of whole blocks, and the cold pass."""
    end: int
    """Bytes of the samples file that all this takes."""

    @property
    def warnings(self) -> list[RunWarning]:
        """Those that still hold when it goes on."""
        return [warning for warning in self.record.warnings if warning.code in _LASTING]

    @property
    def had_cold_pass(self) -> bool:
        """Whether its variants were measured from cold once."""
        return any(sample.repeat == COLD for sample in self.searches)

    @property
    def done(self) -> frozenset[tuple[int, int, int]]:
        """Measurement, pass and query of every counted search."""
        return frozenset((s.measurement, s.repeat, s.query) for s in self.searches if s.repeat != COLD)

    def fill(self, tally: Tally) -> None:
        """Counts what was measured before."""
        for sample in self.searches:
            tally.add(sample)
        for measurement, wall_s, searches in self.blocks:
            tally.add_wall(measurement, wall_s, searches)

    def check(self, dataset: Dataset, cells: Sequence[Variant], now: Environment | None) -> None:
        """Raises UsageError, which says why, when what is there is no longer what was measured."""
        before, record = self.record.dataset, self.record
        if replace(before, truth=None, source="") != replace(dataset, truth=None, source=""):
            raise UsageError(f"the data of run {record.id} have changed since; measure anew")
        planned = [(found.method, found.search, found.concurrency) for found in record.measurements]
        if planned and planned != [(cell.method, cell.search, cell.concurrency) for cell in cells]:
            raise UsageError(f"the collections or the plan of run {record.id} have changed since; measure anew")
        engine = record.environment.engine.kind
        if now is not None and now.engine.kind != engine:
            raise UsageError(f"run {record.id} was measured on another engine ({shown(engine)}); go on there")

    def check_truth(self, ids: Sequence[Sequence[PointId]]) -> None:
        """The same for the exact answers."""
        if self.truth and [set(found) for found in ids] != [set(found) for found in self.truth]:
            raise UsageError(f"the queries or vectors of run {self.record.id} have changed since; measure anew")

    def blank(self, at: int) -> Measurement:
        """What is known of a measurement but its figures."""
        kept = self.record.measurements[at]
        return replace(
            kept,
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

    def told(self, total: int, started: str, now: Environment) -> list[RunWarning]:
        """What the reader of its figures must know: that they come of two parts. `total` is searches in all."""
        done = len(self.done)
        built = "its collections were built again and " if self.request.source is not None else ""
        text = (
            f"the run was interrupted after {units.count(done)} of {units.count(total)} searches and went on at"
            f" {started}: {built}every variant was warmed up again; the figures are of all parts together"
        )
        told = [RunWarning("resumed", text)]
        before = self.record.environment
        changed = [
            f"{name} {was} → {is_}"
            for name, was, is_ in (
                ("engine", before.engine.version, now.engine.version),
                ("qtui", before.qtui, now.qtui),
                ("system", before.platform, now.platform),
                ("CPUs", before.cpus, now.cpus),
            )
            if was != is_
        ]
        if changed:
            text = f"it went on elsewhere than it began ({shown(', '.join(changed))}): its times mix both"
            told.append(RunWarning("resumed-elsewhere", text))
        return told


def absolute(request: BenchRequest) -> BenchRequest:
    """The request with paths that mean the same from any folder."""
    source = None if request.source is None else anywhere(request.source)
    return replace(
        request, source=source, queries_file=from_root(request.queries_file), truth_file=from_root(request.truth_file)
    )
