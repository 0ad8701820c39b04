"""Locators and the names that people give to places, both ways."""

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import LocatorError
from rag.language.locators import find_references, next_to, place_name, render_label, spell_out
from rag.language.numerals import to_chinese
from rag.records import DocumentEntry, Locator


def entry(kind: str = "rules") -> DocumentEntry:
    return DocumentEntry(
        id="work-rules",
        kind=kind,
        title="工作规则",
        short_title="规则",
        source="x",
        sha256="",
        issuer="",
        status="in_force",
        year=2023,
        document_number="宁政发〔2023〕35号",
    )  # type: ignore[arg-type]


def test_every_article_reads_back() -> None:
    """第一条 to 第九千九百九十九条, rendered from a locator and found again in text."""
    for number in range(1, 10_000):
        name = place_name(entry(), Locator("work-rules", (str(number),)))
        (found,) = find_references(name)
        assert (found.kind, found.path) == ("article", (str(number),)), name


def test_every_item_reads_back() -> None:
    """第二十一条第(一)项 to 第(九十九)项."""
    for number in range(1, 100):
        name = place_name(entry(), Locator("work-rules", ("21", str(number))))
        (found,) = find_references(name)
        assert found.path == ("21", str(number)), name


def test_every_chapter_and_row_reads_back() -> None:
    """Chapters and annex rows, 1 to 999."""
    for number in range(1, 1000):
        (chapter,) = find_references(place_name(entry(), Locator("work-rules", ("chapter", str(number)))))
        assert chapter.path == ("chapter", str(number))
        (row,) = find_references(place_name(entry("plan"), Locator("ftz-plan", ("annex", str(number)))))
        assert row.path == ("annex", str(number))


@pytest.mark.parametrize(
    ("text", "kind", "path", "paragraph"),
    [
        ("第二十九条讲什么", "article", ("29",), None),
        ("33条第二款", "article", ("33",), 2),
        ("20条第(三)项", "article", ("20", "3"), None),
        ("第21条第8项", "article", ("21", "8"), None),
        ("第一百二十条之一", "article", ("120-1",), None),
        ("附件第5项是什么", "row", ("annex", "5"), None),
        ("附件里第十三项", "row", ("annex", "13"), None),
        ("第四章包括哪几条", "chapter", ("chapter", "4"), None),
        ("第二部分第(三)", "part", ("2", "3"), None),
        ("第二部分（三）里面的“二是”", "part", ("2", "3", "2"), None),
        ("第一部分第四节", "part", ("1", "4"), None),
        ("第二部分第四节第二个“是”", "part", ("2", "4", "2"), None),
        ("方案推广事项第(六)条", "item", ("annex", "6"), None),
        ("附件序号10", "row", ("annex", "10"), None),
        ("附表序号十三的单位", "row", ("annex", "13"), None),
        ("附件里序号为7的那项", "row", ("annex", "7"), None),
        ("序号8的责任单位", "row", ("annex", "8"), None),
        ("表里第5号", "row", ("annex", "5"), None),
        ("附件第8行", "row", ("annex", "8"), None),
        ("二十一条的第(十三)项是啥", "article", ("21", "13"), None),
        ("二十一条(八)项", "article", ("21", "8"), None),
        ("第二十一条的(八)是啥", "article", ("21", "8"), None),
        ("规则二十一条里的第二项", "article", ("21", "2"), None),
        ("第二十一条中第九项", "article", ("21", "9"), None),
        ("二十九条讲什么", "article", ("29",), None),
        ("规则四十六条是什么", "article", ("46",), None),
        ("三十三条第一款", "article", ("33",), 1),
    ],
)
def test_spellings(text: str, kind: str, path: tuple[str, ...], paragraph: int | None) -> None:
    """The ways in which staff write a reference."""
    found = find_references(text)[0]
    assert (found.kind, found.path, found.paragraph) == (kind, path, paragraph)


@pytest.mark.parametrize(
    "text",
    ["入选精品的15条旅游线路", "十五条硬措施", "规则一共45条吗", "新增航线18条", "开通了二十一条的航线", "代表第3号", "三条红线是什么"],
)
def test_a_number_of_things_is_no_place(text: str) -> None:
    """「15条」 of something that is counted names no article, and 「表」 inside a word no table."""
    assert find_references(text) == ()


