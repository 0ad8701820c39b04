"""Drafts written by hand, good ones and poisoned ones, through the same verification as a chat model's: python -m evals.drafts

A poisoned draft is caught when its poison reaches nobody; a good one is lost when any of its sentences is dropped.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

from evals.cases import gold_files, read_cases
from rag.answering.prompting import UNITS, Prompt, build_prompt
from rag.answering.review import write_claims
from rag.answering.write import Drafting
from rag.errors import InputError, LocatorError
from rag.language.tokens import TokenCounter
from rag.reading.propose import Proposer
from rag.records import Hit, Locator, Query
from rag.search.snapshot import Snapshot

if TYPE_CHECKING:
    from evals.records import Case
    from rag.assistant import Assistant

_BENCH = Path(__file__).parent / "bench"
_MARKER = re.compile(r"\[([a-z-]+#[a-z0-9.]+)\]")


@dataclass(frozen=True, slots=True)
class Draft:
    """What a model might write about a gold case; ``[locator]`` stands for the key of that place. ``poison`` is what is wrong with it."""

    id: str
    case: str
    text: str
    kind: str = "good"
    poison: str = ""


@dataclass(frozen=True, slots=True)
class DraftRow:
    """What became of the drafts of one kind. ``failed``: ids of poisoned ones that got through, or good ones that were lost."""

    kind: str
    drafts: int
    caught: int
    lost: int
    failed: tuple[str, ...]


def read_drafts() -> tuple[Draft, ...]:
    """All drafts, good ones first. Raises InputError when a file can't be read."""
    try:
        files = [(_BENCH / name).read_text(encoding="utf-8") for name in ("drafts-good.jsonl", "drafts-poisoned.jsonl")]
        return tuple(Draft(**json.loads(line)) for text in files for line in text.splitlines() if line.strip())
    except (OSError, ValueError, TypeError) as error:
        raise InputError("草稿文件无法读取。", detail=repr(error)) from error


def measure_drafts(subject: Assistant | Snapshot) -> tuple[DraftRow, ...]:
    """Verify every draft against the documents: a row for the good ones, then one for each kind of poison."""
    snapshot = subject if isinstance(subject, Snapshot) else subject.index.snapshot
    cases = {case.id: case for case in read_cases(gold_files())}
    counter = TokenCounter(Path(gettempdir()) / "ningwen-drafts")
    rows: dict[str, list[tuple[Draft, bool]]] = {}
    for draft in read_drafts():
        drafting = verify_draft(draft, cases[draft.case], snapshot, counter)
        shown = "" if drafting.fallen else write_claims(drafting.claims, snapshot)[0]
        failed = draft.poison in shown if draft.poison else drafting.fallen or bool(drafting.dropped)
        rows.setdefault(draft.kind, []).append((draft, failed))
    return tuple(_row(kind, found) for kind, found in rows.items())


def _row(kind: str, found: Sequence[tuple[Draft, bool]]) -> DraftRow:
    failed = tuple(draft.id for draft, bad in found if bad)
    good = kind == "good"
    return DraftRow(kind, len(found), 0 if good else len(found) - len(failed), len(failed) if good else 0, failed)


def verify_draft(draft: Draft, case: Case, snapshot: Snapshot, counter: TokenCounter) -> Drafting:
    """A draft read as if a model wrote it, in a prompt that holds the places it cites and the right ones."""
    query, prompt = prompt_for(draft, case, snapshot, counter)
    keys = {piece.unit: piece.key for piece in prompt.pieces.values()}
    text = _MARKER.sub(lambda match: f"[{keys.get(_unit(match[1], snapshot) or Locator(''), match[1])}]", draft.text)
    drafting = Drafting(prompt, query, snapshot)
    drafting.feed(text)
    drafting.finish(whole=True)
    return drafting


def prompt_for(draft: Draft, case: Case, snapshot: Snapshot, counter: TokenCounter) -> tuple[Query, Prompt]:
    """The question and a prompt with the units that the draft and the case name, and their neighbours up to the usual number."""
    query = Proposer(snapshot).propose(case.question)
    named = [*_MARKER.findall(draft.text), *(group[0] for group in case.locators)]
    wanted = [unit for unit in dict.fromkeys(_unit(name, snapshot) for name in named) if unit is not None]
    units = list(dict.fromkeys(passage.unit for passage in snapshot.passages))
    if wanted:
        at = units.index(wanted[0])
        wanted += [unit for unit in units[max(0, at - 1) : at + 2] if unit not in wanted]
    hits = [Hit(unit, 1.0, tuple(p.id for p in snapshot.passages if p.unit == unit), {}) for unit in wanted[: max(UNITS, 2)]]
    return query, build_prompt(query, hits, snapshot, counter, max_tokens=6000)


def _unit(name: str, snapshot: Snapshot) -> Locator | None:
    try:
        place = Locator.parse(name)
    except LocatorError:
        return None
    return next((p.unit for p in snapshot.passages if p.locator == place or p.unit == place or p.locator.within(place)), None)


def main() -> int:
    """Print the table; exit code 1 when a poison got through or more than one good draft in twenty was lost."""
    from rag.documents.sources import read_corpus
    from rag.search.snapshot import read_snapshot
    from rag.settings import Settings

    rows = measure_drafts(read_snapshot(read_corpus(Settings.load().corpus_dir)))
    print(f"{'kind':<16}{'drafts':>7}{'caught':>8}{'lost':>6}")
    for row in rows:
        print(f"{row.kind:<16}{row.drafts:>7}{row.caught:>8}{row.lost:>6}  {' '.join(row.failed)}")
    escaped = sum(row.drafts - row.caught for row in rows if row.kind != "good")
    lost = sum(row.lost for row in rows)
    return int(escaped > 0 or lost * 20 > sum(row.drafts for row in rows if row.kind == "good"))


if __name__ == "__main__":
    sys.exit(main())
