"""Evidence → how likely it is that the documents answer the question at all.

Similarity alone cannot tell 「会议费标准」 from 「会议计划管理」. Four things can:

    what is asked for   a question after a number of days needs a sentence with a number of days
    where and when      a place or year that the question names has to be that of the sentence
    the rare words      of the question, and above all the noun that is asked about, occur where the answer is said to be

    the alternative     a question is nearer to one that some passage answers than to one that such documents leave open

The first two decide alone; the rest is weighed by a logistic function fitted on the dev half of evals/gold.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cached_property

from rag.language import questions
from rag.language.text import fold, matching_form
from rag.records import Passage, Query
from rag.search.index import Index
from rag.search.lexical import tokenize
from rag.search.retrieve import COLUMN_OF, Evidence


@dataclass(frozen=True, slots=True)
class Calibration:
    """Weights of the logistic function. Fitted by ``python -m evals.bench.refusal``."""

    bias: float = -13.56
    question: float = -3.62
    sentence: float = 17.80
    covered: float = -1.62
    unknown: float = -0.01
    head: float = 1.20
    margin: float = 56.84
    threshold: float = 0.20


FEATURES = ("question", "sentence", "covered", "unknown", "head", "margin")

_MEASURE = re.compile(
    r"(?:多少|(?<!第)几)(?:多|来|万|亿|千|百)*(?:个?(?P<unit>工作日|小时|平方米|平方公里|立方米|公里|亩|天|日|年|月|周|次|人|名|户|家|所|岁|元|钱|度|份|张|位|件|辆|台|座|处|片|吨|斤|级|场|套|栋|场次|千瓦))"
)
_SAME_UNITS = {
    "钱": "元", "度": "(?:℃|°c|度)", "人": "(?:人|名|位)", "名": "(?:名|人|位)",
    "位": "(?:名|人|位)", "天": "(?:工作日|天|日)", "日": "(?:工作日|天|日)",
    "年": "(?:年|周年)", "月": "月", "次": "(?:次|回)", "户": "户", "家": "(?:家|个)", "所": "(?:所|个)", "场": "(?:场|次)",
}  # fmt: skip
_HOW_LONG = re.compile(r"多久|多长时间|几时|什么时候|何时")
_DURATION = re.compile(
    r"\d[\d.]*(?:多|余)?个?(?:工作日|小时|天|日|周|月|年|次)|每月|每年|每周|年底|期末|[五年月]末|随时|第一时间|及时|之?前|之?后"
)
_ANY_FIGURE = re.compile(r"\d|[一二三四五六七八九十百千两]+[个项条次名位章批年月日天分]|百分之|翻番|翻一番")
_NAME = re.compile(r"叫(?:什么|啥)(?:名字)?|(?:姓名|名字)(?:是|叫)?(?:什么|啥)|姓(?:什么|啥)|是哪(?:一)?位")


class Confidence:
    """Judges evidence from one index."""

    def __init__(self, index: Index, calibration: Calibration | None = None) -> None:
        self._index = index
        self._calibration = calibration or Calibration()

    @cached_property
    def _asked_of(self) -> dict[int, str]:
        """The questions that each passage answers, joined."""
        found: dict[int, list[str]] = {}
        for expansion in self._index.snapshot.expansions:
            found.setdefault(expansion.passage, []).append(expansion.text)
        return {passage: " ".join(texts) for passage, texts in found.items()}

    @cached_property
    def _whole(self) -> str:
        """All documents: a place that none of them names is a word like others."""
        return "".join(document.text for document in self._index.snapshot.documents)

    def features(self, query: Query, evidence: Evidence) -> dict[str, float]:
        """The signals that are weighed, each 0…1."""
        top = evidence.hits[0]
        passages = [self._index.snapshot.passages[i] for i in top.passages]
        text = fold(" ".join(f"{p.breadcrumb} {p.heading} {p.name} {p.text} {self._asked_of.get(p.id, '')}" for p in passages))
        there = set(tokenize(text))
        weights = {t: self._index.passage_lexicon.weight(t) for t in dict.fromkeys(evidence.tokens)}
        total = sum(weights.values()) or 1.0
        unknown = sum(1 for t, w in weights.items() if w == 1.0 and self._index.question_lexicon.weight(t) == 1.0)
        heads = head_words(evidence.text)
        return {
            "question": top.found_by.get("question", 0.0),
            "sentence": max(top.found_by.get("sentence", 0.0), top.found_by.get("passage", 0.0)),
            "covered": sum(w for t, w in weights.items() if t in there) / total,
            "unknown": unknown / max(len(weights), 1),
            "margin": top.found_by.get("question", 0.0) - evidence.background,
            "head": sum(word in text for word in heads) / len(heads) if heads else 1.0,
        }

    def probability(self, query: Query, evidence: Evidence) -> float:
        """That the documents answer the question, 0…1."""
        if not evidence.hits or self.lacking(query, evidence):
            return 0.0
        values = self.features(query, evidence)
        z = self._calibration.bias + sum(getattr(self._calibration, name) * value for name, value in values.items())
        return 1 / (1 + math.exp(-max(-50.0, min(50.0, z))))

    def is_enough(self, query: Query, evidence: Evidence) -> bool:
        """True when the question may be answered from this evidence."""
        return self.probability(query, evidence) >= self._calibration.threshold

    def lacking(self, query: Query, evidence: Evidence) -> str | None:
        """What the question asks for and the best passages do not have; None when nothing is."""
        passages = [self._index.snapshot.passages[i] for i in evidence.hits[0].passages]
        text = matching_form(" ".join(f"{p.text} {p.heading}" for p in passages))
        nearest = passages[:3]  # the figure stands in the passage that is about the question, not elsewhere in its unit
        if year := _other_year(query, nearest):
            return f"year {year}"
        if place := next(
            (place for place in _places(evidence.text) if place not in text and (place in self._whole or place[-1] in "市县省区")), None
        ):
            return f"place {place}"
        if query.asked not in COLUMN_OF and not _has_measure(evidence.text, matching_form(" ".join(p.text for p in nearest))):
            return "measure"
        if (
            _NAME.search(evidence.text)
            and not re.search(r"主席[\u4e00-\u9fff]{2,3}(?![\u4e00-\u9fff])", text)
            and "事项" not in evidence.text
        ):
            return "name"
        return None


def head_words(text: str) -> list[str]:
    """The nouns next to the words that ask: 「质押贷款利率是多少」 asks about 利率."""
    import rjieba

    words = [word for word in rjieba.cut(text) if word.strip()]
    heads: list[str] = []
    for i, word in enumerate(words):
        if not questions.INTERROGATIVE.search(word):
            continue
        before = next((w for w in reversed(words[:i]) if _is_content(w)), None)
        after = words[i + 1] if i + 1 < len(words) and _is_content(words[i + 1]) else None
        heads.extend(w for w in (before, after) if w)
    return list(dict.fromkeys(heads))


def _is_content(word: str) -> bool:
    return len(word) >= 2 and not questions.FILLER.fullmatch(word) and bool(re.fullmatch(r"[\u4e00-\u9fff]+", word))


def _other_year(query: Query, passages: list[Passage]) -> int | None:
    """A year that the question names and none of the passages is about; None when there is none."""
    for year in query.years:
        if not any(p.year in (None, year) or f"{year}年" in p.text for p in passages):
            return year
    return None


def _places(text: str) -> list[str]:
    """Places named in a question below the region itself: its cities and counties, other provinces."""
    import rjieba

    found = [word for word, tag in rjieba.tag(text) if tag == "ns" and len(word) >= 2]
    return [
        word.rstrip("市县省区") if len(word) > 2 else word
        for word in found
        if word not in ("宁夏", "自治区", "全区", "我区", "中国", "国家")
    ]


def _has_measure(question: str, text: str) -> bool:
    """Whether a text has a figure of the kind that the question asks for."""
    if found := _MEASURE.search(question):
        unit = _SAME_UNITS.get(found["unit"], re.escape(found["unit"]))
        return bool(re.search(rf"(?:\d|[一二三四五六七八九十百千两])[\d.,]*(?:多|余)?[万亿千百]*(?:多|余)?个?{unit}", text))
    if _HOW_LONG.search(question):
        return bool(_DURATION.search(text))
    if re.search(r"多少|第几", question):
        return bool(_ANY_FIGURE.search(text))
    return True
