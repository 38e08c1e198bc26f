"""Text from data: nothing that a terminal obeys comes through, and lines are as wide as they look."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtui.plain import cells_of, cut_to, fold, plain, plain_json, plain_lines

HOSTILE = "a\x1b]0;owned\x07b\x9b31m\u202ec"


@given(st.text())
def test_plain_text_is_printable_and_as_long(text: str) -> None:
    assert plain(text).isprintable()
    assert len(plain(text)) == len(text)


def test_lines_stay_lines() -> None:
    assert plain_lines("a\nb\n") == "a\nb\n"
    found = plain_lines(f"x\n{HOSTILE}\n漢字")
    assert found.split("\n") == ["x", plain(HOSTILE), "漢字"]


@given(st.dictionaries(st.text(), st.text()))
def test_json_means_the_same_and_is_harmless(value: dict[str, str]) -> None:
    for indent in (None, 2):
        text = plain_json(json.dumps(value, ensure_ascii=False, indent=indent))
        assert text.replace("\n", "").isprintable()
        assert json.loads(text) == value


@given(st.text(), st.integers(4, 90))
def test_folded_lines_fit_and_lose_no_word(text: str, width: int) -> None:
    lines = list(fold(text, width))
    assert all(cells_of(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(plain(text).split())


def test_folding_indents_and_counts_wide_characters_twice() -> None:
    assert list(fold("one two three", 8)) == ["one two", "  three"]
    assert list(fold("漢字漢字漢字", 6)) == ["漢字漢", "  字漢", "  字"]
    assert list(fold("", 8)) == [""]


@pytest.mark.parametrize(("width", "cut"), [(6, "漢字漢"), (5, "漢字…"), (4, "漢…")])
def test_what_is_cut_says_so(width: int, cut: str) -> None:
    assert cut_to("漢字漢", width) == cut
