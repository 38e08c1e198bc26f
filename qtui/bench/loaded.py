"""The source that a collection of the embedded store was loaded from, where it is still there, unchanged.

Its float32 vectors give the exact answer faster than the engine does, and it is kept for the next run. On a server
others may have changed points since, so there the engine is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from qtui.bench.truth import hold_out
from qtui.data.load import origin_of, remembered_job
from qtui.data.queries import held_out_rows
from qtui.data.vectors import VectorSource, open_vectors
from qtui.engine.base import Engine, Origin
from qtui.errors import QtuiError
from qtui.loads import BuildJob


@runtime_checkable
class Remembering(Protocol):
    """An engine that remembers where its collections came from."""

    async def origin(self, name: str) -> Origin:
        """What the creator of a collection wanted remembered."""
        ...


@dataclass(frozen=True, slots=True)
class Load:
    """What a collection was loaded by, and the source's name with a hash of all that went in."""

    job: BuildJob
    origin: str


async def load_of(engine: Engine, name: str) -> Load | None:
    """What the collection remembers of its load; None where that isn't known, or points came or went since."""
    if engine.info.kind != "embedded" or not isinstance(engine, Remembering):
        return None
    origin = await engine.origin(name)
    job = remembered_job(origin, Path())
    whole = origin.expected_points is not None and await engine.count(name) == origin.expected_points
    return Load(job, origin.source) if job is not None and origin.source is not None and whole else None


@contextmanager
def opened(load: Load | None) -> Iterator[VectorSource | None]:
    """The single vectors that were loaded, where they are still there and the same; None elsewhere."""
    with ExitStack() as stack:
        source = None
        if load is not None and load.job.source.kind in ("file", "sample") and load.job.source.documents is None:
            with suppress(QtuiError, OSError):
                found = stack.enter_context(open_vectors(load.job.source))
                if not found.multivector and origin_of(load.job, found) == load.origin:
                    source = found
        yield source


def allowed(load: Load, source: VectorSource) -> NDArray[np.bool_] | None:
    """Which rows of the source were loaded: all (None), or those that weren't kept as queries."""
    held_out = held_out_rows(source.rows, load.job.held_out, load.job.held_out_seed)
    return hold_out(None, held_out if len(held_out) else None, source.rows)
