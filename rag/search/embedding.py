"""Texts → unit vectors: the embedded multilingual-e5-small, or any OpenAI-compatible endpoint."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from enum import IntEnum
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rag.errors import ConfigurationError, EndpointError
from rag.language.text import clean
from rag.search import e5

if TYPE_CHECKING:
    from rag.settings import Settings

Vector = NDArray[np.float32]
Matrix = NDArray[np.float32]
Progress = Callable[[int], None]


class Special(IntEnum):
    """Token ids with a meaning of their own."""

    BEGIN = 0
    PAD = 1
    END = 2
    UNKNOWN = 3


_MAX_TOKENS = 512
_BATCH = 32
_ENDPOINT_BATCH = 64


class Embedder(Protocol):
    """Turns text into float32 vectors of unit length."""

    name: str
    fingerprint: str

    def embed_query(self, text: str) -> Vector:
        """A question's vector, shape (dimensions,)."""

    def embed_passages(self, texts: Sequence[str], on_progress: Progress | None = None, *, as_query: bool = False) -> Matrix:
        """One row a text, shape (len(texts), dimensions); ``as_query`` embeds questions to be matched with questions."""


def make_embedder(settings: Settings) -> Embedder:
    """The embedder that the settings name; nothing is loaded before it is used."""
    if settings.embedding_model is None:
        return E5Embedder(settings.data_dir, settings.precision, settings.threads)
    if settings.openai_api_key is None and settings.openai_base_url is None:
        raise ConfigurationError("已设置 OPENAI_EMBEDDING_MODEL，但缺少 OPENAI_API_KEY 或 OPENAI_BASE_URL。")
    key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else "none"
    return EndpointEmbedder(settings.embedding_model, key, settings.openai_base_url)


# ── tokens ──────────────────────────────────────────────────────────────────────────────────────


class Vocabulary:
    """The Unigram vocabulary on disk, mapped rather than read: 250 000 pieces cost a second to build.

    The best segmentation of a text depends only on the pieces that occur in it, so a model of just those
    (and of the globally least likely one, which sets the price of an unknown character) gives the same tokens.
    """

    def __init__(self, folder: Path) -> None:
        body = json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))
        self._longest: int = body["longest"]
        self._lowest: int = body["lowest"]
        self._table = {int(code): text for code, text in body["normalisation"].items()}
        self._hashes = np.load(folder / "hashes.npy", mmap_mode="r")
        self._order = np.load(folder / "order.npy", mmap_mode="r")
        self._scores = np.load(folder / "scores.npy", mmap_mode="r")
        self._ends = np.load(folder / "ends.npy", mmap_mode="r")
        self._blob = np.memmap(folder / "pieces.bin", dtype=np.uint8, mode="r")

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids with begin and end marks, at most 512 a text."""
        from tokenizers import Tokenizer, models

        normal = [self._normalise(text) for text in texts]
        found = self._pieces(normal)
        names = list(found)
        table = [("<unk>", 0.0), *((name, float(self._scores[found[name]])) for name in names)]
        lowest = self.piece(self._lowest)
        if lowest not in found:
            table.append((lowest, float(self._scores[self._lowest])))
        tokenizer = Tokenizer(models.Unigram(table, unk_id=0))
        ids = [Special.UNKNOWN, *(found[name] for name in names), self._lowest]
        encoded = tokenizer.encode_batch(normal, add_special_tokens=False)
        return [[Special.BEGIN, *(ids[i] for i in one.ids[: _MAX_TOKENS - 2]), Special.END] for one in encoded]

    def _normalise(self, text: str) -> str:
        text = re.sub(" {2,}", " ", clean(text).replace("\0", "").translate(self._table))
        return ("" if text.startswith(" ") else "\u2581") + text.replace(" ", "\u2581")

    def _pieces(self, texts: Sequence[str]) -> dict[str, int]:
        """The pieces that occur in the texts, with their ids."""
        candidates = list({piece for text in texts for piece in e5.substrings(text, self._longest)})
        coded = [candidate.encode() for candidate in candidates]
        hashes = np.frombuffer(b"".join(map(e5.piece_hash, coded)), dtype="<u8")
        at = np.searchsorted(self._hashes, hashes)
        at[at == len(self._hashes)] = 0
        found: dict[str, int] = {}
        for k in np.flatnonzero(self._hashes[at] == hashes):
            position = int(at[k])
            while position < len(self._hashes) and self._hashes[position] == hashes[k]:
                identity = int(self._order[position])
                if identity > Special.UNKNOWN and self._bytes(identity) == coded[k]:
                    found[candidates[k]] = identity
                position += 1
        return found

    def _bytes(self, identity: int) -> bytes:
        start = int(self._ends[identity - 1]) if identity else 0
        return self._blob[start : int(self._ends[identity])].tobytes()

    def piece(self, identity: int) -> str:
        """The text of a token id."""
        return self._bytes(identity).decode("utf-8", "replace")


def load_words(data_dir: Path) -> tuple[Vocabulary, NDArray[np.void]]:
    """The vocabulary and the word table of the embedded model, which the reader shares; converted at the very first call."""
    folders = (e5.model_folder(data_dir, precision) for precision in ("fp32", "int8"))
    folder = next((f for f in folders if (f / "complete").is_file()), None) or e5.ensure_model(data_dir, "fp32")
    return Vocabulary(folder), np.memmap(folder / "words.bin", dtype=e5.BLOCK, mode="r").reshape(-1, e5.DIMENSIONS // 32)


# ── the embedded model ──────────────────────────────────────────────────────────────────────────


class E5Embedder:
    """multilingual-e5-small (MIT) on onnxruntime, loaded at first use; safe to call from several threads."""

    def __init__(self, data_dir: Path, precision: e5.Precision = "fp32", threads: int = 2) -> None:
        self.name = f"multilingual-e5-small-{precision}"
        self.fingerprint = f"e5-{e5.SHA256[:16]}-{e5.CONVERTER}-{precision}"
        self._data_dir, self._precision, self._threads = data_dir, precision, threads
        self._lock = Lock()
        self._loaded: tuple[Vocabulary, NDArray[np.void], Any] | None = None

    def load(self) -> tuple[Vocabulary, NDArray[np.void], Any]:
        """Vocabulary, word table and session; the model is converted at the very first call."""
        with self._lock:
            if self._loaded is None:
                session = open_session(e5.ensure_model(self._data_dir, self._precision) / "model.onnx", self._threads)
                self._loaded = *load_words(self._data_dir), session
            return self._loaded

    def token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids as the model reads them; the caller gives the prefix."""
        return self.load()[0].encode(texts)

    def embed_query(self, text: str) -> Vector:
        """A question's vector."""
        return np.asarray(self._run(self.token_ids([f"query: {text}"]))[0], dtype=np.float32)

    def embed_passages(self, texts: Sequence[str], on_progress: Progress | None = None, *, as_query: bool = False) -> Matrix:
        """One row a text, in the order given; batches are of like length."""
        result = np.zeros((len(texts), e5.DIMENSIONS), dtype=np.float32)
        prefix = "query" if as_query else "passage"
        ids = self.token_ids([f"{prefix}: {text}" for text in texts]) if texts else []
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
        for start in range(0, len(order), _BATCH):
            batch = order[start : start + _BATCH]
            result[batch] = self._run([ids[i] for i in batch])
            if on_progress is not None:
                on_progress(start + len(batch))
        return result

    def _run(self, ids: Sequence[Sequence[int]]) -> Matrix:
        _, words, session = self.load()
        width = max(map(len, ids))
        padded = np.full((len(ids), width), Special.PAD, dtype=np.int64)
        mask = np.zeros((len(ids), width), dtype=np.float32)
        for i, row in enumerate(ids):
            padded[i, : len(row)] = row
            mask[i, : len(row)] = 1
        embedded = e5.dequantise(words[padded]).reshape(len(ids), width, e5.DIMENSIONS)
        vectors: Matrix = session.run(None, {"words": embedded, "mask": mask})[0]
        return vectors


