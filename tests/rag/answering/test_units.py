"""What a unit of a document says: its heading, the headings of its parts, itself whole, or how each paragraph begins."""

from functools import cache
from pathlib import Path

import pytest

from rag.answering.units import WHOLE, Units, begin
from rag.documents.sources import read_corpus
from rag.language.text import squeeze
from rag.records import Locator
from rag.search.snapshot import Snapshot, read_snapshot

CORPUS = Path(__file__).parents[3] / "corpus"


@cache
def snapshot() -> Snapshot:
    return read_snapshot(read_corpus(CORPUS))


def said(place: str, limit: int = WHOLE) -> tuple[list[str], bool]:
    statements, listing = Units(snapshot()).content(snapshot().nodes[Locator.parse(place)], limit)
    for statement in statements:
        assert squeeze(statement.quote) in squeeze(snapshot().text_of(statement.locator)), statement
    return [statement.text for statement in statements], listing


@pytest.mark.parametrize(
    ("place", "first", "last"),
    [
        ("work-rules#chapter.7", "第七章工作落实", "第三十八条 自治区人民政府各部门要充分发挥督查抓落实促发展的作用,完善督查工作机制"),
        ("work-rules#chapter.3", "第三章工作原则", "第十三条 坚持清正廉洁"),
        ("work-report#2.5", "(五)坚持安全第一,突出防化重点风险隐患", "四是切实强化社会安全"),
        ("ftz-plan#3", "三、组织保障", "(三)协调推动落实"),
    ],
)
def test_a_unit_of_units_is_its_outline(place: str, first: str, last: str) -> None:
    """A chapter, part or section says its own heading and those of its parts; an article without one, its first words."""
    texts, listing = said(place)
    assert (texts[0], texts[-1], listing) == (first, last, True)


def test_an_article_that_fits_is_shown_whole() -> None:
    """第二十九条: all its sentences."""
    texts, listing = said("work-rules#29")
    assert not listing
    assert "公开征求意见" in "".join(texts)


def test_a_long_article_is_shown_by_its_paragraphs() -> None:
    """第四十二条 has seven; each is begun, none broken off inside a clause."""
    texts, listing = said("work-rules#42")
    assert (len(texts), listing) == (7, True)
    assert texts[4].startswith("要严格执行财经纪律")
    assert sum(map(len, texts)) <= WHOLE + 7 * 24


@pytest.mark.parametrize(
    ("limit", "text"),
    [(3, "甲乙丙丁戊"), (9, "甲乙丙丁戊"), (12, "甲乙丙丁戊,己庚辛壬"), (40, "甲乙丙丁戊,己庚辛壬;子丑。")],
)
def test_beginnings_end_with_a_clause(limit: int, text: str) -> None:
    """At most the limit where a clause ends there; the first clause in any case."""
    assert begin("甲乙丙丁戊,己庚辛壬;子丑。", limit) == text
