"""Lists that stand in running text: one sentence that names all, or sentences that begin alike."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.language import questions
from rag.language.numerals import NUMBER
from rag.language.statements import tag_words
from rag.records import Passage, Query, Sentence, Statement

PARALLEL = 3
"""Sentences of a unit that begin with the same verb of a question for a list before they are taken for it."""

NEAR = 2
"""Characters that may stand before that verb: 「主动破解…」, 「积极破解…」."""

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


def is_heading(passage: Passage, sentence: Sentence) -> bool:
    """Whether a sentence is only the unit's run-in heading: 「(十)科创企业票据融资新模式。」."""
    rest = sentence.text.rstrip("。")
    labelled = bool(passage.heading) and rest.endswith(passage.heading) and rest != passage.heading
    return labelled and len(rest) <= len(passage.heading) + 5 and len(passage.sentences) > 1


def _verbs(text: str) -> list[str]:
    """What is done in a question: 「点名深化的有哪几块」."""
    tagged = tag_words(text)  # 「深化」 counts as an abbreviation to the tagger
    return [word for word, tag in tagged if tag in ("v", "vd", "j") and len(word) > 1 and not questions.FILLER.fullmatch(word)]
