"""Other people's texts as an index in memory: passages and sentences, but no document structure.

Read from JSONL, so that the retriever and the extractor can be measured on texts that nobody here has seen.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.documents.passages import split_passages
from rag.errors import InputError
from rag.records import Document, DocumentEntry, Locator, Node
from rag.search.embedding import Embedder
from rag.search.index import Index, searchable
from rag.search.lexical import Lexicon
from rag.search.snapshot import Snapshot
from rag.search.spelling import Speller

Matrix = NDArray[np.float32]
Progress = Callable[[int, int], None]
"""Called with texts embedded and texts in all."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text that may be found."""

    id: str
    text: str
    title: str = ""

    @property
    def whole(self) -> str:
        """Title and text, as the plain methods see it."""
        return f"{self.title} {self.text}".strip()


@dataclass(frozen=True, slots=True)
class FlatIndex:
    """An index of texts; passage ``i`` of it belongs to text ``owners[i]``."""

    index: Index
    owners: tuple[int, ...]


def read_lines(path: Path, required: Sequence[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a JSONL file with their line numbers. Raises InputError naming file and line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"读不到数据文件 {path}。", detail=str(error)) from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except ValueError as error:
            raise InputError(f"数据文件 {path.name} 第 {number} 行不是 JSON。", detail=str(error)) from error
        lacking = [key for key in required if not isinstance(entry, dict) or entry.get(key) is None]
        if lacking:
            raise InputError(f"数据文件 {path.name} 第 {number} 行缺少 {lacking[0]}。")
        yield number, entry


def read_texts(path: Path) -> list[Text]:
    """``corpus.jsonl``: id, text and perhaps a title, a line each; ids are unique."""
    found: dict[str, Text] = {}
    for number, entry in read_lines(path, ("id", "text")):
        text = Text(str(entry["id"]), str(entry["text"]), str(entry.get("title") or ""))
        if text.id in found:
            raise InputError(f"数据文件 {path.name} 第 {number} 行的 id {text.id} 重复。")
        found[text.id] = text
    return list(found.values())


def make_snapshot(texts: Sequence[Text]) -> Snapshot:
    """Each text as a document of one unit; text ``i`` is the document ``t<i>``."""
    documents = tuple(_document(i, text) for i, text in enumerate(texts))
    return Snapshot(documents, split_passages(documents), ())


def _document(number: int, text: Text) -> Document:
    locator = Locator(f"t{number}")
    title = text.title or ""
    entry = DocumentEntry(
        id=locator.document, kind="plan", title=title, short_title=title, source="", sha256="", issuer="", status="in_force", year=0
    )
    return Document(entry, text.text, (), Node("document", locator, "", "", (0, len(text.text))))


def texts_to_embed(snapshot: Snapshot) -> list[str]:
    """What is embedded of a snapshot: its passages, then its sentences, as a built index has them."""
    passages = [searchable(passage).strip() for passage in snapshot.passages]
    return [*passages, *(sentence.text for sentence in snapshot.sentences)]


def make_index(snapshot: Snapshot, vectors: Matrix) -> FlatIndex:
    """The snapshot and the vectors of ``texts_to_embed``, shape (passages + sentences, dimensions), as an index."""
    names = [f"p{i}" for i in range(len(snapshot.passages))] + [f"s{i}" for i in range(len(snapshot.sentences))]
    lexicon = Lexicon.build([searchable(passage) for passage in snapshot.passages])
    speller = Speller(Path(), ())  # other people's questions are taken as they are typed
    index = Index("flat", snapshot, _Collection(names, vectors), lexicon, Lexicon.build([]), speller)
    return FlatIndex(index, tuple(int(passage.unit.document[1:]) for passage in snapshot.passages))


class _Collection:
    """Vectors that are asked as a Chroma collection is; exact, and nothing is written."""

    def __init__(self, names: Sequence[str], vectors: Matrix) -> None:
        self._names, self._vectors = names, vectors

    def query(self, query_embeddings: Sequence[Matrix], n_results: int, include: Sequence[str]) -> dict[str, Any]:
        distances = 1 - self._vectors @ np.asarray(query_embeddings[0], dtype=np.float32)
        nearest = np.argsort(distances, kind="stable")[:n_results]
        return {"ids": [[self._names[i] for i in nearest]], "distances": [[float(distances[i]) for i in nearest]]}


def embed_cached(texts: Sequence[str], embedder: Embedder, folder: Path, on_progress: Progress | None = None) -> Matrix:
    """Vectors of ``texts``, shape (len(texts), dimensions), kept in ``folder`` under the hash of embedder and texts."""
    digest = hashlib.sha256("\0".join((embedder.fingerprint, *texts)).encode("utf-8", "replace")).hexdigest()[:24]
    path = folder / f"{digest}.npy"
    if path.is_file():
        kept: Matrix = np.load(path)
        return kept
    report = on_progress or (lambda done, total: None)
    vectors = embedder.embed_passages(texts, lambda done: report(done, len(texts)))
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f"{digest}.building.npy"
    np.save(temporary, vectors)
    temporary.replace(path)
    return vectors
