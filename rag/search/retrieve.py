"""Query → ranked Hits: direct references first, then vectors and BM25 fused.

Each passage gets four signals (its own vector, its best sentence, the best question it answers, BM25 on its text with
the questions it answers); a unit is as good as its best passage. Fusing scores rather than ranks keeps what a rank
forgets: how close the best one is, which refusal needs too. BM25 enters as it is, not divided by the best of the
question: that a question has few words in common with any passage is itself worth knowing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rag.language.text import fold, matching_form
from rag.records import Hit, Query
from rag.search.duties import Duties
from rag.search.index import Index, Neighbours
from rag.search.lexical import tokenize
from rag.search.wanted import Wanted, what_is_wanted

if TYPE_CHECKING:
    from rag.search.embedding import Embedder

WORDING = 0.3
"""What the words that two questions share add to their cosine: the model hears the subject, the words tell what is asked of it."""

TEMPERATURE = 0.0075
"""How fast an indexed question's vote fades with its distance."""

Scores = NDArray[np.float32]

COLUMN_OF: dict[str, str] = {"unit": "责任单位", "deadline": "完成时限", "batch": "国发批次", "title": "事项"}
"""The annex column that holds what a question asks for."""

SAME = 1.0
"""How much lower, in fused score, the item may be of which a question asks what one unit has to do."""

LOOKED_AT = 12
"""Questions left open that are read for what they ask; those farther away hardly count."""

