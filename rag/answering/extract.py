"""Query + Evidence → Draft in the documents' own words: the sentence, item or cell that answers.

Which sentence answers is read off three things: how near it is to the question, how near the questions are that
it is known to answer, and how many of the question's rare words it holds. Nothing is written but connecting
labels (a column's name, a year), so every statement is a stretch of its quote.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rag.answering.choose import Chooser, Tuning
from rag.answering.lists import Lists, alike, names_all, uniform
from rag.answering.units import LIMIT, SHORTEST, WHOLE, Units, clip
from rag.language.locators import find_references, place_name, without_references
from rag.language.numerals import NUMBER, to_int
from rag.language.questions import ASKED, COUNT, COURTESY, FILLER, SUBJECT
from rag.language.text import fold, matching_form
from rag.language.words import content_terms, is_carried
from rag.records import Draft, Hit, Locator, Node, Passage, Query, Sentence, Statement
from rag.search.duties import SHORT_COLUMNS, Duties
from rag.search.enumerate import NAMES_TOO, counted, stated
from rag.search.index import Index
from rag.search.lexical import tokenize
from rag.search.particulars import particulars_said
from rag.search.retrieve import COLUMN_OF, Evidence

_ABOUT = 4
"""Characters that 「第七条原话发我看看」 may have beside the place and the word for its text."""

LONG_LIST = 20
"""Places beyond which a list is answered by its number."""

SAME = 5
"""Characters that a sentence may have beside a heading and still be only that."""

_COUNTERS: dict[str, str] = {
    "part": "项|条|个|类|方面|节|点|部分", "section": "项|条|个|类|方面|点",
    "chapter": "项|条|个|类|方面", "article": "项|条|个|类|种|款|方面"
}  # fmt: skip
"""The measure words by which the parts of a unit are counted; a question after so many 批 or 家 asks for something else."""

_SENTENCE = re.compile(rf"第(?P<number>{NUMBER})句|最后(?:一|1)句|末句")
_TITLE = re.compile(r"章名|节名|标题|题目|主题|题旨|名称|名字|叫(?:个|做)?(?:什么|啥)")
_RANGE = re.compile(r"从?(?:第几|哪(?:一|1)?|多少)条?(?:起|开始)?,?(?:到|至)(?:第几|哪(?:一|1)?|多少)条|起止(?:条|于)")
_VERBATIM = re.compile(r"原话|原文|全文|原条文|条文|一字不[差漏改落]")
_WHICH_UNIT = re.compile(
    r"(?:哪(?:一|1)?|第几|第多少)个?(?:大?项|事项|条|章|节|部分|件事|点|行)(?![目次])|哪(?:一|1)?个(?:经验|改革|任务|模式|机制|举措|方面|环节)"
)
_WHAT_IT_IS = re.compile(r"是个?(?:什么|啥)(?!意思)")
_WHERE = re.compile(r"第几|第多少|哪(?:一|1)?个?(?:条|章|节|部分|行)|(?:在|写|属于?).{0,6}哪")
_FIELD = re.compile(
    r"责任单位|责任部门|牵头|负责|[归由](?:谁|哪)|(?:谁|哪(?:个|家|些)?(?:单位|部门|厅局?))(?:来)?(?:管|抓|承担|落实)|完成时限|什么时候(?:要|得)?(?:完成|做完|办完)|第几批|哪(?:一)?批|国发批次|事项名称"
)
"""A field by its own name: it is what is asked for, whatever else the question says."""

_SEVERAL = re.compile(r"[和与跟、]|分别|各")
"""What shows that a question asks of several things, of which each may have a sentence."""

_IN_BATCH = re.compile(r"[(（]第[^()（）]+批第[^()（）]+项[)）]")
_NTH_MEASURE = re.compile(
    rf"(?:第(?P<number>{NUMBER})|(?P<final>最后)(?:一|1))(?:条|项|点|个)(?:具体|落实|的)*(?:举措|措施)"
    rf"|(?:举措|措施)[^,;。?!]{{0,8}},?(?:的|里|中)?(?P<last>最后(?:一|1)(?:条|项|点|个))"
    rf"|(?:举措|措施)(?:的|里|中)?第?(?P<after>{NUMBER})(?:条|项|点|[是,?]|$)"
)
_ENUMERATED = re.compile(r"(?:[^。;；]{0,12}[:：])?[一二三四五六七八九十]是")


class Extractor:
    """Composes drafts from one index."""

    def __init__(self, index: Index, tuning: Tuning | None = None) -> None:
        self._index = index
        self._snapshot = index.snapshot
        self._duties = Duties(index.snapshot)
        self._units = Units(index.snapshot)
        self._lists = Lists(index.snapshot)
        self._chooser = Chooser(index, tuning or Tuning())

    def extract(self, query: Query, evidence: Evidence, *, limit: int = LIMIT) -> Draft:
        """The draft for one question, of at most ``limit`` characters unless it is a list; empty when no unit was found."""
        if not evidence.hits:
            return Draft(())
        named = [hit for hit in evidence.hits if "reference" in hit.found_by]
        if named:
            return self._place(query, evidence, named, limit)
        top = evidence.hits[0]
        node = self._snapshot.nodes.get(top.unit)
        if measure := self._measure(query, top.unit):
            return Draft(self.join(measure))
        if duties := self._duty(query, top.unit):
            return Draft(tuple(duties), listing=len(duties) > 1)
        if counted_off := self._lists.counted(query, evidence.hits):
            return Draft(counted_off, listing=True)
        words = self._said_of(query, node) if node is not None else ()
        if node is not None:
            cell = self._cell(query, node) if node.row is not None and not words else None
            if cell and query.asked != "title":
                return Draft((cell,))
            if listed := self._listed(query, evidence, top, node):
                return listed
            if cell:
                return Draft((cell,))
            if common := self._common_cell(query, node):
                return Draft((common,))
        if words:
            statements = self._row_sentences(query, evidence, [top], words, limit)
        else:
            statements = self.join(list(self._chooser.sentences(query, evidence, [top], limit)))
        said = tuple(self._naming(query, node, statements) if node else statements)
        return Draft((*said, *self._chooser.beside(query, evidence, limit - sum(len(statement.text) for statement in said))))

    # ── places that the question names ──────────────────────────────────────────────────────────

    def _place(self, query: Query, evidence: Evidence, named: Sequence[Hit], limit: int) -> Draft:
        node = self._snapshot.nodes[query.references[0]]
        if said := [Statement(s, at, s) for at in query.references for s in particulars_said(query.standalone, at, self._snapshot)]:
            return Draft(tuple(said), listing=len(said) > 1)
        found = node.row is not None and query.shape in ("list", "count") and not find_references(query.standalone)
        if found or len(query.references) > 1:
            statements = tuple(self._enumerate(query, query.references))
            return Draft(statements, listing=found or len(statements) > 1)
        if measure := self._measure(query, node.locator):
            return Draft(self.join(measure))
        if duties := self._duty(query, node.locator):
            return Draft(tuple(duties), listing=len(duties) > 1)
        if node.row is not None:
            return Draft(tuple(self._row(query, evidence, node, named)))
        if query.paragraph is not None:
            return Draft(self.join(list(self._units.paragraph(node, query.paragraph))))
        if (nth := _SENTENCE.search(query.standalone)) and (counted_off := self._units.sentence(node, to_int(nth["number"] or "") or -1)):
            return Draft((counted_off,))
        if node.kind == "chapter" and _RANGE.search(query.standalone) and len(parts := self._units.outline(node)) > 1:
            return Draft((self._units.heading(node), parts[0], parts[-1]), listing=True)
        if node.heading and find_references(query.standalone) and _TITLE.search(query.standalone):
            return Draft((self._units.heading(node),))
        beside = self._beside_reference(query)
        if _VERBATIM.search(beside) and len(FILLER.sub("", _VERBATIM.sub("", beside))) <= _ABOUT and not self._units.outline(node):
            whole = self.join(list(self._units.whole(node)))
            return Draft(whole, listing=len(whole) > 1)
        if listed := self._listed(query, evidence, named[0], node):
            headed = query.shape == "list" and listed.listing and node.kind in ("chapter", "section", "part")
            return Draft((self._units.heading(node), *listed.statements), listing=True) if headed else listed
        if node.kind == "chapter" or _asks_for_content(beside):
            # 「是哪项工作」: its heading and a little more will do
            only_which = node.kind == "front" or "哪" in beside or bool(node.heading and _WHAT_IT_IS.search(beside))
            content, listing = self._units.content(node, limit if only_which or limit < LIMIT else WHOLE)
            return Draft(self.join(content), listing=listing)
        return Draft(self.join(list(self._chooser.sentences(query, evidence, named, limit))))

    def _naming(self, query: Query, node: Node, statements: Sequence[Statement]) -> Sequence[Statement]:
        """The statements, after the name of their unit when the question asks which one it is, by its place when it asks where."""
        if not statements or not _WHICH_UNIT.search(query.standalone):
            return statements
        first, place = statements[0], ""
        if not node.heading or _WHERE.search(query.standalone):
            place = place_name(self._snapshot.by_id[node.locator.document].entry, node.locator)
        if node.heading and (place or node.heading not in first.text):
            heading = self._units.cell(node, "事项", bare=True) if node.row is not None else self._units.heading(node)
            named = heading.text if heading.text.startswith(place) else f"{place}:{heading.text}"
            rest = statements[1:] if node.heading in first.text and len(first.text) <= len(node.heading) + SAME else statements
            return (Statement(named, heading.locator, heading.quote), *rest)
        return (Statement(f"{place}:{first.text}", first.locator, first.quote), *statements[1:]) if place else statements

    def _beside_reference(self, query: Query) -> str:
        """What a question says beside the place and the document that it names."""
        text = without_references(query.standalone)
        for document in self._snapshot.documents:
            for name in (document.entry.title, document.entry.short_title, *document.entry.aliases):
                text = text.replace(fold(name), "")
        return COURTESY.sub("", re.sub(r"报告|方案|规则|文件", "", text))

    def _enumerate(self, query: Query, locators: Sequence[Locator]) -> Iterator[Statement]:
        if len(locators) > LONG_LIST:
            yield self._units.total(locators)
            return
        for locator in locators:
            node = self._snapshot.nodes[locator]
            if node.row is not None:
                yield self._row_listed(query, node)
                continue
            if node.kind in ("chapter", "part") or query.shape in ("list", "count"):
                yield self._units.heading(node)
                continue
            yield from list(self._units.opening(node))[:1]

    def _row_listed(self, query: Query, node: Node) -> Statement:
        """A row in a list: its name and the field asked for; of rows found by their batch, the number that each has in it."""
        kinds = {reference.kind for reference in find_references(query.standalone)}
        if kinds & {"batch", "number"} and not kinds & {"row", "item"} and query.asked not in ("unit", "deadline"):
            title, cell = self._units.cell(node, "事项", bare=True), self._units.cell(node, "国发批次", bare=True)
            number = _IN_BATCH.search(cell.text)
            return Statement(f"{title.text}{number[0]}", cell.locator, number[0]) if number else title
        return self._cell(query, node, title=True) or self._units.cell(node, "事项", bare=True)

    # ── rows ────────────────────────────────────────────────────────────────────────────────────

    def _row(self, query: Query, evidence: Evidence, node: Node, named: Sequence[Hit]) -> Iterator[Statement]:
        """A row that the question names: which it is, what it says of that, the field asked for, its measures, or what it is about."""
        found_by = {reference.kind for reference in find_references(query.standalone)}
        if found_by <= {"batch", "number"} and _WHERE.search(without_references(query.standalone)) and query.asked != "batch":
            title = self._units.cell(node, "事项", bare=True)
            place = place_name(self._snapshot.by_id[node.locator.document].entry, node.locator)
            yield Statement(f"{place}:{title.text}", title.locator, title.quote)
        elif words := self._said_of(query, node):
            yield from self._row_sentences(query, evidence, named, words, LIMIT)
        elif cell := self._cell(query, node, title=not found_by):
            yield cell
        elif query.asked == "measures":
            for passage in self._units.passages(node.locator):
                if passage.name not in ("事项", "主要内容", "责任单位", "完成时限", "国发批次"):
                    yield from (Statement(s.text, passage.locator, s.text) for s in passage.sentences)
        elif query.asked in ("any", "content", "title"):
            title = self._units.cell(node, "事项")
            yield title
            yield self._units.cell(node, "主要内容", limit=LIMIT - len(title.text) - len("主要内容:"))
        else:
            yield from self._chooser.sentences(query, evidence, named)

    def _measure(self, query: Query, place: Locator) -> list[Statement]:
        """The measure of a row that the question counts off: 「附件第11项的第三条举措」; [] when it counts none."""
        inside = next((r.inside[0] for r in find_references(query.standalone) if r.kind == "row" and r.inside), None)
        counted_off = _NTH_MEASURE.search(query.standalone)
        number = inside
        if counted_off and not number:
            number = -1 if counted_off["last"] or counted_off["final"] else to_int(counted_off["number"] or counted_off["after"])
        said = self._duties.measure(query.standalone, place, number) if number else ()
        several = len({passage.name for passage, _ in said}) > 1
        led = {text: f"{passage.name}:" for passage, text in reversed(said) if several and _ENUMERATED.match(text)}
        leads = {text: lead for text, lead in led.items() if not text.startswith(lead)}
        return [Statement(leads.get(text, "") + clip(text, LIMIT), passage.locator, text) for passage, text in said]

    def _said_of(self, query: Query, node: Node) -> tuple[str, ...]:
        """What a question asks a row's text about, whatever field it seems to ask for: 征集 of 「面向哪些单位征集项目」; else ()."""
        if node.row is None or query.asked == "measures" or _FIELD.search(query.standalone):
            return ()
        text = without_references(query.standalone)
        for pattern in ASKED.values():
            text = re.sub(pattern, " ", text)
        fields = matching_form(" ".join((node.row.title, *node.row.responsible_units)))
        beside = [term for term in content_terms(text) if not is_carried(term, fields) and FILLER.sub("", SUBJECT.sub("", term.text))]
        said = matching_form(f"{node.row.content}{node.row.measures}")
        carried = tuple(term.text for term in beside if is_carried(term, said))
        return carried if 2 * len(carried) >= len(beside) else ()

    def _row_sentences(
        self, query: Query, evidence: Evidence, hits: Sequence[Hit], words: Sequence[str], limit: int
    ) -> tuple[Statement, ...]:
        """What the text cells of a row say about certain words."""
        cells = {p.id for hit in hits for p in self._units.passages(hit.unit) if p.name not in SHORT_COLUMNS}
        hits = [replace(hit, passages=tuple(i for i in hit.passages if i in cells)) for hit in hits]
        if not _SEVERAL.search(query.standalone):
            evidence = replace(evidence, apart=tuple(dict.fromkeys(token for word in words for token in tokenize(word))))
        return self.join(list(self._chooser.sentences(query, evidence, hits, limit)))

    def _duty(self, query: Query, place: Locator) -> list[Statement]:
        """What a unit that the question names has to do in a row, a line for each of its measures."""
        passages = self._duties.part_of(query.standalone, place)
        said = [(passage.locator, sentence.text) for passage in passages for sentence in passage.sentences]
        whole = query.shape == "list" or sum(len(text) for _, text in said) <= LIMIT
        each = max(LIMIT // max(len(said), 1), SHORTEST)
        return [Statement(text if whole else clip(text, each), place, text) for place, text in said]

    def _common_cell(self, query: Query, node: Node) -> Statement | None:
        """The field asked for when all rows of the annex have the same."""
        column = COLUMN_OF.get(query.asked)
        rows = [found for found in self._snapshot.nodes.values() if found.row and found.locator.document == node.locator.document]
        if column is None or not rows or node.kind not in ("annex", "part") or query.asked not in ("deadline", "unit"):
            return None
        statements = [self._units.cell(row, column) for row in rows]
        return statements[0] if len({statement.text for statement in statements}) == 1 else None

    def _cell(self, query: Query, node: Node, *, title: bool = False) -> Statement | None:
        """The cell of the row that holds the field asked for; None when no field is."""
        column = COLUMN_OF.get(query.asked)
        if column is None or node.row is None:
            return None
        if (
            query.asked == "unit"
            and "责任单位" not in query.standalone
            and not re.search(r"负责|牵头|归谁|归哪|管|哪家|哪个部门|哪些部门|单位|谁", query.standalone)
        ):
            return None
        statement = self._units.cell(node, column)
        if title and column != "事项":
            return Statement(f"{node.row.title}——{statement.text}", statement.locator, statement.quote)
        return statement

    # ── lists ───────────────────────────────────────────────────────────────────────────────────

    def _listed(self, query: Query, evidence: Evidence, top: Hit, node: Node) -> Draft | None:
        """The list that is asked for, or the sentence that says how long it is; None when neither is."""
        if query.shape not in ("list", "count") or (listing := self._listing(query, evidence, top, node)) is None:
            return None
        if query.shape == "list" or NAMES_TOO.search(query.standalone):
            return Draft(tuple(listing), listing=True)
        if said := stated(len(listing), node.locator, self._snapshot):
            return Draft((Statement(said, node.locator, said),))
        return Draft(tuple(listing), listing=True)

    def _listing(self, query: Query, evidence: Evidence, top: Hit, node: Node) -> list[Statement] | None:
        """All items of the list that is asked for, or None when the best sentence names them itself."""
        best = self._chooser.best(query, evidence, top)
        counter = COUNT.search(query.standalone)
        if best is None or (counter and counter["counter"] and not re.fullmatch(_COUNTERS.get(node.kind, ".*"), counter["counter"])):
            return None
        position, passage = best
        sentence = self._snapshot.sentences[position]
        items = [child for child in node.children if child.label]
        introduced = sentence.text.rstrip().endswith((":", "：")) or passage.locator != node.locator
        if node.kind == "article" and items and introduced:
            return [self._units.item(child) for child in items]
        if items and node.kind in ("part", "section", "chapter") and (introduced or self._counts(query, sentence, node, len(items))):
            return [self._units.heading(child) for child in items]
        passages = [self._snapshot.passages[i] for i in sorted(top.passages)]
        if run := uniform(query, node, passages) or self._run(query, position, passage):
            return run
        return None if query.shape != "list" or names_all(query, sentence.text) else alike(query, passages) or None

    def _counts(self, query: Query, sentence: Sentence, node: Node, size: int) -> bool:
        """Whether the question or the sentence is about the unit's own parts: 「八项民生工程」 of a section with eight."""
        if sentence.text.rstrip("。") in (f"{node.label}{node.heading}", node.heading):
            return True
        return size in counted(f"{query.standalone} {sentence.text}")

    def _run(self, query: Query, position: int, passage: Passage) -> list[Statement] | None:
        """A run-in list (一是…;二是…) or what follows 「…是:」, whole; None when the sentence is neither."""
        if query.shape != "list" or names_all(query, self._snapshot.sentences[position].text):
            return None
        sentences, owners = self._snapshot.sentences, self._snapshot.owners
        text = self._snapshot.by_id[passage.locator.document].text

        def joined(i: int) -> bool:
            """Whether sentence i goes on the paragraph of sentence i - 1."""
            same = 0 < i < len(sentences) and self._snapshot.passages[owners[i]].locator == passage.locator
            return same and "\n" not in text[sentences[i - 1].span[1] : sentences[i].span[0]]

        first, last = position, position
        while joined(first) and _ENUMERATED.match(sentences[first].text):
            first -= 1
        if not _ENUMERATED.match(sentences[first].text) and _ENUMERATED.match(sentences[min(first + 1, len(sentences) - 1)].text):
            first += 1
        enumerated = bool(_ENUMERATED.match(sentences[first].text))
        if not enumerated and not re.search(r"是[:：]", sentences[position].text):
            return None
        last = max(last, first)
        while joined(last + 1) and (not enumerated or _ENUMERATED.match(sentences[last + 1].text)):
            last += 1
        if last == first:
            return None
        return [Statement(s.text, passage.locator, s.text) for s in sentences[first : last + 1]]

    def join(self, statements: Sequence[Statement]) -> tuple[Statement, ...]:
        """Statements that stand next to each other in one place become one, with one quote."""
        joined: list[Statement] = []
        for statement in statements:
            before = joined[-1] if joined else None
            if (
                before is not None
                and before.locator == statement.locator
                and before.text == before.quote
                and statement.text == statement.quote
            ):
                quote = before.quote + statement.quote
                if quote in self._snapshot.text_of(statement.locator):
                    joined[-1] = Statement(quote, statement.locator, quote)
                    continue
            joined.append(statement)
        return tuple(joined)

_CONTENT = re.compile(
    r"(?:讲|说|写|谈|规定|内容|是|关于|属于)(?:了|的|是)*(?:些)?(?:什么|啥|哪)(?:些|一|个|项|件|块|类|样)*(?:的)?[\u4e00-\u9fff]{0,4}[?。]*$"
)


def _asks_for_content(beside: str) -> bool:
    """True for 「第二十九条讲什么」, of which ``beside`` is 「讲什么」: nothing is asked beside the place."""
    asked = _CONTENT.search(beside)
    return len(FILLER.sub("", beside)) <= 1 or (asked is not None and len(FILLER.sub("", beside[: asked.start()])) <= 2)
