"""Questions about a document as such → where they are answered: who issued it, when, to whom, since when it is in force; its annex.

Its heading block says so, in a line for each, and the sentence that sets when it takes effect; the manifest tells which
line is which. A question may ask for several at once: each is a field, and what it asks beside them makes it another question.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from rag.language import questions
from rag.language.locators import chinese_date
from rag.language.text import fold, squeeze
from rag.records import DocumentEntry, Locator
from rag.search.snapshot import Snapshot

_ACT = r"(?:印发|印制|发布|下发|发文|制发|出台|公布|发出|印的|发的|作出|(?<!工)作|做|宣读|报告人|落款)"
_BODY = r"(?:单位|机关|部门|机构|办公厅|位|人|领导|主席)"
_WHEN = r"(?:哪(?:一|1)?[天年月日]|几月(?:几[号日])?|几号|什么时候|啥时候|什么时间|何时|时间|日期)"
_FORCE = r"(?:施行|执行|实施|生效|实行|起效|管用)"
_PASSED = r"(?:审议)?(?:通过|审定|批准)"
_MEETING = r"(?:哪(?:一|1)?(?:个|次|场)|第几次|几次|什么|啥)(?:政府)?(?:常务)?(?:会议?|大会|场合)"
_FIELDS: tuple[tuple[str, str], ...] = (
    (
        "force",
        rf"(?:从|自|打)?{_WHEN}(?:起|开始|正式|才)*(?:算)?{_FORCE}|(?:开始|正式)?{_FORCE}(?:的)?{_WHEN}"
        rf"|{_FORCE}(?:的)?(?:起始)?日(?!常)|(?:从|自){_WHEN}(?:起|开始)",
    ),
    (
        "passed",
        rf"(?:在|由|经)?(?:{_MEETING}|谁|哪(?:个|级)?{_BODY})(?:上)?(?:审议)?{_PASSED}|{_WHEN}(?:被|由|经|在)?{_PASSED}"
        rf"|{_PASSED}(?:的)?(?:{_WHEN}|会议)|(?:怎么|咋|谁)批的?",
    ),
    ("number", r"(?:发文)?(?:文号|字号)|几号文|多少号(?:文)?"),
    ("to", rf"{_ACT}(?:给|到|至)了?(?:谁|哪(?:些|里|儿)?)(?:{_BODY}|地方)?|主送(?:给)?(?:谁|哪些)?(?:{_BODY})?"),
    ("where", _MEETING),
    (
        "who",
        rf"谁|哪(?:一|1)?(?:个|家|级)?{_BODY}|(?:什么|啥){_BODY}|(?:发文|印发|制发|落款|发布){_BODY}|报告人|落款(?!的?(?:日期|时间))"
        rf"|姓名|名字|叫(?:什么|啥)(?:名字)?|(?:人民)?政府(?:{_ACT}|名义)?,?还是办公厅|办公厅(?:{_ACT}|名义)?,?还是(?:人民)?政府",
    ),
    ("when", _WHEN),
)
"""What may be asked of a document as such, in the order in which it is looked for: a date of adoption is no date of issue."""

_ALONE = ("number", "to", "force", "passed")
"""Fields that nothing else but a document has; who and when may be asked of anything that it says."""

_IN_FORCE = re.compile(rf"自[^,。;]{{0,12}}起{_FORCE}")
_FULL_TITLE = re.compile(r"全称|全名|完整(?:的)?(?:标题|名称|名字|题目)|正式(?:的)?(?:标题|名称|名字)")
_CALLED = re.compile(r"标题|题目|名称|名字|叫(?:个|做)?(?:什么|啥)")
_ANNEX = re.compile(r"附[件表](?!里|中|第|的?(?:每|哪|各|第))")
_BESIDE = re.compile(
    r"文件|[这那带上在]|后面|末尾|最后|自治区|人民政府|主席|政府|正式|完整|以|名义|分别|各(?:自|是)?|还是|帮|核(?:对|实)?|查|告诉|确认|我|一?下|份"
)
"""What may stand beside the names in such a question."""


def particulars_asked(text: str, documents: Sequence[str], snapshot: Snapshot, bare: Callable[[str], str]) -> tuple[Locator, ...]:
    """The heading block, the article on its force or the annex that answer a folded question about a document as such; else ().

    ``bare`` takes the names of documents out of a text.
    """
    if _ANNEX.search(text) and (_CALLED.search(text) or _FULL_TITLE.search(text)):
        annexes = [p for p, node in snapshot.nodes.items() if node.kind == "annex" and (not documents or p.document in documents)]
        rest = _ANNEX.sub("", _CALLED.sub("", _FULL_TITLE.sub("", text)))
        return tuple(annexes) if len(annexes) == 1 and _says_little(bare(rest), snapshot.by_id[annexes[0].document].entry) else ()
    if len(documents) != 1:
        return ()
    fields, rest = _fields(text)
    said = {field: _said(field, documents[0], snapshot) for field in fields}
    if not said or not all(said.values()):
        return ()
    rest = bare(re.sub(r"的(?=方案|规则|报告)", "", re.sub(_ACT, "", _FULL_TITLE.sub("", rest))))
    places = tuple(dict.fromkeys(found[0] for found in said.values() if found))
    return places if _says_little(rest, snapshot.by_id[documents[0]].entry) else ()


def particulars_said(text: str, place: Locator, snapshot: Snapshot) -> Iterator[str]:
    """The stretches of a heading block, or the title of an annex, that answer; none when the question asks for something else."""
    lines = _lines(place, snapshot)
    if place.path == ("annex",) and _ANNEX.search(text) and (_CALLED.search(text) or _FULL_TITLE.search(text)):
        yield from lines[:1]
        return
    found = [said[1] for field in _fields(text)[0] if (said := _said(field, place.document, snapshot)) and said[0] == place]
    yield from sorted(dict.fromkeys(found), key=snapshot.text_of(place).find)


def _fields(text: str) -> tuple[list[str], str]:
    """What is asked of a document as such, and the text without the words that ask for it."""
    if _FULL_TITLE.search(text):
        return ["title"], text
    asked, rest = [], text
    for name, pattern in _FIELDS:
        if re.search(pattern, rest):
            asked.append(name)
            rest = re.sub(pattern, "", rest)
    if not re.search(_ACT, text):
        asked = [name for name in asked if name in _ALONE]
    return ([name for name in asked if name != "who" or "to" not in asked], rest)


def _lines(place: Locator, snapshot: Snapshot) -> list[str]:
    return [sentence.text for passage in snapshot.passages if passage.locator == place for sentence in passage.sentences]


def _said(field: str, document: str, snapshot: Snapshot) -> tuple[Locator, str] | None:
    """Where a document says a particular of itself, and the shortest stretch of it that does; None when it doesn't."""
    if field == "force":
        found = ((p.unit, s.text) for p in snapshot.passages if p.locator.document == document for s in p.sentences)
        return next(((unit, text) for unit, text in found if _IN_FORCE.search(fold(text))), None)
    front = Locator(document, ("0",))
    line = _line(field, snapshot.by_id[document].entry, _lines(front, snapshot))
    return (front, line) if line else None


