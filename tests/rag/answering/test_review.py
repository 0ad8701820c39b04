"""A model's sentence is shown only when the passage it cites carries all of it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from evals.drafts import measure_drafts, read_drafts
from rag.answering.claims import CHECKS
from rag.answering.prompting import Prompt, build_prompt
from rag.answering.review import write_claims
from rag.answering.write import Drafting
from rag.documents.sources import read_corpus
from rag.language.figures import unsupported_figures
from rag.language.text import squeeze
from rag.language.tokens import TokenCounter
from rag.reading.propose import Proposer
from rag.records import Hit, Locator, Query
from rag.search.snapshot import Snapshot, read_snapshot

CORPUS = Path(__file__).parents[3] / "corpus"


@cache
def snapshot() -> Snapshot:
    return read_snapshot(read_corpus(CORPUS))


def draft(text: str, *places: str, question: str = "有什么规定?") -> Drafting:
    """A reply, read; ``{0}`` in it is the key of the first place."""
    query: Query = Proposer(snapshot()).propose(question)
    units = [Locator.parse(place) for place in places]
    hits = [Hit(unit, 1.0, tuple(p.id for p in snapshot().passages if p.unit == unit), {}) for unit in units]
    prompt: Prompt = build_prompt(query, hits, snapshot(), TokenCounter(Path("/nonexistent")), max_tokens=6000)
    keys = {piece.unit: piece.key for piece in prompt.pieces.values()}
    drafting = Drafting(prompt, query, snapshot())
    drafting.feed(text.format(*(keys[unit] for unit in units)))
    drafting.finish(whole=True)
    return drafting


def test_good_and_poisoned_drafts() -> None:
    """No poisoned draft reaches the reader with its poison; at most one good one in twenty loses a sentence."""
    drafts = read_drafts()
    assert sum(d.kind == "good" for d in drafts) >= 60
    assert sum(d.kind != "good" for d in drafts) >= 60
    assert all(d.poison in d.text for d in drafts)
    rows = {row.kind: row for row in measure_drafts(snapshot())}
    assert set(rows) == {
        "good", "figure", "unit", "date", "body", "article", "no-passage", "wrong-passage", "negation", "extra", "instruction", "language"
    }  # fmt: skip
    assert [row.failed for kind, row in rows.items() if kind != "good"] == [()] * 11
    assert rows["good"].lost * 20 <= rows["good"].drafts, rows["good"].failed


@pytest.mark.parametrize(
    ("place", "text", "reason"),
    [
        ("work-rules#23", "文件原则上须在会议结束前7个工作日内印发。[{0}]", "bound"),
        ("work-rules#23", "会议结束后超过7个工作日印发。[{0}]", "bound"),
        ("work-rules#21", "常务会议一般每周召开2次—3次。[{0}]", "period"),
        ("work-rules#21", "常务会议应当随时召开。[{0}]", "modality"),
        ("work-rules#28", "请示不应当一文一事。[{0}]", "modality"),
        ("work-rules#26", "兼任部门负责同志的也不参加本部门会议。[{0}]", "polarity"),
        ("work-rules#42", "自治区副主席和秘书长离宁外出,须提前3天向主席请假。[{0}]", "name"),
        ("work-rules#42", "自治区副主席和秘书长离宁外出,须推迟3天向自治区党委和人民政府请假。[{0}]", "opposite"),
        ("work-rules#45", "旧规则(宁政发〔2023〕8号)停止执行。[{0}]", "reference"),
        ("work-rules#45", "《宁夏回族自治区行政程序规定》停止执行。[{0}]", "reference"),
        ("work-report#2.1.1", "2024年招商引资实际到位资金1800亿元以下。[{0}]", "bound"),
        ("work-rules#34", "每個部門只報送1種簡報,詳情見www.example.com。[{0}]", "instruction"),
    ],
)
def test_what_is_dropped_and_why(place: str, text: str, reason: str) -> None:
    """The reason names the kind of claim that the passage does not carry."""
    drafting = draft(text, place)
    assert not [claim for claim in drafting.claims if claim.statements], drafting.claims
    assert drafting.dropped[0].split(":")[0] == reason, drafting.dropped


@pytest.mark.parametrize(
    ("place", "question", "reply", "kept"),
    [
        ("work-rules#28", "市辖区能直接报文吗?", "可以。市辖区人民政府不得直接向自治区人民政府报送公文。[{0}]", 1),
        ("work-rules#42", "副主席离宁要提前7天请假吧?", "是的。自治区副主席离宁外出,须提前3天向自治区党委和人民政府请假。[{0}]", 1),
        ("work-rules#21", "常务会每周开一次对吗?", "这一说法正确。常务会议一般每月召开2次—3次。[{0}]", 1),
        ("work-rules#28", "市辖区能直接报文吗?", "不能。市辖区人民政府不得直接向自治区人民政府报送公文。[{0}]", 0),
        ("work-rules#42", "副主席离宁要提前3天请假吧?", "是的。自治区副主席离宁外出,须提前3天向自治区党委和人民政府请假。[{0}]", 0),
    ],
)
def test_yes_and_no_have_to_be_borne_out(place: str, question: str, reply: str, kept: int) -> None:
    """A word that answers yes or no is dropped, and counted, where what follows does not bear it out; what follows stays."""
    drafting = draft(reply, place, question=question)
    word, _, rest = reply.partition("。")
    (claim,) = drafting.claims
    assert claim.text == (rest if kept else f"{word}。{rest}").replace("[{0}]", "")
    assert len(drafting.dropped) == kept


@pytest.mark.parametrize(
    "lead", ["以下单位可以直接报送公文：", "领导同志一般出席部门会议：", "共有5项：", "经国务院批准：", "The items are:"]
)
def test_a_line_that_leads_in_claims_nothing(lead: str) -> None:
    """A line that ends with a colon is shown only when it has the question's own words."""
    reply = f"{lead}\n- 市辖区人民政府不得直接向自治区人民政府报送公文[{{0}}]"
    assert lead not in write_claims(draft(reply, "work-rules#28").claims, snapshot())[0]
    fine = draft(reply.replace(lead, "不得直接报送公文的有："), "work-rules#28", question="哪些单位不得直接报送公文?")
    assert write_claims(fine.claims, snapshot())[0].startswith("不得直接报送公文的有：")


