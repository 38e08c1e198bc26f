"""`qtui search NAME…`: one query, asked in several ways, side by side."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from qtui.commands import options, search_query, values
from qtui.commands.console import Console
from qtui.commands.documents import add_model
from qtui.commands.parser import Parser
from qtui.errors import DataError, Exit, NotFound, StoreInUse, shown
from qtui.names import listed

if TYPE_CHECKING:
    from qtui.commands.search_story import Answered
    from qtui.engine.base import Engine
    from qtui.model import CollectionView, SearchSettings
    from qtui.searching.ask import Target
    from qtui.searching.columns import Column

DEFAULT_FACTOR = 2.0
_LOOKED_AT = 100
"""Points whose fields are told where a filter matches nothing."""


def declare(parser: Parser) -> None:
    """Declares what search takes."""
    parser.describe(
        "Asks one query of collections in several ways and sets the answers side by side.\n"
        "The first is exact search on the first NAME, and what the others are compared\n"
        "with: = same rank, ▲2 two up, ▼1 one down, new. Raw scores are estimates from\n"
        "quantized vectors. Each time is of one search after one that warms up: to\n"
        "measure, use `qtui bench`. Reads, and changes nothing.",
        usage="qtui search NAME... (--text T|--image F|--id N|--vector F) [options]",
        examples=(
            "qtui search colpali-scalar colpali-binary --text revenue",
            "qtui search scans scans__binary --image page.png",
            "qtui search docs docs__turbo-4bit --vector questions.npy#3",
            "qtui search docs__binary --id 42 --oversampling 1,2,4 --filter part=noun",
            "qtui search docs docs__binary --id 42 --json | jq '.variants[].overlap'",
        ),
    )
    _what(parser)
    _how(parser)


def _what(parser: Parser) -> None:
    group = parser.add_argument_group("where")
    group.add_argument(
        "names", metavar="NAME", nargs="+", help="collections; their quantized siblings are NAME__METHOD"
    )
    group = parser.add_argument_group("the query, one of")
    group.add_argument("--text", metavar="T", help="words, for the model that made the collection's vectors")
    group.add_argument("--image", metavar="F", help="an image, for that model")
    group.add_argument("--id", metavar="N", help="a point of the first NAME; it is left out of the answers")
    group.add_argument("--vector", metavar="F[#ROW]", help="a row of a file of vectors, from 0 on (default: the first)")
    group.add_argument("--query", metavar="TITLE", help="a query of the sample by its title, or words that it holds")
    add_model(group)
    group = parser.add_argument_group("what is searched")
    group.add_argument("--filter", metavar="F", help="only points whose payload matches: `a = b`, or Qdrant's JSON")
    group.add_argument("--vector-name", metavar="V", help="name of the vector (default: the unnamed, else the first)")


def _how(parser: Parser) -> None:
    group = parser.add_argument_group("the variants")
    group.add_argument(
        "--rescore",
        type=values.switches,
        metavar="on,off",
        default=(True, False),
        help="with and without rescoring (default: on,off)",
    )
    group.add_argument(
        "--oversampling",
        type=values.reals(1, 1000),
        metavar="X,Y",
        default=(DEFAULT_FACTOR,),
        help=f"factors, with rescoring (default: {DEFAULT_FACTOR:g})",
    )
    group.add_argument(
        "--hnsw-ef",
        type=values.wholes(1, 100_000),
        metavar="N,M",
        default=(128,),
        help="width of the graph search (default: 128)",
    )
    group.add_argument("--ignore", action="store_true", help="also ignoring the quantized vectors")
    group.add_argument("--exact", action="store_true", help="also exact search on every other NAME")
    group.add_argument(
        "--limit", type=values.whole(1, 10_000), metavar="K", default=10, help="points asked for (default: 10)"
    )
    group = parser.add_argument_group("results")
    group.add_argument("--json", action="store_true", help="print JSON (schema qtui.search/1, see the README)")


def run(args: Namespace, console: Console) -> Exit:
    """Prints the answers."""
    from qtui.commands import search_story, tables, waiting
    from qtui.filters import parse_filter

    search_query.check(args)
    args.parsed = None if args.filter is None else parse_filter(args.filter)
    target, answers = waiting.run(_answers(args, console))
    if args.json:
        console.result(tables.as_json(search_story.record(target, answers, args.limit, args.filter)))
    else:
        console.result(search_story.story(target, answers, args.limit, args.filter))
    failed = [each.outcome.error for each in answers if each.outcome.error is not None]
    if len(failed) == len(answers):
        raise DataError(failed[0])
    return Exit.DONE


async def _answers(args: Namespace, console: Console) -> tuple[Target, list[Answered]]:
    from qtui.commands.search_story import Answered
    from qtui.searching import columns
    from qtui.searching.ask import Asker, misfit
    from qtui.searching.compare import Outcome

    async with options.engine(args) as engine:
        views = {name: _sound(await engine.view(name)) for name in args.names}
        using = {name: _vector_name(view, args.vector_name) for name, view in views.items()}
        target = await search_query.target(args, engine, views[args.names[0]], using[args.names[0]])
        fewest = min(view.points for view in views.values())
        if fewest < args.limit:
            there = "1 point that is" if fewest == 1 else f"{fewest} points that are"
            console.note(f"--limit {args.limit} is above the {there} there")
        asker, answers = Asker(engine), []
        for column in _columns(args, views, using):
            place = columns.place(views[column.collection], column.using)
            assert place is not None
            why = misfit(target, views[column.collection], column.using)
            outcome = Outcome(error=why) if why else await asker.outcome(column, place, target, args.parsed)
            answers.append(Answered(column, place, outcome))
        if args.parsed is not None and not any(each.outcome.hits or each.outcome.error for each in answers):
            console.note(await _no_match(engine, args.names[0]))
        return target, answers


async def _no_match(engine: Engine, name: str) -> str:
    """What to say where a filter matches nothing: most often a field's name is misspelt."""
    from qtui.searching.fields import fields, typed

    page = await engine.scroll(name, limit=_LOOKED_AT, with_payload=True)
    there = [shown(typed(field), 40)[1:-1] for field in fields(point.payload for point in page.points)]
    known = f"the fields of its first points are {', '.join(there[:8])}" if there else "its points have no payload"
    return f"no point of {shown(name)} matches the filter; {known}"