def _line(field: str, entry: DocumentEntry, lines: Sequence[str]) -> str | None:
    """The shortest line that holds a particular of a document, of an address and what follows it the part that does."""
    address = next((match for line in lines if (match := re.match(r"(各[^:：]*[:：])(.+)", line))), None)
    if field == "to":
        return address[1].rstrip(":：") if address else None
    wanted = {
        "who": entry.delivered_by or entry.issuer,
        "when": chinese_date(entry),
        "where": entry.delivered_at or entry.adopted_by or "",
        "passed": entry.adopted_by or "",
        "number": entry.document_number or "",
        "title": entry.title,
    }[field]
    stretches = [address[2] if address and line == address[0] else line for line in lines]
    if field == "passed":
        stretches = [text for text in stretches if re.search(r"通过|同意|批准", text)]
    held = (text for text in stretches if wanted and squeeze(fold(wanted)) in squeeze(fold(text)))
    return min(held, key=len, default=None)


def _says_little(rest: str, entry: DocumentEntry) -> bool:
    """Whether nothing is left of a question but characters of the document's title and of who passed it."""
    left = questions.FILLER.sub("", _BESIDE.sub("", questions.COURTESY.sub("", rest)))
    return set(left) <= set(fold(entry.title + (entry.adopted_by or "") + (entry.adopted or "")))
