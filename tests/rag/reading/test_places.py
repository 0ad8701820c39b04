"""A place named by its number is resolved by the document's own numbering; one that is not there names the range that is."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from rag.documents.sources import read_corpus
from rag.language.text import fold
from rag.reading.places import Places
from rag.records import MissingReference
from rag.search.snapshot import Snapshot, read_snapshot

CORPUS = Path(__file__).parents[3] / "corpus"


@cache
def snapshot() -> Snapshot:
    return read_snapshot(read_corpus(CORPUS))


def resolve(text: str, *documents: str) -> tuple[list[str], tuple[MissingReference, ...], int | None]:
    places, missing, paragraph = Places(snapshot()).resolve(fold(text), documents)
    return [str(place) for place in places], missing, paragraph


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("第二十九条讲什么", ["work-rules#29"]),
        ("20条第(三)项", ["work-rules#20.3"]),
        ("２０条第（三）项", ["work-rules#20.3"]),
        ("第三十七条督查范围的第(六)项", ["work-rules#37.6"]),
        ("第二十条和附件第3项", ["work-rules#20", "ftz-plan#annex.3"]),
        ("附件第5项是什么", ["ftz-plan#annex.5"]),
        ("第四章包括哪几条", ["work-rules#chapter.4"]),
        ("最后一章讲什么", ["work-rules#chapter.8"]),
        ("第五章第二条讲什么", ["work-rules#20"]),
        ("第五章第二十条讲什么", ["work-rules#20"]),
        ("第五章最后一条讲什么", ["work-rules#27"]),
        ("宁政发〔2023〕7号还有效吗", ["work-rules#45"]),
        ("宁政发[2023]35号是什么文件", ["work-rules#0"]),
        ("宁政发〔2023〕35号第六章", ["work-rules#chapter.6"]),
        ("国函〔2019〕38号对应哪一项", ["ftz-plan#annex.1"]),
        ("第七批第8项是哪个事项", ["ftz-plan#annex.6"]),
        ("常务会议多久开一次", []),
        ("第7项和第10项有什么不同", ["ftz-plan#annex.7", "ftz-plan#annex.10"]),  # of the only table that is held
    ],
)
def test_places_are_found_by_number(text: str, places: list[str]) -> None:
    """Articles, items, chapters, rows, document numbers and batches, in any width and either numeral."""
    assert resolve(text)[0] == places


@pytest.mark.parametrize(
    ("document", "text", "place"),
    [
        ("work-report", "第二部分(五)里的“二是”", "work-report#2.5.2"),
        ("work-report", "第二部分第四节的第二条", "work-report#2.4.2"),
        ("ftz-plan", "第三部分第(三)条", "ftz-plan#3.3"),
        ("ftz-plan", "第一部分第(二)项讲什么", "ftz-plan#1.2"),
    ],
)
def test_a_named_document_is_the_only_one_that_has_the_place(document: str, text: str, place: str) -> None:
    """Two documents have parts; the one that is named is meant."""
    assert resolve(text, document)[0] == [place]


def test_a_place_of_a_document_that_has_none_such_is_of_no_other() -> None:
    """The plan has no articles; the rules' 第三条 is not what is asked for."""
    assert resolve("第三条讲什么", "ftz-plan")[0] == []


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("第六十条讲什么", "第一条至第四十五条"),
        ("附件第20项", "附件第1项至第13项"),
        ("第九章", "第一章至第八章"),
        ("第二十条第(九)项", "第二十条列有4项"),
        ("第二十九条第(一)项", "第二十九条没有分项"),
        ("第五章第六十条", "第五章列有第十九条至第二十七条"),
        ("第二十条第三款", "第二十条有2款"),
        ("国发第九批改革试点经验", "第五批至第七批"),
        ("宁政发〔1999〕1号", "宁政发〔2023〕35号"),
    ],
)
def test_a_place_that_is_not_there_names_the_range_that_is(text: str, valid: str) -> None:
    """Of the innermost unit that there is, in the document's own words."""
    places, (missing,), _ = resolve(text)
    assert places == []
    assert valid in missing.valid


def test_a_paragraph_of_an_article_is_told() -> None:
    """第N款 is a number of its own: text inside a unit adds none to its place."""
    assert resolve("33条第二款说什么") == (["work-rules#33"], (), 2)


def test_another_documents_batches_are_no_rows() -> None:
    """「第九批」 of something else is no reference to the table."""
    assert resolve("第九批援宁干部有多少人") == ([], (), None)
