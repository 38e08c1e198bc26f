"""What a starting engine room removes is told, and only then."""

from __future__ import annotations

from pathlib import Path

import pytest

from qtui.host.tidying import tidy, words
from qtui.target import Target


@pytest.mark.parametrize(
    ("left", "told"),
    [
        (((), 0, 0), ""),
        ((("a1",), 1, 0), "run a1 is kept as partial; removed 1 temporary store"),
        ((("a", "b", "c", "d", "e"), 2, 0), "runs a, b, c and 2 more are kept as partial; removed 2 temporary stores"),
        (((), 0, 1), "removed 1 collection half made or half deleted"),
    ],
)
def test_words_for_what_was_left(left: tuple[tuple[str, ...], int, int], told: str) -> None:
    assert words(*left) == told


def test_what_was_left_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QTUI_HOME", str(tmp_path))
    (tmp_path / "store" / ".new-0123456789ab").mkdir(parents=True)
    (tmp_path / "tmp" / "gone").mkdir(parents=True)
    here = Target(path=str(tmp_path / "store"))
    assert tidy(here) == "removed 1 temporary store; removed 1 collection half made or half deleted"
    assert tidy(here) == ""
