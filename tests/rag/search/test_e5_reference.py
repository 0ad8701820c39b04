"""The embedded model against a stored reference, so that no new version of a library changes what is indexed in silence.

``tests/golden/embedding/reference.json`` holds 13 texts with their token ids and the first 48 components of their vectors.
Neither came from the code under test. The ids are those of ``tokenizers.Unigram`` over all 250 000 pieces of the weight file,
with Python's own NFKC in place of the file's table (the last test does that again). The vectors are those of a forward pass in
float64 numpy over the same weights, written by hand once; the cosine to onnxruntime's was 1.0000000 ± 0.0000001 for each.
"""

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rag.search import e5
from rag.search.embedding import E5Embedder

REFERENCE = json.loads((Path(__file__).parents[2] / "golden" / "embedding" / "reference.json").read_text(encoding="utf-8"))
TEXTS = [entry["text"] for entry in REFERENCE]


@pytest.fixture(scope="module")
def embedder(model_dir: Path) -> E5Embedder:
    return E5Embedder(model_dir)


def embed(embedder: E5Embedder, text: str) -> Any:
    kind, words = text.split(": ", 1)
    return embedder.embed_query(words) if kind == "query" else embedder.embed_passages([words])[0]


def cosine(found: Any, expected: list[float]) -> float:
    part = np.asarray(found, dtype=np.float64)[: len(expected)]
    return float(part @ np.array(expected) / np.linalg.norm(part) / np.linalg.norm(expected))


@pytest.mark.parametrize("entry", REFERENCE, ids=range(len(REFERENCE)))
def test_ids_and_vectors(entry: dict[str, Any], embedder: E5Embedder) -> None:
    """Ids are equal, the vector has unit length and points where the reference does."""
    assert embedder.token_ids([entry["text"]]) == [entry["ids"]]
    vector = embed(embedder, entry["text"])
    assert vector.shape == (e5.DIMENSIONS,)
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)
    assert cosine(vector, entry["vector"]) > 0.9999
    assert np.abs(vector[: len(entry["vector"])] - entry["vector"]).max() < 5e-4


def test_the_reference_tells_texts_apart(embedder: E5Embedder) -> None:
    """The bar of 0.9999 means something: no text passes for another."""
    for text in TEXTS:
        vector = embed(embedder, text)
        assert all(cosine(vector, other["vector"]) < 0.999 for other in REFERENCE if other["text"] != text)


def test_a_batch_changes_no_vector(embedder: E5Embedder) -> None:
    """Passages of 17 to 395 tokens embedded together, padded, give what each gives alone, in the order given."""
    passages = [entry for entry in REFERENCE if entry["text"].startswith("passage: ")]
    together = embedder.embed_passages([entry["text"].removeprefix("passage: ") for entry in passages])
    assert all(cosine(row, entry["vector"]) > 0.9999 for row, entry in zip(together, passages, strict=True))


def test_nothing_is_cut_at_nul(embedder: E5Embedder) -> None:
    """A NUL is dropped; what stands behind it is read."""
    assert embedder.token_ids(["query: 会议\0纪要"]) == embedder.token_ids(["query: 会议纪要"]) != embedder.token_ids(["query: 会议"])


@pytest.mark.slow
def test_ids_of_the_whole_vocabulary() -> None:
    """A tokenizer of all the pieces, with Unicode's normal form, gives the stored ids: the short cuts of ours lose nothing."""
    from tokenizers import Tokenizer, models

    weights = e5._read_weights(e5.weight_file())
    table = [(piece.decode(), float(score)) for piece, score in zip(weights.pieces, weights.scores, strict=True)]
    tokenizer = Tokenizer(models.Unigram(table, unk_id=3))
    for entry in REFERENCE:
        text = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", entry["text"].replace("\0", "")))
        ids = tokenizer.encode("▁" + text.replace(" ", "▁"), add_special_tokens=False).ids
        assert [0, *ids, 2] == entry["ids"], entry["text"]
