"""The rules of the house, checked by machine: lint, types, imports, start-up, sizes, and what the README promises."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
SOURCES = sorted((ROOT / "qtui").rglob("*.py"))
OURS = [*SOURCES, *(path for path in sorted((ROOT / "tests").rglob("*.py")) if ".models" not in path.parts)]
HEAVY = {"numpy", "qdrant_edge", "pyarrow", "h5py", "fastembed", "qdrant_client", "plotext", "PIL"}


def run(*command: object, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, timeout=280, check=False
    )


def assert_clean(*command: object) -> None:
    done = run(*command)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def test_lint() -> None:
    assert_clean(sys.executable, "-m", "ruff", "check", "--quiet", ".")


def test_format() -> None:
    assert_clean(sys.executable, "-m", "ruff", "format", "--check", "--quiet", ".")


def test_types() -> None:
    assert_clean(sys.executable, "-m", "mypy")


def test_imports_run_downward() -> None:
    assert_clean(BIN / "lint-imports")


def loaded(code: str) -> set[str]:
    """Top-level names of all modules that the code loads, in a fresh interpreter."""
    script = f"import sys\n{code}\nprint(*sorted({{m.partition('.')[0] for m in sys.modules}}), file=sys.stderr)"
    done = run(sys.executable, "-c", script)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


def test_version_loads_next_to_nothing() -> None:
    modules = loaded("from qtui.cli import main; main(['--version'])")
    assert not modules & {*HEAVY, "textual", "rich", "msgspec", "argparse", "asyncio", "dataclasses", "typing", "re"}


@pytest.mark.parametrize("command", ["", "bench", "load", "inspect", "runs", "doctor"])
def test_help_loads_little(command: str) -> None:
    modules = loaded(f"from qtui.cli import main; main({[*command.split(), '--help']!r})")
    assert "argparse" in modules
    assert not modules & {*HEAVY, "textual", "rich", "msgspec", "platformdirs", "shutil"}
    # options(args) of some commands are typed with async iterators, asyncio itself waits until one runs
    assert "asyncio" not in modules


def test_the_app_loads_no_engine_and_no_numbers() -> None:
    modules = loaded("import qtui.tui.app")
    assert "textual" in modules
    assert not modules & HEAVY


@pytest.mark.parametrize("command", ["", "demo"])
def test_the_first_frame_waits_for_little(command: str) -> None:
    """By what is loaded when the app is ready to run: what it shows, and nothing that is asked of the engine."""
    script = f"""
import sys
from qtui.commands import parse
from qtui.commands.demo import wanted
from qtui.commands.options import target
name, args = parse({command.split()!r})
where = target(args)
demo = wanted(args) if name else None
from qtui.tui.app import QtuiApp
QtuiApp(lambda tell: None, where=where.where, target=where, demo=demo)
print(*sorted(name for name in sys.modules if name.partition(".")[0] in ("qtui", "msgspec")), file=sys.stderr)
"""
    done = run(sys.executable, "-c", script)
    assert done.returncode == 0, done.stderr
    modules = set(done.stderr.split())
    assert "qtui.tui.app" in modules
    shared = {
        f"qtui.{name}" for name in ("model", "plan", "records", "events", "methods", "demos", "searching", "served")
    }
    assert not modules & {*shared, "msgspec", "qtui.tui.room", "qtui.host.client", "qtui.host.wire", "qtui.tui.panels"}


def test_nothing_but_the_command_line_opens_the_screen() -> None:
    importers = {
        path.relative_to(ROOT / "qtui").parts[0]
        for path in SOURCES
        if re.search(r"^\s*(from|import) qtui\.tui", path.read_text("utf-8"), re.MULTILINE)
    }
    assert importers <= {"tui", "cli.py"}


def test_only_the_command_line_exits() -> None:
    exits = re.compile(r"\b(sys\.exit|os\._exit|SystemExit)\b")
    found = {str(path.relative_to(ROOT)) for path in SOURCES if exits.search(path.read_text("utf-8"))}
    # a child process ends with its parent; the recipe is a script of its own
    allowed = {"qtui/cli.py", "qtui/__main__.py", "qtui/host/serve.py", "qtui/data/sample/recipe.py"}
    assert found <= allowed


def test_files_and_classes_stay_small() -> None:
    for path in OURS:
        text = path.read_text("utf-8")
        assert len(text.splitlines()) <= 420, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ClassDef):
                assert node.end_lineno is not None
                assert node.end_lineno - node.lineno <= 310, f"{path}: {node.name}"


def test_functions_stay_short() -> None:
    lengths = sorted(
        (node.end_lineno or 0) - node.lineno + 1
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    assert lengths[int(len(lengths) * 0.95)] <= 32


def test_most_of_it_knows_no_screen() -> None:
    def lines(paths: list[Path]) -> int:
        return sum(len(path.read_text("utf-8").splitlines()) for path in paths)

    screen = [path for path in SOURCES if "tui" in path.relative_to(ROOT / "qtui").parts]
    assert lines(screen) <= 0.45 * lines(SOURCES)


def test_every_module_says_what_it_owns() -> None:
    for path in SOURCES:
        assert ast.get_docstring(ast.parse(path.read_text("utf-8"))), path


def test_every_exception_to_a_rule_has_its_reason() -> None:
    exception = re.compile(r"#\s*(noqa|type: ignore)\S*(?P<rest>.*)$")
    for path in OURS:
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            found = exception.search(line)
            if found and "re.compile" not in line:
                assert re.search(r"\s[-#] ?.{8,}", found["rest"]), f"{path}:{number} has no reason"


def test_every_dependency_has_a_comment_and_an_upper_bound() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    project = tomllib.loads(text)["project"]
    lines = [line.strip() for line in text.splitlines()]
    for requirement in [*project["dependencies"], *project["optional-dependencies"]["test"]]:
        assert "<" in requirement, requirement
        block = lines[: lines.index(f'"{requirement}",')]
        while block[-1].startswith('"'):  # a comment may speak for several that belong together
            block.pop()
        assert block[-1].startswith("#"), requirement


def readme_commands() -> list[str]:
    readme = (ROOT / "README.md").read_text("utf-8")
    blocks = re.findall(r"^```(?:sh|console)\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line and not line.startswith("#")]


def test_continuous_integration_runs_the_test_command_of_the_readme() -> None:
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert "set -euo pipefail" in script
    tests = [line for line in readme_commands() if "pytest" in line]
    assert tests
    assert tests[0] in script.splitlines()


def test_commands_in_the_readme_parse() -> None:
    from qtui.commands import parse

    found = 0
    for line in readme_commands():
        for part in re.findall(r"(?:^|[ /])qtui ([^|&#\n]*)", line):
            if "--version" not in part:
                parse(part.replace("'", "").split())
                found += 1
    assert found > 5


def test_changelog_names_this_version() -> None:
    from qtui import __version__

    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text("utf-8")
