"""`qtui models`: what embeds images and texts, what of it is on this machine, and getting what isn't."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from qtui import units
from qtui.commands import documents, tables
from qtui.commands.console import Console
from qtui.commands.parser import Parser
from qtui.errors import Exit

if TYPE_CHECKING:
    from qtui.embedders import ModelFacts


def declare(parser: Parser) -> None:
    """Declares what models takes."""
    parser.describe(
        "Lists the models that embed images and texts: by how they do it, with their\n"
        "dimension, size, licence, and whether they are on this machine.",
        usage="qtui models [options]",
        examples=(
            "qtui models --here",
            "qtui models --download Qdrant/colpali-v1.3-fp16",
        ),
    )
    group = parser.add_argument_group("what is shown")
    group.add_argument("--here", action="store_true", help="only those that are on this machine")
    group.add_argument("--takes", choices=("image", "text"), help="only those that embed images, or texts")
    group.add_argument("--json", action="store_true", help="print JSON instead of tables")
    group = parser.add_argument_group("getting one")
    group.add_argument("--download", metavar="M", help="download a model; asks first")
    group.add_argument("--yes", action="store_true", help="without asking")


def run(args: Namespace, console: Console) -> Exit:
    """Lists, or downloads."""
    if args.download is not None:
        documents.obtain(args.download, console, yes=args.yes)
        console.result(args.download)
        return Exit.DONE
    from qtui.data.embed import models

    found = [
        facts
        for facts in models()
        if (facts.cached or not args.here) and (args.takes is None or args.takes in facts.modalities)
    ]
    if args.json:
        console.result(tables.as_json(found))
    elif found:
        console.result("\n\n".join(_table(kind, found) for kind in dict.fromkeys(facts.kind for facts in found)))
    else:
        console.note("no such model; `qtui models` lists all, and --model-path takes a folder of your own")
    return Exit.DONE


def _table(kind: str, found: list[ModelFacts]) -> str:
    """The models of one kind, which is the head of their names."""
    rows = [
        (facts.model, facts.dimension, units.size(facts.download_bytes), "✓" if facts.cached else "", facts.licence)
        for facts in found
        if facts.kind == kind
    ]
    return tables.table((kind, "dim", "size", "here", "licence"), rows, right="12", whole=True)
