"""Lists in running text: sentences that begin alike, and a sentence that names all."""

from functools import cache
from pathlib import Path

import pytest

from rag.answering.lists import alike, names_all
from rag.documents.sources import read_corpus
from rag.records import Locator, Passage, Query
from rag.search.snapshot import read_snapshot

CORPUS = Path(__file__).parents[3] / "corpus"


@cache
def passages(place: str) -> tuple[Passage, ...]:
    taken = read_snapshot(read_corpus(CORPUS), expand=False)
    return tuple(passage for passage in taken.passages if passage.unit == Locator.parse(place))


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
