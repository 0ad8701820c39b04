"""The trained reader: how a question and a window are put together, and that what it says depends on nothing else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rag.documents.sources import read_corpus
from rag.errors import ConfigurationError
from rag.judging import reader as reader_module
from rag.judging.reader import (
    LONGEST,
    LONGEST_BEFORE,
    LONGEST_LEAD,
    LONGEST_QUESTION,
    TOGETHER,
    Read,
    Reader,
    assemble,
    fingerprint,
)
from rag.search.snapshot import Snapshot, read_snapshot
from rag.search.tokens import Tokens

CORPUS = Path(__file__).parents[3] / "corpus"
BEGIN, END = 0, 2
QUESTION, WINDOW, BEFORE = 0, 1, 2


@pytest.fixture(scope="module")
def taken() -> Snapshot:
    return read_snapshot(read_corpus(CORPUS))


@pytest.fixture(scope="module")
def tokens(taken: Snapshot, model_dir: Path) -> Tokens:
    return Tokens.build(taken, model_dir)


@pytest.fixture(scope="module")
def reader(model_dir: Path) -> Reader:
    return Reader(model_dir)


# ── how an input is put together ────────────────────────────────────────────────────────────────


def test_an_input_in_its_order() -> None:
    """Begin, question, end, lead, end, sentences, end; each sentence has its stretch."""
    made = assemble([11, 12], [], [21], [[31, 32], [41]])
    assert made.ids == (BEGIN, 11, 12, END, 21, END, 31, 32, 41, END)
    assert made.segments == (QUESTION,) * 4 + (WINDOW,) * 6
    assert [made.ids[start:end] for start, end in made.stretches] == [(31, 32), (41,)]


def test_what_was_asked_before_stands_first() -> None:
    """In a segment of its own."""
    made = assemble([11], [51, 52], [21], [[31]])
    assert made.ids == (BEGIN, 51, 52, END, 11, END, 21, END, 31, END)
    assert made.segments == (BEFORE,) * 4 + (QUESTION,) * 2 + (WINDOW,) * 4


def test_what_is_too_long_is_cut() -> None:
    """Of the question its end, of the lead and of what was asked before their beginning, of the window its last sentences."""
    question, before, lead = list(range(100, 300)), list(range(300, 500)), list(range(500, 700))
    made = assemble(question, before, lead, [[7] * 20, [8] * 40, [9]])
    assert len(made.ids) == LONGEST == len(made.segments)
    assert made.ids[1 : LONGEST_BEFORE + 1] == tuple(before[-LONGEST_BEFORE:])
    start = LONGEST_BEFORE + 2
    assert made.ids[start : start + LONGEST_QUESTION] == tuple(question[:LONGEST_QUESTION])
    start += LONGEST_QUESTION + 1
    assert made.ids[start : start + LONGEST_LEAD] == tuple(lead[-LONGEST_LEAD:])
    kept = [made.ids[start:end] for start, end in made.stretches]
    assert (len(kept[0]), kept[2]) == (20, ())
    assert 0 < len(kept[1]) < 40
    assert made.ids[-1] == END


def test_no_sentence_is_lost_by_a_question_that_is_short(taken: Snapshot, tokens: Tokens) -> None:
    """Of the shipped documents, with a usual question: every window is read whole, but for a table's longest cells."""
    cut = [w for w, window in enumerate(taken.windows) if _ends(assemble(range(20), [], tokens.leads[w], _said(tokens, window.sentences)))]
    assert len(cut) <= len(taken.windows) / 50


def _said(tokens: Tokens, sentences: range) -> list[list[int]]:
    return [tokens.sentences[i] for i in sentences]


def _ends(made: reader_module.Input) -> bool:
    return len(made.ids) == LONGEST


# ── what it says ────────────────────────────────────────────────────────────────────────────────


ASKED = "常务会议多久开一次?"


def read(reader: Reader, taken: Snapshot, tokens: Tokens, windows: range, question: str = ASKED, before: str = "") -> list[Read]:
    return reader.read(question, before, [(w, taken.windows[w].sentences) for w in windows], tokens)


