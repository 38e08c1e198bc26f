"""`qtui tune`: searches the grid for the variant to use, and asks only what decides. The rest is bench's."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace

from qtui.commands import bench, values
from qtui.commands.console import Console
from qtui.commands.parser import Parser
from qtui.errors import Exit
from qtui.plan import ANALYSED, SURVEY, TUNE_EF, TUNE_OVERSAMPLING, BenchRequest, analysis

STANDARD = BenchRequest(oversampling=TUNE_OVERSAMPLING, hnsw_ef=TUNE_EF, tune=True)


def declare(parser: Parser) -> None:
    """Declares what tune takes: what bench takes, over a finer grid."""
    parser.describe(
        "Finds the cheapest setting that keeps a target recall, over methods, rescoring,\n"
        "oversampling and hnsw_ef together: from coarse to fine, asking each variant only\n"
        "as many queries as decide, and building only what can still change the choice.\n"
        "Says what that saved against measuring the whole grid, and recommends as `bench`\n"
        "does.",
        usage="qtui tune (--vectors F | --collection NAME) [options]",
        examples=(
            "qtui tune --vectors sample",
            "qtui tune --vectors docs.npy --queries questions.npy --target-recall 0.98",
            "qtui tune --vectors docs.npy --max-p95 2 --max-ram 4GiB --minimise latency",
            "qtui tune --collection docs__binary --oversampling 1,2,3,4,5,6,7,8",
            "qtui tune --vectors docs.npy --analysis --report report.html",
        ),
    )
    group = parser.add_argument_group("how it is searched")
    group.add_argument(
        "--survey",
        type=values.whole(0, 1_000_000),
        metavar="N",
        default=0,
        help="ask every variant this many queries all the same, in turns, so that the whole grid has figures"
        " (default: 0, only what decides)",
    )
    group.add_argument("--build-all", action="store_true", help="build every method, even when a smaller one holds")
    group.add_argument(
        "--analysis",
        action="store_true",
        help=f"the whole table for few searches: {', '.join(ANALYSED.methods)}, without rescoring and with oversampling"
        f" {bench.options_text(ANALYSED.oversampling)}, hnsw_ef {ANALYSED.hnsw_ef[0]}, one pass, --survey {SURVEY};"
        " what is given beside it wins",
    )
    bench.declare_options(parser, STANDARD)


def run(args: Namespace, console: Console) -> Exit:
    """Searches, and prints what came out."""
    return bench.carry_out(make_request(args), args, console)


def make_request(args: Namespace) -> BenchRequest:
    """The request that the options make. Raises UsageError for what doesn't go together."""
    request = replace(bench.make_request(args), tune=True, survey=args.survey, build_all=args.build_all)
    if not args.analysis:
        return request
    return analysis(request if args.methods else replace(request, methods=STANDARD.methods), STANDARD)
