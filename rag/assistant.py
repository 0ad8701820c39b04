"""The only place where the stages are composed: message → readings → candidates → judgement → draft → answer."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from threading import Lock, Thread
from typing import TYPE_CHECKING

from rag.answering import texts
from rag.answering.compose import Composer
from rag.answering.replies import reply
from rag.answering.units import LIMIT, WHOLE
from rag.answering.verify import add_statement, missing_text, nearest_place, number_citations, refusal_text, verify, write_answer
from rag.documents.sources import Corpus, read_corpus
from rag.errors import IndexUnavailableError, InputError
from rag.judging.judge import READ, Judge
from rag.judging.reader import Reader
from rag.reading.acts import ON_ANSWER, ChatAct, read_act
from rag.reading.propose import Proposer
from rag.records import Answer, AnswerStatus, Citation, Hit, Judgement, Locator, Mode, Nearest, Query, Statement, Turn, Usage
from rag.search.folders import is_complete, last_complete
from rag.search.index import Index, Progress, build_index, open_named
from rag.search.index import fingerprint as index_fingerprint
from rag.search.lexical import tokenize
from rag.search.retrieve import Retriever
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

KEPT = 512
"""Answers kept for messages that act on the last one; without them it is answered again first."""

FOUND = 20
"""Windows retrieved for a reading; the judge reads the first ones, the rest tells a reader of the list what else is near."""

SUGGESTED = 3
"""Places that a refusal offers to look up."""

OnText = Callable[[str], None]
"""Called with the verified text so far, in the thread that asks."""


class Assistant:
    """Answers questions from one open index. Safe to call from several threads."""

    def __init__(self, index: Index, embedder: Embedder, reader: Reader, generation: Generation | None = None) -> None:
        """``generation``: the model-backed mode; None answers with extracts."""
        self.index = index
        self.generation = generation
        self.embedder = embedder
        self.reader = reader
        self.proposer = Proposer(index.snapshot)
        self.retriever = Retriever(index, embedder)
        self.judge = Judge(index, reader, embedder=embedder.name)
        self._composer = Composer(index.snapshot)
        self._kept: OrderedDict[tuple[str, ...], Answer] = OrderedDict()
        self._lock = Lock()

    @property
    def _fingerprint(self) -> str:
        """Of everything that an answer depends on: the index and the judge."""
        return f"{self.index.fingerprint}-{self.judge.fingerprint}"

    def ask(self, question: str, history: Sequence[Turn] = (), *, on_text: OnText | None = None, tables: bool = False) -> Answer:
        """Answer one question. Raises InputError when it is longer than MAX_QUESTION; never guesses.

        ``on_text`` hears the verified text so far, whole each time it has grown; an extract comes all at once
        and is not announced. ``tables``: the channel shows Markdown tables.
        """
        begun = time.monotonic()
        clock = _Clock()
        query, extract, spent = self._extract(question, history, clock)
        if self.generation is None or not query.parts:
            return extract
        answer = self.generation.improve(query, extract, begun, spent=spent, on_text=on_text, tables=tables)
        clock.mark("compose")
        return replace(answer, timings_ms={**clock.timings(), "verify": answer.timings_ms["verify"]})

    def extract(self, question: str, history: Sequence[Turn] = ()) -> tuple[Query, Answer]:
        """The answer in the documents' own words, and what the question means. Raises InputError as ``ask`` does."""
        return self._extract(question, history, _Clock())[:2]

    def search(self, question: str, history: Sequence[Turn] = ()) -> tuple[Query, tuple[Hit, ...]]:
        """The ranked hits for a question, as judged, before anything is composed."""
        query = self.proposer.propose(question, history)
        return query, self._hits(self._judge(query))

    def _extract(self, question: str, history: Sequence[Turn], clock: _Clock) -> tuple[Query, Answer, Usage | None]:
        """The extract, and what a model took to rewrite the question."""
        if len(question) > MAX_QUESTION:
            raise InputError(f"问题过长({len(question)}字)，请控制在{MAX_QUESTION}字以内。")
        act = read_act(question)
        if act is not None and (answer := self._act(question, act, history, clock)) is not None:
            return Query(question, question), answer, None
        query, spent = self._read(act.rest if act else question, history)
        query = replace(query, question=question)
        clock.mark("understand")
        judgements = self._judge(query)
        query = replace(query, standalone="；".join(self._standing_alone(judgement) for judgement in judgements))
        clock.mark("retrieve")
        answer = self._compose(query, judgements, clock)
        self._keep(question, history, answer)
        return query, answer, spent

    def _read(self, question: str, history: Sequence[Turn]) -> tuple[Query, Usage | None]:
        """What the question means, by the model's rewriting where there is a history and a model; and what that took."""
        if self.generation is None or not history:
            return self.proposer.propose(question, history), None
        alone, spent = self.generation.rewrite(question, history)
        query = self.proposer.propose(alone) if alone else self.proposer.propose(question, history)
        return query, spent

    def _judge(self, query: Query) -> list[Judgement]:
        """A judgement for each part of the question; everything is retrieved in one batch."""
        readings = [reading for part in query.parts for reading in part]
        searched = any(r.said or not (r.places or r.missing or r.foreign) for r in readings)
        found = iter(self.retriever.retrieve(readings, max(FOUND, READ)) if searched else [()] * len(readings))
        judgements: list[Judgement] = []
        for part in query.parts:
            said = {mark.sentence for mark in judgements[-1].marks} if judgements else ()
            judgements.append(self.judge.judge(part, [next(found) for _ in part], said))
        return judgements

    @staticmethod
    def _standing_alone(judgement: Judgement) -> str:
        reading = judgement.reading
        return f"{reading.before} {reading.text}".strip()

    # ── messages that are no questions ──────────────────────────────────────────────────────────

    def _act(self, question: str, act: ChatAct, history: Sequence[Turn], clock: _Clock) -> Answer | None:
        """What a good colleague does with the last answer; None when a question is to be answered after all."""
        acts = [read_act(turn.question) for turn in history]
        cited = [i for i, done in enumerate(acts) if done is None or done.act in ("correction", "more")]
        made = reply(act, [self._answer_of(i, history) for i in cited] if act.act in ON_ANSWER else (), self.index.snapshot)
        if made is None:
            return None
        clock.mark("compose")
        made = replace(made, question=question, standalone_question=question, fingerprint=self._fingerprint, timings_ms=clock.timings())
        self._keep(question, history, made)
        return made

    def _answer_of(self, turn: int, history: Sequence[Turn]) -> Answer:
        """The answer to an earlier turn, kept or given again."""
        question, before = history[turn].question, history[:turn]
        with self._lock:
            kept = self._kept.get(_key(question, before))
        return kept or self.extract(question, before)[1]

    def _keep(self, question: str, history: Sequence[Turn], answer: Answer) -> None:
        with self._lock:
            self._kept[_key(question, history)] = answer
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)

    # ── answers ─────────────────────────────────────────────────────────────────────────────────

    def _compose(self, query: Query, judgements: Sequence[Judgement], clock: _Clock) -> Answer:
        statements: list[Statement] = []
        missing: list[str] = []
        listed = False
        for judgement in judgements:
            limit = LIMIT if query.shape == "fact" else WHOLE
            checked = verify(self._composer.compose(judgement, limit), self.index.snapshot)
            for statement in checked.statements:
                add_statement(statement, statements)
            listed = listed or checked.listing
            if not checked.statements:
                missing.append(judgement.reading.text)
        clock.mark("compose")
        hits = self._hits(judgements)
        certainty = min(judgement.probability for judgement in judgements)
        if not statements:
            return self._refusal(query, judgements, hits, clock)
        numbered, citations = number_citations(statements, self.index.snapshot)
        several = listed or len(judgements) > 1 or len({c.locator.document for c in citations}) > 1
        text = write_answer(numbered, listing=several)
        clock.mark("verify")
        lacking = texts.MISSING_PART.format(part="、".join(missing)) if missing else None
        status: AnswerStatus = "partial" if missing else "answered"
        answer = self._answer(query, status, text, hits, clock, citations=citations, missing=lacking, mode="extractive")
        return replace(answer, certainty=certainty)

    def _refusal(self, query: Query, judgements: Sequence[Judgement], hits: tuple[Hit, ...], clock: _Clock) -> Answer:
        """A place that is not there, a document that is not held, or nothing that answers; with the nearest place and its words."""
        readings = [judgement.reading for judgement in judgements]
        if (missing := next((m for reading in readings for m in reading.missing), None)) is not None:
            return self._answer(query, "refused", missing_text(missing, self.index.snapshot), hits, clock)
        if foreign := next((reading.foreign for reading in readings if reading.foreign), ""):
            return self._answer(query, "refused", texts.NOT_HELD.format(title=foreign), hits, clock)
        nearest = nearest_place(hits[0].unit if hits else None, self.index.snapshot)
        near = next((judgement.near for judgement in judgements if judgement.near is not None), None)
        said = "" if near is None else self.index.snapshot.sentences[near].text
        perhaps = self._answered_nearby(hits) if said else ""
        return self._answer(query, "refused", refusal_text(nearest, said) + perhaps, hits, clock, nearest=nearest)

    def _answered_nearby(self, hits: Sequence[Hit]) -> str:
        """Questions after the nearest places, each of which is looked up: so they are answered."""
        places = [place for hit in hits[:SUGGESTED] if (place := nearest_place(hit.unit, self.index.snapshot))]
        asked = {place.locator: texts.PLACE_ASKED.format(label=place.label) for place in places}
        found = [text for unit, text in asked.items() if self.proposer.propose(text).references == (unit,)]
        return texts.PERHAPS.format(questions="\n".join(found)) if found else ""

    def _hits(self, judgements: Sequence[Judgement]) -> tuple[Hit, ...]:
        return _interleave([self.retriever.hits(judgement.candidates) for judgement in judgements])

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
        retrieved, timings = tuple(hit.unit for hit in hits), clock.timings()
        return Answer(
            query.question, query.standalone, status, text, citations, missing, nearest, mode, retrieved, self._fingerprint, timings, hits
        )


