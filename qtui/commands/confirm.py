"""Asking for a collection's name to be typed before it is removed or changed."""

from __future__ import annotations

from argparse import Namespace

from qtui.commands.console import Console
from qtui.commands.parser import Parser
from qtui.errors import UsageError, shown


def add_confirm(parser: Parser) -> None:
    """--confirm."""
    group = parser.add_argument_group("confirmation")
    group.add_argument("--confirm", metavar="NAME", help="the same name again, instead of typing it when asked")


def confirm(args: Namespace, console: Console, what: str) -> None:
    """Raises UsageError unless the name was given again, or is typed when asked. `what` says what will happen."""
    typed = args.confirm
    if typed is None:
        if not console.interactive:
            raise UsageError(f"{what} needs --confirm {shown(args.name)[1:-1]}: without a terminal nobody can be asked")
        typed = console.ask(f"{what}. Type its name to go on:")
    if typed != args.name:
        raise UsageError(f"{shown(typed)} is not {shown(args.name)}: nothing was changed")
