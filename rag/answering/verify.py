"""Draft → Answer: nothing is shown that its quote does not carry.

For every statement: the quote stands verbatim at its locator, and every figure of the statement is in the quote.
What fails is dropped; when nothing is left, the answer is a refusal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rag.answering import texts
from rag.answering.units import LIMIT
from rag.language.figures import Figure, find_figures
from rag.language.locators import render_label
from rag.language.text import squeeze
from rag.records import Citation, Draft, Locator, MissingReference, Nearest, Statement
from rag.search.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Verified:
    """What of a draft may be shown."""

    statements: tuple[Statement, ...]
    dropped: tuple[str, ...]  # why each dropped statement was
    missing: str | None
    listing: bool


def verify(draft: Draft, snapshot: Snapshot) -> Verified:
    """Check every statement of a draft against the documents."""
    kept: list[Statement] = []
    dropped: list[str] = []
    for statement in draft.statements:
        reason = objection(statement, snapshot)
        if reason:
            dropped.append(reason)
        else:
            kept.append(statement)
    return Verified(tuple(kept), tuple(dropped), draft.missing, draft.listing)


def add_statement(statement: Statement, statements: list[Statement]) -> None:
    """Add what one part of a question is answered by to what those before it are.

    Two pieces of one sentence become the sentence, with the lead (a year, a place's number) that either has; what one
    part says among more of the same place is left out of the other.
    """
    same = next((i for i, s in enumerate(statements) if (s.locator, s.quote) == (statement.locator, statement.quote)), None)
    leads = [] if same is None else [_lead(statements[same]), _lead(statement)]
    if same is not None and None not in leads and len(statement.quote) <= LIMIT:
        statements[same] = replace(statement, text=max(filter(None, leads), key=len, default="") + statement.quote)
    elif not any(other.locator == statement.locator and statement.text in other.text for other in statements):
        statements[:] = [other for other in statements if other.locator != statement.locator or other.text not in statement.text]
        statements.append(statement)


def _lead(statement: Statement) -> str | None:
    """What stands before the stretch of its quote with which a statement ends; None when it ends with none."""
    return next((statement.text[:i] for i in range(len(statement.text) - 3) if statement.text[i:] in statement.quote), None)


def objection(statement: Statement, snapshot: Snapshot) -> str | None:
    """Why a statement may not be shown; None when it may."""
    place = squeeze(snapshot.text_of(statement.locator))
    if not statement.quote.strip() or squeeze(statement.quote) not in place:
        return f"quote is not at {statement.locator}"
    there = find_figures(statement.quote)
    allowed = there | _numbering(statement.locator, snapshot)
    values = {figure.value for figure in allowed}
    unsupported = [f for f in find_figures(statement.text) if f not in allowed and not (f.unit == "" and f.value in values)]
    if unsupported:
        return f"figure {unsupported[0].value}{unsupported[0].unit} is not in the quote"
    return None


def _numbering(locator: Locator, snapshot: Snapshot) -> frozenset[Figure]:
    """Figures that the place itself has: its number, its title's, and the year its part is about."""
    entry = snapshot.by_id[locator.document].entry
    found = set(find_figures(render_label(entry, locator)))
    years = {p.year for p in snapshot.passages if p.year and p.locator.within(Locator(locator.document, locator.path[:1]))}
    found.update(Figure(str(year), "年") for year in years)
    for depth in range(1, len(locator.path) + 1):
        node = snapshot.nodes.get(Locator(locator.document, locator.path[:depth]))
        if node is not None:
            found.update(find_figures(f"{node.label}{node.heading}"))
    for node in snapshot.nodes.values():
        if node.kind == "chapter" and any(child.locator == Locator(locator.document, locator.path[:1]) for child in node.children):
            found.update(find_figures(f"{node.label}{node.heading}"))
    return frozenset(found)


def number_citations(statements: Sequence[Statement], snapshot: Snapshot) -> tuple[list[tuple[str, int]], tuple[Citation, ...]]:
    """Each statement's text with its citation's number, and the citations: one for each place and quote."""
    citations: list[Citation] = []
    numbered: list[tuple[str, int]] = []
    for statement in statements:
        known = next((c for c in citations if c.locator == statement.locator and c.quote == statement.quote), None)
        if known is None:
            entry = snapshot.by_id[statement.locator.document].entry
            known = Citation(len(citations) + 1, statement.locator, render_label(entry, statement.locator), statement.quote)
            citations.append(known)
        numbered.append((statement.text, known.n))
    return numbered, tuple(citations)


def write_answer(numbered: Iterable[tuple[str, int]], *, listing: bool) -> str:
    """The text of an answer: statements with their markers, a line each in a list."""
    parts = [f"{text}[{n}]" for text, n in numbered]
    return ("\n" if listing else "").join(parts)


def nearest_place(locator: Locator | None, snapshot: Snapshot) -> Nearest | None:
    """The label of the nearest place; None when there is none worth naming."""
    if locator is None:
        return None
    return Nearest(locator, render_label(snapshot.by_id[locator.document].entry, locator))


def missing_text(missing: MissingReference, snapshot: Snapshot) -> str:
    """That a reference leads nowhere, and what there is instead."""
    if not missing.document:
        return texts.NO_SUCH_NUMBER.format(asked=missing.asked, valid=missing.valid)
    title = snapshot.by_id[missing.document].entry.title
    return texts.NO_SUCH_PLACE.format(title=title, asked=missing.asked, valid=missing.valid)


def refusal_text(nearest: Nearest | None, said: str = "") -> str:
    """The documents do not say, and what is nearest, with its words where they come near."""
    if nearest is None:
        return texts.NOT_IN_DOCUMENTS
    lead = texts.NEAREST_SAYS if said and len(said) <= LIMIT else texts.NEAREST
    return texts.NOT_IN_DOCUMENTS + lead.format(label=nearest.label, said=said)
