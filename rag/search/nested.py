"""A unit that a question names by its heading before it counts off its parts → the same by number.

「民生那章第六条」 → 「政府工作报告第二部分第(六)项第六条」. What is named has to be one unit with numbered parts: its
heading, or the words that introduce its items, hold all that the question calls it, two characters at a time or more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from rag.language import questions
from rag.language.locators import find_ordinals, find_references, place_name
from rag.language.numerals import to_chinese
from rag.language.text import fold
from rag.records import Locator, Node
from rag.search.enumerate import NAMES_TOO, stated
from rag.search.snapshot import Snapshot

_WITHIN = r"(?:的|里面?|里头|当中|中|下面?)*"
_UNIT = r"(?:大?部分|章节?|小?节|大?块|方面|大?类|条|项)"
_MARKER = re.compile(rf"{_WITHIN}(?:[这那](?:一|1)?个?{_UNIT}|{_UNIT})?{_WITHIN}$")
"""What ends a name: 「…那章」, 「…部分里面的」."""

_SAID_TO_BE_PART = re.compile(rf"(?<![\u4e00-\u9fff])(?P<name>[\u4e00-\u9fff]+?)(?:[这那](?:一|1)?个?{_UNIT}|部分){_WITHIN}$")
_RUN = re.compile(r"[\u4e00-\u9fffa-z0-9+\"]{2,24}$")
_HOW_MANY = re.compile(
    r"(?:里面?|中|下面?)?(?:一共|总共|共|都|分别)*(?:是|有|分(?:为|成)?|列|写|包括|包含|讲|提)?(?:了|出|着)?"
    r"(?:多少|(?<!第)几|哪几|哪些)个?(?:条|项|点|节)(?:呢|啊|呀|的)*[?。!]*$"
)
MOST = 8
"""Places that one question counts off at most; the first of more are read."""

_BEFORE = 80
"""Characters before an ordinal in which a place may be named that is none of its unit's name."""

_LOOSE = 2
"""Characters that may stand before the name of what is said to be a part: 「查下民生那章第六条」."""


def number_containers(text: str, documents: Sequence[str], snapshot: Snapshot, bare: Callable[[str], str]) -> str:
    """The folded text with each unit named by its heading before an ordinal replaced by its number.

    ``bare`` takes the names of documents out of a text.
    """
    spans = [reference.span for reference in find_references(text) if reference.kind == "article"]
    for at in reversed(sorted(find_ordinals(text))[:MOST]):
        if any(begin < at < end for begin, end in spans):
            continue  # 「第三十七条督查范围的第(六)项」 is numbered as it stands
        begin = max(at - _BEFORE, 0)
        behind = max((begin + reference.span[1] for reference in find_references(text[begin:at])), default=0)
        run = _RUN.search(text, behind, at)
        if run is None:
            continue
        loose = _LOOSE if _SAID_TO_BE_PART.search(run[0]) else 0
        nodes = (_container(name, text, documents, snapshot) for name in _names(run[0], bare, loose))
        if node := next((node for node in nodes if node), None):
            entry = snapshot.by_id[node.locator.document].entry
            years = "".join(word for word in questions.RELATIVE_YEARS if word in run[0])
            text = f"{text[: run.start()]}{years}{fold(entry.short_title + place_name(entry, node.locator))}{text[at:]}"
    return text


def parts_counted(text: str, documents: Sequence[str], snapshot: Snapshot, bare: Callable[[str], str]) -> tuple[Locator, ...]:
    """The numbered parts of the unit of which a folded question asks how many, or which, they are: 「组织保障那块写了哪几条」."""
    asked = _HOW_MANY.search(text)
    run = _RUN.search(text, 0, asked.start()) if asked else None
    if run is None:
        return ()
    said = bool(_SAID_TO_BE_PART.search(run[0]))
    for name in _names(run[0], bare, 0):
        node = _container(name, text, documents, snapshot)
        if node is not None and node.kind != "article" and (said or name == fold(node.heading)):
            parts = tuple(child.locator for child in node.children if child.label)
            only_counted = asked is not None and not NAMES_TOO.search(asked[0])
            return (node.locator,) if only_counted and stated(len(parts), node.locator, snapshot) else parts
    return ()


