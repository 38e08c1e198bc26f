"""Filters as Qdrant's REST interface has them, and the checks of the values that a filter holds."""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import Any

from qtui.errors import UsageError, shown
from qtui.filters.tree import MAX_DEPTH, Condition, Filter, HasId, IsEmpty, IsNull, Match, Range
from qtui.model import PointId

_TIME = re.compile(r"\d{4}-\d{2}-\d{2}([Tt ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?([Zz]|[+-]\d{2}:\d{2})?)?")


def to_json(filter_: Filter) -> dict[str, Any]:
    """The filter as Qdrant's REST interface takes it."""
    clauses = (("must", filter_.must), ("should", filter_.should), ("must_not", filter_.must_not))
    return {clause: [_condition_to_json(part) for part in parts] for clause, parts in clauses if parts}


def _condition_to_json(condition: Condition) -> dict[str, Any]:
    match condition:
        case Filter():
            return to_json(condition)
        case Match():
            return {"key": condition.key, "match": _match_to_json(condition)}
        case Range():
            bounds = {bound: getattr(condition, bound) for bound in ("gt", "gte", "lt", "lte")}
            return {"key": condition.key, "range": {name: at for name, at in bounds.items() if at is not None}}
        case IsEmpty():
            return {"is_empty": {"key": condition.key}}
        case IsNull():
            return {"is_null": {"key": condition.key}}
        case HasId():
            return {"has_id": list(condition.ids)}


def _match_to_json(match: Match) -> dict[str, Any]:
    if match.any_of is not None:
        return {"any": list(match.any_of)}
    if match.none_of is not None:
        return {"except": list(match.none_of)}
    return {"value": match.value} if match.text is None else {"text": match.text}


def from_json(value: Any, depth: int = 0) -> Filter:
    """The filter that Qdrant's JSON describes. Raises UsageError, which names what can't be read."""
    if depth >= MAX_DEPTH:
        raise UsageError(f"the filter is nested more than {MAX_DEPTH} deep; make it flatter")
    if not isinstance(value, dict):
        raise refused("a filter must be an object with must, should or must_not", value)
    unknown = next((key for key in value if key not in ("must", "should", "must_not")), None)
    if unknown is not None:
        raise refused("a filter takes must, should and must_not, not", unknown)
    return Filter(*(_clause(value.get(clause), depth) for clause in ("must", "should", "must_not")))


def _clause(value: Any, depth: int) -> tuple[Condition, ...]:
    parts = [] if value is None else value if isinstance(value, list) else [value]
    return tuple(_condition(part, depth) for part in parts)


def _condition(value: Any, depth: int) -> Condition:
    match value:
        case {"key": str(key), "match": dict(how), **rest} if not rest:
            return _match(key, how)
        case {"key": str(key), "range": dict(bounds), **rest} if not rest:
            return _range(key, bounds)
        case {"is_empty": {"key": str(key)}, **rest} if not rest:
            return IsEmpty(key)
        case {"is_null": {"key": str(key)}, **rest} if not rest:
            return IsNull(key)
        case {"has_id": list(ids), **rest} if not rest:
            return HasId(tuple(id_of(each) for each in ids))
        case dict() if not value or value.keys() & {"must", "should", "must_not"}:
            return from_json(value, depth + 1)
    raise refused("a condition must be a filter, or have match, range, is_empty, is_null or has_id, not", value)


def _match(key: str, how: dict[str, Any]) -> Match:
    match how:
        case {"value": str() | int() as value, **rest} if not rest:
            return Match(key, value=whole(value))
        case {"text": str(text), **rest} if not rest:
            return Match(key, text=text)
        case {"any": list(values), **rest} if not rest:
            return Match(key, any_of=alike(values))
        case {"except": list(values), **rest} if not rest:
            return Match(key, none_of=alike(values))
    raise refused("a match takes value (text, a whole number, true or false), any, except or text, not", how)


def _range(key: str, bounds: dict[str, Any]) -> Range:
    if not bounds or not bounds.keys() <= {"gt", "gte", "lt", "lte"}:
        raise refused("a range takes gt, gte, lt and lte, not", bounds)
    given = {name: bound(at) for name, at in bounds.items() if at is not None}
    if len({isinstance(at, str) for at in given.values()}) > 1:
        raise refused("a range is between numbers or between times, not", bounds)
    return Range(key, **given)


def bound(value: Any) -> Any:
    """The end of a range, checked: a finite number or an RFC 3339 time."""
    is_time = isinstance(value, str) and _is_time(value)
    if not is_time and (type(value) not in (int, float) or not _finite(value)):
        raise refused("a range is between numbers or RFC 3339 times such as 2026-01-31, not", value)
    return value


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return _TIME.fullmatch(text) is not None


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def whole(value: str | int) -> str | int:
    """A value to match, checked: numbers must fit 64 bits."""
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise refused("a number must fit 64 bits, not", value)
    return value


def alike(values: list[Any]) -> tuple[str | int, ...]:
    """A list of values to match, checked: texts or whole numbers, of one kind."""
    if not values or {type(value) for value in values} not in ({str}, {int}):
        raise refused("a list of values must hold texts or whole numbers, of one kind, not", values)
    return tuple(whole(value) for value in values)


def id_of(value: Any) -> PointId:
    """A point's id, checked."""
    if type(value) is int and 0 <= value < 2**64:
        return value
    if isinstance(value, str) and re.fullmatch(r"[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}", value):
        return value
    raise refused("an id must be a number of 64 bits or a UUID, not", value)


def refused(what: str, value: object) -> UsageError:
    """The error of a value that a filter can't hold."""
    return UsageError(f"filter: {what} {shown(value)}")
