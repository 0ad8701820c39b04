"""The journey of one article, one report section and one table row: source → tree → passages → answer.

The golden files read like the pipeline, a file an arrow. `NINGWEN_GOLDEN=write pytest tests/rag/test_journey.py` rewrites them.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from bot.render import answer_json
from rag.assistant import Assistant
from rag.documents.conformance import walk
from rag.documents.outline import parse
from rag.documents.sources import read_corpus, read_sources
from rag.records import Locator, Node

GOLDEN = Path(__file__).parents[1] / "golden"
CORPUS = Path(__file__).parents[2] / "corpus"
JOURNEYS = {
    "article": ("work-rules#26", "自治区领导同志出席部门的工作会议吗?"),
    "section": ("work-report#2.2.1", "四水四定试点有几个,在哪些地方?"),
    "row": ("ftz-plan#annex.4", "附件第4项的责任单位是哪几家?"),
}

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("real")]


@pytest.fixture
def assistant(real_assistant: Assistant) -> Assistant:
    return real_assistant


def tree(node: Node, text: str) -> dict[str, Any]:
    inside = [tree(child, text) for child in node.children]
    body = {"kind": node.kind, "locator": str(node.locator), "label": node.label, "heading": node.heading, "name": node.name}
    shown = {key: value for key, value in body.items() if value}
    return {**shown, "children": inside} if inside else {**shown, "text": text[node.span[0] : node.span[1]]}


@pytest.mark.parametrize("name", JOURNEYS)
def test_journey(name: str, assistant: Assistant) -> None:
    """Each arrow gives what its golden file holds."""
    place, question = JOURNEYS[name]
    locator = Locator.parse(place)
    source = next(s for s in read_sources(read_corpus(CORPUS)) if s.entry.id == locator.document)
    document = parse(source)
    node = next(n for n in walk(document.root) if n.locator == locator)
    offsets = [offset - source.base for offset in document.offsets[node.span[0] : node.span[1]] if offset >= 0]
    passages = [p for p in assistant.index.snapshot.passages if p.locator.within(locator)]
    answer = answer_json(assistant.ask(question))
    answer = {key: value for key, value in answer.items() if key not in ("timings_ms", "fingerprint", "retrieved")}
    arrows = {
        "1-source.txt": source.text[min(offsets) : max(offsets) + 1],
        "2-tree.json": _pretty(tree(node, document.text)),
        "3-passages.json": _pretty(
            [
                {"locator": str(p.locator), "breadcrumb": p.breadcrumb, "name": p.name, "sentences": [s.text for s in p.sentences]}
                for p in passages
            ]
        ),
        "4-answer.json": _pretty(answer),
    }
    for file, made in arrows.items():
        path = GOLDEN / name / file
        if os.environ.get("NINGWEN_GOLDEN") == "write":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(made, encoding="utf-8")
        assert made == path.read_text(encoding="utf-8"), f"{name}/{file} differs; look at it, then rewrite with NINGWEN_GOLDEN=write"


LOST = pytest.mark.xfail(reason="the reader does not tell it yet; it was right before the judge was trained", strict=False)


@LOST
def test_the_officers_question(assistant: Assistant) -> None:
    """「我们厅开工作会,能请分管副主席到场吗?」 is answered with 第二十六条 and nothing else."""
    answer = assistant.ask("我们厅开工作会,能请分管副主席到场吗?")
    assert [str(citation.locator) for citation in answer.citations] == ["work-rules#26"]


@pytest.mark.parametrize(
    ("question", "place"),
    [
        ("副主席离宁外出请假要提前3天还是一周", "work-rules#42"),
        ("会后印发纪要是5个工作日还是一周", "work-rules#23"),
        ("副主席请假怎么申请", "work-rules#42"),
        pytest.param("常务会议议题如何申报", "work-rules#22", marks=LOST),
        ("会议经费", "work-rules#26"),
        ("会议预算", "work-rules#26"),
        ("会议经费能否列预算", "work-rules#26"),
        ("农民工工资", "work-report#2.6.2"),
        pytest.param("12345热线具体有什么要求", "work-report#2.1.5", marks=LOST),
        ("兴庆区政府是市辖区,按规定可以直接给自治区政府报文,抄送银川市就行,是这样吗", "work-rules#28"),
        ("附件第3项里有几家单位", "ftz-plan#annex.3"),
    ],
)
def test_answered(question: str, place: str, assistant: Assistant) -> None:
    """What the documents say in other words, in other units or of a subject alone is answered from its place."""
    answer = assistant.ask(question)
    assert answer.status == "answered"
    assert any(c.locator.within(Locator.parse(place)) for c in answer.citations)


@pytest.mark.parametrize(
    "question",
    [
        "哪个省对口帮扶宁夏",
        *(
            pytest.param(question, marks=LOST)
            for question in (
                "内蒙古是自治区,主席离开要提前几天报告吧", "食堂菜价标准给我说说吧", "GDP change怎么样", "会议经费标准",
                "兴庆区是市辖区,西安市能直接报文吗",
            )
        ),
    ],
)  # fmt: skip
def test_refused(question: str, assistant: Assistant) -> None:
    """What is of another place, or near to nothing that the documents say, is not answered."""
    assert assistant.ask(question).status == "refused"


def _pretty(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"
