"""Conversations and questions after unrelated ones: what counts as right. With answers made by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from evals.bench.conversations import Expect, Said, hold, objection, tally
from evals.bench.unrelated import Pair, documents_of, draw, report
from evals.cases import gold_files, read_cases
from evals.measures.reading import Rate
from rag.answering.texts import NOT_IN_DOCUMENTS
from rag.records import Answer, AnswerStatus, Citation, Locator

RULE = "单位应当及时核销台账。"


def reply(*places: str, status: AnswerStatus | None = None, text: str = RULE) -> Answer:
    """An answer that cites the rule at the given places."""
    citations = tuple(Citation(n, Locator.parse(place), place, RULE) for n, place in enumerate(places, start=1))
    return Answer("", "", status or ("answered" if places else "refused"), text, citations, None, None, "extractive", (), "", {})


REFUSED, CITED, OTHER, CHAT = reply(text=NOT_IN_DOCUMENTS), reply("s04#35"), reply("s05#1"), reply(text="不客气。")


@pytest.mark.parametrize(
    ("expect", "answer", "why"),
    [
        ("answer", CITED, None), ("answer", REFUSED, "refused"), ("answer", OTHER, "cites no sentence of the answer"),
        ("partial", CITED, "not partial"), ("partial", replace(CITED, status="partial"), None),
        ("refuse", REFUSED, None), ("refuse", CITED, "answered"),
        ("chat", CHAT, None), ("chat", REFUSED, "refuses"), ("chat", CITED, "cites"),
        ("clarify", CHAT, None), ("clarify", CITED, "cites"),
        ("same", reply("s04#35.1"), None), ("same", CITED, None), ("same", OTHER, "cites s05#1"), ("same", REFUSED, "refused"),
        ("same", reply(status="answered"), None), ("same", reply(status="answered", text="好。"), "cites nothing"),
    ],
)  # fmt: skip
def test_what_right_means(expect: Expect, answer: Answer, why: str | None) -> None:
    """For each thing that may be expected, right and wrong answers."""
    turn = Said("?", "x", expect, "s04", ((RULE,),), (("核销",),), 1)
    assert objection(turn, answer, [CITED]) == why


def test_turns_are_asked_with_the_assistants_own_answers() -> None:
    """The history is what was really said; the tally counts by what is expected and by act."""
    seen: list[list[tuple[str, str | None]]] = []

    def ask(question: str, history: Any) -> Answer:
        seen.append([(turn.question, turn.answer) for turn in history])
        return CITED if question == "台账动不动" else REFUSED

    turns = [Said("台账动不动", "question", "answer", "s04", ((RULE,),)), Said("谢了", "thanks", "chat")]
    judged = hold("c1", turns, ask)
    assert seen == [[], [("台账动不动", RULE)]]
    assert [(row.id, row.why) for row in judged] == [("c1#1", None), ("c1#2", "refuses")]
    assert tally(judged) == {
        "all": Rate(1, 2), "expect answer": Rate(1, 1), "expect chat": Rate(0, 1), "act question": Rate(1, 1), "act thanks": Rate(0, 1),
    }  # fmt: skip


def test_an_unrelated_question_is_of_another_document() -> None:
    """The draw is the same each time, never of the question's own document, and always of one that is answered."""
    cases = [case for case in read_cases(gold_files()) if case.split == "test" and not case.history]
    drawn = draw(cases)
    assert drawn == draw(cases)
    assert [case for case, _ in drawn] == cases
    assert not any(documents_of(case) & documents_of(before) or before.unanswerable for case, before in drawn)


def test_what_an_unrelated_question_changes_is_counted() -> None:
    """Other places, an opened refusal and a lost answer."""
    case = read_cases(gold_files()[:1])[0]
    pairs = [Pair(case, case, a, b) for a, b in ((CITED, CITED), (CITED, OTHER), (REFUSED, CITED), (CITED, REFUSED))]
    assert [line.split()[-1] for line in report(pairs).splitlines()] == ["1/4", "1/1", "1/3"]
