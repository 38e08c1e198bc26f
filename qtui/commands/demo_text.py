"""`qtui demo --documents` where there is no terminal: the same collections and the same query, as text."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from qtui.commands import options, search_query
from qtui.errors import Exit

if TYPE_CHECKING:
    from qtui.commands.console import Console
    from qtui.commands.search_story import Answered
    from qtui.demos import Demo
    from qtui.model import CollectionView
    from qtui.searching.ask import Target


def run(args: Namespace, console: Console, demo: Demo) -> Exit:
    """Builds what isn't there, says what is built, and prints the columns side by side."""
    from qtui.commands import search_story, waiting
    from qtui.config import store_dir
    from qtui.target import Target as Place

    args.target = Place(path=str(args.path or store_dir()))
    console.farewell = "what was written is kept: the same command goes on from there"
    views, target, answers = waiting.run(_flow(args, console, demo))
    console.result(f"{_said(views)}\n")
    console.result(search_story.story(target, answers, demo.columns[0].search.limit, None))
    return Exit.DONE


async def _flow(args: Namespace, console: Console, demo: Demo) -> tuple[list[CollectionView], Target, list[Answered]]:
    from qtui.commands.search_story import Answered
    from qtui.searching import columns
    from qtui.searching.ask import Asker

    await _build(args, console, demo)
    async with options.engine(args) as engine:
        views = {name: await engine.view(name) for name in demo.collections}
        first = demo.columns[0]
        asked = Namespace(text=demo.query, **dict.fromkeys(("image", "query", "id", "vector", "model", "model_path")))
        target = await search_query.target(asked, engine, views[first.collection], first.using)
        asker, answers = Asker(engine), []
        for column in demo.columns:
            place = columns.place(views[column.collection], column.using)
            assert place is not None
            answers.append(Answered(column, place, await asker.outcome(column, place, target)))
        return list(views.values()), target, answers


async def _build(args: Namespace, console: Console, demo: Demo) -> None:
    from qtui.commands.progress import Watch
    from qtui.host.build import load_all
    from qtui.host.streams import closing

    async with options.engine(args) as engine:
        names = set(await engine.collections()) & set(demo.collections)
        if demo.is_ready([await engine.view(name) for name in names]):
            return
    watch = Watch(console)
    for load in demo.loads:
        async with closing(load_all(load, options.store(args))) as events:
            async for event in events:
                watch.see(event)
    watch.tell()


def _said(views: list[CollectionView]) -> str:
    """What the collections hold, and what of them isn't built, with the command that builds it."""
    from qtui.demos import DOCUMENTS_NAME
    from qtui.loads import DEFAULT_THRESHOLD_KB

    lines = []
    if any((view.origin or "").startswith(DOCUMENTS_NAME) for view in views):
        lines.append("token vectors of the documents' texts, not ColPali's of their pictures")
    for view in views:
        vector = view.vectors[0]
        kb = vector.vectors * vector.original_bytes // 1024
        lines.append(
            f"{view.name}  {view.points} documents, {vector.vectors:,} vectors of {vector.spec.size},"
            f" {vector.built.segments} of {vector.built.of} segments quantized"
        )
        if not vector.built.complete:
            lines.append(
                f"  ⚠ {kb:,} KB stay below the indexing threshold of {DEFAULT_THRESHOLD_KB:,} KB; to build it:"
            )
            lines.append(f"  qtui reconfigure {view.name} --indexing-threshold 1 --confirm {view.name}")
    return "\n".join(lines)
