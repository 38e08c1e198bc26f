"""A collection that others use, from the outside: trying on a sample, copies, the way back, what needs leave."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import called, refused

NOBODY = ("--url", "localhost:1")
QUICK = ("--queries", 25, "--repeat", 1, "--oversampling", 2)


@pytest.fixture
def docs() -> None:
    assert called("load", "docs", "--vectors", "synthetic:300x16", "--methods", "none").code == 0


@pytest.mark.parametrize(
    ("command", "saying"),
    [
        (("bench", "--vectors", "synthetic:300x8"), "building collections"),
        (("clean", "--copies"), "removing copies"),
        (("reconfigure", "docs", "--back", "--confirm", "docs"), "reconfiguring"),
    ],
)
def test_a_server_is_not_written_to_without_leave(command: tuple[str, ...], saying: str) -> None:
    text = refused(3, *NOBODY, *command, saying="--allow-writes")
    assert saying in text


@pytest.mark.parametrize(
    ("options", "saying"),
    [
        (("--vectors", "sample", "--locally"), "--collection"),
        (("--vectors", "sample", "--copies"), "--collection"),
        (("--collection", "docs", "--locally", "--copies"), "either"),
        (("--collection", "docs", "--pace", "5", "--rate", "5"), "--pace and --rate"),
        (("--collection", "docs", "--sample", "3"), "--sample"),
    ],
)
def test_what_does_not_go_together_is_said(options: tuple[str, ...], saying: str) -> None:
    refused(2, "bench", *options, saying=saying)


def test_what_if_measures_a_sample_and_leaves_nothing(docs: None, home: Path) -> None:
    done = called("bench", "--collection", "docs", "--locally", "--sample", 200, "--methods", "binary", *QUICK)
    assert done.code == 0, done
    assert "docs (200 of 300): 175 points" in done.out
    assert "tried locally" in done.out
    assert not list((home / "samples").iterdir())
    assert called("inspect").out.count("docs") == 1


def test_copies_are_made_kept_listed_and_cleaned(docs: None) -> None:
    done = called("bench", "--collection", "docs", "--copies", "--keep", "--methods", "binary", *QUICK)
    assert done.code == 0, done
    assert "docs__qtui__binary" in called("inspect").out
    assert "--copies removes them" in called("clean").err
    assert "removed the copy docs__qtui__binary" in called("clean", "--copies").out
    assert "docs__qtui__binary" not in called("inspect").out


def test_a_change_has_its_way_back(docs: None) -> None:
    assert "--back" in called("reconfigure", "docs", "--method", "binary", "--confirm", "docs").err
    assert "binary" in called("inspect", "docs").out
    refused(2, "reconfigure", "docs", "--back", "--method", "scalar", "--confirm", "docs", saying="--back takes all")
    assert "quantization none" in called("reconfigure", "docs", "--back", "--confirm", "docs").out
    refused(2, "reconfigure", "docs", "--back", "--confirm", "docs", saying="no earlier settings")


def test_shards_are_for_a_server() -> None:
    refused(2, "load", "docs", "--vectors", "synthetic:300x8", "--shards", 2, saying="for a server")
