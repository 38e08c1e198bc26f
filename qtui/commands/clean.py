"""`qtui clean`: removes what killed builds and benchmarks left behind."""

from __future__ import annotations

from argparse import Namespace

from qtui import config, units
from qtui.commands import options
from qtui.commands.console import Console
from qtui.commands.parser import Parser
from qtui.errors import Exit, UsageError, shown


def declare(parser: Parser) -> None:
    """Declares what clean takes."""
    parser.describe(
        "Removes temporary stores of benchmarks that were killed: only what qtui made for\n"
        "itself and no process uses now, so it asks nothing. A collection whose load was\n"
        "interrupted stays, as loading can go on; name it with --confirm to discard it.\n"
        "On a server, --copies removes the NAME__qtui__METHOD that runs left or kept.",
        usage="qtui clean [--dry-run] [--copies] [--confirm NAME]",
        examples=(
            "qtui clean --dry-run",
            "qtui clean",
            "qtui clean --confirm half-loaded",
            "qtui clean --copies --url localhost:6333 --allow-writes",
        ),
    )
    group = parser.add_argument_group("what is removed")
    group.add_argument("--dry-run", action="store_true", help="list what would be removed, and leave it")
    group.add_argument("--copies", action="store_true", help="also the copies that `bench --copies` left or kept")
    group.add_argument("--confirm", metavar="NAME", help="also discard this collection, whose load is unfinished")


def run(args: Namespace, console: Console) -> Exit:
    """Lists what is left over and removes it."""
    from qtui.bench import leftover
    from qtui.commands import waiting

    home = config.home()
    if not args.dry_run and (args.copies or args.confirm is not None):
        options.writable(args, "removing copies" if args.copies else "discarding")
    partial, copied = waiting.run(_found(args))
    if args.confirm is not None and args.confirm not in partial:
        raise UsageError(
            f"{shown(args.confirm)} is no unfinished collection, so clean leaves it; `qtui delete` removes any"
        )
    verb = "would remove" if args.dry_run else "removed"
    lines = [f"{verb} {folder}  {units.size(size)}" for folder, size in leftover.abandoned(home).items()]
    if not args.dry_run:
        lines.extend(f"kept the killed run {run_id} as a partial one" for run_id in leftover.remove(home))
    if args.confirm is not None:
        if not args.dry_run:
            waiting.run(_discard(args))
        lines.append(f"{verb} the unfinished collection {args.confirm}")
    if args.copies:
        if not args.dry_run:
            waiting.run(_remove(args, copied))
        lines.extend(f"{verb} the copy {name}" for name in copied)
    console.result("\n".join(lines or ["nothing is left over"]))
    for text in _stays(partial, copied, args):
        console.note(text)
    return Exit.DONE


def _stays(partial: list[str], copied: tuple[str, ...], args: Namespace) -> list[str]:
    """What is left as it is, and how it would be removed."""
    said = [
        f"{shown(name)} is unfinished and stays: load it again to go on, or discard it with --confirm"
        for name in partial
        if name != args.confirm
    ]
    if copied and not args.copies:
        said.append(f"{len(copied)} copies made by qtui stay, {shown(copied[0])} first: --copies removes them")
    return said


async def _found(args: Namespace) -> tuple[list[str], tuple[str, ...]]:
    """Names of collections whose load did not finish (a server may have too many to look at each), and of copies."""
    from qtui.data.live.copy import copies

    async with options.engine(args) as engine:
        copied = await copies(engine)
        if not options.target(args).embedded:
            return [], copied
        names = [name for name in await engine.collections() if name not in copied]
        return [name for name in names if (await engine.view(name)).status == "partial"], copied


async def _remove(args: Namespace, names: tuple[str, ...]) -> None:
    async with options.engine(args) as engine:
        for name in names:
            await engine.delete(name)


async def _discard(args: Namespace) -> None:
    async with options.engine(args) as engine:
        await engine.delete(args.confirm)
