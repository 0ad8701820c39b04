"""Question and history → the readings that compete. Nothing is ranked here, and no subject is known.

Every part of a message is read as it was typed; where something was asked before, it is read a second time as going on from
that. Which reading holds is for the judge to say.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from rag.language.locators import find_references, next_to, spell_out, without_references
from rag.language.questions import COURTESY
from rag.language.text import fold
from rag.language.years import years_in
from rag.reading.acts import read_act
from rag.reading.divide import divide
from rag.reading.names import Names
from rag.reading.places import Places
from rag.records import Query, Reading, Shape, Turn
from rag.search.snapshot import Snapshot

BEFORE = 2
"""Questions asked before that a reading is given at most."""

_BLANKS = re.compile(r"(?<=[\u4e00-\u9fff])\s+(?=[\u4e00-\u9fff])")
_WHAT = re.compile(
    r"[里中上]面?|的|是|讲|说|写|规定|内容|具体|主要|原文|原话|全文|条文|念|读|发|给|我|看看?|一下|什么|啥|哪些|怎么|如何|了|吗|呢|都|有|关于|帮|查|翻|到|把|请|那|本|这个?|该|再|规则|办法|规定|[\s,。?!:;、\"“”《》()-]"
)
"""What 「第二十一条讲的是什么」 has beside the place; nothing else left: the place itself is asked for."""
_NEIGHBOUR = re.compile(r"(?<![\u4e00-\u9fff])(?:那|再|接着)*(?P<way>[上下前后])(?:面|边)?的?一?(?P<unit>条|项|章)(?![件目例款程节])")
_LIST = re.compile(r"哪些|哪几|列(?:出|举)|有什么|包括什么|几(?:个|项|类|种|条|方面)")
_COMPARE = re.compile(r"区别|不同|不一样|相比|对比|比较|差别|差异|各(?:是|有)?(?:多少|什么|谁|哪)|分别")


class Proposer:
    """Proposes readings of questions about one snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.names = Names([document.entry for document in snapshot.documents])
        self._places = Places(snapshot)
        self._base = max((d.entry.year for d in snapshot.documents if d.entry.part_years), default=None)

    def propose(self, question: str, history: Sequence[Turn] = ()) -> Query:
        """The readings of a message that is no chat act, asked after ``history`` (oldest first)."""
        before = " ".join(_asked(history)[-BEFORE:])
        text = plain(question)
        parts: list[tuple[Reading, ...]] = []
        for part in divide(self._counted_on(text, before)):
            parts.append(self._readings(part, parts[-1][0].text if parts else before, parts[-1][0] if parts else None))
        references = dict.fromkeys(place for readings in parts for place in readings[0].places)
        facets = tuple(Query(question, readings[0].text, _shape(readings[0].text)) for readings in parts) if len(parts) > 1 else ()
        years = years_in(text, self._base)
        return Query(question, text, _shape(text), tuple(parts), tuple(references), years, facets)

    def _readings(self, text: str, before: str, first: Reading | None) -> tuple[Reading, ...]:
        """A part as typed, and as going on from what was asked before."""
        alone = self._read(text)
        if not before or (alone.places and alone.documents) or alone.foreign:
            return (alone,)
        earlier = first or self._read(before)
        documents = alone.documents or earlier.documents
        goes_on = replace(self._read(text, documents), before=before, years=alone.years or earlier.years)
        return (goes_on,) if goes_on.places and not alone.documents and documents else (alone, goes_on)

    def _read(self, text: str, within: tuple[str, ...] = ()) -> Reading:
        named = self.names.find(text)
        documents = named.documents or within
        places, missing, paragraph = ((), (), None) if named.foreign else self._places.resolve(named.rest, documents)
        bare = without_references(spell_out(named.rest)) if places or missing else named.rest
        said = bare if _WHAT.sub("", bare) else ""
        years = years_in(text, self._base)
        return Reading(text, said, "", documents, places, missing, paragraph, named.foreign, years)

    def _counted_on(self, text: str, before: str) -> str:
        """「下一条呢」 after 「第二十一条」 as 「第二十二条」."""
        found = _NEIGHBOUR.search(text)
        known = [reference for reference in find_references(before) if reference.path] if found else []
        if found is None or not known:
            return text
        name = next_to(known[-1], 1 if found["way"] in "下后" else -1, found["unit"])
        return text[: found.start()] + name + text[found.end() :] if name else text


def _asked(history: Sequence[Turn]) -> list[str]:
    """What was asked before: questions as typed, corrections put right; no thanks, no 「列个表」."""
    acts = [(turn.question, read_act(turn.question)) for turn in history]
    texts = [act.rest if act else question for question, act in acts if act is None or act.act == "correction"]
    return [text for question in texts if (text := plain(question))]


def plain(question: str) -> str:
    """A question folded, without courtesy and without blanks inside Chinese."""
    text = re.sub(r"\s+", " ", fold(question)).strip()
    return COURTESY.sub("", _BLANKS.sub("", text)) or text


def _shape(text: str) -> Shape:
    return "compare" if _COMPARE.search(text) else "list" if _LIST.search(text) else "fact"
