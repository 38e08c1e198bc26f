"""Commands on a server: what they read, what they refuse to write, and what never shows."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from qtui import config
from tests.cli.running import called
from tests.server.running import running
from tests.server.serving import QdrantServer

ROWS = 120
KEY = "hunter2-hunter2"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("server")
    np.save(folder / "v.npy", np.random.default_rng(5).normal(size=(ROWS, 8)).astype(np.float32))
    return folder


@pytest.fixture(scope="module")
def server(place: Path) -> Iterator[QdrantServer]:
    with running(place / "store") as found:
        made = called("load", "docs", "--vectors", place / "v.npy", "--methods", "none,scalar", *to(found, write=True))
        assert made.code == 0, made.err
        yield found


@pytest.fixture(autouse=True)
def as_it_was(server: QdrantServer) -> Iterator[None]:
    server.seen.clear()
    yield
    server.faults.keys.clear()


def to(server: QdrantServer, *, write: bool = False) -> tuple[str, ...]:
    return ("--url", server.address, *(("--allow-writes",) if write else ()))


def writes(server: QdrantServer) -> list[str]:
    return [f"{r.method} {r.path}" for r in server.seen if r.method in ("PUT", "PATCH", "DELETE")]


def test_inspect_shows_what_is_there(server):
    done = called("inspect", "--json", *to(server))
    assert [each["name"] for each in json.loads(done.out)] == ["docs", "docs__scalar"]
    assert [each["points"] for each in json.loads(done.out)] == [ROWS, ROWS]
    assert not writes(server)
    assert "docs__scalar" in called(*to(server), "inspect").out


def test_the_environment_names_it_as_well(server, monkeypatch):
    monkeypatch.setenv("QDRANT_URL", server.address)
    assert "docs__scalar" in called("inspect").out
    assert "docs__scalar" not in called("inspect", "--path", config.home() / "elsewhere").out


def test_a_profile_names_it_as_well(server):
    config.private_dir(config.home())
    config.config_file().write_text(f'[profiles.here]\nurl = "{server.address}"\n')
    assert "docs__scalar" in called("inspect", "--profile", "here").out


@pytest.mark.parametrize(
    "line",
    [
        "load more --vectors V",
        "load docs --vectors V",
        "delete docs --confirm docs",
        "reconfigure docs --method binary --confirm docs",
        "clean --confirm docs",
    ],
)
def test_what_would_write_ends_with_3_and_names_the_flag(server, place, line):
    done = called(*line.replace("V", str(place / "v.npy")).split(), *to(server))
    assert (done.code, done.out) == (3, "")
    assert "--allow-writes" in done.err
    assert len(done.err.splitlines()) == 1
    assert not writes(server)


def test_with_the_flag_it_loads_changes_and_deletes(server, place):
    end = to(server, write=True)
    assert called("load", "more", "--vectors", place / "v.npy", "--methods", "none", *end).code == 0
    done = called("reconfigure", "more", "--method", "scalar", "--confirm", "more", *end)
    assert done.code == 0, done.err
    assert "quantization scalar" in done.out
    assert called("delete", "more", "--confirm", "more", *end).code == 0
    assert "more" not in called("inspect", *end).out


def test_search_asks_it(server):
    done = called("search", "docs", "docs__scalar", "--id", 3, "--limit", 2, "--json", *to(server))
    assert done.code == 0, done.err
    assert all(variant["engine_ms"] is not None for variant in json.loads(done.out)["variants"])
    assert not writes(server)


def test_a_key_comes_from_its_variable_and_shows_nowhere(server, monkeypatch):
    server.faults.keys[KEY] = "r"
    refused = called("inspect", *to(server))
    assert refused.code == 3
    monkeypatch.setenv("MINE", KEY)
    done = called("inspect", "--json", "--api-key-env", "MINE", *to(server))
    assert done.code == 0, done.err
    monkeypatch.setenv("MINE", "wrong-hunter3")
    wrong = called("inspect", "--debug", "--api-key-env", "MINE", *to(server))
    assert wrong.code == 3
    assert KEY not in done.out + done.err + refused.err
    assert "hunter3" not in wrong.out + wrong.err


def test_a_key_that_only_reads_may_not_write_whatever_is_allowed(server, monkeypatch):
    server.faults.keys[KEY] = "r"
    monkeypatch.setenv("MINE", KEY)
    done = called("delete", "docs", "--confirm", "docs", "--api-key-env", "MINE", *to(server, write=True))
    assert done.code == 3, done.err
    assert "docs" in called("inspect", "--api-key-env", "MINE", *to(server)).out


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--url", "http://127.0.0.1:9"), 3, "can't reach http://127.0.0.1:9"),
        (("--url", "ftp://x"), 2, "an address begins with http://"),
        (("--url", "http://me:hunter2@x"), 2, "--api-key-env VAR"),
        (("--url", "x", "--path", "y"), 2, "name two places"),
        (("--url", "x", "--api-key-env", "hunter2-"), 2, "by the name of a variable"),
        (("--url", "x", "--api-key-env", "NOT_SET"), 3, "NOT_SET is not set"),
        (("--profile", "x"), 2, "no profile is called 'x'"),
        (("--grpc",), 2, "is about a server"),
    ],
)
def test_what_is_wrong_costs_a_line(options, code, said):
    done = called("inspect", *options)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert "hunter2" not in done.err
    assert len(done.err.splitlines()) == 1


def test_doctor_looks_at_it_too(server):
    done = called("doctor", "--json", *to(server))
    assert done.code == 0, done.err
    found = json.loads(done.out)["server"]
    assert (found["answers"], found["version"], found["may be written to"]) == (True, "1.20.0", False)
    gone = called("doctor", "--url", "http://127.0.0.1:9")
    assert gone.code == 3
    assert "the server doesn't answer as it should: can't reach" in gone.err


def test_a_demo_is_no_matter_of_servers():
    done = called("demo", "--url", "x")
    assert done.code == 2
    assert "terminal" in done.err or "leave out --url" in done.err
