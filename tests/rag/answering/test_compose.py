"""The judged sentences are the shown ones, in the documents' own words, and lists are whole."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from rag.answering.compose import MOST, Composer
from rag.answering.units import WHOLE
from rag.answering.verify import verify
from rag.documents.sources import read_corpus
from rag.language.text import squeeze
from rag.records import Draft, Judgement, Locator, Mark, Reading
from rag.search.snapshot import Snapshot, read_snapshot

CORPUS = Path(__file__).parents[3] / "corpus"
EXECUTIVE = "work-rules#21"
OPENING = "自治区人民政府全体会议的主要任务是:"


@cache
def snapshot() -> Snapshot:
    return read_snapshot(read_corpus(CORPUS))


def mark(place: str, words: str) -> int:
    """The sentence at a place that has these words."""
    taken = snapshot()
    inside = (i for i, owner in enumerate(taken.owners) if taken.passages[owner].locator.within(Locator.parse(place)))
    return next(i for i in inside if words in taken.sentences[i].text)


def compose(*sentences: tuple[str, str], question: str = "有什么规定?", before: str = "") -> Draft:
    """The draft of these sentences, best first; everything in it passes verification."""
    marks = tuple(Mark(mark(place, words), 0.9 - n / 100) for n, (place, words) in enumerate(sentences))
    draft = Composer(snapshot()).compose(Judgement(Reading(question, question, before=before), (), marks, None, 0.9, {}))
    assert verify(draft, snapshot()).dropped == ()
    return draft


def look_up(*places: str, paragraph: int | None = None) -> Draft:
    reading = Reading("", "", places=tuple(map(Locator.parse, places)), paragraph=paragraph)
    draft = Composer(snapshot()).compose(Judgement(reading, (), (), None, 1.0, {}))
    assert verify(draft, snapshot()).dropped == ()
    return draft


def test_a_sentence_is_a_statement() -> None:
    """Its words are its quote, at the place where it stands."""
    draft = compose((EXECUTIVE, "每月召开2次"))
    (statement,) = draft.statements
    assert statement.text == statement.quote == "自治区人民政府常务会议一般每月召开2次—3次,如有需要可随时召开。"
    assert (str(statement.locator), draft.listing, draft.missing) == (EXECUTIVE, False, None)


def test_nothing_marked_is_an_empty_draft() -> None:
    """Which becomes a refusal."""
    assert compose().statements == ()


def test_neighbours_are_one_statement_and_others_their_own() -> None:
    """The unit of the best sentence first, a unit's sentences in reading order."""
    taken = snapshot()
    first = mark("work-rules#29", "应当事先征求意见")
    pair = [(str(taken.passages[taken.owners[i]].locator), taken.sentences[i].text) for i in (first, first + 1)]
    draft = compose(pair[1], (EXECUTIVE, "每月召开2次"), pair[0])
    assert [str(statement.locator) for statement in draft.statements] == ["work-rules#29", EXECUTIVE]
    assert draft.statements[0].quote.startswith(pair[0][1])
    assert draft.statements[0].quote.endswith(pair[1][1])


def test_sentences_that_are_no_neighbours_are_quoted_apart() -> None:
    """No quote runs over what was not judged to answer."""
    draft = compose((EXECUTIVE, "每月召开2次"), (EXECUTIVE, "主席、副主席、秘书长"))
    assert len(draft.statements) == 2
    assert all("主要任务" not in statement.quote for statement in draft.statements)


def test_an_opening_brings_its_items() -> None:
    """「…的主要任务是:」 alone says nothing; the list is cited as the unit that holds it."""
    draft = compose(("work-rules#20", OPENING))
    (statement,) = draft.statements
    lines = statement.text.split("\n")
    assert lines[0] == OPENING
    assert [line[:3] for line in lines[1:]] == ["(一)", "(二)", "(三)", "(四)"]
    assert (str(statement.locator), draft.listing) == ("work-rules#20", True)


def test_items_bring_their_opening() -> None:
    """Two items are said after what they are items of; one alone is cited as itself."""
    draft = compose(("work-rules#20", "通报全区经济社会形势"), ("work-rules#20", "部署自治区人民政府的重要工作"))
    assert draft.statements[0].text.startswith(OPENING)
    (alone,) = compose(("work-rules#20", "通报全区经济社会形势")).statements
    assert "主要任务" not in alone.text
    assert len(alone.locator.path) == 2


def test_the_items_that_were_judged_are_the_ones_shown() -> None:
    """An opening that is marked with two of its items brings no others."""
    marked = (("work-rules#20", OPENING), ("work-rules#20", "通报全区经济社会形势"), ("work-rules#20", "部署自治区人民政府的重要工作"))
    text = "\n".join(statement.text for statement in compose(*marked).statements)
    assert "传达贯彻" not in text
    assert "通报全区经济社会形势" in text