NEIGHBOURS = 400
"""Vectors asked of Chroma; beyond that a similarity counts as the lowest one seen."""


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each signal counts.

    The first four were fitted on 600 indexed questions that were left out of an index built for the purpose, which has
    more to learn from than dev; the hints, and what wording adds, were chosen on dev. ``python -m evals.bench.fusion`` measures them.
    """

    passage: float = 1.2
    sentence: float = 1.45
    question: float = 3.6
    lexical: float = 0.067
    year: float = 0.8
    document: float = 1.0
    column: float = 2.0
    kind: float = 0.5


@dataclass(frozen=True, slots=True)
class Evidence:
    """Hits for one question, and what the composing stage needs to know about their sentences.

    ``background`` is the closeness of the nearest question that documents of this kind leave open; ``vote`` tells
    whether the indexed questions around this one are answered or left open, as log-odds.

    ``apart``: tokens that no other part of the question has which the same unit answers;
    ``said``: sentences that the answer to something it is compared with has.

    ``sentences`` and ``answered`` give, by sentence position, the cosine of the sentence itself and the closeness of the
    best question that it is known to answer; ``lexical``, by passage, its BM25; ``questions``, by indexed question, its closeness.
    """

    text: str
    hits: tuple[Hit, ...]
    sentences: Scores
    answered: Scores
    lexical: Scores
    tokens: tuple[str, ...]
    background: float
    vote: float
    questions: Scores
    apart: tuple[str, ...] = ()
    said: tuple[str, ...] = ()


def tell_apart(parts: Sequence[Evidence]) -> list[Evidence]:
    """The evidence for each part of a question, with the words that no other part has that is answered from the same unit."""
    units = [part.hits[0].unit if part.hits else None for part in parts]

    def others(i: int) -> set[str]:
        return {token for j, part in enumerate(parts) if j != i and units[j] == units[i] for token in part.tokens}

    alone = [units.count(unit) == 1 for unit in units]
    return [
        part if alone[i] else replace(part, apart=tuple(t for t in dict.fromkeys(part.tokens) if t not in others(i)))
        for i, part in enumerate(parts)
    ]


class Retriever:
    """Finds units for questions in one index."""

    def __init__(self, index: Index, embedder: Embedder, weights: Weights | None = None) -> None:
        self._index = index
        self._embedder = embedder
        self._weights = weights or Weights()
        taken = index.snapshot
        self._passage_of_sentence = np.array(taken.owners, dtype=np.int64)
        self._passage_of_question = np.array([e.passage for e in taken.expansions], dtype=np.int64)
        self._sentence_of_question = np.array([e.sentence for e in taken.expansions], dtype=np.int64)
        self.units = list(dict.fromkeys(p.unit for p in taken.passages))
        numbers = {unit: i for i, unit in enumerate(self.units)}
        self.unit_of_passage = np.array([numbers[p.unit] for p in taken.passages], dtype=np.int64)
        self._years = [p.year for p in taken.passages]
        asked = {taken.passages[e.passage].locator.document for e in taken.expansions}
        self._unasked = np.array([p.locator.document not in asked for p in taken.passages], dtype=bool)
        self._duties = Duties(taken)
        self._forms = [matching_form(f"{p.heading} {p.text}") for p in taken.passages]
        self._fit_of = lru_cache(maxsize=256)(lambda kind: _marks(kind.met_by(form) for form in self._forms))

    def retrieve(self, query: Query, *, limit: int = 10) -> Evidence:
        """The best ``limit`` units for the query."""
        text = query.standalone
        signals, sentences, answered, questions, tokens, background, vote = self._signals(text)
        total = self._fuse(signals, query)
        order = np.argsort(-total, kind="stable")
        hits = self._hits(order, total, signals, limit)
        hits = self._direct(query, self._duties.put_first(text, hits, SAME), limit)
        lexical = signals["lexical"]
        return Evidence(text, hits, sentences, answered, lexical, tuple(tokens), background, vote, questions)

    def _signals(self, text: str) -> tuple[dict[str, Scores], Scores, Scores, Scores, list[str], float, float]:
        index = self._index
        tokens = tokenize(text)
        near = self._reworded(index.nearest(self._embedder.embed_query(text), min(NEIGHBOURS, self._vectors)), tokens)
        near = replace(near, background=self._left_open(near.background, what_is_wanted(text)))
        passage = _spread(near.passages, len(index.snapshot.passages))
        sentence = _spread(near.sentences, len(index.snapshot.sentences))
        question = _spread(near.questions, len(index.snapshot.expansions))
        lexical = index.passage_lexicon.scores(tokens)
        answered = _highest(question, self._sentence_of_question, len(index.snapshot.sentences))
        best_sentence = _highest(sentence, self._passage_of_sentence, len(passage))
        best_question = _highest(question, self._passage_of_question, len(passage))
        signals = {
            "passage": passage,
            "sentence": best_sentence,
            # a document of which no questions are indexed is not put behind those that have some
            "question": np.where(self._unasked, np.maximum(passage, best_sentence), best_question),
            "lexical": lexical,
        }
        lowest = min((similarity for found in (near.passages, near.sentences, near.questions) for _, similarity in found), default=0.7)
        background = max((similarity for _, similarity in near.background), default=lowest)
        return signals, sentence, answered, question, tokens, background, _vote(near)

    def _reworded(self, near: Neighbours, tokens: Sequence[str]) -> Neighbours:
        """The neighbours with what the wording of indexed questions adds to their cosine."""
        lexicon, words = self._index.question_lexicon, list(dict.fromkeys(tokens))
        added = WORDING * lexicon.scores(words) / max(sum(map(lexicon.rarity, words)), 1.0)
        first_open = len(self._index.snapshot.expansions)
        return replace(
            near,
            questions=tuple((i, cosine + float(added[i])) for i, cosine in near.questions),
            background=tuple((i, cosine + float(added[first_open + i])) for i, cosine in near.background),
        )

    def _left_open(self, background: Sequence[tuple[int, float]], wanted: Wanted) -> tuple[tuple[int, float], ...]:
        """The questions left open; when a share is asked for, without the nearest that state one or ask for another figure."""
        if wanted.kind != "share":
            return tuple(background)
        order = sorted(background, key=lambda found: -found[1])
        left_open = self._index.snapshot.background
        return (*(found for found in order[:LOOKED_AT] if not wanted.differs_from(fold(left_open[found[0]]))), *order[LOOKED_AT:])

    @property
    def _vectors(self) -> int:
        taken = self._index.snapshot
        return len(taken.passages) + len(taken.sentences) + len(taken.expansions) + len(taken.background)

    def weighted_signals(self, query: Query) -> dict[str, Scores]:
        """Every signal that has a weight, by its name in ``Weights``, before weighting; one value a passage."""
        return self._with_hints(self._signals(query.standalone)[0], query)

    def _with_hints(self, signals: dict[str, Scores], query: Query) -> dict[str, Scores]:
        passages = self._index.snapshot.passages
        none = np.zeros(len(passages), dtype=np.float32)
        column = COLUMN_OF.get(query.asked)
        wanted = what_is_wanted(query.standalone)
        return {
            # cosines of this model live within a fifth, so they are stretched to the range of the others
            **{name: 5 * signals[name] for name in ("passage", "sentence", "question")},
            "lexical": signals["lexical"],
            "year": self._year_fit(query.years, query.documents) if query.years else none,
            "document": _marks(p.locator.document in query.documents for p in passages) if query.documents else none,
            "column": _marks(p.name == column for p in passages) if column else none,
            "kind": self._kind_fit(wanted) if wanted.pattern else none,
        }

    def _kind_fit(self, wanted: Wanted) -> Scores:
        """1 where a passage has the kind of thing that is asked for; there are few kinds, so each is looked for once."""
        fit = self._fit_of(replace(wanted, given=()))
        if not wanted.given:
            return fit
        return _marks(bool(has) and wanted.met_by(form) for has, form in zip(fit, self._forms, strict=True))

    def _fuse(self, signals: dict[str, Scores], query: Query) -> Scores:
        total = np.zeros(len(self._index.snapshot.passages), dtype=np.float32)
        for name, values in self._with_hints(signals, query).items():
            total += getattr(self._weights, name) * values
        if query.only:
            total[[p.locator.document not in query.documents for p in self._index.snapshot.passages]] = -np.inf
        return total

    def _year_fit(self, years: Sequence[int], documents: Sequence[str]) -> Scores:
        """1 where a passage is about one of the years or names it, -1 where it is about another."""
        fit = np.zeros(len(self._years), dtype=np.float32)
        for i, (year, passage) in enumerate(zip(self._years, self._index.snapshot.passages, strict=True)):
            if year in years:
                fit[i] = 1
            elif any(f"{wanted}年" in passage.text for wanted in years):
                fit[i] = 0.5
            elif year is not None:
                fit[i] = -1
            elif year is None and not documents:
                fit[i] = -0.4  # an undated text rarely answers a question about a year
        return fit

    def _hits(self, order: NDArray[np.int64], total: Scores, signals: dict[str, Scores], limit: int) -> tuple[Hit, ...]:
        by_unit: dict[int, list[int]] = {}
        for passage in order:
            unit = int(self.unit_of_passage[passage])
            if unit not in by_unit and len(by_unit) == limit:
                continue
            by_unit.setdefault(unit, []).append(int(passage))
        return tuple(
            Hit(
                self.units[unit],
                float(total[members[0]]),
                tuple(members),
                {name: round(float(values[members].max()), 4) for name, values in signals.items()},
            )
            for unit, members in by_unit.items()
        )

    def _direct(self, query: Query, hits: tuple[Hit, ...], limit: int) -> tuple[Hit, ...]:
        """Units that the question names come first, in the order in which it names them."""
        named: list[Hit] = []
        for locator in query.references:
            members = [p.id for p in self._index.snapshot.passages if p.locator.within(locator)]
            for unit in dict.fromkeys(self._index.snapshot.passages[m].unit for m in members) if members else (locator,):
                mine = [m for m in members if self._index.snapshot.passages[m].unit == unit]
                scored = next((hit for hit in hits if hit.unit == unit), None)
                rank = {m: i for i, m in enumerate(scored.passages)} if scored else {}
                mine.sort(key=lambda m: rank.get(m, len(rank) + m))
                if not any(hit.unit == unit for hit in named):
                    named.append(Hit(unit, scored.score if scored else 0.0, tuple(mine), {"reference": 1.0}))
        seen = {hit.unit for hit in named}
        return (*named, *(hit for hit in hits if hit.unit not in seen))[: max(limit, len(named))]


def _vote(near: Neighbours) -> float:
    """Log-odds that a question is answered, by the indexed questions around it: the nearer, the more each counts."""
    nearest = max((closeness for _, closeness in (*near.questions, *near.background)), default=0.0)
    answered, left_open = (
        sum(math.exp((closeness - nearest) / TEMPERATURE) for _, closeness in found) for found in (near.questions, near.background)
    )
    share = answered / (answered + left_open) if answered or left_open else 0.5
    return math.log((share + 0.01) / (1.01 - share))


def _marks(conditions: Iterable[bool]) -> Scores:
    return np.fromiter(conditions, dtype=np.float32)


def _spread(near: Sequence[tuple[int, float]], size: int) -> Scores:
    """Similarities as an array; what was not returned gets the lowest similarity that was."""
    floor = min((similarity for _, similarity in near), default=0.7)
    values = np.full(size, floor - 0.01, dtype=np.float32)
    for position, similarity in near:
        values[position] = similarity
    return values


def _highest(values: Scores, groups: NDArray[np.int64], size: int) -> Scores:
    """The maximum of each group; groups without members get the lowest value."""
    lowest = float(values.min()) if values.size else 0.0
    result = np.full(size, lowest, dtype=np.float32)
    if values.size:
        np.maximum.at(result, groups, values)
    return result
