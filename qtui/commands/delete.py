"""`qtui delete NAME`: removes a collection, once its name was confirmed."""

from __future__ import annotations

from argparse import Namespace

from qtui import units
from qtui.commands import options
from qtui.commands.confirm import add_confirm, confirm
from qtui.commands.console import Console
from qtui.commands.parser import Parser
from qtui.errors import Exit, shown


def declare(parser: Parser) -> None:
    """Declares what delete takes."""
    parser.describe(
        "Removes a collection with all that it holds. Asks for its name to be typed.",
        usage="qtui delete NAME [--confirm NAME]",
        examples=("qtui delete docs__binary", "qtui delete docs__binary --confirm docs__binary"),
    )
    parser.add_argument_group("what is removed").add_argument("name", metavar="NAME", help="name of the collection")
    add_confirm(parser)


def run(args: Namespace, console: Console) -> Exit:
    """Asks, removes, and says so."""
    from qtui.commands import waiting

    options.writable(args, "deleting")
    points = waiting.run(_points(args))
    confirm(args, console, f"deleting {shown(args.name)} with its {units.count(points)} points")
    waiting.run(_delete(args))
    console.result(f"deleted {shown(args.name)[1:-1]}")
    return Exit.DONE


async def _points(args: Namespace) -> int:
    async with options.engine(args) as engine:
        return (await engine.view(args.name)).points


async def _delete(args: Namespace) -> None:
    async with options.engine(args) as engine:
        await engine.delete(args.name)
