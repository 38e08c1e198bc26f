"""`qtui bench` from the outside: streams, the record, what is kept and what goes."""

from __future__ import annotations

import json
import subprocess
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qtui import units
from qtui.methods import DEFAULT_METHODS
from tests.cli.files import save, save_payload, vectors
from tests.cli.running import COMMAND, Done, OnTerminal, called, qtui

QUICK = ("--queries", 20, "--repeat", 1, "--methods", "none,binary", "--oversampling", "1,3")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return save(tmp_path / "vectors.npy")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Done, Path]:
    """A run with all defaults and controls, and its home, in which `run.json` is the record."""
    folder = tmp_path_factory.mktemp("whole")
    source = save(folder / "vectors.npy")
    done = qtui("bench", "--vectors", source, "--queries", 40, "--repeat", 2, "--exact", "--ignore", "--json",
                folder / "run.json", QTUI_HOME=str(folder))  # fmt: skip
    assert done.code == 0, done
    return done, folder


def record_of(folder: Path) -> Any:
    return json.loads((folder / "run.json").read_text())


def test_a_table_of_80_columns_and_a_record(whole: tuple[Done, Path]) -> None:
    done, folder = whole
    assert max(map(len, done.out.splitlines())) <= 80
    for method in DEFAULT_METHODS:
        assert method in done.out
    record = record_of(folder)
    assert f"qtui runs show {record['id']}" in done.err
    assert "\r" not in done.err
    assert "\x1b" not in done.err
    assert not list((folder / "tmp").iterdir())
    assert ((folder / "runs" / f"{record['id']}.json").stat().st_mode & 0o777) == 0o600


def test_the_grid_is_that_of_the_contract(whole: tuple[Done, Path]) -> None:
    record = record_of(whole[1])
    assert record["schema"] == "qtui.run/1"
    assert record["status"] == "complete"
    asked = [
        (each["method"], *(each["search"][key] for key in ("rescore", "oversampling", "exact", "ignore")))
        for each in record["measurements"]
    ]
    expected: set[tuple[Any, ...]] = {("none", None, None, False, False)}
    for method in DEFAULT_METHODS:
        expected.add((method, None, None, True, False))
        if method != "none":
            expected |= {(method, True, factor, False, False) for factor in (1, 2, 3, 5)}
            expected |= {(method, False, None, False, False), (method, None, None, False, True)}
    assert len(asked) == len(set(asked))
    assert set(asked) == expected


def test_recall_can_be_computed_again_from_the_samples(whole: tuple[Done, Path]) -> None:
    from qtui.data.queries import held_out_rows

    folder = whole[1]
    record = record_of(folder)
    answers: dict[tuple[int, int], list[int]] = {}
    for line in map(json.loads, (folder / "runs" / record["samples"]).read_text().splitlines()):
        if "measurement" in line and line.get("ids"):
            answers[line["measurement"], line["query"]] = line["ids"]
    rows = vectors(400, 32).astype(np.float64)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    held = held_out_rows(400, 40, 0)
    scores = rows[held] @ rows.T
    scores[:, held] = -np.inf
    truth = [set(order[:10].tolist()) for order in np.argsort(-scores, axis=1, kind="stable")]
    for index, measurement in enumerate(record["measurements"]):
        shares = [len(truth[query] & set(answers[index, query])) / 10 for query in range(40)]
        assert measurement["recall"]["mean"] == pytest.approx(np.mean(shares), abs=1e-12)
        assert not any(set(answers[index, query]) & set(held.tolist()) for query in range(40))


def test_json_on_stdout_stands_alone(source: Path) -> None:
    done = qtui("bench", "--vectors", source, *QUICK, "--json", "-", "--hnsw-ef", "64,128", "--concurrency", "1,2")
    assert done.code == 0, done
    seen = {(each["method"], each["search"]["hnsw_ef"], each["concurrency"]) for each in done.json["measurements"]}
    assert seen == set(product(("none", "binary"), (64, 128), (1, 2)))


def test_quiet_says_nothing_beside_the_result(source: Path) -> None:
    done = called("--quiet", "bench", "--vectors", source, *QUICK)
    assert (done.code, done.err) == (0, "")
    assert "binary" in done.out


def test_no_part_of_an_unfinished_pipe_is_an_error(source: Path) -> None:
    command = " ".join([*COMMAND, "bench", "--vectors", str(source), *map(str, QUICK), "--json", "-", "| head -c 10"])
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done
    assert done.stdout.startswith("{")
    assert "Traceback" not in done.stderr


def test_progress_is_for_terminals_and_leaves_no_trace(source: Path) -> None:
    terminal = OnTerminal("bench", "--vectors", source, *QUICK, NO_COLOR="1")
    terminal.wait_for("truth")
    done = terminal.end()
    assert done.code == 0, done
    assert "binary" in done.out
    assert "\x1b" not in done.err
    written = done.err.rpartition("qtui: ")[0]
    assert written.rpartition("\r")[2] == ""  # the line was cleared before the remark
    assert all(len(line) < 80 for line in written.split("\r"))


def test_keep_says_where(source: Path, home: Path) -> None:
    done = called("bench", "--vectors", source, *QUICK, "--keep", "--json", "-")
    assert done.code == 0, done
    (kept,) = (home / "kept").iterdir()
    assert any(str(kept) in warning["text"] for warning in done.json["warnings"])
    listed = called("inspect", "--json", "--path", kept)
    assert listed.code == 0, listed
    assert len(listed.json) == 2


