"""Tiny networks with the inputs, outputs and shapes of real models, so that fastembed's own code runs on them.

Their weights are random (seeded): equal documents get equal vectors, and nothing else about a ranking means anything.
A model's folder is complete: network, external data where the real one has it, tokenizer, preprocessing.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors

_OPSET = [helper.make_opsetid("", 17)]
_TABLE = 512
IMAGE_TOKEN = 257_152
"""ColPali's placeholder for a patch of the image."""


def colpali(folder: Path, dimension: int = 128) -> Path:
    """input_ids, pixel_values, attention_mask → [B, tokens, 128]: a patch a placeholder, hashed tokens elsewhere."""
    nodes = [
        _node("Conv", ["pixel_values", "kernel"], "conv", kernel_shape=[14, 14], strides=[14, 14]),
        _node("Reshape", ["conv", "flat"], "flattened"),
        _node("Transpose", ["flattened"], "patches", perm=[0, 2, 1]),
        _node("Mod", ["input_ids", "table_size"], "hashed"),
        _node("Gather", ["table", "hashed"], "tokens"),
        _node("Concat", ["patches", "tokens"], "both", axis=1),
        _node("Shape", ["input_ids"], "length", start=1, end=2),
        _node("Slice", ["both", "zero", "length", "one"], "fitting"),
        _node("Equal", ["input_ids", "image_token"], "is_patch"),
        _node("Unsqueeze", ["is_patch", "last"], "where"),
        _node("Where", ["where", "fitting", "tokens"], "chosen"),
        *_normalised("chosen", "normal"),
        _node("Cast", ["attention_mask"], "mask", to=TensorProto.FLOAT),
        _node("Unsqueeze", ["mask", "last"], "wide"),
        _node("Mul", ["normal", "wide"], "output"),
    ]
    constants = {
        "kernel": _random(1, dimension, 3, 14, 14),
        "table": _random(2, _TABLE, dimension),
        "flat": np.array([0, dimension, -1], np.int64),
        "table_size": np.array(_TABLE, np.int64),
        "image_token": np.array(IMAGE_TOKEN, np.int64),
        "zero": np.array([0], np.int64),
        "one": np.array([1], np.int64),
        "last": np.array([-1], np.int64),
    }
    inputs = [_ids("input_ids"), _pixels(448), _ids("attention_mask")]
    _write(folder, nodes, inputs, constants, ["batch", "tokens", dimension], external=True)
    _text_files(folder, _bytes_tokenizer(["<s>", "<pad>"]), 50, "<pad>")
    _image_files(folder, 448)
    return folder


def colbert(folder: Path, dimension: int = 128) -> Path:
    """input_ids, attention_mask → [B, tokens, 128], normalised; no token_type_ids."""
    nodes = [
        _node("Mod", ["input_ids", "table_size"], "hashed"),
        _node("Gather", ["table", "hashed"], "tokens"),
        *_normalised("tokens", "output"),
    ]
    constants = {"table": _random(3, _TABLE, dimension), "table_size": np.array(_TABLE, np.int64)}
    _write(folder, nodes, [_ids("input_ids"), _ids("attention_mask")], constants, ["batch", "tokens", dimension])
    _text_files(folder, _bytes_tokenizer(["[CLS]", "[SEP]", "[PAD]", "[MASK]", "[UNK]"]), 512, "[PAD]")
    return folder


def dense_text(folder: Path, dimension: int = 384, file: str = "model.onnx", *, pooled: bool = False) -> Path:
    """input_ids, attention_mask, token_type_ids → [B, tokens, dimension]; pooled: [B, dimension]."""
    out = "tokens" if pooled else "output"
    nodes = [
        _node("Mod", ["input_ids", "table_size"], "hashed"),
        _node("Gather", ["table", "hashed"], "looked_up"),
        _node("Cast", ["token_type_ids"], "types", to=TensorProto.FLOAT),
        _node("Unsqueeze", ["types", "last"], "wide"),
        _node("Add", ["looked_up", "wide"], out),
    ]
    shape: list[str | int] = ["batch", "tokens", dimension]
    if pooled:
        nodes.append(_node("ReduceMean", ["tokens"], "output", axes=[1], keepdims=0))
        shape = ["batch", dimension]
    constants = {
        "table": _random(4, _TABLE, dimension),
        "table_size": np.array(_TABLE, np.int64),
        "last": np.array([-1], np.int64),
    }
    inputs = [_ids("input_ids"), _ids("attention_mask"), _ids("token_type_ids")]
    _write(folder, nodes, inputs, constants, shape, file=file)
    _text_files(folder, _bytes_tokenizer(["[PAD]", "[UNK]"]), 256, "[PAD]")
    return folder


def dense_image(folder: Path, dimension: int = 512, file: str = "model.onnx") -> Path:
    """pixel_values → [B, dimension]."""
    nodes = [
        _node("Conv", ["pixel_values", "kernel"], "conv", kernel_shape=[32, 32], strides=[32, 32]),
        _node("ReduceMean", ["conv"], "output", axes=[2, 3], keepdims=0),
    ]
    _write(folder, nodes, [_pixels(224)], {"kernel": _random(5, dimension, 3, 32, 32)}, ["batch", dimension], file=file)
    _image_files(folder, 224)
    return folder


def cached(cache: Path, repository: str) -> Path:
    """The folder of a repository's one revision in a cache of downloaded models, made as a download leaves it."""
    root = cache / f"models--{repository.replace('/', '--')}"
    (root / "refs").mkdir(parents=True, exist_ok=True)
    (root / "refs" / "main").write_text("0" * 40)
    folder = root / "snapshots" / ("0" * 40)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _node(operator: str, inputs: list[str], output: str, **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(operator, inputs, [output], **attributes)


def _normalised(name: str, output: str) -> list[onnx.NodeProto]:
    length = f"{output}_length"
    return [
        _node("ReduceL2", [name], length, axes=[-1], keepdims=1),
        _node("Div", [name, length], output),
    ]


def _ids(name: str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])


def _pixels(side: int) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["batch", 3, side, side])


def _random(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def _write(
    folder: Path,
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    constants: dict[str, np.ndarray],
    shape: list[str | int],
    *,
    file: str = "model.onnx",
    external: bool = False,
) -> None:
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, shape)
    weights = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "stand-in", inputs, [output], weights)
    model = helper.make_model(graph, opset_imports=_OPSET, ir_version=8)
    onnx.checker.check_model(model)
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_name(f"{file.rpartition('/')[2]}_data").unlink(missing_ok=True)
    onnx.save(model, str(path), save_as_external_data=external, location="model.onnx_data")


def _bytes_tokenizer(special: list[str]) -> Tokenizer:
    """Every byte is a token: no text is unknown."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate([*special, *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocabulary, []))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in special])
    if "[CLS]" in special:
        tokenizer.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]",
            special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])],
        )
    return tokenizer


def _text_files(folder: Path, tokenizer: Tokenizer, longest: int, pad: str) -> None:
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({"model_max_length": longest, "pad_token": pad}))


def _image_files(folder: Path, side: int) -> None:
    (folder / "preprocessor_config.json").write_text(
        json.dumps(
            {
                "image_processor_type": "SiglipImageProcessor",
                "do_resize": True,
                "size": {"height": side, "width": side},
                "resample": 3,
                "do_rescale": True,
                "rescale_factor": 1 / 255,
                "do_normalize": True,
                "image_mean": [0.5, 0.5, 0.5],
                "image_std": [0.5, 0.5, 0.5],
            }
        )
    )
