"""BM25 over Chinese words and bigrams."""

from pathlib import Path

import bm25s
import numpy as np

from rag.search.lexical import Lexicon, tokenize

TEXTS = ["自治区人民政府常务会议一般每月召开2次—3次", "副主席出席部门会议", "请假提前3天", "会议纪要由主席签发", ""]


def test_scores_are_those_of_bm25s(tmp_path: Path) -> None:
    """What is read from the saved arrays is what bm25s computes."""
    engine = bm25s.BM25(k1=1.2, b=0.5)
    engine.index([tokenize(text) or ["\0"] for text in TEXTS], show_progress=False)
    Lexicon.build(TEXTS).save(tmp_path / "lexicon")
    lexicon = Lexicon.load(tmp_path / "lexicon", len(TEXTS))
    tokens = [token for token in tokenize("常务会议纪要提前3天签发") if token in engine.vocab_dict]
    np.testing.assert_allclose(lexicon.scores(tokens), engine.get_scores(tokens), rtol=1e-5)


def test_unknown_and_empty() -> None:
    """Unknown words score nothing, and an empty index has no scores."""
    assert not Lexicon.build(TEXTS).scores(tokenize("量子纠缠")).any()
    assert Lexicon.build([]).scores(tokenize("会议")).shape == (0,)
    assert tokenize("") == []


def test_rare_words_score_more() -> None:
    """A word in one text of three scores more than one in two of them, in texts of one length."""
    lexicon = Lexicon.build(["会议 纪要", "会议 请假", "印章 保管"])
    assert 0 < lexicon.scores(["会议"]).max() < lexicon.scores(["请假"]).max()


def test_a_word_said_often_scores_little_more() -> None:
    """Ten times as often is not ten times as near: of two texts, one of which says it 20 and one 200 times, neither is far ahead."""
    few, many = Lexicon.build(["会议 " * 20, "会议 " * 200, "请假"]).scores(["会议"])[:2]
    assert few < many < 1.5 * few


def test_spellings_fold() -> None:
    """Traditional characters and full width give the same tokens."""
    assert tokenize("會議紀要２次") == tokenize("会议纪要2次")
