"""One query at a time: a row of a file of vectors, or a titled query of a sample. Imports numpy, no engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from qtui.data import samples
from qtui.data.vectors import open_vectors
from qtui.errors import DataError, UsageError, shown
from qtui.loads import SourceSpec
from qtui.model import QueryVector


def vector_from(path: str, row: int = 0) -> QueryVector:
    """Row `row`, from 0 on, of a file: of the queries that it carries (ann-benchmarks), else of its vectors.

    Raises UsageError for a row that isn't there, DataError for one of which a number isn't finite, and what
    `open_vectors` raises.
    """
    name = Path(path).expanduser()
    with open_vectors(SourceSpec("file", path=str(name))) as file:
        carried = file.queries()
        rows = file.rows if carried is None else len(carried)
        if not 0 <= row < rows:
            raise UsageError(f"{shown(name.name)} has rows 0 to {rows - 1}, not {row}; choose one of them")
        found = file.rows_at([row])[0] if carried is None else carried.vectors[row]
        if not np.isfinite(found).all():
            raise DataError(f"row {row} of {shown(name.name)} holds NaN or infinity; choose another row")
        return QueryVector(f"row {row} of {name.name}", found.tolist())


def titled_queries(origin: str | None) -> tuple[QueryVector, ...]:
    """The titled queries of the sample that a collection of that origin comes from; none for another origin."""
    return tuple(QueryVector(each.title, each.vector.tolist()) for each in samples.titled_queries(origin))
