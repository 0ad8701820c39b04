"""Question and history → Query: what is asked, of which document and year, and which places it names.

Everything here is grammar of questions (reference, year, list, comparison, ellipsis), never the subject of one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property

from rag.language import questions
from rag.language.locators import Reference, find_references
from rag.language.numerals import to_chinese
from rag.language.text import fold
from rag.records import Asked, Document, DocumentEntry, Locator, MissingReference, Query, Shape, Turn
from rag.search.snapshot import Snapshot


class Understanding:
    """Understands questions about one snapshot: its documents, numbering, years and coordinate terms."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._entries = tuple(document.entry for document in snapshot.documents)

    def understand(self, question: str, history: Sequence[Turn] = ()) -> Query:
        """The Query of a question asked after ``history`` (oldest first). Never raises on any text."""
        standalone, second = self._standalone(fold(question), history)
        query = self._read(question, strip_courtesy(standalone), alone=standalone != fold(question))
        if second is None or query.shape in ("smalltalk", "task"):
            return query
        return replace(query, alternative=self._read(question, second, alone=True))

    def _read(self, question: str, core: str, *, alone: bool = False) -> Query:
        """The Query of a question that stands alone; ``alone`` when it is one facet of another."""
        shape = self._shape(core, fold(question))
        if shape in ("smalltalk", "task"):
            return Query(question, core, shape)
        documents = tuple(entry.id for entry in self._entries if self._names(entry, core))
        found = find_references(core)
        references, missing, paragraph = self._resolve(found, documents, core)
        years = self._years(core)
        asked = _asked(core)
        query = Query(question, core, shape, asked, references, missing, paragraph, documents, years)
        return query if alone else replace(query, facets=self._facets(query))

    # ── follow-ups ──────────────────────────────────────────────────────────────────────────────

    def _standalone(self, question: str, history: Sequence[Turn]) -> tuple[str, str | None]:
        """The question with what it leaves out filled in, and a second reading where the first is not sure."""
        topic = ""
        for turn in history:
            topic = self._complete(fold(turn.question), topic)[2]
        return self._complete(question, topic)[:2]

    def _complete(self, question: str, topic: str) -> tuple[str, str | None, str]:
        """The question standing alone, a second reading of it, and the topic that it leaves to the next question."""
        core = strip_courtesy(question).strip()
        if (
            not core
            or questions.GREETING.fullmatch(core.rstrip("。!?,~. "))
            or questions.INJECTION.search(core)
            or questions.TASK.search(core)
        ):
            return question, None, topic
        missing = self._ellipsis(core) if topic else 0
        if missing == 0:
            return question, None, core
        slot = questions.ELLIPSIS_START.sub("", core).strip(",、 ")
        if swapped := self._swap(slot, topic):
            return (swapped, None, swapped) if missing == 2 else (question, swapped, topic)
        completed = f"{self._bare_topic(topic, slot)},{slot}"
        return (completed, None, topic) if missing == 2 else (question, completed, topic)

    def _bare_topic(self, topic: str, slot: str) -> str:
        """The topic without its question mark, and without its year when the new question brings one."""
        bare = _stem(re.sub(r"(?:呢|吗|么|吧|呀|啊)?[?。!,\s]*$", "", topic))
        if self._years(slot):
            bare = questions.YEAR.sub("", bare)
            for word in questions.RELATIVE_YEARS:
                bare = bare.replace(word, "")
        return bare

    def _ellipsis(self, core: str) -> int:
        """How surely a question leaves its topic out: 2 surely, 1 perhaps, 0 not."""
        if questions.ELLIPSIS_START.search(core) or (re.search(r"呢[?。!]*$", core) and len(core) <= 20):
            return 2
        if find_references(core) or any(self._names(entry, core) for entry in self._entries):
            return 0
        bare = questions.YEAR.sub("", core)
        for word in questions.RELATIVE_YEARS:
            bare = bare.replace(word, "")
        content = questions.FILLER.sub("", questions.PRONOUN.sub("", bare))
        if len(content) <= 3 or (questions.PRONOUN.search(core) and len(content) <= 10):
            return 2
        return 1 if len(content) <= 9 else 0

    def _swap(self, slot: str, topic: str) -> str | None:
        """「那秘书长呢?」: put 秘书长 where the topic has a term of the same kind."""
        bare = re.sub(r"(?:呢|的|吗|怎么样|怎样|如何)*[?。!,\s]*$", "", slot)
        if not bare or len(bare) > 16:
            return None
        here, before = find_references(bare), find_references(topic)
        if here and before and here[0].text == bare:
            same = next((r for r in before if r.kind == here[0].kind or {r.kind, here[0].kind} == {"row", "item"}), None)
            if same:
                text = f"附件{bare}" if here[0].kind == "item" and same.kind == "row" else bare
                return topic[: same.span[0]] + text + topic[same.span[1] :]
        if bare in questions.RELATIVE_YEARS or questions.YEAR.fullmatch(bare):
            dated = questions.YEAR.sub(bare, topic, count=1)
            if dated == topic:
                word = next((w for w in questions.RELATIVE_YEARS if w in topic), None)
                dated = topic.replace(word, bare, 1) if word else f"{bare}{topic}"
            return dated
        term = self._same_kind(bare, topic)
        return topic.replace(term, bare, 1) if term else None

    def _same_kind(self, term: str, text: str) -> str | None:
        """A stretch of ``text`` that the documents list beside ``term``, or that is built like it (常务会议, 全体会议)."""
        best = ""
        for first, middle, last in self._lists:
            if not (term in middle or first.endswith(term) or last.startswith(term)):
                continue
            pieces = [*middle, *(first[i:] for i in range(len(first) - 1)), *(last[:i] for i in range(2, len(last) + 1))]
            for piece in pieces:
                if piece in text and piece != term and term not in piece and piece not in term and len(piece) > len(best):
                    best = piece
        if best:
            return best
        size = len(term)
        for ending in (2, 1) if size <= 3 else (2,):
            at = text.find(term[-ending:])
            if size > ending and at >= size - ending and text[at - size + ending : at + ending] != term:
                window = text[at - size + ending : at + ending]
                if re.fullmatch(r"[\u4e00-\u9fffa-z0-9]+", window):
                    return window
        return None

    @cached_property
    def _lists(self) -> tuple[tuple[str, tuple[str, ...], str], ...]:
        """What the documents list side by side (主席、副主席、秘书长): first, middle and last terms of each list.

        Where the first term begins and the last one ends is not known; those in the middle are exact.
        """
        found: dict[tuple[str, tuple[str, ...], str], None] = {}
        for document in self._snapshot.documents:
            for match in questions.COORDINATE.finditer(document.text):
                terms = [term for term in re.split(r"[、和或及]", match[0]) if len(term) >= 2]
                if len(terms) > 1:
                    found[(terms[0], tuple(terms[1:-1]), terms[-1])] = None
        return tuple(found)

    # ── shape ───────────────────────────────────────────────────────────────────────────────────

    def _shape(self, core: str, typed: str) -> Shape:
        if questions.INJECTION.search(typed):
            return "task"
        bare = re.sub(r"[。!?,~.\s、]+$", "", core)
        if (
            not re.search(r"\w", core)
            or questions.GREETING.fullmatch(bare)
            or questions.GREETING.fullmatch(re.sub(r"[。!?,~.\s]+$", "", typed.strip()))
        ):
            return "smalltalk"
        if questions.TASK.match(core):
            return "task"
        if questions.COMPARE.search(core) and (len(self._years(core)) > 1 or re.search(r"和|与|跟|比|还是|、", core)):
            return "compare"
        if questions.LIST.search(core):
            return "list"
        if questions.COUNT.search(core):
            return "count"
        return "fact"

    # ── references ──────────────────────────────────────────────────────────────────────────────

    def _names(self, entry: DocumentEntry, text: str) -> bool:
        names = (entry.title, entry.short_title, *entry.aliases)
        if entry.document_number and fold(entry.document_number) in re.sub(r"[\[(【﹝]", "〔", re.sub(r"[\])】﹞]", "〕", text)):
            return True
        return any(fold(name) in text for name in names)

    def _resolve(
        self, found: Sequence[Reference], documents: tuple[str, ...], text: str
    ) -> tuple[tuple[Locator, ...], tuple[MissingReference, ...], int | None]:
        resolved: list[Locator] = []
        missing: list[MissingReference] = []
        paragraph: int | None = None
        for reference in found:
            places, lacking = self._places(reference, documents, text)
            resolved.extend(place for place in places if place not in resolved)
            missing.extend(lacking)
            paragraph = paragraph or reference.paragraph
        return tuple(resolved), tuple(missing), paragraph

    def _places(self, reference: Reference, documents: tuple[str, ...], text: str) -> tuple[list[Locator], list[MissingReference]]:
        if reference.kind == "number":
            return self._numbered(reference), []
        if reference.kind == "batch":
            return list(self._batched(reference)), []
        candidates = [d for d in self._snapshot.documents if self._has_kind(d, reference)]
        if reference.kind == "item" and not re.search(r"附件|事项|方案|举措|复制推广|自贸", text):
            return [], []
        named = [d for d in candidates if d.entry.id in documents] or candidates
        places = [place for d in named if (place := self._locate(d, reference)) is not None]
        if places or not named:
            return places, []
        return [], [self._missing(named[0], reference)]

    def _has_kind(self, document: Document, reference: Reference) -> bool:
        wanted = {"article": "article", "chapter": "chapter", "row": "row", "item": "row", "part": "part"}[reference.kind]
        return any(node.kind == wanted for locator, node in self._snapshot.nodes.items() if locator.document == document.entry.id)

    def _locate(self, document: Document, reference: Reference) -> Locator | None:
        locator = Locator(document.entry.id, reference.path)
        return locator if locator in self._snapshot.nodes else None

    def _missing(self, document: Document, reference: Reference) -> MissingReference:
        entry = document.entry
        if reference.kind == "article" and len(reference.path) > 1:
            parent = Locator(entry.id, reference.path[:1])
            if parent in self._snapshot.nodes:
                count = sum(1 for child in self._snapshot.nodes[parent].children if child.label)
                valid = f"第{to_chinese(int(reference.path[0]))}条" + (f"列有{count}项" if count else "没有分项")
                return MissingReference(reference.text, entry.id, valid)
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

    # ── years and facets ────────────────────────────────────────────────────────────────────────

    def _years(self, text: str) -> tuple[int, ...]:
        """Years the question is about; 今年 is the year of the document that counts years."""
        found: dict[int, None] = {}
        numbers = [reference.span for reference in find_references(text) if reference.kind == "number"]
        for match in questions.YEAR.finditer(text):
            if any(a <= match.start() < b for a, b in numbers):
                continue
            year = int(match[1])
            found[year if year > 99 else 2000 + year] = None
        base = max((entry.year for entry in self._entries if entry.part_years), default=None)
        for word, shift in questions.RELATIVE_YEARS.items():
            if word in text and base is not None:
                found[base + shift] = None
        return tuple(found)

    def _facets(self, query: Query) -> tuple[Query, ...]:
        """The sub-questions of which a question consists: two years, two things compared, two things asked."""
        if len(query.years) == 2 and len(questions.INTERROGATIVE.findall(query.standalone)) <= 1:
            texts: Sequence[str] = [self._with_year(query.standalone, year, query.years) for year in query.years]
        else:
            texts = (self._compared(query.standalone) if query.shape == "compare" else ()) or self._clauses(query.standalone)
        if not texts and len(query.documents) > 1:
            return tuple(replace(query, documents=(document,)) for document in query.documents)
        return tuple(self._read(query.question, text, alone=True) for text in texts)

    def _compared(self, text: str) -> tuple[str, ...]:
        """「全体会议和常务会议的组成」: the question once for each of the two."""
        pair = re.search(r"(?P<first>[\u4e00-\u9fff]{2,10}?)(?:和|与|跟|、|还是|及)(?P<second>[\u4e00-\u9fff]{2,10})", text)
        if pair is None:
            return ()
        for size in range(len(pair["second"]), 1, -1):
            second = pair["second"][:size]
            first = self._same_kind(second, pair["first"])
            begin, end = pair.end("first") - len(first or ""), pair.start("second") + size
            if first and pair["first"].endswith(first) and re.match(r"(?:的|在|有|各|分别|由|要|需|是|谁|哪|多|,|$)", text[end:]):
                return tuple(text[:begin] + term + text[end:] for term in (first, second))
        return ()

    def _clauses(self, text: str) -> tuple[str, ...]:
        """The clauses that each ask something, with what the clauses before them are about; () when only one asks."""
        pieces = [piece.strip() for piece in re.split(r"[,;?。!]|、(?=[^、]*(?:谁|哪|什么|多少|几|怎么|如何))", text) if piece.strip()]
        asking = [bool(questions.ASKS.search(piece)) for piece in pieces]
        if sum(asking) < 2:
            return ()
        topic = "".join(piece for piece, asks in zip(pieces, asking, strict=True) if not asks)
        texts: list[str] = []
        for piece in (piece for piece, asks in zip(pieces, asking, strict=True) if asks):
            if texts and self._ellipsis(piece) == 2:
                if self._years(piece):
                    texts.append(self._complete(piece, texts[-1])[0])
                else:
                    texts[-1] = f"{texts[-1]},{piece}"  # 「…是谁主持,多久一次」 asks about one thing
            elif topic:
                texts.append(f"{topic},{piece}")
            else:
                texts.append(piece)
                topic = _stem(piece)
        return tuple(texts) if len(texts) > 1 else ()

    def _with_year(self, text: str, year: int, years: Sequence[int]) -> str:
        base = max((entry.year for entry in self._entries if entry.part_years), default=year)
        words = {word: base + shift for word, shift in questions.RELATIVE_YEARS.items() if word in text}
        for word, meant in words.items():
            text = text.replace(word, f"{meant}年")
        for other in years:
            if other != year:
                text = re.sub(rf"(?:与|和|跟|同|比|较|、)?{other}年?(?:的)?(?:与|和|跟|同|比|较|、)?", "", text)
        text = re.sub(r"(?:相比|对比|比较|各(?:自)?|分别)", "", text)
        return text if f"{year}" in text else f"{year}年{text}"


def strip_courtesy(text: str) -> str:
    """The question without 「您好,请问」."""
    stripped = questions.COURTESY.sub("", text).strip()
    return stripped or text.strip()


def _stem(text: str) -> str:
    """What a question is about: the words before the one that asks; all of it when hardly any stand there."""
    found = questions.INTERROGATIVE.search(text)
    stem = re.sub(r"(?:由|是|要|应|归|有|叫|需|能|会|被|都|各)+$", "", text[: found.start()] if found else text)
    return stem if len(stem) >= 3 else text


def _asked(text: str) -> Asked:
    for asked, pattern in questions.ASKED:
        if re.search(pattern, text):
            return asked
    return "any"
