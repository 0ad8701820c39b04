"""Records as lines of JSON that are added one at a time: a process that is killed loses at most the last line."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Record = TypeVar("Record")


class Add(Protocol):
    """Called with a record to add."""

    def __call__(self, record: DataclassInstance) -> None:
        """Write it and hand it to the system."""


def read_journal(path: Path, kind: type[Record]) -> list[Record]:
    """The whole records of a file, in order; a line that was cut off is dropped from the file."""
    if not path.is_file():
        return []
    kept, whole = [], []
    text = path.read_text(encoding="utf-8", errors="replace")
    for line in text.splitlines(keepends=True):
        with suppress(ValueError, TypeError):
            if line.endswith("\n"):
                kept.append(kind(**json.loads(line)))
                whole.append(line)
    if "".join(whole) != text:
        write_whole(path, "".join(whole))
    return kept


@contextmanager
def open_journal(path: Path) -> Iterator[Add]:
    """Add records to a file that ``read_journal`` has seen."""
    with path.open("a", encoding="utf-8") as file:

        def add(record: DataclassInstance) -> None:
            file.write(to_line(asdict(record)))
            file.flush()

        yield add


def to_line(body: dict[str, Any]) -> str:
    """A record as a line."""
    return json.dumps(body, ensure_ascii=False) + "\n"


def write_whole(path: Path, text: str) -> None:
    """Write a file in one step: a reader sees the old one or the new one."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
