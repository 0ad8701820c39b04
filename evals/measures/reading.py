"""Was the question understood and the document read? Measures of one Question and its Answer.

A sentence counts as cited when a quote of its document, blanks removed, contains it or stands in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from evals.questions import Question, pairs
from rag.language.text import matching_form, squeeze
from rag.records import Answer, Citation

SHORTEST = 6
"""Characters that two texts must share to be taken as the same words; what is shorter must be equal."""

LOWER_IS_BETTER = frozenset({"false_refusal", "wrong_document"})

NAMES: dict[str, str] = {
    "part_cited": "所问之处有引用",
    "all_parts": "各问均有引用",
    "cited_right": "引文切题",
    "shown": "答案句齐全",
    "facts": "事实齐全",
    "answered": "可答已答",
    "false_refusal": "误拒",
    "refusal_recall": "应拒已拒",
    "wrong_document": "引用其他文件",
    "followup_right": "追问答对",
    "newtopic_right": "换题答对",
    "partial_right": "答一留一",
    "pair_right": "成对全对",
    "pair_cited": "成对可答有引用",
    "pair_refused": "成对应拒已拒",
}
"""What a reader calls each measure, in the order of the table."""

_MARKER = re.compile(r"\[\d{1,3}\]")


@dataclass(frozen=True, slots=True)
class Rate:
    """So many of so many."""

    good: int
    of: int

    @property
    def share(self) -> float:
        """0…1; 0 of nothing is 0."""
        return self.good / self.of if self.of else 0.0


Rates = dict[str, Rate]


def same_words(quote: str, sentence: str) -> bool:
    """Whether one of two texts contains the other, blanks aside."""
    short, long = sorted((squeeze(quote), squeeze(sentence)), key=len)
    return short == long or (len(short) >= SHORTEST and short in long)


def is_cited(sentences: Iterable[str], document: str, answer: Answer) -> bool:
    """Whether one of a document's sentences is cited."""
    quotes = [citation.quote for citation in answer.citations if citation.locator.document == document]
    return any(same_words(quote, sentence) for sentence in sentences for quote in quotes)


def is_right(question: Question, answer: Answer) -> bool:
    """Every part is cited, of a question of which only one is there with the status partial; what has no answer is refused."""
    if not question.answerable:
        return answer.status == "refused"
    if question.kind == "partial" and answer.status != "partial":
        return False
    return all(is_cited(part, question.document, answer) for part in question.parts)


def score(question: Question, answer: Answer) -> Rates:
    """The measures that apply to one question."""
    found = {"wrong_document": _one(any(citation.locator.document != question.document for citation in answer.citations))}
    if question.kind in ("followup", "newtopic", "partial"):
        found[f"{question.kind}_right"] = _one(is_right(question, answer))
    if not question.answerable:
        return found | {"refusal_recall": _one(answer.status == "refused")}
    return found | dict(_answerable(question, answer))


def _one(good: bool) -> Rate:
    return Rate(int(good), 1)


def _answerable(question: Question, answer: Answer) -> Iterator[tuple[str, Rate]]:
    cited = [is_cited(part, question.document, answer) for part in question.parts]
    yield "part_cited", Rate(sum(cited), len(cited))
    yield "all_parts", _one(all(cited))
    sentences = [sentence for part in question.parts for sentence in part]
    right = [fits for citation in answer.citations if (fits := _fits(citation, sentences, question.document)) is not None]
    yield "cited_right", Rate(sum(right), len(right))
    wanted = [sentence for sentence in sentences if not _is_opening(sentence)]
    yield "shown", Rate(sum(is_cited((sentence,), question.document, answer) for sentence in wanted), len(wanted))
    said = matching_form(_MARKER.sub("", answer.answer))
    yield "facts", Rate(sum(any(matching_form(way) in said for way in ways) for ways in question.facts), len(question.facts))
    if question.kind != "partial":
        yield "answered", _one(answer.status == "answered")
    yield "false_refusal", _one(answer.status == "refused")


def _fits(citation: Citation, sentences: Sequence[str], document: str) -> bool | None:
    """Whether a quote is one of the sentences; None for a list's opening, which may be shown or left out."""
    if citation.locator.document == document and any(same_words(citation.quote, sentence) for sentence in sentences):
        return True
    return None if citation.locator.document == document and _is_opening(citation.quote) else False


def _is_opening(sentence: str) -> bool:
    return sentence.rstrip().endswith(("：", ":"))


def score_pairs(questions: Sequence[Question], answers: Mapping[str, Answer]) -> Rates:
    """How many pairs of one form are told apart; empty when there are none."""
    right = [tuple(is_right(question, answers[question.id]) for question in pair) for pair in pairs(questions)]
    if not right:
        return {}
    named = {"pair_right": map(all, right), "pair_cited": (pair[0] for pair in right), "pair_refused": (pair[1] for pair in right)}
    return {name: Rate(sum(values), len(right)) for name, values in named.items()}


def add_up(found: Iterable[Rates]) -> Rates:
    """The rates of several questions together, in the order of NAMES; a measure that applies to none is left out."""
    sums: dict[str, list[int]] = {}
    for rates in found:
        for name, rate in rates.items():
            entry = sums.setdefault(name, [0, 0])
            entry[0] += rate.good
            entry[1] += rate.of
    return {name: Rate(*sums[name]) for name in NAMES if name in sums and sums[name][1]}
