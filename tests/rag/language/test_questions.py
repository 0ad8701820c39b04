"""The grammar of questions."""

from __future__ import annotations

import pytest

from rag.language.questions import FILLER


@pytest.mark.parametrize("text", ["数据呢?", "具体是多少", "这批次的数字", "那由哪个部门负责"])
def test_words_that_name_no_topic_leave_nothing(text: str) -> None:
    """Longer words go as wholes: no 据 of 数据 is taken for a topic."""
    assert FILLER.sub("", text) == ""


def test_a_topic_is_left() -> None:
    """What a question is about stays."""
    assert FILLER.sub("", "粮食产量是多少") == "粮食产量"
