"""Questions about a document as such → where they are answered: who issued it, when, to whom; what its annex is called.

Its heading block says so, in a line for each; the manifest tells which line is which.
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
_FIELDS: tuple[tuple[str, str], ...] = (
    ("to", rf"{_ACT}(?:给|到|至)了?(?:谁|哪(?:些|里|儿)?)(?:{_BODY}|地方)?|主送(?:{_BODY})?"),
    ("who", rf"(?:谁|哪(?:一|1)?(?:个|家|级)?{_BODY}|(?:什么|啥){_BODY}|发文{_BODY}|报告人|落款|(?:姓名|名字)|叫(?:什么|啥)(?:名字)?)"),
    ("when", r"哪(?:一|1)?[天年月日]|几月(?:几[号日])?|几号|什么时候|啥时候|何时|时间|日期"),
    ("where", r"(?:什么|啥|哪(?:一|1)?(?:个|次)?)(?:会议?|大会|场合)"),
)
_FULL_TITLE = re.compile(r"全称|全名|完整(?:的)?(?:标题|名称|名字|题目)|正式(?:的)?(?:标题|名称|名字)")
_CALLED = re.compile(r"标题|题目|名称|名字|叫(?:个|做)?(?:什么|啥)")
_ANNEX = re.compile(r"附[件表](?!里|中|第|的?(?:每|哪|各|第))")
_BESIDE = re.compile(r"文件|[这那带上在]|后面|末尾|最后|自治区|人民政府|主席|政府|正式|完整")
"""What may stand beside the names in such a question."""


def particulars_asked(text: str, documents: Sequence[str], snapshot: Snapshot, bare: Callable[[str], str]) -> tuple[Locator, ...]:
    """The heading block or annex that answers a folded question about a document as such; () for any other question.

    ``bare`` takes the names of documents out of a text.
    """
    if _ANNEX.search(text) and (_CALLED.search(text) or _FULL_TITLE.search(text)):
        annexes = [p for p, node in snapshot.nodes.items() if node.kind == "annex" and (not documents or p.document in documents)]
        rest = _ANNEX.sub("", _CALLED.sub("", _FULL_TITLE.sub("", text)))
        return tuple(annexes) if len(annexes) == 1 and _says_little(bare(rest), snapshot.by_id[annexes[0].document].entry) else ()
    if len(documents) != 1 or not _fields(text):
        return ()
    rest = text
    for pattern in (*(pattern for _, pattern in _FIELDS), _FULL_TITLE.pattern, _ACT):
        rest = re.sub(pattern, "", rest)
    rest = bare(re.sub(r"的(?=方案|规则|报告)", "", rest))
    return (Locator(documents[0], ("0",)),) if _says_little(rest, snapshot.by_id[documents[0]].entry) else ()


def particulars_said(text: str, place: Locator, snapshot: Snapshot) -> Iterator[str]:
    """The lines of a heading block, or the title of an annex, that answer; none when the question asks for something else."""
    lines = [s.text for p in snapshot.passages if p.locator == place for s in p.sentences]
    if place.path == ("annex",) and _ANNEX.search(text) and (_CALLED.search(text) or _FULL_TITLE.search(text)):
        yield from lines[:1]
    if place.path != ("0",):
        return
    entry = snapshot.by_id[place.document].entry
    found = dict.fromkeys(line for field in _fields(text) if (line := _line(field, entry, lines)))
    yield from (line for line in lines if line in found)


def _fields(text: str) -> list[str]:
    """What is asked of a document as such."""
    if _FULL_TITLE.search(text):
        return ["title"]
    asked = [name for name, pattern in _FIELDS if re.search(pattern, text)] if re.search(_ACT, text) else []
    return ["to"] if "to" in asked else asked


def _line(field: str, entry: DocumentEntry, lines: Sequence[str]) -> str | None:
    """The shortest line that holds a particular of a document."""
    wanted = {
        "who": entry.delivered_by or entry.issuer,
        "when": chinese_date(entry),
        "where": entry.delivered_at or "",
        "title": entry.title,
    }
    if field == "to":
        return next((line for line in lines if re.match(r"各.*[:：]", line)), None)
    held = (line for line in lines if wanted[field] and squeeze(fold(wanted[field])) in squeeze(fold(line)))
    return min(held, key=len, default=None)


def _says_little(rest: str, entry: DocumentEntry) -> bool:
    """Whether nothing is left of a question but characters of the document's title."""
    left = questions.FILLER.sub("", _BESIDE.sub("", questions.COURTESY.sub("", rest)))
    return set(left) <= set(fold(entry.title))
