"""Every record, in the order data flows. All frozen; spans are half-open character offsets.

    Manifest ─ Source ─ Document(Node …) ─ Passage ─ Window ─ Query(Reading …) ─ Candidate ─ Judgement ─ Draft ─ Answer(Citation …)

A sentence that a person reads walks back: Citation.locator → Node.span → Document.offsets → source byte.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from rag.errors import LocatorError

# ── locators ────────────────────────────────────────────────────────────────────────────────────

_LOCATOR = re.compile(r"(?P<document>[a-z0-9][a-z0-9-]*)(?:#(?P<path>[a-z0-9]+(?:[.-][a-z0-9]+)*))?", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Locator:
    """A place in a document by the document's own numbering: ``work-rules#21.8``.

    ``path`` is empty for the document itself. Steps are decimal numbers (``"21"``, or ``"120-1"`` for
    第一百二十条之一) and the named steps ``annex``, ``chapter``, ``tail``.
    """

    document: str
    path: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.document}#{'.'.join(self.path)}" if self.path else self.document

    @classmethod
    def parse(cls, text: str) -> Locator:
        """Read ``document#path``. Raises LocatorError on anything else."""
        match = _LOCATOR.fullmatch(text.strip())
        if match is None:
            raise LocatorError(f"「{text[:60]}」不是有效的出处定位，应形如 work-rules#21.8。")
        path = match["path"]
        return cls(match["document"], tuple(path.split(".")) if path else ())

    @property
    def parent(self) -> Locator | None:
        """One step up; None at the document."""
        return Locator(self.document, self.path[:-1]) if self.path else None

    def child(self, step: str) -> Locator:
        """One step down."""
        return Locator(self.document, (*self.path, step))

    def within(self, other: Locator) -> bool:
        """True when this place is ``other`` or lies inside it."""
        return self.document == other.document and self.path[: len(other.path)] == other.path


# ── corpus ──────────────────────────────────────────────────────────────────────────────────────

Kind = Literal["rules", "report", "plan"]
Status = Literal["in_force", "superseded", "repealed", "draft"]


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the parser must find in a document; None means that the manifest does not say."""

    chapters: int | None = None
    articles: int | None = None
    sections: tuple[int, ...] | None = None  # sections of part 一, 二, …; in order
    rows: int | None = None
    columns: int | None = None
    items: dict[str, int] = field(default_factory=dict)  # locator path → number of its direct children


@dataclass(frozen=True, slots=True)
class DocumentEntry:
    """One ``[[document]]`` of the manifest."""

    id: str
    kind: Kind
    title: str
    short_title: str
    source: str  # file name under corpus/sources
    sha256: str  # of the whole file, hex
    issuer: str
    status: Status
    year: int  # what 今年 means in the text
    document_number: str | None = None
    aliases: tuple[str, ...] = ()  # other names staff use for it
    delivered_by: str | None = None
    delivered_at: str | None = None
    adopted_by: str | None = None
    adopted: str | None = None  # ISO dates
    issued: str | None = None
    effective: str | None = None
    supersedes: tuple[str, ...] = ()  # document numbers that it repeals
    starts_with: str | None = None  # the line, blanks removed, with which it begins in the source
    ends_before: str | None = None  # the line, blanks removed, at which the next text begins
    wrapped: bool = False  # lines are a page's lines, to be joined; else a line is a paragraph
    tails: tuple[str, ...] = ()  # first words of text that follows a part's last section
    part_years: tuple[int, ...] = ()  # the year that part 一, 二, … is about
    expect: Expectation = field(default_factory=Expectation)


@dataclass(frozen=True, slots=True)
class Source:
    """The stretch of a source file that holds one document. ``base`` is its character offset there."""

    entry: DocumentEntry
    text: str
    base: int


# ── documents ───────────────────────────────────────────────────────────────────────────────────

Span = tuple[int, int]
NodeKind = Literal[
    "document", "front", "part", "chapter", "section", "subsection", "article", "item", "subitem",
    "paragraph", "tail", "annex", "row", "cell", "measure",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Batch:
    """国发批次 of an annex row: 国函〔2023〕56号, 第七批第3项."""

    document_number: str
    batch: int
    item: int


@dataclass(frozen=True, slots=True)
class Row:
    """The seven named fields of an annex row, as read; spans live on the row's cells."""

    number: int
    title: str
    content: str
    responsible_units: tuple[str, ...]
    measures: str
    deadline: str
    batch_text: str
    batch: Batch | None


