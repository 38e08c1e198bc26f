"""A run as the screen knows it: the events so far, folded. Frozen, so that widgets can be handed it as it is.

Imports what all share; no widget.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from qtui.events import CollectionFailed, CollectionReady, Event, Measured, Progress, RunFinished, Warned
from qtui.plan import BenchRequest, Variant, variants
from qtui.records import CollectionRecord, Measurement, RunRecord, RunWarning


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
    record: RunRecord | None = None
    over: str = ""
    """'' while it runs, then complete, partial or failed."""
    error: str | None = None

    @classmethod
    def of(cls, request: BenchRequest, about: str) -> RunState:
        """A run that has just been asked for."""
        return cls(request, variants(request), about)

    def after(self, event: Event) -> RunState:
        """The state that this event leads to."""
        if isinstance(event, Progress):
            return replace(self, progress=event)
        if isinstance(event, Measured):
            return replace(self, measured=self._with(found for _, found in event.measurements))
        if isinstance(event, CollectionReady):
            return replace(self, collections=(*self.collections, event.collection))
        if isinstance(event, CollectionFailed):
            return replace(self, failed=(*self.failed, event))
        if isinstance(event, Warned):
            return replace(self, warnings=(*self.warnings, event.warning))
        return self._finished(event.record) if isinstance(event, RunFinished) else self

    def ended(self, *, cancelled: bool, error: str | None) -> RunState:
        """No more events will come."""
        over = self.over or ("partial" if cancelled else "failed" if error else "complete")
        return replace(self, over=over, error=error, progress=None)

    def _finished(self, record: RunRecord) -> RunState:
        """The record's figures are the final ones."""
        return replace(
            self,
            measured=self._with(record.measurements),
            collections=record.collections,
            warnings=record.warnings,
            record=record,
            over=record.status,
        )

    def _with(self, measurements: Iterable[Measurement]) -> Mapping[int, Measurement]:
        """These beside the earlier ones, each at the variant that it says it is of."""
        index = {(v.method, v.search, v.concurrency): at for at, v in enumerate(self.variants)}
        placed = {index.get((found.method, found.search, found.concurrency)): found for found in measurements}
        return MappingProxyType({**self.measured, **{at: found for at, found in placed.items() if at is not None}})

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
        rows = {id(warning) for at in range(len(self.variants)) for warning in self.warnings_about(at)}
        return tuple(warning for warning in self.warnings if id(warning) not in rows)


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
