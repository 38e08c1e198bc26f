from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace

import pytest

from qtui.bench.schedule import Turn, block_size, scans, turn_order, turns, warmup_queries
from qtui.records import Dataset


@pytest.mark.parametrize("variants", [2, 3, 4, 5, 8, 21])
def test_every_variant_follows_every_other_equally_often(variants):
    follows: Counter[tuple[int, ...]] = Counter()
    leads: Counter[int] = Counter()
    for number in range(2 * variants):
        order = turn_order(variants, number)
        assert sorted(order) == list(range(variants))
        follows.update(itertools.pairwise(order))
        leads[order[0]] += 1
    assert len(follows) == variants * (variants - 1)
    assert set(follows.values()) == {2}
    assert set(leads.values()) == {2}


def test_one_variant_and_none():
    assert turn_order(1, 7) == (0,)
    assert turn_order(0, 3) == ()


def test_turns_ask_every_variant_the_same_queries_in_the_same_order():
    found = list(turns(3, 7, 3, 2))
    assert len(found) == 3 * 3 * 2
    for variant in range(3):
        own = [(turn.repeat, turn.start, turn.stop) for turn in found if turn.variant == variant]
        assert own == [(r, s, min(s + 3, 7)) for r in range(2) for s in (0, 3, 6)]
    assert found[0] == Turn(0, 0, 0, 3)


def test_variants_take_turns_block_by_block():
    blocks = [tuple(turn.variant for turn in list(turns(3, 6, 3, 2))[at : at + 3]) for at in range(0, 12, 3)]
    assert all(sorted(block) == [0, 1, 2] for block in blocks)
    assert len(set(blocks)) > 1


def test_sizes():
    assert block_size(200, (1,)) == 25
    assert block_size(10, (1,)) == 10
    assert block_size(200, (1, 8)) == 64
    assert block_size(50, (16,)) == 50
    assert warmup_queries(30) == 30
    assert warmup_queries(5000) == 200
    assert warmup_queries(5000, scan=True) == 200
    assert warmup_queries(5000, survey=100) == 100
    assert warmup_queries(5000, survey=100, scan=True) == 25
    assert warmup_queries(10, survey=100, scan=True) == 10


def test_only_what_is_small_and_here_is_scanned():
    data = Dataset("a", 170_000, 384, False, "cosine", None, 10, "file", 10, None)
    assert scans(data, "embedded")
    assert not scans(data, "server")
    assert not scans(replace(data, points=180_000), "embedded")
    assert not scans(replace(data, multivector=True), "embedded")
