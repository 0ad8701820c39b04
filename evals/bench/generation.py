"""What the model-backed mode costs beside the model: python -m evals.bench.generation

overhead          building the prompt and verifying the reply, a question           median at most 15 ms
first sentence    from its last character to its being shown                        95 % within 50 ms
prompt            tokens of the gold questions' prompts                             mean at most 1600
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from evals.cases import gold_files, read_cases
from rag.answering.prompting import Prompt, build_prompt
from rag.answering.write import Drafting, Writer
from rag.assistant import Assistant, open_assistant
from rag.language.tokens import TokenCounter
from rag.records import Answer, Messages, Query, Turn, Usage
from rag.settings import Settings

if TYPE_CHECKING:
    from rag.search.snapshot import Snapshot

PIECE = 3
"""Characters that the stand-in for a model writes at a time."""


@dataclass
class Typist:
    """A stand-in for a chat model that writes a given reply and notes when its first sentence is complete."""

    counter: TokenCounter
    reply: str = ""
    name: str = "typist"
    finish: str = "stop"
    first: float = 0.0
    usage: Usage = field(default_factory=lambda: Usage(0, 0))

    def stream(self, messages: Messages, *, seconds: float) -> Typist:
        """Itself."""
        self.first = 0.0
        return self

    def complete(self, messages: Messages, *, seconds: float) -> tuple[str, Usage]:
        """The whole reply."""
        return self.reply, self.usage

    def __enter__(self) -> Typist:
        return self

    def __exit__(self, *_: object) -> None: ...

    def __iter__(self) -> Iterator[str | None]:
        end = self.reply.find("]") + 1
        for start in range(0, len(self.reply), PIECE):
            if not self.first and start + PIECE >= end:
                self.first = time.perf_counter()
            yield self.reply[start : start + PIECE]


def asked(assistant: Assistant) -> list[tuple[Query, Answer]]:
    """The gold questions that are answered, with their extracts."""
    found = []
    for case in read_cases(gold_files()):
        history = [Turn(turn.question, turn.answer) for turn in case.history]
        query, answer = assistant.extract(case.question, history)
        if answer.status != "refused":
            found.append((query, answer))
    return found


def as_reply(prompt: Prompt, answer: Answer) -> str:
    """The extract as a model would write it: each quote a sentence with its key."""
    keys = {piece.unit: piece.key for piece in prompt.pieces.values()}
    sentences: list[str] = []
    for citation in answer.citations:
        key = next((key for unit, key in keys.items() if citation.locator.within(unit)), "")
        sentences.extend(f"{part}。[{key}]" for part in citation.quote.replace("\n", "。").split("。") if part.strip())
    return "".join(sentences[:6])


def measure(questions: Sequence[tuple[Query, Answer]], snapshot: Snapshot, counter: TokenCounter, limit: int) -> dict[str, list[float]]:
    """Overhead and delay in milliseconds and tokens, a question each."""
    results: dict[str, list[float]] = {"overhead": [], "first": [], "tokens": []}
    typist = Typist(counter)
    writer = Writer(typist, snapshot, max_prompt_tokens=limit)
    for query, answer in questions:
        begin = time.perf_counter()
        prompt = build_prompt(query, answer.hits, snapshot, counter, max_tokens=limit)
        built = time.perf_counter()
        drafting = Drafting(prompt, query, snapshot)
        reply = as_reply(prompt, answer)
        reading = time.perf_counter()
        drafting.feed(reply)
        drafting.finish(whole=True)
        results["overhead"].append(1000 * (built - begin + time.perf_counter() - reading))
        results["tokens"].append(prompt.tokens)
        typist.reply = reply
        shown: list[float] = []
        writer.write(query, answer.hits, seconds=10, on_text=lambda _, shown=shown: shown.append(time.perf_counter()))  # type: ignore[misc]
        if shown:
            results["first"].append(1000 * (shown[0] - typist.first))
    return results


def main() -> int:
    """Print the three figures; exit code 1 when one is over its bound."""
    settings = Settings.load()
    assistant = open_assistant(settings, chat=False)
    counter = TokenCounter(settings.data_dir)
    counter.load()
    questions = asked(assistant)
    measure(questions[:5], assistant.index.snapshot, counter, settings.max_prompt_tokens)  # what is loaded once is not counted
    found = measure(questions, assistant.index.snapshot, counter, settings.max_prompt_tokens)
    overhead, first = statistics.median(found["overhead"]), statistics.quantiles(found["first"], n=20)[-1]
    tokens = statistics.mean(found["tokens"])
    print(f"{len(questions)} questions, {len(found['first'])} with a verified sentence")
    print(f"overhead        median {overhead:5.1f} ms, 95 % {statistics.quantiles(found['overhead'], n=20)[-1]:5.1f} ms   at most 15")
    print(f"first sentence  95 % within {first:5.1f} ms, longest {max(found['first']):5.1f} ms   at most 50")
    print(f"prompt          mean {tokens:6.0f} tokens, longest {max(found['tokens']):6.0f}   at most 1600")
    return int(overhead > 15 or first > 50 or tokens > 1600)


if __name__ == "__main__":
    sys.exit(main())
