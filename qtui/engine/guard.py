"""What may reach a native engine: what would make it panic, hang, abort, lose or silently alter data is refused.

Imports numpy and no engine. Every check is vectorised or one pass over plain Python values, since it stands in the
way of every load. Each function returns what it was given in the form that the engine takes fastest.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from qtui.engine.base import PointBatch, Vector, VectorBatch
from qtui.errors import DataError, UsageError, shown
from qtui.filters import Condition, Filter
from qtui.methods import method
from qtui.model import CollectionSpec, Distance, Hnsw, Payload, PointId, Quantization, SearchSettings, VectorSpec
from qtui.names import check_vector_name, listed

LARGEST_SIZE = 65_536
LARGEST_LIMIT = 1_000_000
LARGEST_EF = 1_000_000
LARGEST_MULTIVECTOR = 2**23
"""Components of all tokens: one chunk of the engine's storage."""
DEEPEST_PAYLOAD = 100
"""The engine logs deeper ones, and then can't read its log any more from 123 levels on."""
DEEPEST_FILTER = 60
DATATYPES = {"float32": 4, "float16": 2, "uint8": 1}
"""Stored type → bytes of one component."""
QUERY_ENCODINGS = ("default", "binary", "scalar4bits", "scalar8bits")
INDEX_TYPES = ("keyword", "integer", "float", "bool", "text", "datetime", "uuid")
_LARGEST_SQUARE = 1e36
"""Of a vector's length: beyond it differences and products overflow float32."""
_NORMAL_SQUARES = (1e-5, 1e30)
"""Squared lengths between which the engine normalises correctly; others are normalised here."""
_INT_MIN, _INT_END = -(2**63), 2**64

FloatArray = NDArray[np.float32]


def check_spec(spec: CollectionSpec) -> None:
    """Raises UsageError for the first setting of a collection that the engine can't take."""
    names = [vector.name for vector in spec.vectors]
    _require(bool(names), "a collection needs at least one vector")
    _require(len(set(names)) == len(names), "two vectors of a collection have the same name")
    for vector in spec.vectors:
        check_vector_name(vector.name)
        _check_vector(vector)
    threshold, segments = spec.indexing_threshold_kb, spec.segments
    _require(threshold is None or 0 <= threshold <= 2**40, "the indexing threshold must lie between 0 and 2^40 KB")
    _require(segments is None or 1 <= segments <= 1000, "the number of segments must lie between 1 and 1000")
    for number, what in ((spec.shards, "shards"), (spec.replicas, "replicas")):
        _require(number is None or 1 <= number <= 1000, f"the number of {what} must lie between 1 and 1000")
    for field, kind in spec.payload_indexes.items():
        _require(kind in INDEX_TYPES, f"no payload index of type {shown(kind)}; choose from {', '.join(INDEX_TYPES)}")
        _require(bool(field), "a payload index needs the name of a field")


def _check_vector(vector: VectorSpec) -> None:
    _require(1 <= vector.size <= LARGEST_SIZE, f"a vector's size must lie between 1 and {LARGEST_SIZE}")
    known = ", ".join(DATATYPES)
    _require(vector.datatype in DATATYPES, f"no datatype {shown(vector.datatype)}; choose from {known}")
    if vector.hnsw is not None:
        _check_hnsw(vector.hnsw)
    if vector.quantization is not None:
        _check_quantization(vector.quantization)


def _check_hnsw(hnsw: Hnsw) -> None:
    _require(0 <= hnsw.m <= 1024, "the graph's m must lie between 0 and 1024")
    _require(1 <= hnsw.ef_construct <= 100_000, "ef_construct must lie between 1 and 100000")
    _require(0 <= hnsw.full_scan_threshold <= 2**40, "full_scan_threshold must lie between 0 and 2^40 KB")


def _check_quantization(quantization: Quantization) -> None:
    chosen = method(quantization.method)
    _require(chosen.family != "none", "no quantization is said by leaving it out")
    quantile, encoding = quantization.quantile, quantization.query_encoding
    # Written so that NaN fails too: the engine would search for it for ever.
    _require(quantile is None or 0.5 <= quantile <= 1, "the quantile must lie between 0.5 and 1")
    _require(quantile is None or chosen.family == "scalar", f"{chosen.name} takes no quantile: only scalar does")
    known = f"choose from {', '.join(QUERY_ENCODINGS)}"
    _require(encoding is None or encoding in QUERY_ENCODINGS, f"no query encoding {shown(encoding)}; {known}")
    _require(encoding is None or chosen.family == "binary", f"{chosen.name} takes no query encoding: only binary does")


def _require(holds: bool, text: str) -> None:  # noqa: FBT001  # reads as "require that"
    if not holds:
        raise UsageError(text)


def check_settings(settings: SearchSettings) -> None:
    """Raises UsageError for the first search setting that is out of range."""
    ef, factor = settings.hnsw_ef, settings.oversampling
    _require(1 <= settings.limit <= LARGEST_LIMIT, f"the limit must lie between 1 and {LARGEST_LIMIT}")
    _require(ef is None or 1 <= ef <= LARGEST_EF, f"hnsw_ef must lie between 1 and {LARGEST_EF}")
    _require(factor is None or 1 <= factor <= 1000, "oversampling must lie between 1 and 1000")


