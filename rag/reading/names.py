"""What a question calls a document → which document that is; what it names in brackets and is not held.

Names are tried longest first and taken out of the text: what names the document chooses the document and counts for nothing inside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from rag.language.text import fold
from rag.records import DocumentEntry

SHORT = 4
"""Characters from which a name is taken wherever it stands; a shorter one (「规则」) only at the head of a clause."""

GENUS = r"(?:规则|报告|方案|办法|条例|规定|细则|意见|通知|预案|章程|准则|制度|计划|规划|纲要|解释|决定|批复|法典?)"
_BRACKETED = re.compile(r"《([^《》]{2,60})》")
_WORD = re.compile(rf"[\u4e00-\u9fff]{{1,24}}?{GENUS}(?!律|院|人|定|治|国|规)")
_FRAME = re.compile(
    r"^(?:.{2,20}?(?:人民政府|办公厅|办公室|委员会|局|厅|部|院))?关于(?:印发|发布|做好|开展)?|的?(?:通知|意见|批复|函|决定)$"
)
_CITED = re.compile(rf"(?P<name>[\u4e00-\u9fff]{{1,20}}?{GENUS})(?:里面?|中|的|上)?(?=第[\d一二三四五六七八九十百零〇]+条)")
_OFFICE = re.compile(r"(?:国务院|[\u4e00-\u9fff]{2,6}?(?:省|市|县|区|州|部|委|局|厅)(?:人民)?(?:政府)?)$")
_PLACE = re.compile(r"[省市县区州]$|^[\u4e00-\u9fff]{2}$")
_THIS = re.compile(r"^(?:文件里?|里面?|那个?|这个?|本|该|此|按照?|的)*" + GENUS + "?$")
_LEADS = re.compile(r"^(?:请问|按照?|根据|依据|依照|对照|查|看看?|翻到?|把|那么?|还有|和|与|跟|在|这个?|那个?|本|新)+")


@dataclass(frozen=True, slots=True)
class Named:
    """The documents that a text names, the text without their names, and a name of none that is held."""

    documents: tuple[str, ...]
    rest: str
    foreign: str = ""


class Names:
    """The names of the documents that are held."""

    def __init__(self, entries: Sequence[DocumentEntry]) -> None:
        known = [(name, entry.id) for entry in entries for name in names_of(entry)]
        self._known = sorted(known, key=lambda pair: -len(pair[0]))
        self._titles = [(fold(title), entry.id) for entry in entries for title in dict.fromkeys((entry.title, entry.short_title))]
        self._offices = {entry.id: fold(entry.title + entry.issuer) for entry in entries}

    def find(self, text: str) -> Named:
        """What a folded text names."""
        found: dict[str, None] = {}
        rest, foreign = text, ""
        for name, document in self._known:
            if self._stands(name, rest):
                if office := self._other_office(name, document, rest):
                    foreign = office + name
                    rest = rest.replace(foreign, " ")
                    continue
                found[document] = None
                rest = re.sub(rf"[《\"]?{re.escape(name)}[》\"]?", " ", rest)
        for written in _BRACKETED.findall(rest):
            abbreviated = self._abbreviated(written)
            found.update({abbreviated: None} if abbreviated else {})
            foreign = foreign or ("" if abbreviated else written)
            rest = rest.replace(f"《{written}》", " ")
        if not found and not foreign:
            for written, document in self._called(rest):
                found[document] = None
                rest = rest.replace(written, " ")
        if not found and not foreign and (cited := _CITED.search(rest)):
            name = _LEADS.sub("", cited["name"])
            foreign = "" if _THIS.match(name) else name
        return Named(tuple(found), re.sub(r"\s+", " ", rest).strip(), foreign)

    def _stands(self, name: str, text: str) -> bool:
        if len(name) >= SHORT:
            return name in text
        holders = {document for other, document in self._known if other == name}
        return len(holders) == 1 and bool(re.search(rf"(?:^|[,。;?!\s]|这个?|那个?|本|新|按照?|根据|查|看){re.escape(name)}", text))

    def _other_office(self, name: str, document: str, text: str) -> str:
        """The office before a name when it is none of the document's: 国务院 of 「国务院工作规则」; "" when there is none."""
        before = _OFFICE.search(text[: text.index(name)])
        return "" if before is None or before[0] in self._offices[document] else before[0]

    def _called(self, text: str) -> Iterator[tuple[str, str]]:
        """Abbreviations of titles: 自贸方案, 济宁大气污染防治条例."""
        for match in _WORD.finditer(text):
            word = _LEADS.sub("", match[0])
            for start in range(max(0, len(word) - 3)):
                if document := self._abbreviated(word[start:]):
                    if not _PLACE.search(word[:start]):  # 济南 before what is 济宁's
                        yield word[start:], document
                    break

    def _abbreviated(self, word: str) -> str | None:
        """The only document whose title has the characters of ``word`` in its order, the first two and the last two side by side."""
        if len(word) < SHORT:
            return None
        fitting = {d for title, d in self._titles if word[:2] in title and word[-2:] in title and _in_order(word, title)}
        return fitting.pop() if len(fitting) == 1 else None


def names_of(entry: DocumentEntry) -> tuple[str, ...]:
    """What a document is called: titles, other names, its title without the office's name and without 关于…的通知, what kind it is."""
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(entry.title, entry.issuer, strict=False)))
    names = [entry.title, entry.short_title, *entry.aliases, entry.title[shared:], _FRAME.sub("", _FRAME.sub("", entry.title))]
    kind = re.search(rf"{GENUS}$", entry.title)  # 「报告」 alone, where only one is held
    kept = [name for name in names if len(name) >= SHORT or name in entry.aliases]
    return tuple(dict.fromkeys(map(fold, [*kept, *([kind[0]] if kind and len(kind[0]) > 1 else [])])))


def _in_order(word: str, title: str) -> bool:
    remaining = iter(title)
    return all(character in remaining for character in word)
