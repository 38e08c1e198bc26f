"""The catalogue. That its bytes are those of the real files is tested with the engine."""

import pytest

from qtui.errors import UsageError
from qtui.methods import METHODS, method
from qtui.model import Distance


@pytest.mark.parametrize(
    ("name", "at_384"),
    [
        ("scalar", 388),
        ("binary", 48),
        ("binary-1.5bit", 80),
        ("binary-2bit", 96),
        ("product-x4", 384),
        ("product-x16", 96),
        ("product-x64", 24),
        ("turbo-1bit", 56),
        ("turbo-1.5bit", 80),
        ("turbo-2bit", 104),
        ("turbo-4bit", 200),
        ("turbo-8bit", 388),
    ],
)
def test_bytes_of_a_384_dimensional_vector(name, at_384):
    assert method(name).bytes_per_vector(384, Distance.COSINE) == at_384


def test_none_quantizes_nothing():
    assert method("none").bytes_per_vector(384, Distance.COSINE) is None
    assert method("none").compression(384, Distance.COSINE) == 1.0


def test_turbo_keeps_more_for_euclid():
    for name, at_least in (("turbo-4bit", 4), ("turbo-8bit", 4)):
        cosine = method(name).bytes_per_vector(384, Distance.COSINE)
        euclid = method(name).bytes_per_vector(384, Distance.EUCLID)
        assert cosine is not None
        assert euclid == cosine + at_least


def test_one_and_a_half_bits_compress_21_times_not_24():
    assert method("binary-1.5bit").compression(1536, Distance.COSINE) == pytest.approx(21.33, abs=0.01)


def test_chart_letters_are_unique():
    letters = [entry.letter for entry in METHODS.values()]
    assert len(set(letters)) == len(letters)
    assert all(letter.isalpha() and letter.isupper() for letter in letters)


def test_the_catalogue_holds_every_method_once():
    assert list(METHODS) == [
        "none", "scalar", "binary", "binary-1.5bit", "binary-2bit",
        "product-x4", "product-x8", "product-x16", "product-x32", "product-x64",
        "turbo-1bit", "turbo-1.5bit", "turbo-2bit", "turbo-4bit", "turbo-8bit",
    ]  # fmt: skip


def test_rescoring_is_on_by_default_below_four_bits_of_binary_and_turbo_only():
    on = {name for name, entry in METHODS.items() if entry.default_rescore}
    assert on == {"binary", "binary-1.5bit", "binary-2bit", "turbo-1bit", "turbo-1.5bit", "turbo-2bit"}


def test_an_unknown_method_is_refused_with_the_names():
    with pytest.raises(UsageError, match=r"no method 'ternary'; choose from none, .*binary-2bit"):
        method("ternary")
