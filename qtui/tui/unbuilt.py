"""What the Search tab says before its answers: what is configured and not built, and what stands in for a model.

No widget.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.text import Text

from qtui.demos import DOCUMENTS_NAME
from qtui.loads import DEFAULT_THRESHOLD_KB
from qtui.model import CollectionView
from qtui.searching.columns import Column
from qtui.tui.setupform import below_threshold
from qtui.tui.text import clean
from qtui.tui.theme import DIM, KEY, WARN


@dataclass(frozen=True, slots=True)
class Unbuilt:
    """A vector whose quantization is configured and isn't there in every segment that holds points."""

    collection: str
    vector: str
    method: str
    built: int
    of: int
    why: str
    """'' where the threshold is not the reason."""


def unbuilt(views: Iterable[CollectionView], columns: Sequence[Column]) -> tuple[Unbuilt, ...]:
    """Those that the columns search, each once."""
    known = {view.name: view for view in views}
    places = dict.fromkeys((column.collection, column.using) for column in columns)
    return tuple(_found(known[name], using) for name, using in places if _is_unbuilt(known.get(name), using))


def _is_unbuilt(view: CollectionView | None, using: str) -> bool:
    vector = next((each for each in view.vectors if each.spec.name == using), None) if view is not None else None
    return vector is not None and vector.spec.quantization is not None and not vector.built.complete


def _found(view: CollectionView, using: str) -> Unbuilt:
    vector = view.vector(using)
    assert vector.spec.quantization is not None
    kb = vector.vectors * vector.spec.size * 4 // 1024
    threshold = view.spec.indexing_threshold_kb
    limit = DEFAULT_THRESHOLD_KB if threshold is None else threshold
    method = vector.spec.quantization.method
    why = below_threshold(view.points, kb, limit, [method]) if kb < limit else ""
    return Unbuilt(view.name, using, method, vector.built.segments, vector.built.of, why)


def told(views: Sequence[CollectionView], columns: Sequence[Column], *, key: str) -> Text:
    """What to know about the columns before comparing them; `key` builds what isn't, '' where nothing may."""
    return Text("\n").join(_lines(views, columns, key))


def _lines(views: Sequence[CollectionView], columns: Sequence[Column], key: str) -> Iterator[Text]:
    shown = {column.collection for column in columns}
    if any(view.name in shown and (view.origin or "").startswith(DOCUMENTS_NAME) for view in views):
        yield Text("token vectors of the documents' texts here, not ColPali's of their pictures", DIM)
    for each in unbuilt(views, columns):
        name = clean(each.collection, 40)
        text = Text.assemble(("⚠ ", WARN), f"{name}: {each.built} of {each.of} segments quantized")
        if key:
            text.append_text(Text.assemble("; ", (key, KEY), " builds it"))
        if each.why:
            text.append(f". {each.why}")
        yield text
