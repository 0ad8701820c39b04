"""今年 and 去年, counted from the year that a document is about."""

from __future__ import annotations

import re

_YEAR = re.compile(r"(?<![\d〔])(20\d{2})(?=年|[-、和与到至]20\d{2}年)")

RELATIVE_YEARS = {"今年": 0, "本年": 0, "去年": -1, "上年": -1, "上一年": -1, "前年": -2, "明年": 1, "后年": 2}
"""Years that a word tells from the document's own."""


def is_relative(text: str) -> bool:
    """Whether a text speaks of a year without its number."""
    return any(word in text for word in RELATIVE_YEARS)


def years_in(text: str, base: int | None) -> tuple[int, ...]:
    """The years that a text speaks of, in its order; words like 今年 are counted from ``base`` where there is one."""
    found = {match.start(): int(match[1]) for match in _YEAR.finditer(text)}
    if base is not None:
        found.update({text.index(word): base + shift for word, shift in RELATIVE_YEARS.items() if word in text})
    return tuple(dict.fromkeys(found[at] for at in sorted(found)))
