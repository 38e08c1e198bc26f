"""`load`, `inspect`, `reconfigure`, `delete` and `clean` from the outside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qtui.methods import DEFAULT_METHODS
from qtui.model import COMPONENTS
from tests.cli.files import copy_sparse, save, save_payload
from tests.cli.running import OnTerminal, called, qtui, refused


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return save(tmp_path / "vectors.npy")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `vectors.npy` and, loaded from it, a store with `docs` and `docs__binary`."""
    folder = tmp_path_factory.mktemp("loaded")
    source = save(folder / "vectors.npy")
    done = called("load", "docs", "--vectors", source, "--methods", "none,binary", "--path", folder / "store")
    assert done.code == 0, done
    return folder


@pytest.fixture
def docs(loaded: Path, home: Path) -> Path:
    """The vectors of `docs` and `docs__binary`, which are in the store."""
    copy_sparse(loaded / "store", home / "store")
    return loaded / "vectors.npy"


def test_load_makes_one_collection_a_method(source: Path) -> None:
    done = called("load", "docs", "--vectors", source)
    assert done.code == 0, done
    expected = ["docs", *(f"docs__{method}" for method in DEFAULT_METHODS if method != "none")]
    assert [line.split()[0] for line in done.out.splitlines()] == expected
    listed = called("inspect", "--json").json
    assert sorted(each["name"] for each in listed) == sorted(expected)
    assert all(each["points"] == 400 and each["status"] == "green" for each in listed)
    assert all(each["built"]["segments"] == each["built"]["of"] for each in listed if each["method"] != "none")


def test_load_again_changes_nothing(docs: Path) -> None:
    before = called("inspect", "--json").json
    again = called("load", "docs", "--vectors", docs, "--methods", "none,binary")
    assert again.code == 0, again
    after = called("inspect", "--json").json
    assert [each["points"] for each in after] == [each["points"] for each in before]


def test_load_of_another_source_under_the_same_name_is_refused(docs: Path, tmp_path: Path) -> None:
    other = save(tmp_path / "other.npy", seed=5)
    refused(2, "load", "docs", "--vectors", other, "--methods", "none", saying="docs")


def test_load_settings_are_the_collections(source: Path, tmp_path: Path) -> None:
    payload = save_payload(tmp_path / "payload.jsonl")
    done = called(
        "load", "x", "--vectors", source, "--payload", payload, "--methods", "scalar", "--distance", "dot", "--in-ram",
        "--vector-name", "text", "--hnsw-m", 8, "--ef-construct", 40, "--indexing-threshold", 0,
    )  # fmt: skip
    assert done.code == 0, done
    (found,) = called("inspect", "x__scalar", "--json").json
    (vector,) = found["vectors"]
    assert (vector["name"], vector["distance"], vector["originals"]) == ("text", "dot", "cached")
    asked = found["settings"]["asked"]
    assert asked["indexing_threshold_kb"] == 0
    assert (asked["vectors"][0]["hnsw"]["m"], asked["vectors"][0]["hnsw"]["ef_construct"]) == (8, 40)
    assert found["built"]["segments"] == 0
    assert found["findings"], "what is configured and not built is a finding"
    assert all(set(finding) >= {"code", "text", "remedy"} for finding in found["findings"])
    story = called("inspect", "x__scalar").out
    assert "not built" in story
    assert found["findings"][0]["code"] in story


def test_inspect_lists_in_80_columns(docs: Path) -> None:
    done = qtui("inspect")
    assert done.code == 0, done
    assert max(map(len, done.out.splitlines())) <= 80
    assert "1/1 ✓" in done.out
    long = "collection-with-a-name-that-is-much-longer-than-any-column-could-be"
    assert called("load", long, "--vectors", docs, "--methods", "none").code == 0
    assert max(map(len, called("inspect").out.splitlines())) <= 80


def test_inspect_of_one_tells_the_whole_story(docs: Path) -> None:
    done = called("inspect", "docs__binary")
    assert done.code == 0, done
    assert max(map(len, done.out.splitlines())) <= 80
    for word in ("configured", "built", "effective", "heap", "page cache", "on disk", "binary", "measured", "formula"):
        assert word in done.out


def test_inspect_as_json_has_the_fields_of_the_contract(docs: Path) -> None:
    (found,) = called("inspect", "docs__binary", "--json").json
    assert set(found) >= {
        "name", "method", "points", "segments", "built", "bytes_per_vector", "compression", "memory", "load_seconds",
        "index_seconds", "vectors", "settings", "findings",
    }  # fmt: skip
    assert found["bytes_per_vector"] == {"original": 128, "quantized": 16}
    assert found["compression"] == {"measured": 8.0, "theoretical": 8.0}
    assert set(found["memory"]) == set(COMPONENTS)
    assert all(set(part) == {"heap", "cached", "disk"} for part in found["memory"].values())
    assert set(found["settings"]) == {"asked", "effective"}
    (plain,) = called("inspect", "docs", "--json").json
    assert plain["method"] == "none"
    assert plain["bytes_per_vector"]["quantized"] is None
    assert plain["compression"] == {"measured": 1.0, "theoretical": 1.0}


