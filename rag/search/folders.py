"""The folders of indexes under <data>/index: which there are, which are finished."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """A folder under <data>/index."""

    fingerprint: str
    complete: bool
    current: bool
    built: str
    vectors: int
    size: int  # bytes


def folder_of(data_dir: Path, name: str) -> Path:
    """Where the index of that name lies, or would lie."""
    return data_dir / "index" / name


def is_complete(data_dir: Path, name: str) -> bool:
    """True when the index of that name is there and finished."""
    return (folder_of(data_dir, name) / "complete.json").is_file()


def last_complete(data_dir: Path) -> str | None:
    """The fingerprint of the index that was completed last; None when there is none."""
    statuses = [status for status in list_indexes(data_dir) if status.complete]
    return max(statuses, key=lambda status: status.built).fingerprint if statuses else None


def list_indexes(data_dir: Path, current: str | None = None) -> list[IndexStatus]:
    """Every index folder, finished or not."""
    found = []
    for folder in sorted((data_dir / "index").glob("*")) if (data_dir / "index").is_dir() else ():
        if not folder.is_dir():
            continue
        try:
            summary = json.loads((folder / "complete.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            summary = None
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        found.append(
            IndexStatus(
                folder.name,
                summary is not None,
                folder.name == current,
                summary["built"] if summary else "",
                int(summary["vectors"]) if summary else 0,
                size,
            )
        )
    return found
