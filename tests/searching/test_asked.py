"""What can be typed as a query, and what is said of the rest."""

from __future__ import annotations

import json
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtui.errors import UsageError
from qtui.searching import asked
from qtui.searching.asked import ByFile, ByImage, ByPoint, ByText, ByTitle, ByVector, read

TITLES = ("an animal that hunts at night", "a tool for cutting wood", "a tool for eating soup", "42")
FINITE = st.floats(allow_nan=False, allow_infinity=False)


def refusal(text: str) -> str:
    with pytest.raises(UsageError) as caught:
        read(text, TITLES)
    assert caught.value.text.isprintable()
    return caught.value.text


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("a tool for cutting wood", ByTitle("a tool for cutting wood")),
        ("  A TOOL for Cutting wood ", ByTitle("a tool for cutting wood")),
        ("soup", ByTitle("a tool for eating soup")),
        ("wood cutting", ByTitle("a tool for cutting wood")),
        ("42", ByTitle("42")),
        ("7", ByPoint(7)),
        ("18446744073709551615", ByPoint(2**64 - 1)),
        ("0.5", ByVector([0.5])),
        ("1 2", ByVector([1.0, 2.0])),
        ("-1,2;3e-2\n4", ByVector([-1.0, 2.0, 0.03, 4.0])),
        ("[1, 2.5]", ByVector([1.0, 2.5])),
        ("[[1, 2], [3, 4]]", ByVector([[1.0, 2.0], [3.0, 4.0]])),
        ("x.npy", ByFile("x.npy")),
        ("some folder/x.FVECS#12", ByFile("some folder/x.FVECS", 12)),
        ("a#3.npy", ByFile("a#3.npy")),
        ("/data/x", ByFile("/data/x")),
        ("~/x.bin#3", ByFile("~/x.bin", 3)),
        ("page.PNG", ByImage("page.PNG")),
        ("~/my scans/a 1.jpeg", ByImage("~/my scans/a 1.jpeg")),
        ('"/my scans/a.webp"', ByImage("/my scans/a.webp")),
        ('"7"', ByText("7")),
        ('"soup"', ByText("soup")),
    ],
)
def test_what_is_meant(text: str, meant: asked.Asked) -> None:
    assert read(text, TITLES) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("tool", ByText("tool")),
        ("A tool for cutting WOOD", ByTitle("a tool for cutting wood")),
        ("who walked on the moon?", ByText("who walked on the moon?")),
        ("7", ByPoint(7)),
        ("1 2", ByVector([1.0, 2.0])),
        ("page.png", ByImage("page.png")),
    ],
)
def test_what_is_meant_where_a_model_takes_texts(text: str, meant: asked.Asked) -> None:
    assert read(text, TITLES, ("image", "text")) == meant


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no query yet"),
        ("18446744073709551616", "a number of 64 bits or a UUID"),
        ("1 2 x", "number 3 is 'x'"),
        ("1 nan", "number 2 is 'nan'"),
        ("1e999", "no titled query holds"),
        ("[1, NaN]", "it holds NaN"),
        ("[1, true]", "number 2 is 'True'"),
        ("[1,", "at character"),
        ("[]", "it is empty"),
        ("[[1, 2], [3]]", "token 2 has 1 numbers, the first 2"),
        ("[[1, 2], 3]", "number 1 is '[1, 2]'"),
        ("[[1], [[2]]]", "number 1 of token 2"),
        ("[" + "9" * 400 + "]", "number 1 is"),
        ("[" * 100_000, "not a vector"),
        ("tool", "2 titled queries hold 'tool'"),
        ("moon", "no titled query holds 'moon', and no model is known for other texts; type a titled query"),
    ],
)
def test_what_is_refused(text: str, said: str) -> None:
    assert said in refusal(text)


def test_without_titles_the_other_ways_are_named() -> None:
    with pytest.raises(UsageError, match="no model is known here for texts such as 'owls'; type a point's id"):
        read("owls")


@given(st.lists(FINITE, min_size=2, max_size=30))
def test_a_list_of_numbers_survives_both_ways_of_writing(numbers: list[float]) -> None:
    assert read(json.dumps(numbers)) == ByVector(numbers)
    assert read(" ".join(map(repr, numbers))) == ByVector(numbers)


@given(st.integers(1, 4), st.integers(1, 5), st.data())
def test_a_multivector_survives(tokens: int, size: int, data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.lists(FINITE, min_size=size, max_size=size), min_size=tokens, max_size=tokens))
    assert read(json.dumps(rows)) == ByVector(rows)


@given(st.uuids())
def test_a_uuid_is_a_point(point: uuid.UUID) -> None:
    assert read(str(point).upper()) == ByPoint(str(point))


@given(st.text(max_size=60))
def test_any_text_is_a_query_or_one_line_of_refusal(text: str) -> None:
    said = ""
    try:
        read(text, TITLES)
    except UsageError as error:
        said = error.text
    assert said == "" or said.isprintable()


@given(st.sampled_from(TITLES))
def test_every_title_finds_itself(title: str) -> None:
    assert asked.matching(title, TITLES)[0] == title
    assert read(title, TITLES) == ByTitle(title)
