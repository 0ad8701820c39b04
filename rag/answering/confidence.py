"""Evidence → how likely it is that the documents answer the question at all.

Similarity alone cannot tell 「会议费标准」 from 「会议计划管理」. Four things can:

    what is asked for   a question after a number of days needs a sentence with a number of days, and none that has none
                        may be much more about the question; a figure stands in the clause about it
    where and when      a place or year that the question names has to be that of the sentence
    the rare words      of the question occur where the answer is said to be
    the alternative     a question is nearer to those that the sentence answers than to those that such documents leave open

The first two decide alone, and so do keywords that all stand in one sentence; the rest is weighed by a logistic function
fitted by ``python -m evals.bench.refusal``.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rag.language.names import name_asked, unfolds
from rag.language.questions import ASKS, INTERROGATIVE, SAYS_SO
from rag.language.statements import split_clauses
from rag.language.text import fold, matching_form
from rag.language.words import content_terms, is_carried
from rag.records import Passage, Query
from rag.search.index import Index
from rag.search.lexical import tokenize
from rag.search.retrieve import COLUMN_OF, Evidence
from rag.search.wanted import FIGURES, Wanted, items_wanted, what_is_wanted


@dataclass(frozen=True, slots=True)
class Calibration:
    """Weights of the logistic function. Fitted by ``python -m evals.bench.refusal``."""

    bias: float = -4.92
    answered: float = 1.91
    sentence: float = 3.41
    covered: float = 1.73
    unknown: float = -4.55
    margin: float = 16.47
    vote: float = 0.40
    threshold: float = 0.37  # 338 unseen questions: .30 refused .918 of the open ones and .029 of the others, .37 .934 and .036
    named: float = 0.25  # the threshold of a part that is asked of one document by name
    stated: float = 0.15  # of what is stated rather than asked, 「…吧」: what it gets wrong lessens every signal


PLAIN = Calibration(bias=-28.16, answered=0.0, sentence=31.08, covered=1.28, unknown=0.04, margin=0.0, vote=0.0, threshold=0.30, named=0.25)
"""For a document of which no questions are indexed: its own words are all there is. Fitted with NINGWEN_EXPAND=false."""

PLAIN_FEATURES = ("sentence", "covered", "unknown")
FEATURES = ("answered", "sentence", "covered", "unknown", "margin", "vote")

_SEAT = re.compile(r"[\u4e00-\u9fff]{2,3}?[省市县](?=人民政府|政府|[^,。]*[厅局委办]$)")  # 「陕西省政府」 is of 陕西省

_KINDS_OF_PLACE = r"市辖区|县级市|地级市|设区的?市"
"""Kinds whose rules are every such place's; a 自治区 or a 省 has rules of its own."""

_ANY_PLACE = re.compile(
    r"[各每某]|外国|大城市|三[区北]$|全[区省市县国]|[东西南北中][东西南北部]|(?:城市|山川|黄河|新建|惠及|治沙|满意度)$"
)
"""No place of its own: 「各市县」, 「大城市」, 「西北」; and words of an official text that look like one."""

_TOOL = re.compile(
    r"(?<![a-z])(?P<tool>[a-z]{3,})(?:(?:里面?|中|上)(?:怎么|如何|咋)|(?:怎么|如何|咋)(?!样|了|办|说|看|回事|规定|要求|安排)(?=[\u4e00-\u9fff]{2}))"
)
"""A word in Latin letters with which a question wants to do something: 「Excel里怎么…」; 「GDP怎么样」 wants nothing done."""

_INSIDE = re.compile(
    r"》[^,。;?!]{0,6}?(?:第几[条章款]|哪(?:一|1|几)?[条章款](?![^,。;?!]*依据)|(?:有|共|一共|总共)(?:多少|几)[条章款]|全文|原文)"
)
"""What stands where inside a document that is named by its title; of one that the corpus only mentions nobody can tell."""

_STATED = re.compile(r"(?<![酒网贴水])吧(?:$|[,;。?!])|(?:对吗|对不对|是这样吗)[?。]?$")
_TELL = r"[说讲看查列找发]|介绍|解释|告诉"
_PLEA = re.compile(
    rf"(?:{_TELL})(?:{_TELL}|一?下|一|出来|清楚|给|我们?|大家|听)+吧(?:$|[,;。?!])|[给帮替跟]我们?[^,;。?!]{{0,6}}吧(?:$|[,;。?!])"
)
"""「…给我说说吧」 states nothing."""

