"""argparse as this command line wants it: errors as UsageError, a suggestion for what is nearly right, 80 columns.

Standard library only, and of that the little that starts fast: argparse costs 10 ms, click would cost 85.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, NoReturn

from qtui import __version__
from qtui.commands.console import HelpAsked
from qtui.errors import UsageError, shown

LONGEST_S = 3600.0
GLOBAL_DEFAULTS: dict[str, Any] = {
    "path": None,
    "url": None,
    "profile": None,
    "api_key_env": None,
    "grpc": False,
    "grpc_port": None,
    "ca": None,
    "allow_writes": False,
    "timeout": None,
    "quiet": False,
    "debug": False,
}


class _Format(argparse.RawDescriptionHelpFormatter):
    """Help of 80 columns whatever the terminal, without the import that asks for its width."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=80, max_help_position=25)


class _Help(argparse.Action):
    """Hands the help text to whoever prints it."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object, **__: object) -> NoReturn:
        raise HelpAsked(parser.format_help().rstrip("\n"))


class _Version(argparse.Action):
    """Hands the version to whoever prints it."""

    def __call__(self, *_: object, **__: object) -> NoReturn:
        raise HelpAsked(f"qtui {__version__}")


class Parser(argparse.ArgumentParser):
    """A parser that raises and never exits."""

    GLOBALS_WITH_VALUE: ClassVar[frozenset[str]] = frozenset(
        {"--path", "--url", "--profile", "--api-key-env", "--grpc-port", "--ca", "--timeout"}
    )

    def __init__(self, prog: str) -> None:
        super().__init__(prog=prog, formatter_class=_Format, add_help=False, allow_abbrev=False)

    def describe(self, text: str, *, usage: str, examples: Iterable[str]) -> None:
        """Sets what --help says: a description, the usage lines, and examples."""
        self.description = text
        self.usage = usage
        self.epilog = "examples:\n" + "\n".join(f"  {example}" for example in examples)

    def parse(self, arguments: Sequence[str], namespace: argparse.Namespace) -> None:
        """Parses into the namespace. Raises UsageError or HelpAsked."""
        if not {"-h", "--help"} & set(arguments):
            self._check_names(arguments)
        _, extra = self.parse_known_intermixed_args(list(arguments), namespace)
        if extra:
            what = "unknown option" if extra[0].startswith("-") else "one word too many:"
            raise UsageError(f"{what} {shown(extra[0])}; see {self.prog} --help")

    def error(self, message: str) -> NoReturn:
        """What argparse complains of, in our words."""
        text = re.sub(r"^argument (\S+/)*(\S+): ", r"\2 ", message)
        text = text.replace("expected one argument", "needs a value")
        missing = re.fullmatch(r"the following arguments are required: (.*)", text)
        if missing:
            text = f"{missing[1]} is missing"
        text = re.sub(r"invalid choice: (.*) \(choose from (.*)\)$", _choices, text)
        raise UsageError(f"{text}; see {self.prog} --help")

    def _check_names(self, arguments: Sequence[str]) -> None:
        """Refuses the first option that this command doesn't have, before anything else is complained of."""
        known = list(self._option_string_actions)
        for argument in arguments:
            if argument == "--":
                return
            name = argument.partition("=")[0]
            if name.startswith("--") and name not in known:
                close = nearest(name, known)
                more = f"did you mean {close}?" if close else f"see {self.prog} --help"
                raise UsageError(f"unknown option {shown(name)}; {more}")


def root_parser(summaries: Mapping[str, str]) -> Parser:
    """The parser of what stands before the command."""
    parser = Parser("qtui")
    commands = "\n".join(f"  {name:<12} {summary}" for name, summary in summaries.items())
    parser.describe(
        "Which quantization is fast, small and accurate enough for your vectors, and how\n"
        "do we know? Measured on the embedded Qdrant engine, or on a server in place.\n\n"
        f"commands:\n{commands}\n\n"
        "Without a command: the app. `qtui COMMAND --help` has each command's options.",
        usage="qtui [--path DIR | --url U | --profile P] [global options] [COMMAND ...]",
        examples=(
            "qtui demo                             # try it, offline",
            "qtui bench --vectors sample           # the same without a screen",
            "qtui bench --vectors my-vectors.npy   # measure your own",
            "qtui --url http://localhost:6333      # look at a server; it is only read",
        ),
    )
    add_globals(parser)
    parser.add_argument(
        "-V", "--version", action=_Version, nargs=0, default=argparse.SUPPRESS, help="print the version, and end"
    )
    return parser


def command_parser(command: str) -> Parser:
    """An empty parser for a command, to be filled by its module."""
    return Parser(f"qtui {command}")


def add_globals(parser: argparse.ArgumentParser) -> None:
    """The options that every command takes, before and after its name."""
    group = parser.add_argument_group("global options, before or after the command")
    none: Any = argparse.SUPPRESS
    group.add_argument(
        "--path", type=Path, metavar="DIR", default=none, help="embedded store (default: $QTUI_HOME/store)"
    )
    group.add_argument("--url", metavar="U", default=none, help="a Qdrant server (default: $QDRANT_URL, if it is set)")
    group.add_argument("--profile", metavar="P", default=none, help="a server by its name in config.toml")
    group.add_argument(
        "--api-key-env", metavar="VAR", default=none, help="variable that holds its key (default: QDRANT_API_KEY)"
    )
    group.add_argument("--grpc", action="store_true", default=none, help="search and load over gRPC")
    group.add_argument(
        "--grpc-port", type=_port, metavar="N", default=none, help="the same, on this port (default: REST's + 1)"
    )
    group.add_argument(
        "--ca", type=Path, metavar="F", default=none, help="PEM file of certificates that an https server is checked by"
    )
    group.add_argument(
        "--allow-writes", action="store_true", default=none, help="a server is only read without this, localhost too"
    )
    group.add_argument(
        "--timeout", type=_seconds, metavar="S", default=none, help="seconds that a request may take (default: 30)"
    )
    group.add_argument("--quiet", action="store_true", default=none, help="no progress and no remarks on stderr")
    group.add_argument("--debug", action="store_true", default=none, help="show the traceback of an error")
    group.add_argument("-h", "--help", action=_Help, nargs=0, default=none, help="show this help, and end")


def _choices(complaint: re.Match[str]) -> str:
    return f"takes {complaint[2].replace(chr(39), '')}, not {complaint[1]}"


def _port(text: str) -> int:
    if not (text.isdecimal() and 0 < int(text) < 65536):
        raise argparse.ArgumentTypeError(f"takes a port, 1 to 65535, not {shown(text)}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= LONGEST_S:
        raise argparse.ArgumentTypeError(f"takes seconds, above 0 and at most {LONGEST_S:g}, not {shown(text)}")
    return seconds


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant."""
    from difflib import get_close_matches

    bare = {each.lstrip("-"): each for each in known}  # what all begin with is no likeness
    return next((bare[each] for each in get_close_matches(word.lstrip("-"), bare, n=1, cutoff=0.62)), None)
