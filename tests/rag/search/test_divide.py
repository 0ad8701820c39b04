"""A question that asks several things is asked part by part, each part whole."""

from functools import cache
from pathlib import Path

import pytest

from rag.documents.sources import read_corpus
from rag.search.snapshot import read_snapshot
from rag.search.understand import Understanding

CORPUS = Path(__file__).parents[3] / "corpus"


@cache
def understanding() -> Understanding:
    return Understanding(read_snapshot(read_corpus(CORPUS), expand=False))


def parts(question: str) -> list[str]:
    return [facet.standalone for facet in understanding().understand(question).facets]


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("规范性文件向哪里备案,会不会公布目录", ["规范性文件向哪里备案", "规范性文件向,会不会公布目录"]),
        ("常务会议纪要谁签发?专题会议能不能定财政资金", ["常务会议纪要谁签发", "专题会议能不能定财政资金"]),
        ("固定资产投资:23年涨了几个点,24年定几个点", ["固定资产投资,23年涨了几个点", "固定资产投资,24年定几个点"]),
        ("数字经济今年占多大比重?保理公司接征信归哪家负责", ["数字经济今年占多大比重", "保理公司接征信归哪家负责"]),
        (
            "把粮食产量2023年的完成数跟2024年的目标数放在一起比一下",
            ["粮食产量2023年的完成数是多少", "粮食产量2024年的目标数是多少"],
        ),
        ("主任会议谁主持,能否列席旁听", ["主任会议谁主持", "主任会议,能否列席旁听"]),
        ("规范性文件多久备案,能否先公开后备案", ["规范性文件多久备案", "规范性文件,能否先公开后备案"]),
        ("“1+1+9”和“3+X”分别是什么意思", ['"1+1+9"是什么意思', '"3+x"是什么意思']),
        ("值班要不要留人,请假跟谁说,有没有明文规定", ["值班要不要留人", "值班要不要留人,请假跟谁说"]),
    ],
)
def test_each_part_is_asked(question: str, asked: list[str]) -> None:
    """Whether something is to be done is a question too; whether it stands somewhere is none of its own."""
    assert parts(question) == asked


@pytest.mark.parametrize(
    "question",
    [
        "无论是否有不同意见,副主席请假要提前几天",
        "不管是哪级领导,外出请假要提前几天",
        "不论谁外出都要提前几天请假",
        "副主席时不时离开,请假要提前几天",
        "动不动就开会,常务会议多久开一次",
        "督查范围有哪几类,能否先给我说说",
        "督查范围有哪几类,能不能把它们列出来",
        "主席办公会议研究哪些事,总共几项",
        "能不能告诉我督查范围有哪几类",
        "离宁请假这事补不补,要提前几天",
        "政府报告要多久写完,行不行",
    ],
)
def test_what_asks_for_one_thing_is_one_question(question: str) -> None:
    """A plea, a tag, or the number of what is listed anyway, makes no second part."""
    assert parts(question) == []


def test_of_two_documents_it_is_asked_what_they_say() -> None:
    """「…规则和报告里都有表态吗」 asks of each what it says about the matter."""
    assert parts("关于隐性债务,规则和报告里都有表态吗") == ["关于隐性债务,怎么规定"] * 2


@pytest.mark.parametrize(
    ("question", "within"),
    [
        ("「一企一策」去年推行得怎样,复制推广方案又要哪三级联动", '"一企一策"推行得,复制推广方案又要哪三级联动'),
        ("统计数据去年审计了多少次,工作规则不许搞什么", "统计数据审计了,工作规则不许搞什么"),
    ],
)
def test_a_part_that_names_only_its_document_may_be_of_the_first_topic(question: str, within: str) -> None:
    """It is read alone, and of that document within the topic; the documents decide."""
    second = understanding().understand(question).facets[1]
    assert second.alternative is not None
    assert (second.alternative.standalone, second.alternative.only) == (within, True)
    assert within.endswith(second.standalone)


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("全体会议和常务会议的组成人员差在哪儿", ["全体会议的组成人员", "常务会议的组成人员"]),
        ("民生实事去年几件今年几件", ["民生实事去年几件", "民生实事今年几件"]),
        ("会议纪要:全体会议谁签发,专题会议谁签发", ["会议纪要,全体会议谁签发", "会议纪要,专题会议谁签发"]),
        ("信用体系:报告要健全啥制度,方案里水运要建什么平台", ["信用体系:报告要健全啥制度", "信用体系:方案里水运要建什么平台"]),
        (
            "建议提案:规则有什么要求,去年人大代表建议、政协提案各办了多少件",
            ["建议提案,规则有什么要求", "建议提案,去年人大代表建议办了多少件", "建议提案,去年政协提案办了多少件"],
        ),
    ],
)
def test_what_stands_before_a_colon_is_the_topic_of_all_parts(question: str, asked: list[str]) -> None:
    """Each part is asked by itself, of its own document; two things in a later clause are two parts of that clause alone."""
    assert parts(question) == asked
