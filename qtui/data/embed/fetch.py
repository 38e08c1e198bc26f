"""Getting a model's files from the hub where they are published: asked for first, watched, and refused at once offline.

fastembed does the downloading, and takes up an interrupted one where it was. Ending the process is how it is cancelled.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from qtui import config, units
from qtui.data.embed import catalogue, places
from qtui.data.embed.catalogue import Model, Tower
from qtui.data.embed.opening import instead, not_here
from qtui.errors import GOES_ON, AccessError, DataError, DiskFull, shown
from qtui.events import Event, Progress

PATIENCE_S = 4.0
"""For the hub's first word: names can take long to resolve where there is no network."""
_EVERY_S = 0.3
_BESIDE = (
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "preprocessor_config.json",
)
"""What is fetched beside the files that a model names."""


def missing_bytes(name: str) -> int:
    """What would have to be downloaded; 0 when all files are here. Asks the hub.

    Raises UsageError for a model that nobody knows, AccessError when the hub can't be reached or doesn't let us.
    """
    model = catalogue.named(name)
    return sum(_size(model, tower) for tower in model.towers if tower.cached() is None)


async def fetch(name: str) -> AsyncGenerator[Event, None]:
    """Downloads what isn't here. Raises as `missing_bytes`, DiskFull before it begins, and DataError."""
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    model = await asyncio.to_thread(catalogue.named, name)
    total = await asyncio.to_thread(missing_bytes, name)
    if not total:
        return
    folder = config.private_dir(places.download_dir())
    free = shutil.disk_usage(folder).free
    if free < total:
        raise DiskFull(
            f"{shown(model.name)} takes {units.size(total)} and {shown(folder)} has {units.size(free)} left; "
            "free some, or set FASTEMBED_CACHE_PATH to another disk"
        )
    before, began = _held(folder), time.monotonic()
    running = asyncio.ensure_future(asyncio.to_thread(_download, model, folder))
    while True:
        done, _ = await asyncio.wait({running}, timeout=_EVERY_S)
        got = total if done else min(total, max(0, _held(folder) - before))
        elapsed = time.monotonic() - began
        yield Progress("download", model.name, got, total, elapsed, (total - got) * elapsed / got if got else None)
        if done:
            break
    await running


def _download(model: Model, folder: Path) -> None:
    for tower in model.towers:
        if tower.cached() is not None:
            continue
        try:
            tower.loader.download_model(tower.description, str(folder), retries=1)
        except Exception as error:
            raise AccessError(f"{shown(model.name)} could not be downloaded ({shown(error)}); {GOES_ON}") from error
        if tower.cached() is None:
            raise DataError(f"the hub does not hold all files of {shown(model.name)}; choose another model")


def _size(model: Model, tower: Tower) -> int:
    """Bytes of the files that a download would bring, as the hub says."""
    said = _asked(model, tower)
    wanted = {*tower.files, *_BESIDE}
    sizes = {each.rfilename: each.size or 0 for each in said.siblings or ()}
    return max(1, sum(size for name, size in sizes.items() if name in wanted))


def _asked(model: Model, tower: Tower) -> Any:
    """What the hub says of a repository. Raises AccessError."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    repository = str(tower.description.sources.hf)
    answer: list[Any] = []

    def ask() -> None:
        try:
            answer.append(HfApi().model_info(repository, files_metadata=True, timeout=PATIENCE_S))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told by who waits for it
            answer.append(error)

    asking = threading.Thread(target=ask, daemon=True)  # a name that doesn't resolve may hold it for minutes
    asking.start()
    asking.join(PATIENCE_S)
    found = answer[0] if answer else None
    if isinstance(found, GatedRepoError):
        raise AccessError(
            f"{shown(repository)} is only for those who accepted its licence ({tower.description.license}): accept "
            "it on the hub's page, and set HF_TOKEN"
        ) from found
    if isinstance(found, RepositoryNotFoundError):
        raise AccessError(f"the hub has no {shown(repository)}, or not for us; choose another model") from found
    if found is None or isinstance(found, Exception):
        raise AccessError(f"{not_here(model)} and the hub can't be reached; {instead(model)}") from found
    return found


def _held(folder: Path) -> int:
    """Bytes of all files below a folder, links not counted."""
    total = 0
    for here, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(Path(here, name)).st_blocks * 512
            except (OSError, AttributeError):  # it has just been renamed; or Windows, which knows no blocks
                continue
    return total
