"""What becomes of the query and the columns when other collections are there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qtui.model import CollectionSpec, CollectionView, SearchSettings, VectorSpec
from qtui.searching.ask import Target, misfit
from qtui.searching.columns import Column
from qtui.searching.session import Session
from tests.fakes import FakeEngine
from tests.tui.scripted import view


def views(*names: str) -> tuple[CollectionView, ...]:
    return tuple(CollectionView(name, "green", 10, 1, (), CollectionSpec(name, ()), {}) for name in names)


def test_a_point_of_a_store_that_was_left_is_a_vector_like_any_other():
    session = Session(FakeEngine())  # type: ignore[arg-type]  # nothing is asked
    session.target = Target([0.0], "point 3", 3, "docs")
    session.fitting(views("docs__scalar", "other"), (), 10)
    assert session.target.about == "point 3 (left out of its own answers)"  # a sibling holds it, too
    session.fitting((), (), 10)
    assert session.target.point == 3
    session.fitting(views("other"), (), 10)
    assert session.target.about == "point 3 of 'docs'"
    assert session.target.values == [0.0]


@pytest.mark.parametrize(
    ("multivector", "asked", "why"),
    [
        (False, [0.0] * 3, "the query has 3 dimensions; 'docs' takes 4"),
        (False, [[0.0] * 4] * 2, "the query is a multivector of 2 × 4; 'docs' takes 4 dimensions in one vector"),
        (False, np.zeros((2, 4)), "the query is a multivector of 2 × 4; 'docs' takes 4 dimensions in one vector"),
        (True, [[0.0] * 3] * 2, "the query has 3 dimensions; 'docs' takes 4"),
        (False, [0.0] * 4, None),
        (True, [0.0] * 4, None),
        (True, np.zeros((2, 4)), None),
    ],
)
def test_what_a_vector_can_be_asked_by_its_shape(multivector: bool, asked: object, why: str | None):
    docs = view("docs")
    vector = replace(docs.vectors[0], spec=VectorSpec(4, multivector=multivector))
    docs = replace(docs, vectors=(vector,))
    assert misfit(Target(asked, "x"), docs) == why


def test_whose_point_it_is_is_said_where_no_column_holds_it():
    session = Session(FakeEngine())  # type: ignore[arg-type]  # nothing is asked
    assert session.about == ""
    session.target = Target([0.0], "point 3", 3, "docs")
    session.show((Column("other", SearchSettings()), Column("docs__scalar", SearchSettings())))
    assert session.about == "point 3 (left out of its own answers)"
    session.show((Column("other", SearchSettings()),))
    assert session.about == "point 3 of 'docs'"
