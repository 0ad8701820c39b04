"""A Document → the Passages that are embedded. None crosses an article, a section or a row."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.records import Document, Locator, Node, NodeKind, Passage, Sentence, Span

VERSION = "1"
"""Changes when the same document gives other passages; part of the index's fingerprint."""

WINDOW = 180
"""Characters a passage aims at: sentences are added until it is exceeded. Measured with `ningwen eval`."""

_BREAK = re.compile(r"[。!?;！？；][”’」』)）]*|\n")
_UNITS: frozenset[NodeKind] = frozenset({"front", "part", "chapter", "section", "subsection", "article", "tail", "annex", "row"})


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the tree a paragraph stands."""

    unit: Locator
    locator: Locator
    trail: tuple[str, ...]
    heading: str
    name: str
    year: int | None
    label: str = ""  # of an article or item whose first paragraph comes next


def split_passages(documents: Sequence[Document]) -> tuple[Passage, ...]:
    """All passages of all documents, numbered in reading order."""
    passages: list[Passage] = []
    for document in documents:
        for place, span in _paragraphs(document):
            for window in _windows(document.text, span):
                start, end = window[0].span[0], window[-1].span[1]
                passages.append(
                    Passage(
                        len(passages),
                        place.locator,
                        place.unit,
                        " ".join((document.entry.short_title, *place.trail)),
                        place.heading,
                        place.name,
                        place.year,
                        (start, end),
                        document.text[start:end],
                        tuple(window),
                    )
                )
    return tuple(passages)


def split_sentences(text: str, span: Span) -> Iterator[Sentence]:
    """The quotable sentences of a stretch: ended by 。!?; with closing quotes; blanks at the ends cut off."""
    start = span[0]
    for found in _BREAK.finditer(text, span[0], span[1]):
        yield from _sentence(text, start, found.end())
        start = found.end()
    yield from _sentence(text, start, span[1])


def _sentence(text: str, start: int, end: int) -> Iterator[Sentence]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if end > start:
        yield Sentence((start, end), text[start:end])


def _windows(text: str, span: Span) -> Iterator[list[Sentence]]:
    window: list[Sentence] = []
    for sentence in split_sentences(text, span):
        if window and sentence.span[1] - window[0].span[0] > WINDOW:
            yield window
            window = []
        window.append(sentence)
    if window:
        yield window


def _paragraphs(document: Document) -> Iterator[tuple[_Place, Span]]:
    root = _Place(document.root.locator, document.root.locator, (), "", "", None)
    yield from _descend(document, document.root, root)


def _descend(document: Document, node: Node, place: _Place) -> Iterator[tuple[_Place, Span]]:
    here = _enter(document, node, place)
    if node.kind == "front":  # title, number and dates are short lines that explain each other
        yield here, node.span
        return
    if not node.children:
        if node.span[1] > node.span[0] and here.name != "序号":
            yield here, _without_label(document, node, place)
        return
    for child in node.children:
        if _is_title(document, node, child):
            continue
        yield from _descend(document, child, here)


def _without_label(document: Document, node: Node, place: _Place) -> Span:
    """The stretch after 「二十一、」 or 「(八)」, which the citation says better."""
    start, end = node.span
    label = place.label
    if label and document.text.startswith(label, start) and end - start > len(label):
        start += len(label)
    return start, end


def _enter(document: Document, node: Node, place: _Place) -> _Place:
    trail, unit, year, heading = place.trail, place.unit, place.year, place.heading
    if node.kind == "part" and document.entry.part_years:
        index = int(node.locator.path[0]) - 1
        year = document.entry.part_years[index] if index < len(document.entry.part_years) else None
    if node.kind in _UNITS:
        unit, heading = node.locator, node.heading
    if node.label:
        trail = (*trail, _step(node))
    if node.kind == "item":
        heading = _introduction(document, node, place)
    label = node.label if node.kind in ("article", "item", "subitem") else ""
    return _Place(unit, node.locator, trail, heading, node.name or place.name, year, label)


def _step(node: Node) -> str:
    number = node.label.rstrip("、.．:：")
    if node.kind == "article" and not number.startswith("第"):
        number = f"第{number}条"
    if node.kind == "row":
        number = f"第{number}项"
    return f"{number}{node.heading}" if node.kind != "item" else number


def _introduction(document: Document, node: Node, place: _Place) -> str:
    """The sentence that introduces the list an item stands in: 「…的主要任务是:」."""
    before = document.text[: node.span[0]]
    colon = max(before.rfind(":"), before.rfind("："))
    if colon < 0:
        return place.heading
    start = max(before.rfind(mark, 0, colon) for mark in "。;；\n")
    return before[start + 1 : colon].strip()


def _is_title(document: Document, node: Node, child: Node) -> bool:
    """A section's heading on a line of its own is in every breadcrumb below it; it is no passage.

    That of a part or chapter is one: it is where a question about the whole of it leads.
    """
    if child.kind != "paragraph" or child is not node.children[0] or not node.label:
        return False
    if node.kind in ("part", "chapter", "annex"):
        return False
    return document.text[child.span[0] : child.span[1]] == f"{node.label}{node.heading}" and len(node.children) > 1
