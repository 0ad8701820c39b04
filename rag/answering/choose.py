"""A question and the units that it is answered from → the sentences that answer, best first, within a length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.answering.lists import is_heading
from rag.answering.units import CLAUSE, LIMIT, SHORTEST
from rag.language.figures import find_figures
from rag.language.text import matching_form
from rag.records import Hit, Passage, Query, Sentence, Statement
from rag.search.index import Index
from rag.search.lexical import tokenize
from rag.search.retrieve import COLUMN_OF, Evidence
from rag.search.wanted import what_is_wanted

FRONT = 5.0
"""How much weaker a second line of a heading block may be, in ``Tuning.second``: its short lines explain each other."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """Weights of the sentence choice. Chosen on the dev cases of evals/gold: the highest share of facts of a dozen settings."""

    own: float = 8.0
    answered: float = 12.0
    words: float = 0.3
    asked: float = 0.3
    kind: float = 1.5
    passage: float = 0.006
    apart: float = 1.0  # words that the other parts of the question don't have
    repeated: float = 0.8  # how much weaker a sentence is that answers for what this is compared with
    second: float = 0.8  # a second sentence may be this much weaker than the first
    beside: float = 0.6  # how much lower, in fused score, another unit may be that is shown too


class Chooser:
    """Chooses among the sentences of one index."""

    def __init__(self, index: Index, tuning: Tuning) -> None:
        self._index, self._snapshot, self._tuning = index, index.snapshot, tuning
        first = 0
        self._first: list[int] = []  # position of a passage's first sentence
        for passage in self._snapshot.passages:
            self._first.append(first)
            first += len(passage.sentences)

    def sentences(self, query: Query, evidence: Evidence, hits: Sequence[Hit], limit: int = LIMIT) -> Iterator[Statement]:
        """Up to three sentences of the units that answer nearly as well as the best, in reading order."""
        scored = self._score(query, evidence, hits)
        if not scored:
            return
        scored.sort(key=lambda entry: -entry[0])
        best_score, best, passage = scored[0]
        nearly = self._tuning.second * (FRONT if passage.locator.path == ("0",) else 1)
        chosen = [(best, passage)]
        length = min(len(self._snapshot.sentences[best].text), limit)
        for score, position, owner in scored[1:4]:
            size = len(self._snapshot.sentences[position].text)
            if score >= best_score - nearly and length + size <= limit and len(chosen) < 3:
                chosen.append((position, owner))
                length += size
        chosen.sort()
        budget = limit
        for position, owner in chosen:
            sentence = self._snapshot.sentences[position]
            text = self._fit(query, evidence, sentence, budget)
            budget -= len(text)
            yield from self._with_introduction(owner, sentence, text)

    def beside(self, query: Query, evidence: Evidence, room: int) -> tuple[Statement, ...]:
        """The best sentence of the next unit where the two are hardly told apart and there is room for it."""
        first, second = (*evidence.hits, None, None)[:2]
        if room < SHORTEST or first is None or second is None or not first.score - self._tuning.beside <= second.score <= first.score:
            return ()  # a unit that comes first although another scores more was chosen for what it is
        if (best := self.best(query, evidence, evidence.hits[1])) is None:
            return ()
        position, passage = best
        sentence = self._snapshot.sentences[position]
        return tuple(self._with_introduction(passage, sentence, self._fit(query, evidence, sentence, room)))

    def _with_introduction(self, passage: Passage, sentence: Sentence, text: str) -> Iterator[Statement]:
        """An item of a list says little without the sentence that introduces the list."""
        node = self._snapshot.nodes.get(passage.locator)
        if node is not None and node.kind == "item" and passage.heading and passage.locator.parent is not None:
            document = self._snapshot.by_id[passage.locator.document]
            at = document.text.rfind(passage.heading, 0, sentence.span[0])
            if at >= 0:
                quote = document.text[at : at + len(passage.heading) + 1].strip()
                yield Statement(quote, passage.locator.parent, quote)
        yield Statement(text, passage.locator, sentence.text)

    def best(self, query: Query, evidence: Evidence, hit: Hit) -> tuple[int, Passage] | None:
        """Position of the unit's sentence that answers best, and its passage; None when the unit has no sentence."""
        scored = self._score(query, evidence, [hit])
        if not scored:
            return None
        _, position, passage = max(scored, key=lambda entry: entry[0])
        return position, passage

    def _score(self, query: Query, evidence: Evidence, hits: Sequence[Hit]) -> list[tuple[float, int, Passage]]:
        tuning = self._tuning
        weights = {token: self._index.passage_lexicon.weight(token) for token in dict.fromkeys(evidence.tokens)}
        known = sum(weights.values()) or 1.0
        apart = sum(weights[token] for token in evidence.apart) or 1.0
        wanted = what_is_wanted(query.standalone)
        scored = []
        for hit in hits:
            for passage_id in hit.passages:
                passage = self._snapshot.passages[passage_id]
                if passage.name == "事项":
                    continue
                for offset, sentence in enumerate(passage.sentences):
                    if "reference" not in hit.found_by and is_heading(passage, sentence):
                        continue
                    position = self._first[passage_id] + offset
                    there = set(tokenize(sentence.text))
                    words = sum(weight for token, weight in weights.items() if token in there) / known
                    score = (
                        tuning.own * float(evidence.sentences[position])
                        + tuning.answered * float(evidence.answered[position])
                        + tuning.words * words
                        + tuning.apart * sum(weights[token] for token in evidence.apart if token in there) / apart
                        - tuning.repeated * (sentence.text in evidence.said)
                        + tuning.asked * _has_asked(query, sentence.text)
                        + tuning.kind * wanted.met_by(matching_form(sentence.text))
                        + tuning.passage * float(evidence.lexical[passage_id])
                    )
                    scored.append((score, position, passage))
        return scored

    def _fit(self, query: Query, evidence: Evidence, sentence: Sentence, budget: int) -> str:
        """The sentence, or of one that is too long the run of clauses that holds most of the question and what it asks for."""
        if len(sentence.text) <= budget:
            return sentence.text
        tokens, wanted = set(tokenize(query.standalone)), what_is_wanted(query.standalone)
        cuts = [0, *(match.end() for match in CLAUSE.finditer(sentence.text)), len(sentence.text)]
        best, best_score = (0, cuts[1]), -1.0
        for i, start in enumerate(cuts[:-1]):
            for end in cuts[i + 1 :]:
                if end - start > budget:
                    break
                piece = sentence.text[start:end]
                there = set(tokenize(piece))
                words = (*(tokens & there), *(token for token in evidence.apart if token in there))
                score = sum(map(self._index.passage_lexicon.weight, words)) + (end - start) / 1000 + wanted.met_by(matching_form(piece))
                if score > best_score:
                    best, best_score = (start, end), score
        return sentence.text[best[0] : best[1]].rstrip(",;:，；：、")


def _has_asked(query: Query, text: str) -> float:
    """Whether a sentence has the kind of thing that is asked for."""
    if (column := COLUMN_OF.get(query.asked)) and column in text:
        return 3.0
    if query.asked in ("number", "frequency"):
        return float(bool(find_figures(text)))
    if query.asked == "time":
        return float(any(f.unit in ("工作日", "天", "日", "小时", "月", "年", "周") for f in find_figures(text)))
    return 0.0
