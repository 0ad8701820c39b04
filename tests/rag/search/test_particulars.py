"""Who issued a document, when and to whom: its heading block says so, in a line for each."""

from functools import cache
from pathlib import Path

import pytest

from rag.documents.sources import read_corpus
from rag.language.text import fold
from rag.search.particulars import particulars_said
from rag.search.refer import Referrer
from rag.search.snapshot import Snapshot, read_snapshot

CORPUS = Path(__file__).parents[3] / "corpus"


@cache
def snapshot() -> Snapshot:
    return read_snapshot(read_corpus(CORPUS), expand=False)


def answer(question: str) -> list[str]:
    """The lines that answer, of the places that the question is found to be about."""
    text, referrer = fold(question), Referrer(snapshot())
    places, _, _ = referrer.resolve(referrer.named_documents(text), text)
    return [line for place in places for line in particulars_said(text, place, snapshot())]


@pytest.mark.parametrize(
    ("question", "lines"),
    [
        ("工作规则是哪个机关印发的", ["宁夏回族自治区人民政府"]),
        ("复制推广自贸试验区经验的方案谁发的", ["宁夏回族自治区人民政府办公厅"]),
        ("方案的发文单位是谁", ["宁夏回族自治区人民政府办公厅"]),
        ("规则落款日期是什么时候", ["2023年12月22日"]),
        ("方案落款单位和日期帮我核一下", ["宁夏回族自治区人民政府办公厅", "2023年12月10日"]),
        ("工作规则的文号、印发日期分别是什么", ["宁政发〔2023〕35号", "2023年12月22日"]),
        ("规则是政府发的还是办公厅发的", ["宁夏回族自治区人民政府"]),
        ("方案是以谁的名义发的,政府还是办公厅", ["宁夏回族自治区人民政府办公厅"]),
        ("复制推广方案主送哪些单位", ["各市、县(区)人民政府,自治区政府各部门、各直属机构"]),
        ("工作规则从什么时候开始执行", ["本规则自发布之日起执行。"]),
        ("宁政发〔2023〕35号何时生效", ["本规则自发布之日起执行。"]),
        (
            "第38次常务会议是哪天通过工作规则的",
            ["《宁夏回族自治区人民政府工作规则》已经2023年12月19日自治区人民政府第38次常务会议审议通过,现予印发。"],
        ),
        ("谁作的政府工作报告", ["自治区人民政府主席张雨浦"]),
        ("政府工作报告的报告人叫什么名字", ["自治区人民政府主席张雨浦"]),
        ("政府工作报告是在什么会上作的", ["———2024年1月23日在宁夏回族自治区第十三届人民代表大会第二次会议上"]),
        ("工作规则的全称是什么", ["宁夏回族自治区人民政府工作规则"]),
        ("方案后面的附件叫什么名字", ["附件:需要复制推广的13个事项具体落实举措表"]),
    ],
)
def test_what_is_asked_of_a_document_is_read_off_its_heading(question: str, lines: list[str]) -> None:
    """By the lines that the manifest points out, in reading order."""
    assert answer(question) == lines


@pytest.mark.parametrize(
    "question",
    [
        "规则里会议纪要由谁印发",
        "规则规定公文由谁签发",
        "附件第3项叫什么",
        "第40次常务会议哪天通过的规则",
        "政府工作报告是哪次常务会议通过的",
        "方案要求谁作牵头单位",
        "报告说谁做试点",
    ],
)
def test_what_a_document_says_is_no_particular_of_it(question: str) -> None:
    """Who issues minutes by the rules is not who issued the rules."""
    assert answer(question) == []