def _sound(view: CollectionView) -> CollectionView:
    """The view of a collection that can be searched. Raises what keeps another from it."""
    if view.error is not None:
        in_use = any(finding.code == "in-use" for finding in view.findings)
        raise (StoreInUse if in_use else DataError)(view.error)
    return view


def _vector_name(view: CollectionView, wanted: str | None) -> str:
    names = [vector.spec.name for vector in view.vectors]
    if wanted is None:
        return "" if "" in names else names[0]
    if wanted not in names:
        raise NotFound(f"{shown(view.name)} has no vector {shown(wanted)}; it has {listed(names)}")
    return wanted


def _columns(args: Namespace, views: dict[str, CollectionView], using: dict[str, str]) -> Iterator[Column]:
    """Exact search on the first collection, then every variant of each."""
    from qtui.model import SearchSettings
    from qtui.searching import columns
    from qtui.searching.columns import Column

    exact = SearchSettings(args.limit, exact=True)
    for at, (name, view) in enumerate(views.items()):
        if at == 0 or args.exact:
            yield Column(name, exact, using[name])
        place = columns.place(view, using[name])
        quantized = place is not None and place.is_quantized
        for ef in args.hnsw_ef:
            base = SearchSettings(args.limit, hnsw_ef=ef)
            for search in _variants(args, base) if quantized else (base,):
                yield Column(name, search, using[name])


def _variants(args: Namespace, base: SearchSettings) -> Iterator[SearchSettings]:
    for rescore in args.rescore:
        factors: Sequence[float | None] = args.oversampling if rescore else (None,)
        for factor in factors:
            yield replace(base, rescore=rescore, oversampling=factor)
    if args.ignore:
        yield replace(base, ignore=True)
