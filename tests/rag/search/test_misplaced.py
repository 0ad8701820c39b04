"""A question may name a place that does not have the kind of thing that it asks for."""

from functools import cache
from pathlib import Path

import pytest

from rag.documents.sources import read_corpus
from rag.search.misplaced import without_place
from rag.search.snapshot import read_snapshot
from rag.search.understand import Understanding

CORPUS = Path(__file__).parents[3] / "corpus"
SNAPSHOT = cache(lambda: read_snapshot(read_corpus(CORPUS), expand=False))


def readings(question: str) -> list[str]:
    query = Understanding(SNAPSHOT()).understand(question)
    return [free.standalone for free in without_place(query, SNAPSHOT())]


def test_the_question_is_kept_without_the_place() -> None:
    """With the document's name and without it where it names nothing else."""
    assert readings("工作规则第四十四条定的施行时间是哪天?") == ["工作规则施行时间是哪天?", "施行时间是哪天?"]
    assert readings("按第三条,部门会议要提前几个工作日报批") == ["按,部门会议要提前几个工作日报批"]


@pytest.mark.parametrize(
    "question", ["第四十五条什么时候施行", "第四十四条是哪天", "第八章叫什么名字", "第四十二条规定请假要提前几天", "第四十四条讲什么"]
)
def test_a_place_that_may_answer_is_kept(question: str) -> None:
    """It has the kind of thing, or nothing but itself is asked of."""
    assert readings(question) == []
