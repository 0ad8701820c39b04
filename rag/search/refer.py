"""What a question names → where it is: documents by title or number, places by number, the valid range where there is none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile

from rag.language import questions
from rag.language.locators import LAST, Reference, find_references, place_name, spell_out, without_references
from rag.language.numerals import to_chinese
from rag.language.text import fold
from rag.records import Document, DocumentEntry, Locator, MissingReference, Node
from rag.search.conditions import rows_meeting
from rag.search.duties import Duties
from rag.search.enumerate import enumerate_places
from rag.search.nested import is_part_of_something, number_containers, parts_counted
from rag.search.particulars import particulars_asked
from rag.search.snapshot import Snapshot

_GENUS = {"rules": "规则", "report": "报告", "plan": "方案"}
_GENUS_NAMES = (
    r"(?:这|那)(?:个|份|部|本)?{genus}|(?:今年|本次|这次|新)的?{genus}|(?:和|跟|与|、){genus}"
    r"|(?:^|(?<=[,:;。?!])){genus}(?:又|则|还|要|打算|对|今年)"
    r"|{genus}(?:里|中|上|正文|最后|末尾|说|讲|提|写|怎么|要求|规定|印发|落款|全称|是?(?:由|以)?(?:谁|哪个?单位)|附件|附表|的|和|跟|与|第|一?共|总共|分(?:为|成|了)?(?:几|多少|哪)|有(?:几|多少)|[一二三四五六七八九十](?:、|(?=[(（])))"
)
_REPLACED = (
    r"(?:旧|老|原来|原先|(?<![一-龥])原|(?:之|以|此|先)前[的那哪]|[上前]一?版|被?替代|被?取代|代替|替换|废止|停用|停止执行|作废)"
    r"(?:的|了|掉|是|那|哪|这|个|份|版|部|一|有|什么|文号|政府|自治区|工作)*(?:{genus}|文件|文号|版本)"
)
"""A document that is none of those at hand: the one before."""

SHORT = 4
"""Characters that the shortest name of a document has at least: 「规则」 alone may be any."""

_CONFIRM = re.compile(r"(?:吗|吧|对不对|没错)[?。!]*$")
"""「选船那项是第七批的,对吗」 describes what it asks about, however short that is."""

_ACCORDING = re.compile(r"(?:按照?|根据|依据?|依照|对照|照)[^,;:?。!]*,$")

_APART = re.compile(r"(?:(?<=部分)|(?<=[那这][块章节])),(?=第)")
"""「经济发展那部分,第一条」 is one place."""

_OF_TABLE = re.compile(r"国发|国函|国务院|改革试点|试点经验|自贸|复制推广|事项|附[件表]|责任单位|批次")
"""What shows that a batch is one of the table's."""

_ABOUT = 4
"""Characters beside a reference that many places share (a batch, a 国函) above which it only describes what is asked for."""


