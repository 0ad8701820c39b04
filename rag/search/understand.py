"""Question and history → Query: what is asked, of which document and year, and which places it names.

Everything here is grammar of questions (reference, year, list, comparison, ellipsis), never the subject of one.
What a question names is resolved by refer.py, what it leaves out is filled in by complete.py, what it consists of is
told by divide.py.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from rag.language import orders, questions
from rag.language.locators import find_references, without_references
from rag.language.text import fold
from rag.records import Asked, Query, Shape, Turn
from rag.search.complete import Completer, stem, strip_courtesy, without_years
from rag.search.coordinates import Coordinates
from rag.search.divide import Divider, by_year, in_figures
from rag.search.enumerate import body_names, units_called
from rag.search.refer import Referrer
from rag.search.snapshot import Snapshot
from rag.search.spelling import Speller

_BLANKS = re.compile(r"(?<=[\u4e00-\u9fff])\s+(?=[\u4e00-\u9fff])")  # 「六 盘 山」: blanks inside Chinese say nothing

_HOW_SAID = "怎么规定"
"""What is asked of each of two documents by 「关于…,规则和报告里都有表态吗」."""


class Understanding:
    """Understands questions about one snapshot: its documents, numbering, years and coordinate terms."""

    def __init__(self, snapshot: Snapshot, speller: Speller | None = None) -> None:
        self._speller = speller
        self._entries = tuple(document.entry for document in snapshot.documents)
        self._referrer = Referrer(snapshot)
        coordinates = Coordinates(document.text for document in snapshot.documents)
        refer = self._referrer
        units = tuple({unit for node in snapshot.nodes.values() if node.row for unit in node.row.responsible_units})
        self._completer = Completer(
            coordinates,
            lambda text: bool(refer.named_documents(text)),
            refer.numbered,
            refer.without_names,
            lambda text: next((name for name in body_names(text) if units_called(name, units)), ""),
        )
        self._divider = Divider(coordinates, self._completer)

    def understand(self, question: str, history: Sequence[Turn] = ()) -> Query:
        """The Query of a question asked after ``history`` (oldest first). Never raises on any text."""
        topic = self._completer.topic_of([replace(turn, question=self._folded(turn.question)) for turn in history])
        typed = self._completer.count_on(questions.asked_of_years(_BLANKS.sub("", self._folded(question))), topic)
        reading = self._completer.complete(typed, topic)
        query = self._read(question, strip_courtesy(reading.question), alone=reading.question != typed)
        if query.shape in ("smalltalk", "task"):
            return query
        asked_of = self._referrer.named_documents(typed) if reading.added else ()
        if len(asked_of) == 1:
            query = replace(query, documents=asked_of, only=True)  # 「那份方案里有没有提」
        if reading.second is not None:
            second = self._read(question, reading.second, alone=True)
            query = replace(query, alternative=replace(second, added=reading.added, topic=topic))
        else:
            query = replace(query, added=reading.added, topic=topic if reading.added else "")
        named = query.references or query.missing_references  # what can be looked up was typed well enough
        meant = self._speller.correct(query.standalone) if self._speller and not named else None
        if meant is None:
            return query
        corrected = self._read(question, meant, alone=reading.question != typed)
        return replace(corrected, alternative=query) if corrected.shape not in ("smalltalk", "task") else query

    def _folded(self, question: str) -> str:
        """A question folded, its pinyin in characters, its blanks one each."""
        return self._speller.in_characters(_plain(question), question) if self._speller else _plain(question)

    def _read(self, question: str, core: str, *, alone: bool = False, within: tuple[str, ...] = ()) -> Query:
        """The Query of a question that stands alone; ``alone`` when it is one facet of another, of the documents ``within``."""
        shape = self._shape(core, _plain(question))
        if shape in ("smalltalk", "task"):
            return Query(question, core, shape)
        core = self._referrer.numbered(core)
        documents = self._referrer.named_documents(core) or (within if find_references(core) else ())
        references, missing, paragraph = self._referrer.resolve(documents, core)
        core = self._referrer.shortened(core)
        asked = _asked(without_references(core) if references else core)
        query = Query(question, core, shape, asked, references, missing, paragraph, documents, self._years(core))
        return query if alone else replace(query, facets=self._facets(query))

    def _shape(self, core: str, typed: str) -> Shape:
        if orders.INJECTION.search(typed):
            return "task"
        bare = re.sub(r"[。!?,~.\s、]+$", "", core)
        if (
            not re.search(r"\w", core)
            or orders.GREETING.fullmatch(bare)
            or orders.GREETING.fullmatch(re.sub(r"[。!?,~.\s]+$", "", typed.strip()))
        ):
            return "smalltalk"
        if orders.TASK.match(core):
            return "task"
        if questions.COMPARE.search(core) and (len(self._years(core)) > 1 or re.search(r"和|与|跟|比|还是|、", core)):
            return "compare"
        if questions.LIST.search(core):
            return "list"
        if questions.COUNT.search(core):
            return "count"
        return "fact"

    # ── years and facets ────────────────────────────────────────────────────────────────────────

    @property
    def _base_year(self) -> int | None:
        """What 今年 means: the year of the document that counts years."""
        return max((entry.year for entry in self._entries if entry.part_years), default=None)

    def _years(self, text: str) -> tuple[int, ...]:
        """Years the question is about, in the order in which it names them."""
        found: dict[int, None] = {}
        numbers = [reference.span for reference in find_references(text) if reference.kind == "number"]
        for match in questions.YEAR.finditer(text):
            if any(a <= match.start() < b for a, b in numbers):
                continue
            year = int(match[1])
            found[year if year > 99 else 2000 + year] = None
        for word, shift in questions.RELATIVE_YEARS.items():
            if word in text and self._base_year is not None:
                found[self._base_year + shift] = None
        return tuple(found)

    def _in_document(self, query: Query, document: str) -> Query:
        """What a question about several documents asks of one."""
        part = self._referrer.without_others(document, query.documents, query.standalone)
        about, _, last = part.rstrip("?。! ").rpartition(",")
        if about and questions.SAYS_SO.fullmatch(self._referrer.without_names(last).lstrip("和与跟及、")):
            part = f"{about},{_HOW_SAID}"
        return replace(self._read(query.question, part, alone=True), documents=(document,), only=True)

    def _is_of_one_place(self, query: Query) -> bool:
        """Whether the places found answer all of the question at once: what a heading block says, what a list is of and called."""
        counted = query.shape in ("list", "count") and not find_references(query.standalone)
        return counted or query.references == self._referrer.particulars(query.documents, query.standalone)

    def _facets(self, query: Query) -> tuple[Query, ...]:
        """The sub-questions of which a question consists: two years, two things compared, two things asked, two documents."""
        text = query.standalone
        if query.references and self._is_of_one_place(query):
            return ()
        rows = len(query.references) > 1 and all(place.path[:1] == ("annex",) for place in query.references)
        if rows and query.asked in ("unit", "deadline", "batch", "title") and not self._divider.clauses(text):
            return ()  # one field of several rows is listed
        if measured := self._divider.measured(text):
            texts = tuple(in_figures(part, self._base_year) for part in measured) if len(query.years) == 2 else measured
        elif len(query.years) == 2 and len(questions.INTERROGATIVE.findall(text)) <= 1:
            texts = by_year(text, query.years, self._base_year)
        else:
            texts = (self._divider.contrasted(text) if query.shape == "compare" else ()) or self._divider.clauses(text)
        if len(query.documents) > 1 and not query.references:
            return tuple(self._in_document(query, document) for document in query.documents)
        parts = tuple(self._read(query.question, part, alone=True, within=query.documents) for part in texts)
        return tuple(self._within_topic(part, parts[0]) for part in parts)

    def _within_topic(self, part: Query, first: Query) -> Query:
        """A later part that names a document and may be of the first one's topic, with that reading beside it."""
        if part is first or len(part.documents) != 1 or part.documents == first.documents or part.references or "," in part.standalone:
            return part
        text = f"{without_years(stem(first.standalone))},{part.standalone}"
        return replace(part, alternative=replace(part, standalone=text, only=True))


def _plain(question: str) -> str:
    """A question folded, each run of its blanks one."""
    return re.sub(r"\s+", " ", fold(question))


def _asked(text: str) -> Asked:
    for asked, pattern in questions.ASKED.items():
        if re.search(pattern, text):
            return asked
    return "any"
