"""A chat model's sentence + its prompt → a Claim with its quotes, or the reason why it may not be shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from rag.answering import claims, force, texts
from rag.answering.prompting import Piece, Prompt, Source
from rag.answering.sentences import Form, Sentence
from rag.answering.support import Ground, Said, find_ground, folded, make_quotes
from rag.language.figures import Figure, find_figures
from rag.language.locators import render_label
from rag.language.statements import form, has_name, is_negative, modality
from rag.language.words import bigrams
from rag.language.years import RELATIVE_YEARS
from rag.records import Citation, Locator, Query, Statement
from rag.search.snapshot import Snapshot

_CELL = 8
"""Characters of a table head's cell that is taken for the name of a column."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence that may be shown. ``statements`` hold its quotes; none for a lead-in or a table's head, which claim nothing."""

    text: str
    statements: tuple[Statement, ...]
    line: int
    form: Form
    without: str = ""  # why the word that answered yes or no before it was dropped


class Reviewer:
    """Reviews the sentences of one reply, in order."""

    def __init__(self, prompt: Prompt, query: Query, snapshot: Snapshot) -> None:
        self._pieces = prompt.pieces
        self._snapshot = snapshot
        self._question = form(f"{query.question}\n{query.standalone}")
        self._base = max((d.entry.year for d in snapshot.documents if d.entry.part_years), default=None)
        self._figures: dict[Locator, frozenset[Figure]] = {}
        self._years = query.years
        self._told: set[int] = set()  # years that the answer has named
        self._held = ""

    def review(self, sentence: Sentence) -> Claim | str | None:
        """The claim, the reason against it, or None when it waits for the next sentence or says nothing."""
        if not sentence.text:
            return self._unknown(sentence)
        if sentence.form == "rule":
            return Claim(sentence.text, (), sentence.line, sentence.form)
        if sentence.form == "head" or (sentence.text[-1] in ":：" and not sentence.keys):
            return self._lead_in(sentence)
        if not sentence.keys and force.VERDICT.fullmatch(form(sentence.text).rstrip("。!,")):
            self._held = sentence.text
            return None
        held, self._held = self._held, ""
        found = self._weigh(replace(sentence, text=claims.shown(held + sentence.text)))
        if held and isinstance(found, str):
            alone = self._weigh(replace(sentence, text=claims.shown(sentence.text)))
            return replace(alone, without=found) if isinstance(alone, Claim) else alone
        return found

    def _unknown(self, sentence: Sentence) -> str | None:
        unknown = [key for key in sentence.keys if key not in self._pieces]
        return f"unknown-key: {unknown[0]}" if unknown else None

    def _weigh(self, sentence: Sentence) -> Claim | str:
        if reason := self._unknown(sentence):
            return reason
        said = Said(sentence.text)
        if sentence.keys:
            found = self._against(said, [source for key in sentence.keys for source in self._pieces[key].sources], units=len(sentence.keys))
        else:
            found = self._anywhere(said)
        return found if isinstance(found, str) else Claim(self._dated(sentence, found), found, sentence.line, sentence.form)

    def _dated(self, sentence: Sentence, found: Sequence[Statement]) -> str:
        """The sentence with its year: 「今年」 becomes 「2024年」, and a question about 「今年」 is answered with the year."""
        years = {p.year for p in self._snapshot.passages if p.year and p.locator == found[0].locator}
        if self._base is None or len(years) != 1:
            return sentence.text
        (year,) = years
        text = sentence.text
        for word, shift in RELATIVE_YEARS.items():
            if self._base + shift == year and not any(word in statement.quote for statement in found):
                text = text.replace(word, f"{year}年")
        relative = any(word in self._question and self._base + shift == year for word, shift in RELATIVE_YEARS.items())
        if relative and year not in self._told and f"{year}年" not in text and sentence.form != "row":
            text = texts.YEAR_LEAD.format(year=year) + text
        self._told.add(year)
        return text

    def _anywhere(self, said: Said) -> tuple[Statement, ...] | str:
        """A sentence without a marker belongs to the passage that carries it, if one of the nearest two does."""
        ranked = sorted(self._pieces.values(), key=lambda piece: -_nearness(said, piece))
        reasons = []
        for piece in ranked[:2]:
            found = self._against(said, piece.sources)
            if not isinstance(found, str):
                return found
            reasons.append(found)
        return reasons[0] if reasons else "uncarried: no passage"

    def _against(self, said: Said, sources: Sequence[Source], units: int = 1) -> tuple[Statement, ...] | str:
        """The quotes of a sentence, no more than it needs; or the first reason against it."""
        ground = find_ground(said, sources, self._question)
        if reason := self._objection(said, ground) or (claims.scattered(said, sources) if units == 1 else None):
            return reason
        for source in ground.sources if len(ground.sources) > 1 else ():
            fewer = Ground(tuple(other for other in ground.sources if other is not source))
            if fewer.sources and self._objection(said, fewer) is None:
                ground = fewer
        return make_quotes(said.text, ground, self._snapshot)

    def _objection(self, said: Said, ground: Ground) -> str | None:
        if not ground.sources:
            return "uncarried: no sentence"
        labels = self._labels(ground)
        allowed = frozenset(figure for source in ground.sources for figure in self._figures_of(source.locator))
        checks: tuple[Callable[[], str | None], ...] = (
            lambda: claims.obeying(said, ground),
            lambda: claims.foreign(said, ground, self._question),
            lambda: claims.wrong_figure(said, ground, allowed),
            lambda: claims.wrong_date(said, ground),
            lambda: claims.wrong_bound(said, ground),
            lambda: claims.apart(said, ground),
            lambda: claims.wrong_side(said, ground),
            lambda: claims.wrong_period(said, ground),
            lambda: claims.wrong_year(said, ground, self._years, self._base),
            lambda: claims.wrong_reference(said, ground, labels),
            lambda: claims.wrong_name(said, ground, self._question),
            lambda: claims.swapped_name(said, ground),
            lambda: claims.wrong_act(said, ground),
            lambda: force.wrong_force(said, ground, self._question),
            lambda: force.excepted(said, ground),
            lambda: force.opposite(said, ground),
            lambda: claims.uncarried(said, ground, self._question, labels),
        )
        return next((reason for check in checks if (reason := check())), None)

    def _lead_in(self, sentence: Sentence) -> Claim | str:
        """A table's head that names columns, or a line before a list that has the question's own words."""
        said = Said(claims.shown(sentence.text))
        if sentence.form == "head":
            short = all(len(cell.strip()) <= _CELL for cell in said.text.split("|"))
            known = not find_figures(said.form) and all(has_name(self._everything, name) for name in said.names)
            return Claim(said.text, (), sentence.line, sentence.form) if short and known else "uncarried: head"
        plain = not find_figures(said.form) - find_figures(self._question) and all(term.text in self._question for term in said.terms)
        forced = is_negative(said.form) > is_negative(self._question) or modality(said.form) not in ("", modality(self._question))
        if not plain or forced or claims.foreign(said, Ground(()), self._question):
            return "uncarried: lead-in"
        return Claim(said.text, (), sentence.line, sentence.form)

    @cached_property
    def _everything(self) -> str:
        texts = [folded(f"{s.text} {s.context}") for piece in self._pieces.values() for s in piece.sources]
        return "\n".join([self._question, *texts])

    def _figures_of(self, locator: Locator) -> frozenset[Figure]:
        """Figures that the place itself has: in its number and headings, and the year that its part is about."""
        if locator not in self._figures:
            entry = self._snapshot.by_id[locator.document].entry
            found = set(find_figures(render_label(entry, locator)))
            for passage in self._snapshot.passages:
                if passage.locator == locator:
                    found |= find_figures(passage.breadcrumb)
                    found |= {Figure(str(passage.year), "年")} if passage.year else set()
            self._figures[locator] = frozenset(found)
        return self._figures[locator]

    def _labels(self, ground: Ground) -> str:
        """Names of the places and documents, in matching form."""
        parts = []
        for locator in dict.fromkeys(source.locator for source in ground.sources):
            entry = self._snapshot.by_id[locator.document].entry
            parts.extend([render_label(entry, locator), entry.title, entry.short_title, *entry.aliases])
        return form("\n".join(parts))


def _nearness(said: Said, piece: Piece) -> int:
    return max((len(said.bigrams & bigrams(folded(source.text))) for source in piece.sources), default=0)


def write_claims(found: Sequence[Claim], snapshot: Snapshot) -> tuple[str, tuple[Citation, ...]]:
    """The text of an answer with its markers, lines as the model set them, and its citations: one for each place and quote."""
    citations: list[Citation] = []
    lines: dict[int, str] = {}
    for claim in found:
        numbers = [_number(statement, citations, snapshot) for statement in claim.statements]
        marks = "".join(f"[{n}]" for n in numbers)
        row = re.fullmatch(r"(?P<cells>\|.*?)\s*\|?\s*", claim.text) if claim.form == "row" else None
        lines[claim.line] = lines.get(claim.line, "") + (f"{row['cells']} {marks} |" if row else f"{claim.text}{marks}")
    return "\n".join(lines[number] for number in sorted(lines)), tuple(citations)


def _number(statement: Statement, citations: list[Citation], snapshot: Snapshot) -> int:
    for known in citations:
        if known.locator == statement.locator and known.quote == statement.quote:
            return known.n
    label = render_label(snapshot.by_id[statement.locator.document].entry, statement.locator)
    citations.append(Citation(len(citations) + 1, statement.locator, label, statement.quote))
    return len(citations)