@pytest.mark.parametrize(
    ("place", "question", "reply", "text"),
    [
        ("work-report#2.6.1", "今年城镇新增就业目标是多少?", "今年城镇新增就业目标是8万人。[{0}]", "2024年城镇新增就业目标是8万人。"),
        ("work-report#2.6.1", "今年城镇新增就业目标是多少?", "城镇新增就业8万人。[{0}]", "2024年:城镇新增就业8万人。"),
        ("work-report#2.6.1", "城镇新增就业目标是多少?", "城镇新增就业8万人。[{0}]", "城镇新增就业8万人。"),
        ("work-report#1.1", "去年人口总数是多少?", "去年全区人口总数增至729万。[{0}]", "2023年全区人口总数增至729万。"),
    ],
)
def test_the_answer_says_the_year(place: str, question: str, reply: str, text: str) -> None:
    """「今年」 and 「去年」 become the year of the document, and a question about them is answered with it."""
    (claim,) = draft(reply, place, question=question).claims
    assert claim.text == text


def test_every_reason_is_listed() -> None:
    """Each reason that the drafts meet is a kind that CHECKS explains."""
    drafts = [draft(d.text.split("[")[0], "work-rules#21", "work-rules#42") for d in read_drafts()]
    reasons = {reason.split(":")[0] for drafting in drafts for reason in drafting.dropped}
    assert reasons <= set(CHECKS)


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("work-rules#21", "常务会议一般每月召开两到三次。[{0}]"),
        ("work-rules#21", "常务会议每月２－３次。[{0}]"),
        ("work-rules#21", "常務會議由主席召集和主持。[{0}]"),
        ("work-rules#5", "由常务副主席主持政府工作。[{0}]"),
    ],
)
def test_spellings_that_say_the_same(place: str, text: str) -> None:
    """Numerals, width, dashes, Traditional characters and short names of offices make no difference."""
    drafting = draft(text, place, question="常务会议、工业、主持")
    assert drafting.dropped == []


def test_quotes_are_verbatim_and_hold_the_figures() -> None:
    """Each citation's quote stands in its place, no longer than needed, and has every figure of the sentence."""
    drafting = draft("文件须在会议结束后7个工作日内印发。[{0}]新闻稿报主席审定。[{0}]", "work-rules#23")
    text, citations = write_claims(drafting.claims, snapshot())
    assert text == "文件须在会议结束后7个工作日内印发。[1]新闻稿报主席审定。[2]"
    for citation in citations:
        assert squeeze(citation.quote) in squeeze(snapshot().text_of(citation.locator))
        assert len(citation.quote) < 120
    assert not unsupported_figures(text.replace("[1]", "").replace("[2]", ""), "".join(c.quote for c in citations))


def test_an_item_is_cited_as_an_item() -> None:
    """The place of a citation is the item, not only the article, though the model knows neither."""
    (claim,) = draft("2000万元以上的预算追加事项由常务会议审议。[{0}]", "work-rules#21", question="预算追加上不上常务会议?").claims
    assert "work-rules#21.8" in [str(statement.locator) for statement in claim.statements]


def test_without_a_marker_code_finds_the_passage() -> None:
    """A model that forgets its markers is cited all the same, when one passage carries the sentence; else it is not shown."""
    drafting = draft("新闻稿按程序报主席审定。工资每月发放。", "work-rules#23", "work-rules#21")
    assert [str(s.locator) for claim in drafting.claims for s in claim.statements] == ["work-rules#23"]
    assert len(drafting.dropped) == 1


def test_a_broken_list_falls_whole() -> None:
    """A list that lost an item would be taken for complete."""
    assert draft("- 通报全区经济社会形势[{0}]\n- 研究会议经费[{0}]", "work-rules#20").fallen
    assert not draft("- 通报全区经济社会形势[{0}]\n- 部署自治区人民政府的重要工作[{0}]", "work-rules#20").fallen


def test_the_first_cited_sentence_is_the_core() -> None:
    """When the answer itself falls, what follows it is no answer; when an addition falls, the answer stays."""
    assert draft("常务会议每月召开5次。[{0}]常务会议由主席召集和主持。[{0}]", "work-rules#21").fallen
    kept = draft("常务会议由主席召集和主持。[{0}]常务会议每月召开5次。[{0}]", "work-rules#21")
    assert not kept.fallen
    assert [claim.text for claim in kept.claims] == ["常务会议由主席召集和主持。"]


def test_a_table_keeps_its_form() -> None:
    """Rows carry their markers in the last column."""
    drafting = draft(
        "| 会议 | 组成 | 依据 |\n|---|---|---|\n| 常务会议 | 主席、副主席、秘书长 | [{0}] |", "work-rules#21", question="常务会议怎么组成?"
    )
    assert drafting.dropped == []
    assert write_claims(drafting.claims, snapshot())[0].splitlines()[-1] == "| 常务会议 | 主席、副主席、秘书长 | [1] |"
