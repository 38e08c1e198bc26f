"""What an engine does with the settings asked: the rule that searching and measuring share."""

from __future__ import annotations

import pytest

from qtui.effective import effective
from qtui.model import SearchSettings
from qtui.records import Effective


@pytest.mark.parametrize(
    ("search", "name", "expected"),
    [
        (SearchSettings(10, oversampling=3.0), "binary", Effective(True, 3.0, 60)),
        (SearchSettings(10, oversampling=3.0), "scalar", Effective(False, None, 10)),
        (SearchSettings(10, rescore=True, oversampling=100.0), "scalar", Effective(True, 100.0, 500)),
        (SearchSettings(900, rescore=False), "scalar", Effective(False, None, 500)),
        (SearchSettings(10, exact=True), "binary", Effective(None, None, 10)),
        (SearchSettings(10), "none", Effective(None, None, 10)),
    ],
)
def test_candidates_are_counted_by_segment_and_never_more_than_there_are_points(
    search: SearchSettings, name: str, expected: Effective
) -> None:
    assert effective(search, name=name, built=True, segments=2, points=500) == expected


def test_what_is_not_built_is_searched_in_the_originals() -> None:
    search = SearchSettings(10, rescore=True, oversampling=2.0)
    assert effective(search, name="binary", built=False, segments=1, points=500) == Effective(None, None, 10)
