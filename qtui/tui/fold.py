"""A run as the screen knows it: the events so far, folded. Frozen, so that widgets can be handed it as it is.

Imports what all share; no widget.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from qtui.events import (
    CollectionFailed,
    CollectionReady,
    Event,
    Measured,
    Progress,
    RunFinished,
    Started,
    Waiting,
    Warned,
)
from qtui.model import SearchSettings
from qtui.plan import BenchRequest, Variant, variants
from qtui.records import CollectionRecord, Measurement, RunRecord, RunWarning

Place = tuple[str, SearchSettings, int]
"""Method, search and concurrency: what makes a variant."""


@dataclass(frozen=True, slots=True)
class RunState:
    """What is known of one run."""

    request: BenchRequest
    variants: tuple[Variant, ...]
    about: str
    """What is measured, in a few words."""
    measured: Mapping[int, Measurement] = field(default_factory=lambda: MappingProxyType({}))
    """By index into the variants."""
    collections: tuple[CollectionRecord, ...] = ()
    failed: tuple[CollectionFailed, ...] = ()
    warnings: tuple[RunWarning, ...] = ()
    progress: Progress | None = None
    waiting: Waiting | None = None
    """While a server is waited for."""
    record: RunRecord | None = None
    over: str = ""
    """'' while it runs, then complete, partial or failed."""
    error: str | None = None
    run_id: str | None = None
    """Under which it is kept; None until it has begun."""
    places: Mapping[Place, int] = field(default_factory=dict)
    """Where each variant stands in the plan; made of the variants."""

    def __post_init__(self) -> None:
        """Thousands of variants are looked up with every batch of figures: the index is made once a run."""
        if not self.places:
            found = {(v.method, v.search, v.concurrency): at for at, v in enumerate(self.variants)}
            object.__setattr__(self, "places", MappingProxyType(found))

    @classmethod
    def of(cls, request: BenchRequest, about: str) -> RunState:
        """A run that has just been asked for; of one that tunes, what it will ask is not known yet."""
        first = replace(request, methods=("none",), exact=False) if request.tune else request
        return cls(request, variants(first), about)

    def after(self, event: Event) -> RunState:
        """The state that this event leads to."""
        change: dict[str, Any] = {}
        if self.waiting is not None:
            change["waiting"] = None
        match event:
            case Started():
                change["run_id"] = event.id
            case Progress():
                change["progress"] = event
            case Waiting():
                change["waiting"] = None if event.again_s is None else event
            case Measured():
                found = [each for _, each in event.measurements]
                change |= self._tuned(found) if self.request.tune else {"measured": self.figures_with(found)}
            case CollectionReady():
                change["collections"] = (*self.collections, event.collection)
            case CollectionFailed():
                change["failed"] = (*self.failed, event)
            case Warned():
                change["warnings"] = (*self.warnings, event.warning)
            case RunFinished():
                return self.kept_as(event.record)
        return replace(self, **change)

    def ended(self, *, cancelled: bool, error: str | None) -> RunState:
        """No more events will come."""
        over = self.over or ("partial" if cancelled else "failed" if error else "complete")
        return replace(self, over=over, error=error, progress=None, waiting=None)

    def going_on(self, request: BenchRequest) -> RunState:
        """A kept run that is measured on: all variants of its plan, with the figures that it has."""
        planned = RunState.of(request, self.about)
        return replace(planned, measured=planned.figures_with(self.measured.values()), run_id=self.run_id)

    def kept_as(self, record: RunRecord) -> RunState:
        """The record's figures are the final ones."""
        found = record.measurements
        return replace(
            self,
            **(self._tuned(found) if record.tuning else {"measured": self.figures_with(found)}),
            collections=record.collections,
            warnings=record.warnings,
            record=record,
            run_id=record.id,
            over=record.status,
        )

    def figures_with(self, measurements: Iterable[Measurement]) -> Mapping[int, Measurement]:
        """These beside the earlier ones, each at the variant that it says it is of."""
        placed = {self.place(found): found for found in measurements}
        return MappingProxyType({**self.measured, **{at: found for at, found in placed.items() if at is not None}})

    def _tuned(self, measurements: Sequence[Measurement]) -> dict[str, Any]:
        """The variants that were asked, method by method, with their figures."""
        by_method = as_a_grid(measurements)
        return {
            "variants": tuple(Variant(found.method, found.search, found.concurrency) for found in by_method),
            "measured": MappingProxyType(dict(enumerate(by_method))),
            "places": {},
        }

    def place(self, found: Measurement) -> int | None:
        """The variant that it is of; None where the plan has no such one."""
        return self.places.get((found.method, found.search, found.concurrency))

    @property
    def paused(self) -> bool:
        """Whether it waits to be resumed."""
        return self.running and self.progress is not None and self.progress.stage == "paused"

    @property
    def can_pause(self) -> bool:
        """Whether it measures, or waits to go on; builds aren't paused."""
        return self.running and self.progress is not None and self.progress.stage in {"warm-up", "measure", "paused"}

    @property
    def can_go_on(self) -> bool:
        """Whether it was interrupted, and what is left to ask is known from its plan."""
        return self.over == "partial" and self.record is not None and self.record.plan.order == "interleaved"

    @property
    def running(self) -> bool:
        """Whether more is to come."""
        return not self.over

    def collection(self, method: str) -> CollectionRecord | None:
        """The collection of a method, once it is ready."""
        return next((found for found in self.collections if found.method == method), None)

    def failure(self, method: str) -> str | None:
        """Why a method's collection could not be built."""
        return next((found.error for found in self.failed if found.method == method), None)

    def warnings_about(self, at: int) -> tuple[RunWarning, ...]:
        """Those that concern one variant: by its collection, its method, or its label."""
        variant = self.variants[at]
        known = self.measured.get(at)
        names = {variant.method, label(variant), f"{variant.method} {label(variant)}"}
        if known is not None:
            names.add(known.collection)
        if (ready := self.collection(variant.method)) is not None:
            names.add(ready.name)
        return tuple(warning for warning in self.warnings if warning.about in names)

    @property
    def general_warnings(self) -> tuple[RunWarning, ...]:
        """Those that concern the whole run."""
        names = {found.name for found in self.collections} | {found.collection for found in self.measured.values()}
        for variant in self.variants:
            names |= {variant.method, label(variant), f"{variant.method} {label(variant)}"}
        return tuple(warning for warning in self.warnings if warning.about not in names)


