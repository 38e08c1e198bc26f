"""`qtui demo`: the app on the samples. Only its help is here; the command line itself opens the screens."""

from __future__ import annotations

from qtui.commands.parser import Parser


def declare(parser: Parser) -> None:
    """Declares what demo takes: nothing of its own."""
    parser.describe(
        "Opens the app on real text embeddings that ship with it. No server, no download,\n"
        "no account: the embedded Qdrant engine searches them.",
        usage="qtui demo",
        examples=("qtui demo", "QTUI_HOME=/tmp/try qtui demo           # leaves nothing elsewhere"),
    )
