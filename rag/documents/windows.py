"""Passages → Windows: what the reader sees at once. Neighbouring sentences of one unit, with the opening that they go on from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rag.records import Passage, Window

VERSION = "1"
"""Changes when the same passages give other windows; part of the index's fingerprint."""

LENGTH = 240
"""Characters a window has at most, unless one sentence alone is longer: the longest hundredth of windows has 198 tokens with its lead."""


def split_windows(passages: Sequence[Passage]) -> tuple[Window, ...]:
    """All windows, in reading order. A window never crosses a unit; its sentences are numbered through all passages."""
    windows: list[Window] = []
    first = 0
    group: list[tuple[Passage, int]] = []  # a sentence's passage, and its position among all
    for passage in passages:
        if group and group[-1][0].unit != passage.unit:
            windows.extend(_pack(group))
            group = []
        group.extend((passage, first + i) for i in range(len(passage.sentences)))
        first += len(passage.sentences)
    windows.extend(_pack(group))
    return tuple(windows)


def _pack(group: Sequence[tuple[Passage, int]]) -> Iterator[Window]:
    start, length, base = 0, 0, group[0][1] if group else 0
    for i, (passage, position) in enumerate(group):
        size = len(passage.sentences[position - _first(group, i)].text)
        if i > start and length + size > LENGTH:
            yield _window(group[start:i], base)
            start, length = i, 0
        length += size
    if group:
        yield _window(group[start:], base)


def _first(group: Sequence[tuple[Passage, int]], i: int) -> int:
    """Position of the first sentence of the i-th sentence's passage."""
    while i and group[i - 1][0] is group[i][0]:
        i -= 1
    return group[i][1]


def _window(part: Sequence[tuple[Passage, int]], base: int) -> Window:
    passage, position = part[0]
    lead = passage.heading if position > base and passage.heading and passage.heading not in passage.breadcrumb else ""
    return Window(passage.unit, range(position, part[-1][1] + 1), " ".join(filter(None, (passage.breadcrumb, lead))))


def readable(passage: Passage, text: str) -> str:
    """A sentence as the reader sees it: a table's cell after its column's name."""
    return f"{passage.name}:{text}" if passage.name and not text.startswith(passage.name) else text
