"""`qtui runs` from the outside."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pytest

from tests.cli.files import save
from tests.cli.running import called, qtui, refused


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two runs on the same vectors."""
    folder = tmp_path_factory.mktemp("measured")
    source = save(folder / "vectors.npy", rows=150, dimension=16)
    for _ in range(2):
        done = called("bench", "--vectors", source, "--queries", 20, "--repeat", 1, "--methods", "none,scalar",
                    "--oversampling", 2, QTUI_HOME=str(folder))  # fmt: skip
        assert done.code == 0, done
    return folder


@pytest.fixture
def two(measured: Path, home: Path) -> tuple[str, str]:
    """Ids of two runs on the same vectors."""
    shutil.copytree(measured / "runs", home / "runs")
    first, second = sorted(path.stem for path in (home / "runs").glob("*.json"))
    return first, second


def test_without_runs_it_says_how_to_make_one() -> None:
    done = called("runs", "list")
    assert done.code == 0
    assert "qtui bench" in done.out
    assert called("runs", "list", "--json").json == []


def test_list_show_diff_and_export(two: tuple[str, str], tmp_path: Path, home: Path) -> None:
    first, second = two
    listed = qtui("runs", "list")
    assert max(map(len, listed.out.splitlines())) <= 80
    assert first in listed.out
    as_json = called("runs", "list", "--json").json
    assert {each["id"] for each in as_json} == {first, second}
    assert set(as_json[0]) >= {"id", "status", "started", "dataset"}

    shown = called("runs", "show", first)
    assert shown.code == 0
    assert "scalar" in shown.out
    record = called("runs", "show", first, "--json").json
    assert record["id"] == first
    assert called("runs", "show", home / "runs" / f"{first}.json", "--json").json == record

    diff = called("runs", "diff", first, second)
    assert diff.code == 0, diff
    assert "scalar" in diff.out
    assert max(map(len, diff.out.splitlines())) <= 80
    assert isinstance(called("runs", "diff", first, second, "--json").json, dict)

    assert json.loads(called("runs", "export", first, "--format", "json").out)["id"] == first
    rows = list(csv.DictReader(io.StringIO(called("runs", "export", first, "--format", "csv").out)))
    assert len(rows) == len(record["measurements"])
    target = tmp_path / "run.md"
    done = called("runs", "export", first, "--format", "md", "-o", target)
    assert (done.code, done.out) == (0, "")
    assert "| scalar" in target.read_text().replace("`", "")


def test_a_run_is_named_and_loses_its_name(two: tuple[str, str]) -> None:
    first, _ = two
    named = called("runs", "rename", first, " before the move ")
    assert (named.code, named.out) == (0, "")
    assert "before the move" in called("runs", "list").out
    assert called("runs", "show", first, "--json").json["name"] == "before the move"
    assert called("runs", "rename", first, "").code == 0
    assert called("runs", "show", first, "--json").json["name"] is None
    wrong = called("runs", "rename", first)
    assert wrong.code == 2
    assert "a run and a name" in wrong.err


def test_a_run_from_elsewhere_is_taken_in_once(measured: Path, home: Path) -> None:
    first, *_ = sorted((measured / "runs").glob("*.json"))
    done = called("runs", "import", first)
    assert (done.code, done.out, done.err) == (0, f"{first.stem}\n", "")
    assert [each["id"] for each in called("runs", "list", "--json").json] == [first.stem]
    assert (home / "runs" / f"{first.stem}.samples.jsonl").is_file()
    again = called("runs", "import", first)
    assert (again.code, again.out) == (0, f"{first.stem}\n")
    assert "is here already" in again.err
    refused(2, "runs", "import", home / "nowhere.json", saying="there is no file")
    refused(2, "runs", "import", saying="takes one file")


def test_a_unique_beginning_of_an_id_is_enough(two: tuple[str, str]) -> None:
    first, second = two
    common = next(n for n in range(len(first)) if first[n] != second[n])
    assert called("runs", "show", first[: common + 1], "--json").json["id"] == first
    refused(2, "runs", "show", first[:common], saying="give more of it")


def test_what_is_wrong_is_one_line_and_2(tmp_path: Path) -> None:
    refused(2, "runs", "lst", saying="did you mean list?")
    refused(2, "runs", "show", saying="takes one run")
    refused(2, "runs", "show", "nothing", saying="no run and no file 'nothing'")
    refused(2, "runs", "show", "", saying="no run")
    refused(2, "runs", "diff", "a", saying="takes two runs")
    refused(2, "runs", "export", "a", saying="--format is missing")
    refused(2, "runs", "export", "a", "--format", "pdf", saying="takes md, html, csv, json, not 'pdf'")
    refused(2, "runs", "list", "--format", "md", saying="those are for export")


def test_files_that_are_no_records_are_data_errors(tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    refused(4, "runs", "show", broken)
    broken.write_text(json.dumps({"schema": "qtui.run/99"}))
    refused(4, "runs", "show", broken, saying="newer")
    broken.write_text(json.dumps({"schema": "other"}))
    refused(4, "runs", "show", broken)


def test_a_damaged_run_does_not_hide_the_others(two: tuple[str, str], home: Path) -> None:
    (home / "runs" / "00-broken.json").write_text("{")
    done = called("runs", "list", "--json")
    assert done.code == 0, done
    assert len(done.json) == 2
    assert "00-broken" in done.err
    refused(4, "runs", "show", "00-bro", saying="00-broken.json' is no readable run record")


def test_export_to_where_nothing_can_be_written(two: tuple[str, str], tmp_path: Path) -> None:
    refused(3, "runs", "export", two[0], "--format", "md", "-o", tmp_path / "no" / "such" / "folder.md")
