"""A unit named beside an item → that unit's part of the item's row: 「对外承包工程那项,商务厅具体要配合干什么」.

An item and its row in the annex have one title; the row says unit by unit what each does. Where a row has one unit,
all that it says is that unit's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from rag.language.numerals import CHINESE, to_int
from rag.records import Hit, Locator, Passage
from rag.search.enumerate import body_names, units_called
from rag.search.snapshot import Snapshot

_DOES = re.compile(
    r"(?:干|做|办|搞|配合|负责|承担|落实|推进|参与|牵头|提供|完成|协调|会同|联合)(?:了|好|的)?(?:是|有)?(?:些)?(?:什么|啥|哪些|哪几)"
    r"|(?:活儿?|任务|职责|分工|举措|措施|工作|事情?|要求)(?:具体|都|分别)?(?:是|有|包括)(?:些)?(?:什么|啥|哪些|哪几)|(?:什么|啥|哪些|哪几(?:项|件|条))(?:具体)?(?:活|任务|职责|举措|措施|工作|事)"
    r"|(?:怎么|如何|咋)(?:去)?(?:干|做|办|搞|配合|落实|推进|推动|推)"
)
_LED = re.compile(rf"(?:[^。;；:：]{{2,20}}[:：])?(?P<number>{CHINESE})是")

SHORT_COLUMNS = ("事项", "责任单位", "完成时限", "国发批次")
"""Cells of a row that hold a field and no text."""

COLUMNS = ("事项", "主要内容", "责任单位", "完成时限", "国发批次")
"""Cells of a row that say nothing of what a unit does."""


class Duties:
    """What the units of one snapshot's rows have to do."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._rows = {place: node.row for place, node in snapshot.nodes.items() if node.row is not None}
        named = {p.name for p in snapshot.passages if p.name and p.unit in self._rows and p.name not in COLUMNS}
        self._units = named.union(unit for row in self._rows.values() for unit in row.responsible_units)

    @cached_property
    def _passages(self) -> dict[Locator, list[Passage]]:
        """What each row says that is to be done."""
        found: dict[Locator, list[Passage]] = {place: [] for place in self._rows}
        for passage in self._snapshot.passages:
            if passage.unit in found and passage.name not in COLUMNS:
                found[passage.unit].append(passage)
        return found

    def measures(self, place: Locator) -> list[tuple[str, int, tuple[Passage, str]]]:
        """The numbered measures of a row in reading order, sentence by sentence: whose it is, 四 of 「四是…」, the sentence."""
        found: list[tuple[str, int, tuple[Passage, str]]] = []
        for passage in self._passages.get(place, ()):
            for sentence in passage.sentences:
                led = _LED.match(sentence.text)
                before = found[-1][:2] if found and found[-1][0] == passage.name else (passage.name, 0)
                number = to_int(led["number"]) if led else None
                found.append((*((passage.name, number) if number else before), (passage, sentence.text)))
        return found

    def measure(self, text: str, place: Locator, number: int) -> tuple[tuple[Passage, str], ...]:
        """The sentences of a row's measure of that number (-1: the last), of the unit that a folded text names if it names one."""
        row, units = self._row_of(place), self._asked(text)
        said = self.measures(row) if row else []
        said = [entry for entry in said if entry[0] in units] or said
        number = max((entry[1] for entry in said), default=0) if number == -1 else number
        return tuple(sentence for _, counted, sentence in said if counted == number)

    def part_of(self, text: str, place: Locator) -> tuple[Passage, ...]:
        """What a unit that a folded question names has to do in the row of ``place``, an item or a row; () when it isn't asked."""
        row = self._row_of(place) if _DOES.search(text) else None
        units = self._asked(text) if row else frozenset()
        if row is None or not units:
            return ()
        said, own = self._passages[row], self._rows[row].responsible_units
        mine = tuple(passage for passage in said if passage.name in units)
        return mine or (tuple(said) if len(own) == 1 and own[0] in units else ())

    def put_first(self, text: str, hits: Sequence[Hit], near: float) -> tuple[Hit, ...]:
        """The hits with the row first that says what the unit does, when it is the row of one of the best, ``near`` the first."""
        for hit in hits[:3]:
            if hit.score < hits[0].score - near:
                break
            if mine := self.part_of(text, hit.unit):
                ids = tuple(passage.id for passage in mine)
                known = next((other for other in hits if other.unit == mine[0].unit), replace(hit, unit=mine[0].unit, passages=ids))
                first = replace(known, score=max(known.score, hits[0].score), passages=(*ids, *(i for i in known.passages if i not in ids)))
                return (first, *(other for other in hits if other.unit != first.unit))
        return tuple(hits)

    def _asked(self, text: str) -> frozenset[str]:
        """The unit that a text names, in each way in which the rows write it."""
        return next((found for name in body_names(text) if (found := units_called(name, self._units))), frozenset())

    def _row_of(self, place: Locator) -> Locator | None:
        if place in self._rows:
            return place
        node = self._snapshot.nodes.get(place)
        title = node.heading if node else ""
        return next((p for p, row in self._rows.items() if title and p.document == place.document and row.title == title), None)
