"""Which sentences of a passage carry a statement: the fewest that hold its figures, names and words.

They become the quote of its citation, and it is checked against nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from rag.answering.prompting import Source
from rag.language.figures import Figure, find_figures
from rag.language.statements import find_dates, find_names, find_periods, form, has_name, split_clauses
from rag.language.words import Term, bigrams, content_terms, is_carried
from rag.records import Locator, Statement
from rag.search.snapshot import Snapshot

ENOUGH = 1.5
"""What a further sentence has to add: one new word, or two that the question has."""

MOST = 8
"""Sentences that a statement may rest on."""


@lru_cache(maxsize=8192)
def folded(text: str) -> str:
    """``form``, remembered: the same sentences are read again and again."""
    return form(text)


@dataclass(frozen=True)
class Said:
    """A sentence of a model, taken apart."""

    text: str  # as it will be shown

    @cached_property
    def form(self) -> str:
        """In matching form."""
        return form(self.text)

    @cached_property
    def clauses(self) -> list[str]:
        """Its clauses."""
        return split_clauses(self.form)

    @cached_property
    def figures(self) -> frozenset[Figure]:
        """Its figures."""
        return find_figures(self.form)

    @cached_property
    def names(self) -> frozenset[str]:
        """Offices and organisations."""
        return frozenset(name.text for name in find_names(self.form))

    @cached_property
    def terms(self) -> tuple[Term, ...]:
        """Its words with content."""
        return tuple(dict.fromkeys(content_terms(self.form)))

    @cached_property
    def bigrams(self) -> frozenset[str]:
        """Its pairs of characters."""
        return bigrams(self.form)


@dataclass(frozen=True)
class Ground:
    """The sentences that a statement rests on, in reading order, all of which are quoted."""

    sources: tuple[Source, ...]

    @cached_property
    def forms(self) -> tuple[str, ...]:
        """Each sentence in matching form."""
        return tuple(folded(source.text) for source in self.sources)

    @cached_property
    def form(self) -> str:
        """All of it, in matching form."""
        return "\n".join(self.forms)

    @cached_property
    def context(self) -> str:
        """The headings above, in matching form."""
        return "\n".join(dict.fromkeys(folded(source.context) for source in self.sources))

    @cached_property
    def clauses(self) -> list[tuple[str, str]]:
        """Each clause with the one before it in its sentence, "" for the first."""
        found: list[tuple[str, str]] = []
        for text in self.forms:
            before = ""
            for clause in split_clauses(text):
                found.append((clause, before))
                before = clause
        return found


def find_ground(said: Said, sources: Sequence[Source], question: str = "") -> Ground:
    """The sentences on which a statement can rest, chosen one by one for what they add; none when none adds anything."""
    needs = _Needs.of(said, sources, question)
    likeness = [_likeness(said, folded(source.text)) for source in sources]
    chosen: set[int] = set()
    while len(chosen) < MOST:
        best, best_gain = -1, 0.0
        for i, source in enumerate(sources):
            gain = needs.gain(folded(source.text)) if i not in chosen else 0.0
            if gain >= (ENOUGH if chosen else 0.1) and gain + likeness[i] > best_gain:
                best, best_gain = i, gain + likeness[i]
        if best < 0:
            break
        chosen.add(best)
        needs = needs.without(folded(sources[best].text))
    return Ground(tuple(sources[i] for i in sorted(chosen)))


@lru_cache(maxsize=8192)
def _pairs(text: str) -> tuple[frozenset[str], ...]:
    return tuple(bigrams(clause) for clause in split_clauses(text))


def _likeness(said: Said, there: str) -> float:
    """How alike the clauses are of which two sentences consist: for each clause said, twice the Dice coefficient of the likest."""
    pairs = _pairs(there)
    return sum(
        max((4 * len(own & other) / (len(own) + len(other)) for other in pairs if own or other), default=0.0)
        for own in map(bigrams, said.clauses)
    )


@dataclass(frozen=True, slots=True)
class _Needs:
    """What of a statement still lacks a sentence that carries it."""

    figures: frozenset[Figure]
    dates: frozenset[tuple[int, int, int]]
    periods: frozenset[str]
    names: frozenset[str]
    terms: tuple[Term, ...]
    known: frozenset[str]  # words of the question: they need a sentence less

    @classmethod
    def of(cls, said: Said, sources: Sequence[Source], question: str) -> _Needs:
        years = {Figure(str(source.year), "年") for source in sources if source.year}
        everything = "\n".join(folded(source.text) for source in sources)
        asked = (term for term in said.terms if term.text in question)
        known = frozenset(term.text for term in asked if term.text not in everything)
        return cls(said.figures - years, find_dates(said.form), find_periods(said.form), said.names, said.terms, known)

    def gain(self, there: str) -> float:
        """How much a sentence adds."""
        return (
            3.0 * len(self.figures & find_figures(there))
            + 3.0 * len(self.dates & find_dates(there))
            + 2.0 * len(self.periods & find_periods(there))
            + 2.0 * sum(has_name(there, name) for name in self.names)
            + sum((0.75 if term.text in self.known else ENOUGH) for term in self.terms if is_carried(term, there))
        )

    def without(self, there: str) -> _Needs:
        """What is left when a sentence is taken."""
        return _Needs(
            self.figures - find_figures(there),
            self.dates - find_dates(there),
            self.periods - find_periods(there),
            frozenset(name for name in self.names if not has_name(there, name)),
            tuple(term for term in self.terms if not is_carried(term, there)),
            self.known,
        )


def make_quotes(text: str, ground: Ground, snapshot: Snapshot) -> tuple[Statement, ...]:
    """The statement with each verbatim stretch that carries it; neighbouring sentences of one place make one quote."""
    runs: list[tuple[Locator, int, int]] = []
    for source in sorted(ground.sources, key=lambda source: (source.locator.document, source.span)):
        whole = snapshot.by_id[source.locator.document].text
        if runs and runs[-1][0] == source.locator and not whole[runs[-1][2] : source.span[0]].strip():
            runs[-1] = (source.locator, runs[-1][1], source.span[1])
        else:
            runs.append((source.locator, *source.span))
    order = {source.locator: i for i, source in reversed(list(enumerate(ground.sources)))}
    runs.sort(key=lambda run: order[run[0]])
    return tuple(Statement(text, place, snapshot.by_id[place.document].text[start:end]) for place, start, end in runs)
