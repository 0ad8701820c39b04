"""The three documents, parsed: what the source says is what the tree holds."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from rag.documents.conformance import check_document, walk
from rag.documents.outline import parse
from rag.documents.passages import split_passages
from rag.documents.sources import read_corpus, read_sources
from rag.errors import ConformanceError, CorpusError
from rag.records import Document, DocumentEntry, Expectation, Locator, Node, Source

CORPUS = Path(__file__).parents[3] / "corpus"


@cache
def sources() -> dict[str, Source]:
    return {source.entry.id: source for source in read_sources(read_corpus(CORPUS))}


@cache
def document(name: str) -> Document:
    return parse(sources()[name])


def node(locator: str) -> Node:
    place = Locator.parse(locator)
    return next(n for n in walk(document(place.document).root) if n.locator == place)


def text(locator: str) -> str:
    found = node(locator)
    return document(found.locator.document).text[found.span[0] : found.span[1]]


@pytest.mark.parametrize("name", ["work-report", "work-rules", "ftz-plan"])
def test_nothing_is_lost(name: str) -> None:
    """Every character of the source is in exactly one unit or is named page furniture."""
    check_document(sources()[name], document(name))


@pytest.mark.parametrize("name", ["work-report", "work-rules", "ftz-plan"])
def test_every_character_walks_back(name: str) -> None:
    """document.text[i] stands at document.offsets[i] of the source."""
    source, parsed = sources()[name], document(name)
    for character, offset in zip(parsed.text, parsed.offsets, strict=True):
        assert offset == -1 or source.text[offset - source.base] == character


@pytest.mark.parametrize("name", ["work-report", "work-rules", "ftz-plan"])
@pytest.mark.parametrize("position", [0.1, 0.5, 0.9])
def test_a_lost_character_is_noticed(name: str, position: float) -> None:
    """A source with one character more than the parse is refused, and the message says where."""
    source = sources()[name]
    at = int(len(source.text) * position)
    at = next(i for i in range(at, len(source.text)) if not source.text[i].isspace())
    changed = replace(source, text=source.text[:at] + "丂" + source.text[at:])
    with pytest.raises(ConformanceError, match="不符"):
        check_document(changed, document(name))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("work-rules", {"articles": 46}),
        ("work-rules", {"chapters": 9}),
        ("work-rules", {"items": {"21": 13}}),
        ("work-report", {"sections": (8, 7)}),
        ("ftz-plan", {"rows": 14}),
        ("ftz-plan", {"columns": 6}),
    ],
)
def test_another_shape_than_promised_is_noticed(name: str, change: dict[str, object]) -> None:
    """A manifest that promises what the document lacks stops the build."""
    parsed = document(name)
    expect = replace(parsed.entry.expect, **change)  # type: ignore[arg-type]
    with pytest.raises(ConformanceError, match=r"实得|缺第"):
        check_document(sources()[name], replace(parsed, entry=replace(parsed.entry, expect=expect)))


def test_words_broken_over_lines_and_blanks_inside_words() -> None:
    """「第 五 位」, 「因 公 出 国」 and words over a line end are whole again."""
    assert "居全国第八位和第五位。城镇调查失业率保持在5.3%以内" in text("work-report#1.1")
    assert "因公出国(境)费用压减67%" in text("work-report#1.tail")
    assert node("work-rules#chapter.1").heading == "总则"


def test_a_printed_line_that_looks_like_a_heading_is_none() -> None:
    """「一、二、三产业增加值…」 begins a printed line inside 一、(一)."""
    assert "一、二、三产业增加值分别增长7.7%、8.5%、4.7%" in text("work-report#1.1")


def test_run_in_lists_are_no_units() -> None:
    """「一是…二是…」 is a subsection in part 二 and running text in part 一 and the annex."""
    assert not [n for n in walk(node("work-report#1")) if n.kind == "subsection"]
    assert len([n for n in walk(node("work-report#2")) if n.kind == "subsection"]) == 26
    assert "一是发展不平衡不充分矛盾仍然突出" in text("work-report#1.tail")
    assert not [n for n in walk(node("ftz-plan#annex.1")) if n.kind == "subsection"]


def test_openings_and_tails_belong_to_their_part() -> None:
    """The year's targets stand in the opening of part 二; closings do not lengthen the last section."""
    assert "今年主要预期目标是:地区生产总值增长6%左右" in text("work-report#2").split("(一)坚持稳中求进")[0]
    assert text("work-report#1.tail").startswith("过去一年,政府自身建设明显加强")
    assert "政府自身建设明显加强" not in text("work-report#1.8")
    assert text("work-report#2.tail").startswith("各位代表!作为民族地区")


def test_paragraph_after_the_last_item_belongs_to_the_article() -> None:
    """「常务会议一般每月召开2次—3次」 follows item (十二) and is article 21's own."""
    assert text("work-rules#21.12") == "(十二)审议其他重大事项。"
    own = [child for child in node("work-rules#21").children if child.kind == "paragraph"]
    parsed = document("work-rules")
    assert parsed.text[own[-1].span[0] : own[-1].span[1]].startswith("自治区人民政府常务会议一般每月召开2次—3次")


