"""Is the right place among the first that were retrieved?"""

from __future__ import annotations

from typing import Any

from evals.measures.places import matches
from evals.records import Case
from rag.search.snapshot import Snapshot

_Result = tuple[float | None, str]


def _hit(case: Case, answer: dict[str, Any], snapshot: Snapshot, depth: int) -> _Result:
    if case.unanswerable is not None or not case.locators:
        return None, "题目没有出处"
    first = answer["retrieved"][: max(depth, len(case.locators))]
    lacking = [group for group in case.locators if not any(matches(place, group, snapshot) for place in first)]
    return (1.0, "") if not lacking else (0.0, f"前 {len(first)} 个里没有 {lacking[0][0]}，首位是 {first[0] if first else '无'}")


def hit_at_1(case: Case, answer: dict[str, Any], snapshot: Snapshot) -> _Result:
    """1 when the right place comes first; with n groups, when the first n places hold one of each."""
    return _hit(case, answer, snapshot, 1)


def hit_at_5(case: Case, answer: dict[str, Any], snapshot: Snapshot) -> _Result:
    """1 when the right places are among the first five."""
    return _hit(case, answer, snapshot, 5)
