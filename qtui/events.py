"""What happens while the core loads, builds and measures, as frozen dataclasses; both front ends fold these.

Standard library only. At most a few a second, batched by time by whoever makes them. An operation's stream ends
with exactly one of `BuildDone` (one job), `Loaded` (a load), `RunFinished` (a run) or an exception.
"""

from __future__ import annotations

from dataclasses import dataclass

from qtui.embedders import Embedded
from qtui.records import CollectionRecord, Measurement, RunRecord, RunWarning


@dataclass(frozen=True, slots=True)
class Started:
    """A run has begun; under this id it is kept, however it ends."""

    id: str


@dataclass(frozen=True, slots=True)
class Progress:
    """Where an operation stands."""

    stage: str
    """sample, copy, model, embed, truth, load, index, ready, warm-up, measure or paused."""
    about: str
    """The collection that it concerns, or ''."""
    done: int
    total: int | None
    """None where the engine reports no progress (index building)."""
    elapsed_s: float
    remaining_s: float | None
    """Estimate; None when there is nothing to base it on."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A server is waited for, which doesn't answer or takes no more for now; nothing else goes on meanwhile."""

    why: str
    """What ails it, in a few words."""
    again_s: float | None
    """Seconds until it is asked again, 0 while it is; None: it answers, and what waited goes on."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """Documents that could not be embedded, each with the reason; the others go on."""

    documents: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """Texts that are longer than what the model reads of one: only their beginnings are embedded."""

    count: int
    window: int
    """Tokens that the model reads."""
    names: tuple[str, ...]
    """Of the first of them."""


@dataclass(frozen=True, slots=True)
class BuildDone:
    """One build job is done: points written, index and quantized data built."""

    collection: str
    points: int
    load_seconds: float
    index_seconds: float


@dataclass(frozen=True, slots=True)
class CollectionReady:
    """A collection is loaded, built and proven."""

    collection: CollectionRecord


@dataclass(frozen=True, slots=True)
class CollectionFailed:
    """A collection could not be built; the others go on."""

    collection: str
    method: str
    error: str


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures so far, by index into the plan's variants; replaces earlier ones of the same index."""

    measurements: tuple[tuple[int, Measurement], ...]


@dataclass(frozen=True, slots=True)
class Warned:
    """A warning, as soon as it is known."""

    warning: RunWarning


@dataclass(frozen=True, slots=True)
class Loaded:
    """All collections of a load are done."""

    collections: tuple[str, ...]
    points: int
    seconds: float


@dataclass(frozen=True, slots=True)
class RunFinished:
    """The run is kept."""

    record: RunRecord


Event = (
    Started
    | Progress
    | Waiting
    | Skipped
    | Cut
    | Embedded
    | BuildDone
    | CollectionReady
    | CollectionFailed
    | Measured
    | Warned
    | Loaded
    | RunFinished
)
