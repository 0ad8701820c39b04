"""What the index knows besides vectors: documents, passages and the questions they answer, as one JSON file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from rag.documents.conformance import check_document, walk
from rag.documents.outline import parse
from rag.documents.passages import split_passages
from rag.documents.sources import Corpus, read_sources
from rag.errors import CorpusError, IndexUnavailableError
from rag.language.text import squeeze
from rag.records import Document, Locator, Node, Passage, Sentence


@dataclass(frozen=True, slots=True)
class Expansion:
    """A question that a passage answers, and which of its sentences does."""

    text: str
    passage: int
    sentence: int  # position among all sentences of all passages


@dataclass(frozen=True)
class Snapshot:
    """The corpus as parsed. ``sentences[i]`` belongs to ``passages[owners[i]]``."""

    documents: tuple[Document, ...]
    passages: tuple[Passage, ...]
    expansions: tuple[Expansion, ...]
    background: tuple[str, ...] = ()  # questions that documents of this kind usually leave open

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        """All sentences, in reading order."""
        return tuple(sentence for passage in self.passages for sentence in passage.sentences)

    @cached_property
    def owners(self) -> tuple[int, ...]:
        """The passage of each sentence."""
        return tuple(passage.id for passage in self.passages for _ in passage.sentences)

    @cached_property
    def nodes(self) -> dict[Locator, Node]:
        """The unit at each locator (not its paragraphs and cells)."""
        found: dict[Locator, Node] = {}
        for document in self.documents:
            for node in walk(document.root):
                found.setdefault(node.locator, node)
        return found

    @cached_property
    def by_id(self) -> dict[str, Document]:
        """Documents by id."""
        return {document.entry.id: document for document in self.documents}

    def text_of(self, locator: Locator) -> str:
        """The verbatim text of a unit; "" when there is no such unit."""
        node = self.nodes.get(locator)
        return self.by_id[locator.document].text[node.span[0] : node.span[1]] if node else ""


def read_snapshot(corpus: Corpus, *, expand: bool) -> Snapshot:
    """Parse the corpus. Raises CorpusError when a source, a parse or a question file is not as promised."""
    documents = []
    for source in read_sources(corpus):
        document = parse(source)
        check_document(source, document)
        documents.append(replace(document, offsets=()))
    snapshot = Snapshot(tuple(documents), split_passages(documents), ())
    if not expand:
        return snapshot
    return replace(snapshot, expansions=tuple(_expansions(corpus, snapshot)), background=tuple(_background(corpus)))


def question_files(corpus: Corpus) -> list[Path]:
    """The files of questions that passages answer, in order."""
    return sorted((corpus.folder / "questions").glob("*.jsonl"))


def background_files(corpus: Corpus) -> list[Path]:
    """The files of questions that documents of this kind usually leave open, in order."""
    return sorted((corpus.folder / "background").glob("*.txt"))


def _background(corpus: Corpus) -> Iterator[str]:
    for path in background_files(corpus):
        for line in _lines(path):
            if line.strip() and not line.startswith("#"):
                yield line.strip()


class _Finder:
    """Where a quote stands, blanks aside."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.squeezed: dict[str, tuple[str, list[int]]] = {}
        for document in snapshot.documents:
            kept = [i for i, character in enumerate(document.text) if not character.isspace()]
            self.squeezed[document.entry.id] = ("".join(document.text[i] for i in kept), kept)
        self.by_document: dict[str, list[tuple[int, int, int]]] = {}
        for position, (sentence, owner) in enumerate(zip(snapshot.sentences, snapshot.owners, strict=True)):
            name = snapshot.passages[owner].locator.document
            self.by_document.setdefault(name, []).append((*sentence.span, position))

    def find(self, locator: Locator, quote: str) -> int | None:
        """The sentence of the unit that holds most of ``quote``; None when it does not stand there."""
        node = self.snapshot.nodes.get(locator)
        if node is None:
            return None
        text, places = self.squeezed[locator.document]
        wanted = squeeze(quote)
        at = text.find(wanted)
        while at >= 0 and wanted:
            start, end = places[at], places[at + len(wanted) - 1] + 1
            if node.span[0] <= start and end <= node.span[1]:
                return self._overlap(locator.document, start, end)
            at = text.find(wanted, at + 1)
        return None

    def _overlap(self, name: str, start: int, end: int) -> int | None:
        best, found = 0, None
        for a, b, position in self.by_document[name]:
            shared = min(b, end) - max(a, start)
            if shared > best:
                best, found = shared, position
        return found


def _expansions(corpus: Corpus, snapshot: Snapshot) -> Iterator[Expansion]:
    finder = _Finder(snapshot)
    for path in question_files(corpus):
        for number, line in enumerate(_lines(path), start=1):
            if not line.strip():
                continue
            try:
                entry: Any = json.loads(line)
                locator, quote = Locator.parse(entry["locator"]), str(entry["quote"])
                questions: Sequence[str] = [str(question) for question in entry["questions"]]
            except (ValueError, KeyError, TypeError) as error:
                raise CorpusError(f"问题文件 {path.name} 第 {number} 行格式有误。", detail=str(error)) from error
            if locator.document not in snapshot.by_id:
                continue  # written for a document that is not in this corpus
            sentence = finder.find(locator, quote)
            if sentence is None:
                raise CorpusError(f"问题文件 {path.name} 第 {number} 行的引文不在 {locator} 的原文中。")
            for question in questions:
                yield Expansion(question, snapshot.owners[sentence], sentence)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"问题文件 {path.name} 无法读取。", detail=str(error)) from error


def dump(snapshot: Snapshot) -> bytes:
    """The snapshot as JSON."""
    return TypeAdapter(Snapshot).dump_json(snapshot)


def load(raw: bytes) -> Snapshot:
    """What ``dump`` wrote. Raises IndexUnavailableError on anything else."""
    try:
        return TypeAdapter(Snapshot).validate_json(raw)
    except ValidationError as error:
        raise IndexUnavailableError("索引文件已损坏，请运行 ningwen index build 重建。", detail=str(error)[:500]) from error
