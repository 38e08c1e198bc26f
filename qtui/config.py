"""Where qtui keeps its things, and reading the user's configuration. Standard library (and platformdirs) only.

$QTUI_HOME/store    the embedded store, one folder a collection
$QTUI_HOME/runs     run records, mode 0600
$QTUI_HOME/tmp      temporary stores of benchmarks; `qtui clean` empties what is left over
$QTUI_HOME/samples  points of live collections, while a run takes and tries them, or to go on with
$QTUI_HOME/before   settings of collections before they were changed, to go back to
$QTUI_HOME/unfinished  loads that were asked for and aren't whole, to go on with
$QTUI_HOME/kept     temporary stores that --keep kept
$QTUI_HOME/cache    exact truth, by content
$QTUI_HOME/log      what the engine's processes wrote to their standard error
$QTUI_HOME/config.toml   the user's keys and theme; read, never written
$QTUI_HOME/state.json    what the app remembers: last target, tab, sorting, last plan
"""

from __future__ import annotations

import os
from pathlib import Path


def home() -> Path:
    """The folder of all that qtui keeps: $QTUI_HOME, or the platform's data folder."""
    chosen = os.environ.get("QTUI_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute()
    from platformdirs import user_data_path

    return user_data_path("qtui", appauthor=False)


def store_dir() -> Path:
    """The embedded store."""
    return home() / "store"


def runs_dir() -> Path:
    """Run records."""
    return home() / "runs"


def temporary_dir() -> Path:
    """Temporary stores of benchmarks."""
    return home() / "tmp"


def cache_dir() -> Path:
    """What can be computed again."""
    return home() / "cache"


def log_dir() -> Path:
    """What the engine's processes wrote to their standard error."""
    return home() / "log"


def config_file() -> Path:
    """The user's preferences."""
    return home() / "config.toml"


def state_file() -> Path:
    """What the app remembers."""
    return home() / "state.json"


def private_dir(path: Path) -> Path:
    """Makes the folder and those above it that are missing, for this user alone (0700), and returns it.

    Raises AccessError when that's not allowed.
    """
    from qtui.errors import AccessError, shown

    try:
        missing = [folder for folder in (path, *path.parents) if not folder.exists()]
        for folder in (*reversed(missing), path):  # mkdir's `parents` would give those above it everybody's mode
            folder.mkdir(exist_ok=True, mode=0o700)
    except OSError as error:
        raise AccessError(f"can't make the folder {shown(path)}: {error.strerror}; set QTUI_HOME elsewhere") from error
    return path