class Referrer:
    """Resolves what questions about one snapshot name."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._entries = tuple(document.entry for document in snapshot.documents)
        self._duties = Duties(snapshot)
        self._known_names = {e.id: tuple(dict.fromkeys(map(fold, _names_of(e)))) for e in self._entries}

    def named_documents(self, text: str) -> tuple[str, ...]:
        """Ids of the documents that a folded text names by title, other name, number or kind."""
        return tuple(entry.id for entry in self._entries if self._names(entry, text))

    def without_others(self, document: str, documents: Sequence[str], text: str) -> str:
        """The folded text without the names of the other ``documents`` and the clauses that are only about them."""
        kept = "".join(piece for piece, named in self._clauses(text) if not named or document in named)
        own = self._spelled(document, kept)
        if len(questions.FILLER.sub("", kept.replace(own, ""))) <= _ABOUT or questions.SAME.search(kept):
            kept = text  # 「…报告里叫什么,规则里又叫什么」: the second clause alone does not say what
        for entry in self._entries:
            if entry.id in documents and entry.id != document:
                for name in self._spellings(entry, kept):
                    kept = re.sub(rf"[《\"]?{re.escape(name)}[》\"]?(?:里面?|中)?(?:和|跟|与|、|及)?", "", kept)
        return re.sub(r"(?:和|跟|与|、|及)(?=[,各分都的])|各自?|分别", "", kept).strip(",")

    def _clauses(self, text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The clauses of a text and the documents of each; after 「按工作规则,」 the next clause is of that one alone."""
        according: tuple[str, tuple[str, ...]] | None = None
        for piece in re.split(r"(?<=[,;:?。!])", text):
            named = self.named_documents(piece)
            if according:
                yield according[0] + piece, according[1]
                according = None
            elif len(named) == 1 and _ACCORDING.match(piece) and len(piece) - len(self._spelled(named[0], piece)) <= _ABOUT:
                according = piece, named
            else:
                yield piece, named
        if according:
            yield according

    def _spelled(self, document: str, text: str) -> str:
        """The longest name by which a text calls a document."""
        return next((name for entry in self._entries if entry.id == document for name in self._spellings(entry, text)), "")

    def shortened(self, text: str) -> str:
        """The folded text with a document's long title replaced by its shortest name: the title's words are not what is asked."""
        for entry in self._entries:
            names = sorted(self._known_names[entry.id], key=len)
            short = next((name for name in names if len(name) >= SHORT), names[-1])
            for name in reversed(names):
                if len(name) > 2 * len(short) and name in text:
                    text = re.sub(rf"[《\"]?{re.escape(name)}[》\"]?", short, text)
        return text

    def numbered(self, text: str) -> str:
        """The folded text with units that it names by their heading, and counts the parts of, named by number, each by its own."""
        text = _APART.sub("", spell_out(text))
        return number_containers(text, self.named_documents(text), self._snapshot, self.without_names)

    def without_names(self, text: str) -> str:
        """The folded text without what it calls documents."""
        for entry in self._entries:
            for name in (*self._spellings(entry, text), _GENUS[entry.kind]):
                text = text.replace(name, "")
        return text

    def _spellings(self, entry: DocumentEntry, text: str) -> list[str]:
        """What a text calls a document, the longest first."""
        genus = _GENUS[entry.kind]
        named = self._known_names[entry.id]
        words = re.findall(rf"[\u4e00-\u9fff]{{2,10}}{genus}", text)
        short = [name for word in words if (name := _abbreviation(word, entry.title, genus))]
        return sorted((name for name in (*named, *short) if name in text), key=len, reverse=True)

    def resolve(
        self, documents: tuple[str, ...], text: str
    ) -> tuple[tuple[Locator, ...], tuple[MissingReference, ...], int | None]:
        """Places that a folded text names, references to none, and the 款 of an article when one is named."""
        sets: list[list[Locator]] = []
        missing: list[MissingReference] = []
        paragraph: int | None = None
        found = find_references(text)
        if all(r.kind in ("batch", "number") for r in found) and (met := rows_meeting(text, documents, self._snapshot, self.without_names)):
            return met, (), None
        for reference in found:
            if reference.kind in ("article", "item") and is_part_of_something(text[: reference.span[0]], self.without_names):
                continue
            places, lacking = self._places(reference, documents, text)
            if len(places) > 1 and reference.kind in ("batch", "number") and _describes(text):
                continue
            if places:
                sets.append(places)
            missing.extend(lacking)
            paragraph = paragraph or reference.paragraph
        references = _without_whole(tuple(_combine(sets)))
        if len(references) == 1 and references[0].path == ("0",) and not missing:
            named = (references[0].document,)
            references = particulars_asked(without_references(text), named, self._snapshot, self.without_names) or references
        if not references and not missing:
            references = self._replaced(documents, text) or self.particulars(documents, text)
            references = references or parts_counted(text, documents, self._snapshot, self.without_names)
            references = references or enumerate_places(text, documents, self._snapshot)
        return references, tuple(missing), paragraph

    def particulars(self, documents: tuple[str, ...], text: str) -> tuple[Locator, ...]:
        """Where a folded question is answered that asks of a document as such, and nothing else."""
        return particulars_asked(text, documents, self._snapshot, self.without_names)

    def _replaced(self, documents: tuple[str, ...], text: str) -> tuple[Locator, ...]:
        """Where a document says what it replaces, when the question is about that: 「之前哪个文号的规则停用了」."""
        entries = [e for e in self._entries if e.supersedes and (not documents or e.id in documents)]
        for entry in entries if len(entries) == 1 else ():
            if re.search(_REPLACED.format(genus=_GENUS[entry.kind]), text):
                wanted = {fold(number) for number in entry.supersedes}
                stating = (p for p in self._snapshot.passages if p.locator.document == entry.id)
                return tuple(dict.fromkeys(p.unit for p in stating if any(number in fold(p.text) for number in wanted)))
        return ()

    def _names(self, entry: DocumentEntry, text: str) -> bool:
        if entry.document_number and fold(entry.document_number) in re.sub(r"[\[(【﹝]", "〔", re.sub(r"[\])】﹞]", "〕", text)):
            return True
        if any(name in text for name in self._known_names[entry.id]):
            return True
        genus = _GENUS[entry.kind]
        if sum(other.kind == entry.kind for other in self._entries) == 1 and re.search(_GENUS_NAMES.format(genus=genus), text):
            return True
        return any(_abbreviation(word, entry.title, genus) for word in re.findall(rf"[\u4e00-\u9fff]{{2,10}}{genus}", _closed(text, genus)))

    def _places(self, reference: Reference, documents: tuple[str, ...], text: str) -> tuple[list[Locator], list[MissingReference]]:
        if reference.kind == "number":
            places = self._numbered(reference)
            return places, [] if places else [self._no_such_number(reference)]
        if reference.kind == "batch":
            places = list(self._batched(reference))
            return places, [] if places or not _OF_TABLE.search(text) else self._no_such_batch(reference)
        candidates = [d for d in self._snapshot.documents if self._has_kind(d, reference)]
        if reference.kind == "item" and not re.search(r"附件|事项|方案|举措|复制推广|自贸|行", text):
            return [], []
        named = [d for d in candidates if d.entry.id in documents] or candidates
        places = [place for d in named if (place := self._locate(d, reference)) is not None]
        if reference.kind == "row" and (lacking := self._without_measure(reference, places)):
            return [], lacking
        if lacking := self._without_paragraph(reference, places):
            return [], lacking
        return (places, []) if places or not named else ([], [self._missing(named[0], reference)])

    def _has_kind(self, document: Document, reference: Reference) -> bool:
        wanted = {"article": "article", "chapter": "chapter", "row": "row", "item": "row", "part": "part"}[reference.kind]
        return any(node.kind == wanted for locator, node in self._snapshot.nodes.items() if locator.document == document.entry.id)

    def _locate(self, document: Document, reference: Reference) -> Locator | None:
        node = self._last(document, reference) or self._snapshot.nodes.get(Locator(document.entry.id, reference.path))
        for step in reference.inside if node and not node.row else ():
            node = _numbered_child(node, step) if node else None
        return node.locator if node else None

    def _last(self, document: Document, reference: Reference) -> Node | None:
        """The part or chapter that 「最后一章」 names, with the steps below it that are known."""
        kind, at = ("chapter", 1) if reference.kind == "chapter" else ("part", 0)
        if len(reference.path) <= at or reference.path[at] != str(LAST):
            return None
        found = [place for place, node in self._snapshot.nodes.items() if node.kind == kind and place.document == document.entry.id]
        return self._snapshot.nodes.get(Locator(document.entry.id, (*found[-1].path, *reference.path[at + 1 :]))) if found else None

    def _no_such_batch(self, reference: Reference) -> list[MissingReference]:
        """A batch, or an item of one, that no row is of; none where no document has batches."""
        batches = [(place, node.row.batch) for place, node in self._snapshot.nodes.items() if node.row and node.row.batch]
        if not batches:
            return []
        document = batches[0][0].document
        known = {batch.batch for _, batch in batches}
        if reference.batch not in known:
            return [MissingReference(reference.text, document, f"第{to_chinese(min(known))}批至第{to_chinese(max(known))}批")]
        items = "、".join(str(item) for item in sorted(batch.item for _, batch in batches if batch.batch == reference.batch))
        return [MissingReference(reference.text, document, f"第{to_chinese(reference.batch or 0)}批第{items}项")]

    def _no_such_number(self, reference: Reference) -> MissingReference:
        known = "、".join(entry.document_number for entry in self._entries if entry.document_number)
        return MissingReference(reference.document_number or reference.text, "", known)

    def _missing(self, document: Document, reference: Reference) -> MissingReference:
        entry = document.entry
        if reference.kind == "article" and len(reference.path) > 1:
            parent = Locator(entry.id, reference.path[:1])
            if parent in self._snapshot.nodes:
                count = sum(1 for child in self._snapshot.nodes[parent].children if child.label)
                valid = f"第{to_chinese(int(reference.path[0]))}条" + (f"列有{count}项" if count else "没有分项")
                return MissingReference(reference.text, entry.id, valid)
        if inner := self._innermost(document, reference):
            return MissingReference(reference.text, entry.id, _range_within(entry, inner))
        kind = "row" if reference.kind == "item" else reference.kind
        numbers = [
            int(locator.path[-1].partition("-")[0])
            for locator, node in self._snapshot.nodes.items()
            if locator.document == entry.id and node.kind == kind
        ]
        first, last = min(numbers), max(numbers)
        if kind == "row":
            return MissingReference(reference.text, entry.id, f"附件第{first}项至第{last}项")
        unit = {"article": "条", "chapter": "章", "part": "部分"}[kind]
        return MissingReference(reference.text, entry.id, f"第{to_chinese(first)}{unit}至第{to_chinese(last)}{unit}")

    def _without_paragraph(self, reference: Reference, places: Sequence[Locator]) -> list[MissingReference]:
        """The 款 that a reference names and its article does not have."""
        if reference.paragraph is None or len(places) != 1:
            return []
        count = sum(child.kind == "paragraph" for child in self._snapshot.nodes[places[0]].children)
        if reference.paragraph <= count:
            return []
        name = place_name(self._snapshot.by_id[places[0].document].entry, places[0])
        return [MissingReference(reference.text, places[0].document, f"{name}有{count}款")]

    def _without_measure(self, reference: Reference, places: Sequence[Locator]) -> list[MissingReference]:
        """The measure that a reference names and its row does not have."""
        numbers = {number for place in places for _, number, _ in self._duties.measures(place)}
        if not reference.inside or not numbers or reference.inside[0] in numbers:
            return []
        count = max(numbers)
        name = place_name(self._snapshot.by_id[places[0].document].entry, places[0])
        return [MissingReference(reference.text, places[0].document, f"{name}" + (f"列有{count}条举措" if count else "没有分条举措"))]

    def _innermost(self, document: Document, reference: Reference) -> Node | None:
        """The unit named by all of a nested reference that there is; None when not even the first step is there."""
        if reference.kind not in ("part", "chapter"):
            return None
        least = 1 if reference.kind == "part" else 2
        paths = (reference.path[:size] for size in range(len(reference.path), least - 1, -1))
        found = (self._snapshot.nodes.get(Locator(document.entry.id, path)) for path in paths)
        return next((node for node in found if node), None)

    def _numbered(self, reference: Reference) -> list[Locator]:
        """Where a 文号 leads: the document itself, the rows of a 国函, the article that repeals it."""
        number = reference.document_number or ""
        for entry in self._entries:
            if entry.document_number == number:
                return [Locator(entry.id, ("0",))]
        rows = [
            locator
            for locator, node in self._snapshot.nodes.items()
            if node.row is not None and node.row.batch is not None and node.row.batch.document_number == number
        ]
        if rows:
            return rows
        wanted = fold(number)
        return list(dict.fromkeys(passage.unit for passage in self._snapshot.passages if wanted in fold(passage.text)))

    def _batched(self, reference: Reference) -> Iterator[Locator]:
        for locator, node in self._snapshot.nodes.items():
            if node.row is None or node.row.batch is None or node.row.batch.batch != reference.batch:
                continue
            if reference.batch_item is None or node.row.batch.item == reference.batch_item:
                yield locator


