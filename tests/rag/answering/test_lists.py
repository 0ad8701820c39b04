"""Lists in running text: sentences that begin alike, and a sentence that names all."""

from functools import cache
from pathlib import Path

import pytest

from rag.answering.lists import Lists, alike, names_all, uniform
from rag.documents.sources import read_corpus
from rag.records import Hit, Locator, Passage, Query
from rag.search.snapshot import Snapshot, read_snapshot

CORPUS = Path(__file__).parents[3] / "corpus"


@cache
def snapshot() -> Snapshot:
    return read_snapshot(read_corpus(CORPUS), expand=False)


@cache
def passages(place: str) -> tuple[Passage, ...]:
    return tuple(passage for passage in snapshot().passages if passage.unit == Locator.parse(place))


def counted(question: str, place: str) -> list[str]:
    """The items of the list that a question counts, when its best unit is this one."""
    hit = Hit(Locator.parse(place), 1.0, tuple(p.id for p in passages(place)), {})
    return [statement.text for statement in Lists(snapshot()).counted(Query(question, question, "list"), [hit])]


@pytest.mark.parametrize(
    ("question", "place", "clauses"),
    [
        (
            "改革里要深化的有哪些",
            "work-report#2.3.1",
            ["深化财税体制改革", "深化农业农村改革", "深化国有企业改革", "深化政务服务改革"],
        ),
        (
            "去年破解了哪些难题",
            "work-report#1.7",
            ["担当破解“办证难”问题", "主动破解“屋子冷”问题", "加力破解“烂尾楼”问题", "积极破解“行车堵停车难”问题"],
        ),
        ("基本原则里要坚持哪些", "ftz-plan#1.2", ["坚持结合实际", "坚持先易后难", "坚持统筹协调", "坚持定期总结", "坚持鼓励创新"]),
        ("常务会议的组成人员有哪些", "work-rules#21", []),
    ],
)
def test_sentences_that_begin_alike(question: str, place: str, clauses: list[str]) -> None:
    """Sentences that begin with the verb of the question are the list; a noun that recurs is none."""
    assert [statement.text for statement in alike(Query(question, question, "list"), passages(place))] == clauses


@pytest.mark.parametrize(
    ("question", "text", "all_named"),
    [
        ("四大模块分别叫什么", "建立货代管理系统、货站管理系统、货运管理系统、物流信息平台等四大模块", True),
        ("要建哪些系统", "建立货代管理系统、货站管理系统、货运管理系统等", True),
        ("三大平台分别叫什么", "建立货代管理系统、货站管理系统、货运管理系统、物流信息平台等四大模块", False),
        ("四大模块分别叫什么", "建立四大模块", False),
    ],
)
def test_a_sentence_that_names_all(question: str, text: str, all_named: bool) -> None:
    """The noun of the question, counted or after 哪, and a list beside it."""
    assert names_all(Query(question, question, "list"), text) is all_named


@pytest.mark.parametrize(
    ("question", "place", "first", "size"),
    [
        ("今年生产安全的四个专项行动分别叫什么", "work-report#2.5.1", "全面启动本质安全建设三年专项行动", 4),
        ("安全方面要强化哪四类", "work-report#2.5.1", "一是切实强化生产安全", 4),
        ("五个\"提质增效\"各抓哪方面", "work-report#2.1", "一是加力推进投资消费提质增效", 5),
        ("报告承认的差距和问题是哪四个方面", "work-report#1.tail", "一是发展不平衡不充分矛盾仍然突出", 4),
        ("全体会议的四项主要任务是什么", "work-rules#20", "(一)传达贯彻习近平总书记重要讲话指示批示精神", 4),
        ("航空物流的四大模块叫什么", "ftz-plan#annex.5", "建立货代管理系统、货站管理系统、货运管理系统、物流信息平台等四大模块", 1),
        ("互联网医疗的三个方向是什么", "ftz-plan#annex.8", "积极推进“互联网+护理”、“互联网+中医”、“互联网+妇幼”", 1),
    ],
)
def test_a_list_of_as_many_as_the_question_says(question: str, place: str, first: str, size: int) -> None:
    """The parts of a unit, of what it is part of, a run-in list, sentences that share the noun, one clause that names all."""
    items = counted(question, place)
    assert len(items) == size
    assert items[0].startswith(first)


@pytest.mark.parametrize(
    ("question", "place"),
    [
        ("五个专项行动分别叫什么", "work-report#2.5.1"),
        ("专项行动有哪些", "work-report#2.5.1"),
        ("七大产业基地有哪些", "work-report#1.2"),
        ("四项补贴分别是什么", "work-report#2.5.1"),
    ],
)
def test_no_list_of_another_number_or_of_other_things(question: str, place: str) -> None:
    """What is counted twice has to agree, and something of the question has to be in the list."""
    assert counted(question, place) == []


def test_a_unit_of_like_sentences_is_a_list_of_what_it_is_called() -> None:
    """「原则有几条」 of a unit called 基本原则, each sentence of which begins with 坚持."""
    node = snapshot().nodes[Locator.parse("ftz-plan#1.2")]
    question = "方案的原则有几条"
    assert len(uniform(Query(question, question, "count"), node, passages("ftz-plan#1.2"))) == 5
    assert uniform(Query("目标有几条", "目标有几条", "count"), node, passages("ftz-plan#1.2")) == []
