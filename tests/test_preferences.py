"""The configuration file and the remembered state: read as they are, and ignored where they are damaged."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from qtui.preferences import LARGEST, Memory, Preferences, read_preferences


def read(tmp_path: Path, text: str | bytes) -> Preferences:
    path = tmp_path / "config.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_preferences(path)


def test_no_file_means_defaults(tmp_path: Path) -> None:
    assert read_preferences(tmp_path / "config.toml") == Preferences()


def test_theme_and_keys_are_read(tmp_path: Path) -> None:
    found = read(tmp_path, 'theme = "nord"\n[keys]\n"collections.sort" = "o, ctrl+o"\n')
    assert found == Preferences("nord", {"collections.sort": "o,ctrl+o"})


BROKEN = {
    "no TOML": "theme = ",
    "no text": b"\xff\xfe\x00",
    "another key": "colour = 1",
    "a theme of another type": "theme = 3",
    "keys that are no table": "keys = []",
    "a key that is no text": "[keys]\na = 1",
    "an empty key": '[keys]\na = "x,,y"',
    "too large": b"#" * (LARGEST + 1),
    "nested without end": "a = " + "[" * 20_000,
    "an escape in a name": '"\\u001b[2J\\u202e" = 1',
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_broken_file_is_ignored_with_one_line_that_says_so(tmp_path: Path, text: str | bytes) -> None:
    found = read(tmp_path, text)
    assert found.theme is None
    assert not found.keys
    (problem,) = found.problems
    assert problem.startswith("config.toml")
    assert " is ignored: " in problem
    assert problem.isprintable()


def test_one_wrong_entry_costs_no_other_and_each_is_named(tmp_path: Path) -> None:
    found = read(tmp_path, 'theme = "nord"\nfoo = 1\nbar = 2\n[keys]\n"collections.sort" = "o"\na = 1\n"[red]" = ""\n')
    assert (found.theme, found.keys) == ("nord", {"collections.sort": "o"})
    assert [problem.partition(" is ignored")[0] for problem in found.problems] == [
        f"config.toml: {each}" for each in ("'foo'", "'bar'", "'a'", "'[red]'")
    ]


def test_folder_in_its_place_is_said(tmp_path: Path) -> None:
    (tmp_path / "config.toml").mkdir()
    assert "directory" in read_preferences(tmp_path / "config.toml").problems[0]


def test_memory_is_kept_in_a_file_of_the_users_own(tmp_path: Path) -> None:
    path = tmp_path / "home" / "state.json"
    memory = Memory(path)
    memory.keep("tab", "runs")
    assert memory.changed
    assert not path.exists()
    memory.save()
    assert Memory(path).get("tab", str) == "runs"
    assert Memory(path).get("tab", int) is None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["state.json"]


@pytest.mark.parametrize("text", ["", "{", "[1]", '"x"', "nul", "{" * 5_000, '{"tab": ', "\x00", "[" * 100_000])
def test_damaged_memory_counts_as_none_and_is_replaced(tmp_path: Path, text: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(text)
    memory = Memory(path)
    assert memory.get("tab", str) is None
    memory.keep("tab", "search")
    memory.save()
    assert json.loads(path.read_text()) == {"tab": "search"}


def test_place_that_can_not_be_written_costs_the_memory_alone(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    memory = Memory(tmp_path / "home" / "state.json")
    memory.keep("tab", "search")
    memory.save()
    assert memory.get("tab", str) == "search"


def test_without_a_file_it_lasts_as_long_as_the_app() -> None:
    memory = Memory()
    memory.keep("tab", "search")
    memory.save()
    assert memory.get("tab", str) == "search"
