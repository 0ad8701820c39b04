"""Query + Hits → the messages that a chat model gets: whole units, best first, as many as the token budget holds.

A passage goes in under an opaque key that says nothing about its place; the model cites keys, code turns them into
labels. Text of documents and people is neutralised, so that it can't leave the block it stands in.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.answering import texts
from rag.answering.templates import load_template, neutralise
from rag.language.numerals import CHINESE, NUMBER
from rag.language.tokens import TokenCounter
from rag.language.years import RELATIVE_YEARS
from rag.records import Hit, Locator, Messages, Node, Passage, Query, Span
from rag.search.snapshot import Snapshot

UNITS = 4
"""Units that a prompt holds at most; with more, small models quote the wrong one. Two for each part of a question in parts."""

_LETTERS, _DIGITS = "abcdefghjkmnpqrstuvwxyz", "23456789"
_NUMBERING = re.compile(rf"^(?:第?{NUMBER}(?:条|章|项|节|编|部分|款)?|[(（]{CHINESE}[)）])[、.．]?")
_PROCEDURE = re.compile(r"怎么(?:办|报|申请|请假|走|操作|处理|报批)|如何(?:办|报|申请|请假|处理|报批)|流程|步骤|程序|手续|哪几关|要走什么")


@dataclass(frozen=True, slots=True)
class Source:
    """A quotable sentence of a passage in a prompt."""

    locator: Locator
    span: Span
    text: str
    context: str  # headings above it and, of a table's cell, its column
    year: int | None
    group: int  # of sentences that are about one thing: a paragraph, a table's row


@dataclass(frozen=True, slots=True)
class Piece:
    """One unit of a prompt, under its key."""

    key: str
    unit: Locator
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is sent, what each key stands for, and what found no room."""

    messages: Messages
    pieces: dict[str, Piece]
    tokens: int
    left_out: tuple[Locator, ...]


def build_prompt(
    query: Query, hits: Sequence[Hit], snapshot: Snapshot, counter: TokenCounter, *, max_tokens: int, tables: bool = False
) -> Prompt:
    """The prompt for a question, of at most ``max_tokens``; the first unit gets at least its best passage even beyond that."""
    example = _key(query.standalone, hits[0].unit, {}) if hits else ""
    shape = load_template(_shape(query, tables)).text
    system = load_template("answer").fill(key=example, not_stated=texts.NOT_STATED, shape=shape)
    frame = load_template("question").fill(passages="", years=_years(query, snapshot), question=neutralise(query.standalone))
    room = max_tokens - counter.count(system) - counter.count(frame) - 16  # what chat templates add around two messages
    wanted = hits[: max(UNITS, 2 * len(query.facets))]
    blocks: list[str] = []
    pieces: dict[str, Piece] = {}
    left_out: list[Locator] = []
    for hit in wanted:
        key = _key(query.standalone, hit.unit, pieces)
        passages = [snapshot.passages[i] for i in hit.passages]
        block = _block(key, hit.unit, passages, snapshot)
        if (cost := counter.count(block)) > room and not pieces:
            passages = _fitting(key, hit, room, snapshot, counter)
            block = _block(key, hit.unit, passages, snapshot)
            cost = counter.count(block)
            left_out.extend(dict.fromkeys(snapshot.passages[i].locator for i in hit.passages if snapshot.passages[i] not in passages))
        elif cost > room:
            left_out.append(hit.unit)
            continue
        room -= cost
        blocks.append(block)
        pieces[key] = Piece(key, hit.unit, _sources(hit.unit, passages, snapshot))
    left_out.extend(hit.unit for hit in hits[len(wanted) :])
    user = load_template("question").fill(
        passages="\n\n".join(blocks), years=_years(query, snapshot), question=neutralise(query.standalone)
    )
    return Prompt((("system", system), ("user", user)), pieces, max_tokens - room, tuple(left_out))


def _shape(query: Query, tables: bool) -> str:
    if query.shape == "compare":
        return "shape-table" if tables else "shape-compare"
    if query.shape == "list":
        return "shape-list"
    return "shape-procedure" if _PROCEDURE.search(query.standalone) else "shape-fact"


