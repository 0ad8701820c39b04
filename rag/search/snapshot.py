"""What the index knows besides vectors: documents and their passages, as one JSON file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from pydantic import TypeAdapter, ValidationError

from rag.documents.conformance import check_document, walk
from rag.documents.outline import parse
from rag.documents.passages import split_passages
from rag.documents.sources import Corpus, read_sources
from rag.documents.windows import split_windows
from rag.errors import IndexUnavailableError
from rag.records import Document, Locator, Node, Passage, Sentence, Window


@dataclass(frozen=True)
class Snapshot:
    """The corpus as parsed. ``sentences[i]`` belongs to ``passages[owners[i]]``."""

    documents: tuple[Document, ...]
    passages: tuple[Passage, ...]

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        """All sentences, in reading order."""
        return tuple(sentence for passage in self.passages for sentence in passage.sentences)

    @cached_property
    def owners(self) -> tuple[int, ...]:
        """The passage of each sentence."""
        return tuple(passage.id for passage in self.passages for _ in passage.sentences)

    @cached_property
    def windows(self) -> tuple[Window, ...]:
        """What the reader sees at once, in reading order."""
        return split_windows(self.passages)

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


def read_snapshot(corpus: Corpus) -> Snapshot:
    """Parse the corpus. Raises CorpusError when a source or a parse is not as promised."""
    documents = []
    for source in read_sources(corpus):
        document = parse(source)
        check_document(source, document)
        documents.append(replace(document, offsets=()))
    return Snapshot(tuple(documents), split_passages(documents))


def dump(snapshot: Snapshot) -> bytes:
    """The snapshot as JSON."""
    return TypeAdapter(Snapshot).dump_json(snapshot)


def load(raw: bytes) -> Snapshot:
    """What ``dump`` wrote. Raises IndexUnavailableError on anything else."""
    try:
        return TypeAdapter(Snapshot).validate_json(raw)
    except ValidationError as error:
        raise IndexUnavailableError("索引文件已损坏，请运行 ningwen index build 重建。", detail=str(error)[:500]) from error
