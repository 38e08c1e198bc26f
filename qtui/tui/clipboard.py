"""Copying through the terminal: its own sequence, and tmux's buffer inside tmux. Knows no screen but its app."""

from __future__ import annotations

import asyncio
import contextlib
import os

from textual.app import App


async def copy(app: App[None], text: str) -> None:
    """To the terminal's clipboard, and to tmux's inside tmux, which keeps the terminal's sequence for itself."""
    app.copy_to_clipboard(text)
    if not os.environ.get("TMUX"):
        return
    with contextlib.suppress(OSError):
        child = await asyncio.create_subprocess_exec(
            "tmux", "load-buffer", "-w", "-",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        await child.communicate(text.encode())
