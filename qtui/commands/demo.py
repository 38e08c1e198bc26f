"""`qtui demo`: the app on the samples. Only its help is here; the command line itself opens the screens."""

from __future__ import annotations

from qtui.commands.parser import Parser


def declare(parser: Parser) -> None:
    """Declares which of the samples are wanted."""
    parser.describe(
        "Opens the app on real text embeddings that ship with it. No server, no download,\n"
        "no account: the embedded Qdrant engine searches them.\n\n"
        "--documents: on four pages (a report, three front pages) as multivectors, in the\n"
        "collections colpali-scalar and colpali-binary, searched with and without\n"
        "rescoring side by side. What stands in for ColPali's vectors there are token\n"
        "vectors of the pages' texts, so that no model is needed.",
        usage="qtui demo [--documents]",
        examples=("qtui demo", "qtui demo --documents", "QTUI_HOME=/tmp/try qtui demo   # leaves nothing elsewhere"),
    )
    parser.add_argument("--documents", action="store_true", help="on four documents as multivectors")
