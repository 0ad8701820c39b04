"""What a unit lists side by side: its parts, a run-in list (一是…二是…), sentences or clauses that share a word, names with 、 between.

A question that says how many it wants (「哪四个方面」, 「四个专项行动分别叫什么」) tells with its number which of a unit's
enumerations it means, and with its words that it means one at all. One that says none is answered by a sentence that names
all, or by sentences that begin alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.answering.units import SHORTEST, WHOLE, Units, begin
from rag.language import questions
from rag.language.numerals import NUMBER, to_int
from rag.language.statements import tag_words
from rag.language.text import fold
from rag.records import Hit, Node, Passage, Query, Sentence, Statement
from rag.search.snapshot import Snapshot
from rag.search.wanted import items_wanted

PARALLEL = 3
"""Sentences of a unit that begin with the same verb of a question for a list before they are taken for it."""

NEAR = 2
"""Characters that may stand before that verb: 「主动破解…」, 「积极破解…」."""

NEARLY = 0.6
"""How much lower, in fused score, another unit may be whose enumerations are looked at."""

LEAST_ITEMS = 2
"""Things that a list has at least."""

_UNITS = 3
_RUN_IN = re.compile(r"(?:[^。;；]{0,12}[:：])?(?P<number>[一二三四五六七八九十])是")
_COUNTED_NOUN = re.compile(rf"(?P<number>{NUMBER})(?:千亿级|个|项|条|大|类|种|件|场)?\"?(?P<noun>[\u4e00-\u9fff]{{2,8}})")
_AND = re.compile("[、和及]")
_ASKING = re.compile(r"分别|各|都|是|指|叫|有|包括|具体|为|抓|讲|的|哪|什么|啥")
_GENERIC = re.compile(r"方面|事项|工作|内容|东西|地方|方向|分别|具体|今年|去年|全面|报告|规则|方案|领域|主要")
"""What may be listed of anything, and says nothing of which list is meant."""

_WHICH = re.compile(r"哪(?:些|几|[一二两三四五六七八九十]+)(?:大|个|项|类|种|家|块|样)?(?P<noun>[\u4e00-\u9fff]{2,4})")
_NUMBERED = re.compile(rf"(?P<noun>{NUMBER}(?:大|个|项|类|种|家|篇)[\u4e00-\u9fff]{{2}})")


def names_all(query: Query, text: str) -> bool:
    """Whether one sentence lists what is asked for, by the noun of the question: 「…、…、…等四大模块」."""
    which = _WHICH.search(query.standalone)
    found = which or _NUMBERED.search(query.standalone)
    if found is None or text.count("、") < 2:
        return False
    noun = found["noun"]
    return any(noun[:size] in text for size in range(len(noun), (2 if which else len(noun)) - 1, -1))


def alike(query: Query, passages: Sequence[Passage]) -> list[Statement]:
    """The first clauses of sentences that begin with one verb of the question: 「深化财税体制改革,…」; [] of fewer than PARALLEL."""
    said = [(passage, s.text) for passage in passages for s in passage.sentences if not is_heading(passage, s)]
    found = max(
        ([(p, text) for p, text in said if verb in text[: NEAR + len(verb)]] for verb in _verbs(query.standalone)), key=len, default=[]
    )
    first = re.compile(r"[^,;:。，；：]+")
    return [Statement(first.findall(text)[0], p.locator, text) for p, text in found] if len(found) >= PARALLEL else []


@dataclass(frozen=True, slots=True)
class Enumeration:
    """Things that stand side by side; ``of`` is what introduces them: a heading, or the sentence before."""

    items: tuple[Statement, ...]
    of: str = ""
    sure: int = 0  # how much more it fits for naming what is counted, with or without its number

    def fit(self, words: Sequence[str]) -> int:
        """How many of a question's words introduce the list, or are in nearly all of its items."""
        said, each = fold(self.of), [fold(item.text) for item in self.items]
        return self.sure + sum(word in said or sum(word in text for text in each) >= max(len(each) - 1, 1) for word in words)


