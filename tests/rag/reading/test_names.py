"""What a question calls a document is that document, whatever else it says; a name of none that is held is told."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from rag.documents.sources import read_corpus
from rag.language.text import fold
from rag.reading.names import Named, Names, names_of
from rag.records import DocumentEntry

CORPUS = Path(__file__).parents[3] / "corpus"


@cache
def entries() -> tuple[DocumentEntry, ...]:
    return read_corpus(CORPUS).entries


def entry(name: str, title: str, *aliases: str, short: str = "") -> DocumentEntry:
    return replace(
        entries()[0], id=name, title=title, short_title=short or title, aliases=aliases, issuer="某市人民政府", document_number=None
    )


def find(question: str, *held: DocumentEntry) -> Named:
    return Names(held or entries()).find(fold(question))


@pytest.mark.parametrize(
    ("question", "documents", "rest"),
    [
        ("工作规则里常务会议多久开一次", ("work-rules",), "里常务会议多久开一次"),
        ("《宁夏回族自治区人民政府工作规则》由谁解释", ("work-rules",), "由谁解释"),
        ("自治区政府工作报告提了几件实事", ("work-report",), "提了几件实事"),
        ("“工作规则”和政府工作报告怎么说督查", ("work-rules", "work-report"), "和 怎么说督查"),
        ("复制推广方案的附件有几项", ("ftz-plan",), "的附件有几项"),
        ("常务会议多久开一次", (), "常务会议多久开一次"),
    ],
)
def test_a_name_chooses_the_document_and_is_taken_out(question: str, documents: tuple[str, ...], rest: str) -> None:
    """The longest name first, its brackets with it; what is left is what is asked of the document."""
    found = find(question)
    assert (set(found.documents), found.rest, found.foreign) == (set(documents), rest, "")


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("规则第六十条", True),
        ("按规则要提前几天请假", True),
        ("请问,规则什么时候施行", True),
        ("交通规则怎么定", False),
        ("有什么规则", False),
    ],
)
def test_a_short_name_is_one_at_the_head_of_a_clause_only(question: str, named: bool) -> None:
    """「规则」 is a part of many words."""
    assert find(question).documents == (("work-rules",) if named else ())


def test_a_short_name_of_two_documents_names_neither() -> None:
    """Which of them is meant can't be known."""
    held = (entry("a", "某市会议管理规则", "规则"), entry("b", "某市公文处理规则", "规则"))
    assert find("规则第三条", *held).documents == ()
    assert find("规则第三条", held[0]).documents == ("a",)


@pytest.mark.parametrize(
    ("question", "document"),
    [
        ("大气污染防治条例怎么罚", "air"),
        ("济宁大气污染防治条例怎么罚", "air"),
        ("《济宁大气条例》怎么罚", "air"),
        ("污染防治条例怎么罚", None),  # of air, or of water
        ("济宁市水污染防治条例怎么罚", "water"),
        ("济南大气污染防治条例第三条", None),
    ],
)
def test_an_abbreviated_title_names_the_only_document_that_it_fits(question: str, document: str | None) -> None:
    """Its characters in the title's order; a title of another city is none."""
    held = (entry("air", "济宁市大气污染防治条例"), entry("water", "济宁市水污染防治条例"))
    assert find(question, *held).documents == ((document,) if document else ())


@pytest.mark.parametrize("question", ["自贸方案的附件有几项", "《自贸方案》第三部分讲什么"])
def test_a_short_title_is_abbreviated_too(question: str) -> None:
    """What staff say of 自贸试验区经验复制推广方案 is that document, and no other one."""
    assert find(question).documents == ("ftz-plan",)


@pytest.mark.parametrize(
    ("question", "foreign"),
    [
        ("根据《信访工作条例》怎么处理信访", "信访工作条例"),
        ("预算法第三条讲什么", "预算法"),
        ("按照公务员法第五十三条能不能兼职", "公务员法"),
        ("看看党政机关国内公务接待管理规定第七条", "党政机关国内公务接待管理规定"),
        ("民法典第三条讲什么", "民法典"),
        ("《国务院工作规则》第三条讲什么", "国务院工作规则"),
        ("国务院工作规则第三条讲什么", "国务院工作规则"),
        ("常务会议讨论《预算法》修订吗", "预算法"),
        ("怎么解决拖欠工资", ""),
        ("立法工作由谁负责", ""),
    ],
)
def test_a_document_that_is_not_held_is_told(question: str, foreign: str) -> None:
    """One in brackets, and one of which an article is cited, though it ends like one that is held; a word like 立法 is no name."""
    assert find(question).foreign == foreign


@pytest.mark.parametrize("question", ["本办法第三条讲什么", "这个规定第三条讲什么", "按照规定第三条怎么办", "文件里规定第三条讲什么"])
def test_the_document_at_hand_is_no_foreign_one(question: str) -> None:
    """「本办法」 and 「这个规定」 are whatever is talked of."""
    assert find(question, entry("a", "某市会议管理办法", "会议办法")).foreign == ""


def test_what_a_title_is_called() -> None:
    """Whole, without its office, without the frame of the notice that carries it; nothing shorter than is safe."""
    notice = entry("n", "某市人民政府办公厅关于印发职工食堂管理细则的通知", "食堂细则", short="食堂管理细则")
    assert set(names_of(notice)) >= {fold(notice.title), "食堂管理细则", "食堂细则", "职工食堂管理细则"}
    assert "会议管理办法" in names_of(entry("m", "某市人民政府会议管理办法"))
    assert all(len(name) >= 4 for name in names_of(notice) if name != "通知")  # what kind it is, where only one such is held
