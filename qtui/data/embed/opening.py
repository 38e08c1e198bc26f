"""From a choice to a model that can embed: finds its files, proves that none is missing, tells what they are.

No weights are loaded here, and nothing is downloaded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from qtui import units
from qtui.data.embed import catalogue
from qtui.data.embed.base import Embedder
from qtui.data.embed.catalogue import Model, Tower
from qtui.data.embed.described import DESCRIPTION, described
from qtui.data.embed.running import Running
from qtui.embedders import EmbedderChoice, EmbedderSpec, Modality, ModelFacts
from qtui.engine.files import file_sum
from qtui.errors import DataError, NotFound, UsageError, shown

_TEXT_FILES = ("tokenizer.json", "tokenizer_config.json")
_IMAGE_FILES = ("preprocessor_config.json",)
_DECISIVE = (*_TEXT_FILES, *_IMAGE_FILES, "special_tokens_map.json", "processor_config.json", "config.json")
"""Beside the network itself, what decides a model's vectors."""
_MOST_NAMED = 4


def opened(choice: EmbedderChoice) -> Embedder:
    """See `qtui.data.embed.open_embedder`."""
    model, folders = located(choice)
    # a collection is searched from other folders than the one that it was loaded in
    folder = None if choice.path is None else str(Path(choice.path).expanduser().absolute())
    spec = EmbedderSpec(model.name, model.kind, model.dimension, _identity(model, folders), folder)
    return Running(model, spec, folders)


def located(choice: EmbedderChoice) -> tuple[Model, dict[Tower, Path]]:
    """The model, and the folder of each of its towers. Raises as `qtui.data.embed.open_embedder`."""
    catalogue.require()
    if choice.path is None:
        if choice.model is None:
            raise UsageError("name a model by --model, or give its folder by --model-path; 'qtui models' lists them")
        model = catalogue.named(choice.model)
        return model, _in_cache(model)
    folder = Path(choice.path).expanduser()
    if not folder.is_dir():
        raise NotFound(f"no folder {shown(choice.path)}; --model-path takes the folder of a model's files")
    model = _in_folder(choice.model, folder)
    folders = {tower: _folder_of(tower, model, folder) for tower in model.towers}
    for tower, its in folders.items():
        missing = [name for name in _needed(tower, model) if not (its / name).is_file()]
        if missing:
            raise DataError(
                f"{shown(its)} lacks {', '.join(missing)}, which {shown(model.name)} needs; get its files again"
            )
    return model, folders


def _in_folder(name: str | None, folder: Path) -> Model:
    """What is in a folder: what it says itself, or the model of the catalogue that is named."""
    if (folder / DESCRIPTION).is_file():
        found = described(folder)
        if name is not None and name != found.name:
            raise UsageError(f"{shown(folder)} holds {shown(found.name)}, not {shown(name)}; leave out --model")
        return found
    if name is None or name == folder.name:
        return described(folder)
    return catalogue.named(name)


def _folder_of(tower: Tower, model: Model, folder: Path) -> Path:
    """Two networks whose files have the same name lie in folders of their own, `image` and `text`."""
    own = folder / ("image" if tower is model.image else "text")
    return own if len(model.towers) > 1 and own.is_dir() else folder


def _needed(tower: Tower, model: Model) -> Iterator[str]:
    yield from tower.files
    if tower in (model.text, model.query):
        yield from _TEXT_FILES
    if tower is model.image:
        yield from _IMAGE_FILES


def _in_cache(model: Model) -> dict[Tower, Path]:
    found: dict[Tower, Path] = {}
    for tower in model.towers:
        where = tower.cached()
        if where is None:
            raise UsageError(f"{not_here(model)}: 'qtui models --download {model.name}' gets it, or {instead(model)}")
        found[tower] = where[1]
    return found


def not_here(model: Model) -> str:
    """That a model has to be downloaded, how large it is, and under which licence."""
    facts = model.facts()
    size = units.size(facts.download_bytes)
    return f"{shown(model.name)} is not on this machine ({size} to download, licence {facts.licence})"


def instead(model: Model) -> str:
    """What can be done without it: which models that are on this machine take what this one takes."""
    wanted = set(model.kind.modalities)
    fitting = [facts for facts in catalogue.models() if facts.cached and wanted <= set(facts.modalities)]
    if not fitting:
        return f"give the folder of one that takes {_takes(model.kind.modalities)} by --model-path"
    return f"use one that is here: {_names(fitting)}"


def _names(fitting: list[ModelFacts]) -> str:
    named = ", ".join(facts.model for facts in fitting[:_MOST_NAMED])
    return f"{named} and {len(fitting) - _MOST_NAMED} more" if len(fitting) > _MOST_NAMED else named


def _takes(modalities: tuple[Modality, ...]) -> str:
    return " and ".join(f"{modality}s" for modality in modalities)


def _identity(model: Model, folders: dict[Tower, Path]) -> str:
    """A hash of what decides the model's vectors: the same for the same files wherever they lie."""
    sums = []
    for tower, folder in folders.items():
        for name in dict.fromkeys((*tower.files, *_DECISIVE)):
            path = folder / name
            if path.is_file():
                found = file_sum(path)
                sums.append((name, found.size, found.crc))
    said = msgspec.json.encode((sums, model.document_prefix, model.query_prefix, model.settings))
    return hashlib.blake2b(said, digest_size=8).hexdigest()
