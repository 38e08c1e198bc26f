"""`qtui inspect [NAME]`: collections as they are found, their quantization, and what is wrong with it."""

from __future__ import annotations

from argparse import Namespace

from qtui.commands import options, tables
from qtui.commands.console import Console
from qtui.commands.parser import Parser
from qtui.errors import Exit, NotFound
from qtui.model import CollectionView

MOST_IN_FULL = 50
"""Collections of a server that are read in full for a list; of more, what a line each needs."""
PAGE = 200
"""Collections that are asked for at once, for a list."""
AT_ONCE = 8
"""Of a server, read side by side."""


def declare(parser: Parser) -> None:
    """Declares what inspect takes."""
    parser.describe(
        "Shows collections as they are found: what is configured, what was really built,\n"
        "what a search does, and what memory it takes. Reads, and changes nothing.",
        usage="qtui inspect [NAME] [--json]",
        examples=("qtui inspect", "qtui inspect docs__binary", "qtui inspect --json | jq '.[].findings'"),
    )
    group = parser.add_argument_group("what is shown")
    group.add_argument("name", metavar="NAME", nargs="?", help="one collection in detail (default: a list of all)")
    group.add_argument("--json", action="store_true", help="print JSON: an array, of one for NAME")


def run(args: Namespace, console: Console) -> Exit:
    """Prints the list, or one collection in detail."""
    from qtui.commands import story, waiting
    from qtui.engine.view import unreadable

    views = waiting.run(_views(args, console))
    if args.json:
        console.result(tables.as_json([story.as_record(view) for view in views]))
    elif args.name is not None:
        console.result(story.whole(views[0]))
    elif not views:
        target = options.target(args)
        remedy = "`qtui load NAME --vectors F` makes one" if target.writable else "or none that the key may see"
        console.result(f"no collections in {target.where}; {remedy}")
    else:
        console.result(story.listing(views))
    error = unreadable(views[0]) if args.name is not None else None
    if error is not None:
        raise error
    return Exit.DONE


async def _views(args: Namespace, console: Console) -> list[CollectionView]:
    async with options.engine(args) as engine:
        if args.name is not None:
            return [await engine.view(args.name)]
        names = await engine.collections()
        glances = getattr(engine, "glances", None)
        if glances is not None and not args.json and len(names) > MOST_IN_FULL:
            views: list[CollectionView] = []
            for start in range(0, len(names), PAGE):
                console.progress(f"read  {start:,}/{len(names):,} collections")
                views += await glances(names[start : start + PAGE])  # those that are gone meanwhile left out
            return views
        import asyncio

        turns = asyncio.Semaphore(1 if glances is None else AT_ONCE)

        read = 0

        async def one(name: str) -> CollectionView | None:
            nonlocal read
            async with turns:
                console.progress(f"read  {read:,}/{len(names):,} collections")
                try:
                    return await engine.view(name)
                except NotFound:  # removed by somebody else meanwhile
                    return None
                finally:
                    read += 1

        found = await asyncio.gather(*map(one, names))
        return [view for view in found if view is not None]
