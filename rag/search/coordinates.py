"""Terms of the same kind, read off the documents' own lists: 主席、副主席、秘书长."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property

from rag.language import questions


class Coordinates:
    """What the given texts list side by side."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = tuple(texts)

    def same_kind(self, term: str, text: str) -> str | None:
        """A stretch of ``text`` that the documents list beside ``term``, or that is built like it (常务会议, 全体会议)."""
        best = ""
        for first, middle, last in self._lists:
            if not (term in middle or first.endswith(term) or last.startswith(term)):
                continue
            pieces = [*middle, *(first[i:] for i in range(len(first) - 1)), *(last[:i] for i in range(2, len(last) + 1))]
            for piece in pieces:
                if piece in text and piece != term and term not in piece and piece not in term and len(piece) > len(best):
                    best = piece
        return best or _built_alike(term, text)

    @cached_property
    def _lists(self) -> tuple[tuple[str, tuple[str, ...], str], ...]:
        """First, middle and last terms of each list.

        Where the first term begins and the last one ends is not known; those in the middle are exact.
        """
        found: dict[tuple[str, tuple[str, ...], str], None] = {}
        for text in self._texts:
            for match in questions.COORDINATE.finditer(text):
                terms = [term for term in re.split(r"[、和或及]", match[0]) if len(term) >= 2]
                if len(terms) > 1:
                    found[(terms[0], tuple(terms[1:-1]), terms[-1])] = None
        return tuple(found)


def _built_alike(term: str, text: str) -> str | None:
    """A stretch of ``text`` as long as ``term`` with the same last characters."""
    size = len(term)
    for ending in (2, 1) if size <= 3 else (2,):
        at = text.find(term[-ending:])
        if size > ending and at >= size - ending and text[at - size + ending : at + ending] != term:
            window = text[at - size + ending : at + ending]
            if re.fullmatch(r"[\u4e00-\u9fffa-z0-9]+", window):
                return window
    return None
