"""A bug of ours ends the app in one line, without a traceback that shows the user's data."""

import pytest

from qtui.cli import main
from qtui.errors import Exit
from qtui.tui import app as tui
from tests.tui.driving import make


async def test_a_bug_is_remembered_and_ends_the_app(monkeypatch):
    def broken(_: object) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr(tui.QtuiApp, "action_help", broken)
    app, _ = make()
    with pytest.raises(RuntimeError, match="planted"):
        async with app.run_test() as pilot:
            await pilot.press("question_mark")
    assert isinstance(app.bug, RuntimeError)
    assert app._exit_renderables == []


def test_a_bug_is_one_line_and_an_exit_code_of_its_own(monkeypatch, capsys):
    def broken(*_: object, **__: object) -> int:
        raise RuntimeError("planted")

    monkeypatch.setattr(tui, "run", broken)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    assert main(["demo"]) == Exit.BUG
    told = capsys.readouterr()
    assert told.err.count("\n") == 1
    assert "planted" in told.err
    assert "Traceback" not in told.out + told.err


async def test_parts_that_a_panel_misses_while_the_app_leaves_are_no_bug():
    app, _ = make()

    def half_built() -> None:
        app.exit(return_code=129)
        app.query_one("#not-yet-there")

    async with app.run_test():
        app.call_later(half_built)
    assert app.bug is None
    assert app.return_code == 129
