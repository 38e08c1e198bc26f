"""`qtui tune`: searches the grid for the variant to use, and asks only what decides. The rest is bench's."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace

from qtui.commands import bench
from qtui.commands.console import Console
from qtui.commands.parser import Parser
from qtui.errors import Exit
from qtui.plan import TUNE_EF, TUNE_OVERSAMPLING, BenchRequest

STANDARD = BenchRequest(oversampling=TUNE_OVERSAMPLING, hnsw_ef=TUNE_EF, tune=True)


def declare(parser: Parser) -> None:
    """Declares what tune takes: what bench takes, over a finer grid."""
    parser.describe(
        "Finds the cheapest setting that keeps a target recall, over methods, rescoring,\n"
        "oversampling and hnsw_ef together: from coarse to fine, asking each variant only\n"
        "as many queries as decide. Says what that saved against measuring the whole\n"
        "grid, and recommends as `bench` does.",
        usage="qtui tune (--vectors F | --collection NAME) [options]",
        examples=(
            "qtui tune --vectors sample",
            "qtui tune --vectors docs.npy --queries questions.npy --target-recall 0.98",
            "qtui tune --vectors docs.npy --max-p95 2 --max-ram 4GiB --minimise latency",
            "qtui tune --collection docs__binary --oversampling 1,2,3,4,5,6,7,8",
        ),
    )
    bench.declare_options(parser, STANDARD)


def run(args: Namespace, console: Console) -> Exit:
    """Searches, and prints what came out."""
    return bench.carry_out(replace(bench.make_request(args), tune=True), args, console)
