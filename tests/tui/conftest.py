"""What makes hundreds of starts of the app in one process cheap: nothing that a test can see is left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet


@pytest.fixture(autouse=True, scope="session")
def styles_parsed_once() -> Iterator[None]:
    """The same style sheet with the same variables has the same rules in every app."""
    parse = Stylesheet._parse_rules
    known: dict[Any, list[RuleSet]] = {}

    def parse_once(sheet: Stylesheet, *args: Any, **options: Any) -> list[RuleSet]:
        key = (args, *sorted(options.items()), frozenset(sheet._variables.items()))
        if key not in known:
            known[key] = parse(sheet, *args, **options)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "_parse_rules", parse_once)
        yield
