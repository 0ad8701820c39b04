"""Questions about a document's own structure → all the places that answer, by counting and by the table's fields.

「工作规则分几章」「附件一共多少项」「银川海关负责哪些事项」: an answer taken from the nearest few passages would be
short of some. A unit is known by any of the names it goes by in an office: without 自治区, or abbreviated as
offices abbreviate (市监厅 for 市场监管厅: its characters in order, the first and the last kept), when only one goes by that name.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from rag.language import questions
from rag.language.numerals import NUMBER, to_int
from rag.records import Locator, NodeKind
from rag.search.snapshot import Snapshot

_COUNTED: tuple[tuple[str, NodeKind], ...] = (
    (r"章", "chapter"),
    (r"条(?:规定|规则|款)?", "article"),
    (r"(?:个?大?(?:部分|板块|块))", "part"),
    (r"(?:项|行|个)(?:改革)?(?:试点)?(?:经验|事项|举措|内容)?", "row"),
)
_HOW_MANY = (
    r"(?:一共|总共|共|合计|全部)?(?:是|有|分(?:为|成|了)?|列(?:了|出)?|包(?:括|含)|复制推广|推广|涉及)?(?:了)?"
    r"(?:多少|几|哪几|哪些|哪[两二三四五六七八九十]+){kind}(?:呢|吗|啊|呀|的|组成|构成)*"
    r"(?:,(?:各|每|它们?|都|分别)*(?:个|章|条|部分)?的?(?:标题|题目|名称|名字)?(?:都|分别|各)*(?:是|叫|为)?(?:什么|啥|哪些))?[?。!]*$"
)
NAMES_TOO = re.compile(r"哪|列|什么|啥|分别|都是|具体|说说|逐")
"""What shows that a question after a number wants the things named as well."""

_TABLE = re.compile(r"附[件表]|[格张那这]表|表[格里中]|举措表|事项表|清单")
_BODY = re.compile(r"[\u4e00-\u9fff]{1,14}?(?:厅|局|委|办|行|关|院|署)")
BODY_PREFIX = re.compile(r"^(?:宁夏回族自治区|自治区|宁夏|中国)")


def enumerate_places(text: str, documents: Sequence[str], snapshot: Snapshot) -> tuple[Locator, ...]:
    """The places that a folded question asks to be counted or listed; () when it asks for something else."""
    return tuple(_counted(text, documents, snapshot))


def _counted(text: str, documents: Sequence[str], snapshot: Snapshot) -> Iterator[Locator]:
    for noun, kind in _COUNTED:
        match = re.search(_HOW_MANY.format(kind=noun), text)
        if match is None or not (_TABLE.search(text) if kind == "row" else documents):
            continue
        places = {
            document.entry.id: [p for p, node in snapshot.nodes.items() if node.kind == kind and p.document == document.entry.id]
            for document in snapshot.documents
            if not documents or document.entry.id in documents
        }
        having = [found for found in places.values() if found]
        if len(having) == 1 and not _other_words(text, match, documents, snapshot):
            place = None if kind != "row" or NAMES_TOO.search(text) else _stated(having[0], snapshot)
            yield from (place,) if place else having[0]
            return


def counted(text: str) -> set[int | None]:
    """How many things of some kind a text speaks of: 13 of 「推广事项13项」."""
    return {to_int(match["number"]) for match in re.finditer(rf"(?P<number>{NUMBER})(?:项|个|条|大|方面|件)", text)}


def stated(size: int, place: Locator, snapshot: Snapshot) -> str | None:
    """The place's own sentence that says how many parts it introduces: 「…需要复制推广事项13项…:」."""
    own = (sentence.text for passage in snapshot.passages if passage.locator == place for sentence in passage.sentences)
    return next((text for text in own if text.rstrip().endswith((":", "：")) and size in counted(text)), None)


def _stated(places: Sequence[Locator], snapshot: Snapshot) -> Locator | None:
    """Where the document itself says how many rows there are: its own sentence is better than a count."""
    parts = (place for place, node in snapshot.nodes.items() if node.kind == "part" and place.document == places[0].document)
    return next((place for place in parts if stated(len(places), place, snapshot)), None)


def _other_words(text: str, match: re.Match[str], documents: Sequence[str], snapshot: Snapshot) -> str:
    """What a question says beside the document's name and the words that count: 「…对请假的规定有几条」 counts no articles."""
    rest = text[: match.start()]
    for document in snapshot.documents:
        if document.entry.id in documents:
            for name in sorted((document.entry.title, document.entry.short_title, *document.entry.aliases), key=len, reverse=True):
                rest = rest.replace(name.lower(), "")
    rest = re.sub("报告|规则|方案" if documents else "$^", "", rest)
    rest = questions.FILLER.sub("", questions.SUBJECT.sub("", questions.YEAR.sub("", rest)))
    return rest if len(rest) > 1 else ""


def body_names(text: str) -> Iterator[str]:
    """Stretches of a question that may name a public body, the longest first."""
    found = {text[start : match.end()] for match in _BODY.finditer(text) for start in range(match.start(), match.end() - 1)}
    yield from sorted((name for name in found if len(name) >= 2), key=len, reverse=True)


def units_called(name: str, units: Collection[str]) -> frozenset[str]:
    """Those of ``units`` that an office means by ``name``; none when it may mean several."""
    bare = {unit: BODY_PREFIX.sub("", unit) for unit in units}
    short = BODY_PREFIX.sub("", name)
    exact = {unit for unit, full in bare.items() if full == short}
    ending = {unit for unit, full in bare.items() if len(short) > 1 and full.endswith(short)}
    called = exact or ending or {unit for unit in units if goes_by(unit, name)}
    alike = {full for full in bare.values() if _in_order(short, full)} if not exact and not ending else {bare[unit] for unit in called}
    return frozenset(called) if len(alike) == 1 else frozenset()


def goes_by(unit: str, name: str) -> bool:
    """Whether an office would call ``unit`` by ``name``: 市监厅, 商务厅, 人行宁夏分行."""
    full, short = BODY_PREFIX.sub("", unit), BODY_PREFIX.sub("", name)
    if len(short) < 2 or not full or full[-1] != short[-1] or full[0] != short[0]:
        return False
    return _in_order(short, full)


def _in_order(short: str, full: str) -> bool:
    remaining = iter(full)
    return all(character in remaining for character in short)