_BATCH = re.compile(r"第(?:\d+|[一二三四五六七八九十]+)批")

BEHIND = 0.75
"""How much nearer, in a sentence's score, one that has nothing of the kind may be than the one that has what is asked for."""

FRONT = 2.0
"""The same for a heading block, as a multiple: its short lines explain each other."""

OF_IT = 0.5
"""Share of the question's words in a sentence that the clause with the figure and the one before it have, if it is what is asked for."""

NEAREST = 40
"""Indexed questions looked through for one that asks for the same kind of thing."""

ASKED_OTHERWISE = 0.055
"""How much closer indexed questions are that ask for another kind of thing."""

_ASKING = re.compile(rf"{INTERROGATIVE.pattern}|{ASKS.pattern}|还是|[能可]否|有没有|(?!时不时|动不动)([\u4e00-\u9fff])不\1")
_FEWEST, _LITERALLY = 2, 0.8  # keywords that tell one sentence from another; share of them and their pairs as typed
_MANY = 4  # of fewer things than this each may have a sentence of its own

_ANSWERED, _OWN = 12.0, 8.0  # how near a sentence is by the questions it answers, and by its own words: as in extract.py


class Confidence:
    """Judges evidence from one index."""

    def __init__(self, index: Index, calibration: Calibration | None = None) -> None:
        self._index = index
        self._calibration = calibration or Calibration()
        self._asked = {index.snapshot.passages[e.passage].locator.document for e in index.snapshot.expansions}
        self._years = np.array([index.snapshot.passages[owner].year or 0 for owner in index.snapshot.owners])
        first = 0
        self._sentences_of: list[range] = []  # positions of each passage's sentences
        for passage in index.snapshot.passages:
            self._sentences_of.append(range(first, first + len(passage.sentences)))
            first += len(passage.sentences)

    @cached_property
    def _asked_of(self) -> dict[int, str]:
        """The questions that each sentence answers, joined."""
        found: dict[int, list[str]] = {}
        for expansion in self._index.snapshot.expansions:
            found.setdefault(expansion.sentence, []).append(expansion.text)
        return {sentence: " ".join(texts) for sentence, texts in found.items()}

    @cached_property
    def _whole(self) -> str:
        """All documents, folded: a place that none of them names is a word like others."""
        return fold("".join(document.text for document in self._index.snapshot.documents))

    def features(self, query: Query, evidence: Evidence) -> dict[str, float]:
        """The signals that are weighed, of the sentence that answers best; each 0…1."""
        position = self._best_sentence(query, evidence)
        passage = self._index.snapshot.passages[self._index.snapshot.owners[position]]
        sentence = self._index.snapshot.sentences[position].text
        text = fold(f"{passage.breadcrumb} {passage.heading} {passage.name} {sentence} {self._asked_of.get(position, '')}")
        there = set(tokenize(text))
        weights = {t: self._index.question_lexicon.weight(t) for t in dict.fromkeys(evidence.tokens)}
        total = sum(weights.values()) or 1.0
        unknown = sum(self._index.passage_lexicon.count(token) == 0 for token in weights)
        answered = float(evidence.answered[position])
        return {
            "answered": answered,
            "sentence": float(evidence.sentences[position]),
            "covered": sum(w for t, w in weights.items() if t in there) / total,
            "unknown": unknown / max(len(weights), 1),
            "margin": answered - evidence.background,
            "vote": evidence.vote,
        }

    def _best_sentence(self, query: Query, evidence: Evidence) -> int:
        """Position of the best unit's sentence that answers best, of those that have what is asked for if any has."""
        positions = [position for i in evidence.hits[0].passages for position in self._sentences_of[i]]
        wanted = what_is_wanted(query.standalone)
        meeting = [p for p in positions if wanted.met_by(matching_form(self._index.snapshot.sentences[p].text))]
        return max(meeting or positions, key=lambda p: _ANSWERED * evidence.answered[p] + _OWN * evidence.sentences[p])

    def probability(self, query: Query, evidence: Evidence) -> float:
        """That the documents answer the question, 0…1."""
        if not evidence.hits or self.lacking(query, evidence):
            return 0.0
        values, calibration = self.features(query, evidence), self._calibration_for(evidence)
        z = calibration.bias + sum(getattr(calibration, name) * value for name, value in values.items())
        return 1 / (1 + math.exp(-max(-50.0, min(50.0, z))))

    def is_enough(self, query: Query, evidence: Evidence) -> bool:
        """True when the question may be answered from this evidence."""
        if not evidence.hits:
            return False
        if self._is_said(query, evidence):
            return self.lacking(query, evidence) is None
        calibration = self._calibration_for(evidence)
        threshold = calibration.named if query.only else calibration.threshold
        if _STATED.search(_PLEA.sub("", query.standalone)):
            threshold = min(threshold, calibration.stated)
        return self.probability(query, evidence) >= threshold

    def _is_said(self, query: Query, evidence: Evidence) -> bool:
        """Whether keywords, with nothing asked of them, stand in one sentence, whatever else they are near to: 「马儿庄采矿权」."""
        if _ASKING.search(query.standalone):
            return False
        terms, tokens = content_terms(matching_form(query.standalone)), set(evidence.tokens)
        position = self._best_sentence(query, evidence)
        passage = self._index.snapshot.passages[self._index.snapshot.owners[position]]
        sentence = self._index.snapshot.sentences[position].text
        text = matching_form(f"{passage.breadcrumb} {passage.heading} {passage.name} {sentence}")
        carried = len(terms) >= _FEWEST and all(is_carried(term, text) for term in terms)
        return carried and sum(token in text for token in tokens) >= _LITERALLY * len(tokens)

    def _calibration_for(self, evidence: Evidence) -> Calibration:
        return self._calibration if evidence.hits[0].unit.document in self._asked else PLAIN

    def lacking(self, query: Query, evidence: Evidence) -> str | None:
        """What the question asks for and the best passages do not have; None when nothing is."""
        passages = [self._index.snapshot.passages[i] for i in evidence.hits[0].passages]
        if SAYS_SO.fullmatch(query.standalone):
            return "subject"
        text = matching_form(" ".join(f"{p.text} {p.heading}" for p in passages))
        if (match := _TOOL.search(query.standalone)) and (tool := match["tool"]) not in self._whole:
            return f"word {tool}"
        if not query.documents and _INSIDE.search(query.standalone):
            return "another document"
        if year := _other_year(query, passages[:3]):
            return f"year {year}"
        if place := next((p for p in self._places_asked(query, evidence, text) if self._elsewhere(p, text)), None):
            return f"place {place}"
        if name := self._only_named(query, evidence):
            return f"members of {name}"
        wanted = what_is_wanted(query.standalone)
        batches = _BATCH.findall(matching_form(evidence.text)) if wanted.kind == "document_number" else []
        if batch := next((batch for batch in batches if batch not in text), None):
            return f"batch {batch}"
        column = COLUMN_OF.get(query.asked)
        in_table = column is not None and (wanted.kind not in ("office", "date") or column in text or any(p.name for p in passages))
        if not in_table and not any(
            wanted.met_by(matching_form(sentence.text)) for passage in passages for sentence in passage.sentences
        ):
            return wanted.kind
        if wanted.pattern is not None and not in_table and self._is_behind(query, evidence):
            return wanted.kind
        if wanted.kind in FIGURES and self._is_of_another(query, evidence, wanted):
            return f"{wanted.kind} of it"
        if not query.references and (items := items_wanted(query.standalone)) >= _MANY and items > self._listed(query, evidence):
            return f"{items} items"
        return None

    def _only_named(self, query: Query, evidence: Evidence) -> str | None:
        """A name after whose members or meaning the question asks, and which the best unit mentions without saying them; else None."""
        snapshot, hit = self._index.snapshot, evidence.hits[0]
        text = "".join(snapshot.passages[i].text for i in sorted(hit.passages))
        if (name := name_asked(query.standalone, text)) is None:
            return None
        node = snapshot.nodes.get(hit.unit)
        parts = sum(bool(child.label) for child in node.children) if node else 0
        return None if unfolds(name, text, parts) else name

    def _is_behind(self, query: Query, evidence: Evidence) -> bool:
        """Whether a sentence that has nothing of the kind is much more about the question than the one that has what is asked for."""
        scores = _ANSWERED * evidence.answered + _OWN * evidence.sentences
        if query.years:
            scores = np.where(np.isin(self._years, (0, *query.years)), scores, -np.inf)
        front = evidence.hits[0].unit.path == ("0",)
        return bool(scores.max() - scores[self._best_sentence(query, evidence)] >= BEHIND * (FRONT if front else 1))

    def _is_of_another(self, query: Query, evidence: Evidence, wanted: Wanted) -> bool:
        """Whether the figure stands in clauses about something else, and the indexed questions nearest to this one ask for no figure."""
        best = self._best_sentence(query, evidence)
        text = matching_form(self._index.snapshot.sentences[best].text)
        weights = {token: self._index.question_lexicon.weight(token) for token in dict.fromkeys(evidence.tokens)}

        def weight(text: str) -> float:
            there = set(tokenize(text))
            return sum(value for token, value in weights.items() if token in there)

        clauses = split_clauses(text)
        beside = [" ".join(clauses[max(i - 1, 0) : i + 1]) for i, clause in enumerate(clauses) if wanted.met_by(clause)]
        if max(map(weight, beside), default=0.0) >= OF_IT * weight(text):
            return False
        order = np.argsort(-evidence.questions)[:NEAREST]
        asked = [
            (float(evidence.questions[i]), what_is_wanted(fold(self._index.snapshot.expansions[i].text)).kind == wanted.kind) for i in order
        ]
        nearest = max((closeness for closeness, _ in asked), default=0.0)
        return nearest - max((closeness for closeness, same in asked if same), default=0.0) >= ASKED_OTHERWISE

    def _listed(self, query: Query, evidence: Evidence) -> int:
        """How many things the sentence that answers best, or the next, names in one go, or the unit has parts."""
        snapshot, unit = self._index.snapshot, evidence.hits[0].unit
        nodes = [snapshot.nodes[place] for place in (unit, unit.parent) if place in snapshot.nodes]
        best = self._best_sentence(query, evidence)
        passage = snapshot.owners[best]
        following = [p for p in (best, best + 1) if p in self._sentences_of[passage]]
        return max(
            *(len(node.children) for node in nodes),
            len(re.findall(r"[一二三四五六七八九十]是", snapshot.passages[passage].text)),
            *(len(re.split(r"[、,;:，；：]", snapshot.sentences[p].text)) for p in following),
        )

    def _places_asked(self, query: Query, evidence: Evidence, text: str) -> list[str]:
        """Places whose own rules or figures are asked for: not one of a kind that a text is about, nor the city named beside a district."""
        places = _places(evidence.text)
        others = [place for place in places if not _is_called(place, query.standalone, text)]
        if len(others) == len(places):
            return places
        return [place for place in others if not (place.endswith("市") and place in self._whole)]

    def _elsewhere(self, place: str, text: str) -> bool:
        """Whether a place is another one than those of a text: a named city or county, or one that other passages are about."""
        bare = place.rstrip("市县省区") if len(place) > 2 else place
        return bare not in text and (bare != place or bare in self._whole)


