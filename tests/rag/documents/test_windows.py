"""What the reader sees at once: every sentence in one window, none across a unit, each window saying where it stands."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from evals.questions import UNSEEN
from rag.documents.sources import read_corpus
from rag.documents.windows import LENGTH, readable, split_windows
from rag.records import Locator, Passage, Sentence, Window
from rag.search.snapshot import Snapshot, read_snapshot

CORPUS = Path(__file__).parents[3] / "corpus"


@cache
def snapshot(folder: Path) -> Snapshot:
    return read_snapshot(read_corpus(folder))


def passage(number: int, unit: str, *texts: str, heading: str = "") -> Passage:
    """A passage with these sentences; spans don't matter to windows."""
    place = Locator.parse(f"d#{unit}")
    sentences = tuple(Sentence((0, len(text)), text) for text in texts)
    return Passage(number, place, place, f"办法 第{unit}条", heading, "", None, (0, 0), "".join(texts), sentences)


def said(window: Window, passages: tuple[Passage, ...]) -> list[str]:
    every = [sentence.text for one in passages for sentence in one.sentences]
    return [every[i] for i in window.sentences]


@pytest.mark.parametrize("folder", [CORPUS, UNSEEN], ids=["shipped", "unseen"])
def test_every_sentence_stands_in_one_window_of_its_unit(folder: Path) -> None:
    """In reading order, without a gap; no longer than a window may be, but for one sentence that is so by itself."""
    taken = snapshot(folder)
    assert [i for window in taken.windows for i in window.sentences] == list(range(len(taken.sentences)))
    for window in taken.windows:
        assert {taken.passages[taken.owners[i]].unit for i in window.sentences} == {window.unit}
        assert sum(len(taken.sentences[i].text) for i in window.sentences) <= LENGTH or len(window.sentences) == 1


@pytest.mark.parametrize("folder", [CORPUS, UNSEEN], ids=["shipped", "unseen"])
def test_windows_are_no_smaller_than_need_be(folder: Path) -> None:
    """The first sentence of a unit's next window had no room in the one before."""
    taken = snapshot(folder)
    for window, following in pairwise(taken.windows):
        if window.unit == following.unit:
            assert sum(len(taken.sentences[i].text) for i in (*window.sentences, following.sentences[0])) > LENGTH


def test_units_are_not_mixed() -> None:
    """Two short articles are two windows; the paragraphs of one article are one."""
    passages = (passage(0, "1", "甲。"), passage(1, "1", "乙。", "丙。"), passage(2, "2", "丁。"))
    windows = split_windows(passages)
    assert [said(window, passages) for window in windows] == [["甲。", "乙。", "丙。"], ["丁。"]]
    assert [str(window.unit) for window in windows] == ["d#1", "d#2"]


def test_a_sentence_that_is_too_long_stands_alone() -> None:
    """It is not cut: a quote is whole sentences."""
    long = "长" * (LENGTH + 1)
    passages = (passage(0, "1", "甲。", long, "乙。"),)
    assert [said(window, passages) for window in split_windows(passages)] == [["甲。"], [long], ["乙。"]]


def test_a_later_window_says_what_its_items_go_on_from() -> None:
    """The first window holds the opening itself; a later one leads with it after the place."""
    items = [passage(i, "4", "(某)" + "项" * 100, heading="办公室负责下列工作") for i in range(1, 4)]
    passages = (passage(0, "4", "办公室负责下列工作:"), *items)
    leads = [window.lead for window in split_windows(passages)]
    assert leads == ["办法 第4条", "办法 第4条 办公室负责下列工作"]


def test_a_heading_that_the_place_names_is_not_said_twice() -> None:
    """A section's heading is in its breadcrumb already."""
    sentences = ["句" * 100 for _ in range(4)]
    passages = (passage(0, "4", *sentences, heading="第4条"),)
    assert {window.lead for window in split_windows(passages)} == {"办法 第4条"}


def test_no_text_has_no_windows() -> None:
    """An empty library is one without windows."""
    assert split_windows(()) == ()


def test_a_cell_is_read_after_its_column() -> None:
    """Unless its text begins with the column's name, as a row's first lines may."""
    row = next(p for p in snapshot(CORPUS).passages if p.name == "责任单位")
    assert readable(row, "自治区商务厅") == "责任单位:自治区商务厅"
    assert readable(row, "责任单位为自治区商务厅") == "责任单位为自治区商务厅"
    assert readable(passage(0, "1", "甲。"), "甲。") == "甲。"
