"""Options and questions for a collection that others use: a sample of it tried elsewhere, the load on its server."""

from __future__ import annotations

from argparse import Namespace

from qtui.commands import options, values
from qtui.commands.parser import Parser
from qtui.plan import DEFAULT_PACE, DEFAULT_SAMPLE, MOST_SAMPLED, BenchRequest, Live
from qtui.target import Target


def declare(parser: Parser) -> None:
    """Declares what bench takes for such a collection."""
    group = parser.add_argument_group("a collection that others use (with --collection)")
    group.add_argument(
        "--locally",
        action="store_true",
        help="leave it alone: take a sample of its points, and build and measure the --methods on that in a temporary"
        " embedded store. Bytes carry over and recall does nearly; milliseconds don't",
    )
    group.add_argument(
        "--copies",
        action="store_true",
        help="make a copy for each of the --methods on the same server, NAME__qtui__METHOD, measure it beside NAME, and"
        " remove it after (--keep keeps it). An interrupted run leaves its copies: the same command goes on with them,"
        " and `qtui clean --copies` removes them. Needs --allow-writes",
    )
    group.add_argument(
        "--sample",
        type=values.whole(100, MOST_SAMPLED),
        metavar="N",
        default=DEFAULT_SAMPLE,
        help=f"points that may be read for that (default: {DEFAULT_SAMPLE})",
    )
    group.add_argument(
        "--pace",
        type=values.real(0, 1e6),
        metavar="QPS",
        help="searches a second that a server is asked at most, 0 for as fast as it answers"
        f" (default: {DEFAULT_PACE:g}, unless --rate or a --concurrency above 1 ask for load)",
    )
    group.add_argument(
        "--processes",
        type=values.whole(1, 16),
        metavar="N",
        help="client processes that ask a server together (default: one for each search in flight, as far as there are"
        " cores)",
    )


def live_of(args: Namespace) -> Live:
    """What the options say."""
    return Live(locally=args.locally, copies=args.copies, sample=args.sample, pace=args.pace, processes=args.processes)


def server_for(request: BenchRequest, args: Namespace) -> Target | None:
    """The server that collections of a source are built on; None: a temporary store of our own.

    A server that only the environment names is left alone. Raises AccessError where writing isn't allowed.
    """
    target = options.target(args)
    if request.source is None or target.embedded or (args.url is None and args.profile is None):
        return None
    return options.writable(args, "building collections on it (`--path DIR` builds in a store here)")


async def facts(request: BenchRequest, args: Namespace) -> tuple[int, int, bool]:
    """Of a sample to be taken: its points, their components, and whether they get a graph."""
    from qtui.bench.family import vector_of

    assert request.collection is not None
    async with options.engine(args) as engine:
        view = await engine.view(request.collection)
    spec = vector_of(view, request.build.vector_name)
    m = request.build.hnsw_m if request.build.hnsw_m is not None else spec.hnsw.m if spec.hnsw else 16
    return min(view.points, request.live.sample), spec.size, m > 0
