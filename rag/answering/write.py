"""Query + Hits → what a chat model writes about them, sentence by sentence, each verified before anyone sees it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from rag.answering import texts
from rag.answering.prompting import Prompt, build_prompt
from rag.answering.review import Claim, Reviewer, write_claims
from rag.answering.sentences import Sentence, SentenceReader
from rag.errors import EndpointError
from rag.language.tokens import TokenCounter
from rag.records import Hit, Messages, Query, Usage, Writing
from rag.search.snapshot import Snapshot

OnText = Callable[[str], None]

LONGEST = 200
"""Characters of an answer to a plain question; a model that goes on is not read further."""


class Reply(Protocol):
    """A reply as it is written; a context manager."""

    @property
    def finish(self) -> str:
        """How it ended: "stop", "length"."""

    def __enter__(self) -> Reply: ...
    def __exit__(self, *_: object) -> None: ...
    def __iter__(self) -> Iterator[str | None]: ...
    @property
    def usage(self) -> Usage:
        """What it took so far."""


class Model(Protocol):
    """What writing needs of a chat model (rag.answering.generate.ChatModel)."""

    name: str
    counter: TokenCounter

    def stream(self, messages: Messages, *, seconds: float) -> Reply:
        """Start a reply. Raises EndpointError."""

    def complete(self, messages: Messages, *, seconds: float) -> tuple[str, Usage]:
        """A whole reply. Raises EndpointError."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a model wrote. ``claims`` may be shown, unless ``writing.fallback`` says why an extract has to be.

    ``unstated`` holds what the model found the passages not to say, "" for the whole question.
    """

    claims: tuple[Claim, ...]
    unstated: tuple[str, ...]
    writing: Writing
    verify_ms: float


class Drafting:
    """One reply while it is being read: its claims so far, what was dropped, and whether its core has fallen."""

    def __init__(self, prompt: Prompt, query: Query, snapshot: Snapshot) -> None:
        self._reader = SentenceReader()
        self._reviewer = Reviewer(prompt, query, snapshot)
        self.claims: list[Claim] = []
        self.dropped: list[str] = []
        self.unstated: list[str] = []
        self.fallen = False
        self.full = False  # whether a plain answer has the length that is read on a phone
        self.verify_s = 0.0
        self._plain = query.shape == "fact" and not query.facets

    def feed(self, text: str) -> bool:
        """Read on; True when a claim was added."""
        return self._take(self._reader.feed(text))

    def finish(self, *, whole: bool) -> None:
        """Read what is left; of a reply that was cut short, the last sentence doesn't count."""
        rest = self._reader.finish()
        self._take(rest if whole else rest[:-1])
        stated = [claim for claim in self.claims if claim.statements]
        if len(self.dropped) > len(stated) or (not stated and not self.unstated):
            self.fallen = True

    def _take(self, sentences: Sequence[Sentence]) -> bool:
        begin = time.perf_counter()
        before = len(self.claims)
        for sentence in sentences:
            length = sum(len(claim.text) for claim in self.claims)
            self.full = self.full or (self._plain and bool(length) and sentence.form == "prose" and length + len(sentence.text) > LONGEST)
            if self.full:
                break
            if sentence.text.startswith(texts.NOT_STATED):
                self.unstated.append(sentence.text.removeprefix(texts.NOT_STATED).strip("：:。.，, "))
                continue
            found = self._reviewer.review(sentence)
            if isinstance(found, Claim):
                self.claims.append(found)
                self.dropped.extend([found.without] if found.without else [])
            elif found is not None:
                self._drop(sentence, found)
        self.verify_s += time.perf_counter() - begin
        return any(claim.statements for claim in self.claims[before:])

    def _drop(self, sentence: Sentence, reason: str) -> None:
        """Count it. The core falls with the first sentence that cites, and with any item of a list or row of a table."""
        self.dropped.append(reason)
        first = not any(claim.statements for claim in self.claims)
        if (first and sentence.text and sentence.keys) or sentence.form in ("item", "row", "head"):
            self.fallen = True


class Writer:
    """Writes with one model about one snapshot. Safe to use from several threads."""

    def __init__(self, model: Model, snapshot: Snapshot, *, max_prompt_tokens: int) -> None:
        self._model, self._snapshot, self._max_tokens = model, snapshot, max_prompt_tokens

    def write(self, query: Query, hits: Sequence[Hit], *, seconds: float, on_text: OnText | None = None, tables: bool = False) -> Written:
        """Ask the model and verify what it writes; takes no longer than ``seconds`` and raises nothing."""
        deadline = time.monotonic() + seconds
        budget = self._max_tokens
        while True:
            prompt = build_prompt(query, hits, self._snapshot, self._model.counter, max_tokens=budget, tables=tables)
            drafting, usage, failure = self._run(prompt, query, deadline, on_text)
            if failure == "context" and budget == self._max_tokens:
                budget //= 2
                continue
            return _written(self._model.name, prompt, drafting, usage, failure)

    def _run(self, prompt: Prompt, query: Query, deadline: float, on_text: OnText | None) -> tuple[Drafting, Usage | None, str]:
        """One reply: the drafting, what it took, and why it can't be used ("" when it can)."""
        drafting = Drafting(prompt, query, self._snapshot)
        shown = ""
        reply: Reply | None = None
        try:
            with self._model.stream(prompt.messages, seconds=deadline - time.monotonic()) as reply:
                for piece in reply:
                    if piece is None:
                        drafting = Drafting(prompt, query, self._snapshot)
                        continue
                    if drafting.feed(piece) and not drafting.fallen and on_text is not None:
                        text = write_claims(drafting.claims, self._snapshot)[0]
                        if len(text) > len(shown):
                            shown = text
                            on_text(text)
                    if drafting.fallen or drafting.full:
                        break
                drafting.finish(whole=reply.finish != "length")
                return drafting, reply.usage, ""
        except EndpointError as error:
            return drafting, reply.usage if reply is not None else None, error.reason or "server"


def read_reply(reply: str, prompt: Prompt, query: Query, snapshot: Snapshot, name: str) -> Written:
    """Verify a whole reply to a prompt; ``name`` is that of the model that wrote it."""
    drafting = Drafting(prompt, query, snapshot)
    drafting.feed(reply)
    drafting.finish(whole=True)
    return _written(name, prompt, drafting, None, "")


def _written(name: str, prompt: Prompt, drafting: Drafting, usage: Usage | None, failure: str) -> Written:
    fallback = failure or ("unsupported" if drafting.fallen else "")
    writing = Writing(name, usage, prompt.tokens, prompt.left_out, tuple(drafting.dropped), fallback)
    return Written(tuple(drafting.claims), tuple(drafting.unstated), writing, drafting.verify_s * 1000)
