"""The questions in ``shipped/``: which sentence answers each, and those that the documents leave open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rag.language.text import squeeze
from rag.records import Locator
from rag.search.snapshot import Snapshot

SHIPPED = Path(__file__).parent / "shipped"


def left_open() -> Iterator[str]:
    """Near misses, in order."""
    for path in sorted((SHIPPED / "background").glob("*.txt")):
        yield from (line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip() and not line.startswith("#"))


def sentence_of(place: Locator, quote: str, taken: Snapshot) -> int:
    """The sentence at a place that shares most with a squeezed quote."""
    passages = [taken.passages[owner] for owner in taken.owners]
    inside = [i for i, p in enumerate(passages) if p.locator.within(place) or (place.within(p.unit) and p.unit.path)]
    return max(inside, key=lambda i: _shared(squeeze(taken.sentences[i].text), quote))


def _shared(text: str, quote: str) -> float:
    if text in quote or quote in text:
        return 1000.0 + min(len(text), len(quote))
    return len({text[i : i + 3] for i in range(len(text) - 2)} & {quote[i : i + 3] for i in range(len(quote) - 2)})