def _names_of(entry: DocumentEntry) -> tuple[str, ...]:
    """What a document is called: its titles, its aliases, and its title without the office's own name before it."""
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(entry.title, entry.issuer, strict=False)))
    bare = entry.title[shared:]
    return (entry.title, entry.short_title, *entry.aliases, *((bare,) if len(bare) >= SHORT else ()))


def _numbered_child(node: Node, step: int) -> Node | None:
    """The part of a unit that has a number; of a chapter, whose articles are numbered through, else the one in that position."""
    labelled = [child for child in node.children if child.label]
    if step == -1:
        return labelled[-1] if labelled else None
    named = next((child for child in labelled if child.locator.path[-1].partition("-")[0] == str(step)), None)
    return named or (labelled[step - 1] if node.kind == "chapter" and 1 <= step <= len(labelled) else None)


def _range_within(entry: DocumentEntry, node: Node) -> str:
    """What numbered parts a unit has: 「第二部分第(六)项列有8项」, 「第五章列有第十九条至第二十七条」."""
    labelled = [child for child in node.children if child.label]
    name = place_name(entry, node.locator)
    if not labelled:
        return f"{name}没有分项"
    if node.kind == "chapter":
        return f"{name}列有{place_name(entry, labelled[0].locator)}至{place_name(entry, labelled[-1].locator)}"
    return f"{name}列有{len(labelled)}项"