def check_filter(filter_: Filter, depth: int = 1) -> None:
    """Raises UsageError for a filter that is nested too deep, or compares with NaN."""
    _require(depth <= DEEPEST_FILTER, f"the filter is nested more than {DEEPEST_FILTER} deep")
    conditions: list[Condition] = [*filter_.must, *filter_.should, *filter_.must_not]
    for condition in conditions:
        if isinstance(condition, Filter):
            check_filter(condition, depth + 1)


def point_id(value: object) -> PointId:
    """One id as the engine takes it: a number of 64 bits, or a UUID as text. Raises DataError."""
    if type(value) is int and 0 <= value < _INT_END:
        return value
    if isinstance(value, np.integer) and int(value) >= 0:
        return int(value)
    if isinstance(value, str):
        try:
            return str(UUID(value))
        except ValueError:
            pass
    raise DataError(f"{shown(value)} can't be a point's id: use a number from 0 to 2^64 - 1, or a UUID")


def point_ids(values: Sequence[PointId]) -> Sequence[PointId]:
    """Ids of a batch, each once. Raises DataError for one that the engine can't take, or that comes twice."""
    if isinstance(values, range):
        if len(values):
            point_id(values[0]), point_id(values[-1])
        return values
    ids: list[Any] = list(np.asarray(values).tolist() if hasattr(values, "dtype") else values)
    if not all(type(i) is int for i in ids) or (ids and not (min(ids) >= 0 and max(ids) < _INT_END)):
        ids = [point_id(i) for i in ids]
    if len(set(ids)) != len(ids):
        seen: set[PointId] = set()
        twice = next(i for i in ids if i in seen or seen.add(i))  # type: ignore[func-returns-value]  # add() marks it
        raise DataError(f"the id {shown(twice)} comes twice in one batch: give each point its own")
    return ids


def vectors(spec: CollectionSpec, batch: PointBatch, ids: Sequence[PointId]) -> dict[str, Any]:
    """Vector name → rows: a C-contiguous (points, size) array, or a list of (tokens, size) arrays.

    Raises DataError unless every vector of the collection is there for every point, of its shape and finite.
    """
    declared = {vector.name: vector for vector in spec.vectors}
    for name in batch.vectors:
        if name not in declared:
            raise DataError(f"the collection has no vector {shown(name)}; it has {listed(declared)}")
    for name in declared:
        if name not in batch.vectors:
            raise DataError(f"the points lack the vector {shown(name)} of the collection")
    return {name: _rows(vector, batch.vectors[name], ids) for name, vector in declared.items()}


def _rows(spec: VectorSpec, rows: VectorBatch, ids: Sequence[PointId]) -> FloatArray | list[FloatArray]:
    if len(rows) != len(ids):
        raise DataError(f"{len(ids)} ids came with {len(rows)} vectors: there must be one for each")
    if spec.multivector:
        return [_multivector(spec, row, i) for row, i in zip(rows, ids, strict=True)]
    return _matrix(spec, rows, "the batch", "point", ids) if len(ids) else np.empty((0, spec.size), np.float32)


def _multivector(spec: VectorSpec, tokens: Vector, identity: PointId) -> FloatArray:
    return _matrix(spec, tokens, f"the multivector of point {shown(identity)}", "token")


def query(spec: VectorSpec, vector: Vector) -> FloatArray:
    """A query's vector as the engine takes it; one of a multivector may be a single token. Raises DataError."""
    if _is_plain(spec, vector):  # the common case, in a tenth of the time; NaN and infinity fail the comparison
        with np.errstate(all="ignore"):
            square = vector.dot(vector)
        if _NORMAL_SQUARES[0] < square < _NORMAL_SQUARES[1]:
            return vector
    array = _floats(vector, "the query")
    if spec.multivector:
        return _matrix(spec, array[None, :] if array.ndim == 1 else array, "the query", "token")
    if array.ndim != 1:
        raise DataError(f"the query has {array.ndim} axes: this vector takes one of shape ({spec.size},)")
    row: FloatArray = _matrix(spec, array[None, :], "the query", "row")[0]
    return row


def _is_plain(spec: VectorSpec, vector: Vector) -> bool:
    return (
        vector.__class__ is np.ndarray
        and vector.dtype == np.float32
        and vector.shape == (spec.size,)
        and spec.datatype == "float32"
        and not spec.multivector
        and vector.flags.c_contiguous
    )


def _floats(values: Any, what: str) -> FloatArray:
    try:
        array = np.asarray(values)
    except ValueError:
        raise DataError(f"{what} is ragged: every vector must have the same size") from None
    if array.dtype.kind not in "fiu":
        raise DataError(f"{what} holds {array.dtype} instead of numbers")
    with np.errstate(over="ignore"):  # what overflows becomes infinite, and is refused below
        floats: FloatArray = np.ascontiguousarray(array, dtype=np.float32)
    return floats


