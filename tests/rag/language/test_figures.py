"""Figures compared in one spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.language.figures import Figure, find_figures, unsupported_figures


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("第二十一条", "第21条"),
        ("百分之十", "10%"),
        ("5,315亿元", "5315亿元"),
        ("2—3次", "2次—3次"),
        ("１０个工作日", "10个工作日"),
        ("三个月", "3个月"),
        ("6.60%", "6.6%"),
    ],
)
def test_spellings_that_mean_the_same(one: str, other: str) -> None:
    """What a reader takes as the same figure is the same figure."""
    assert find_figures(one) == find_figures(other) != frozenset()


@pytest.mark.parametrize(
    ("claim", "quote"), [("7天", "7个工作日"), ("3个月", "3个工作日"), ("53亿元", "5315亿元"), ("10%", "10‰"), ("5万户", "5户")]
)
def test_different_figures(claim: str, quote: str) -> None:
    """Another unit or another number is no support."""
    assert unsupported_figures(claim, quote)


def test_bare_number_is_supported_by_the_number() -> None:
    """A figure without unit is carried by the same number with one."""
    assert not unsupported_figures("35", "35件民生实事")


def test_words_are_no_figures() -> None:
    """一般、一些、统一 hold no figure."""
    assert find_figures("一般不出席,统一部署,一些部门") == frozenset()


@given(st.text(max_size=60))
def test_a_text_supports_itself(text: str) -> None:
    """No text has a figure that it does not have."""
    assert not unsupported_figures(text, text)


def test_value_and_unit() -> None:
    """The unit is kept with its multiple."""
    assert find_figures("地区生产总值5315亿元") == {Figure("5315", "亿元")}
