"""Reading the short form of a filter, `part = noun and length > 30`: tokens, then recursive descent."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from qtui.errors import UsageError, shown
from qtui.filters.json_form import alike, bound, id_of, refused, whole
from qtui.filters.tree import MAX_DEPTH, Condition, Filter, HasId, IsEmpty, IsNull, Match, Range, Scalar

T = TypeVar("T")
_WORDS = {"and", "or", "not", "in", "is"}
_COMPARISONS = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
_TOKEN = re.compile(
    r"""\s*(?:
    (?P<open>\() | (?P<close>\)) | (?P<comma>,)
    | (?P<operator><=|>=|!=|==|<|>|=|~)
    | (?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<word>[^\s()<>=!~,"']+)
    )""",
    re.VERBOSE | re.DOTALL,
)
_INTEGER = re.compile(r"[+-]?\d+")
_FLOAT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def parse(text: str) -> Filter:
    """The filter that the short form says. Raises UsageError with the character where it goes wrong."""
    return _as_filter(_Reader(text).whole())


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    """open, close, comma, operator, quoted, word, or end."""
    text: str
    at: int

    def is_word(self, word: str) -> bool:
        return self.kind == "word" and self.text.lower() == word


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            start = at + len(text[at:]) - len(text[at:].lstrip())
            what = "a quote is not closed" if text[start] in "\"'" else f"unexpected {shown(text[start])}"
            raise UsageError(f"filter, character {start + 1}: {what}")
        found.append(_Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
        at = match.end()
    return [*found, _Token("end", "", end)]


class _Reader:
    """Recursive descent over the short form: or, and, not, condition."""

    def __init__(self, text: str) -> None:
        self._tokens, self._at = _tokens(text), 0

    def whole(self) -> Condition:
        condition = self._either(0)
        if self._now.kind != "end":
            raise self._error("expected 'and', 'or' or the end")
        return condition

    @property
    def _now(self) -> _Token:
        return self._tokens[self._at]

    def _take(self, kind: str | None = None, word: str | None = None) -> _Token | None:
        token = self._now
        if token.kind == "end" or (kind and token.kind != kind) or (word and not token.is_word(word)):
            return None
        self._at += 1
        return token

    def _error(self, expected: str, token: _Token | None = None) -> UsageError:
        token = token or self._now
        found = "the end" if token.kind == "end" else shown(token.text, 40)
        return UsageError(f"filter, character {token.at + 1}: {expected}, found {found}")

    def _either(self, depth: int) -> Condition:
        parts = [self._all(depth)]
        while self._take(word="or"):
            parts.append(self._all(depth))
        return parts[0] if len(parts) == 1 else Filter(should=tuple(parts))

    def _all(self, depth: int) -> Condition:
        parts = [self._one(depth)]
        while self._take(word="and"):
            parts.append(self._one(depth))
        if len(parts) == 1:
            return parts[0]
        denied = [_denial(part) for part in parts]
        return Filter(
            must=tuple(part for part, no in zip(parts, denied, strict=True) if no is None),
            must_not=tuple(no for no in denied if no is not None),
        )

    def _one(self, depth: int) -> Condition:
        if depth >= MAX_DEPTH:
            raise self._error(f"nested more than {MAX_DEPTH} deep; make it flatter")
        if self._take(word="not"):
            return _not(self._one(depth + 1))
        if self._take("open"):
            condition = self._either(depth + 1)
            if not self._take("close"):
                raise self._error("expected ')'")
            return condition
        return self._condition()

    def _condition(self) -> Condition:
        name = self._now
        if name.kind not in ("word", "quoted") or (name.kind == "word" and name.text.lower() in _WORDS):
            raise self._error("expected the name of a field")
        self._at += 1
        key = _unquoted(name)
        if operator := self._take("operator"):
            return self._compared(name, key, operator.text)
        if self._take(word="is"):
            return self._state(key)
        if self._take(word="in"):
            return self._listed(name, key)
        if self._take(word="not") and self._take(word="in"):
            return _not(self._listed(name, key))
        raise self._error("expected =, !=, <, <=, >, >=, ~, in (…), is empty or is null")

    def _state(self, key: str) -> Condition:
        denied = self._take(word="not") is not None
        for word, condition in (("empty", IsEmpty(key)), ("null", IsNull(key))):
            if self._take(word=word):
                return _not(condition) if denied else condition
        raise self._error("expected 'empty' or 'null'")

    def _compared(self, name: _Token, key: str, operator: str) -> Condition:
        token = self._now
        value = self._value()
        if _means_id(name):
            if operator not in ("=", "==", "!="):
                raise self._error("has_id takes =, != or in (…)", token)
            return self._checked(token, lambda: _denied_if(operator == "!=", HasId((id_of(value),))))
        if operator == "~":
            return Match(key, text=_unquoted(token))
        if operator in _COMPARISONS:
            if isinstance(value, bool):
                raise self._error("a range is between numbers or times", token)
            return self._checked(token, lambda: Range(key, **{_COMPARISONS[operator]: bound(value)}))
        if token.is_word("null"):
            raise self._error("write 'is null'", token)
        return self._checked(token, lambda: _denied_if(operator == "!=", _equal(key, value)))

    def _listed(self, name: _Token, key: str) -> Condition:
        opening = self._now
        if not self._take("open"):
            raise self._error("expected '('")
        values = [self._value()]
        while self._take("comma"):
            values.append(self._value())
        if not self._take("close"):
            raise self._error("expected ',' or ')'")
        if _means_id(name):
            return self._checked(opening, lambda: HasId(tuple(id_of(value) for value in values)))
        return self._checked(opening, lambda: Match(key, any_of=alike(values)))

    def _value(self) -> Scalar:
        token = self._now
        if token.kind not in ("word", "quoted"):
            raise self._error("expected a value")
        self._at += 1
        return _unquoted(token) if token.kind == "quoted" else self._checked(token, lambda: _scalar(token.text))

    def _checked(self, token: _Token, make: Callable[[], T]) -> T:
        try:
            return make()
        except UsageError as error:
            raise UsageError(f"filter, character {token.at + 1}: {error.text.removeprefix('filter: ')}") from None


def _scalar(text: str) -> Scalar:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if _INTEGER.fullmatch(text) and len(text) < 40:
        return int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        if not math.isfinite(number):
            raise refused("a number must be finite, not", text)
        return number
    return text


def _equal(key: str, value: Scalar) -> Condition:
    """Qdrant matches texts, whole numbers and true or false; another number is a range of one."""
    return Range(key, gte=value, lte=value) if isinstance(value, float) else Match(key, value=whole(value))


def _not(condition: Condition) -> Filter:
    return Filter(must_not=(condition,))


def _denied_if(denied: bool, condition: Condition) -> Condition:  # noqa: FBT001  # a plain choice
    return _not(condition) if denied else condition


def _denial(condition: Condition) -> Condition | None:
    """What the condition denies, when it does nothing else."""
    if isinstance(condition, Filter) and len(condition.must_not) == 1 and not (condition.must or condition.should):
        return condition.must_not[0]
    return None


def _means_id(name: _Token) -> bool:
    return name.is_word("has_id")


def _as_filter(condition: Condition) -> Filter:
    return condition if isinstance(condition, Filter) else Filter(must=(condition,))


def _unquoted(token: _Token) -> str:
    return re.sub(r"\\(.)", r"\1", token.text[1:-1], flags=re.DOTALL) if token.kind == "quoted" else token.text
