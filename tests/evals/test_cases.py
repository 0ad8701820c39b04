"""Gold cases: what is read, and what lint finds wrong with them."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from evals.cases import CATEGORY_NAMES, LEAST, gold_files, lint, read_cases, shortages
from evals.records import Case, Evidence, PastTurn
from rag.errors import InputError
from tests.stand_ins.gold import snapshot

GOOD = Case(
    "good", "direct", "常务会议多久开一次?", "dev", locators=(("work-rules#21",),), facts=(("2次—3次", "两到三次"),),
    evidence=(Evidence("work-rules#21", "一般每月召开2次—3次"),),
)  # fmt: skip
SILENT = Case("silent", "unanswerable", "会议费多少?", "test", unanswerable="没有标准")


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """A case comes back from its line; fields may be left out, blank lines too."""
    path = tmp_path / "gold.jsonl"
    full = replace(GOOD, history=(PastTurn("上一问?"), PastTurn("再上一问?", "答")))
    least = '{"id": "a", "category": "direct", "question": "问?"}'
    path.write_text(f"{json.dumps(asdict(full), ensure_ascii=False)}\n\n{least}\n", encoding="utf-8")
    assert read_cases([path]) == (full, Case("a", "direct", "问?"))


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ('{"id": "x"}', "category"),
        ("{", ""),
        ('"x"', "整行"),
        ('{"id": "a", "category": "c", "question": "q", "fact": []}', "fact"),
        ('{"id": "a", "category": "c", "question": "q", "split": "train"}', "split"),
        ('{"id": "a", "category": "c", "question": "q", "locators": ["work-rules#1"]}', "locators.0"),
        ('{"id": "a", "category": "c", "question": "q", "locators": [["第一条"]]}', "第一条"),
        ('{"id": "a", "category": "c", "question": "q", "evidence": [{"locator": "#", "text": ""}]}', "#"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, field: str) -> None:
    """A gold line that can't be read is named by file, line and field."""
    path = tmp_path / "bad.jsonl"
    path.write_text(f'{{"id": "a", "category": "direct", "question": "问?"}}\n{line}\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"bad\.jsonl 第 2 行") as raised:
        read_cases([path])
    assert field in raised.value.user_message


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A gold file that is not there is told in a sentence."""
    with pytest.raises(InputError, match=r"nothing\.jsonl"):
        read_cases([tmp_path / "nothing.jsonl"])


def test_good_cases_pass() -> None:
    """A case that holds against the corpus, and one that nothing answers."""
    assert lint([GOOD, SILENT], snapshot()) == []


BAD: list[tuple[list[Case], str]] = [
    ([GOOD, replace(GOOD, question="另一问?")], "标识重复"),
    ([GOOD, replace(GOOD, id="b", question="常务会议多久开一次？")], "问题重复"),
    ([replace(GOOD, locators=(("work-rules#99",),))], "没有 work-rules#99"),
    ([replace(GOOD, evidence=(Evidence("work-rules#21", "每月召开9次"),))], "依据不在 work-rules#21"),
    ([replace(GOOD, evidence=(Evidence("work-rules#22", "一般每月召开2次—3次"),))], "依据不在 work-rules#22"),
    ([replace(GOOD, facts=(("9次",),))], "依据里没有事实「9次」"),
    ([replace(GOOD, locators=())], "缺少出处或依据"),
    ([replace(GOOD, evidence=())], "缺少出处或依据"),
    ([replace(SILENT, facts=(("x",),))], "标为不可回答"),
]


@pytest.mark.parametrize(("cases", "said"), BAD, ids=[said for _, said in BAD])
def test_lint_finds_what_is_wrong(cases: list[Case], said: str) -> None:
    """Each kind of mistake in a case is told."""
    assert any(said in problem for problem in lint(cases, snapshot()))


def test_the_same_question_in_another_conversation_is_another_case() -> None:
    """「那纪要呢?」 means another thing after another question."""
    first, second = (replace(GOOD, id=name, history=(PastTurn(name),)) for name in ("甲?", "乙?"))
    assert lint([first, second], snapshot()) == []


def test_enough_is_kept_aside() -> None:
    """Of each category at least half as many cases as it needs are test."""
    few: list[Any] = [replace(SILENT, id=f"s{i}", question=f"{i}?") for i in range(14)]
    looked_at: list[Any] = [replace(SILENT, id=f"d{i}", question=f"{i}!", split="dev") for i in range(30)]
    assert "类别 unanswerable 的 test 题应至少 15 道，现有 14 道" in shortages([*few, *looked_at])
    one_more = replace(SILENT, id="s14", question="14?")
    assert not any("unanswerable" in problem for problem in shortages([*few, one_more, *looked_at]))


def test_shortages_are_told() -> None:
    """A category with too few cases is named with both counts."""
    assert "类别 direct 应至少 40 题，现有 1 题" in shortages([GOOD])
    assert len(shortages([GOOD])) == len(LEAST)


def test_the_shipped_cases_hold() -> None:
    """Every gold case of the project stands in the documents, its category has a name, and enough of each is kept aside."""
    cases = read_cases(gold_files())
    assert shortages(cases) == []
    assert lint(cases, snapshot()) == []
    assert {case.category for case in cases} <= set(CATEGORY_NAMES) == set(LEAST)
