"""What `qtui doctor` looks at. Each check returns plain values for text and JSON, and never raises."""

from __future__ import annotations

import os
import platform
import shutil
import stat
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

from qtui import __version__, config, units
from qtui.embedders import EXTRA
from qtui.errors import QtuiError

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
TRIAL_ROWS, TRIAL_DIMENSION = 300, 32


def versions() -> dict[str, Any]:
    """qtui, Python, the platform, and each dependency."""
    found: dict[str, Any] = {
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


async def engine() -> dict[str, Any]:
    """Builds a tiny quantized collection in a process of its own, opens it here and searches it."""
    try:
        with tempfile.TemporaryDirectory(prefix="qtui-doctor-") as folder:
            return {"works": True, **await _trial(folder)}
    except (QtuiError, OSError) as error:
        return {"works": False, "error": str(error)}


async def _trial(folder: str) -> dict[str, Any]:
    from qtui.data.vectors import open_vectors
    from qtui.engine.open import open_embedded
    from qtui.host.build import build
    from qtui.model import SearchSettings
    from qtui.plan import BuildJob, BuildSpec, SourceSpec

    source = SourceSpec("synthetic", rows=TRIAL_ROWS, dimension=TRIAL_DIMENSION)
    async for _ in build(BuildJob(folder, "trial", "binary", source, BuildSpec())):
        pass
    with open_vectors(source) as vectors:
        _, block = next(iter(vectors.blocks(1)))
    opened = await open_embedded(Path(folder))
    try:
        view = await opened.view("trial")
        search = SearchSettings(limit=1, rescore=True, oversampling=3)
        answer = await opened.query("trial", block[0], search)
        return {
            "version": opened.info.version,
            "points": view.points,
            "quantized data built": view.vectors[0].built.complete,
            "finds a vector by itself": answer.value.ids == (0,),
        }
    finally:
        await opened.close()


def folders(store: Path) -> dict[str, Any]:
    """The store and the runs: where, whether they can be written, for whom they open, what room is left."""
    return {"store": _folder(store), "runs": _folder(config.runs_dir())}


def _folder(path: Path) -> dict[str, Any]:
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


def models() -> dict[str, Any]:
    """What embeds images and texts: the extra, where models are downloaded to, and which are there."""
    from qtui.data.embed.places import download_dir, repositories

    try:
        version = metadata.version("fastembed")
    except metadata.PackageNotFoundError:
        version = f"not installed: pip install 'qtui[{EXTRA}]'"
    return {"fastembed": version, "folder": str(download_dir()), "here": ", ".join(repositories()) or None}


def terminal() -> dict[str, Any]:
    """What the screen can show."""
    columns, lines = shutil.get_terminal_size((0, 0))
    return {
        "terminal": sys.stdin.isatty() and sys.stderr.isatty(),
        "size": f"{columns}x{lines}" if columns else None,
        "TERM": os.environ.get("TERM"),
        "colours": _colours(),
        "NO_COLOR": bool(os.environ.get("NO_COLOR")),
        "tmux": "TMUX" in os.environ,
        "UTF-8": (sys.stdout.encoding or "").lower().replace("-", "") == "utf8",
    }


def _colours() -> str:
    """How many colours the terminal says it has."""
    if os.environ.get("COLORTERM") in ("truecolor", "24bit"):
        return "16 million"
    term = os.environ.get("TERM", "")
    return "256" if "256" in term else "none" if term in ("", "dumb") else "16"


def machine() -> dict[str, Any]:
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


def problems(found: dict[str, dict[str, Any]]) -> list[str]:
    """What stands in the way of working, each with what to do."""
    texts = [
        f"{package} is not installed: install qtui again"
        for package, version in found["versions"].items()
        if version is None
    ]
    engine_ = found["engine"]
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