def test_an_empty_store_says_how_to_fill_it() -> None:
    done = called("inspect")
    assert done.code == 0
    assert "qtui load" in done.out
    assert called("inspect", "--json").json == []


def test_names_of_any_kind_stay_text(source: Path) -> None:
    name = "ünï códe [bold]x[-]"
    assert called("load", name, "--vectors", source, "--methods", "none").code == 0
    assert called("inspect", "--json").json[0]["name"] == name
    assert name in called("inspect", name).out
    assert called("delete", name, "--confirm", name).code == 0


def test_the_store_of_path_is_another_one(docs: Path, tmp_path: Path) -> None:
    assert called("--path", tmp_path / "elsewhere", "inspect", "--json").json == []
    assert called("load", "x", "--vectors", docs, "--methods", "none", "--path", tmp_path / "elsewhere").code == 0
    assert [each["name"] for each in called("inspect", "--json", "--path", tmp_path / "elsewhere").json] == ["x"]


def test_delete_wants_the_name_again(docs: Path) -> None:
    refused(2, "delete", "docs", saying="--confirm docs")
    refused(2, "delete", "docs", "--confirm", "dogs", saying="'dogs' is not 'docs'")
    refused(2, "delete", "nothing", "--confirm", "nothing", saying="'nothing'")
    assert len(called("inspect", "--json").json) == 2
    done = qtui("delete", "docs", "--confirm", "docs")
    assert (done.code, done.out) == (0, "deleted docs\n")
    assert [each["name"] for each in called("inspect", "--json").json] == ["docs__binary"]


@pytest.mark.parametrize(("typed", "code", "left"), [("docs", 0, 1), ("no", 2, 2), ("", 2, 2)])
def test_delete_asks_on_a_terminal(docs: Path, typed: str, code: int, left: int) -> None:
    terminal = OnTerminal("delete", "docs")
    terminal.wait_for("Type its name to go on:")
    terminal.type(f"{typed}\n")
    done = terminal.end()
    assert done.code == code, done
    assert len(called("inspect", "--json").json) == left


def test_reconfigure_changes_quantization_in_place(docs: Path) -> None:
    refused(2, "reconfigure", "docs", "--method", "scalar", saying="--confirm docs")
    refused(2, "reconfigure", "docs", "--confirm", "docs", saying="nothing to change")
    refused(2, "reconfigure", "docs", "--method", "none,scalar", "--confirm", "docs", saying="one method")
    refused(2, "reconfigure", "docs", "--quantile", 0.9, "--confirm", "docs", saying="no quantization")
    refused(2, "reconfigure", "docs__binary", "--quantile", 0.9, "--confirm", "docs__binary", saying="for scalar")
    refused(2, "reconfigure", "docs", "--vector-name", "x", "--hnsw-m", 4, "--confirm", "docs", saying="no vector 'x'")
    done = called("reconfigure", "docs", "--method", "scalar", "--quantile", 0.95, "--hnsw-m", 8, "--confirm", "docs")
    assert done.code == 0, done
    (found,) = called("inspect", "docs", "--json").json
    vector = found["settings"]["asked"]["vectors"][0]
    assert (vector["quantization"]["method"], vector["quantization"]["quantile"]) == ("scalar", 0.95)
    assert vector["hnsw"]["m"] == 8
    assert (found["built"]["segments"], found["points"]) == (1, 400)
    done = called("reconfigure", "docs", "--method", "none", "--confirm", "docs")
    assert done.code == 0, done
    assert called("inspect", "docs", "--json").json[0]["method"] == "none"


def test_clean_of_a_clean_home_says_so() -> None:
    done = called("clean")
    assert (done.code, done.out) == (0, "nothing is left over\n")


def test_clean_leaves_what_is_finished(docs: Path) -> None:
    refused(2, "clean", "--confirm", "docs", saying="no unfinished collection")
    assert called("clean").code == 0
    assert len(called("inspect", "--json").json) == 2


def test_clean_lists_and_removes_what_was_abandoned(home: Path) -> None:
    left = home / "tmp" / "20000101T000000-dead"
    (left / "store").mkdir(parents=True)
    (left / "owner.json").write_text(json.dumps({"pid": 2**22 + 1, "started": None}))
    assert str(left) in called("clean", "--dry-run").out
    assert left.is_dir()
    assert f"removed {left}" in called("clean").out
    assert not left.exists()


def test_doctor_checks_everything(home: Path) -> None:
    done = called("doctor", "--json")
    assert done.code == 0, done
    found = done.json
    assert found["problems"] == []
    assert found["engine"]["works"]
    assert found["engine"]["quantized data built"]
    assert found["versions"]["qdrant-edge-py"].startswith("0.9")
    assert found["folders"]["store"]["path"] == str(home / "store")
    assert found["terminal"]["terminal"] is False
    text = called("doctor").out
    assert "nothing is in the way" in text
    assert all(len(line) <= 80 or str(home) in line for line in text.splitlines())
