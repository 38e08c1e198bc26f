"""What becomes of the query and the columns when other collections are there."""

from __future__ import annotations

from qtui.model import CollectionSpec, CollectionView
from qtui.searching.ask import Target
from qtui.searching.session import Session
from tests.fakes import FakeEngine


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
