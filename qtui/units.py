"""Numbers as people read them: binary units, milliseconds, ratios, durations. Standard library only.

A value that was not measured is `None` and shows as an en dash, never as 0.
"""

from __future__ import annotations

import re

ABSENT = "–"
_TYPED = re.compile(r"(\d{1,15}(?:\.\d{1,6})?) ?(?:([KMGT])(?:iB|B)?|B)?", re.IGNORECASE)
_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def size(count: float | None) -> str:
    """Bytes in binary units: 1536 → '1.5 KiB'."""
    if count is None:
        return ABSENT
    value, unit = float(count), 0
    while abs(value) >= 1023.95 and unit < len(_BINARY) - 1:
        value, unit = value / 1024, unit + 1
    return f"{value:.0f} B" if unit == 0 else f"{value:.1f} {_BINARY[unit]}"


def bytes_of(text: str) -> int | None:
    """Bytes as they are typed, in binary units too: '1500000', '512 MiB', '2G'; None for anything else."""
    found = _TYPED.fullmatch(text.strip())
    if found is None:
        return None
    value = float(found[1]) * 1024 ** "BKMGT".index((found[2] or "b").upper())
    return int(value) if 1 <= value <= 2**60 else None


def millis(ms: float | None) -> str:
    """Milliseconds with three significant figures, without the unit: 0.2143 → '0.214'."""
    if ms is None:
        return ABSENT
    if ms >= 100:
        return f"{ms:.0f}"
    return f"{ms:.1f}" if ms >= 10 else f"{ms:.2f}" if ms >= 1 else f"{ms:.3f}"


def ratio(value: float | None) -> str:
    """A factor: 31.96 → '32.0x'."""
    return ABSENT if value is None else f"{value:.1f}x" if abs(value) < 100 else f"{value:.0f}x"


def share(value: float | None) -> str:
    """Recall and other fractions, three digits: 0.98349 → '0.983'. Only an exact 1 shows as 1.000."""
    if value is None:
        return ABSENT
    return "0.999" if 0.9995 <= value < 1 else f"{value:.3f}"


def count(value: int | None) -> str:
    """A number of things, short: 24000 → '24,000', 4640000 → '4.64M'."""
    if value is None:
        return ABSENT
    if abs(value) < 1_000_000:
        return f"{value:,}"
    return f"{value / 1e6:.3g}M" if abs(value) < 999_500_000 else f"{value / 1e9:.3g}G"


def duration(seconds: float | None) -> str:
    """A time span: 0.42 → '0.4 s', 75 → '1:15', 3700 → '1:01:40'."""
    if seconds is None:
        return ABSENT
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s" if seconds < 59.5 else "1:00"
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
