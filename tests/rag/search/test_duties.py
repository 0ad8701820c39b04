"""What a unit has to do in an item stands in that unit's part of the item's row."""

from functools import cache
from pathlib import Path

import pytest

from rag.documents.sources import read_corpus
from rag.records import Hit, Locator
from rag.search.duties import Duties
from rag.search.snapshot import read_snapshot

CORPUS = Path(__file__).parents[3] / "corpus"


@cache
def duties() -> Duties:
    return Duties(read_snapshot(read_corpus(CORPUS), expand=False))


@pytest.mark.parametrize(
    ("question", "place", "begins"),
    [
        ("对外承包工程那项,商务厅具体要配合干什么", "ftz-plan#2.7", "自治区商务厅:配合中国人民银行宁夏分行"),
        ("保理接入征信,人行宁夏分行怎么推进", "ftz-plan#annex.4", "中国人民银行宁夏分行:一是"),
        ("智能化转型分给工信厅的活是什么", "ftz-plan#2.12", "一是重点在"),
        ("一站式平台上海关要做什么", "ftz-plan#annex.3", "银川海关:"),
    ],
)
def test_the_part_of_a_unit(question: str, place: str, begins: str) -> None:
    """The item leads to its row, the unit to its own measures; a row's only unit has all of them."""
    part = duties().part_of(question, Locator.parse(place))
    assert part[0].text.replace("\n", "").startswith(begins)


@pytest.mark.parametrize(
    ("question", "place"),
    [
        ("商务厅召开全区性会议提前几天报", "ftz-plan#2.7"),  # asks for no task
        ("对外承包工程那项,财政厅要做什么", "ftz-plan#2.7"),  # no unit of the annex
        ("商务厅要做什么", "work-rules#26"),  # no item
        ("动产质押那项,银行要做什么", "ftz-plan#2.9"),  # no bank by name
    ],
)
def test_nothing_is_a_units_part(question: str, place: str) -> None:
    """Without a task, a unit or an item the answer is looked for as ever."""
    assert duties().part_of(question, Locator.parse(place)) == ()


def test_the_row_comes_before_its_item() -> None:
    """An item that is found leads to its row, whose passages begin with those of the unit."""
    found = (Hit(Locator.parse("ftz-plan#2.7"), 9.0, (1,), {}), Hit(Locator.parse("ftz-plan#annex.7"), 8.5, (2,), {}))
    first, second = duties().put_first("对外承包工程那项,商务厅要干啥", found, near=1.0)
    assert (str(first.unit), str(second.unit)) == ("ftz-plan#annex.7", "ftz-plan#2.7")
    assert first.passages[-1] == 2


@pytest.mark.parametrize(
    ("question", "place", "number", "begins"),
    [
        ("专利开放许可的第四条举措", "ftz-plan#annex.13", 4, "四是积极推进建设"),
        ("航空货运的第二条举措", "ftz-plan#2.5", 2, "二是督导物流分公司"),
        ("智能选船的最后一条举措", "ftz-plan#annex.1", -1, "六是加强安全教育培训"),
        ("知识产权质押,人民银行的第二条举措", "ftz-plan#annex.11", 2, "二是鼓励金融机构对企业"),
        ("智能化转型的第五条举措", "ftz-plan#annex.12", 5, ""),
    ],
)
def test_a_measure_is_counted_off(question: str, place: str, number: int, begins: str) -> None:
    """The measure with that number in the row, of the unit that is named; none when the row has fewer."""
    said = [text for _, text in duties().measure(question, Locator.parse(place), number)]
    assert said[0].startswith(begins) if begins else not said
