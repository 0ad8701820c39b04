"""Questions about a document's structure are counted, and the rows of a unit are all of its rows."""

from functools import cache
from pathlib import Path

import pytest

from rag.documents.sources import read_corpus
from rag.search.enumerate import enumerate_places, goes_by, units_called
from rag.search.snapshot import Snapshot, read_snapshot

CORPUS = Path(__file__).parents[3] / "corpus"


@cache
def snapshot() -> Snapshot:
    return read_snapshot(read_corpus(CORPUS), expand=False)


@pytest.mark.parametrize(
    ("question", "documents", "count"),
    [
        ("工作规则一共多少条", ("work-rules",), 45),
        ("工作规则分几章", ("work-rules",), 8),
        ("政府工作报告分几个部分", ("work-report",), 2),
        ("报告一共几个部分", ("work-report",), 2),
        ("附件列了哪几项", (), 13),
        ("工作规则有几章,各章标题是什么", ("work-rules",), 8),
        ("方案正文分几个部分,分别叫什么", ("ftz-plan",), 3),
    ],
)
def test_all_are_found(question: str, documents: tuple[str, ...], count: int) -> None:
    """As many places as the documents have, not as many as a search returns."""
    assert len(enumerate_places(question, documents, snapshot())) == count


@pytest.mark.parametrize("question", ["附件一共有多少项", "那张落实举措表总共几行?", "附件共几个事项"])
def test_a_number_that_the_document_states_is_not_counted(question: str) -> None:
    """The plan itself says 「需要复制推广事项13项」."""
    assert [str(place) for place in enumerate_places(question, (), snapshot())] == ["ftz-plan#2"]


@pytest.mark.parametrize("question", ["工作规则对请假的规定有几条", "常务会议多久开一次", "市监厅怎么监管药品价格", "附件第3项由谁负责"])
def test_another_question_counts_nothing(question: str) -> None:
    """A question that is about more than the structure is left to retrieval."""
    assert enumerate_places(question, ("work-rules",), snapshot()) == ()


@pytest.mark.parametrize(
    ("unit", "name", "same"),
    [
        ("自治区市场监管厅", "市监厅", True),
        ("自治区商务厅", "商务厅", True),
        ("自治区工业和信息化厅", "工信厅", True),
        ("中国人民银行宁夏分行", "人行宁夏分行", True),
        ("自治区商务厅", "财政厅", False),
        ("银川海关", "天津海关", False),
    ],
)
def test_names_of_an_office(unit: str, name: str, same: bool) -> None:
    """Characters in order, the first and the last kept: an abbreviation, and no other office."""
    assert goes_by(unit, name) is same


@pytest.mark.parametrize(
    ("name", "units"), [("工信厅", {"自治区工业和信息化厅"}), ("海关", {"银川海关"}), ("金融局", set()), ("银行", set())]
)
def test_a_name_that_may_mean_several_means_none(name: str, units: set[str]) -> None:
    """An ending or an abbreviation names a unit when no other goes by it."""
    known = {"自治区工业和信息化厅", "银川海关", "自治区地方金融监管局", "金融监管总局宁夏局", "中国人民银行宁夏分行"}
    assert units_called(name, known) == units
