"""The notebook on the true ColPali, where its 6.5 GB are: what it prints there is compared in shape, order and scale.

`QTUI_TEST_COLPALI` names the folder of its files, or is `cache` for a model that was downloaded before.
"""

from __future__ import annotations

import os

import numpy as np
import pytest

from qtui.data.embed import open_embedder
from qtui.demos import MODEL, PAGES, QUERY
from qtui.embedders import EmbedderChoice
from qtui.pictured import sample_images

WHERE = os.environ.get("QTUI_TEST_COLPALI", "")
NOTEBOOK = (12.5780, 6.7059, 6.4723, 5.2878)
"""Its scores for the query, on pictures of its own."""

pytestmark = [
    pytest.mark.colpali,
    pytest.mark.skipif(not WHERE, reason="wants ColPali: QTUI_TEST_COLPALI=cache, or the folder of its files"),
]


def test_the_notebooks_scores_are_plausible() -> None:
    embedder = open_embedder(EmbedderChoice(MODEL, None if WHERE == "cache" else WHERE))
    try:
        pages = [embedder.embed_images([sample_images() / name])[0] for name in PAGES]
        query = embedder.embed_query(QUERY)
    finally:
        embedder.close()
    assert [page.shape for page in pages] == [(1030, 128)] * 4
    assert query.shape[1] == 128
    assert 5 <= len(query) <= 50
    for tokens in (*pages, query):
        assert np.linalg.norm(tokens, axis=1) == pytest.approx(1, abs=2e-2)
    scores = [float((query @ page.T).max(axis=1).sum()) for page in pages]
    best, *others = sorted(scores, reverse=True)
    assert scores[0] == best, "the report is about finance, the front pages are not"
    assert best / max(others) > 1.2, f"the notebook has {NOTEBOOK[0] / NOTEBOOK[1]:.2f}"
    assert 0.5 * NOTEBOOK[0] < best < 1.5 * NOTEBOOK[0]
    assert all(0.3 * NOTEBOOK[3] < score < 2 * NOTEBOOK[1] for score in others)
