"""The files of a shard, read without opening it: segments, what is built in them, bytes by component, checksums.

Knows the layout that the embedded engine 0.9 writes, and not the engine itself. Sizes come from the files:

- disk: allocated blocks, for most files are sparse;
- page cache: pages that are resident now, by mincore on a mapping of each file (Linux; None elsewhere);
- heap: what the engine copies into memory of its own when it opens the shard. Only what is pinned is copied, byte for
  byte as in the file (the growth of RssAnon over loading differs from the file's size by less than 0.1%):
  `quantized.data` where it is pinned, or says `always_ram`, or says nothing while the originals are not on disk;
  the graph's links where it is pinned; never originals. For payload and other components it isn't known.
"""

from __future__ import annotations

import json
import mmap
import os
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from qtui.engine.store import FileSum
from qtui.errors import DataError, shown
from qtui.model import COMPONENTS, Bytes

_BLOCK = 512
_SAMPLE, _SAMPLES = 64 * 1024, 16
_WHOLE_BELOW = 4 * 1024 * 1024
_OFFSET_BYTES = 12
"""One multivector's record in `offsets/`: first token, tokens and capacity, 32 bits each."""


@dataclass(frozen=True)
class Segment:
    """One segment's folder."""

    path: Path
    config: dict[str, Any]
    """`config` of segment.json."""

    @property
    def appendable(self) -> bool:
        """Whether points are still written here; a built segment never changes but by deletions."""
        return not (self.path / "id_tracker.mappings").exists()

    @cached_property
    def points(self) -> int:
        """Points that live here, as far as they were flushed."""
        prefix = "mutable_id_tracker" if self.appendable else "id_tracker"
        stored = _size(self.path / f"{prefix}.versions") // 8
        if self.appendable:
            return stored
        return stored - int.from_bytes(_bytes(self.path / "id_tracker.deleted"), "little").bit_count()

    def vector(self, name: str) -> SegmentVector:
        """One vector's part of the segment."""
        return SegmentVector(self, name)


@dataclass(frozen=True)
class SegmentVector:
    """What a segment holds of one vector."""

    segment: Segment
    name: str

    @property
    def _storage(self) -> Path:
        return self.segment.path / (f"vector_storage-{self.name}" if self.name else "vector_storage")

    @property
    def _index(self) -> Path:
        return self.segment.path / (f"vector_index-{self.name}" if self.name else "vector_index")

    @cached_property
    def config(self) -> dict[str, Any]:
        """Its entry in segment.json."""
        found: dict[str, Any] = self.segment.config.get("vector_data", {}).get(self.name, {})
        return found

    @property
    def indexed(self) -> bool:
        """Whether a graph, or with m=0 the index that scans quantized data, is there."""
        return bool(self.config.get("index", {}).get("type") == "hnsw")

    @property
    def scanned(self) -> bool:
        """Whether its index has no graph though one was asked for: there are too few vectors."""
        config = _json(self._index / "hnsw_config.json")
        return bool(config.get("m")) and config.get("indexed_vector_count", 0) < config.get("full_scan_threshold", 0)

    @property
    def on_disk(self) -> bool:
        """Whether originals stay on disk instead of being read into the page cache."""
        return not str(self.config.get("storage_type", "")).startswith("InRam")

    @cached_property
    def _quantized_config(self) -> dict[str, Any]:
        return _json(self._storage / "quantized.config.json")

    @property
    def method(self) -> str | None:
        """The method that its quantized data was made with; None when there is none."""
        config = self._quantized_config.get("quantization_config")
        return method_of(config) if config and self.quantized_vectors else None

    @property
    def quantization(self) -> dict[str, Any]:
        """The quantization settings that its quantized data was made with."""
        return dict(self._quantized_config.get("quantization_config") or {})

    @cached_property
    def quantized_vectors(self) -> int:
        """Vectors (tokens) that have quantized data."""
        if (self._storage / "quantized.data").exists():
            return int(self._quantized_config.get("vector_parameters", {}).get("count", 0))
        return _length(self._storage / "quantized_data")

    @cached_property
    def quantized_bytes(self) -> int:
        """Bytes of quantized vectors: the file's length, or vectors times the width of the growing storage."""
        fixed = self._storage / "quantized.data"
        if fixed.exists():
            return _size(fixed)
        return self.quantized_vectors * int(_json(self._storage / "quantized_data" / "config.json").get("dim", 0))

    def vectors(self, row_bytes: int) -> int:
        """Vectors (tokens of all points, for a multivector) of `row_bytes` each."""
        fixed = self._storage / "matrix.dat"
        if fixed.exists():
            return _size(fixed) // row_bytes
        offsets = self._storage / "offsets"
        return _tokens(offsets) if offsets.exists() else _length(self._storage / "vectors")

    def heap(self, component: str) -> int:
        """Bytes of `quantized` or `graph` that are copied to the heap; see the module's text."""
        if component == "graph":
            pinned = self.config.get("index", {}).get("options", {}).get("memory") == "pinned"
            return sum(_size(path) for path in self._index.glob("links*.bin")) if pinned else 0
        options: dict[str, Any] = next(iter(self.quantization.values()), {})
        memory = options.get("memory")
        pinned = memory == "pinned" or (memory is None and (bool(options.get("always_ram")) or not self.on_disk))
        return _size(self._storage / "quantized.data") if pinned else 0


