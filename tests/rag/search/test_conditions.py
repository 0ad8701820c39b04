"""A condition on a table's field lists all the rows that meet it, and nothing else."""

from functools import cache
from pathlib import Path

import pytest

from rag.documents.sources import read_corpus
from rag.search.conditions import rows_meeting
from rag.search.snapshot import Snapshot, read_snapshot

CORPUS = Path(__file__).parents[3] / "corpus"


@cache
def snapshot() -> Snapshot:
    return read_snapshot(read_corpus(CORPUS), expand=False)


def rows(question: str) -> list[int]:
    return [int(place.path[1]) for place in rows_meeting(question, (), snapshot(), str)]


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("中国人民银行宁夏分行负责哪些事项", [4, 7, 9, 10, 11]),
        ("人行宁夏分行要承担多少项改革事项", [4, 7, 9, 10, 11]),
        ("市监厅牵头哪几项", [11, 13]),
        ("这次推广的13个事项里哪几个归工信厅", [12]),
        ("归自然资源厅管的是哪项", [2]),
        ("交给地方金融监管局的有哪几项", [4, 10, 11]),
        ("金融监管总局宁夏局名下挂着哪些推广任务", [9, 10, 11]),
        ("人民银行宁夏分行和金融监管总局宁夏局共同负责哪些事项", [9, 10, 11]),
        ("13个事项里国发批次属于第六批的有哪些", [2, 3, 4]),
        ("出自国函〔2019〕38号的有哪些事项", [1]),
        ("第五批和第六批的有哪些", [1, 2, 3, 4]),
        ("13项里只有一家责任单位的都有哪些项目?", [1, 2, 5, 8, 12, 13]),
        ("附件中由两家单位共同负责的事项有哪些", [4, 6, 7, 9]),
        ("责任单位有三家的是哪几项", [3, 10]),
        ("哪些事项责任单位不止一家", [3, 4, 6, 7, 9, 10, 11]),
        ("三家以上单位负责的是哪几项", [3, 10, 11]),
        ("十四五期末完成的有哪些", list(range(1, 14))),
        ("第七批里由市场监管厅负责的有哪些", [11, 13]),
    ],
)
def test_all_rows_are_listed(question: str, wanted: list[int]) -> None:
    """By batch, by 国函, by unit, by the number of units, by deadline, or by two of these."""
    assert rows(question) == wanted


@pytest.mark.parametrize(
    "question",
    [
        "附件第3项由谁负责",
        "医药招采由几家单位负责",
        "市监厅怎么监管药品价格",
        "人民银行宁夏分行负责的质押融资怎么推进,有哪些措施",
        "第七批第16项是附件第几项",
        "第六批和第七批分别有哪些",
        "2025年底前完成的事项有哪些",
        "常务会议由哪些人组成",
    ],
)
def test_another_question_lists_none(question: str) -> None:
    """What says more than conditions, or none, is left to retrieval; a deadline is not reckoned."""
    assert rows(question) == []
