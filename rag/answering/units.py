"""A unit of a document → statements in its own words: heading, outline, opening, paragraph, item, cell.

What a question names is answered from here; what it only describes is judged, sentence by sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.language.locators import place_name
from rag.records import Locator, Node, Passage, Statement
from rag.search.snapshot import Snapshot

LIMIT = 200
"""Characters of an answer that is no list: it is read on a phone."""

WHOLE = 2 * LIMIT
"""Characters up to which a unit is shown whole to whoever asks what it says."""

SHORTEST = 24
"""Characters of a paragraph that are shown at least where all of them do not fit."""

CLAUSE = re.compile(r"[,;:，；：][”’]?")


class Units:
    """The units of one snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def passages(self, locator: Locator) -> list[Passage]:
        """The passages at a place or inside it, in reading order."""
        return [passage for passage in self._snapshot.passages if passage.locator.within(locator)]

    def heading(self, node: Node) -> Statement:
        """The unit's number and heading; an article's first words where it has no heading."""
        text = f"{node.label}{node.heading}"
        if node.kind != "article":
            return Statement(text, node.locator, text)
        place = place_name(self._snapshot.by_id[node.locator.document].entry, node.locator)
        first = self.passages(node.locator)[0].sentences[0].text
        return Statement(f"{place} {node.heading or begin(first, 40)}", node.locator, text if node.heading else first)

    def outline(self, node: Node) -> list[Statement]:
        """The headings of a unit's parts; none when they have no headings."""
        parts = [child for child in node.children if child.kind == "article" or (child.label and child.heading and not child.row)]
        return [self.heading(part) for part in parts]

    def content(self, node: Node, limit: int) -> tuple[Sequence[Statement], bool]:
        """What a unit says, within ``limit`` characters, and whether it takes a list to say it.

        The headings of its parts; else the unit whole; else the beginning of each of its paragraphs.
        """
        if outline := self.outline(node):
            return [self.heading(node), *outline], True
        passages = self.passages(node.locator)
        sentences = [(sentence.text, passage) for passage in passages for sentence in passage.sentences]
        if sum(len(text) for text, _ in sentences) <= limit:
            return [Statement(text, passage.locator, text) for text, passage in sentences], False
        paragraphs = list(self._paragraphs(node))
        if len(paragraphs) < 3:
            return list(self.opening(node, limit)), False
        share = max(SHORTEST, limit // len(paragraphs))
        return [Statement(begin(text, share), passage.locator, text) for text, passage in paragraphs], True

    def _paragraphs(self, node: Node) -> Iterator[tuple[str, Passage]]:
        """The first sentence of each paragraph and item of a unit."""
        passages = self.passages(node.locator)
        for child in node.children:
            for passage in passages:
                if sentence := next((s for s in passage.sentences if child.span[0] <= s.span[0] < child.span[1]), None):
                    yield sentence.text, passage
                    break

    def opening(self, node: Node, limit: int = LIMIT) -> Iterator[Statement]:
        """A unit from its beginning, whole sentences, up to the limit; a unit that fits, whole."""
        length = 0
        for passage in self.passages(node.locator):
            for sentence in passage.sentences:
                if length and length + len(sentence.text) > limit:
                    return
                length += len(sentence.text)
                yield Statement(clip(sentence.text, limit), passage.locator, sentence.text)

    def paragraph(self, node: Node, number: int) -> Iterator[Statement]:
        """第N款: the Nth paragraph of an article; a list belongs to the paragraph that introduces it."""
        paragraphs = [child for child in node.children if child.kind == "paragraph"]
        if not 1 <= number <= len(paragraphs):
            return
        span = paragraphs[number - 1].span
        length = 0
        for passage in self.passages(node.locator):
            for sentence in passage.sentences:
                if span[0] <= sentence.span[0] < span[1]:
                    if length and length + len(sentence.text) > LIMIT:
                        return
                    length += len(sentence.text)
                    yield Statement(clip(sentence.text, LIMIT), passage.locator, sentence.text)

    def cell(self, node: Node, column: str, *, bare: bool = False, limit: int = LIMIT) -> Statement:
        """A cell of a row, after the name of its column unless ``bare``."""
        cell = next(child for child in node.children if child.name == column)
        text = self._snapshot.by_id[node.locator.document].text[cell.span[0] : cell.span[1]].strip()
        return Statement(clip(text, limit) if bare else f"{column}:{clip(text, limit)}", node.locator, text)


def clip(text: str, limit: int) -> str:
    """At most ``limit`` characters, ended at a clause."""
    if len(text) <= limit:
        return text
    cuts = [match.start() for match in CLAUSE.finditer(text) if match.start() <= limit]
    return text[: cuts[-1]] if cuts else text[:limit]


def begin(text: str, limit: int) -> str:
    """The first clauses of a text, of about ``limit`` characters; never half a clause."""
    ends = [match.start() for match in CLAUSE.finditer(text)] or [len(text)]
    return text if len(text) <= limit else text[: max((end for end in ends if end <= limit), default=ends[0])]
