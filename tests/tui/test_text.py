"""Text from data: what leaves `clean` is drawn as it stands, and the net under all widgets holds."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color

from qtui.tui.text import PrintableOnly, clean, fitted, plain

ANYTHING = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@given(ANYTHING)
def test_cleaned_text_is_one_printable_line(text: str) -> None:
    cleaned = clean(text)
    assert cleaned.isprintable()
    assert not any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} for c in cleaned)
    assert clean(cleaned) == cleaned


@given(ANYTHING, st.integers(1, 30))
def test_fitted_text_fits(text: str, width: int) -> None:
    assert cell_len(fitted(text, width)) <= width


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("[@click=app.quit]x[/]", "[@click=app.quit]x[/]"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]52;c;aGk=\x1b\\after", "after"),
        ("a\nb\r\nc\td", "a b c d"),
        ("\u202eevil\u202c", "evil"),
        ("zero\u200bwidth\u2060\ufeff", "zerowidth"),
        ("1\ufe0f\u20e3", "1"),
        ("\U0001f44d\U0001f3fd", "\U0001f44d"),
        ("\U0001f1e9\U0001f1ea", "DE"),
        ("e\u0301", "é"),
        ("a" + "\u0300\u0301\u0302\u0303" * 20, "à\u0301\u0302"),
        ("\x9b31mC1", "31mC1"),
    ],
)
def test_known_tricks(raw: str, shown: str) -> None:
    assert clean(raw) == shown


def test_megabytes_are_cut_before_they_are_looked_at() -> None:
    assert len(clean("x" * 2**20)) == 2_000
    assert clean("x" * 2**20).endswith("…")
    assert len(clean("\u200b" * 2**20 + "x")) <= 2_000


def test_plain_text_holds_markup_as_text() -> None:
    assert plain("[red]x[/red]").plain == "[red]x[/red]"
    assert plain("[red]x[/red]").spans == []


@settings(max_examples=50)
@given(ANYTHING)
def test_net_lets_printable_text_through_alone(text: str) -> None:
    segments = PrintableOnly().apply([Segment("fine"), Segment(text)], Color.parse("black"))
    assert all(segment.text.isprintable() for segment in segments)
    assert segments[0].text == "fine"
