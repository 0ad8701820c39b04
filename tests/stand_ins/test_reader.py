"""The reader with a script says what the script says, and refuses to guess."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.search.snapshot import Snapshot
from tests.stand_ins.library import LEAVE, MEETING, read_library
from tests.stand_ins.reader import LOW, ScriptedReader


@pytest.fixture
def taken(tmp_path: Path) -> Snapshot:
    return read_library(tmp_path / "corpus", {"meeting": MEETING, "leave": LEAVE})


def test_marks_are_those_of_the_script(taken: Snapshot) -> None:
    """The first phrase that a sentence holds counts; a question after another has a script of its own."""
    reader = ScriptedReader(taken, {"几天?": {"提前2个": 3.0, "提前": 1.0}, "请假?→几天?": {}})
    windows = [(w, window.sentences) for w, window in enumerate(taken.windows)]
    marks = {mark for read in reader.read("几天?", "", windows, None) for mark in read.marks}
    assert marks == {3.0, 1.0, LOW}
    assert {mark for read in reader.read("几天?", "请假?", windows, None) for mark in read.marks} == {LOW}
    assert reader.read_windows == [list(range(len(windows)))] * 2


def test_what_is_not_scripted_is_refused(taken: Snapshot) -> None:
    """A test that reads what it did not foresee fails."""
    with pytest.raises(AssertionError, match="not scripted: 谁→几天"):
        ScriptedReader(taken, {"几天": {}}).read("几天", "谁", [], None)


def test_a_library_holds_its_documents(taken: Snapshot) -> None:
    """Titles are the first lines, articles are found."""
    assert [document.entry.title for document in taken.documents] == ["某市会议管理办法", "某市工作人员休假规定"]
    assert sum(node.kind == "article" for node in taken.nodes.values()) == 5
