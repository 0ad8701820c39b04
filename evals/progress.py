"""How far a long command is: a bar with counts on a terminal, a line each tenth elsewhere. On standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Report(Protocol):
    """Called with steps done, steps in all and how many of them failed."""

    def __call__(self, done: int, total: int, errors: int = 0) -> None:
        """Show it."""


@contextmanager
def progress(label: str, unit: str) -> Iterator[Report]:
    """A reporter for one stretch of work; the bar goes when the block ends."""
    if not sys.stderr.isatty():
        yield _lines(label, unit)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[note]}")]
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task(label, total=None, note="")

        def show(done: int, total: int, errors: int = 0) -> None:
            bar.update(task, completed=done, total=total, note=f"{errors} 个错误" if errors else "")

        yield show


def _lines(label: str, unit: str) -> Report:
    shown = -1

    def show(done: int, total: int, errors: int = 0) -> None:
        nonlocal shown
        tenth = done * 10 // max(total, 1)
        if tenth != shown:
            shown = tenth
            print(f"{label} {done}/{total} {unit}" + (f"，{errors} 个错误" if errors else ""), file=sys.stderr, flush=True)

    return show