def segments(shard: Path) -> tuple[Segment, ...]:
    """All segments of a shard, by folder name. Raises DataError when one can't be read."""
    found = []
    with suppress(FileNotFoundError):
        for path in sorted((shard / "segments").iterdir()):
            if (path / "version.info").exists():  # without it a segment was never finished, and the engine drops it
                config = _json(path / "segment.json").get("config")
                if not isinstance(config, dict):
                    raise DataError(
                        f"the segment {shown(path.name)} is damaged: delete the collection and load it again"
                    )
                found.append(Segment(path, config))
    return tuple(found)


def method_of(config: dict[str, Any]) -> str | None:
    """The catalogue's name of a quantization as the engine writes it: {'turbo': {'bits': 'bits4'}} → turbo-4bit."""
    family, options = next(iter(config.items()))
    options = options or {}
    bits = {"bits1": "1bit", "bits1_5": "1.5bit", "bits2": "2bit", "bits4": "4bit", "bits8": "8bit"}
    encodings = {"two_bits": "binary-2bit", "one_and_half_bits": "binary-1.5bit"}
    if family == "binary":
        return encodings.get(options.get("encoding") or "", "binary")
    if family == "product":
        return f"product-{options.get('compression')}"
    if family == "turbo":
        return f"turbo-{bits.get(options.get('bits') or 'bits4')}"
    return "scalar" if family == "scalar" else None


# --- bytes ----------------------------------------------------------------------------------------------------


def memory(root: Path) -> dict[str, Bytes]:
    """Component → bytes of a collection's folder; `shard` inside it holds what is not `other`."""
    disk = dict.fromkeys(COMPONENTS, 0)
    cached: dict[str, int | None] = dict.fromkeys(COMPONENTS, 0 if sys.platform == "linux" else None)
    for path in _files(root):
        component = component_of(path.relative_to(root).parts)
        with suppress(OSError):  # the engine may remove a file at any time
            disk[component] += allocated(path)
            so_far = cached[component]
            if so_far is not None:
                pages = resident(path)
                cached[component] = None if pages is None else so_far + pages
    found = segments(root / "shard")
    heap: dict[str, int | None] = dict.fromkeys(COMPONENTS)
    heap["originals"] = 0
    for component in ("quantized", "graph"):
        heap[component] = sum(s.vector(name).heap(component) for s in found for name in s.config.get("vector_data", {}))
    return {name: Bytes(heap[name], cached[name], disk[name]) for name in COMPONENTS}


def component_of(parts: tuple[str, ...]) -> str:
    """The component that a file belongs to, by its path inside the collection's folder."""
    if len(parts) < 5 or parts[1] != "segments":
        return "other"
    folder, inner = parts[3], parts[4]
    if folder.startswith("vector_storage"):
        return "quantized" if inner.startswith("quantized") else "originals"
    if folder.startswith("vector_index"):
        return "graph"
    return "payload" if folder in ("payload_storage", "payload_index") else "other"