@dataclass(frozen=True, slots=True)
class Node:
    """A unit of a document. Children lie inside ``span`` and do not overlap.

    A paragraph, cell or measure has its unit's locator: text inside a unit adds no number.
    ``heading`` is the unit's own title or run-in topic sentence ("" when it has none).
    """

    kind: NodeKind
    locator: Locator
    label: str  # as printed: 「二十一、」「(八)」「四是」; "" when unnumbered
    heading: str
    span: Span
    children: tuple[Node, ...] = ()
    name: str = ""  # a cell's column, a measure's unit
    row: Row | None = None


@dataclass(frozen=True, slots=True)
class Furniture:
    """Page furniture: source characters that belong to no node, and why."""

    reason: str
    offsets: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """One parsed document.

    ``text`` is the source with page wrapping removed; ``offsets[i]`` is the source character of
    ``text[i]``, or -1 for a line break that the parser put between paragraphs.
    """

    entry: DocumentEntry
    text: str
    offsets: tuple[int, ...]
    root: Node
    furniture: tuple[Furniture, ...] = ()


@dataclass(frozen=True, slots=True)
class Sentence:
    """A quotable stretch of a passage; ``span`` is in the document's text."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Passage:
    """What is embedded: a stretch of one unit, never across an article or row."""

    id: int  # position in the index
    locator: Locator  # the place a citation names
    unit: Locator  # the article, section or row that ranking counts
    breadcrumb: str  # 《工作规则》第五章 会议制度 第二十一条
    heading: str  # the unit's own heading, "" when none
    name: str  # a cell's column or a measure's unit, "" else
    year: int | None  # the year its figures are about, where the document tells
    span: Span
    text: str
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """What the reader sees at once: neighbouring sentences of one unit. ``lead`` says where they stand and what they go on from."""

    unit: Locator
    sentences: range  # positions among all sentences of all passages
    lead: str


# ── question → answer ───────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question with its answer (None: not known)."""

    question: str
    answer: str | None = None


Shape = Literal["fact", "list", "compare"]


@dataclass(frozen=True, slots=True)
class MissingReference:
    """A reference to something that the document does not have, with the range that it has."""

    asked: str  # 「第六十条」
    document: str  # document id; "" when no document is known by what was asked
    valid: str  # 「第一条至第四十五条」


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to understand a message, or a part of it. Proposing it says nothing of how good it is."""

    text: str  # what is asked, as typed but for width, Traditional characters and courtesy
    said: str  # the same without the names of documents and the numbers of places: what is asked of them; "" when they are all
    before: str = ""  # what was asked before, when it may go on from that
    documents: tuple[str, ...] = ()  # ids of the documents that it names
    places: tuple[Locator, ...] = ()  # that it names
    missing: tuple[MissingReference, ...] = ()  # that it names and no document has
    paragraph: int | None = None  # 第N款 of the place
    foreign: str = ""  # a document that it names and that is not held
    years: tuple[int, ...] = ()  # that it asks about; of none, those of what was asked before


@dataclass(frozen=True, slots=True)
class Query:
    """What a message asks: its parts, each with the readings that compete."""

    question: str  # as typed
    standalone: str  # what it was read as, once judged; as typed until then
    shape: Shape = "fact"
    parts: tuple[tuple[Reading, ...], ...] = ()
    references: tuple[Locator, ...] = ()  # every place that it names
    years: tuple[int, ...] = ()
    facets: tuple[Query, ...] = ()  # the parts as questions of their own, when there are several


@dataclass(frozen=True, slots=True)
class Candidate:
    """A window that may answer a reading, and how it was found."""

    window: int  # position among the windows
    score: float  # fused; comparable within one reading only
    cosine: float  # of the window
    sentence: float  # of its nearest sentence
    lexical: float  # BM25
    known: float = 0.0  # nearness to the nearest known question that a sentence of the window answers, above 0 when near
    open: float = 0.0  # the same to one that the documents leave open; 0 where no question is known of the window's document
    vote: float = 0.0  # log odds of the known questions around it being answered; 0 where none is known
    answered: Mapping[int, float] = field(default_factory=dict)  # by sentence: nearness to the nearest question that it answers


@dataclass(frozen=True, slots=True)
class Mark:
    """What the judge says of one sentence: that it answers the reading or a part of it, 0…1."""

    sentence: int  # position among all sentences
    probability: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether a reading is answered, and by which sentences; the only place where that is decided."""

    reading: Reading
    candidates: tuple[Candidate, ...]  # best first, as judged
    marks: tuple[Mark, ...]  # those that answer, best first; () when it is not answered
    near: int | None  # the sentence that comes nearest to an answer, when it comes near and is none
    probability: float  # that the documents answer it
    why: dict[str, float]  # the features that were weighed