def _describes(text: str) -> bool:
    """Whether a question is about more than the places that it names."""
    text = without_references(text)
    rest = questions.FILLER.sub("", questions.SUBJECT.sub("", questions.COURTESY.sub("", text)))
    return len(rest) > (1 if _CONFIRM.search(text) else _ABOUT)


def _combine(sets: Sequence[Sequence[Locator]]) -> Iterator[Locator]:
    """All places named; of two names that overlap (a 国函 and one of its items), what both name."""
    kept: list[Sequence[Locator]] = []
    for places in sets:
        for i, other in enumerate(kept):
            if shared := [place for place in places if place in other]:
                kept[i] = shared
                break
        else:
            kept.append(places)
    yield from dict.fromkeys(place for places in kept for place in places)


def _without_whole(places: Sequence[Locator]) -> tuple[Locator, ...]:
    """The places without the heading block of a document of which another is named: 「宁政发〔2023〕35号第六章」."""
    inside = {place.document for place in places if place.path != ("0",)}
    return tuple(place for place in places if place.path != ("0",) or place.document not in inside)


def _closed(text: str, genus: str) -> str:
    """The text with 「…经验的方案」 as 「…经验方案」."""
    return text.replace(f"的{genus}", genus)


def _abbreviation(word: str, title: str, genus: str) -> str | None:
    """The ending of ``word`` by which an office would call ``title``: 自贸方案, 自贸复制推广方案; None when there is none."""
    for start in range(len(word) - len(genus) - 1):
        short = word[start:]
        remaining = iter(title)
        if short[:2] in title and all(character in remaining for character in short):
            return short
    return None
