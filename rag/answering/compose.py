"""Judgement → Draft: the judged sentences in the documents' own words, and no others but those that a list needs to be whole.

Neighbouring sentences of one unit are one statement with one citation. An opening (「…的主要任务是:」) brings its items, items
bring their opening; a table's cell stands after its column's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.answering import texts
from rag.answering.units import LIMIT, SHORTEST, WHOLE, Units, begin
from rag.language.text import squeeze
from rag.language.years import is_relative
from rag.records import Draft, Judgement, Locator, Passage, Reading, Sentence, Statement
from rag.search.snapshot import Snapshot

MOST = 8
"""Sentences of an answer that is no list."""

_OPENING = re.compile(r"[:：]$")


@dataclass(frozen=True, slots=True)
class _Said:
    """A sentence with its position among all and its passage."""

    position: int
    sentence: Sentence
    passage: Passage


class Composer:
    """Composes drafts from one snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._units = Units(snapshot)

    def compose(self, judgement: Judgement, limit: int = WHOLE) -> Draft:
        """The draft for one part of a question, of ``limit`` characters unless it is a list; empty when it is not answered."""
        reading = judgement.reading
        if reading.places and not reading.said:
            return self._look_up(reading)
        chosen = self._whole_lists(self._chosen(judgement, limit))
        statements = [statement for run in self._runs(chosen, judgement) for statement in self._statements(run)]
        if is_relative(f"{reading.before} {reading.text}"):
            statements = [self._with_year(statement) for statement in statements]
        listing = len(statements) > 1 or any("\n" in statement.text for statement in statements)
        return Draft(tuple(statements), listing=listing)

    # ── which sentences ─────────────────────────────────────────────────────────────────────────

    def _said(self, position: int) -> _Said:
        taken = self._snapshot
        return _Said(position, taken.sentences[position], taken.passages[taken.owners[position]])

    def _chosen(self, judgement: Judgement, limit: int) -> set[int]:
        """Positions of the judged sentences, the best within the limit; no bare heading beside others."""
        chosen: set[int] = set()
        length = 0
        for mark in judgement.marks:
            said = self._said(mark.sentence)
            if chosen and (_is_heading(said) or length + len(said.sentence.text) > limit or len(chosen) >= MOST):
                continue
            length += len(said.sentence.text)
            chosen.add(mark.sentence)
        without = {position for position in chosen if not _is_heading(self._said(position))}
        return without or chosen

    def _whole_lists(self, chosen: set[int]) -> set[int]:
        """The positions with the items of an opening that stands among them, and the opening of several items."""
        whole = set(chosen)
        for position in chosen:
            said = self._said(position)
            if _OPENING.search(said.sentence.text):
                items = self._items(position)
                if len(items & chosen) < 2:
                    whole |= items
            elif (opening := self._opening(said)) is not None and len(self._items(opening) & chosen) > 1:
                whole.add(opening)
        return whole

    def _items(self, opening: int) -> set[int]:
        """The sentences that an opening introduces."""
        unit, introduction = self._said(opening).passage.unit, squeeze(self._said(opening).sentence.text).rstrip(":：")
        found: set[int] = set()
        for position in range(opening + 1, len(self._snapshot.sentences)):
            passage = self._said(position).passage
            if passage.unit != unit or not introduction.endswith(squeeze(passage.heading)) or not passage.heading:
                break
            found.add(position)
        return found

    def _opening(self, said: _Said) -> int | None:
        """The sentence that introduces an item; None for what is no item."""
        heading = squeeze(said.passage.heading)
        position = said.position - 1
        while heading and position >= 0 and (before := self._said(position)).passage.unit == said.passage.unit:
            if _OPENING.search(before.sentence.text) and squeeze(before.sentence.text).rstrip(":：").endswith(heading):
                return position
            position -= 1
        return None

    # ── statements ──────────────────────────────────────────────────────────────────────────────

    def _runs(self, chosen: set[int], judgement: Judgement) -> Iterator[list[_Said]]:
        """Neighbouring sentences of one unit, the unit of the best sentence first, a unit's runs in reading order."""
        best: dict[Locator, int] = {}
        for rank, mark in enumerate(judgement.marks):
            best.setdefault(self._said(mark.sentence).passage.unit, rank)
        order = sorted(chosen, key=lambda p: (best.get(self._said(p).passage.unit, len(best)), p))
        run: list[_Said] = []
        for said in map(self._said, order):
            if run and (said.position != run[-1].position + 1 or said.passage.unit != run[-1].passage.unit or said.passage.name):
                yield run
                run = []
            run.append(said)
        if run:
            yield run

    def _statements(self, run: Sequence[_Said]) -> Iterator[Statement]:
        first, last = run[0], run[-1]
        text = self._snapshot.by_id[first.passage.unit.document].text
        quote = text[first.sentence.span[0] : last.sentence.span[1]]
        if len(run) == 1:
            lead = f"{first.passage.name}:" if first.passage.name and not quote.startswith(first.passage.name) else ""
            yield Statement(lead + quote, first.passage.locator, quote)
            return
        place = _shared([said.passage.locator for said in run])
        if not _OPENING.search(first.sentence.text):
            yield Statement(quote, place, quote)
            return
        share = max(SHORTEST, WHOLE // len(run))
        lines = [line.strip() for line in quote.split("\n") if line.strip()]
        whole = len(quote) <= WHOLE
        yield Statement("\n".join(line if whole else begin(line, share) for line in lines), place, quote)

    def _with_year(self, statement: Statement) -> Statement:
        """The statement after the year that its part of the document is about."""
        year = next((p.year for p in self._snapshot.passages if p.locator.within(statement.locator)), None)
        if year is None or f"{year}年" in statement.text:
            return statement
        return Statement(texts.YEAR_LEAD.format(year=year) + statement.text, statement.locator, statement.quote)

    # ── places that are named ───────────────────────────────────────────────────────────────────

    def _look_up(self, reading: Reading) -> Draft:
        nodes = [self._snapshot.nodes[place] for place in reading.places]
        if len(nodes) == 1 and reading.paragraph is not None:
            return Draft(tuple(self._units.paragraph(nodes[0], reading.paragraph)))
        limit = WHOLE if len(nodes) == 1 else LIMIT
        statements: list[Statement] = []
        for node in nodes:
            if node.row is not None:
                statements += [self._units.cell(node, "事项"), self._units.cell(node, "主要内容", limit=limit)]
            else:
                content, _ = self._units.content(node, limit)
                statements.extend(content)
        return Draft(tuple(self._joined(statements)), listing=len(nodes) > 1 or len(statements) > 1)

    def _joined(self, statements: Sequence[Statement]) -> Iterator[Statement]:
        """Statements that stand one after the other in one place as one."""
        waiting: Statement | None = None
        for statement in statements:
            both = waiting and f"{waiting.quote}{statement.quote}"
            whole = waiting and (waiting.text, statement.text) == (waiting.quote, statement.quote)
            if waiting and both and whole and waiting.locator == statement.locator and self._stands(both, waiting.locator):
                waiting = Statement(both, waiting.locator, both)
                continue
            if waiting:
                yield waiting
            waiting = statement
        if waiting:
            yield waiting

    def _stands(self, quote: str, place: Locator) -> bool:
        return squeeze(quote) in squeeze(self._snapshot.text_of(place))


def _is_heading(said: _Said) -> bool:
    """Whether a sentence is only its unit's heading: 「(十)科创企业票据融资新模式。」."""
    rest = said.sentence.text.rstrip("。")
    return bool(said.passage.heading) and rest.endswith(said.passage.heading) and len(rest) <= len(said.passage.heading) + 5


def _shared(places: Sequence[Locator]) -> Locator:
    """The innermost place that holds all of them."""
    place = places[0]
    while not all(other.within(place) for other in places):
        place = place.parent or Locator(place.document)
    return place
