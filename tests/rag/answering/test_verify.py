"""Nothing is shown that its quote does not carry."""

from functools import cache
from pathlib import Path

import pytest

from rag.answering.verify import number_citations, verify, write_answer
from rag.documents.sources import read_corpus
from rag.records import Draft, Locator, Statement
from rag.search.snapshot import Snapshot, read_snapshot

CORPUS = Path(__file__).parents[3] / "corpus"
QUOTE = "自治区人民政府常务会议一般每月召开2次—3次,如有需要可随时召开。"
PLACE = Locator("work-rules", ("21",))


@cache
def snapshot() -> Snapshot:
    return read_snapshot(read_corpus(CORPUS))


def kept(text: str, locator: Locator = PLACE, quote: str = QUOTE) -> bool:
    return bool(verify(Draft((Statement(text, locator, quote),)), snapshot()).statements)


def test_a_quote_with_its_statement_is_kept() -> None:
    """What stands there may be said."""
    assert kept(QUOTE)
    assert kept("常务会议每月2—3次。")


@pytest.mark.parametrize(
    ("text", "locator", "quote"),
    [
        ("常务会议每月召开4次。", PLACE, QUOTE),
        ("常务会议每周召开2次。", PLACE, QUOTE.replace("每月", "每周")),
        (QUOTE, Locator("work-rules", ("22",)), QUOTE),
        (QUOTE, Locator("work-rules", ("60",)), QUOTE),
        ("常务会议随时召开。", PLACE, ""),
        ("会后10个工作日内印发。", Locator("work-rules", ("23",)), "原则上须在会议结束后7个工作日内印发"),
    ],
)
def test_what_is_dropped(text: str, locator: Locator, quote: str) -> None:
    """Another figure, an altered quote, another article, no article, no quote."""
    assert not kept(text, locator, quote)


def test_citations_are_numbered_once() -> None:
    """Two statements with one quote share a citation; markers and citations match."""
    statements = [
        Statement(QUOTE, PLACE, QUOTE),
        Statement("可随时召开。", PLACE, QUOTE),
        Statement("x", Locator("work-rules", ("1",)), "y"),
    ]
    numbered, citations = number_citations(statements, snapshot())
    assert [citation.n for citation in citations] == [1, 2]
    assert write_answer(numbered, listing=False) == f"{QUOTE}[1]可随时召开。[1]x[2]"
    assert citations[0].label == "《宁夏回族自治区人民政府工作规则》(宁政发〔2023〕35号)第二十一条"
