"""The subcommands: one module each, with `declare(parser)` and `run(args, console) -> Exit`.

This module knows their names and takes the arguments apart; it imports a command's module only when that command
was named.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from qtui.commands.parser import GLOBAL_DEFAULTS, Parser, add_globals, command_parser, nearest, root_parser
from qtui.errors import Exit, UsageError, shown

if TYPE_CHECKING:
    from qtui.commands.console import Console

SUMMARIES = {
    "demo": "the app on sample texts that ship with it, offline",
    "inspect": "collections, their quantization and what is wrong with it",
    "load": "load vectors into collections, one per quantization method",
    "models": "list and download the models that embed images and texts",
    "search": "ask one query in several ways, side by side",
    "bench": "measure methods and search settings against exact truth",
    "tune": "search for the cheapest setting that keeps a target recall",
    "runs": "list, show, compare, export and import runs",
    "delete": "remove a collection",
    "reconfigure": "change a collection's quantization or index in place",
    "clean": "remove what killed builds and benchmarks left behind",
    "doctor": "check versions, engine, folders and terminal",
}


def parse(arguments: Sequence[str]) -> tuple[str | None, Namespace]:
    """The command's name (None: the app) and its options. Raises UsageError, or HelpAsked with the text."""
    before, command, after = _split(arguments)
    args = Namespace(**GLOBAL_DEFAULTS)
    root_parser(SUMMARIES).parse(before, args)
    if command is None:
        return None, args
    if command not in SUMMARIES:
        close = nearest(command, SUMMARIES)
        raise UsageError(
            f"unknown command {shown(command)}; " + (f"did you mean {close}?" if close else "see qtui --help")
        )
    parser = command_parser(command)
    import_module(f"qtui.commands.{command}").declare(parser)
    add_globals(parser)
    parser.parse(after, args)
    return command, args


def runner(command: str) -> Callable[[Namespace, Console], Exit]:
    """The function that runs a command."""
    run: Callable[[Namespace, Console], Exit] = import_module(f"qtui.commands.{command}").run
    return run


def _split(arguments: Sequence[str]) -> tuple[list[str], str | None, list[str]]:
    """Arguments before the command, the command, and those after it."""
    index = 0
    while index < len(arguments) and arguments[index].startswith("-") and arguments[index] != "--":
        index += 2 if arguments[index] in Parser.GLOBALS_WITH_VALUE else 1
    if index >= len(arguments):
        return list(arguments), None, []
    if arguments[index] == "--":
        raise UsageError("a command must come before '--'; see qtui --help")
    return list(arguments[:index]), arguments[index], list(arguments[index + 1 :])
