"""A question that names the wrong place for what it asks → the same question without the place.

「第四十四条定的施行时间是哪天」: that article has no date. Whether another place of its document has one is for the evidence to say.
"""

from __future__ import annotations

import re
from dataclasses import replace

from rag.language import questions
from rag.language.locators import find_references
from rag.language.text import fold, matching_form
from rag.records import Query
from rag.search.snapshot import Snapshot
from rag.search.wanted import what_is_wanted

_SAID_THERE = re.compile(r"^(?:里面?|中|上|下面?|当中)?(?:所|是|里)?(?:规定|定|写|说|讲|提|要求|明确)?(?:到|了|明)?的?")
"""What leads from a place to what it is said to say: 「…第四十四条里规定的」."""

_ITS_NAME = re.compile(r"叫|名字|名称|标题|题目")
LEAST_BESIDE = 2
"""Characters with content that a question has at least beside the place: 「第五条是哪天」 asks of nothing else."""


def without_place(query: Query, snapshot: Snapshot) -> tuple[Query, ...]:
    """Readings of the query without the one place that it names, when that place has nothing of the kind asked for; else ()."""
    named = [reference for reference in find_references(query.standalone) if reference.kind in ("article", "row", "part", "chapter")]
    if len(query.references) != 1 or len(named) != 1 or query.paragraph or query.facets or query.shape not in ("fact", "count"):
        return ()
    place, wanted = query.references[0], what_is_wanted(query.standalone)
    node = snapshot.nodes[place]
    if wanted.pattern is None or wanted.met_by(matching_form(f"{node.label}{node.heading} {snapshot.text_of(place)}")):
        return ()
    before, after = query.standalone[: named[0].span[0]], query.standalone[named[0].span[1] :]
    asked = _SAID_THERE.sub("", after)
    if len(_ITS_NAME.sub("", questions.FILLER.sub("", asked))) < LEAST_BESIDE:
        return ()
    entry = snapshot.by_id[place.document].entry
    named_only = not before or before in {fold(name) for name in (entry.title, entry.short_title, *entry.aliases)}
    texts = (fold(entry.short_title) + asked, asked) if named_only else (before + asked,)
    free = replace(query, references=(), documents=(place.document,), misplaced=place, only=True)
    return tuple(replace(free, standalone=text) for text in texts)
