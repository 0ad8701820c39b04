"""The only place where the stages are composed: question → Query → Evidence → Draft → Answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from threading import Thread
from typing import TYPE_CHECKING

from rag.answering import texts
from rag.answering.confidence import Confidence
from rag.answering.extract import Extractor
from rag.answering.units import LIMIT
from rag.answering.verify import add_statement, missing_text, nearest_place, number_citations, refusal_text, verify, write_answer
from rag.documents.sources import Corpus, read_corpus
from rag.errors import IndexUnavailableError, InputError
from rag.language.locators import counter_of, place_name
from rag.language.text import matching_form
from rag.records import Answer, AnswerStatus, Citation, Draft, Hit, Locator, Mode, Nearest, Query, Statement, Turn, Usage
from rag.search.folders import is_complete, last_complete
from rag.search.index import Index, Progress, build_index, open_named
from rag.search.index import fingerprint as index_fingerprint
from rag.search.lexical import tokenize
from rag.search.misplaced import without_place
from rag.search.retrieve import Evidence, Retriever, tell_apart
from rag.search.understand import Understanding
from rag.settings import Settings
from rag.threads import beside

if TYPE_CHECKING:
    from rag.answering.generate import ChatModel
    from rag.answering.generation import Generation
    from rag.search.embedding import Embedder

MAX_QUESTION = 2000
"""Characters; a longer one is refused as input."""

CHECK_S = 3.0
"""Seconds that the chat endpoint gets at the start to refuse the key; one that is slower is taken as it is."""

STAY = 0.5
"""How much lower, in fused score, the unit of the first part of a question may be for the second part, or one of the year asked for."""

SURE = 0.5
"""How likely another place has to answer a question that names one which does not."""

GOES_ON = 0.3
"""How much likelier another place has to answer a follow-up than the one that the question before it is answered from."""

TOPIC = 4
"""Characters that a topic has at least which a unit is recognised by."""

OnText = Callable[[str], None]
"""Called with the verified text so far, in the thread that asks."""


class Assistant:
    """Answers questions from one open index. Safe to call from several threads."""

    def __init__(self, index: Index, embedder: Embedder, generation: Generation | None = None) -> None:
        """``generation``: the model-backed mode; None answers with extracts."""
        self.index = index
        self.generation = generation
        self.embedder = embedder
        self._understanding = Understanding(index.snapshot, index.speller)
        self.retriever = Retriever(index, embedder)
        self.extractor = Extractor(index)
        self.confidence = Confidence(index)

    def ask(
        self, question: str, history: Sequence[Turn] = (), *, on_text: OnText | None = None, tables: bool = False
    ) -> Answer:
        """Answer one question. Raises InputError when it is longer than MAX_QUESTION; never guesses.

        ``on_text`` hears the verified text so far, whole each time it has grown; an extract comes all at once
        and is not announced. ``tables``: the channel shows Markdown tables.
        """
        begun = time.monotonic()
        clock = _Clock()
        query, extract, spent = self._extract(question, history, clock)
        if self.generation is None:
            return extract
        answer = self.generation.improve(query, extract, begun, spent=spent, on_text=on_text, tables=tables)
        clock.mark("compose")
        return replace(answer, timings_ms={**clock.timings(), "verify": answer.timings_ms["verify"]})

    def extract(self, question: str, history: Sequence[Turn] = ()) -> tuple[Query, Answer]:
        """The answer in the documents' own words, and what the question means. Raises InputError as ``ask`` does."""
        return self._extract(question, history, _Clock())[:2]

    def _extract(self, question: str, history: Sequence[Turn], clock: _Clock) -> tuple[Query, Answer, Usage | None]:
        """The extract, and what a model took to rewrite the question."""
        if len(question) > MAX_QUESTION:
            raise InputError(f"问题过长({len(question)}字)，请控制在{MAX_QUESTION}字以内。")
        query, spent = self._read(question, history)
        clock.mark("understand")
        if query.shape in ("smalltalk", "task"):
            text = texts.TASK if query.shape == "task" else texts.GREETING if question.strip() else texts.EMPTY
            return query, self._refusal(query, text, (), None, clock), spent
        query, evidence = self.gather(query)
        clock.mark("retrieve")
        if query.missing_references and not query.references:
            return query, self._refuse_reference(query, evidence[0], clock), spent
        answer = self._compose(query, evidence, clock)
        if self.generation is not None:
            certain = (self.confidence.probability(q, e) for q, e in zip(query.facets or (query,), evidence, strict=True))
            answer = replace(answer, certainty=min(certain))
        return query, answer, spent

    def _read(self, question: str, history: Sequence[Turn]) -> tuple[Query, Usage | None]:
        """What the question means, by the model's rewriting where there is a history and a model; and what that took."""
        query = self._understanding.understand(question, history)
        if self.generation is None or not history or query.shape in ("smalltalk", "task"):
            return query, None
        alone, spent = self.generation.rewrite(question, history)
        rewritten = self._understanding.understand(alone) if alone else query
        return (query if rewritten.shape in ("smalltalk", "task") else replace(rewritten, question=question)), spent

    def gather(self, query: Query) -> tuple[Query, list[Evidence]]:
        """Evidence for each facet; of two readings of a follow-up, the one that the documents answer better."""
        if (elsewhere := self._elsewhere(query)) is not None:
            return elsewhere
        read = [self._read_in_topic(facet) for facet in query.facets]
        if query.facets:
            query = replace(query, facets=tuple(facet for facet, _ in read))
        evidence = [found for _, found in read] or [self._dated(query, self.retriever.retrieve(query))]
        if query.topic and not query.facets:
            evidence = [_stay(query, evidence[0], self.retriever.retrieve(replace(query, standalone=query.topic)))]
        evidence = [_stay(facet, found, evidence[0]) for facet, found in zip(query.facets or (query,), evidence, strict=True)]
        if query.facets:
            evidence = tell_apart(evidence)
        elif query.added:
            evidence = [replace(evidence[0], apart=tuple(tokenize(query.added)))]
        if query.alternative is None:
            return query, evidence
        other, others = self.gather(query.alternative)
        plain = max(self.confidence.probability(q, e) for q, e in zip(query.facets or (query,), evidence, strict=True))
        joined = max(self.confidence.probability(q, e) for q, e in zip(other.facets or (other,), others, strict=True))
        ahead = GOES_ON if _differ(evidence, others) and self._is_of_topic(other, others[0]) else 0.0
        return (other, others) if plain < joined + ahead else (query, evidence)

    def _is_of_topic(self, query: Query, evidence: Evidence) -> bool:
        """Whether a follow-up may be answered, and from the unit that the question before it is answered from."""
        if not query.topic or query.facets or not self.confidence.is_enough(query, evidence):
            return False
        before = self.retriever.retrieve(replace(query, standalone=query.topic)).hits
        return bool(before) and before[0].unit == evidence.hits[0].unit

    def _read_in_topic(self, facet: Query) -> tuple[Query, Evidence]:
        """A part of a question with its evidence, within the topic of the first part where the documents answer that better."""
        found = [(part, self._dated(part, self.retriever.retrieve(part))) for part in (facet, facet.alternative) if part]
        return max(found, key=lambda pair: self.confidence.probability(*pair))

    def _elsewhere(self, query: Query) -> tuple[Query, list[Evidence]] | None:
        """The query without the place that it names and its evidence, when another place of the document answers it and that one can't."""
        found = [(free, self.retriever.retrieve(free)) for free in without_place(query, self.index.snapshot)]
        if not found:
            return None
        free, evidence = max(found, key=lambda pair: self.confidence.probability(*pair))
        sure = self.confidence.probability(free, evidence) >= SURE
        return (free, [evidence]) if sure and not query.references[0].within(evidence.hits[0].unit) else None

    def _dated(self, facet: Query, found: Evidence) -> Evidence:
        """The evidence, a unit of the year that is asked for before one of another year that is hardly better."""
        if len(facet.years) != 1 or facet.references or not found.hits:
            return found
        nearly = (hit for hit in found.hits[:3] if hit.score >= found.hits[0].score - STAY)
        first = next((hit for hit in nearly if self.confidence.lacking(facet, replace(found, hits=(hit,))) is None), None)
        return replace(found, hits=(first, *(hit for hit in found.hits if hit is not first))) if first else found

    def understand(self, question: str, history: Sequence[Turn] = ()) -> Query:
        """What the question means."""
        return self._understanding.understand(question, history)

    def search(self, question: str, history: Sequence[Turn] = ()) -> tuple[Query, tuple[Hit, ...]]:
        """The ranked hits for a question, before anything is composed."""
        query, evidence = self.gather(self._understanding.understand(question, history))
        return query, _interleave([found.hits for found in evidence])

    def _compose(self, query: Query, evidence: Sequence[Evidence], clock: _Clock) -> Answer:
        statements: list[Statement] = []
        missing: list[str] = []
        listed = False
        answered: set[Locator] = set()  # units that an earlier part of the question was answered from
        for facet, found_for in zip(query.facets or (query,), evidence, strict=True):
            if query.shape == "compare":
                found_for = replace(found_for, said=tuple(statement.quote for statement in statements))
            checked = verify(self._draft(query, facet, found_for, answered), self.index.snapshot)
            for statement in checked.statements:
                add_statement(statement, statements)
            listed = listed or checked.listing
            answered.update(hit.unit for hit in found_for.hits[:1] if checked.statements)
            if not checked.statements:
                missing.append(facet.standalone)
        clock.mark("compose")
        hits = _interleave([facet.hits for facet in evidence])
        if not statements:
            nearest = nearest_place(hits[0].unit if hits else None, self.index.snapshot)
            return self._refusal(query, refusal_text(nearest), hits, nearest, clock)
        numbered, citations = number_citations(statements, self.index.snapshot)
        text = write_answer(numbered, listing=listed or bool(query.facets))
        if listed and query.shape == "count" and not query.facets:
            text = texts.COUNT_LEAD.format(count=len(numbered), counter=self._counter(statements)) + "\n" + text
        clock.mark("verify")
        lacking = texts.MISSING_PART.format(part="、".join(missing)) if missing else None
        status: AnswerStatus = "partial" if missing else "answered"
        return self._answer(query, status, text, hits, clock, citations=citations, missing=lacking, mode="extractive")

    def _counter(self, statements: Sequence[Statement]) -> str:
        """The measure word of the places that a list is of; whatever the question calls them."""
        found = {counter_of(self.index.snapshot.by_id[s.locator.document].entry, s.locator) for s in statements}
        return found.pop() if len(found) == 1 else "项"

    def _answer(
        self,
        query: Query,
        status: AnswerStatus,
        text: str,
        hits: tuple[Hit, ...],
        clock: _Clock,
        *,
        citations: tuple[Citation, ...] = (),
        missing: str | None = None,
        nearest: Nearest | None = None,
        mode: Mode = "none",
    ) -> Answer:
        retrieved = tuple(hit.unit for hit in hits)
        name, timings = self.index.fingerprint, clock.timings()
        return Answer(query.question, query.standalone, status, text, citations, missing, nearest, mode, retrieved, name, timings, hits)

    def _draft(self, whole: Query, query: Query, evidence: Evidence, answered: set[Locator]) -> Draft:
        if not query.references and not self._is_enough(whole, query, evidence, answered):
            return Draft(())
        draft = self.extractor.extract(query, evidence, limit=LIMIT // max(len(whole.facets), 1))
        if query.misplaced and draft.statements:
            first, *rest = draft.statements
            place = place_name(self.index.snapshot.by_id[first.locator.document].entry, first.locator)
            draft = replace(draft, statements=(replace(first, text=texts.ELSEWHERE.format(place=place) + first.text), *rest))
        if len(whole.years) == 2 or any(word in whole.standalone for word in ("今年", "去年", "上年", "本年")):
            draft = replace(draft, statements=tuple(self._with_year(s) for s in draft.statements))
        return draft

    def _is_enough(self, whole: Query, query: Query, evidence: Evidence, answered: set[Locator]) -> bool:
        """Whether to answer; a second thing asked of the same unit, or of the topic in its words, needs only to be there."""
        if evidence.hits and (evidence.hits[0].unit in answered or self._has_topic(whole, evidence)):
            return self.confidence.lacking(query, evidence) is None
        return self.confidence.is_enough(query, evidence)

    def _has_topic(self, whole: Query, evidence: Evidence) -> bool:
        """Whether the best unit has the words of the clause that tells what all parts of a question are about."""
        topics = {facet.standalone.partition(",")[0] for facet in whole.facets if "," in facet.standalone}
        texts_of = (matching_form(self.index.snapshot.passages[i].text) for i in evidence.hits[0].passages)
        return len(topics) == 1 and len(topic := topics.pop()) >= TOPIC and any(topic in text for text in texts_of)

    def _with_year(self, statement: Statement) -> Statement:
        """The value with the year that its part of the document is about."""
        year = next((p.year for p in self.index.snapshot.passages if p.locator == statement.locator), None)
        if year is None or f"{year}年" in statement.text:
            return statement
        return replace(statement, text=texts.YEAR_LEAD.format(year=year) + statement.text)

    def _refuse_reference(self, query: Query, evidence: Evidence, clock: _Clock) -> Answer:
        text = missing_text(query.missing_references[0], self.index.snapshot)
        return self._refusal(query, text, _interleave([evidence.hits]), None, clock)

    def _refusal(self, query: Query, text: str, hits: tuple[Hit, ...], nearest: Nearest | None, clock: _Clock) -> Answer:
        return self._answer(query, "refused", text, hits, clock, nearest=nearest)


class _Clock:
    """Milliseconds by stage."""

    def __init__(self) -> None:
        self._begin = self._last = time.perf_counter()
        self._stages = dict.fromkeys(("understand", "retrieve", "compose", "verify"), 0.0)

    def mark(self, stage: str) -> None:
        now = time.perf_counter()
        self._stages[stage] = round((now - self._last) * 1000, 3)
        self._last = now

    def timings(self) -> dict[str, float]:
        return {**self._stages, "total": round((time.perf_counter() - self._begin) * 1000, 3)}


def _interleave(lists: Sequence[Sequence[Hit]]) -> tuple[Hit, ...]:
    """Hits of several rankings, best first, each unit once."""
    longest = max((len(hits) for hits in lists), default=0)
    merged: dict[Locator, Hit] = {}
    for i in range(longest):
        for hits in lists:
            if i < len(hits):
                merged.setdefault(hits[i].unit, hits[i])
    return tuple(merged.values())


def _differ(found: Sequence[Evidence], other: Sequence[Evidence]) -> bool:
    """Whether two readings of a question are answered from different units."""
    return [part.hits[:1] and part.hits[0].unit for part in found] != [part.hits[:1] and part.hits[0].unit for part in other]


def _stay(facet: Query, found: Evidence, first: Evidence) -> Evidence:
    """A second thing asked in one breath is about the same unit, when that unit is nearly its best."""
    if facet.years or facet.documents or not first.hits or not found.hits:
        return found
    nearly = (hit for hit in found.hits[:3] if hit.score >= found.hits[0].score - STAY)
    same = next((hit for hit in nearly if hit.unit == first.hits[0].unit), None)
    return replace(found, hits=(same, *(hit for hit in found.hits if hit is not same))) if same else found


def current_fingerprint(settings: Settings) -> str:
    """The fingerprint of the index that belongs to these settings, built or not."""
    from rag.search.embedding import make_embedder

    return _fingerprint(settings, read_corpus(settings.corpus_dir), make_embedder(settings))


def _fingerprint(settings: Settings, corpus: Corpus, embedder: Embedder) -> str:
    return index_fingerprint(corpus, embedder.fingerprint, expand=settings.expand, chroma_url=settings.chroma_url)


def _warm_up(embedder: Embedder) -> None:
    """Load what the first question needs; whatever fails here fails again, with its message, where it is used."""
    with suppress(Exception):
        tokenize("常务会议")
        if load := getattr(embedder, "load", None):
            load()


def open_assistant(
    settings: Settings, on_progress: Progress | None = None, *, last_good: bool = False, again: bool = False, chat: bool = True
) -> Assistant:
    """Open the index of these settings, building it first when it is missing, and answer from it.

    ``chat`` False leaves the chat model aside that the settings may name; else a key or model that its endpoint
    refuses is a ConfigurationError now rather than at the first question. ``last_good`` opens the index that was
    completed last, whatever the corpus is now; ``again`` builds anew an index that is complete but can't be opened. Raises NingwenError.
    """
    model = _ChatModel(settings) if chat and settings.chat_model is not None else None
    assistant = _open_index(settings, on_progress, last_good=last_good, again=again)
    if model is not None:
        assistant.generation = model.join(assistant.index)
    return assistant


class _ChatModel:
    """The chat model of the settings, imported and tried in a thread while the index opens."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._model: ChatModel | None = None
        self._failure: BaseException | None = None
        self._thread = Thread(target=self._start)
        self._thread.start()

    def _start(self) -> None:
        try:
            from rag.answering.generate import make_chat_model

            self._model = make_chat_model(self._settings)
            self._model.counter.load()
            self._model.check(seconds=min(CHECK_S, self._settings.answer_deadline))
        except BaseException as error:
            self._failure = error

    def join(self, index: Index) -> Generation:
        """The model at work on an index. Raises what starting it raised."""
        from rag.answering.generation import Generation

        self._thread.join()
        if self._failure is not None or self._model is None:
            raise self._failure or AssertionError("no chat model and no failure")
        settings = self._settings
        return Generation(
            self._model, index.snapshot, deadline_s=settings.answer_deadline, max_prompt_tokens=settings.max_prompt_tokens
        )


def _open_index(settings: Settings, on_progress: Progress | None, *, last_good: bool, again: bool) -> Assistant:
    from rag.search.embedding import make_embedder

    embedder = make_embedder(settings)
    if last_good and (name := last_complete(settings.data_dir)):
        return _open(name, settings, embedder)
    corpus = read_corpus(settings.corpus_dir)
    name = _fingerprint(settings, corpus, embedder)
    damaged = False
    if is_complete(settings.data_dir, name):
        try:
            return _open(name, settings, embedder)
        except IndexUnavailableError:
            if not again:
                raise
            damaged = True
    build_index(
        corpus, embedder, settings.data_dir, expand=settings.expand, chroma_url=settings.chroma_url, on_progress=on_progress, again=damaged
    )
    return _open(name, settings, embedder)


def _open(name: str, settings: Settings, embedder: Embedder) -> Assistant:
    """Open an index while the embedder loads beside it: Chroma's import takes as long."""
    with beside(_warm_up, embedder):
        return Assistant(open_named(name, settings.data_dir, chroma_url=settings.chroma_url), embedder)