def _is_called(place: str, question: str, text: str) -> bool:
    """Whether a question says of a place that it is of a kind that a text is about: 「…区是市辖区」."""
    kind = re.search(rf"{re.escape(place)}(?:人民)?(?:政府)?(?:是|作为|属于?)(?P<kind>{_KINDS_OF_PLACE})", question)
    return kind is not None and kind["kind"] in text


def _other_year(query: Query, passages: list[Passage]) -> int | None:
    """A year that the question names and none of the passages is about; None when there is none."""
    for year in query.years:
        if not any(p.year in (None, year) or f"{year}年" in p.text for p in passages):
            return year
    return None


def _places(text: str) -> list[str]:
    """Places named in a question below the region itself: its cities and counties, other provinces."""
    import rjieba

    found = [_place(word, tag) for word, tag in rjieba.tag(text) if len(word) >= 2 and tag in ("ns", "nt", "nr", "nz")]
    return [word for word in found if word and word not in ("宁夏", "自治区", "全区", "我区", "中国", "国家", "海关", "东西")]


def _place(word: str, tag: str) -> str | None:
    """The place that a word names: 「陕西省政府」 names 陕西省; a city may be taken for a person's name, by its suffix it is one."""
    if _ANY_PLACE.match(word):
        return None
    if tag == "ns":
        return word
    if tag == "nt":
        seat = _SEAT.match(word)
        return seat[0] if seat else None
    return word if len(word) >= 3 and word[-1] in "市县" else None
