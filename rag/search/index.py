"""Windows and their sentences → vectors in Chroma, BM25 and the reader's tokens beside them. Chroma lives only here.

An index is a folder named by the fingerprint of everything that shapes it:

    <data>/index/<fingerprint>/snapshot.json   documents and passages
                              /windows.bm25    words and bigrams of the windows
                              /tokens.npz      the windows as the reader reads them
                              /known.npz       questions of which it is known what answers them, where the corpus brings some
                              /chroma/         one collection of all vectors (or on the server at CHROMA_URL)
                              /complete.json   written last

It is built in a folder of another name and renamed when it is complete: a killed build leaves nothing that
could be opened, and the previous index goes on answering. Nothing is ever changed after completion, which is
also what makes several processes on one Chroma folder safe.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from rag.documents import passages as passage_module
from rag.documents import windows as window_module
from rag.documents.sources import Corpus
from rag.documents.windows import readable
from rag.errors import CorpusError, EndpointError, IndexUnavailableError, StorageError
from rag.records import Window
from rag.search import lexical, snapshot
from rag.search.folders import folder_of, is_complete, list_indexes
from rag.search.known import FILE as KNOWN
from rag.search.known import Known
from rag.search.lexical import Lexicon
from rag.search.snapshot import Snapshot
from rag.search.tokens import Tokens
from rag.threads import beside

if TYPE_CHECKING:
    from rag.search.embedding import Embedder

VERSION = "5"
"""Changes when the same snapshot gives another index."""

_BATCH = 2000  # Chroma takes at most 5461 vectors a call
_KINDS = ("w", "s")

Progress = Callable[[str, int, int], None]
"""Called with the stage, steps done and steps in all."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What lies nearest to a vector: positions and cosine similarities, best first."""

    windows: tuple[tuple[int, float], ...]
    sentences: tuple[tuple[int, float], ...]


class Index:
    """A complete index, open for reading."""

    def __init__(
        self,
        fingerprint: str,
        taken: Snapshot,
        collection: Any,
        lexicon: Lexicon,
        tokens: Tokens,
        known: Known,
        *,
        remote: bool = False,
    ) -> None:
        self.fingerprint = fingerprint
        self.snapshot = taken
        self.lexicon = lexicon  # of the windows
        self.tokens = tokens
        self.known = known
        self._collection = collection
        self._remote = remote

    def nearest(self, vectors: NDArray[np.float32], count: int, documents: Sequence[str] = ()) -> list[Neighbours]:
        """The ``count`` nearest to each of ``vectors``, shape (n, dimensions), within ``documents`` unless there are none.

        Raises StorageError or EndpointError when Chroma fails.
        """
        where = {"document": {"$in": list(documents)}} if documents else None
        try:
            found = self._collection.query(query_embeddings=list(vectors), n_results=count, where=where, include=["distances"])
        except Exception as error:  # Chroma raises its own, sqlite's and httpx's errors
            if self._remote:
                raise _server_failed("查询", error) from error
            raise StorageError("读取向量索引失败，请运行 ningwen index build 重建。", detail=repr(error)) from error
        return [_by_kind(names, distances) for names, distances in zip(found["ids"], found["distances"], strict=True)]


def _by_kind(names: Sequence[str], distances: Sequence[float]) -> Neighbours:
    by_kind: dict[str, list[tuple[int, float]]] = {kind: [] for kind in _KINDS}
    for name, distance in zip(names, distances, strict=True):
        by_kind[name[0]].append((int(name[1:]), 1.0 - float(distance)))
    return Neighbours(*(tuple(by_kind[kind]) for kind in _KINDS))


def fingerprint(corpus: Corpus, embedder_fingerprint: str, *, chroma_url: str | None = None) -> str:
    """The name of the index that belongs to this corpus and these settings, 16 hex digits."""
    digest = hashlib.sha256((chroma_url or "").encode() + b"\0")
    for part in (corpus.fingerprint, embedder_fingerprint, VERSION, passage_module.VERSION, window_module.VERSION, lexical.VERSION):
        digest.update(part.encode() + b"\0")
    for entry in corpus.entries:
        digest.update(_checksum(corpus.folder / "sources" / entry.source).encode())
    if (corpus.folder / KNOWN).is_file():
        digest.update(_checksum(corpus.folder / KNOWN).encode())
    return digest.hexdigest()[:16]


