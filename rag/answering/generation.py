"""The model-backed mode: an extract in, what a chat model wrote instead out; whatever happens, an answer in time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from rag.answering import texts
from rag.answering.review import write_claims
from rag.answering.rewrite import rewrite_question
from rag.answering.verify import nearest_place, refusal_text
from rag.answering.write import Model, OnText, Writer, Written
from rag.language.figures import find_figures
from rag.language.questions import HOW_MUCH
from rag.language.statements import form
from rag.language.words import content_terms, is_carried
from rag.records import Answer, AnswerStatus, Query, Turn, Usage
from rag.search.snapshot import Snapshot

SURE = 0.8
"""Certainty of retrieval from which a model's silence is not believed: one gold question in two of those that are answered
reaches it, and one in twenty of those that are not."""

_REWRITING = 0.25
"""Share of an answer's time that rewriting the question may take."""

_MARGIN_S = 0.1
"""Kept of an answer's time for what comes after the model."""

_PLACES = frozenset({"chapter", "part", "document"})


class Generation:
    """One chat model at work on one snapshot. Safe to use from several threads."""

    def __init__(self, model: Model, snapshot: Snapshot, *, deadline_s: float, max_prompt_tokens: int) -> None:
        """``deadline_s``: seconds from a question to its answer, beyond which the extract is given."""
        self.model = model
        self._snapshot = snapshot
        self._deadline_s = deadline_s
        self._writer = Writer(model, snapshot, max_prompt_tokens=max_prompt_tokens)

    def rewrite(self, question: str, history: Sequence[Turn]) -> tuple[str | None, Usage | None]:
        """The question standing alone; None where the rule-based rewriting has to do."""
        return rewrite_question(self.model, question, history, seconds=self._deadline_s * _REWRITING)

    def improve(self, query: Query, extract: Answer, begun: float, *, spent: Usage | None, on_text: OnText | None, tables: bool) -> Answer:
        """What the model makes of the places that the extract found, or the extract, marked as one.

        ``begun`` is the time.monotonic() at which the question came; ``spent`` what rewriting it took.
        """
        if not may_improve(query, extract, self._snapshot):
            return extract
        seconds = self._deadline_s - _MARGIN_S - (time.monotonic() - begun)
        written = self._writer.write(answered_part(query, extract), extract.hits, seconds=seconds, on_text=on_text, tables=tables)
        if spent is not None:
            usage = spent if written.writing.usage is None else written.writing.usage + spent
            written = replace(written, writing=replace(written.writing, usage=usage))
        answer = make_answer(query, extract, written, self._snapshot)
        return replace(answer, timings_ms={**answer.timings_ms, "verify": round(written.verify_ms, 3)})


def may_improve(query: Query, extract: Answer, snapshot: Snapshot) -> bool:
    """Whether a model is asked at all. A refusal stands; places that a question names are enumerated by code, which counts right."""
    nodes = [snapshot.nodes[locator] for locator in query.references if locator in snapshot.nodes]
    look_up = len(query.references) > 1 or any(node.kind in _PLACES for node in nodes)
    return extract.status != "refused" and not look_up


def answered_part(query: Query, extract: Answer) -> Query:
    """The question without the parts of which the extract has found that the documents do not say."""
    if not extract.missing:
        return query
    facets = tuple(facet for facet in query.facets if facet.standalone not in extract.missing)
    return replace(query, standalone="；".join(facet.standalone for facet in facets), facets=facets) if facets else query


def make_answer(query: Query, extract: Answer, written: Written, snapshot: Snapshot) -> Answer:
    """The answer made of what was written, or the extract marked as one, or a refusal when the passages do not say."""
    silent = bool(written.unstated) and not any(claim.statements for claim in written.claims)
    disbelieved = "not stated" if silent and _is_sure(query, extract) else ""
    reason = written.writing.fallback or disbelieved or _beside_the_point(query, extract, written)
    if reason:
        text = texts.EXCERPT_LEAD + extract.answer
        return replace(extract, answer=text, writing=replace(written.writing, fallback=reason))
    if silent:
        nearest = nearest_place(extract.hits[0].unit if extract.hits else None, snapshot)
        refused = replace(extract, status="refused", answer=refusal_text(nearest), citations=(), missing=None)
        return replace(refused, nearest=nearest, mode="none", writing=written.writing)
    text, citations = write_claims(written.claims, snapshot)
    missing = extract.missing or (_missing(written.unstated[0], query) if written.unstated else None)
    status: AnswerStatus = "partial" if missing else "answered"
    made = replace(extract, status=status, answer=text, citations=citations)
    return replace(made, missing=missing, mode="generated", writing=written.writing)


def _is_sure(query: Query, extract: Answer) -> bool:
    """Whether a model that finds the passages silent is not believed: the question names the place, or retrieval is certain."""
    return bool(query.references) or (extract.certainty or 0.0) >= SURE


def _beside_the_point(query: Query, extract: Answer, written: Written) -> str:
    """Why what was written, though true, does not answer; "" when it does.

    It is about another place than the question names, about nothing that it asks, or has no figure where the extract has one.
    """
    statements = [statement for claim in written.claims for statement in claim.statements]
    if not statements:
        return ""
    places = query.references
    if places and not all(any(s.locator.within(place) or place.within(s.locator) for place in places) for s in statements):
        return "other place"
    text = form("\n".join(f"{statement.text} {statement.quote}" for statement in statements))
    asked = content_terms(form(f"{query.question}\n{query.standalone}"))
    cited = {citation.locator for citation in extract.citations}
    if asked and not any(is_carried(term, text) for term in asked) and not cited & {s.locator for s in statements}:
        return "beside the point"
    figures = find_figures("".join(claim.text for claim in written.claims))
    return "no figure" if HOW_MUCH.search(query.standalone) and find_figures(extract.answer) and not figures else ""


def _missing(part: str, query: Query) -> str:
    """What the model found missing, in its words only where they are those of the question."""
    question = form(query.standalone)
    own = part if part and all(is_carried(term, question) for term in content_terms(form(part))) else query.standalone
    return texts.MISSING_PART.format(part=own)
