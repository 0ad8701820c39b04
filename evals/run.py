"""Cases × assistant → a run folder: spec.json, and one Observation a line in observations.jsonl.

A killed run goes on where it stopped; a case that raises is an error, kept and counted as failed.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from evals.records import Case, Observation
from rag.errors import StorageError
from rag.records import Answer, Turn

Ask = Callable[[str, Sequence[Turn]], Answer]
Progress = Callable[[int, int, int], None]
"""Called with cases done, cases in all and errors so far."""

_PACKAGES = ("chromadb", "onnxruntime", "tokenizers", "bm25s", "rjieba", "langchain", "openai", "tiktoken")


def make_spec(fingerprint: str, embedder: str, mode: str, model: str | None, files: Sequence[Path], root: Path) -> dict[str, Any]:
    """What was run: revision, settings, hashes of manifest, prompts and gold, model names, package versions."""
    return {
        "revision": _git("rev-parse", "HEAD", root=root),
        "dirty": bool(_git("status", "--porcelain", root=root)),
        "fingerprint": fingerprint,
        "mode": mode,
        "embedder": embedder,
        "model": model,
        "manifest": _hash([root / "corpus" / "manifest.toml"]),
        "prompts": _hash(sorted((root / "prompts").glob("*"))),
        "gold": _hash(files),
        "packages": {name: _version(name) for name in _PACKAGES},
    }


def run_cases(
    cases: Sequence[Case], ask: Ask, folder: Path, spec: dict[str, Any], *, workers: int = 1, on_progress: Progress | None = None
) -> list[Observation]:
    """Ask every case that the folder has no observation of. Raises StorageError when the folder can't be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / "spec.json", json.dumps(spec, ensure_ascii=False, indent=2))
        done = {o.case: o for o in read_observations(folder)}
        waiting = [case for case in cases if case.id not in done]
        with (folder / "observations.jsonl").open("a", encoding="utf-8") as file, ThreadPoolExecutor(workers) as pool:
            for observation in pool.map(lambda case: observe(case, ask), waiting):
                done[observation.case] = observation
                file.write(json.dumps(asdict(observation), ensure_ascii=False) + "\n")
                file.flush()
                if on_progress is not None:
                    on_progress(len(done), len(cases), sum(o.error is not None for o in done.values()))
    except OSError as error:
        raise StorageError(f"评测目录 {folder} 无法写入。", detail=repr(error)) from error
    return [done[case.id] for case in cases]


def observe(case: Case, ask: Ask) -> Observation:
    """Ask one case; whatever is raised becomes part of the observation."""
    begin = time.perf_counter()
    try:
        answer = as_json(ask(case.question, [Turn(turn.question, turn.answer) for turn in case.history]))
        error = None
    except Exception as raised:
        answer, error = None, f"{type(raised).__name__}: {raised}"
    return Observation(case.id, answer, error, round((time.perf_counter() - begin) * 1000, 3))


def as_json(answer: Answer) -> dict[str, Any]:
    """The fields of an answer that measures read."""
    return {
        "standalone_question": answer.standalone_question,
        "status": answer.status,
        "answer": answer.answer,
        "citations": [{"n": c.n, "locator": str(c.locator), "label": c.label, "quote": c.quote} for c in answer.citations],
        "missing": answer.missing,
        "mode": answer.mode,
        "retrieved": [str(locator) for locator in answer.retrieved],
        "scores": [round(hit.score, 3) for hit in answer.hits],
    }


def read_observations(folder: Path) -> list[Observation]:
    """What a run has written so far; a last line cut off by a kill is asked again."""
    path = folder / "observations.jsonl"
    if not path.is_file():
        return []
    kept, whole = [], []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            kept.append(Observation(**json.loads(line)))
            whole.append(line)
        except (ValueError, TypeError):
            continue
    _write(path, "".join(f"{line}\n" for line in whole))
    return kept


def _write(path: Path, text: str) -> None:
    """Write a file in one step."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def _hash(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        if path.is_file():
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _git(*arguments: str, root: Path) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
