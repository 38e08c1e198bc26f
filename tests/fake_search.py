"""Exact and rounded nearest neighbours by definition, for the fake engine and as an oracle. Imports no engine."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from qtui.engine.base import Vector
from qtui.errors import DataError, shown
from qtui.model import Distance, PointId, VectorSpec


def ranked(
    ids: Sequence[PointId], vectors: Sequence[Vector], query: Vector, spec: VectorSpec, *, levels: int | None = None
) -> list[tuple[float, PointId]]:
    """(score, id), best first, ties by smaller id; with `levels`, of vectors rounded to so many values."""
    if spec.multivector:
        scores = [score(query, _rounded(vector, levels), spec) for vector in vectors]
    else:
        scores = _scores(query, _rounded(np.stack(vectors), levels, axis=1), spec) if len(vectors) else []
    sign = -1 if spec.distance.larger_is_nearer else 1
    return sorted(zip(scores, ids, strict=True), key=lambda pair: (sign * pair[0], id_order(pair[1])))


def _scores(query: Vector, vectors: Vector, spec: VectorSpec) -> list[float]:
    a, b = query.astype(np.float64), vectors.astype(np.float64)
    if spec.distance is Distance.EUCLID:
        return list(map(float, np.sqrt(((a - b) ** 2).sum(axis=1))))
    if spec.distance is Distance.MANHATTAN:
        return list(map(float, np.abs(a - b).sum(axis=1)))
    if spec.distance is Distance.COSINE:
        a, norms = a / (np.linalg.norm(a) or 1.0), np.linalg.norm(b, axis=1, keepdims=True)
        b = np.divide(b, norms, out=np.zeros_like(b), where=norms > 0)
    return list(map(float, (b * a).sum(axis=1)))


def score(query: Vector, vector: Vector, spec: VectorSpec) -> float:
    """Score of a vector by definition, in float64; MaxSim sums the best: under Euclid their squares, as Qdrant."""
    if spec.multivector:
        single = replace(spec, multivector=False)
        if spec.distance.larger_is_nearer:
            return sum(max(score(token, other, single) for other in vector) for token in query)
        power = 2 if spec.distance is Distance.EUCLID else 1
        return float(
            sum(min(score(token, other, single) for other in vector) ** power for token in query) ** (1 / power)
        )
    a, b = query.astype(np.float64), vector.astype(np.float64)
    if spec.distance is Distance.EUCLID:
        return float(np.sqrt(((a - b) ** 2).sum()))
    if spec.distance is Distance.MANHATTAN:
        return float(np.abs(a - b).sum())
    if spec.distance is Distance.COSINE:
        norms = float(np.sqrt((a**2).sum()) * np.sqrt((b**2).sum()))
        return float(a @ b) / norms if norms else 0.0
    return float(a @ b)


def _rounded(vector: Vector, levels: int | None, *, axis: int | None = None) -> Vector:
    """To values between the largest and its opposite: of all, or (axis 1) of each row."""
    if levels is None or levels > 256:
        return vector
    scale = np.abs(vector).max(axis=axis, keepdims=True)
    scale[scale == 0] = 1
    if levels == 2:
        rounded = np.where(vector >= 0, scale, -scale)
    else:
        step = 2 * scale / (levels - 1)
        rounded = np.round((vector + scale) / step) * step - scale
    return np.asarray(rounded, dtype=np.float32)


def checked(vector: Any, spec: VectorSpec) -> Vector:
    array = np.asarray(vector, dtype=np.float32)
    if array.ndim != (2 if spec.multivector else 1) or array.shape[-1] != spec.size or not len(array):
        raise DataError(f"a vector of shape {array.shape} where {spec.size} components are wanted")
    if not np.isfinite(array).all():
        raise DataError("a vector holds NaN or infinity; clean the data first")
    if spec.distance is Distance.COSINE and not spec.multivector and not array.any():
        raise DataError("a zero vector has no direction: cosine can't rank it; drop it or use another distance")
    return array


def checked_id(point_id: Any) -> PointId:
    if isinstance(point_id, str):
        try:
            return str(uuid.UUID(point_id))
        except ValueError:
            raise DataError(f"{shown(point_id)} is no id: give whole numbers or UUIDs") from None
    number = int(point_id)
    if not 0 <= number < 2**64:
        raise DataError(f"the id {number} is out of range: ids go from 0 to 2^64 - 1")
    return number


def id_order(point_id: PointId) -> tuple[bool, Any]:
    return isinstance(point_id, str), point_id