def test_queries_and_truth_from_files(source: Path, tmp_path: Path) -> None:
    queries = save(tmp_path / "queries.npy", rows=30, seed=1)
    done = called("bench", "--vectors", source, "--queries", queries, "--repeat", 1, "--methods", "none", "--json", "-")
    assert done.code == 0, done
    dataset = done.json["dataset"]
    assert (dataset["query_origin"], dataset["queries"], dataset["points"]) == ("file", 30, 400)


def test_synthetic_vectors_are_called_so_everywhere(home: Path) -> None:
    done = called("bench", "--vectors", "synthetic:300x16:5", *QUICK)
    assert done.code == 0, done
    assert "synthetic" in done.out
    assert "synthetic" in called("runs", "list").out
    (run,) = called("runs", "list", "--json").json
    assert run["dataset"]["source"].startswith("synthetic")


def test_a_filter_is_part_of_truth_and_search(source: Path, tmp_path: Path) -> None:
    payload = save_payload(tmp_path / "payload.jsonl")
    done = called("bench", "--vectors", source, "--payload", payload, *QUICK, "--filter", "part = noun", "--json", "-")
    assert done.code == 0, done
    assert done.json["dataset"]["filter"] == "part = noun"
    exact = [each for each in done.json["measurements"] if each["method"] == "none"]
    assert exact[0]["recall"]["mean"] > 0.9


def test_a_limit_above_the_points_warns(tmp_path: Path) -> None:
    small = save(tmp_path / "small.npy", rows=30)
    done = called("bench", "--vectors", small, "--limit", 100, "--queries", 5, "--methods", "none", "--json", "-")
    assert done.code == 0, done
    assert any("100" in warning["text"] for warning in done.json["warnings"])


def test_a_collection_is_measured_in_place(source: Path) -> None:
    assert called("load", "docs", "--vectors", source, "--methods", "none,scalar").code == 0
    before = called("inspect", "docs", "--json").json[0]["points"]
    done = called("bench", "--collection", "docs__scalar", "--queries", 20, "--repeat", 1, "--json", "-")
    assert done.code == 0, done
    assert done.json["dataset"]["query_origin"] == "collection"
    assert {each["method"] for each in done.json["measurements"]} == {"none", "scalar"}
    assert called("inspect", "docs", "--json").json[0]["points"] == before


def test_what_takes_minutes_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from qtui import estimate
    from qtui.cli import main
    from qtui.commands import bench

    # the estimate alone decides: make any build slow, and stop where measuring would begin
    monkeypatch.setattr(estimate, "LOAD_S", 100.0)
    monkeypatch.setattr(bench, "_measure", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    small = save(tmp_path / "small.npy", rows=30)
    noted: list[str] = []
    monkeypatch.setattr("qtui.commands.console.Console.note", lambda _, text: noted.append(text))
    assert main(["bench", "--vectors", str(small), "--methods", "product-x4"]) == 130
    assert "2 collections of 30 points" in noted[0]
    assert "(est)" in noted[0]


def test_on_a_terminal_it_asks_first(tmp_path: Path) -> None:
    np.save(tmp_path / "wide.npy", np.zeros((6000, 1000), np.float16))
    terminal = OnTerminal("bench", "--vectors", tmp_path / "wide.npy", "--methods", "all", "--distance", "dot")
    terminal.wait_for("[y/N]")
    terminal.type("n\n")
    done = terminal.end()
    assert done.code == 2, done
    assert "(est)" in done.err
    assert "nothing was done" in done.err


def test_ctrl_c_at_a_question_ends_it(tmp_path: Path) -> None:
    np.save(tmp_path / "wide.npy", np.zeros((6000, 1000), np.float16))
    terminal = OnTerminal("bench", "--vectors", tmp_path / "wide.npy", "--methods", "all", "--distance", "dot")
    terminal.wait_for("[y/N]")
    terminal.process.send_signal(2)
    done = terminal.end()
    assert done.code == 130
    assert done.err.splitlines()[-1] == "qtui: interrupted"


def test_estimates_grow_with_what_makes_builds_slow() -> None:
    from qtui.estimate import build_seconds

    assert build_seconds("product-x4", 20_000, 384, graph=False) == pytest.approx(190, rel=0.1)
    assert build_seconds("product-x16", 20_000, 384, graph=False) == pytest.approx(31, rel=0.2)
    assert build_seconds("scalar", 10**6, 384, graph=True) > build_seconds("scalar", 10**6, 384, graph=False)
    assert units.duration(build_seconds("none", 1, 1, graph=True)) == "0.0 s"


def test_the_sample_is_measured_without_anything_else() -> None:
    done = called("bench", "--vectors", "sample", "--methods", "none,turbo-1bit", "--oversampling", 3, "--queries", 30,
                  "--hnsw-m", 0, "--repeat", 1, "--json", "-")  # fmt: skip
    assert done.code == 0, done
    assert done.json["dataset"]["dimension"] == 384
    built = {each["method"]: each["built"] for each in done.json["collections"]}
    assert built["turbo-1bit"]["segments"] == built["turbo-1bit"]["of"] == 1
