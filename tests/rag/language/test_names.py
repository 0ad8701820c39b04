"""Names of several things at once: whether a text says what they stand for."""

import pytest

from rag.language.names import name_asked, size_of, unfolds
from rag.language.text import fold

MENTIONED = "严格落实“八个不准”等要求。构建“2+5+8”产业体系,实施“654321”计划,用好“四下基层”。"
BEFORE = "实现规模、效率、质量“三个提升”。"
AFTER = "努力做到“两确保”。确保粮食安全,确保生态安全。建立“两查一评”制度(查账目、查现场,评成效)。"


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("“八个不准”具体是哪八条", "八个不准"),
        ("八个不准的要求具体有哪些,逐条列一下", "八个不准"),
        ("“2+5+8”产业体系里8指的是哪8个产业", "2+5+8"),
        ("654321计划分别啥意思", "654321"),
        ("四下基层是哪四下", "四下基层"),
        ("解释一下“四下基层”", "四下基层"),
        ("“八个不准”要落实吗", None),
        ("落实八个不准由谁负责", None),
        ("八个不准是什么时候提的", None),
        ("四下基层里要抓哪两件事", None),
    ],
)
def test_members_or_meaning_asked(question: str, name: str | None) -> None:
    """A question after what a name stands for, not after who, when or something else."""
    assert name_asked(fold(question), MENTIONED) == name


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("八个不准", MENTIONED, False),
        ("2+5+8", MENTIONED, False),
        ("三个提升", BEFORE, True),
        ("两确保", AFTER, True),
        ("两查一评", AFTER, True),
        ("三项行动", "扎实开展“三项行动”:一是清查。二是整改。三是回访。", True),
    ],
)
def test_what_a_name_stands_for_is_said(name: str, text: str, said: bool) -> None:
    """In a list beside the name, in what follows it, or in as many parts; a mention alone says nothing."""
    assert unfolds(name, text, parts=0) is said


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("12345热线具体有什么要求", "用好“12345”,第一时间受理企业诉求。"),
        ("12345具体有哪些要求", "用好“12345”政务服务热线,受理企业诉求。"),
        ("96110专线具体是什么", "宣传“96110”。"),
    ],
)
def test_a_number_that_is_rung_names_no_things(question: str, text: str) -> None:
    """The hotline has no five members; 「654321」计划 has."""
    assert name_asked(question, text) is None
    assert name_asked("654321计划具体是什么", MENTIONED) == "654321"


def test_parts_of_the_unit_unfold_a_name() -> None:
    """A section with eight parts says what its eight are."""
    assert unfolds("八项工程", "扎实推进“八项工程”。", parts=8)
    assert not unfolds("八项工程", "扎实推进“八项工程”。", parts=3)
    assert size_of("八项工程") == 8
    assert size_of("1+4") is None
