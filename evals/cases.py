"""Gold cases: read, and checked against the corpus."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as validated

from evals.records import Case
from rag.errors import InputError, LocatorError
from rag.language.text import matching_form, squeeze
from rag.records import Locator
from rag.search.snapshot import Snapshot

GOLD = Path(__file__).parent / "gold"

LEAST: dict[str, int] = {
    "direct": 40,
    "colloquial": 30,
    "numeric": 30,
    "temporal": 15,
    "comparison": 12,
    "list-count": 15,
    "table": 35,
    "lookup": 15,
    "metadata": 8,
    "cross-document": 8,
    "follow-up": 20,
    "false-premise": 12,
    "script-typo": 15,
    "unanswerable": 30,
    "out-of-domain": 10,
    "injection": 10,
}
"""The least number of cases of each category."""

CATEGORY_NAMES: dict[str, str] = {
    "direct": "直接询问",
    "colloquial": "口语",
    "numeric": "数字",
    "temporal": "年份",
    "comparison": "比较",
    "list-count": "列举计数",
    "table": "附件表格",
    "lookup": "查阅条款",
    "metadata": "文件信息",
    "cross-document": "跨文件",
    "follow-up": "追问",
    "false-premise": "前提有误",
    "script-typo": "异体错字",
    "unanswerable": "文件未载",
    "out-of-domain": "领域以外",
    "injection": "指令注入",
}
"""What a reader calls each category."""


@validated(config=ConfigDict(extra="forbid"), frozen=True)
class _Line:
    case: Case


def read_cases(paths: Sequence[Path]) -> tuple[Case, ...]:
    """The cases of JSONL files, in order. Raises InputError naming file and line."""
    cases: list[Case] = []
    reader = TypeAdapter(_Line)
    for path in paths:
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"读不到题目文件 {path}。", detail=str(error)) from error
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                case = reader.validate_python({"case": json.loads(line)}).case
                _check_places(case)
            except ValidationError as error:
                field = ".".join(map(str, error.errors()[0]["loc"][1:])) or "整行"
                raise InputError(f"题目文件 {path.name} 第 {number} 行格式有误：{field}。", detail=str(error)) from error
            except (ValueError, LocatorError) as error:
                raise InputError(f"题目文件 {path.name} 第 {number} 行格式有误：{error}", detail=repr(error)) from error
            cases.append(case)
    return tuple(cases)


def _check_places(case: Case) -> None:
    """Raise LocatorError when a place is none, wherever it is."""
    for place in (*(place for group in case.locators for place in group), *(evidence.locator for evidence in case.evidence)):
        Locator.parse(place)


def gold_files() -> list[Path]:
    """The project's own gold files."""
    return sorted(GOLD.glob("*.jsonl"))


def lint(cases: Sequence[Case], snapshot: Snapshot) -> list[str]:
    """What is wrong with the cases, a sentence each."""
    return [*_duplicates(cases), *(p for case in cases for p in _check(case, snapshot))]


def shortages(cases: Sequence[Case]) -> list[str]:
    """Categories that have fewer cases than LEAST, or fewer than half of that kept aside as test, a sentence each."""
    every, aside = Counter(case.category for case in cases), Counter(case.category for case in cases if case.split == "test")
    few = [f"类别 {name} 应至少 {least} 题，现有 {every[name]} 题" for name, least in LEAST.items() if every[name] < least]
    for name, least in LEAST.items():
        if aside[name] < least / 2 <= every[name] / 2:
            few.append(f"类别 {name} 的 test 题应至少 {math.ceil(least / 2)} 道，现有 {aside[name]} 道")
    return few


def _duplicates(cases: Sequence[Case]) -> Iterator[str]:
    for name, count in Counter(case.id for case in cases).items():
        if count > 1:
            yield f"{name}：标识重复"
    asked = Counter((matching_form(case.question), tuple(matching_form(t.question) for t in case.history)) for case in cases)
    for (question, _), count in asked.items():
        if count > 1:
            yield f"问题重复：{question}"


def _check(case: Case, snapshot: Snapshot) -> Iterator[str]:
    if case.unanswerable is not None:
        if case.locators or case.facts or case.evidence:
            yield f"{case.id}：标为不可回答，却给出了出处、事实或依据"
        return
    if not case.locators or not case.evidence:
        yield f"{case.id}：缺少出处或依据"
    for locator in (locator for group in case.locators for locator in group):
        if Locator.parse(locator) not in snapshot.nodes:
            yield f"{case.id}：没有 {locator} 这一处"
    for evidence in case.evidence:
        if squeeze(evidence.text) not in squeeze(snapshot.text_of(Locator.parse(evidence.locator))):
            yield f"{case.id}：依据不在 {evidence.locator} 的原文中：{evidence.text[:30]}"
    shown = matching_form(" ".join(evidence.text for evidence in case.evidence))
    labels = matching_form(" ".join(case.locators[0]) if case.locators else "")
    for group in case.facts:
        if not any(matching_form(spelling) in shown for spelling in group) and not any(s in labels for s in group):
            yield f"{case.id}：依据里没有事实「{group[0]}」"
