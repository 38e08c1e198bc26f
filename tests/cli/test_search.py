"""`qtui search` from the outside: answers are checked against brute force, and every way of asking is asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.files import save, save_payload, vectors
from tests.cli.running import called as qtui
from tests.cli.running import refused


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("source") / "vectors.npy")


@pytest.fixture(scope="module")
def store(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with `docs`, `docs__scalar` and `docs__binary`, for reading alone."""
    folder = tmp_path_factory.mktemp("store")
    payload = save_payload(source.parent / "payload.jsonl")
    done = qtui(
        "load", "docs", "--vectors", source, "--payload", payload, "--methods", "none,scalar,binary", "--path", folder
    )
    assert done.code == 0, done
    return folder


def nearest(query: np.ndarray, k: int, without: int | None = None) -> list[int]:
    """By brute force over the rows of the source, cosine."""
    rows = vectors(400, 32)
    order = np.argsort(-(rows @ query) / np.linalg.norm(rows, axis=1) / np.linalg.norm(query)).tolist()
    return [row for row in order if row != without][:k]


def ids(variant: dict[str, Any]) -> list[int]:
    return [hit["id"] for hit in variant["hits"]]


def test_by_point_the_reference_is_exact_and_the_point_is_left_out(store: Path) -> None:
    done = qtui("search", "docs", "docs__scalar", "--id", 7, "--json", "--path", store)
    assert done.code == 0, done
    found = done.json
    assert found["schema"] == "qtui.search/1"
    assert found["query"] == {"title": "point 7: verb", "point": 7} or found["query"]["point"] == 7
    reference, *others = found["variants"]
    assert reference["search"]["exact"]
    assert ids(reference) == nearest(vectors(400, 32)[7], 10, without=7)
    assert reference["overlap"] is None
    assert [(each["collection"], each["search"]["rescore"]) for each in others] == [
        ("docs", None), ("docs__scalar", True), ("docs__scalar", False),
    ]  # fmt: skip
    for each in others:
        assert each["overlap"] == {"common": len(set(ids(each)) & set(ids(reference))), "of": 10}
        for hit in each["hits"]:
            before = ids(reference).index(hit["id"]) + 1 if hit["id"] in ids(reference) else None
            assert hit["change"] == (None if before is None else before - hit["rank"])
    assert [each["raw_scores"] for each in others] == [False, False, True]
    assert [each["effective"]["candidates"] for each in others] == [11, 22, 11]
    assert all(0 < each["engine_ms"] <= each["round_trip_ms"] for each in found["variants"])


def test_by_a_row_of_a_file(store: Path, source: Path) -> None:
    done = qtui("search", "docs", "--vector", f"{source}#3", "--limit", 5, "--json", "--path", store)
    found = done.json
    assert found["query"] == {"title": "row 3 of vectors.npy", "point": None}
    assert ids(found["variants"][0]) == nearest(vectors(400, 32)[3], 5)
    first = qtui("search", "docs", "--vector", source, "--json", "--path", store).json
    assert ids(first["variants"][0])[0] == 0


def test_variants_are_those_asked_for(store: Path) -> None:
    done = qtui(
        "search", "docs", "docs__binary", "--id", 1, "--rescore", "on", "--oversampling", "1,3", "--hnsw-ef", "16,64",
        "--ignore", "--exact", "--json", "--path", store,
    )  # fmt: skip
    said = [
        (each["collection"], each["search"]["exact"], each["search"]["ignore"], each["search"]["oversampling"],
         each["search"]["hnsw_ef"])
        for each in done.json["variants"]
    ]  # fmt: skip
    assert said == [
        ("docs", True, False, None, None), ("docs", False, False, None, 16), ("docs", False, False, None, 64),
        ("docs__binary", True, False, None, None),
        ("docs__binary", False, False, 1, 16), ("docs__binary", False, False, 3, 16),
        ("docs__binary", False, True, None, 16),
        ("docs__binary", False, False, 1, 64), ("docs__binary", False, False, 3, 64),
        ("docs__binary", False, True, None, 64),
    ]  # fmt: skip


def test_a_filter_that_matches_nothing_is_told_the_fields(store: Path) -> None:
    done = qtui("search", "docs", "--id", 1, "--filter", "prat = noun", "--path", store)
    assert (done.code, done.out.count("no point found")) == (0, 2), done
    assert "no point of 'docs' matches the filter; the fields of its first points are" in done.err