def as_a_grid(measurements: Sequence[Measurement]) -> list[Measurement]:
    """Those of a search, which come as they were asked, in the order of a plan: by method, then by factor, off last."""
    methods = list(dict.fromkeys(found.method for found in measurements))

    def place(found: Measurement) -> tuple[float, ...]:
        search = found.search
        asked = (search.exact, search.ignore, search.hnsw_ef or 0, not search.rescore, search.oversampling or 0.0)
        return (methods.index(found.method), *asked, found.concurrency)

    return sorted(measurements, key=place)


def label(variant: Variant) -> str:
    """What is asked of the search, in a word: '–', 'off', 'x2', 'exact' or 'ignore'."""
    search = variant.search
    if search.exact:
        return "exact"
    if search.ignore:
        return "ignore"
    if search.rescore is None:
        return "–"
    return f"x{search.oversampling:g}" if search.rescore and search.oversampling is not None else "off"


def where(state: RunState, variant: Variant) -> str:
    """The label, with hnsw_ef and searches in flight where the plan has several: 'x2 ef128 ×4'."""
    ef = f" ef{variant.search.hnsw_ef}" if len(state.request.hnsw_ef) > 1 else ""
    many = f" ×{variant.concurrency}" if len(state.request.concurrency) > 1 else ""
    return f"{label(variant)}{ef}{many}"


def best(state: RunState, method: str) -> int | None:
    """The method's variant to look at: the fastest that keeps the target recall, else the most accurate, if any."""
    known = [
        (at, found.recall.mean if found.recall else None, found.engine_ms.p50)
        for at, found in sorted(state.measured.items())
        if found.method == method and found.engine_ms is not None and not state.variants[at].is_control
    ]
    if not known:
        return None
    target = state.request.target_recall
    good = [each for each in known if each[1] is None or each[1] >= target]
    if good:
        return min(good, key=lambda each: each[2])[0]
    return max(known, key=lambda each: (each[1] or 0.0, -each[2]))[0]