def open_session(path: Path, threads: int) -> Any:
    """An onnxruntime session that leaves the other processes their cores."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL  # optimised when it was converted
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # spinning starves the other processes
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


# ── an endpoint ─────────────────────────────────────────────────────────────────────────────────


class EndpointEmbedder:
    """Any endpoint that speaks OpenAI's /embeddings."""

    def __init__(self, model: str, api_key: str, base_url: str | None, *, timeout: float = 30.0) -> None:
        self.name = model
        self.fingerprint = f"endpoint-{model}-{base_url or 'default'}"
        self._key, self._base_url, self._timeout = api_key, base_url, timeout
        self._client: Any = None

    def embed_query(self, text: str) -> Vector:
        """A question's vector. Raises EndpointError."""
        return np.asarray(self._embed([text])[0], dtype=np.float32)

    def embed_passages(self, texts: Sequence[str], on_progress: Progress | None = None, *, as_query: bool = False) -> Matrix:
        """One row a text. Raises EndpointError."""
        parts = []
        for start in range(0, len(texts), _ENDPOINT_BATCH):
            parts.append(self._embed(texts[start : start + _ENDPOINT_BATCH]))
            if on_progress is not None:
                on_progress(min(start + _ENDPOINT_BATCH, len(texts)))
        return np.concatenate(parts) if parts else np.zeros((0, 0), dtype=np.float32)

    def _embed(self, texts: Sequence[str]) -> Matrix:
        import openai

        if self._client is None:
            self._client = openai.OpenAI(api_key=self._key, base_url=self._base_url, timeout=self._timeout, max_retries=2)
        try:
            reply = self._client.embeddings.create(model=self.name, input=[clean(text) or " " for text in texts], encoding_format="float")
        except openai.AuthenticationError:
            raise EndpointError("向量服务拒绝了密钥，请检查 OPENAI_API_KEY。", retryable=False) from None
        except openai.APIError as error:
            raise EndpointError("向量服务调用失败，请检查 OPENAI_BASE_URL 和网络。", detail=type(error).__name__) from None
        return _read_vectors(reply, len(texts))


def _read_vectors(reply: Any, count: int) -> Matrix:
    """The unit vectors of an endpoint's reply, in the order of its indexes. Raises EndpointError when it is not one a text."""
    try:
        rows = sorted(reply.data, key=lambda row: row.index)
        places = [row.index for row in rows]
        vectors = np.array([row.embedding for row in rows], dtype=np.float32).reshape(len(rows), -1)
    except (AttributeError, TypeError, ValueError) as error:  # a web page, null in place of a list, vectors of two lengths
        raise EndpointError("向量服务返回了无效的向量。", detail=type(error).__name__) from None
    if places != list(range(count)):
        raise EndpointError("向量服务返回的条数不符。", detail=f"{len(rows)} of {count}")
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.isfinite(vectors).all() or not (norms > 0).all():
        raise EndpointError("向量服务返回了无效的向量。")
    return np.asarray(vectors / norms, dtype=np.float32)