def is_part_of_something(before: str, bare: Callable[[str], str]) -> bool:
    """Whether the words before a number say that it counts inside a unit: 「养老那块第三条」 is no article of the rules."""
    said = _SAID_TO_BE_PART.search(before)
    return said is not None and bool(questions.FILLER.sub("", bare(said["name"])))


def _names(run: str, bare: Callable[[str], str], loose: int) -> Iterator[str]:
    """What a run of text may call a unit, the longest first; little but a document's name and grammar stands before it."""
    marker = _MARKER.search(run)
    unmarked = run[: marker.start()] if marker else run
    for name in dict.fromkeys((run, unmarked)):
        for begin in range(len(name) - 1):
            before = questions.COURTESY.sub("", bare(name[:begin]))
            for word in questions.RELATIVE_YEARS:
                before = before.replace(word, "")
            before = questions.SUBJECT.sub("", before) if loose else before
            if len(questions.FILLER.sub("", before)) <= loose:
                yield re.sub(r"[的\"]", "", name[begin:])


def _container(name: str, text: str, documents: Sequence[str], snapshot: Snapshot) -> Node | None:
    """The one unit with numbered parts that goes by a name; None when there is none, or several."""
    ranked: dict[int, list[Node]] = {}
    for node in snapshot.nodes.values():
        if (documents and node.locator.document not in documents) or not _is_of_year(node.locator, text, snapshot):
            continue
        if (rank := _rank(name, node, snapshot)) is not None:
            ranked.setdefault(rank, []).append(node)
    best = ranked[min(ranked)] if ranked and len(name) > 1 else []
    return best[0] if len(best) == 1 else None


def _rank(name: str, node: Node, snapshot: Snapshot) -> int | None:
    """How well a unit with numbered parts goes by a name, 0 the best; None when it does not."""
    if node.kind not in ("part", "section", "chapter", "article") or not any(child.label for child in node.children):
        return None
    heading = fold(node.heading)
    if name == heading:
        return 0
    if _holds(heading, name):
        return 1
    if node.kind == "article":
        return 2 if _holds(_introduction(node, snapshot), name) else None
    return 3 if _counts_as(name, node, snapshot) else None


def _counts_as(name: str, node: Node, snapshot: Snapshot) -> bool:
    """Whether a unit says before its parts that they are so many of what it is called: 「扎实推进“八项民生工程”」."""
    parts = [child for child in node.children if child.label]
    before = fold(snapshot.by_id[node.locator.document].text[node.span[0] : parts[0].span[0]])
    return any(f"{number}{unit}{name}" in before for number in (to_chinese(len(parts)), len(parts)) for unit in ("项", "个", "大"))


def _introduction(node: Node, snapshot: Snapshot) -> str:
    """The sentence that introduces an article's items."""
    first = next(child for child in node.children if child.label)
    before = snapshot.by_id[node.locator.document].text[node.span[0] : first.span[0]]
    return fold(before.rstrip("\n").rpartition("。")[2])


def _holds(text: str, name: str) -> bool:
    """Whether a name consists of stretches of a text, each of two characters or more: 城乡三农 of 「坚持城乡融合,…“三农”工作」."""
    if not name:
        return True
    return any(name[:size] in text and _holds(text, name[size:]) for size in range(len(name), 1, -1))


def _is_of_year(locator: Locator, text: str, snapshot: Snapshot) -> bool:
    """Whether a unit is of the year that a text names, where its document tells years apart."""
    entry = snapshot.by_id[locator.document].entry
    asked = {entry.year + shift for word, shift in questions.RELATIVE_YEARS.items() if word in text}
    part = int(locator.path[0]) if locator.path and locator.path[0].isdecimal() else 0
    return not asked or not 1 <= part <= len(entry.part_years) or entry.part_years[part - 1] in asked