def _years(query: Query, snapshot: Snapshot) -> str:
    """What 今年 means in the question, a line; "" when it names no such year."""
    base = max((document.entry.year for document in snapshot.documents if document.entry.part_years), default=None)
    words = [word for word in RELATIVE_YEARS if word in query.standalone]
    if base is None or not words:
        return ""
    return "，".join(f"“{word}”指{base + RELATIVE_YEARS[word]}年" for word in words) + "，答复中写明年份。\n"


def _key(question: str, unit: Locator, taken: dict[str, Piece]) -> str:
    """Letter, digit, letter: not to be guessed by a text that wants to be cited, the same each time for one question."""
    for attempt in range(1000):
        number = int.from_bytes(hashlib.sha256(f"{question}|{unit}|{attempt}".encode()).digest()[:6], "big")
        number, last = divmod(number, len(_LETTERS))
        number, digit = divmod(number, len(_DIGITS))
        key = f"{_LETTERS[number % len(_LETTERS)]}{_DIGITS[digit]}{_LETTERS[last]}"
        if key not in taken:
            return key
    raise AssertionError("more units than keys")


def _fitting(key: str, hit: Hit, room: int, snapshot: Snapshot, counter: TokenCounter) -> list[Passage]:
    """The best passages of a unit that is too long whole."""
    chosen: list[Passage] = []
    for identity in hit.passages:
        more = [*chosen, snapshot.passages[identity]]
        if chosen and counter.count(_block(key, hit.unit, more, snapshot)) > room:
            break
        chosen = more
    return chosen


def _block(key: str, unit: Locator, passages: Sequence[Passage], snapshot: Snapshot) -> str:
    """One unit as the model sees it, in reading order."""
    entry = snapshot.by_id[unit.document].entry
    ordered = sorted(passages, key=lambda passage: passage.id)
    lines = [f"{p.name}：{p.text}" if p.name else p.text for p in ordered if p.name != "事项"]
    lines.extend(f"{child.label}{child.heading}" for child in _headed(unit, snapshot))
    years = {passage.year for passage in passages if passage.year}
    return load_template("passage").fill(
        key=key,
        place=neutralise(" ".join([f"《{entry.title}》", *_trail(unit, snapshot)])),
        year=str(years.pop() if len(years) == 1 else entry.year),
        status=texts.STATUS_NAMES[entry.status],
        text=neutralise("\n".join(lines)),
    )


@lru_cache(maxsize=2048)
def _trail_of(breadcrumb: str) -> tuple[str, ...]:
    return tuple(step for step in (_NUMBERING.sub("", part) for part in breadcrumb.split(" ")[1:]) if step and step != "附件")


def _trail(unit: Locator, snapshot: Snapshot) -> tuple[str, ...]:
    """The headings above a unit without their numbers: the model is not told a number that it could get wrong."""
    passage = next((p for p in snapshot.passages if p.unit == unit), None)
    return _trail_of(passage.breadcrumb) if passage else ()


def _headed(unit: Locator, snapshot: Snapshot) -> list[Node]:
    """Sections below a unit that have a heading and passages of their own: 「八项民生工程」 are such sections."""
    node = snapshot.nodes.get(unit)
    if node is None or node.kind not in ("part", "section", "chapter"):
        return []
    return [child for child in node.children if child.label and child.heading and child.locator != unit]


def _sources(unit: Locator, passages: Sequence[Passage], snapshot: Snapshot) -> tuple[Source, ...]:
    text = snapshot.by_id[unit.document].text
    found: list[Source] = []
    group = 0
    for passage in sorted(passages, key=lambda passage: passage.id):
        for sentence in passage.sentences:
            before = found[-1] if found else None
            if before is not None and not passage.name and not _together(before, passage.locator, sentence.span, text):
                group += 1
            found.append(Source(passage.locator, sentence.span, sentence.text, f"{passage.heading} {passage.name}", passage.year, group))
    for child in _headed(unit, snapshot):
        label = f"{child.label}{child.heading}"
        start = text.find(label, child.span[0], child.span[1])
        if start >= 0:
            group += 1
            found.append(Source(child.locator, (start, start + len(label)), label, "", None, group))
    return tuple(found)


def _together(before: Source, locator: Locator, span: Span, text: str) -> bool:
    """Whether a sentence goes on the paragraph of the one before; the short lines of a heading block belong together."""
    if locator.path == ("0",):
        return True
    return before.locator == locator and "\n" not in text[before.span[1] : span[0]]
