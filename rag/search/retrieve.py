"""Readings → Candidates, in one batch: vectors of windows and sentences and BM25, fused. Nothing is decided here.

A window is as near as its own vector and its nearest sentence's together; words add what the vectors miss. Scores are fused
rather than ranks: how far apart two windows are says something that a rank forgets.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from rag.records import Candidate, Hit, Locator, Reading
from rag.search.index import Index, Neighbours
from rag.search.known import Near
from rag.search.lexical import tokenize

if TYPE_CHECKING:
    from rag.search.embedding import Embedder

LEXICAL = 0.003
"""Weight of BM25 beside the two cosines: all needed windows among the first eight of 16 documents for .930 of 700 labelled questions;
.913 without, .909 at .008. Chosen with another length normalisation, on questions of every split: what is set aside was counted here."""

FIRST, BROUGHT = 4, 2
"""After so many windows so many come that known questions bring in. As a part of the score they pushed other documents out: a needed
window was among ten for .48 of the questions on unseen documents."""

NEIGHBOURS = 400
"""Vectors asked of Chroma; beyond that a similarity counts as the lowest one seen."""

WORDS = 40
"""Windows that BM25 alone may bring in."""


class Retriever:
    """Finds windows for readings in one index."""

    def __init__(self, index: Index, embedder: Embedder) -> None:
        self._index = index
        self._embedder = embedder
        taken = index.snapshot
        self._window_of = np.zeros(max(len(taken.sentences), 1), dtype=np.int64)
        for position, window in enumerate(taken.windows):
            self._window_of[window.sentences.start : window.sentences.stop] = position
        self._windows = taken.windows
        self._with_known = {taken.passages[taken.owners[p]].locator.document for p in set(map(int, index.known.sentences)) if p >= 0}
        self._size = len(taken.windows) + len(taken.sentences)
        self._windows_of: dict[str, list[int]] = defaultdict(list)
        for position, window in enumerate(taken.windows):
            self._windows_of[window.unit.document].append(position)

    def retrieve(self, readings: Sequence[Reading], count: int) -> list[tuple[Candidate, ...]]:
        """The ``count`` best windows for each reading, best first. Raises StorageError or EndpointError."""
        texts = [f"{reading.before} {reading.said or reading.text}".strip() for reading in readings]
        vectors = self._embedder.embed_passages(texts, as_query=True)
        within = {reading.documents for reading in readings}
        near: dict[int, Neighbours] = {}
        for documents in within:
            some = [i for i, reading in enumerate(readings) if reading.documents == documents]
            found = self._index.nearest(vectors[some], min(NEIGHBOURS, self._size), documents)
            near.update(zip(some, found, strict=True))
        known = [self._index.known.near(vector) for vector in vectors]
        return [self._fuse(text, near[i], known[i], readings[i], count) for i, text in enumerate(texts)]

    def _fuse(self, text: str, near: Neighbours, known: Near, reading: Reading, count: int) -> tuple[Candidate, ...]:
        cosine = dict(near.windows)
        sentence: dict[int, float] = {}
        for position, similarity in near.sentences:
            sentence.setdefault(int(self._window_of[position]), similarity)
        lexical = self._index.lexicon.scores(list(dict.fromkeys(tokenize(text))))
        far_window = min(cosine.values(), default=0.0)
        far_sentence = min(sentence.values(), default=0.0)
        answered: dict[int, dict[int, float]] = defaultdict(dict)
        for position, above in known.answered.items():
            if not reading.documents or self._windows[int(self._window_of[position])].unit.document in reading.documents:
                answered[int(self._window_of[position])][position] = above
        found = []
        for w in {*cosine, *sentence, *answered, *self._by_words(lexical, reading.documents)}:
            cos, near_sentence = cosine.get(w, far_window), sentence.get(w, far_sentence)
            of = answered.get(w, {})
            best = max(of.values(), default=0.0)
            left, vote = (known.open, known.vote) if self._windows[w].unit.document in self._with_known else (0.0, 0.0)
            score = cos + near_sentence + LEXICAL * float(lexical[w])
            found.append(Candidate(w, score, cos, near_sentence, float(lexical[w]), best, left, vote, of))
        ranked = sorted(found, key=lambda candidate: (-candidate.score, candidate.window))
        brought = sorted((c for c in ranked[FIRST:] if c.known), key=lambda candidate: -candidate.known)[:BROUGHT]
        return tuple([*ranked[:FIRST], *brought, *(c for c in ranked[FIRST:] if c not in brought)][:count])

    def _by_words(self, lexical: np.ndarray, documents: Sequence[str]) -> list[int]:
        """The windows with the most of the words."""
        if documents:
            inside = [w for document in documents for w in self._windows_of[document]]
            return sorted(inside, key=lambda w: -lexical[w])[:WORDS]
        count = min(WORDS, len(lexical))
        return [int(w) for w in np.argpartition(-lexical, count - 1)[:count]] if count else []

    def hits(self, candidates: Sequence[Candidate]) -> tuple[Hit, ...]:
        """The units of candidates, best first, with their passages and what found them."""
        taken = self._index.snapshot
        grouped: dict[Locator, list[Candidate]] = {}
        for candidate in candidates:
            grouped.setdefault(taken.windows[candidate.window].unit, []).append(candidate)
        return tuple(self._hit(unit, found) for unit, found in grouped.items())

    def _hit(self, unit: Locator, found: Sequence[Candidate]) -> Hit:
        taken = self._index.snapshot
        passages = dict.fromkeys(taken.owners[i] for c in found for i in taken.windows[c.window].sentences)
        best = found[0]
        return Hit(unit, best.score, tuple(passages), {"window": best.cosine, "sentence": best.sentence, "lexical": best.lexical})
