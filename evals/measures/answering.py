"""Does the answer say what was asked, briefly, and only when the documents do?"""

from __future__ import annotations

import re
from typing import Any

from evals.records import Case
from rag.language.text import matching_form
from rag.search.snapshot import Snapshot

_Result = tuple[float | None, str]
_MARKER = re.compile(r"\[\d{1,3}\]")

LONGEST = 200
"""Characters of an answer to a question that asks for no list."""

_LISTS = frozenset({"list-count", "lookup", "comparison", "cross-document"})


def facts(case: Case, answer: dict[str, Any], snapshot: Snapshot) -> _Result:
    """The share of the asked-for facts that are in the answer, in any of their spellings."""
    if case.unanswerable is not None or not case.facts:
        return None, "没有要核对的事实"
    said = matching_form(_MARKER.sub("", answer["answer"]))
    lacking = [group for group in case.facts if not any(matching_form(spelling) in said for spelling in group)]
    return 1 - len(lacking) / len(case.facts), "" if not lacking else f"答复里没有「{lacking[0][0]}」"


def concise(case: Case, answer: dict[str, Any], snapshot: Snapshot) -> _Result:
    """1 when an answer to a non-list question has at most LONGEST characters."""
    if case.unanswerable is not None or case.category in _LISTS or answer["status"] == "refused":
        return None, "不限篇幅"
    length = len(_MARKER.sub("", answer["answer"]))
    return (1.0, "") if length <= LONGEST else (0.0, f"答复 {length} 字")


def refusal_recall(case: Case, answer: dict[str, Any], snapshot: Snapshot) -> _Result:
    """1 when a question that the documents do not answer is refused."""
    if case.unanswerable is None:
        return None, "可回答的题目"
    return (1.0, "") if answer["status"] == "refused" else (0.0, f"应拒答（{case.unanswerable}）却作答")


def false_refusal(case: Case, answer: dict[str, Any], snapshot: Snapshot) -> _Result:
    """1, a loss, when a question that the documents answer is refused."""
    if case.unanswerable is not None:
        return None, "不可回答的题目"
    return (1.0, "可回答却拒答") if answer["status"] == "refused" else (0.0, "")
