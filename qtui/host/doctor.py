"""Tries the engine, and looks which models are here; `python -m qtui.host.doctor PARENT` does so for the app.

The app's process may import neither. What needs no engine and no models is looked at by `qtui.checks`.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from importlib import metadata
from pathlib import Path

from qtui.checks import Section
from qtui.embedders import installing
from qtui.errors import QtuiError
from qtui.host import requests
from qtui.host.serve import Service, enter

TRIAL_ROWS, TRIAL_DIMENSION = 300, 32


async def engine() -> Section:
    """Builds a tiny quantized collection in a process of its own, opens it here and searches it."""
    try:
        with tempfile.TemporaryDirectory(prefix="qtui-doctor-") as folder:
            return {"works": True, **await _trial(folder)}
    except (QtuiError, OSError) as error:
        return {"works": False, "error": str(error)}


async def _trial(folder: str) -> Section:
    from qtui.data.vectors import open_vectors
    from qtui.engine.open import open_embedded
    from qtui.host.build import build
    from qtui.loads import BuildJob, BuildSpec, SourceSpec
    from qtui.model import SearchSettings

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


def models() -> Section:
    """What embeds images and texts: the extra, where models are downloaded to, and which are there."""
    from qtui.data.embed.places import download_dir, repositories

    try:
        version = metadata.version("fastembed")
    except metadata.PackageNotFoundError:
        version = f"not installed: {installing('fastembed')}"
    return {"fastembed": version, "folder": str(download_dir()), "here": ", ".join(repositories()) or None}


async def _tried(_: requests.TryOut) -> requests.Tried:
    return requests.Tried(await engine(), models())


def main() -> None:
    """Serves the parent whose process id is the first argument."""
    asyncio.run(Service(enter(int(sys.argv[1]))).run({requests.TryOut: _tried}, {}))


if __name__ == "__main__":
    main()