def _key(question: str, history: Sequence[Turn]) -> tuple[str, ...]:
    return (*(turn.question for turn in history), question)


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


def current_fingerprint(settings: Settings) -> str:
    """The fingerprint of the index that belongs to these settings, built or not."""
    from rag.search.embedding import make_embedder

    return _fingerprint(settings, read_corpus(settings.corpus_dir), make_embedder(settings))


def _fingerprint(settings: Settings, corpus: Corpus, embedder: Embedder) -> str:
    return index_fingerprint(corpus, embedder.fingerprint, chroma_url=settings.chroma_url)


def _warm_up(embedder: Embedder, reader: Reader) -> None:
    """Load what the first question needs; whatever fails here fails again, with its message, where it is used."""
    with suppress(Exception):
        tokenize("常务会议")
        if load := getattr(embedder, "load", None):
            load()
        reader.load()


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
        return Generation(self._model, index.snapshot, deadline_s=settings.answer_deadline, max_prompt_tokens=settings.max_prompt_tokens)


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
    build_index(corpus, embedder, settings.data_dir, chroma_url=settings.chroma_url, on_progress=on_progress, again=damaged)
    return _open(name, settings, embedder)


def _open(name: str, settings: Settings, embedder: Embedder) -> Assistant:
    """Open an index while the models load beside it: Chroma's import takes as long."""
    reader = Reader(settings.data_dir, settings.threads)
    with beside(_warm_up, embedder, reader):
        index = open_named(name, settings.data_dir, chroma_url=settings.chroma_url)
    return Assistant(index, embedder, reader)
