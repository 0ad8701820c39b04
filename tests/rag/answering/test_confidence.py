"""When the evidence is enough to answer."""

from pathlib import Path

import pytest

from rag.answering.confidence import _ASKING, _PLEA, _STATED, _TOOL, _is_called, _places
from rag.assistant import Assistant
from rag.documents.sources import read_corpus
from rag.search.embedding import E5Embedder
from rag.search.index import build_index, open_index


@pytest.fixture
def assistant(small_corpus: Path, data_dir: Path) -> Assistant:
    corpus, embedder = read_corpus(small_corpus), E5Embedder(data_dir)
    build_index(corpus, embedder, data_dir)
    return Assistant(open_index(corpus, embedder.fingerprint, data_dir), embedder)


@pytest.mark.parametrize(
    ("question", "places"),
    [
        ("石嘴山市的增速是多少", ["石嘴山市"]),
        ("新疆的自贸试验区归谁管", ["新疆"]),
        ("各市县的体育馆在西北排第几", []),
        ("供水工程惠及多少人,大城市才有吧", []),
    ],
)
def test_places_of_their_own(question: str, places: list[str]) -> None:
    """A city or province is one; 「各市县」, a direction and a verb that looks like one are not."""
    assert _places(question) == places


@pytest.mark.parametrize(("question", "enough"), [("常务会议每周召开一次吧", True), ("常务会议每周召开一次吗", False)])
def test_what_is_stated_needs_less(assistant: Assistant, monkeypatch: pytest.MonkeyPatch, question: str, enough: bool) -> None:
    """The figure that a statement gets wrong makes it less like the sentence that corrects it."""
    query, evidence = assistant.gather(assistant.understand(question))
    monkeypatch.setattr(type(assistant.confidence), "probability", lambda *_: 0.2)
    assert assistant.confidence.is_enough(query, evidence[0]) is enough


def test_a_tool_that_no_document_knows(assistant: Assistant) -> None:
    """「Excel里怎么…」 is about Excel, whatever else it has in common with a passage."""
    query, evidence = assistant.gather(assistant.understand("Excel里怎么把会议纪要合并"))
    assert assistant.confidence.lacking(query, evidence[0]) == "word excel"


@pytest.mark.parametrize(
    ("question", "tool"),
    [("gdp change怎么样", None), ("gdp如何安排", None), ("word上如何加页码", "word"), ("python怎么统计字数", "python")],
)
def test_only_a_tool_is_worked_with(question: str, tool: str | None) -> None:
    """In it, or with a verb after 「怎么」; 「怎么样」 asks how something is."""
    assert (_TOOL.search(question) or {"tool": None})["tool"] == tool


@pytest.mark.parametrize(
    ("question", "stated"),
    [
        ("常务会议每周一次吧", True), ("每人每月发120元吧", True), ("这事归审计厅审查吧", True), ("给我查一下,每周一次吧", True),
        ("食堂菜价标准给我说说吧", False), ("食堂菜价标准介绍一下吧", False), ("菜价列出来吧", False), ("归谁管网吧", False),
        ("整治酒吧,贴吧", False),
    ],
)  # fmt: skip
def test_what_is_stated(question: str, stated: bool) -> None:
    """A plea and a word that ends in 吧 state nothing."""
    assert bool(_STATED.search(_PLEA.sub("", question))) is stated


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("会议材料能否代领", True), ("可否列席会议", True), ("有没有例外", True), ("是不是主席主持", True), ("会不会公开", True),
        ("需不需要备案", True), ("时不时检查", False), ("会议经费", False),
    ],
)  # fmt: skip
def test_what_keywords_ask(question: str, asks: bool) -> None:
    """「能否」 and 「会不会」 ask something: what has them is no row of keywords."""
    assert bool(_ASKING.search(question)) is asks


@pytest.mark.parametrize(
    ("question", "place"),
    [
        ("内蒙古是自治区,常务会议每周召开一次吧", "place 内蒙古"),
        ("兴庆区的常务会议谁主持", "place 兴庆区"),
    ],
)
def test_a_place_with_rules_of_its_own(assistant: Assistant, question: str, place: str) -> None:
    """To be of the same kind as ours clears only a district or city, and no other place in the question."""
    confidence = assistant.confidence
    confidence.__dict__["_whole"] = "内蒙古"  # documents that name it
    query, evidence = assistant.gather(assistant.understand(question))
    assert confidence.lacking(query, evidence[0]) == place


@pytest.mark.parametrize(("question", "called"), [("兴庆区政府是市辖区,能直接报文吗", True), ("兴庆区能直接报文吗", False)])
def test_a_place_of_the_kind_that_a_text_is_about(question: str, called: bool) -> None:
    """A rule about 市辖区 is about the one that a question calls so."""
    assert _is_called("兴庆区", question, "市辖区人民政府不得直接报送公文") is called


@pytest.mark.parametrize("question", ["《会议费管理办法》第几条讲住宿", "《会议费管理办法》一共多少条"])
def test_the_inside_of_a_document_that_is_only_mentioned(assistant: Assistant, question: str) -> None:
    """Nobody can tell what stands where in it."""
    query, evidence = assistant.gather(assistant.understand(question))
    assert assistant.confidence.lacking(query, evidence[0]) == "another document"


@pytest.mark.parametrize(
    ("question", "enough"),
    [
        ("参会人员请假 提前2个工作日", True),
        ("会后印发纪要", True),
        ("会后印发纪要吗", False),  # something is asked: it is judged as a question
        ("参会人员名单", False),
        ("纪要", False),  # one word tells no sentence from another
    ],
)
def test_keywords_that_stand_in_a_sentence(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch, question: str, enough: bool
) -> None:
    """They are answered with that sentence, however near they are to something that the documents leave open."""
    query, evidence = assistant.gather(assistant.understand(question))
    monkeypatch.setattr(type(assistant.confidence), "probability", lambda *_: 0.2)
    assert assistant.confidence.is_enough(query, evidence[0]) is enough
