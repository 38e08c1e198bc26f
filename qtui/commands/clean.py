"""`qtui clean`: removes what killed builds and benchmarks left behind."""

from __future__ import annotations

import shutil
from argparse import Namespace
from pathlib import Path

from qtui import config, units
from qtui.commands import options, tables
from qtui.commands.console import Console
from qtui.commands.parser import Parser
from qtui.errors import AccessError, Exit, UsageError, shown


def declare(parser: Parser) -> None:
    """Declares what clean takes."""
    parser.describe(
        "Removes temporary stores of benchmarks that were killed: only what qtui made for\n"
        "itself and no process uses now, so it asks nothing. A collection whose load was\n"
        "interrupted stays, as loading can go on; name it with --confirm to discard it.",
        usage="qtui clean [--dry-run] [--confirm NAME]",
        examples=("qtui clean --dry-run", "qtui clean", "qtui clean --confirm half-loaded"),
    )
    group = parser.add_argument_group("what is removed")
    group.add_argument("--dry-run", action="store_true", help="list what would be removed, and leave it")
    group.add_argument("--confirm", metavar="NAME", help="also discard this collection, whose load is unfinished")


def run(args: Namespace, console: Console) -> Exit:
    """Lists what is left over and removes it."""
    from qtui.commands import waiting

    verb = "would remove" if args.dry_run else "removed"
    partial = waiting.run(_partial(args))
    if args.confirm is not None and args.confirm not in partial:
        raise UsageError(
            f"{shown(args.confirm)} is no unfinished collection, so clean leaves it; `qtui delete` removes any"
        )
    freed = 0
    for folder, size in [(folder, _size(folder)) for folder in _abandoned(config.temporary_dir())]:
        if not args.dry_run:
            _remove(folder)
        console.result(f"{verb} {tables.plain(folder)}  {units.size(size)}")
        freed += size
    if args.confirm is not None:
        if not args.dry_run:
            waiting.run(_discard(args))
        console.result(f"{verb} the unfinished collection {tables.plain(args.confirm)}")
    elif not freed:
        console.result("nothing is left over")
    for name in partial:
        if name != args.confirm:
            console.note(f"{shown(name)} is unfinished and stays: load it again to go on, or --confirm it here")
    return Exit.DONE


async def _partial(args: Namespace) -> list[str]:
    """Names of collections whose load did not finish."""
    async with options.engine(args) as engine:
        return [name for name in await engine.collections() if (await engine.view(name)).status == "partial"]


async def _discard(args: Namespace) -> None:
    async with options.engine(args) as engine:
        await engine.delete(args.confirm)


def _abandoned(temporary: Path) -> list[Path]:
    """Temporary stores that no living process uses."""
    from qtui.bench.workplace import in_use

    if not temporary.is_dir():
        return []
    return sorted(path for path in temporary.iterdir() if path.is_dir() and not in_use(path))


def _size(folder: Path) -> int:
    """Bytes that the folder really takes on disk (the engine's files are sparse)."""
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())


def _remove(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise AccessError(f"can't remove {shown(folder)}: {error.strerror}; remove it by hand") from error
