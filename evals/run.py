"""Cases × assistant → a run folder that stands for itself: spec.json, cases.jsonl, and one Observation a line.

A killed run goes on where it stopped; a case that raises is an error, kept and counted as failed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path
from typing import Any

from evals.cases import read_cases
from evals.journal import open_journal, read_journal, to_line, write_whole
from evals.progress import Report
from evals.records import Case, Observation
from evals.spec import check_same
from rag.errors import InputError, StorageError
from rag.records import Answer, Turn

Ask = Callable[[str, Sequence[Turn]], Answer]


def run_cases(
    cases: Sequence[Case], ask: Ask, folder: Path, spec: dict[str, Any], *, workers: int = 1, on_progress: Report | None = None
) -> list[Observation]:
    """Ask every case that the folder has no observation of, ``workers`` at a time; in the order of the cases.

    Raises InputError when the folder holds a run of something else, StorageError when it can't be written.
    """
    report = on_progress or (lambda done, total, errors=0: None)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / "spec.json").is_file():
            check_same(read_spec(folder), spec)
        write_whole(folder / "spec.json", json.dumps(spec, ensure_ascii=False, indent=2))
        write_whole(folder / "cases.jsonl", "".join(to_line(asdict(case)) for case in cases))
        done = {o.case: o for o in read_observations(folder)}
        with open_journal(folder / "observations.jsonl") as add:
            for observation in _ask_all([case for case in cases if case.id not in done], ask, workers):
                done[observation.case] = observation
                add(observation)
                report(len(done), len(cases), sum(o.error is not None for o in done.values()))
    except OSError as error:
        raise StorageError(f"评测目录 {folder} 无法写入。", detail=repr(error)) from error
    return [done[case.id] for case in cases]


def _ask_all(cases: Sequence[Case], ask: Ask, workers: int) -> Iterator[Observation]:
    """Observations as they come; what is waiting when the caller stops is not asked."""
    pool = ThreadPoolExecutor(workers, thread_name_prefix="eval")
    try:
        futures: list[Future[Observation]] = [pool.submit(observe, case, ask) for case in cases]
        for future in as_completed(futures):
            yield future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def observe(case: Case, ask: Ask) -> Observation:
    """Ask one case; whatever is raised becomes part of the observation."""
    begin = time.perf_counter()
    answer, error = None, None
    try:
        answer = ask(case.question, [Turn(turn.question, turn.answer) for turn in case.history])
    except Exception as raised:
        error = f"{type(raised).__name__}: {raised}"
    took = round((time.perf_counter() - begin) * 1000, 3)
    return Observation(case.id, as_json(answer) if answer else None, error, took, usage_of(answer) if answer else {})


def as_json(answer: Answer) -> dict[str, Any]:
    """The fields of an answer that measures and the report read."""
    return {
        "standalone_question": answer.standalone_question,
        "status": answer.status,
        "answer": answer.answer,
        "citations": [{"n": c.n, "locator": str(c.locator), "label": c.label, "quote": c.quote} for c in answer.citations],
        "missing": answer.missing,
        "mode": answer.mode,
        "retrieved": [str(locator) for locator in answer.retrieved],
        "scores": [round(hit.score, 3) for hit in answer.hits],
        "writing": {"fallback": answer.writing.fallback, "dropped": list(answer.writing.dropped)} if answer.writing else None,
    }


def usage_of(answer: Answer) -> dict[str, float]:
    """What a chat model took for the answer; empty when none was asked. ``fallback`` is 1 when the extract was given instead."""
    if answer.writing is None:
        return {}
    used: dict[str, float] = {"fallback": float(bool(answer.writing.fallback))}
    if answer.writing.usage is not None:
        used |= {"prompt_tokens": answer.writing.usage.prompt_tokens, "completion_tokens": answer.writing.usage.completion_tokens}
        if answer.writing.usage.cost is not None:
            used["cost"] = answer.writing.usage.cost
    return used


def read_spec(folder: Path) -> dict[str, Any]:
    """What a run was made of. Raises InputError when the folder holds no run."""
    try:
        found: dict[str, Any] = json.loads((folder / "spec.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{folder} 不是评测运行目录。", detail=repr(error)) from error
    return found


def read_run(folder: Path) -> tuple[dict[str, Any], list[Case], list[Observation]]:
    """Spec, cases and observations of a finished run. Raises InputError when it is none, or was stopped midway."""
    spec = read_spec(folder)
    cases = read_cases([folder / "cases.jsonl"])
    seen = {observation.case: observation for observation in read_observations(folder)}
    if not cases or any(case.id not in seen for case in cases):
        raise InputError(f"{folder} 中的运行没有结束，请先用 ningwen eval run --out {folder} 接着运行。")
    return spec, list(cases), [seen[case.id] for case in cases]


def read_observations(folder: Path) -> list[Observation]:
    """What a run has written so far."""
    return read_journal(folder / "observations.jsonl", Observation)