def test_row_over_three_pages() -> None:
    """Row 11 is printed on three pages; its cells are whole and nothing is repeated."""
    row = node("ftz-plan#annex.11").row
    assert row is not None
    assert row.title == "知识产权质押融资模式创新"
    assert row.content.endswith("综合运用信贷、保险、证券等多种金融工具,解决创新型中小微企业融资难题。")
    assert row.responsible_units == ("自治区市场监管厅", "中国人民银行宁夏分行", "自治区地方金融监管局", "金融监管总局宁夏局")
    assert row.measures.count("继续用好《宁夏回族自治区知识产权专项资金管理办法》") == 1
    assert row.deadline == "“十四五”期末"


def test_cell_printed_twice_is_furniture() -> None:
    """Rows 10 and 12 repeat a whole text cell on the next page; it is counted once."""
    for number, words in ((10, "根据政府管理部门发布的科创类企业名单"), (12, "一是重点在清洁能源")):
        assert text(f"ftz-plan#annex.{number}").count(words) == 1
    reasons = {furniture.reason for furniture in document("ftz-plan").furniture}
    assert {"续页重复的表头", "续页重复的主要内容(10)", "续页重复的具体落实举措(12)"} <= reasons


def test_measures_that_name_a_unit_are_children_of_the_row() -> None:
    """「银川海关:」「自治区外专局:」."""
    measures = [n.name for n in walk(node("ftz-plan#annex.3")) if n.kind == "measure"]
    assert measures == ["银川海关", "自治区公安厅", "自治区外专局"]


def test_every_row_has_its_batch_and_the_plan_agrees() -> None:
    """国函, batch and item are read; units of the annex are those of part 二."""
    for number in range(1, 14):
        row = node(f"ftz-plan#annex.{number}").row
        assert row is not None
        assert row.batch is not None
        assert f"第{'五六七'[row.batch.batch - 5]}批第{row.batch.item}项" in row.batch_text
        section = text(f"ftz-plan#2.{number}")
        assert all(unit in section for unit in row.responsible_units)
        assert row.title == node(f"ftz-plan#2.{number}").heading


def test_misprints_stay() -> None:
    """A quote is what was printed: 「平合」, 「提练」, a missing closing quotation mark."""
    assert "物流信息平合" in text("ftz-plan#annex.5")
    assert "经验提练" in text("ftz-plan#1.2")


def test_passages_never_cross_a_unit() -> None:
    """A passage lies inside its unit; its sentences are its text."""
    parsed = [document(name) for name in ("work-report", "work-rules", "ftz-plan")]
    nodes = {n.locator: n for d in reversed(parsed) for n in reversed(list(walk(d.root)))}
    by_id = {d.entry.id: d for d in parsed}
    for passage in split_passages(parsed):
        whole = by_id[passage.locator.document].text
        assert whole[passage.span[0] : passage.span[1]] == passage.text
        assert nodes[passage.unit].span[0] <= passage.span[0] <= passage.span[1] <= nodes[passage.unit].span[1]
        assert passage.locator.within(passage.unit)
        for sentence in passage.sentences:
            assert whole[sentence.span[0] : sentence.span[1]] == sentence.text
            assert sentence.text in passage.text


STATUTE = """# 某市物业管理条例

2019年1月31日 某市人大常委会通过

## 第一章  总则

第一条 为了规范物业管理,制定本条例。

第二条 本条例所称物业,依照第一条的规定确定。

第一百条的规定不是标题,只是引用。

## 第二章  业主

第三条 业主有下列权利:

(一)查阅资料;

(二)提出建议。

前款权利不得转让。

第四条 本条例自2019年7月1日起施行。
"""


def _entry(**change: object) -> DocumentEntry:
    base = DocumentEntry("x", "rules", "某市物业管理条例", "物业条例", "x.txt", "", "某市", "in_force", 2019)
    return replace(base, **change)  # type: ignore[arg-type]


def test_another_document_of_the_same_shape() -> None:
    """Articles written 「第一条」, Markdown marks, a cross-reference at the start of a paragraph."""
    source = Source(_entry(expect=Expectation(chapters=2, articles=4, items={"3": 2})), STATUTE, 0)
    parsed = parse(source)
    check_document(source, parsed)
    third = next(n for n in walk(parsed.root) if n.locator == Locator("x", ("3",)))
    assert parsed.text[third.span[0] : third.span[1]].endswith("前款权利不得转让。")
    assert third.children[-1].kind == "paragraph"


def test_a_text_without_units_is_refused() -> None:
    """A source of another shape is an error with a sentence, not an empty document."""
    with pytest.raises(CorpusError, match="没有找到"):
        parse(Source(_entry(), "一段没有条款的文字。\n", 0))
