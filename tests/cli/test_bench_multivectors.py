"""`qtui bench` on multivectors from end to end: its recall is that of a MaxSim of our own, its bytes are per token."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qtui import config
from tests.cli.running import Done
from tests.cli.running import called as qtui

SIZE, DOCUMENTS, QUERIES, LIMIT = 128, 120, 26, 5


def unit(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def corpus() -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Documents of tokens round a few topics, as texts have them, and queries of some of their tokens, shaken."""
    chance = np.random.default_rng(5)
    topics = chance.standard_normal((16, SIZE))
    documents = []
    for _ in range(DOCUMENTS):
        tokens = int(chance.integers(10, 30))
        own = topics[chance.integers(0, 16, 3)]
        documents.append(unit(own[chance.integers(0, 3, tokens)] + 0.9 * chance.standard_normal((tokens, SIZE))))
    queries = []
    for _ in range(QUERIES):
        of = documents[int(chance.integers(0, DOCUMENTS))]
        queries.append(unit(of[chance.integers(0, len(of), 6)] + 0.06 * chance.standard_normal((6, SIZE))))
    return documents, queries


def save(path: Path, rows: list[np.ndarray]) -> Path:
    np.savez(path, vectors=np.concatenate(rows), offsets=np.cumsum([0, *map(len, rows)]))
    return path


def maxsim(query: np.ndarray, document: np.ndarray) -> float:
    """As it is defined, token by token."""
    return float(sum(max(float(np.dot(q, d)) for d in document.astype(np.float64)) for q in query.astype(np.float64)))


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Done, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("multivectors")
    documents, queries = corpus()
    done = qtui(
        "bench", "--vectors", save(folder / "d.npz", documents), "--queries", save(folder / "q.npz", queries),
        "--distance", "dot", "--methods", "none,scalar,binary", "--oversampling", "1,3", "--limit", LIMIT,
        "--repeat", 1, "--ignore", "--json", folder / "run.json", "--quiet",
    )  # fmt: skip
    assert done.code == 0, done
    record = json.loads((folder / "run.json").read_text())
    lines = (
        (folder / record["samples"]) if (folder / record["samples"]).exists() else config.runs_dir() / record["samples"]
    )
    record["lines"] = [json.loads(line) for line in lines.read_text().splitlines()]
    return done, record


def test_recall_is_that_of_maxsim(ran: tuple[Done, dict[str, Any]]) -> None:
    record = ran[1]
    documents, queries = corpus()
    truth = []
    for query in queries:
        scores = [-maxsim(query, document) for document in documents]
        truth.append(set(np.argsort(scores, kind="stable")[:LIMIT].tolist()))
    answers: dict[tuple[int, int], list[int]] = {}
    for line in record["lines"]:
        if "measurement" in line and line.get("ids"):
            answers[line["measurement"], line["query"]] = line["ids"]
    means = {}
    for index, measured in enumerate(record["measurements"]):
        shares = [len(truth[query] & set(answers[index, query])) / LIMIT for query in range(QUERIES)]
        assert measured["recall"]["mean"] == pytest.approx(np.mean(shares), abs=1e-12)
        search = measured["search"]
        means[measured["method"], search["rescore"], search["oversampling"], search["exact"]] = np.mean(shares)
    assert means["none", None, None, False] == means["binary", None, None, True] == 1, "a full scan loses nothing"
    assert means["binary", False, None, False] < means["binary", True, 3, False], "rescoring brings something back"


def test_bytes_are_per_token_and_the_scan_is_said(ran: tuple[Done, dict[str, Any]]) -> None:
    done, record = ran
    assert record["dataset"]["multivector"]
    assert record["dataset"]["points"] == DOCUMENTS
    size = {each["method"]: each["bytes_per_vector"] for each in record["collections"]}
    assert size == {
        "none": {"original": 512, "quantized": None},
        "scalar": {"original": 512, "quantized": 132},
        "binary": {"original": 512, "quantized": 16},
    }
    tokens = sum(map(len, corpus()[0]))
    quantized = {each["method"]: each["memory"]["quantized"]["heap"] for each in record["collections"]}
    assert quantized["binary"] >= 16 * tokens
    assert quantized["scalar"] >= 132 * tokens
    assert "exact MaxSim" in " ".join(done.out.split())
