"""A message and what was asked before it → the readings that compete: as typed, and as going on."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from rag.documents.sources import read_corpus
from rag.reading.propose import Proposer, plain
from rag.records import Query, Reading, Turn
from rag.search.snapshot import read_snapshot

CORPUS = Path(__file__).parents[3] / "corpus"
LEAVE = "副主席离宁外出要提前几天请假?"


@cache
def proposer() -> Proposer:
    return Proposer(read_snapshot(read_corpus(CORPUS)))


def propose(question: str, *history: str) -> Query:
    return proposer().propose(question, [Turn(text) for text in history])


def readings(question: str, *history: str) -> tuple[Reading, ...]:
    """The readings of a message of one part."""
    (part,) = propose(question, *history).parts
    return part


def places(reading: Reading) -> list[str]:
    return [str(place) for place in reading.places]


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("您好,请问一下,常务会议多久开一次?", "常务会议多久开一次?"),
        ("常务会议 多久\n开一次", "常务会议多久开一次"),
        ("常務會議多久開一次？", "常务会议多久开一次?"),
        ("ＧＤＰ 目标是多少", "gdp 目标是多少"),
        ("请问", "请问"),
    ],
)
def test_how_it_was_typed_makes_no_difference(typed: str, read: str) -> None:
    """Courtesy, blanks inside Chinese, width and Traditional characters go; a message of nothing else stays."""
    assert plain(typed) == read


def test_the_first_question_has_one_reading() -> None:
    """Nothing was asked before that it could go on from; what was typed is kept as typed."""
    query = propose("请问 常务会议多久开一次？")
    ((reading,),) = query.parts
    assert (reading.text, reading.said, reading.before) == ("常务会议多久开一次?", "常务会议多久开一次?", "")
    assert (query.question, query.shape, query.facets) == ("请问 常务会议多久开一次？", "fact", ())


def test_a_later_question_is_read_twice() -> None:
    """As it stands, and as going on from what was asked before; nothing is decided by its words."""
    for question in ("那秘书长呢?", "常务会议多久开一次?"):
        alone, on = readings(question, LEAVE)
        assert (alone.text, alone.before) == (question, "")
        assert (on.text, on.before) == (question, LEAVE)


def test_it_goes_on_from_the_last_two_questions_and_no_chat() -> None:
    """Thanks between two questions are no subject; neither is what was asked long ago."""
    _, on = readings("那秘书长呢?", "常务会议多久开一次", "今年GDP目标是多少", LEAVE, "谢谢")
    assert on.before == f"今年gdp目标是多少 {LEAVE}"
    assert len(readings("那秘书长呢?", "谢谢", "你好")) == 1


def test_what_goes_on_stays_in_the_document_that_was_named() -> None:
    """Unless it names another itself."""
    alone, on = readings("那督查呢", "工作规则里会议纪要由谁签发")
    assert (alone.documents, on.documents) == ((), ("work-rules",))
    assert {reading.documents for reading in readings("政府工作报告里怎么说督查", "工作规则里怎么说")} == {("work-report",)}


@pytest.mark.parametrize(
    "question", ["《宁夏回族自治区人民政府工作规则》第二十六条讲什么", "预算法第三条讲什么"]
)  # fmt: skip
def test_what_names_everything_goes_on_from_nothing(question: str) -> None:
    """A place with its document, and a document that is not held, are the same whatever was asked before."""
    assert len(readings(question, LEAVE)) == 1


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("第二十六条", ""),
        ("第二十六条讲什么", ""),
        ("请把工作规则第二十六条的原文发给我看看", ""),
        ("本规则第二十六条讲什么", ""),
        ("那第二十六条呢", ""),
        ("第二十六条里会议经费怎么列", "里会议经费怎么列"),
        ("工作规则里会议经费怎么列", "里会议经费怎么列"),
    ],
)
def test_a_place_of_which_nothing_is_asked_leaves_nothing(question: str, said: str) -> None:
    """Such a place is looked up; what is asked beside it is searched for within it."""
    assert readings(question)[0].said == said


@pytest.mark.parametrize(
    ("question", "before", "place"),
    [
        ("下一条呢", "第二十一条讲什么", "work-rules#22"),
        ("上一条讲什么", "工作规则第二十一条讲什么", "work-rules#20"),
        ("下一项呢", "附件第3项由谁负责", "ftz-plan#annex.4"),
        ("那第二十六条呢", "工作规则第二十一条讲什么", "work-rules#26"),
    ],
)
def test_a_place_is_counted_from_the_one_before(question: str, before: str, place: str) -> None:
    """The neighbour of the place talked of last, and a number of the document talked of last."""
    assert all(places(reading) == [place] for reading in readings(question, before))


@pytest.mark.parametrize("question", ["申请要具备以下条件吗", "以下项目由谁批准", "会后一项工作是什么"])
def test_a_word_that_only_looks_like_a_neighbour_is_none(question: str) -> None:
    """「以下条件」 has no 「下条」."""
    assert readings(question, "第二十一条讲什么")[0].text == question
    assert readings(question, "第二十一条讲什么")[0].places == ()


def test_a_place_that_is_not_there_is_kept_with_its_range() -> None:
    """The judge refuses; here it is only read."""
    (reading,) = readings("工作规则第六十条讲什么")
    assert (reading.places, reading.missing[0].valid) == ((), "第一条至第四十五条")


def test_each_part_goes_on_from_the_part_before() -> None:
    """Two questions in one message: the first stands alone, the second may go on from it; each is a facet."""
    query = propose("常务会议多久开一次?由谁召集?")
    (first,), (alone, on) = query.parts
    assert first.text == "常务会议多久开一次?"
    assert (alone.before, on.before) == ("", "常务会议多久开一次?")
    assert [facet.standalone for facet in query.facets] == ["常务会议多久开一次?", "由谁召集?"]


@pytest.mark.parametrize(
    ("question", "shape"),
    [("常务会议多久开一次", "fact"), ("哪些事项要纳入督查", "list"), ("全体会议和常务会议的组成有什么区别", "compare")],
)
def test_the_form_that_a_model_is_asked_for(question: str, shape: str) -> None:
    """A fact, a list or a comparison."""
    assert propose(question).shape == shape


@pytest.mark.parametrize(
    ("question", "years"),
    [
        ("今年GDP目标是多少", (2024,)),
        ("去年新增就业多少", (2023,)),
        ("2023年和2024年各是多少", (2023, 2024)),
        ("常务会议多久开一次", ()),
        ("是不是超过2000万亩", ()),
        ("宁政发〔2023〕7号还有效吗", ()),
    ],
)
def test_the_years_that_are_asked_about(question: str, years: tuple[int, ...]) -> None:
    """今年 is the report's year; a model's sentence about another year is not shown. A document's number names none."""
    assert propose(question).years == years


@pytest.mark.parametrize(
    "question", ["", "?", "😀", "。" * 500, "第" * 500, "《" * 100 + "》", "\ud800会议", "第九千九百九十九条第(九)项第9款"]
)
def test_any_text_has_a_reading(question: str) -> None:
    """Nothing that can be typed raises."""
    assert all(part for part in propose(question, question).parts)