class Lists:
    """The enumerations of one snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._units = Units(snapshot)

    def counted(self, query: Query, hits: Sequence[Hit]) -> tuple[Statement, ...]:
        """The list of as many things as the question says, of the best units or what they are part of; () when there is none."""
        size = items_wanted(query.standalone)
        if size < LEAST_ITEMS:
            return ()
        noun, words = _noun(query.standalone), _words(query.standalone)
        near = [hit.unit for hit in hits[:_UNITS] if hit.score >= hits[0].score - NEARLY]
        best: tuple[int, tuple[Statement, ...]] = (0, ())
        for place in dict.fromkeys(place for unit in near for place in (unit, unit.parent) if place in self._snapshot.nodes):
            for found in self._of_unit(self._snapshot.nodes[place], size, noun, words):
                if (fit := found.fit((noun, *words) if noun else words)) > best[0]:
                    best = fit, found.items
        share = max(SHORTEST, WHOLE // size)
        whole = sum(len(item.text) for item in best[1]) <= WHOLE
        return tuple(item if whole else Statement(begin(item.text, share), item.locator, item.quote) for item in best[1])

    def _of_unit(self, node: Node, size: int, noun: str, words: Sequence[str]) -> Iterator[Enumeration]:
        """The lists of ``size`` things in a unit, its own parts first."""
        parts = [child for child in node.children if child.label]
        if len(parts) == size and node.kind == "article":
            introduction = self._snapshot.by_id[node.locator.document].text[node.span[0] : parts[0].span[0]]
            yield Enumeration(tuple(map(self._units.item, parts)), introduction)
        elif len(parts) == size and all(child.heading for child in parts):
            yield Enumeration(tuple(map(self._units.heading, parts)), node.heading)
        own = (p for p in self._snapshot.passages if node.locator in (p.locator, p.unit))
        said = [Statement(s.text, p.locator, s.text) for p in own for s in p.sentences if not is_heading(p, s)]
        yield from (run for run in _runs(said) if len(run.items) == size)
        for statements in ([_clauses(statement)[0] for statement in said], *map(_clauses, said)):
            sharing = tuple(statement for statement in statements if noun and noun in fold(statement.text))
            if len(sharing) == size:
                yield Enumeration(sharing)
        for clause in (clause for statement in said for clause in _clauses(statement)):
            if named := _named(clause, size, noun, words):
                yield named


def _noun(text: str) -> str:
    """What a question counts: 专项行动 of 「四个专项行动分别叫什么」; "" when that may be anything."""
    found = next((found["noun"] for found in _COUNTED_NOUN.finditer(text)), "")
    word = _ASKING.split(found)[0]
    return "" if len(word) < 2 or _GENERIC.fullmatch(word) else word


def _words(text: str) -> tuple[str, ...]:
    """The words of a question that tell which list it means."""
    words = (word for word, tag in tag_words(text) if len(word) > 1 and tag[0] in "nvajil" and not questions.FILLER.fullmatch(word))
    return tuple(dict.fromkeys(word for word in words if not _GENERIC.fullmatch(word)))


def _clauses(statement: Statement) -> list[Statement]:
    clauses = (clause for clause in re.split(r"[,;:。，；：]", statement.text) if clause)
    return [Statement(clause, statement.locator, statement.quote) for clause in clauses]


def _runs(said: Sequence[Statement]) -> Iterator[Enumeration]:
    """Each run of sentences 一是…, 二是…, with the sentence before it."""
    run: list[Statement] = []
    before = ""
    for i, statement in enumerate(said):
        found = _RUN_IN.match(statement.text)
        number = to_int(found["number"]) if found else None
        if run and number != len(run) + 1:
            yield Enumeration(tuple(run), before)
            run = []
        if found and number == len(run) + 1:
            before = before if run else f"{said[i - 1].text if i else ''}{statement.text[: found.start('number')]}"
            run.append(statement)
    if run:
        yield Enumeration(tuple(run), before)


def _named(clause: Statement, size: int, noun: str, words: Sequence[str]) -> Enumeration | None:
    """The clause when it names so many things: 「…、…、…等四大模块」, 「“互联网+护理”、“互联网+中医”、“互联网+妇幼”」."""
    text = fold(clause.text)
    if "、" not in text:
        return None
    for found in _COUNTED_NOUN.finditer(text) if noun else ():
        before = _AND.split(text[: found.start()])
        if to_int(found["number"]) == size and found["noun"].startswith(noun) and size - 1 <= len(before) <= size + 1 and len(before) > 1:
            return Enumeration((clause,), sure=2)
    names = _AND.split(text)
    return Enumeration((clause,)) if any(sum(word in name for name in names) == size for word in words) else None


def uniform(query: Query, node: Node, passages: Sequence[Passage]) -> list[Statement]:
    """The sentences of a unit that the question is about by its heading, when all of them begin with one word: 「坚持…;坚持…」."""
    said = [Statement(s.text, p.locator, s.text) for p in passages for s in p.sentences if not is_heading(p, s)]
    alike_all = len(said) >= PARALLEL and len({statement.text[:2] for statement in said}) == 1
    return said if alike_all and any(word in fold(node.heading) for word in _words(query.standalone)) else []


def is_heading(passage: Passage, sentence: Sentence) -> bool:
    """Whether a sentence is only the unit's run-in heading: 「(十)科创企业票据融资新模式。」."""
    rest = sentence.text.rstrip("。")
    labelled = bool(passage.heading) and rest.endswith(passage.heading) and rest != passage.heading
    return labelled and len(rest) <= len(passage.heading) + 5 and len(passage.sentences) > 1


def _verbs(text: str) -> list[str]:
    """What is done in a question: 「点名深化的有哪几块」."""
    tagged = tag_words(text)  # 「深化」 counts as an abbreviation to the tagger
    return [word for word, tag in tagged if tag in ("v", "vd", "j") and len(word) > 1 and not questions.FILLER.fullmatch(word)]
