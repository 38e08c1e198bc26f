"""Every test starts from a home of its own, and from no settings of whoever runs it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

# many tests start Python anew: it should not compile all of qtui each time, whatever whoever runs them prefers
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
LEAKING = ("NO_COLOR", "COLORTERM", "COLUMNS", "LINES", "TMUX", "PYTHONWARNINGS", "FORCE_COLOR")


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """QTUI_HOME, empty and for this test alone."""
    for name in [name for name in os.environ if name in LEAKING or name.startswith(("QDRANT_", "QTUI_", "TEXTUAL_"))]:
        monkeypatch.delenv(name)
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("QTUI_HOME", str(folder))
    return folder
