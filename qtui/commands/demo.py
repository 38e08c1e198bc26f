"""`qtui demo`: the app on the samples. Says which of them; the command line itself opens the screens."""

from __future__ import annotations

import importlib.util
from argparse import Namespace
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from qtui.commands.parser import Parser
from qtui.errors import UsageError

if TYPE_CHECKING:
    from qtui.demos import Demo

_NEEDED = ("model.onnx", "model.onnx_data", "tokenizer.json", "preprocessor_config.json")
"""Files without which the notebook's model can't be loaded."""


def declare(parser: Parser) -> None:
    """Declares which of the samples are wanted, and what makes vectors of them."""
    parser.describe(
        "Opens the app on real text embeddings that ship with it. No server, no download,\n"
        "no account: the embedded Qdrant engine searches them.\n\n"
        "--documents: on four pages (a report, three front pages) as multivectors, in the\n"
        "collections colpali-scalar and colpali-binary, searched with and without\n"
        "rescoring side by side. ColPali embeds the pictures where it is on this machine;\n"
        "else token vectors of the pages' texts, which ship with qtui, stand in for it.\n"
        "Without a terminal it prints the same as text.",
        usage="qtui demo [--documents [--model-path DIR]]",
        examples=(
            "qtui demo",
            "qtui demo --documents",
            "QTUI_HOME=/tmp/try qtui demo   # leaves nothing elsewhere",
        ),
    )
    parser.add_argument("--documents", action="store_true", help="on four documents as multivectors")
    parser.add_argument("--model-path", metavar="DIR", help="folder of ColPali's files, where they aren't in a cache")


def chosen(args: Namespace) -> Demo:
    """The demo that the options mean. Raises UsageError for a model without documents."""
    from qtui.demos import MODEL, TEXTS, documents
    from qtui.embedders import EmbedderChoice

    _check(args)
    if not args.documents:
        return TEXTS
    if args.model_path is not None:
        return documents(EmbedderChoice(MODEL, args.model_path))
    return documents(EmbedderChoice(MODEL) if _is_here(MODEL) else None)


def wanted(args: Namespace) -> Callable[[], Demo]:
    """Makes that demo when it is called, so that the first frame needn't wait for all that it consists of.

    Raises what `chosen` raises, at once.
    """
    _check(args)
    return partial(chosen, args)


def _check(args: Namespace) -> None:
    if args.model_path is not None and not args.documents:
        raise UsageError("--model-path goes with --documents")


def _is_here(model: str) -> bool:
    """Whether the model can be run: its files are in a cache, and so is what runs them."""
    from qtui.data.embed import places

    return importlib.util.find_spec("fastembed") is not None and places.cached(model, _NEEDED) is not None
