"""How a command line ends: every outcome has its exit code and at most one line on stderr."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from qtui import commands
from qtui.cli import main
from qtui.commands import waiting
from qtui.commands.console import Console, Ended
from qtui.errors import (
    AccessError,
    DataError,
    DiskFull,
    EngineGone,
    NewerFormat,
    NotFound,
    StoreInUse,
    UsageError,
    conceal,
)
from tests.cli.running import COMMAND, OnTerminal, qtui, refused


class Panic(BaseException):
    """As the native engine raises them."""


@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [
        (UsageError("no"), 2, "qtui: no\n"),
        (NotFound("not\nthere"), 2, "qtui: not there\n"),
        (AccessError("no"), 3, "qtui: no\n"),
        (StoreInUse("no"), 3, "qtui: no\n"),
        (EngineGone("no"), 3, "qtui: no\n"),
        (DataError("no"), 4, "qtui: no\n"),
        (NewerFormat("no"), 4, "qtui: no\n"),
        (DiskFull("no"), 4, "qtui: no\n"),
        (Ended("SIGINT"), 130, "qtui: interrupted\n"),
        (KeyboardInterrupt(), 130, "qtui: interrupted\n"),
        (Ended("SIGTERM"), 143, "qtui: ended by SIGTERM\n"),
        (BrokenPipeError(), 0, ""),
        (
            ZeroDivisionError("by\nzero"),
            70,
            "qtui: a bug in qtui: ZeroDivisionError: by zero; run it again with --debug",
        ),
        (Panic("called `unwrap`"), 70, "qtui: a bug in qtui: Panic: called `unwrap`; run it again with --debug"),
    ],
)
def test_exit_codes(
    raised: BaseException,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object) -> None:
        raise raised

    monkeypatch.setattr(commands, "runner", lambda _: fail)
    assert main(["doctor"]) == code
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith(said)
    assert err.count("\n") == (1 if said else 0)


def test_debug_shows_the_traceback(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    def fail(*_: object) -> None:
        conceal("hunter4")
        raise DataError("wrong shape") from ValueError("hunter4 \x1b[31m")

    monkeypatch.setattr(commands, "runner", lambda _: fail)
    assert main(["doctor", "--debug"]) == 4
    err = capfd.readouterr().err
    assert "Traceback" in err
    assert "ValueError: (key) \N{REPLACEMENT CHARACTER}[31m" in err
    assert err.endswith("qtui: wrong shape\n")


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_cancels_what_runs_and_lets_it_clean_up(name: str) -> None:
    import asyncio

    cleaned = []

    async def work() -> None:
        try:
            os.kill(os.getpid(), getattr(signal, name))
            await asyncio.Event().wait()
        finally:
            cleaned.append(name)

    with pytest.raises(Ended) as caught:
        waiting.run(work())
    assert cleaned == [name]
    assert caught.value.exit == (130 if name == "SIGINT" else 143)


def test_version_and_help_go_to_stdout() -> None:
    from qtui import __version__

    assert qtui("--version").out == f"qtui {__version__}\n"
    done = qtui("bench", "--help")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("usage: qtui bench")


def test_usage_errors_are_one_line_and_2() -> None:
    refused(2, "benhc", saying="did you mean bench?", run=qtui)
    refused(2, "bench", "--vectors", "sample", "--limt", 5, saying="did you mean --limit?", run=qtui)
    refused(2, "bench", "--vectors", "sample", "--methods", "bianry", saying="did you mean binary?", run=qtui)


def test_without_a_terminal_there_is_no_app() -> None:
    refused(2, saying="needs a terminal", run=qtui)
    refused(2, "demo", saying="qtui bench --vectors sample", run=qtui)


def test_a_reader_that_goes_away_is_no_error() -> None:
    process = subprocess.Popen([*COMMAND, "bench", "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_under_stdout_is_said() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, "bench", "--help"], stdout=full, stderr=subprocess.PIPE, check=False, timeout=60
        )
    assert done.returncode == 4
    assert done.stderr.startswith(b"qtui: can't write the result to stdout")
    assert done.stderr.count(b"\n") == 1


def test_closed_streams_do_no_harm() -> None:
    command = " ".join([*COMMAND, "runs"])
    assert subprocess.run(f"{command} >&-", shell=True, check=False, timeout=60).returncode == 0
    assert subprocess.run(f"{command} <&- >/dev/null 2>&-", shell=True, check=False, timeout=60).returncode == 0


def test_an_ascii_locale_still_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    console = Console()
    console.result("docs · rescore ×2  ▲1 ▼1 ✓ é ‹●› ┤⠓█")
    console.flush()
    assert stream.buffer.getvalue() == b"docs - rescore x2  ^1 v1 + ? <*> +.#\n"


def test_control_characters_never_reach_the_terminal() -> None:
    terminal = OnTerminal("inspect", "\x1b]0;owned\x07")
    done = terminal.end()
    assert done.code == 2
    assert "\x1b" not in done.err
    assert "\x07" not in done.err


@pytest.mark.parametrize("command", [("runs", "list"), ("inspect",), ("clean",)])
def test_what_may_not_be_read_is_no_bug(command: tuple[str, ...], home: Path, monkeypatch) -> None:
    def refuse(path: object, *_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("os.listdir", refuse)
    monkeypatch.setattr("os.scandir", refuse)
    (home / "tmp").mkdir(parents=True)
    (home / "runs").mkdir()
    (home / "store").mkdir()
    assert "check " in refused(3, *command)


def test_ctrl_c_before_anybody_listens(monkeypatch) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("qtui.cli._guarded", interrupted)
    assert refused(130, "runs") == "qtui: interrupted\n"


def test_a_signal_that_an_import_made_an_error_of_its_own_is_still_the_signal(monkeypatch, capsys):
    def importing(*_: object) -> int:
        try:
            signal.raise_signal(signal.SIGINT)
        except BaseException as error:
            raise ImportError("the C extension gave up") from error
        raise AssertionError("nobody heard the signal")

    monkeypatch.setattr("qtui.cli._run", importing)
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    try:
        assert main(["doctor"]) == 130
    finally:
        for number, handler in zip((signal.SIGINT, signal.SIGTERM, signal.SIGHUP), before, strict=True):
            signal.signal(number, handler)
    assert capsys.readouterr().err == "qtui: interrupted\n"
