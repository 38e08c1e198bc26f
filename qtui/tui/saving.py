"""Writing what is exported to a file that isn't there yet, and saying what came of it. Draws nothing itself."""

from __future__ import annotations

from pathlib import Path

from textual.widget import Widget

from qtui.tui.text import clean


def save(widget: Widget, path: Path, text: str) -> None:
    """Writes the file and notifies, of success or of why it could not be written."""
    try:
        with path.open("x", encoding="utf-8") as out:
            out.write(text)
    except OSError as error:
        widget.notify(f"Can't write {clean(path)}: {clean(error.strerror)}", severity="error", markup=False)
    else:
        widget.notify(f"Written to {clean(path)}", markup=False)
