"""Does what is cited carry what is said?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from evals.measures.places import matches, unit_of
from evals.records import Case
from rag.language.figures import Figure, find_figures
from rag.language.text import squeeze
from rag.records import Locator
from rag.search.snapshot import Snapshot

_Result = tuple[float | None, str]
_MARKER = re.compile(r"\[(\d{1,3})\]")
_MARKERS = re.compile(r"(?:\[\d{1,3}\])+")


def citation_recall(case: Case, answer: dict[str, Any], snapshot: Snapshot) -> _Result:
    """The share of the needed places that are cited."""
    if case.unanswerable is not None or not case.locators:
        return None, "题目没有出处"
    cited = list(dict.fromkeys(citation["locator"] for citation in answer["citations"]))
    lacking = [group for group in case.locators if not any(matches(place, group, snapshot) for place in cited)]
    value = 1 - len(lacking) / len(case.locators)
    return value, "" if not lacking else f"没有引用 {lacking[0][0]}，引用了 {'、'.join(cited) or '无'}"


def citation_precision(case: Case, answer: dict[str, Any], snapshot: Snapshot) -> _Result:
    """The share of the cited places, each counted once, that are right."""
    if case.unanswerable is not None or not case.locators or not answer["citations"]:
        return None, "没有引用可判"
    cited = list(dict.fromkeys(str(unit_of(citation["locator"], snapshot)) for citation in answer["citations"]))
    wrong = [place for place in cited if not any(matches(place, group, snapshot) for group in case.locators)]
    return 1 - len(wrong) / len(cited), "" if not wrong else f"引用了无关的 {wrong[0]}"


def quote_exact(case: Case, answer: dict[str, Any], snapshot: Snapshot) -> _Result:
    """1 when every quote stands verbatim, blanks aside, at its locator."""
    if not answer["citations"]:
        return None, "没有引用可判"
    for citation in answer["citations"]:
        if not citation["quote"] or squeeze(citation["quote"]) not in squeeze(snapshot.text_of(Locator.parse(citation["locator"]))):
            return 0.0, f"原文里没有引文「{citation['quote'][:30]}」({citation['locator']})"
    return 1.0, ""


def figures_supported(case: Case, answer: dict[str, Any], snapshot: Snapshot) -> _Result:
    """1 when every figure of a statement is in a quote that this statement cites, or in that place's own number, heading or year."""
    if not answer["citations"]:
        return None, "没有引用可判"
    size = str(len(answer["citations"]))  # a list may say how many things it lists, as items or by the name of their places
    counted = {Figure(size, unit) for unit in ("项", *(citation["label"][-1:] for citation in answer["citations"]))}
    for text, cited in statements(answer):
        there = counted.union(*(_figures_of(citation, snapshot) for citation in cited))
        values = {figure.value for figure in there}
        for figure in find_figures(text):
            if figure not in there and not (figure.unit == "" and figure.value in values):
                return 0.0, f"所引原文里没有「{figure.value}{figure.unit}」"
    return 1.0, ""


def statements(answer: dict[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Each statement of an answer, which its markers end, with what they cite; what no marker ends cites nothing."""
    start = 0
    for markers in _MARKERS.finditer(answer["answer"]):
        named = {int(number) for number in _MARKER.findall(markers[0])}
        yield answer["answer"][start : markers.start()], [c for c in answer["citations"] if c["n"] in named]
        start = markers.end()
    if rest := answer["answer"][start:].strip():
        yield rest, []


def _figures_of(citation: dict[str, Any], snapshot: Snapshot) -> frozenset[Figure]:
    found = find_figures(citation["quote"]) | find_figures(citation["label"])
    return found | _headings(Locator.parse(citation["locator"]), snapshot)


def _headings(locator: Locator, snapshot: Snapshot) -> set[Figure]:
    """Figures of the headings above a place and the year that its part is about."""
    found: set[Figure] = set()
    for passage in snapshot.passages:
        if passage.locator == locator:
            found |= find_figures(passage.breadcrumb)
            if passage.year:
                found.add(Figure(str(passage.year), "年"))
    return found


def well_formed(case: Case, answer: dict[str, Any], snapshot: Snapshot) -> _Result:
    """1 when markers and citations match, and the status with them."""
    marked = {int(number) for number in _MARKER.findall(answer["answer"])}
    listed = {citation["n"] for citation in answer["citations"]}
    if answer["status"] == "refused":
        return (1.0, "") if not listed and not marked else (0.0, "拒答却带有引用")
    if not listed:
        return 0.0, "作答却没有引用"
    return (1.0, "") if marked == listed else (0.0, f"标记 {sorted(marked)} 与引用 {sorted(listed)} 不一致")