@dataclass(frozen=True, slots=True)
class Hit:
    """A unit that may answer, best passage first, with what found it."""

    unit: Locator
    score: float
    passages: tuple[int, ...]  # passage ids of the unit, best first
    found_by: dict[str, float]


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that an answer says and the quote that carries it."""

    text: str
    locator: Locator
    quote: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What composing proposes; nothing of it is shown before it is verified."""

    statements: tuple[Statement, ...]
    missing: str | None = None
    listing: bool = False  # the statements are the items of one list


@dataclass(frozen=True, slots=True)
class Citation:
    """A place and its verbatim words."""

    n: int
    locator: Locator
    label: str
    quote: str


@dataclass(frozen=True, slots=True)
class Nearest:
    """The article nearest to a question that the documents do not answer."""

    locator: Locator
    label: str


Messages = tuple[tuple[Literal["system", "user"], str], ...]
"""What a chat model is asked: who says what, in order."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What asking a chat model took. ``cost`` is in the currency of the settings' prices; None when they give none."""

    prompt_tokens: int
    completion_tokens: int
    cost: float | None = None
    estimated: bool = False  # counted here, the endpoint did not say

    def __add__(self, other: Usage) -> Usage:
        cost = None if self.cost is None or other.cost is None else self.cost + other.cost
        prompt, completion = self.prompt_tokens + other.prompt_tokens, self.completion_tokens + other.completion_tokens
        return Usage(prompt, completion, cost, self.estimated or other.estimated)


@dataclass(frozen=True, slots=True)
class Writing:
    """How a chat model's answer came about, shown or not; for evaluation and audit.

    ``dropped`` names, for each sentence that was not shown, the check that it failed; ``left_out`` the units that
    the prompt had no room for; ``fallback`` says why the extract was given instead, "" when it was not.
    """

    model: str
    usage: Usage | None
    prompt_tokens: int
    left_out: tuple[Locator, ...] = ()
    dropped: tuple[str, ...] = ()
    fallback: str = ""


AnswerStatus = Literal["answered", "partial", "refused"]
Mode = Literal["extractive", "generated", "none"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person gets, in whatever channel."""

    question: str
    standalone_question: str
    status: AnswerStatus
    answer: str
    citations: tuple[Citation, ...]
    missing: str | None
    nearest: Nearest | None
    mode: Mode
    retrieved: tuple[Locator, ...]
    fingerprint: str
    timings_ms: dict[str, float]
    hits: tuple[Hit, ...] = ()  # what was retrieved, with scores; for evaluation and audit, not part of the contract
    certainty: float | None = None  # that the documents answer the least certain part, 0…1; where a chat model may doubt it
    writing: Writing | None = None  # None when no chat model was asked; not part of the contract either
