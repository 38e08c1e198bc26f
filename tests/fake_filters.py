"""Whether a payload matches a filter, in plain Python: what the fake engine answers by. Imports no engine."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from qtui.filters import Condition, Filter, HasId, IsEmpty, IsNull, Match, Range
from qtui.model import PointId


def matches(condition: Condition, point_id: PointId, payload: dict[str, Any]) -> bool:
    """Whether a point fulfils the condition, by Qdrant's rules."""
    if isinstance(condition, Filter):
        return (
            all(matches(part, point_id, payload) for part in condition.must)
            and (not condition.should or any(matches(part, point_id, payload) for part in condition.should))
            and not any(matches(part, point_id, payload) for part in condition.must_not)
        )
    if isinstance(condition, HasId):
        return point_id in condition.ids
    values = list(_values(payload, condition.key))
    if isinstance(condition, IsEmpty):
        return all(value is None or value == [] for value in values)
    if isinstance(condition, IsNull):
        return any(value is None for value in values)
    flat = [item for value in values for item in (value if isinstance(value, list) else [value])]
    if isinstance(condition, Range):
        return any(_in_range(condition, value) for value in flat)
    return any(_equal(condition, value) for value in flat)


def _values(payload: Any, key: str) -> Iterable[Any]:
    head, _, rest = key.partition(".")
    if not isinstance(payload, dict) or head not in payload:
        return []
    return [payload[head]] if not rest else _values(payload[head], rest)


def _equal(condition: Match, value: Any) -> bool:
    if condition.text is not None:
        return isinstance(value, str) and condition.text in value
    if condition.any_of is not None:
        return any(_same(value, wanted) for wanted in condition.any_of)
    if condition.none_of is not None:
        return not any(_same(value, wanted) for wanted in condition.none_of)
    return _same(value, condition.value)


def _same(value: Any, wanted: Any) -> bool:
    return type(value) is type(wanted) and bool(value == wanted)


def _in_range(condition: Range, value: Any) -> bool:
    bounds = (condition.gt, condition.gte, condition.lt, condition.lte)
    if any(isinstance(bound, str) for bound in bounds):
        if not isinstance(value, str):
            return False
        value = datetime.fromisoformat(value)
        bounds = tuple(None if bound is None else datetime.fromisoformat(str(bound)) for bound in bounds)  # type: ignore[assignment]  # times stand in for numbers from here on
    elif not isinstance(value, int | float) or isinstance(value, bool):
        return False
    gt, gte, lt, lte = bounds
    return bool(
        (gt is None or value > gt)
        and (gte is None or value >= gte)
        and (lt is None or value < lt)
        and (lte is None or value <= lte)
    )
