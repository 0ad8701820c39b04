"""Questions of which it is known which sentence answers them, or that the documents leave them open: one more thing to be near to.

A corpus may bring ``known.npz`` (``python -m training.known`` writes it): vectors of such questions, made by the bundled embedder.
Few documents have them; how much they count is the judge's to weigh, and for a document without them they count nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from rag.errors import CorpusError
from rag.language.text import squeeze
from rag.search.snapshot import Snapshot

FILE = "known.npz"

OPEN = -1
"""In place of a sentence: the documents leave the question open."""

FAR = 0.9
"""Cosine of two questions below which nearness counts as none. At .85 nearly nine of ten windows found for a question on an unseen document
were near to a known question; at .90 it is fewer than three."""

TEMPERATURE, VOTER = 0.0075, 0.94
"""How fast a known question's vote fades with its distance, and the cosine at which it is a whole one. Votes that fade with the distance
from the nearest question instead are as loud far away: .754 of the silent dev questions refused where .90 are kept, .857 so."""

DOUBT = 0.1
"""Votes that both sides have from the start: none is ever unanimous, and where no question is near there is none."""


@dataclass(frozen=True, slots=True)
class Near:
    """How near a question is to known ones, as cosine above FAR: by the sentence that answers them, and to those left open."""

    answered: Mapping[int, float]
    open: float
    vote: float  # log odds of the known questions around it being answered rather than left open


@dataclass(frozen=True, slots=True)
class Known:
    """Unit vectors of questions (n, dimensions) and the position of the sentence that answers each, or OPEN."""

    vectors: NDArray[np.float32]
    sentences: NDArray[np.int64]

    @classmethod
    def read(cls, corpus: Path, taken: Snapshot, embedder: str) -> Known:
        """What the corpus brings; nothing when it brings none, or for another embedder. Raises CorpusError when it can't be read."""
        path = corpus / FILE
        if not path.is_file():
            return cls.none()
        try:
            with np.load(path) as found:
                if str(found["embedder"]) != embedder:
                    return cls.none()
                vectors = found["vectors"].astype(np.float32) / 127
                places, owners = [str(place) for place in found["places"]], found["owners"]
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            raise CorpusError(f"问题文件 {FILE} 无法读取。", detail=str(error)) from error
        placed = enumerate(zip(taken.sentences, taken.owners, strict=True))
        position = {_key(str(taken.passages[owner].locator), sentence.text): i for i, (sentence, owner) in placed}
        at = np.array([*(position.get(place, OPEN - 1) for place in places), OPEN], dtype=np.int64)[owners]
        return cls(vectors[at >= OPEN], at[at >= OPEN])  # not those of a sentence that is no longer there

    @classmethod
    def none(cls) -> Known:
        """No question is known."""
        return cls(np.zeros((0, 1), np.float32), np.zeros(0, np.int64))

    def save(self, path: Path) -> None:
        """Write them beside an index."""
        np.savez(path, vectors=np.round(self.vectors * 127).astype(np.int8), sentences=self.sentences)

    @classmethod
    def load(cls, path: Path) -> Known:
        """Read what ``save`` wrote."""
        with np.load(path) as found:
            return cls(found["vectors"].astype(np.float32) / 127, found["sentences"])

    def near(self, vector: NDArray[np.float32], count: int = 64) -> Near:
        """The known questions nearest to a question's vector, of at most ``count``."""
        if not len(self.vectors):
            return Near({}, 0.0, 0.0)
        similar = self.vectors @ vector
        best = np.argpartition(-similar, min(count, len(similar) - 1))[:count]
        answered: dict[int, float] = {}
        for i in best:
            position, above = int(self.sentences[i]), float(similar[i]) - FAR
            if above > answered.get(position, 0.0):
                answered[position] = above
        weights = np.exp((similar[best] - VOTER) / TEMPERATURE)
        left = self.sentences[best] == OPEN
        vote = float(np.log((weights[~left].sum() + DOUBT) / (weights[left].sum() + DOUBT)))
        return Near({p: above for p, above in answered.items() if p != OPEN}, answered.get(OPEN, 0.0), vote)


def write(path: Path, vectors: NDArray[np.float32], owners: list[tuple[str, str] | None], embedder: str) -> None:
    """Write ``known.npz``: for each vector the place and text of the sentence that answers, or None."""
    keys = list(dict.fromkeys(_key(*owner) for owner in owners if owner is not None))
    number = {key: i for i, key in enumerate(keys)}
    of = np.array([len(keys) if owner is None else number[_key(*owner)] for owner in owners], dtype=np.int32)
    rounded = np.round(np.clip(vectors, -1, 1) * 127).astype(np.int8)
    np.savez_compressed(path, vectors=rounded, places=np.array(keys), owners=of, embedder=np.array(embedder))


def _key(place: str, text: str) -> str:
    """A sentence by its place and words."""
    return f"{place} {hashlib.sha256(squeeze(text).encode()).hexdigest()[:12]}"
