"""JSONL files, line by line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rag.errors import InputError


def read_lines(path: Path, required: Sequence[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a JSONL file with their line numbers. Raises InputError naming file and line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"读不到数据文件 {path}。", detail=str(error)) from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except ValueError as error:
            raise InputError(f"数据文件 {path.name} 第 {number} 行不是 JSON。", detail=str(error)) from error
        lacking = [key for key in required if not isinstance(entry, dict) or entry.get(key) is None]
        if lacking:
            raise InputError(f"数据文件 {path.name} 第 {number} 行缺少 {lacking[0]}。")
        yield number, entry