def _matrix(spec: VectorSpec, values: Any, what: str, unit: str, ids: Sequence[PointId] | None = None) -> FloatArray:
    """(rows, size) float32, finite, storable in the vector's datatype, and under cosine of a safe length."""
    array = _floats(values, what)
    if array.ndim != 2 or array.shape[1] != spec.size:
        raise DataError(f"{what} has the shape {array.shape}: vectors of {spec.size} components were expected")
    if spec.multivector and not 1 <= len(array) <= LARGEST_MULTIVECTOR // spec.size:
        raise DataError(f"{what} has {len(array)} tokens: from 1 to {LARGEST_MULTIVECTOR // spec.size} are possible")
    with np.errstate(all="ignore"):
        squares = np.einsum("ij,ij->i", array, array)
    low, high = _NORMAL_SQUARES
    if not bool(np.all((squares > low) & (squares < high))):
        array = _odd_lengths(spec, array, squares, lambda row: _place(what, unit, ids, row))
    _check_datatype(spec, array, lambda row: _place(what, unit, ids, row))
    return array


def _place(what: str, unit: str, ids: Sequence[PointId] | None, row: int) -> str:
    if ids is not None:
        return f"the vector of point {shown(ids[row])}"
    return what if unit == "row" else f"{unit} {row} of {what}"


def _odd_lengths(spec: VectorSpec, array: FloatArray, squares: FloatArray, place: Any) -> FloatArray:
    """Refuses what is not finite, too long, or zero under cosine; normalises the very short and long ones."""
    for row in np.flatnonzero(~np.isfinite(squares)):
        if not np.isfinite(array[row]).all():
            raise DataError(f"{place(row)} is not finite: NaN and infinity can't be searched")
    if spec.distance is not Distance.COSINE:
        for row in np.flatnonzero(~(squares <= _LARGEST_SQUARE)):
            raise DataError(f"{place(row)} is too long for float32 arithmetic: scale the vectors to at most 1e18")
        return array
    low, high = _NORMAL_SQUARES
    odd = np.flatnonzero(~((squares > low) & (squares < high)))
    exact = array[odd].astype(np.float64)
    lengths = np.sqrt(np.einsum("ij,ij->i", exact, exact))
    for row in odd[lengths == 0]:
        raise DataError(f"{place(row)} is zero, which has no direction under cosine: leave it out")
    array = array.copy()
    array[odd] = exact / lengths[:, None]
    return array


def _check_datatype(spec: VectorSpec, array: FloatArray, place: Any) -> None:
    if spec.datatype == "float16" and spec.distance is not Distance.COSINE:
        for row in np.flatnonzero(np.abs(array).max(axis=1) > 65_504):
            raise DataError(f"{place(row)} exceeds float16 (65504): store it as float32")
    if spec.datatype == "uint8":
        for row in np.flatnonzero(((array < 0) | (array > 255) | (array != np.rint(array))).any(axis=1)):
            raise DataError(f"{place(row)} is not made of whole numbers from 0 to 255, which uint8 stores")


def payloads(values: Sequence[Payload | None], ids: Sequence[PointId]) -> Sequence[Payload | None]:
    """Payloads of a batch, one a point. Raises DataError for what JSON or the engine can't hold."""
    if not len(values):
        return [None] * len(ids)
    if len(values) != len(ids):
        raise DataError(f"{len(ids)} ids came with {len(values)} payloads: there must be one for each, or none at all")
    for identity, payload in zip(ids, values, strict=True):
        if payload is not None:
            try:
                _check_payload(payload)
            except DataError as error:
                raise DataError(f"the payload of point {shown(identity)} {error.text}") from None
    return values


def _check_payload(payload: Payload) -> None:
    if type(payload) is not dict:
        raise DataError(f"is {type(payload).__name__}, not an object with fields")
    _check_fields(payload, 1)


def _check_fields(fields: dict[Any, Any], depth: int) -> None:
    for key in fields:
        if type(key) is not str:
            raise DataError(f"has the key {shown(key)}, which is not text")
        _check_text(key)
    _check_values(fields.values(), depth)


def _check_values(values: Iterable[Any], depth: int) -> None:
    if depth > DEEPEST_PAYLOAD:
        raise DataError(f"is nested more than {DEEPEST_PAYLOAD} deep: flatten it")
    for value in values:
        kind = type(value)
        if kind is str:
            _check_text(value)
        elif kind is dict:
            _check_fields(value, depth + 1)
        elif kind is list or kind is tuple:
            _check_values(value, depth + 1)
        elif value is not None and kind is not bool:
            _check_number(value, kind)


def _check_number(value: Any, kind: type) -> None:
    if kind is int:
        if not _INT_MIN <= value < _INT_END:
            raise DataError(f"holds {shown(value, 30)}, which doesn't fit in 64 bits: store it as text")
    elif kind is not float:
        raise DataError(f"holds {shown(kind.__name__)}, which JSON can't: convert it to text or a number")
    elif not math.isfinite(value):
        raise DataError(f"holds {value}, which JSON can't: leave it out or store null")


def _check_text(text: str) -> None:
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError:
        raise DataError("holds text that is not valid Unicode: clean it first") from None
