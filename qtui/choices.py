"""What a run concludes beside its figures: how it was tuned, and what choosing oversampling by query came to.

Parts of the run record (`records`). Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass

from qtui.model import SearchSettings


@dataclass(frozen=True, slots=True)
class Span:
    """A mean with its 95% bootstrap interval over queries."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class TuneStep:
    """One variant that tuning looked at, and what it found."""

    measurement: int
    """Index into the record's measurements."""
    queries: int
    """Asked of it until that was known."""
    verdict: str
    """holds, misses, unconfirmed or over (a limit)."""


@dataclass(frozen=True, slots=True)
class Unbuilt:
    """A method whose collection tuning never made, and why it could not change the choice."""

    method: str
    why: str


@dataclass(frozen=True, slots=True)
class TuningRecord:
    """How a tuned run searched its grid, and what that saved. Searches count warm-ups, on both sides."""

    grid_measurements: int
    """That the full grid would have made; each hnsw_ef only where there is a graph."""
    measurements: int
    """That were made, if only in part."""
    grid_searches: int
    searches: int
    steps: tuple[TuneStep, ...]
    """In the order of the search."""
    unbuilt: tuple[Unbuilt, ...] = ()


@dataclass(frozen=True, slots=True)
class AdaptiveRecord:
    """Oversampling chosen query by query for the recommended variant: what was learned, and what came of it."""

    method: str
    search: SearchSettings
    """With the best fixed factor."""
    predictor: str
    tried: dict[str, float]
    """Predictor → its gain in recall at equal cost, on queries of the learning half that were left out."""
    cuts: tuple[float, ...]
    factors: tuple[float, ...]
    """By part of the predictor's range; one more than there are cuts."""
    learned_on: int
    judged_on: int
    """Queries, all others."""
    recall: Span
    """On the judging half."""
    gain: Span
    """Recall there, less that of fixed factors which read as many originals."""
    spared: Span
    """Share of the originals that it needn't read there, against fixed factors with the same recall."""
    mean_factor: float
    engine_ms: float
    """Median engine time a query, the search that looks at the candidates included where one is needed."""
    fixed_engine_ms: float
    helps: bool
    """Whether the gain is significant, worth a thousandth of recall, and not paid for with time."""
    verdict: str
    python: str
    """A function that chooses the factor, without any dependency."""