@pytest.mark.parametrize(
    ("text", "written_out"),
    [
        ("附件第1、第2项的批次", "附件第1项、附件第2项的批次"),
        ("附件第7、8、9项各是什么", "附件第7项、附件第8项、附件第9项各是什么"),
        ("规则第4和21条", "规则第4条和第21条"),
        ("第一、二、三产业", "第一、二、三产业"),
    ],
)
def test_a_measure_word_shared_by_numbers(text: str, written_out: str) -> None:
    """Each number gets the measure word, and the table that the first is in."""
    assert spell_out(text) == written_out


def test_a_measure_of_a_row() -> None:
    """「附件序号十三第四条举措」 names the row and counts off one of its measures."""
    (found,) = find_references("附件序号十三第四条举措要建什么平台")
    assert (found.kind, found.path, found.inside) == ("row", ("annex", "13"), (4,))


@pytest.mark.parametrize("text", ["宁政发〔2023〕7号", "宁政发[2023]7号", "宁政发(2023)7号", "宁政发2023年7号", "宁政发 〔2023〕 7号"])
def test_document_numbers(text: str) -> None:
    """A 文号 in whatever brackets is one number."""
    (found,) = find_references(text)
    assert found.document_number == "宁政发〔2023〕7号"


@pytest.mark.parametrize("text", ["十条产业链", "开通15条线路", "30条措施", "常务会议一般多久开一次?", "2023年和2024年"])
def test_what_is_no_reference(text: str) -> None:
    """Counted things are not articles."""
    assert find_references(text) == ()


@given(st.lists(st.integers(1, 9999), max_size=4))
def test_locators_read_back(steps: list[int]) -> None:
    """Str and parse are inverse."""
    locator = Locator("work-report", tuple(str(step) for step in steps))
    assert Locator.parse(str(locator)) == locator


@given(st.text(max_size=30))
def test_any_text(text: str) -> None:
    """Any text is searched without an error; any text is a locator or a LocatorError."""
    find_references(text)
    with suppress(LocatorError):
        locator = Locator.parse(text)
        assert Locator.parse(str(locator)) == locator


def test_label_of_an_item() -> None:
    """The label that a citation shows."""
    label = render_label(entry(), Locator("work-rules", ("21", "8")))
    assert label == f"《工作规则》(宁政发〔2023〕35号)第{to_chinese(21)}条第(八)项"


@pytest.mark.parametrize(
    ("text", "paths"),
    [("二十一条的第(十三)项", [("21", "13")]), ("15条旅游线路分别叫什么", []), ("3条高速公路", []), ("15条写了什么", [("15",)])],
)
def test_an_article_or_so_many_things(text: str, paths: list[tuple[str, ...]]) -> None:
    """An article may be named without 第 where an item of it follows; lines and roads are counted, not named."""
    assert [reference.path for reference in find_references(text)] == paths


@pytest.mark.parametrize(
    "begun", ["a", "第", "第1", "第二十一条", "第二十一条的第", "附件", "附件第3", "附件中的", "第六批", "国函2019", "报告第二部分"]
)
@pytest.mark.parametrize("blank", [" ", "\n", "\t　"])
def test_a_run_of_blanks_costs_no_more_than_words(begun: str, blank: str) -> None:
    """Thousands of blanks after the beginning of a place are searched about as fast as so many words."""

    def seconds(text: str) -> float:
        began = time.process_time()
        find_references(text)
        spell_out(text)
        return time.process_time() - began

    words = min(seconds("常务会议每周召开" * 250) for _ in range(3))
    assert seconds(f"{begun}{blank * (2000 // len(blank))}b") < 100 * words


def test_blanks_inside_a_place() -> None:
    """What stands between the parts of a place may be set apart by blanks."""
    for text in ("第 21 条 中 的 第 ( 3 ) 项", "第21条里第3项", "21 条 第 ( 3 ) 项"):
        assert [reference.path for reference in find_references(text)] == [("21", "3")], text
    for text in ("附件 中 的 第 3 项", "附件序号为 3 的", "表 里的 序号 3", "附件3 那项"):
        assert [reference.path for reference in find_references(text)] == [("annex", "3")], text


def test_no_place_follows_the_last_number() -> None:
    """After 第九千九百九十九条 comes none, before 第一条 neither."""
    (last,), (first,) = find_references("第9999条"), find_references("第1条")
    assert (next_to(last, 1, "条"), next_to(last, -1, "条")) == (None, "第九千九百九十八条")
    assert (next_to(first, -1, "条"), next_to(first, 1, "条")) == (None, "第二条")