def test_a_long_list_is_begun_item_by_item() -> None:
    """More than fits on a phone: each item with its first clauses, the quote whole."""
    draft = compose((EXECUTIVE, "常务会议的主要任务是:"))
    (statement,) = draft.statements
    assert len(statement.quote) > WHOLE
    assert len(statement.text) < len(statement.quote)
    assert all(line.rstrip("。;；")[:6] in statement.quote for line in statement.text.split("\n"))


def test_a_heading_is_left_out_beside_what_it_is_of() -> None:
    """Alone it is all there is."""
    heading, text = ("ftz-plan#2.10", "科创企业票据融资新模式"), ("work-rules#21", "每月召开2次")
    assert [str(s.locator) for s in compose(heading, text).statements] == ["work-rules#21"]
    assert [str(s.locator) for s in compose(heading).statements] == ["ftz-plan#2.10"]


def test_a_cell_stands_after_its_columns_name() -> None:
    """Each cell is a statement of its own; the quote is the cell's words."""
    draft = compose(("ftz-plan#annex.4", "中国人民银行宁夏分行,"), question="附件第4项由谁负责?")
    (statement,) = draft.statements
    assert statement.text == f"责任单位:{statement.quote}"
    assert "责任单位" not in statement.quote
    assert str(statement.locator) == "ftz-plan#annex.4"


@pytest.mark.parametrize(
    ("question", "before", "lead"),
    [
        ("今年城镇新增就业目标是多少?", "", "2024年:"),
        ("那就业呢?", "今年GDP目标是多少", "2024年:"),
        ("城镇新增就业目标是多少?", "", ""),
    ],
)
def test_what_is_asked_of_this_year_is_told_with_the_year(question: str, before: str, lead: str) -> None:
    """「今年」 is read against the document's year, in the question before too."""
    (statement,) = compose(("work-report#2.6.1", "城镇新增就业8万人"), question=question, before=before).statements
    assert statement.text == lead + statement.quote


def test_what_has_no_year_is_told_without() -> None:
    """The rules are about no year in particular."""
    (statement,) = compose((EXECUTIVE, "每月召开2次"), question="今年常务会议多久开一次?").statements
    assert statement.text == statement.quote


def test_an_answer_is_no_longer_than_is_read() -> None:
    """The best sentences within the limit; the best one however long."""
    taken = snapshot()
    marks = tuple(Mark(i, 1 - i / 1e4) for i in range(len(taken.sentences)))
    draft = Composer(taken).compose(Judgement(Reading("?", "?"), (), marks, None, 0.9, {}))
    assert 0 < len(draft.statements) <= MOST
    assert sum(len(statement.quote) for statement in draft.statements) <= 2 * WHOLE


# ── places that are named ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("places", "texts"),
    [
        (("work-rules#26",), ["自治区人民政府及各部门召开的工作会议"]),
        (("work-rules#20.3",), ["部署自治区人民政府的重要工作;"]),
        (("work-rules#chapter.6",), ["第六章公文处理", "第二十八条", "第二十九条", "第三十条"]),
        (("ftz-plan#annex.4",), ["事项:保理公司", "主要内容:"]),
        (("ftz-plan#annex.3", "work-rules#26"), ["事项:", "主要内容:", "自治区人民政府及各部门召开的工作会议"]),
    ],
)
def test_a_place_is_shown(places: tuple[str, ...], texts: list[str]) -> None:
    """An article whole where it fits, a chapter as its outline, a row by what it is and says, several one after another."""
    statements = look_up(*places).statements
    assert all(statement.text.startswith(text) for statement, text in zip(statements, texts, strict=False))
    assert len(statements) >= len(texts)
    assert {s.locator.document for s in statements} == {Locator.parse(place).document for place in places}


def test_an_article_that_fits_is_one_statement() -> None:
    """Whole, from its first sentence to its last."""
    (statement,) = look_up("work-rules#26").statements
    assert squeeze(statement.quote) == squeeze(snapshot().text_of(Locator.parse("work-rules#26"))).removeprefix("二十六、")


def test_every_place_can_be_shown() -> None:
    """Whatever a question names, alone or beside another place, is shown in words that stand there."""
    units = [place for place, node in snapshot().nodes.items() if node.kind != "document"]
    for place in units:
        assert look_up(str(place)).statements, place
        assert look_up("work-rules#1", str(place)).statements[1:], place


def test_a_paragraph_of_an_article_is_shown_alone() -> None:
    """第三十三条第二款."""
    text = "".join(statement.text for statement in look_up("work-rules#33", paragraph=2).statements)
    whole = snapshot().text_of(Locator.parse("work-rules#33"))
    assert text
    assert text in whole
    assert not whole.startswith(text, len("三十三、"))
