"""The last accepted summary on disk, committed beside the gate: a line a measure and a line a case."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from evals.records import Baseline, Summary
from evals.score import as_baseline
from rag.errors import ConfigurationError


def read_baseline(path: Path) -> Baseline | None:
    """The accepted summary; None when there is none yet. Raises ConfigurationError when it is damaged."""
    if not path.is_file():
        return None
    try:
        return TypeAdapter(Baseline).validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise ConfigurationError(f"评测基线 {path.name} 已损坏。", detail=str(error)) from error


def write_baseline(summary: Summary, path: Path) -> None:
    """Accept a summary as the new baseline, with its spec."""
    path.write_text(_dump(asdict(as_baseline(summary))) + "\n", encoding="utf-8")


def _dump(body: dict[str, Any]) -> str:
    """JSON with one line an entry of each part, so that a change can be read in a diff."""
    parts = []
    for name, entries in body.items():
        lines = [f"  {_line(key)}: {_line(value)}" for key, value in sorted(entries.items())]
        parts.append(f" {_line(name)}: {{\n" + ",\n".join(lines) + "\n }")
    return "{\n" + ",\n".join(parts) + "\n}"


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