def test_a_filter_holds_for_every_variant(store: Path) -> None:
    found = qtui("search", "docs", "docs__scalar", "--id", 1, "--filter", "part = noun", "--json", "--path", store).json
    assert found["filter"] == "part = noun"
    assert all(hit["id"] % 2 == 1 for each in found["variants"] for hit in each["hits"])
    assert all(len(each["hits"]) == 10 for each in found["variants"])


def test_text_stands_two_abreast_in_80_columns(store: Path) -> None:
    done = qtui("search", "docs", "docs__binary", "--id", 7, "--path", store)
    assert done.code == 0, done
    lines = done.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith("query   point 7")
    assert lines[1] == "limit   10, without the point itself"
    assert any("1 docs · exact" in line and "2 docs · float" in line for line in lines)
    assert any("3 docs__binary · rescore" in line and "4 docs__binary · no rescore" in line for line in lines)
    for word in ("overlap@10", "the reference", "engine", "round trip", "22 candidates", "raw score"):
        assert word in done.out


def test_long_ids_stand_one_under_the_other(tmp_path: Path) -> None:
    from qtui.commands.search_story import Answered, story
    from qtui.model import SearchSettings
    from qtui.searching.ask import Target
    from qtui.searching.columns import Column, Place
    from qtui.searching.compare import Found, Outcome

    hits = (Found("00000000-0000-0000-0000-000000000001", 0.5, "\x1b[31mtitle 漢字 " * 20),)
    outcome = Outcome(hits, 0.2, 0.3)
    place = Place("none", built=True, segments=1, points=1)
    answers = [Answered(Column(name, SearchSettings()), place, outcome) for name in ("a", "b")]
    answers.append(Answered(Column("c", SearchSettings()), place, Outcome(error="it failed; try again")))
    text = story(Target([], "x\x1b]0;y\x07"), answers, 1, "a = b")
    assert text.isprintable() or all(line.isprintable() for line in text.split("\n"))
    assert "1 a · float\n" in text
    assert "failed: it failed; try again" in text


def test_what_is_wrong_is_said_in_a_line(store: Path, source: Path, tmp_path: Path) -> None:
    at = ("--path", store)
    refused(2, "search", "docs", *at, saying="give one of --text T")
    refused(2, "search", "docs", "--id", 1, "--vector", source, *at, saying="give one of --text T")
    refused(2, "search", "--id", 1, *at, saying="NAME is missing")
    refused(2, "search", "nothing", "--id", 1, *at, saying="'nothing'")
    refused(2, "search", "docs", "--id", "x", *at, saying="a number of 64 bits or a UUID, not 'x'")
    refused(2, "search", "docs", "--id", 4000, *at, saying="no point 4000;")
    refused(2, "search", "docs", "--vector", f"{source}#400", *at, saying="rows 0 to 399, not 400")
    refused(2, "search", "docs", "--vector", tmp_path / "no.npy", *at, saying="no.npy")
    refused(2, "search", "docs", "--query", "owls", *at, saying="it isn't the sample")
    refused(2, "search", "docs", "--id", 1, "--filter", "part =", *at, saying="filter, character 7")
    refused(2, "search", "docs", "--id", 1, "--vector-name", "x", *at, saying="no vector 'x'")
    refused(2, "search", "docs", "--id", 1, "--limit", 0, *at, saying="--limit takes 1 to")


def test_a_query_of_another_size_fails_every_variant(store: Path, tmp_path: Path) -> None:
    other = save(tmp_path / "other.npy", rows=3, dimension=8)
    done = qtui("search", "docs", "docs__scalar", "--vector", other, "--path", store)
    assert done.code == 4, done
    assert done.err.startswith("qtui: ")
    assert "32" in done.err
    assert done.out.count("failed: ") == 4


def test_a_limit_above_the_points_is_remarked(store: Path) -> None:
    done = qtui("search", "docs", "--id", 1, "--limit", 1000, "--json", "--path", store)
    assert done.code == 0
    assert "--limit 1000 is above the 400 points" in done.err
    assert len(done.json["variants"][0]["hits"]) == 399


def test_titled_queries_of_the_sample(tmp_path: Path) -> None:
    assert qtui("load", "demo", "--vectors", "sample", "--methods", "none", "--hnsw-m", 0).code == 0
    done = qtui("search", "demo", "--query", "Cutting WOOD", "--limit", 3, "--json")
    assert done.code == 0, done
    assert done.json["query"]["title"] == "a tool for cutting wood"
    assert json.dumps(done.json).count("power saw") == 2
    refused(2, "search", "demo", "--query", "zzz", saying="no titled query holds 'zzz'")
