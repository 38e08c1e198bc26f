"""Errors of the core in the app's words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import qtui
from qtui.errors import UsageError
from qtui.tui.words import CONTROLS, in_app_words, worded

CORE = Path(qtui.__file__).parent
ELSEWHERE = (
    "tui", "commands", "cli.py",  # the heads
    "bench/deliverable", "bench/typed.py", "limits.py",  # files and commands that are read, or run, outside of the app
    "data/sample", "data/sample_documents",  # made once, by hand
    "plan.py", "wishes.py", "profiles.py",  # checks of options: the forms have words of their own for them
    "loads.py", "checks.py",
    "bench/cap.py",  # a command of the system
)  # fmt: skip
COMMAND = re.compile(r"--[a-z][a-z-]+|[`']qtui [a-z]+|`[a-z]+ --")


def _said() -> Iterator[tuple[str, str]]:
    """What the core says to users with an option or a command in it: where, and the text."""
    for path in sorted(CORE.rglob("*.py")):
        where = path.relative_to(CORE).as_posix()
        if where.startswith(ELSEWHERE):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        described = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        described |= {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                text = "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in described:
                text = node.value
            else:
                continue
            if COMMAND.search(text):
                yield f"{where}:{node.lineno}", text


def test_no_option_and_no_command_is_told_in_the_app() -> None:
    said = dict(_said())
    assert len(said) > 30, "the core says less than it did: is it looked for in the right place?"
    left = {where: in_app_words(text) for where, text in said.items()}
    assert not {where: text for where, text in left.items() if COMMAND.search(text)}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("give it more with --timeout", 'give it more with "time-out"'),
        ("ask for fewer with --queries N, or give a file", 'ask for fewer with "queries", or give a file'),
        ("--hnsw-ef takes values", '"hnsw_ef" takes values'),
        ("no collection '--limit'", "no collection '--limit'"),
        ("--limitless and x--limit", "--limitless and x--limit"),
        ("no model 'x' (files of your own: --model-path); 'qtui models' lists them",
         "no model 'x' (files of your own: \"model\"); the list of models shows them"),
        ("is not here: 'qtui models --download a/b' gets it, or give another",
         "is not here: the list of models gets it, or give another"),
    ],
)  # fmt: skip
def test_options_become_labels_and_names_stay(text: str, words: str) -> None:
    assert in_app_words(text) == words
    assert worded(UsageError(text)) == words


def test_every_label_is_said_somewhere() -> None:
    labels = "\n".join(
        path.read_text(encoding="utf-8") for path in (CORE / "tui").rglob("*.py") if path.stem != "words"
    )
    assert not [label for label in CONTROLS.values() if label not in labels]
