"""Options for embedding documents, and getting the model for it: asked for first, downloaded with progress."""

from __future__ import annotations

from argparse import Namespace, _ArgumentGroup
from collections.abc import Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from qtui import config, units
from qtui.commands.console import Console
from qtui.errors import UsageError, shown

if TYPE_CHECKING:
    from qtui.loads import SourceSpec


def add_model(group: _ArgumentGroup) -> None:
    """--model and --model-path."""
    group.add_argument("--model", metavar="M", help="model that embeds; `qtui models` lists them")
    group.add_argument(
        "--model-path",
        metavar="DIR",
        help="folder of a model's files: of M, or of your own (ONNX, with qtui-model.json where it can't be guessed)",
    )


def add_documents(group: _ArgumentGroup) -> None:
    """What is embedded, and how."""
    group.add_argument(
        "documents",
        metavar="DOCUMENT",
        nargs="*",
        help="files, folders or 'patterns' of images (.png .jpg .webp .tiff), .pdf pages, texts (.txt .md) and rows"
        " (.jsonl .csv), with payload from x.json beside x.png or from metadata.jsonl in the folder",
    )
    add_model(group)
    group.add_argument("--text-field", metavar="F", default="", help="field of .jsonl and .csv that is embedded")
    group.add_argument("--yes", action="store_true", help="download the model without asking")


def are_meant(vectors: str) -> bool:
    """Whether what was given as vectors are documents."""
    from qtui.data.documents.finding import are_documents
    from qtui.loads import SAMPLES

    return vectors not in SAMPLES and are_documents(vectors)


def source(args: Namespace, paths: Sequence[str]) -> SourceSpec:
    """Documents with the model that the options name. Raises UsageError for what is missing."""
    from qtui.embedders import EmbedderChoice
    from qtui.loads import DocumentsSpec, SourceSpec

    if args.payload is not None:
        raise UsageError("--payload goes with --vectors; documents have theirs in x.json beside x.png")
    if args.model is None and args.model_path is None:
        raise UsageError("documents need --model M to embed them; 'qtui models' lists models")
    choice = EmbedderChoice(args.model, args.model_path)
    return SourceSpec("embed", documents=DocumentsSpec(tuple(paths), choice, args.text_field))


def obtain(model: str, console: Console, *, yes: bool) -> None:
    """Downloads the model where it isn't on this machine: asks first, unless `yes`.

    Raises UsageError for an unknown one or when the answer is no, and AccessError at once where there is no network.
    """
    from qtui.commands import waiting
    from qtui.data.embed import catalogue

    catalogue.require()
    from qtui.data.embed import fetch

    facts = catalogue.named(model).facts()
    if facts.cached is not None:
        return
    size = units.size(fetch.missing_bytes(facts.model))
    what = f"{shown(facts.model)} has to be downloaded: {size}, licence {facts.licence}"
    if not yes:
        if not console.interactive:
            raise UsageError(f"{what}; say --yes to do that")
        if console.ask(f"{what}. Download it? [y/N]").lower() not in ("y", "yes"):
            raise UsageError(f"{shown(facts.model)} was not downloaded; 'qtui models' shows which are here")
    waiting.run(_fetched(facts.model, console))


async def _fetched(model: str, console: Console) -> None:
    from qtui.commands.progress import Watch
    from qtui.host.once import fetch

    console.farewell = "what was downloaded is kept: the same command goes on from there"
    watch = Watch(console)
    async with aclosing(fetch(model, config.home())) as events:
        async for event in events:
            watch.see(event)
    console.farewell = ""
    console.note(f"{shown(model)} is here now")