def test_a_mark_for_each_sentence(reader: Reader, taken: Snapshot, tokens: Tokens) -> None:
    """In the order in which the windows were given, though they are read by length; company changes a mark by rounding only."""
    windows = range(2 * TOGETHER + 3)
    found = read(reader, taken, tokens, windows)
    assert [len(one.marks) for one in found] == [len(taken.windows[w].sentences) for w in windows]
    alone = [read(reader, taken, tokens, range(w, w + 1))[0] for w in (0, 7, 12)]
    for one, other in zip((found[0], found[7], found[12]), alone, strict=True):
        assert one.marks == pytest.approx(other.marks, abs=0.5)
        assert one.whole == pytest.approx(other.whole, abs=0.5)


def test_the_same_question_is_read_the_same(reader: Reader, taken: Snapshot, tokens: Tokens, model_dir: Path) -> None:
    """Again, by another reader and from several threads at once."""
    expected = read(reader, taken, tokens, range(12))
    other = Reader(model_dir)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: read(other, taken, tokens, range(12)), range(4)))
    assert found == [expected] * 4


def test_what_was_asked_before_is_read(reader: Reader, taken: Snapshot, tokens: Tokens) -> None:
    """The same words after another question are another question."""
    assert read(reader, taken, tokens, range(3), before="副主席请假要几天") != read(reader, taken, tokens, range(3))


def test_a_sentence_that_was_cut_off_is_not_the_best(reader: Reader, taken: Snapshot, tokens: Tokens) -> None:
    """What the reader did not see it can't find to be the answer: after a long question the last sentences have no room."""
    question, before = "会议纪要由谁签发、什么时候印发," * 20, "副主席离宁外出要提前几天请假," * 20
    cut = 0
    for w, window in enumerate(taken.windows[:60]):
        stretches = assemble(range(LONGEST), range(LONGEST), tokens.leads[w], _said(tokens, window.sentences)).stretches
        unread = [i for i, (start, end) in enumerate(stretches) if start == end]
        if 0 < len(unread) < len(stretches):
            (found,) = read(reader, taken, tokens, range(w, w + 1), question, before)
            cut += 1
            assert max(range(len(found.marks)), key=lambda i: found.marks[i]) not in unread
    assert cut


@pytest.mark.parametrize("question", ["会" * 2000, "", " ", "\ud800会议\0", "😀", "a" * 2000])
def test_any_question_can_be_read(reader: Reader, taken: Snapshot, tokens: Tokens, question: str) -> None:
    """However long or odd it is, and whatever was asked before; no windows are no reads."""
    found = read(reader, taken, tokens, range(3), question, before=question)
    assert all(mark == mark and abs(mark) < 1e4 for one in found for mark in (*one.marks, one.whole))
    assert reader.read(question, "", [], tokens) == []


def test_without_its_file_there_is_a_sentence(model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken installation says so."""
    monkeypatch.setattr(reader_module, "MODEL", tmp_path / "none.onnx")
    fingerprint.cache_clear()
    try:
        with pytest.raises(ConfigurationError, match=r"reader\.onnx"):
            Reader(model_dir).load()
    finally:
        fingerprint.cache_clear()


# ── that it has learnt to read ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("question", "before", "place"),
    [
        ("常务会议一般多久开一次?", "", "21"),
        ("会议纪要会后几天要发出来?", "", "23"),
        ("副主席要出区,得提前几天打招呼?", "", "42"),
        ("那秘书长呢?", "副主席离宁外出要提前几天请假?", "42"),
    ],
)
def test_the_article_that_answers_is_among_the_best_marked(
    reader: Reader, taken: Snapshot, tokens: Tokens, question: str, before: str, place: str
) -> None:
    """The first four of all articles of the rules; by the marks alone, without what the judge weighs beside them."""
    rules = [w for w, window in enumerate(taken.windows) if window.unit.document == "work-rules"]
    found = reader.read(question, before, [(w, taken.windows[w].sentences) for w in rules], tokens)
    best = sorted(range(len(rules)), key=lambda i: -max(found[i].marks))[:4]
    assert (place,) in {taken.windows[rules[i]].unit.path for i in best}
