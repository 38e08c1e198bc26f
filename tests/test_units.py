"""Numbers as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtui import units


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (2**20 - 1, "1.0 MiB"),
        (5 * 2**30, "5.0 GiB"),
    ],
)
def test_sizes_are_binary(count, shown):
    assert units.size(count) == shown


@given(st.integers(0, 2**60))
def test_a_size_is_never_wider_than_its_column(count):
    assert len(units.size(count)) <= len("1023.9 KiB")


@pytest.mark.parametrize(("ms", "shown"), [(0.2143, "0.214"), (1.234, "1.23"), (12.34, "12.3"), (123.4, "123")])
def test_milliseconds_keep_three_figures(ms, shown):
    assert units.millis(ms) == shown


def test_recall_shows_one_only_when_it_is_one():
    assert units.share(1.0) == "1.000"
    assert units.share(0.99999) == "0.999"
    assert units.share(0.98349) == "0.983"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.42, "0.4 s"), (9.96, "10 s"), (59.7, "1:00"), (75, "1:15"), (3599.6, "1:00:00"), (3700, "1:01:40")],
)
def test_durations(seconds, shown):
    assert units.duration(seconds) == shown


@pytest.mark.parametrize("show", [units.size, units.millis, units.ratio, units.share, units.count, units.duration])
def test_what_was_not_measured_is_not_zero(show):
    assert show(None) == units.ABSENT


@pytest.mark.parametrize(("number", "shown"), [(999_999, "999,999"), (4_640_000, "4.64M"), (2_000_000_000, "2G")])
def test_counts(number, shown):
    assert units.count(number) == shown