def allocated(path: Path) -> int:
    """Bytes that a file takes on disk; its length where the system doesn't say."""
    status = path.stat()
    return int(status.st_blocks * _BLOCK if hasattr(status, "st_blocks") else status.st_size)


def disk_bytes(root: Path) -> int:
    """Bytes that all files below a folder take on disk."""
    total = 0
    for path in _files(root):
        with suppress(OSError):
            total += allocated(path)
    return total


def resident(path: Path) -> int | None:
    """Bytes of a file that are in the page cache now. None where the system can't tell."""
    ask = _mincore()
    size = path.stat().st_size
    if ask is None or size == 0:
        return None if ask is None else 0
    pages = np.zeros(-(-size // mmap.PAGESIZE), np.uint8)
    with path.open("rb") as file, mmap.mmap(file.fileno(), size, prot=mmap.PROT_READ) as mapping:
        view = np.frombuffer(mapping, np.uint8)
        failed = ask(view.ctypes.data, size, pages.ctypes.data)
        del view  # the mapping can't be closed while it is looked at
    return None if failed else min(int((pages & 1).sum()) * mmap.PAGESIZE, size)


def _mincore() -> Callable[[int, int, int], int] | None:
    if sys.platform != "linux":
        return None
    import ctypes

    call = ctypes.CDLL(None, use_errno=True).mincore
    call.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)
    call.restype = ctypes.c_int
    return call


def evict(root: Path) -> bool:
    """Drops all pages of a folder's files from the page cache. False where the system can't."""
    if not hasattr(os, "posix_fadvise"):
        return False
    for path in _files(root):
        with suppress(OSError), path.open("rb") as file:
            os.fsync(file.fileno())  # dirty pages can't be dropped
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return True


# --- proof that files are the ones written ----------------------------------------------------------------------

_UNCHANGING = ("matrix.dat", "quantized.", "links", "graph.bin", "id_tracker.mappings", "chunk_")


def checksums(shard: Path) -> dict[str, FileSum]:
    """Path in the shard → checksum, of every file of built segments that never changes again."""
    sums = {}
    for segment in segments(shard):
        if segment.appendable:
            continue
        for path in _files(segment.path):
            if path.name.startswith(_UNCHANGING) and "payload" not in path.relative_to(segment.path).parts[0]:
                sums[path.relative_to(shard).as_posix()] = file_sum(path)
    return sums


def file_sum(path: Path) -> FileSum:
    """A file's length and CRC-32; of a large one, of samples spread over it, so that it isn't read whole."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if size <= _WHOLE_BELOW:
            return FileSum(size, zlib.crc32(file.read()))
        crc = 0
        for sample in range(_SAMPLES):
            file.seek((size - _SAMPLE) * sample // (_SAMPLES - 1))
            crc = zlib.crc32(file.read(_SAMPLE), crc)
        return FileSum(size, crc)


def verify(shard: Path, sums: dict[str, FileSum], name: str, *, read: bool = True) -> None:
    """Raises DataError for a file that is missing or is not the one that was written; unread, by its length alone."""
    for relative, expected in sums.items():
        path = shard / relative
        try:
            same = file_sum(path) == expected if read else path.stat().st_size == expected.size
        except OSError:
            same = False
        if not same:
            raise DataError(f"{shown(name)} is damaged ({shown(relative)}): delete it and load it again")


# --- reading ------------------------------------------------------------------------------------------------------


def _files(root: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(root):
        for name in names:
            yield Path(folder, name)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _length(chunked: Path) -> int:
    """Rows of a storage that grows in chunks."""
    return int.from_bytes(_bytes(chunked / "status.dat")[:8], "little")


def _tokens(offsets: Path) -> int:
    """Tokens of all multivectors whose records are in `offsets`."""
    left, total = _length(offsets), 0
    for chunk in sorted(offsets.glob("chunk_*.mmap"), key=lambda path: int(path.stem.removeprefix("chunk_"))):
        records = np.fromfile(chunk, np.uint32, count=min(left, _size(chunk) // _OFFSET_BYTES) * 3)
        total += int(records[1::3].sum())
        left -= len(records) // 3
    return total
