"""Chinese numerals, over their whole domain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.language.numerals import to_chinese, to_int


def test_every_numeral_reads_back() -> None:
    """0 to 9999 written in characters and read again give the same number."""
    assert all(to_int(to_chinese(number)) == number for number in range(10_000))


def test_arabic_digits_read() -> None:
    """Arabic digits up to 9999 are numerals too."""
    assert all(to_int(str(number)) == number for number in range(10_000))


@pytest.mark.parametrize(("text", "number"), [("二〇二四", 2024), ("两", 2), ("一百零五", 105), ("一十", 10), ("十", 10)])
def test_spellings_of_offices(text: str, number: int) -> None:
    """Years digit by digit, 两 for two, a redundant 一."""
    assert to_int(text) == number


@pytest.mark.parametrize("text", ["", "甲", "十百", "百", "一二三", "二十一条", "12345", "-1", "１０００００"])
def test_no_numeral(text: str) -> None:
    """What is no numeral is None, not a guess."""
    assert to_int(text) is None


@given(st.text(max_size=12))
def test_any_text_is_read_without_an_error(text: str) -> None:
    """No text makes the reader fail."""
    number = to_int(text)
    assert number is None or 0 <= number <= 9999


@pytest.mark.parametrize("number", [-1, 10_000])
def test_outside_the_domain(number: int) -> None:
    """Numbers without a numeral here are refused."""
    with pytest.raises(ValueError, match=str(number)):
        to_chinese(number)
