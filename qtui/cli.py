"""The command line: takes the arguments apart, runs a command, prints errors and decides the exit code.

The only place that turns an outcome into an exit code. Imports next to nothing at the top, so that `--version` and
`--help` answer at once: a command's module is imported when it runs, and the screen only when it is opened.
"""

from __future__ import annotations

import sys

from qtui import __version__

TYPE_CHECKING = False  # type checkers take the name for true; importing it from typing would cost more than --version
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Sequence
    from typing import NoReturn

    from qtui.commands.console import Console
    from qtui.errors import Exit


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line with these arguments (the process's own by default) and returns its exit code."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    if arguments in (["--version"], ["-V"]):
        print(f"qtui {__version__}")
        return 0
    try:
        return int(_guarded(arguments))
    except KeyboardInterrupt:  # before anybody listens for it
        print("qtui: interrupted", file=sys.stderr)
        return 130


def _guarded(arguments: list[str]) -> Exit:
    """Runs, and prints the one line that each kind of end but success deserves."""
    from qtui.commands.console import Console, Ended
    from qtui.errors import Exit, QtuiError

    debug = "--debug" in arguments
    if not (debug or sys.warnoptions):
        import warnings

        warnings.simplefilter("ignore")  # stderr is for the user, to whom a library's warning says nothing
    console = Console(quiet="--quiet" in arguments)
    heard: list[Ended] = []

    def end(name: str) -> Ended:
        heard.append(Ended(name))
        return heard[-1]

    _listen(end)
    try:
        code, text = _run(arguments, console), None
    except BrokenPipeError:
        code, text = Exit.DONE, None
    except KeyboardInterrupt:
        code, text = Exit.INTERRUPTED, _parting("interrupted", console)
    except Ended as ended:
        code, text = ended.exit, _parting(str(ended), console)
    except QtuiError as error:
        code, text = error.exit, error.text
        _trace(debug=debug)
    except PermissionError as error:
        from qtui.errors import shown

        where = "" if error.filename is None else f" to use {shown(error.filename)}"
        code, text = Exit.ACCESS, f"not allowed{where}; check its permissions, or set QTUI_HOME elsewhere"
        _trace(debug=debug)
    except BaseException as error:  # noqa: BLE001 - a panic of the native engine is a BaseException too
        more = "" if debug else "; run it again with --debug to see where, and report it"
        code, text = Exit.BUG, f"a bug in qtui: {type(error).__name__}: {error}{more}"
        if heard:  # an extension module that was just being imported makes an error of its own of the signal
            code, text = heard[0].exit, _parting(str(heard[0]), console)
        _trace(debug=debug)
    _close(console, text)
    return code


def _run(arguments: list[str], console: Console) -> Exit:
    """Picks the command, runs it, and hands over all that it printed."""
    from qtui.commands import parse, runner
    from qtui.commands.console import HelpAsked
    from qtui.errors import Exit

    try:
        command, args = parse(arguments)
    except HelpAsked as asked:
        console.result(asked.text)
        code = Exit.DONE
    else:
        code = _app(args, console, demo=command) if command in (None, "demo") else runner(command)(args, console)
    console.flush()
    return code


def _app(args: Namespace, console: Console, *, demo: str | None) -> Exit:
    """Opens the screens: on a demo, or on the store or server that the options name."""
    from qtui.commands.options import app_target
    from qtui.config import state_file, store_dir
    from qtui.errors import Exit, UsageError
    from qtui.preferences import Memory
    from qtui.target import Target

    elsewhere = demo is not None and (args.url is not None or args.profile is not None)
    if elsewhere:
        raise UsageError("a demo is built in a store of this machine: leave out --url and --profile")
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        if demo is not None and args.documents:
            from qtui.commands import demo_text
            from qtui.commands.demo import chosen

            return demo_text.run(args, console, chosen(args))
        raise UsageError(
            "the app needs a terminal; without one, `qtui bench --vectors sample` measures the samples,"
            " and `qtui --help` lists what else works"
        )
    memory = Memory(state_file())
    where = Target(path=str(args.path or store_dir())) if demo is not None else app_target(args, memory)
    sample = None
    if demo is not None:
        from qtui.commands.demo import wanted

        sample = wanted(args)
    import gc

    gc.disable()  # nothing that is imported is garbage; the app collects again once its first panel is there
    from qtui.tui.app import run as run_app

    return Exit(run_app(where, memory, demo=sample, writes=args.allow_writes))


def _parting(reason: str, console: Console) -> str:
    """Why it ended, and what was kept."""
    return f"{reason}; {console.farewell}" if console.farewell else reason


def _close(console: Console, text: str | None) -> None:
    """Prints the last line on stderr, and leaves nothing to be flushed at exit where nobody reads any more."""
    import os
    from contextlib import suppress

    from qtui.errors import QtuiError

    _listen(None)
    with suppress(OSError):
        if text is not None:
            console.error(text)
    try:
        console.flush()
    except (OSError, QtuiError):
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _trace(*, debug: bool) -> None:
    """Prints the traceback that --debug asks for, with no key and nothing in it that a terminal would obey."""
    if debug and sys.stderr is not None:
        import traceback

        from qtui.errors import concealed
        from qtui.plain import plain_lines

        print(plain_lines(concealed(traceback.format_exc())), end="", file=sys.stderr)


def _listen(ended: Callable[[str], BaseException] | None) -> None:
    """Makes Ctrl-C, SIGTERM and a closed terminal unwind with clean-up; with None they are heard no more.

    The latter at the very end, when there is nothing left to interrupt: a second Ctrl-C would only leave a traceback.
    """
    import signal

    from qtui.commands.console import ENDING

    def stop(number: int, _frame: object) -> NoReturn:
        assert ended is not None
        raise ended(signal.Signals(number).name)

    if sys.platform == "win32":  # there KeyboardInterrupt is all there is, and asyncio knows how to take it
        return
    for name in ENDING:
        if signal.getsignal(getattr(signal, name)) is not signal.SIG_IGN:
            signal.signal(getattr(signal, name), signal.SIG_IGN if ended is None else stop)
