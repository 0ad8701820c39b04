"""Slips of typing are read by their sound; what is known stays as it was typed."""

from pathlib import Path

import pytest

from rag.search.lexical import Lexicon
from rag.search.spelling import Speller, write_sounds

TEXTS = [
    "政府常务会议一般每月召开2次", "常务会议一个月开几次", "常务会议由谁召集", "全体会议由谁召集有什么主要任务",
    "副主席离宁外出要提前几天请假", "请假要提前三天", "会议一个月开几次", "上年度压减了多少",
]  # fmt: skip


@pytest.fixture
def speller(tmp_path: Path) -> Speller:
    """A speller of an index in which each text stands as often as questions are alike in a real one."""
    write_sounds(tmp_path / "sounds.json", TEXTS)
    return Speller(tmp_path / "sounds.json", (Lexicon.build(TEXTS * 20),), TEXTS)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("常务汇议由谁召集", "常务会议由谁召集"), ("全提会议由谁召集", "全体会议由谁召集"), ("副主席请甲要提前几天", "副主席请假要提前几天")],
)
def test_a_homophone_is_read_as_what_the_documents_say(speller: Speller, typed: str, meant: str) -> None:
    """The character that makes known pairs of its neighbours takes the place of the one that was typed."""
    assert speller.correct(typed) == meant


@pytest.mark.parametrize("typed", ["常务会议由谁召集", "天气好不好", "会", "", "abc 123", "常" * 200])
def test_what_is_known_or_like_nothing_stays(speller: Speller, typed: str) -> None:
    """No slip is seen where every pair is known, or where no homophone is."""
    assert speller.correct(typed) is None


@pytest.mark.parametrize("typed", ["按工作规则怎么办", "又计划办什么"])
def test_words_of_grammar_stay(tmp_path: Path, typed: str) -> None:
    """A preposition or an adverb stands beside any word: that the pair is new says nothing."""
    texts = ["推广工作由谁负责", "工作规则", "今年有计划吗", "怎么办", "办什么"] * 20
    write_sounds(tmp_path / "sounds.json", texts)
    assert Speller(tmp_path / "sounds.json", (Lexicon.build(texts),)).correct(typed) is None


@pytest.mark.parametrize("typed", ["为什么由副主席召集", "把名单列给我", "会议凑一起", "还得拖几天", "到底开几次"])
def test_good_words_that_no_document_has_stay(tmp_path: Path, typed: str) -> None:
    """People ask in words of their own: a homophone that makes a known pair is no reason to doubt them."""
    texts = [*TEXTS, "有什么任务", "单位", "名单", "他们一起去", "一期", "得到", "的话", "脱离", "到的人"]
    write_sounds(tmp_path / "sounds.json", texts)
    assert Speller(tmp_path / "sounds.json", (Lexicon.build(texts * 20),), texts).correct(typed) is None


def test_a_long_stretch_of_a_document_outweighs_a_word(tmp_path: Path) -> None:
    """「在生水利用率」 is all words, but no document has them so, and one has the same sounds as a stretch."""
    texts = ["城市再生水利用率提高到45%", "城市在建设", "生水", "督查范围包括信访", "工作由谁督查"]
    write_sounds(tmp_path / "sounds.json", texts)
    speller = Speller(tmp_path / "sounds.json", (Lexicon.build(texts * 20),), texts)
    assert speller.correct("城市在生水利用率要提高到多少") == "城市再生水利用率要提高到多少"
    assert speller.correct("督察范围包括信访吗") == "督查范围包括信访吗"


def test_that_is_read_as_which_where_nothing_asks(speller: Speller) -> None:
    """「归那个厅管」 asks which; 「那个厅归谁管」 speaks of that one."""
    assert speller.correct("会议是那天开的") == "会议是哪天开的"
    assert speller.correct("会议由那个厅开吗") is None


def test_a_figure_is_never_made_another(speller: Speller) -> None:
    """「上年度」 does not become 「三年度」, nor 「三天」 another number of days."""
    for typed in ("三年度压减了多少", "请假要提前散天", "上年读压减了多少"):
        corrected = speller.correct(typed) or typed
        numerals = [c for c in corrected if c in "一二三四五六七八九十百千万亿两"]
        assert numerals == [c for c in typed if c in "一二三四五六七八九十百千万亿两"]


def test_without_its_file_nothing_is_corrected(tmp_path: Path) -> None:
    """A lost file of sounds costs corrections, not answers."""
    assert Speller(tmp_path / "none.json", (Lexicon.build(TEXTS),)).correct("常务汇议由谁召集") is None
