"""Evidence → how likely it is that the documents answer the question at all.

Similarity alone cannot tell 「会议费标准」 from 「会议计划管理」: what can is whether the rare words of the question
occur where the answer is said to be. A logistic function of a few signals, fitted on the dev half of evals/gold.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from rag.language.text import fold
from rag.records import Query
from rag.search.index import Index
from rag.search.lexical import tokenize
from rag.search.retrieve import Evidence


@dataclass(frozen=True, slots=True)
class Calibration:
    """Weights of the logistic function. Fitted by ``python -m evals.bench.refusal``."""

    bias: float = -30.0
    question: float = 20.0
    sentence: float = 10.0
    covered: float = 3.0
    unknown: float = -1.0
    threshold: float = 0.5


FEATURES = ("question", "sentence", "covered", "unknown")


class Confidence:
    """Judges evidence from one index."""

    def __init__(self, index: Index, calibration: Calibration | None = None) -> None:
        self._index = index
        self._calibration = calibration or Calibration()

    def features(self, query: Query, evidence: Evidence) -> dict[str, float]:
        """The signals, each within a small range."""
        top = evidence.hits[0]
        passages = [self._index.snapshot.passages[i] for i in top.passages]
        text = " ".join(f"{p.breadcrumb} {p.heading} {p.name} {p.text}" for p in passages)
        mine = {p.id for p in passages}
        asked = " ".join(e.text for e in self._index.snapshot.expansions if e.passage in mine)
        there = set(tokenize(f"{text} {asked}"))
        weights = {t: self._index.passage_lexicon.weight(t) for t in dict.fromkeys(tokenize(fold(evidence.text)))}
        total = sum(weights.values()) or 1.0
        known = self._index.question_lexicon
        unknown = sum(1 for t, w in weights.items() if w == 1.0 and known.weight(t) == 1.0)
        return {
            "question": top.found_by.get("question", 0.0),
            "sentence": max(top.found_by.get("sentence", 0.0), top.found_by.get("passage", 0.0)),
            "covered": sum(w for t, w in weights.items() if t in there) / total,
            "unknown": unknown / max(len(weights), 1),
        }

    def probability(self, query: Query, evidence: Evidence) -> float:
        """That the documents answer the question, 0…1."""
        if not evidence.hits:
            return 0.0
        values = self.features(query, evidence)
        z = self._calibration.bias + sum(getattr(self._calibration, name) * value for name, value in values.items())
        return 1 / (1 + math.exp(-max(-50.0, min(50.0, z))))

    def is_enough(self, query: Query, evidence: Evidence) -> bool:
        """True when the question may be answered from this evidence."""
        return self.probability(query, evidence) >= self._calibration.threshold
