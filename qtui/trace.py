"""Figures by the name that they have in the run record: `measurements[3].engine_ms.p50`, or arithmetic on such names.

What a report prints is evaluated here from the record, under the very expression that the report gives for it, so
that figure and origin can't differ. Names, attributes, indexes, numbers and + - * / are all there is; nothing is
called. Standard library only.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

_SUMS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def evaluate(record: object, expression: str) -> Any:
    """What the expression stands for in the record; None where any part of it is missing, or it divides by 0.

    Attributes of dataclasses and keys of mappings are both written with a dot. Raises ValueError for anything that is
    no such expression.
    """
    return _found(record, _parsed(expression))


def number(record: object, expression: str) -> float | None:
    """The same where it is a number."""
    value = evaluate(record, expression)
    return None if isinstance(value, bool) or not isinstance(value, int | float) else float(value)


@lru_cache(maxsize=4096)
def _parsed(expression: str) -> ast.expr:
    try:
        return ast.parse(expression, mode="eval").body
    except SyntaxError as error:
        raise ValueError(f"{expression!r} is no name of a figure") from error


def _found(record: object, node: ast.expr) -> Any:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return node.value
    if isinstance(node, ast.Name):
        return _member(record, node.id)
    if isinstance(node, ast.Attribute):
        return _member(_found(record, node.value), node.attr)
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return _item(_found(record, node.value), node.slice.value)
    if isinstance(node, ast.BinOp) and type(node.op) in _SUMS:
        left, right = _found(record, node.left), _found(record, node.right)
        if left is None or right is None or (isinstance(node.op, ast.Div) and right == 0):
            return None
        return _SUMS[type(node.op)](left, right)
    raise ValueError(f"a figure has no name like {ast.unparse(node)!r}")


def _member(owner: object, name: str) -> Any:
    if name.startswith("_"):
        raise ValueError(f"a figure has no name like {name!r}")
    return owner.get(name) if isinstance(owner, Mapping) else getattr(owner, name, None)


def _item(owner: Any, at: object) -> Any:
    if not isinstance(owner, tuple | list) or not isinstance(at, int) or not 0 <= at < len(owner):
        return None
    return owner[at]
