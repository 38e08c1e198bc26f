"""Models of the user's own: a folder with an ONNX network, and what says how to run it. Imports fastembed.

`qtui-model.json` in the folder describes the model; without it, the network's inputs and outputs do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import msgspec

from qtui.data.embed.catalogue import Model, Tower
from qtui.embedders import Kind
from qtui.errors import DataError, NotFound, UsageError, shown

DESCRIPTION = "qtui-model.json"
_ONNX_PLACES = ("model.onnx", "onnx/model.onnx")
_KINDS = {
    "colpali": Kind.LATE_MULTIMODAL,
    "colbert": Kind.LATE_TEXT,
    "tokens": Kind.LATE_TEXT,
    "text": Kind.DENSE_TEXT,
    "image": Kind.DENSE_IMAGE,
}


class Description(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `qtui-model.json` says."""

    like: Literal["colpali", "colbert", "tokens", "text", "image"]
    """How it is run; tokens: every token of a text network is a vector of its own, normalised."""
    dimension: int
    name: str = ""
    """'': the folder's name."""
    model_file: str = "model.onnx"
    additional_files: tuple[str, ...] = ()
    pooling: Literal["mean", "cls", "last", "none"] = "mean"
    """text only: how a vector is made of the tokens'; none: the network does it."""
    normalize: bool = True
    """text only: whether vectors are made one long."""
    document_prefix: str = ""
    query_prefix: str = ""
    licence: str = ""


def described(folder: Path) -> Model:
    """The model in a folder. Raises NotFound, and DataError for a description or a network that can't be used."""
    if not folder.is_dir():
        raise NotFound(f"no folder {shown(folder)}; --model-path takes the folder of a model's files")
    what = _read(folder) if (folder / DESCRIPTION).is_file() else _guessed(folder)
    if not 1 <= what.dimension <= 65_536:
        raise DataError(f"{shown(folder / DESCRIPTION)} says a dimension of {what.dimension}; take 1 to 65536")
    name = what.name or folder.name
    tower = Tower(_loader(what, name), _listed(what, name))
    kind = _KINDS[what.like]
    return Model(
        name,
        kind,
        text=None if kind is Kind.DENSE_IMAGE else tower,
        image=tower if kind in (Kind.DENSE_IMAGE, Kind.LATE_MULTIMODAL) else None,
        document_prefix=what.document_prefix,
        query_prefix=what.query_prefix,
        settings=msgspec.json.encode((what.like, what.pooling, what.normalize)).decode(),
    )


def _read(folder: Path) -> Description:
    path = folder / DESCRIPTION
    try:
        return msgspec.json.decode(path.read_bytes(), type=Description)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise DataError(f"can't use {shown(path)}: {shown(error)}; mend it") from error
    except OSError as error:
        raise DataError(f"can't read {shown(path)}: {error.strerror}; check its permissions") from error


def _guessed(folder: Path) -> Description:
    """A description from the network's own inputs and outputs."""
    import onnxruntime

    found = next((name for name in _ONNX_PLACES if (folder / name).is_file()), None)
    if found is None:
        raise DataError(
            f"{shown(folder)} holds neither model.onnx nor {DESCRIPTION}; give the folder that an ONNX model lies in"
        )
    onnxruntime.set_default_logger_severity(4)
    try:
        network = onnxruntime.InferenceSession(str(folder / found), providers=["CPUExecutionProvider"])
    except Exception as error:
        raise unusable(folder, error) from error
    inputs = {each.name for each in network.get_inputs()}
    shape = network.get_outputs()[0].shape
    like: Literal["colpali", "image", "text"] | None = None
    if "pixel_values" in inputs:
        like = "colpali" if "input_ids" in inputs else "image"
    elif "input_ids" in inputs:
        like = "text"
    if like is None or not isinstance(shape[-1], int):
        raise UsageError(
            f"can't tell how to run {shown(folder / found)} from its inputs and outputs; describe it in "
            f'{DESCRIPTION} beside it, as {{"like": "text", "dimension": 384, "pooling": "mean"}}'
        )
    return Description(like, shape[-1], model_file=found, pooling="mean" if len(shape) == 3 else "none")


def unusable(folder: Path, error: Exception) -> DataError:
    """Files of a model that can't be loaded."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return DataError(f"can't load the model in {shown(folder)}: {shown(lines[0])}; get its files again")


def _listed(what: Description, name: str) -> Any:
    from fastembed.common.model_description import DenseModelDescription, ModelSource

    return DenseModelDescription(
        model=name,
        sources=ModelSource(hf=name),
        model_file=what.model_file,
        description="",
        license=what.licence,
        size_in_GB=0.0,
        additional_files=list(what.additional_files),
        dim=what.dimension,
    )


def _loader(what: Description, name: str) -> type[Any]:
    """A class of fastembed that knows this model and no other."""
    from fastembed.image.onnx_embedding import OnnxImageEmbedding
    from fastembed.late_interaction.colbert import Colbert
    from fastembed.late_interaction.token_embeddings import TokenEmbeddingsModel
    from fastembed.late_interaction_multimodal.colpali import ColPali

    if what.like == "text":
        return _pooled(what, name)
    bases: dict[str, type[Any]] = {
        "colpali": ColPali,
        "colbert": Colbert,
        "tokens": TokenEmbeddingsModel,
        "image": OnnxImageEmbedding,
    }
    listed = [_listed(what, name)]
    return type("Described", (bases[what.like],), {"_list_supported_models": classmethod(lambda _: listed)})


def _pooled(what: Description, name: str) -> type[Any]:
    from fastembed.common.model_description import PoolingType
    from fastembed.text.custom_text_embedding import CustomTextEmbedding, PostprocessingConfig

    pooling = {
        "mean": PoolingType.MEAN,
        "cls": PoolingType.CLS,
        "last": PoolingType.LAST_TOKEN,
        "none": PoolingType.DISABLED,
    }[what.pooling]
    known = {name: PostprocessingConfig(pooling=pooling, normalization=what.normalize)}
    return type(
        "Described",
        (CustomTextEmbedding,),
        {"SUPPORTED_MODELS": [_listed(what, name)], "POSTPROCESSING_MAPPING": known},
    )