def _checksum(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise CorpusError(f"读不到文件 {path.name}。", detail=str(error)) from error


def build_index(
    corpus: Corpus,
    embedder: Embedder,
    data_dir: Path,
    *,
    chroma_url: str | None = None,
    on_progress: Progress | None = None,
    again: bool = False,
) -> str:
    """Build the index unless it is complete, or ``again`` when it is damaged; returns its fingerprint.

    One process builds, others wait for it. Raises CorpusError, StorageError or EndpointError; whatever
    happens, complete indexes stay as they are.
    """
    from filelock import FileLock

    report = on_progress or (lambda stage, done, total: None)
    name = fingerprint(corpus, embedder.fingerprint, chroma_url=chroma_url)
    if is_complete(data_dir, name) and not again:
        return name
    taken = snapshot.read_snapshot(corpus)
    known = Known.read(corpus.folder, taken, embedder.fingerprint)
    try:
        (data_dir / "index").mkdir(parents=True, exist_ok=True)
        with FileLock(str(data_dir / "index" / "build.lock")):
            if again or not is_complete(data_dir, name):
                _build(name, taken, known, embedder, data_dir, chroma_url, report)
    except OSError as error:
        raise StorageError(f"数据目录 {data_dir} 无法写入({_reason(error)})，索引未更新。", detail=repr(error)) from error
    return name


def _build(name: str, taken: Snapshot, known: Known, embedder: Embedder, data_dir: Path, chroma_url: str | None, report: Progress) -> None:
    _remove_leftovers(data_dir)
    folder = data_dir / "index" / f"{name}.building-{os.getpid()}"
    folder.mkdir(parents=True)
    try:
        names, vectors = _embed(taken, embedder, report)
        (folder / "snapshot.json").write_bytes(snapshot.dump(taken))
        Lexicon.build([searchable(window, taken) for window in taken.windows]).save(folder / "windows.bm25")
        Tokens.build(taken, data_dir).save(folder / "tokens.npz")
        known.save(folder / KNOWN)
        _write_vectors(folder, name, names, _documents_of(names, taken), vectors, chroma_url, report)
        summary = {"built": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "vectors": len(names), "embedder": embedder.name}
        (folder / "complete.json").write_text(json.dumps(summary), encoding="utf-8")
        final = folder_of(data_dir, name)
        shutil.rmtree(final, ignore_errors=True)
        folder.rename(final)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def searchable(window: Window, taken: Snapshot) -> str:
    """The text under which a window is found: where it stands, and what it says."""
    passages = taken.passages
    said = "".join(readable(passages[taken.owners[i]], taken.sentences[i].text) for i in window.sentences)
    return f"{window.lead} {said}"


def texts_to_embed(taken: Snapshot) -> tuple[list[str], list[str]]:
    """What is embedded of the windows and of the sentences."""
    passages = taken.passages
    headed = [f"{passages[owner].name or passages[owner].heading} {s.text}" for s, owner in zip(taken.sentences, taken.owners, strict=True)]
    return [searchable(window, taken) for window in taken.windows], headed


def _embed(taken: Snapshot, embedder: Embedder, report: Progress) -> tuple[list[str], NDArray[np.float32]]:
    groups = texts_to_embed(taken)
    total, done = sum(map(len, groups)), 0
    names: list[str] = []
    parts: list[NDArray[np.float32]] = []
    for kind, texts in zip(_KINDS, groups, strict=True):
        parts.append(embedder.embed_passages(texts, partial(_report_embedded, report, done, total)))
        names.extend(f"{kind}{i}" for i in range(len(texts)))
        done += len(texts)
    return names, np.concatenate(parts)


def _documents_of(names: Sequence[str], taken: Snapshot) -> list[str]:
    """The document that each vector belongs to."""
    windows = [window.unit.document for window in taken.windows]
    sentences = [taken.passages[owner].locator.document for owner in taken.owners]
    return [(windows if name[0] == "w" else sentences)[int(name[1:])] for name in names]


def _report_embedded(report: Progress, before: int, total: int, done: int) -> None:
    report("计算向量", before + done, total)


def _write_vectors(
    folder: Path,
    name: str,
    names: Sequence[str],
    documents: Sequence[str],
    vectors: NDArray[np.float32],
    chroma_url: str | None,
    report: Progress,
) -> None:
    client = None
    label = f"ningwen-{name}"
    temporary = f"{label}-{os.getpid()}"
    try:
        client = _client(folder / "chroma", chroma_url)
        collection = client.create_collection(
            temporary, embedding_function=None, configuration={"hnsw": {"space": "cosine", "ef_search": 200, "ef_construction": 200}}
        )
        for start in range(0, len(names), _BATCH):
            some = slice(start, start + _BATCH)
            collection.add(ids=list(names[some]), embeddings=vectors[some], metadatas=[{"document": name} for name in documents[some]])
            report("写入索引", min(start + _BATCH, len(names)), len(names))
        if any(existing.name == label for existing in client.list_collections()):
            client.delete_collection(label)
        collection.modify(name=label)
    except OSError:
        raise
    except Exception as error:
        if chroma_url:
            raise _server_failed("写入", error) from error
        raise StorageError("写入向量索引失败，可能是磁盘已满；原有索引不受影响。", detail=repr(error)) from error
    finally:
        _release(client)


def open_index(corpus: Corpus, embedder_fingerprint: str, data_dir: Path, *, chroma_url: str | None = None) -> Index:
    """Open the index of this corpus and these settings. Raises IndexUnavailableError when it is not built."""
    return open_named(fingerprint(corpus, embedder_fingerprint, chroma_url=chroma_url), data_dir, chroma_url=chroma_url)


def open_named(name: str, data_dir: Path, *, chroma_url: str | None = None) -> Index:
    """Open the index of that fingerprint."""
    folder = folder_of(data_dir, name)
    if not is_complete(data_dir, name):
        raise IndexUnavailableError("当前文件和配置对应的索引尚未建立，请运行 ningwen index build。")
    try:
        with ExitStack() as failing:
            client = _client(_writable(folder / "chroma") if chroma_url is None else folder, chroma_url)
            failing.callback(client.close)
            collection = client.get_collection(f"ningwen-{name}", embedding_function=None)
            with beside(_read_graph, collection) if chroma_url is None else nullcontext():
                taken = snapshot.load((folder / "snapshot.json").read_bytes())
                lexicon = Lexicon.load(folder / "windows.bm25", len(taken.windows))
                tokens = Tokens.load(folder / "tokens.npz")
                known = Known.load(folder / KNOWN)
            failing.pop_all()  # it stays open as long as the index does
    except IndexUnavailableError:
        raise
    except Exception as error:
        if chroma_url:
            raise _server_failed("连接", error) from error
        raise IndexUnavailableError("索引无法打开，请运行 ningwen index build 重建。", detail=repr(error)) from error
    return Index(name, taken, collection, lexicon, tokens, known, remote=chroma_url is not None)


def _read_graph(collection: Any) -> None:
    """Have Chroma read the graph of its vectors, as it would at the first question; what fails will say so there."""
    with suppress(Exception):
        vector = collection.get(ids=["w0"], include=["embeddings"])["embeddings"][0]
        collection.query(query_embeddings=[vector], n_results=1, include=[])


def prune(data_dir: Path, keep: str, *, chroma_url: str | None = None) -> list[str]:
    """Delete every index but ``keep``, and the leftovers of killed builds; returns what was deleted."""
    from filelock import FileLock

    deleted = []
    try:
        with FileLock(str(data_dir / "index" / "build.lock")):
            for status in list_indexes(data_dir):
                if status.fingerprint != keep:
                    shutil.rmtree(data_dir / "index" / status.fingerprint)
                    deleted.append(status.fingerprint)
    except OSError as error:
        raise StorageError(f"清理索引失败({_reason(error)})。", detail=repr(error)) from error
    if chroma_url:
        try:
            client = _client(data_dir, chroma_url)
            for collection in client.list_collections():
                if collection.name.startswith("ningwen-") and collection.name != f"ningwen-{keep}":
                    client.delete_collection(collection.name)
        except Exception as error:
            raise _server_failed("清理", error) from error
    return deleted


def _remove_leftovers(data_dir: Path) -> None:
    """Called under the build lock: whatever is still named .building belongs to a process that died."""
    for folder in (data_dir / "index").glob("*.building-*"):
        shutil.rmtree(folder, ignore_errors=True)


def _client(folder: Path, chroma_url: str | None) -> Any:
    import chromadb
    from chromadb.config import Settings as ChromaSettings

    quiet = ChromaSettings(anonymized_telemetry=False)
    if chroma_url is None:
        return chromadb.PersistentClient(str(folder), settings=quiet)
    address = urlsplit(chroma_url)
    return chromadb.HttpClient(
        host=address.hostname or "127.0.0.1", port=address.port or 8000, ssl=address.scheme == "https", settings=quiet
    )


def _writable(folder: Path) -> Path:
    """The folder itself, or on a read-only disk a copy for the life of this process: SQLite wants to write a lock."""
    if os.access(folder / "chroma.sqlite3", os.W_OK):
        return folder
    copy = tempfile.mkdtemp(prefix="ningwen-")
    atexit.register(shutil.rmtree, copy, ignore_errors=True)
    return Path(shutil.copytree(folder, Path(copy) / "chroma"))


def _release(client: Any) -> None:
    """Close Chroma's files so that the folder may be renamed."""
    from chromadb.api.shared_system_client import SharedSystemClient

    system = getattr(client, "_system", None)
    if system is not None:
        system.stop()
    SharedSystemClient.clear_system_cache()


def _server_failed(action: str, error: Exception) -> EndpointError:
    return EndpointError(f"{action} Chroma 服务器失败，请检查 CHROMA_URL 和服务器状态。", detail=repr(error))


def _reason(error: OSError) -> str:
    return {13: "没有写权限", 28: "磁盘空间不足", 30: "只读文件系统", 122: "磁盘配额用尽"}.get(error.errno or 0, "写入失败")
