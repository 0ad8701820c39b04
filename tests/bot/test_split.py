"""Long text is cut between sentences, under any limit, and nothing of it is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.split import attach, split_text, utf8_bytes, utf16_units

ALPHABET = st.text(alphabet="会议。！？!?,，;；\n 【1】[2]”)😀👨‍👩‍👧🇨🇳é́aあ\u202e", max_size=400)


@given(text=ALPHABET, limit=st.integers(20, 200), size=st.sampled_from([utf16_units, utf8_bytes]))
def test_nothing_is_lost_and_no_part_is_too_long(text: str, limit: int, size) -> None:
    """Parts are under the limit and not empty, and joined they are the text, blanks aside."""
    parts = split_text(text, limit, size)
    assert all(part.strip() and size(part) <= limit for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


@given(text=ALPHABET, footer=st.text(alphabet="【1】《规则》第条\n", min_size=1, max_size=60), limit=st.integers(80, 200))
def test_the_footer_is_whole_on_the_last_part(text: str, footer: str, limit: int) -> None:
    """Whatever the length, the last part ends with the whole footer."""
    footer = footer.strip() or "【1】"
    parts = attach(split_text(text, limit, utf16_units), footer, limit, utf16_units)
    assert parts[-1].endswith(footer)
    assert all(utf16_units(part) <= limit for part in parts)


def test_sentences_stay_whole() -> None:
    """A part ends where a sentence ends, its marker and closing quotes included."""
    text = "甲说:“今天开会。”【1】乙同意!丙问:何时?【2】丁答:明天。"
    assert split_text(text, 16, utf16_units) == ["甲说:“今天开会。”【1】", "乙同意!丙问:何时?【2】", "丁答:明天。"]


def test_a_long_sentence_is_cut_after_a_clause() -> None:
    """Where a sentence is over the limit, the cut is after a comma."""
    assert split_text("一二三四五六,七八九十一二", 10, utf16_units) == ["一二三四五六,", "七八九十一二"]


@pytest.mark.parametrize("whole", ["👨‍👩‍👧", "🇨🇳", "é", "👍🏽", "1️⃣"])
def test_what_is_seen_as_one_is_not_torn(whole: str) -> None:
    """Families, flags, accents and skin tones are not cut in two."""
    for shift in range(8):
        parts = split_text("字" * shift + whole * 40, 30, utf16_units)
        assert all(part.replace("字", "").replace(whole, "") == "" for part in parts)


def test_four_thousand_emoji() -> None:
    """4 000 emoji come as two messages and more, all there."""
    parts = split_text("😀" * 4000, 4096, utf16_units)
    assert [len(part) for part in parts] == [2048, 1952]


def test_a_sentence_moves_along_with_the_footer() -> None:
    """A footer that does not fit takes the last sentence with it rather than stand alone."""
    assert attach(["一二三。四五六。"], "【1】《规》", 14, utf16_units) == ["一二三。", "四五六。\n\n【1】《规》"]
    assert attach([], "【1】", 14, utf16_units) == ["【1】"]
    assert attach(["一"], "", 14, utf16_units) == ["一"]
