"""Work folded from events, and drawn."""

from __future__ import annotations

from qtui.events import BuildDone, CollectionFailed, Loaded, Progress, Waiting
from qtui.tui.loading import Work, after, changing, drawn, ended, started

NAMES = ("docs", "docs__scalar", "docs__binary")


def begun() -> Work:
    return started("Loading docs.npy", [(name, 4.0) for name in NAMES])


def states(work: Work) -> list[str]:
    return [row.state for row in work.rows]


def test_each_collection_goes_its_way() -> None:
    work = begun()
    assert states(work) == ["waiting"] * 3
    work = after(work, Progress("load", "docs", 42, 100, 1.0, 1.4), now=1.0)
    assert "loading   ━━━━━━░░░░░░░░  42%  1.4 s left" in drawn(work, 1.0, 120, 10).plain
    work = after(work, Progress("index", "docs", 0, None, 0.0, None), now=3.0)
    work = after(work, Progress("index", "docs", 0, None, 5.0, None), now=8.0)
    assert "indexing  12 s  of 4.0 s est" in drawn(work, 15.0, 120, 10).plain
    work = after(work, BuildDone("docs", 100, 2.0, 12.0), now=15.0)
    work = after(work, CollectionFailed("docs__scalar", "scalar", "row 3 isn't finite"), now=16.0)
    assert states(work) == ["ready", "failed", "waiting"]
    text = drawn(work, 16.0, 120, 10).plain
    assert "✓ docs          ready     100 points, loaded 2.0 s, indexed 12 s" in text
    assert "✗ docs__scalar  failed    row 3 isn't finite" in text
    assert "1 of 3 ready" in text
    assert after(work, Loaded(("docs",), 100, 20.0), 17.0) == work


def test_embedding_says_what_it_waits_for() -> None:
    work = after(begun(), Progress("embed", "docs", 0, 90, 0.0, None), now=1.0)
    assert "embedding ░░░░░░░░░░░░░░   0%" in drawn(work, 1.0, 120, 10).plain
    work = after(work, Progress("model", "docs", 0, None, 2.0, None), now=3.0)
    assert "embedding the model loads, 3 s" in drawn(work, 4.0, 120, 10).plain
    work = after(work, Progress("embed", "docs", 30, 90, 4.0, 8.0), now=5.0)
    assert "embedding ━━━━━░░░░░░░░░  33%  8.0 s left" in drawn(work, 5.0, 120, 10).plain
    # nothing of a collection is there yet that could be gone on with
    assert states(ended(work)) == ["waiting"] * 3
    assert states(ended(work, error="why")) == ["failed", "waiting", "waiting"]


def test_cancelled_what_runs_is_partial_and_what_waits_is_not_begun() -> None:
    work = after(begun(), BuildDone("docs", 100, 2.0, 12.0), now=1.0)
    work = ended(after(work, Progress("load", "docs__scalar", 5, 10, 0.1, 0.1), now=2.0))
    assert states(work) == ["ready", "partial", "waiting"]
    assert work.failed == ()


def test_an_error_falls_on_what_runs_or_else_on_what_comes_next() -> None:
    work = after(begun(), Progress("load", "docs", 5, 10, 0.1, 0.1), now=2.0)
    assert states(ended(work, error="the disk is full")) == ["failed", "waiting", "waiting"]
    assert states(ended(begun(), error="no such file")) == ["failed", "waiting", "waiting"]
    between = after(begun(), BuildDone("docs", 100, 2.0, 12.0), now=1.0)
    assert states(ended(between, error="the engine ended")) == ["ready", "failed", "waiting"]
    told = after(begun(), CollectionFailed("docs", "none", "why"), now=0.0)
    assert [row.note for row in ended(told, error="why").failed] == ["why"]


def test_a_change_shows_its_time() -> None:
    work = changing(started("Changing docs", [("docs", 60.0)]), now=5.0)
    assert "changing  7 s  of 1:00 est" in drawn(work, 12.0, 120, 10).plain


def test_what_runs_is_in_sight_however_many_there_are() -> None:
    work = started("Loading", [(f"c{n}", None) for n in range(15)])
    for n in range(11):
        work = after(work, BuildDone(f"c{n}", 1, 0.1, 0.1), now=0.0)
    work = after(work, Progress("load", "c11", 1, 2, 0.1, 0.1), now=1.0)
    lines = drawn(work, 1.0, 80, 6).plain.splitlines()
    assert len(lines) == 6
    assert any("c11" in line for line in lines)


def test_lines_fit_and_hostile_names_are_plain() -> None:
    name = "x" * 90 + "\x1b[31m\u202e"
    work = after(started(name, [(name, 1.0)]), CollectionFailed(name, "none", "[red]" + "y" * 300), now=0.0)
    for line in drawn(work, 0.0, 76, 8).split("\n"):
        assert line.cell_len <= 76
        assert line.plain.isprintable()


def test_what_waits_for_a_server_says_so_until_it_goes_on() -> None:
    work = started("Loading", [("a", None), ("b", None)])
    work = after(work, Progress("load", "a", 5, 10, 1.0, 1.0), 1.0)
    work = after(work, Waiting("nobody answers", 4.0), 2.0)
    text = drawn(work, 2.0, 78, 8).plain
    assert "waits: nobody answers, again in 4 s" in text
    assert text.count("nobody answers") == 1, "what hasn't begun doesn't wait"
    for event in (Waiting("", None), Progress("load", "a", 6, 10, 1.0, 1.0)):
        assert "nobody" not in drawn(after(work, event, 3.0), 3.0, 78, 8).plain
    assert "nobody" not in drawn(ended(work), 3.0, 78, 8).plain
