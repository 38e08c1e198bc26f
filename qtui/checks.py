"""What qtui stands on, as `doctor` and the app show it: versions, folders, terminal and machine, and what is wrong.

Each check returns plain values for text and JSON, and never raises. What needs the engine or models is tried by
`host.doctor`. Imports no engine and no numbers.
"""

from __future__ import annotations

import os
import platform
import shutil
import stat
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from qtui import __version__, config, units
from qtui.model import EngineInfo

PACKAGES = (
    "qdrant-edge-py",
    "textual",
    "plotext",
    "numpy",
    "h5py",
    "pyarrow",
    "msgspec",
    "platformdirs",
    "qdrant-client",
)
LEAST_FREE_BYTES = 256 * 2**20
"""The engine reserves about 136 MB for an empty collection."""
Section = dict[str, Any]
_UNTRIED = {"works": True, "quantized data built": True, "finds a vector by itself": True}


def versions() -> Section:
    """qtui, Python, the platform, and each dependency."""
    found: Section = {
        "qtui": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
    }
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = None
    return found


def folders(store: Path) -> Section:
    """The store and the runs: where, whether they can be written, for whom they open, what room is left."""
    return {"store": _folder(store), "runs": _folder(config.runs_dir())}


def _folder(path: Path) -> Section:
    there = next(parent for parent in (path, *path.parents) if os.path.exists(parent))  # noqa: PTH110 - never raises
    try:
        free, mode = shutil.disk_usage(there).free, stat.S_IMODE(there.stat().st_mode)
    except OSError as error:
        return {"path": str(path), "exists": there == path, "writable": False, "error": error.strerror}
    return {
        "path": str(path),
        "exists": there == path,
        "writable": there.is_dir() and os.access(there, os.W_OK | os.X_OK),
        "mode": f"{mode:04o}" if there == path else None,
        "free": units.size(free),
        "free_bytes": free,
    }


def terminal() -> Section:
    """What the screen can show."""
    columns, lines = shutil.get_terminal_size((0, 0))
    # those that the process was started with: the app has put others in the place of two of them
    said, asked, shown = sys.__stderr__, sys.__stdin__, sys.__stdout__
    return {
        "terminal": all(stream is not None and stream.isatty() for stream in (asked, said)),
        "size": f"{columns}x{lines}" if columns else None,
        "TERM": os.environ.get("TERM"),
        "colours": _colours(),
        "NO_COLOR": bool(os.environ.get("NO_COLOR")),
        "tmux": "TMUX" in os.environ,
        "UTF-8": ((shown and shown.encoding) or "").lower().replace("-", "") == "utf8",
    }


def _colours() -> str:
    """How many colours the terminal says it has."""
    if os.environ.get("COLORTERM") in ("truecolor", "24bit"):
        return "16 million"
    term = os.environ.get("TERM", "")
    return "256" if "256" in term else "none" if term in ("", "dumb") else "16"


def machine() -> Section:
    """What the figures depend on."""
    affinity = getattr(os, "sched_getaffinity", None)
    return {
        "cores": len(affinity(0)) if affinity else os.cpu_count(),
        "cpu governor": _governor(),
        "page cache can be emptied (bench --cold)": sys.platform == "linux" and hasattr(os, "posix_fadvise"),
    }


def _governor() -> str | None:
    """How the processor picks its speed; None where the system doesn't say."""
    try:
        return Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").read_text(encoding="ascii").strip()
    except OSError:
        return None


def server(where: str, info: EngineInfo, collections: int) -> Section:
    """A server that answers: what it is, and what it can't do."""
    return {
        "address": where,
        "answers": True,
        "version": info.version,
        "protocol": info.protocol,
        "collections": collections,
        "may be written to": not info.read_only,
        "can't do": ", ".join(info.refused) or None,
    }


def lines(section: Section) -> list[tuple[str, str]]:
    """A section's values as text: yes and no, and a folder's details on one line."""
    return [(name, _text(value)) for name, value in section.items() if name != "free_bytes"]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(part if name == "path" else f"{name} {part}" for name, part in lines(value))
    return "–" if value is None else str(value)


def problems(found: dict[str, Section]) -> list[str]:
    """What stands in the way of working, each with what to do."""
    texts = [
        f"{package} is not installed: install qtui again"
        for package, version in found["versions"].items()
        if version is None
    ]
    engine_ = found.get("engine", _UNTRIED)
    if not engine_["works"]:
        texts.append(f"the engine doesn't work: {engine_['error']}")
    elif not (engine_["quantized data built"] and engine_["finds a vector by itself"]):
        texts.append("the engine answers wrongly: install qdrant-edge-py again, at the version that qtui asks for")
    if not found.get("server", {}).get("answers", True):
        texts.append(f"the server doesn't answer as it should: {found['server']['error']}")
    for name, folder in found["folders"].items():
        if not folder["writable"]:
            texts.append(f"the folder of {name} can't be written ({folder['path']}): set QTUI_HOME or --path elsewhere")
        elif folder["free_bytes"] < LEAST_FREE_BYTES:
            texts.append(f"only {folder['free']} are free for {name}: make room, or set QTUI_HOME elsewhere")
    return texts
