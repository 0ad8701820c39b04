"""What is said to an act: nothing but what the last answer cites."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import get_args

import pytest

from rag.answering import texts
from rag.answering.replies import reply
from rag.answering.verify import number_citations, objection, write_answer
from rag.documents.sources import read_corpus
from rag.reading.acts import ON_ANSWER, Act, ChatAct
from rag.records import Answer, Citation, Locator, Statement
from rag.search.snapshot import Snapshot, read_snapshot

CORPUS = Path(__file__).parents[3] / "corpus"
OFTEN = "自治区人民政府常务会议一般每月召开2次—3次,如有需要可随时召开。"
LEAVE = "自治区副主席和秘书长离宁外出,须提前3天向自治区党委和人民政府请假。"
RULES = "《宁夏回族自治区人民政府工作规则》(宁政发〔2023〕35号)"


@cache
def snapshot() -> Snapshot:
    return read_snapshot(read_corpus(CORPUS))


def answered(question: str, *said: tuple[str, str]) -> Answer:
    """An answer of whole quotes, each with its place."""
    numbered, citations = number_citations([Statement(text, Locator.parse(place), text) for text, place in said], snapshot())
    text = write_answer(numbered, listing=len(said) > 1)
    return Answer(question, question, "answered", text, citations, None, None, "extractive", (), "f", {})


def refused(question: str) -> Answer:
    return Answer(question, question, "refused", texts.NOT_IN_DOCUMENTS, (), None, None, "none", (), "f", {})


def tasks() -> Answer:
    """An answer that is a list: an opening and its items."""
    text = snapshot().text_of(Locator.parse("work-rules#20"))
    start, end = text.index("自治区人民政府全体会议的主要任务"), text.index("\n自治区人民政府全体会议根据")
    return answered("全体会议的任务", (text[start:end], "work-rules#20"))


def sentences(place: str) -> list[str]:
    return [s.text for p in snapshot().passages if str(p.unit) == place for s in p.sentences]


MEETING, ABSENCE = answered("常务会议多久开一次", (OFTEN, "work-rules#21")), answered("副主席离宁提前几天请假", (LEAVE, "work-rules#42"))


def told(act: Act, *answers: Answer, rest: str = "") -> Answer:
    found = reply(ChatAct(act, rest), answers, snapshot())
    assert found is not None
    assert all(objection(Statement(c.quote, c.locator, c.quote), snapshot()) is None for c in found.citations)
    assert all(f"[{c.n}]" in found.answer for c in found.citations)
    return found


def places(answer: Answer) -> list[str]:
    return [str(citation.locator) for citation in answer.citations]


@pytest.mark.parametrize("act", [act for act in get_args(Act) if act not in (*ON_ANSWER, "correction", "smalltalk")])
def test_a_friendly_sentence_cites_nothing(act: Act) -> None:
    """Another one for each act, whatever was answered before."""
    found = told(act, MEETING)
    assert (found.status, found.mode, found.citations) == ("refused", "none", ())
    assert found.answer != told("thanks" if act != "thanks" else "who").answer


def test_small_talk_is_answered_in_its_tone() -> None:
    """A complaint gets an apology, praise thanks."""
    assert {told("smalltalk", rest=tone).answer for tone in texts.SMALLTALK} == set(texts.SMALLTALK.values())


def test_a_correction_is_a_question() -> None:
    """Its rest is to be asked."""
    assert reply(ChatAct("correction", "市级的"), [MEETING], snapshot()) is None


@pytest.mark.parametrize("act", sorted(ON_ANSWER - {"recall"}))
def test_with_nothing_to_act_on_it_asks_back(act: Act) -> None:
    """Which provision is meant."""
    assert told(act).answer == texts.WHICH


@pytest.mark.parametrize("act", ["why", "basis", "verbatim", "more"])
def test_who_doubts_a_refusal_gets_it_again(act: Act) -> None:
    """Not the quotes of an answer to something else."""
    found = told(act, MEETING, refused("会议费多少"))
    assert found.status == "refused"
    assert found.answer.endswith(texts.NOT_IN_DOCUMENTS)


def test_basis_names_place_and_standing() -> None:
    """Label with its number, status, dates, then the words."""
    found = told("basis", ABSENCE, MEETING)
    assert found.answer == f"{RULES}第二十一条，现行有效，2023年12月22日印发，自2023年12月22日起施行：\n{OFTEN}[1]"
    assert told("why", MEETING).answer == texts.WHY_LEAD + "\n" + found.answer


def test_a_document_that_was_replaced_says_by_what() -> None:
    """The status with what repeals it."""
    first, old, *others = snapshot().documents
    entry = replace(old.entry, id="later", title="新规则", document_number="宁政发〔2025〕1号", supersedes=("宁政发〔2023〕35号",))
    ended = replace(old, entry=replace(old.entry, status="superseded"))
    held = replace(snapshot(), documents=(first, ended, *others, replace(old, entry=entry)))
    found = reply(ChatAct("basis"), [MEETING], held)
    assert found is not None
    assert "已被替代，由《新规则》(宁政发〔2025〕1号)替代" in found.answer


def test_verbatim_gives_the_quotes_whole() -> None:
    """Though the answer said a part of one."""
    short = replace(MEETING, answer="每月召开2次—3次[1]")
    assert told("verbatim", short).answer == f"{RULES}第二十一条：\n{OFTEN}[1]"


def test_more_is_the_rest_of_the_unit() -> None:
    """What follows first; within the limit; of no other article."""
    found = told("more", ABSENCE)
    assert set(places(found)) == {"work-rules#42"}
    assert found.answer.startswith("各部门主要负责同志离宁外出")
    assert LEAVE not in found.answer
    assert len(found.answer) < 500


def test_more_of_what_was_clipped_is_the_sentence_whole() -> None:
    """The quote has been cited and not been read."""
    assert OFTEN in told("more", replace(MEETING, answer="每月召开2次—3次[1]")).answer


def test_when_all_was_shown_it_says_so() -> None:
    """And cites what it cited; the neighbours are not given."""
    whole = answered("第四十五条", *((text, "work-rules#45") for text in sentences("work-rules#45")))
    found = told("more", whole)
    assert "没有更多内容" in found.answer
    assert set(places(found)) == {"work-rules#45"}


def test_shorter_keeps_the_clause_with_the_figures() -> None:
    """At most sixty characters of the first thing that was said."""
    sentence = next(text for text in sentences("work-rules#42") if "请销假" in text)
    found = told("shorter", answered("主席离宁提前几天报备", (sentence, "work-rules#42")))
    assert "提前3天" in found.answer
    assert len(found.answer) <= 63
    assert places(found) == ["work-rules#42"]


def test_shorter_keeps_each_item_of_a_list() -> None:
    """The beginning of each."""
    found = told("shorter", tasks()).answer
    assert len(found) < len(tasks().answer)
    assert found.startswith("自治区人民政府全体会议的主要任务是：(一)")
    assert all(label in found for label in ("(一)", "(二)", "(三)", "(四)"))


def test_a_list_becomes_a_row_an_item() -> None:
    """What opens it stands before the table; each row names its item and keeps its marker."""
    lines = told("table", tasks()).answer.split("\n")
    assert lines[0] == "自治区人民政府全体会议的主要任务是:[1]"
    assert lines[2:4] == texts.TABLE_HEAD.split("\n")
    assert lines[5] == "| 2 | (二)讨论、决定自治区人民政府工作中的重大事项 | 《工作规则》第二十条第(二)项[1] |"
    assert len(lines) == 8


def test_a_run_in_list_is_divided() -> None:
    """At its semicolons; several statements are a row each."""
    citations = (*MEETING.citations, replace(ABSENCE.citations[0], n=2))
    made = replace(MEETING, answer="要求有：一是报备；二是请假；三是批准。[1]另有规定。[2]", citations=citations)
    lines = told("table", made).answer.split("\n")
    assert [line.split(" | ")[1] for line in lines[4:]] == ["一是报备", "二是请假", "三是批准", "另有规定"]
    assert lines[-1].endswith("《工作规则》第四十二条[2] |")


def test_a_table_stays_one() -> None:
    """A model may have written one."""
    table = replace(MEETING, answer="| 会议 | 次数 |\n| --- | --- |\n| 常务会议 | 每月2次—3次 [1] |")
    assert told("table", table).answer == table.answer
    assert told("shorter", table).answer == "常务会议，每月2次—3次[1]"


@pytest.mark.parametrize(
    ("which", "place"),
    [("最开头", "20"), ("刚才", "42"), ("上上个", "21"), ("常务会", "21"), ("", "42")],
)
def test_recall_finds_the_answer_that_is_meant(which: str, place: str) -> None:
    """The first, the last, the one before it, or by the words of its question."""
    found = told("recall", tasks(), MEETING, ABSENCE, rest=which)
    assert places(found) == [f"work-rules#{place}"]
    assert found.answer.startswith("您问的是“")


def test_of_two_questions_with_the_same_words_the_one_whose_quote_has_them_is_meant() -> None:
    """「前面请假那个」 after a question about leave and one that goes on from it."""
    found = told("recall", ABSENCE, replace(MEETING, question="请假的会上怎么办", standalone_question=""), rest="请假")
    assert places(found) == ["work-rules#42"]


def test_recall_of_everything_and_of_a_refusal() -> None:
    """Each question with its place, or with what was said."""
    found = told("recall", MEETING, refused("会议费多少"), ABSENCE, rest="我都")
    assert places(found) == ["work-rules#21", "work-rules#42"]
    assert len(found.answer.split("\n")) == 3
    assert told("recall", refused("会议费多少"), rest="最开头").status == "refused"
    assert told("recall").answer == texts.NOTHING_ASKED


def test_a_quote_that_stands_there_no_longer_is_not_repeated() -> None:
    """Nor one of a document that is gone."""
    stale = replace(MEETING, citations=(replace(MEETING.citations[0], quote="每周召开一次。"),))
    gone = replace(MEETING, citations=(Citation(1, Locator("old-rules", ("1",)), "旧规则", "每周召开一次。"),))
    assert told("verbatim", stale, gone).answer == texts.WHICH
