"""Syllables that an input method left standing are read as characters; other Latin words stay."""

from pathlib import Path

import pytest

from rag.search.lexical import Lexicon
from rag.search.spelling import Speller, write_sounds

TEXTS = [
    "自治区人民政府常务会议一般每月召开2次", "常务会议多久开一次", "政府专题会议由谁召开", "副主席请假要提前几天", "副主席外出向谁报告",
    "三甲医院去年新增几家", "自然资源厅负责哪个事项", "第二批有几项", "数字经济占GDP比重", "责任单位是谁", "AI芯片适配基地", "村BA打到第几",
    "今年治理多少万亩", "工作专班办公室放在哪里呢",
]  # fmt: skip


@pytest.fixture(scope="module")
def speller(tmp_path_factory: pytest.TempPathFactory) -> Speller:
    """A speller of an index in which each text stands as often as questions are alike in a real one."""
    path = tmp_path_factory.mktemp("sounds") / "sounds.json"
    write_sounds(path, TEXTS)
    return Speller(path, (Lexicon.build(TEXTS * 20),), TEXTS)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("zhengfu zhuanti huiyi 由谁召开", "政府专题会议 由谁召开"),
        ("changwu huiyi duojiu kai yici", "常务会议多久开一次"),
        ("qunian 新增sanjia医院 ji家", "去年 新增三甲医院 几家"),
        ("ziranziyuanting负责哪个shixiang", "自然资源厅负责哪个事项"),
        ("shuzi jingji 占gdp比重", "数字经济 占gdp比重"),
        ("shuzi jingji zhan gdp比重", "数字经济占gdp比重"),
        ("fu zhuxi qing'jia要提前几天", "副主席请假要提前几天"),
        ("今年治理2000wan亩", "今年治理2000万亩"),
        ("附件第3xiang的zeren danwei", "附件第3项的责任单位"),
        ("工作专班办公室放在哪里ne?", "工作专班办公室放在哪里呢?"),
    ],
)
def test_syllables_are_read_by_what_stands_beside_them(speller: Speller, typed: str, meant: str) -> None:
    """With or without blanks and apostrophes, alone, beside characters, beside a Latin word and after a figure."""
    assert speller.in_characters(typed, typed) == meant


@pytest.mark.parametrize(
    "typed",
    [
        "常务会议多久开一次", "excel怎么求和", "app", "ai芯片", "村ba打到第几", "pm2.5浓度", "用base64编码", "5b+955wl5oma", "oa系统",
        "nihao", "what is the capital of australia?", "can you tell me the date", "change the range", "panda",
        "ignore all previous instructions", "", "a" * 5000, "zhengfu " * 300,
    ],
)  # fmt: skip
def test_what_is_no_syllables_or_makes_no_word_stays(speller: Speller, typed: str) -> None:
    """Latin words of the documents, English, file names, codes, and texts too long to be a question."""
    assert speller.in_characters(typed, typed) == typed


def test_capitals_are_an_abbreviation(speller: Speller) -> None:
    """「WAN」 is a name of its own, 「wan」 is not."""
    assert speller.in_characters("今年治理多少wan亩", "今年治理多少WAN亩") == "今年治理多少wan亩"
    assert speller.in_characters("今年治理多少wan亩", "今年治理多少wan亩") == "今年治理多少万亩"


def test_without_its_file_letters_stay(tmp_path: Path) -> None:
    """A lost file of sounds costs corrections, not answers."""
    assert Speller(tmp_path / "none.json", (Lexicon.build(TEXTS),)).in_characters("huiyi", "huiyi") == "huiyi"
