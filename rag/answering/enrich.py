"""Passages of a new document → questions that they answer, written by a chat model; a quote that is not verbatim is left out.

The lines go into corpus/questions/ and from there into the index: retrieval finds a passage by questions that are put as
staff put them. A person should read them before they are kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.answering.templates import load_template, neutralise
from rag.answering.write import Model
from rag.errors import EndpointError, StorageError
from rag.language import orders
from rag.language import questions as grammar
from rag.language.text import clean, matching_form, squeeze
from rag.records import Locator, Passage
from rag.search.snapshot import Snapshot

LONGEST_QUESTION = 60
"""Characters; a longer one is not how anybody asks."""

SECONDS = 60.0
"""What one unit may take."""

Progress = Callable[[int, int, int], None]
"""Called with units done, units in all and lines written so far."""


@dataclass(frozen=True, slots=True)
class Enriched:
    """What became of a document: the file, lines written, and quotes or questions that were left out."""

    path: Path
    lines: int
    left_out: int
    failed: int  # units for which the model gave nothing usable


def documents_without_questions(snapshot: Snapshot, folder: Path) -> list[str]:
    """The documents of which no question file speaks. Raises StorageError when one can't be read."""
    known = {line["locator"].partition("#")[0] for path in sorted(folder.glob("*.jsonl")) for line in _lines(path)}
    return [document.entry.id for document in snapshot.documents if document.entry.id not in known]


def enrich(model: Model, snapshot: Snapshot, document: str, folder: Path, *, on_progress: Progress | None = None) -> Enriched:
    """Write ``folder``/``document``.jsonl, unit by unit; units that the file has already are passed over.

    Raises EndpointError when the endpoint fails for good, StorageError when the file can't be written.
    """
    path = folder / f"{document}.jsonl"
    done = {line["locator"] for line in _lines(path)} if path.exists() else set()
    units = list(dict.fromkeys(p.unit for p in snapshot.passages if p.unit.document == document))
    waiting = [unit for unit in units if not any(Locator.parse(place).within(unit) for place in done)]
    written = left_out = failed = 0
    for count, unit in enumerate(waiting, start=1):
        kept, lost = _ask(model, snapshot, unit)
        _append(path, kept)
        written, left_out, failed = written + len(kept), left_out + lost, failed + (not kept)
        if on_progress is not None:
            on_progress(count, len(waiting), written)
    return Enriched(path, written, left_out, failed)


def _ask(model: Model, snapshot: Snapshot, unit: Locator) -> tuple[list[dict[str, Any]], int]:
    """The lines for one unit, and how many entries were left out."""
    passages = [p for p in snapshot.passages if p.unit == unit]
    prompt = load_template("enrich").fill(
        count=str(max(1, min(6, len(passages) * 2))),
        passage=neutralise("\n".join(f"{p.name}：{p.text}" if p.name else p.text for p in passages)),
        place=neutralise(passages[0].breadcrumb),
    )
    try:
        reply, _ = model.complete((("user", prompt),), seconds=SECONDS)
    except EndpointError as error:
        if error.reason in ("key", "model", "connection", "resting", "limit"):
            raise
        return [], 0
    entries = list(_entries(reply))
    kept = [line for entry in entries if (line := _check(entry, passages)) is not None]
    return kept, len(entries) - len(kept)


def _entries(reply: str) -> Iterator[dict[str, Any]]:
    """The objects of a reply, whatever stands around them."""
    for match in re.finditer(r"\{[^{}]*\}", reply.rpartition("</think>")[2]):
        try:
            found = json.loads(match[0])
        except ValueError:
            continue
        if isinstance(found.get("quote"), str) and isinstance(found.get("questions"), list):
            yield found


def _check(entry: dict[str, Any], passages: Sequence[Passage]) -> dict[str, Any] | None:
    """The line for one entry; None unless its quote stands verbatim in a passage and a question is left."""
    wanted = matching_form(entry["quote"]).rstrip("。;,")
    passage = next((p for p in passages if len(wanted) >= 4 and wanted in matching_form(p.text)), None)
    if passage is None:
        return None
    quote = _verbatim(passage.text, wanted)
    asked = list(dict.fromkeys(clean(q).strip() for q in entry["questions"] if isinstance(q, str)))
    there = squeeze(passage.text)
    kept = [q for q in asked if 4 <= len(q) <= LONGEST_QUESTION and _is_question(q) and squeeze(q).rstrip("?？") not in there]
    return {"locator": str(passage.locator), "quote": quote, "questions": kept} if quote and kept else None


def _is_question(text: str) -> bool:
    return bool(grammar.INTERROGATIVE.search(text)) and "\n" not in text and not orders.INJECTION.search(text)


def _verbatim(text: str, wanted: str) -> str:
    """The stretch of a text whose matching form is ``wanted``."""
    for start in range(len(text)):
        if not matching_form(text[start : start + 1]):
            continue
        end = start
        while end < len(text) and len(matching_form(text[start:end])) < len(wanted):
            end += 1
        if matching_form(text[start:end]) == wanted:
            return text[start:end]
    return ""


def _lines(path: Path) -> list[dict[str, Any]]:
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise StorageError(f"问题文件 {path.name} 无法读取。", detail=repr(error)) from error


def _append(path: Path, lines: Sequence[dict[str, Any]]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    except OSError as error:
        raise StorageError(f"问题文件 {path.name} 无法写入，请检查目录权限。", detail=repr(error)) from error
