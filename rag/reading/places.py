"""Places that a question names by number → locators; the valid range where there is none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.language.locators import LAST, Reference, find_references, place_name, spell_out
from rag.language.numerals import to_chinese
from rag.language.text import fold
from rag.records import Document, DocumentEntry, Locator, MissingReference, Node
from rag.search.snapshot import Snapshot

_TABLE = re.compile(r"附件|附表|表|事项|举措|行")
"""What shows that 「第5项」 is a row of a table."""

_OF_TABLE = re.compile(r"国发|国函|国务院|改革试点|试点经验|事项|附[件表]|责任单位|批次")
"""What shows that a batch is one of the table's."""


class Places:
    """Resolves the numbers of one snapshot's places."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._entries = tuple(document.entry for document in snapshot.documents)

    def resolve(self, text: str, documents: tuple[str, ...]) -> tuple[tuple[Locator, ...], tuple[MissingReference, ...], int | None]:
        """Places that a folded text names, references to none, and the 款 of an article when one is named."""
        text = spell_out(text)
        sets: list[list[Locator]] = []
        missing: list[MissingReference] = []
        paragraph: int | None = None
        for reference in find_references(text):
            places, lacking = self._places(reference, documents, text)
            if places:
                sets.append(places)
            missing.extend(lacking)
            paragraph = paragraph or reference.paragraph
        return _without_whole(tuple(_combine(sets))), tuple(missing), paragraph

    def _places(self, reference: Reference, documents: tuple[str, ...], text: str) -> tuple[list[Locator], list[MissingReference]]:
        if reference.kind == "number":
            places = self._numbered(reference)
            return places, [] if places else [self._no_such_number(reference)]
        if reference.kind == "batch":
            places = list(self._batched(reference))
            return places, [] if places or not _OF_TABLE.search(text) else self._no_such_batch(reference)
        candidates = [d for d in self._snapshot.documents if self._has_kind(d, reference)]
        if reference.kind == "item" and len(candidates) != 1 and not _TABLE.search(text):
            return [], []
        named = [d for d in candidates if d.entry.id in documents] if documents else candidates
        places = [place for d in named if (place := self._locate(d, reference)) is not None]
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
