"""``ningwen audit``: export and prune what is kept of answers."""

from __future__ import annotations

import contextlib
import csv
import json
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TextIO

import typer

from bot import texts
from rag.errors import InputError, StorageError

if TYPE_CHECKING:
    from bot.records import AuditEntry

audit_app = typer.Typer(help=texts.AUDIT_HELP, no_args_is_help=True)
COLUMNS = (
    "turn", "at", "channel", "user", "group", "question", "standalone", "status", "mode", "locators", "checks", "fingerprint",
    "latency_ms", "verdict", "reason",
)  # fmt: skip


def mount(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(audit_app, name="audit")


@audit_app.command("export", help=texts.AUDIT_EXPORT_HELP)
def export(
    form: Annotated[Literal["csv", "jsonl"], typer.Option("--format", help=texts.AUDIT_FORMAT)] = "jsonl",
    since: Annotated[str | None, typer.Option("--since", help=texts.AUDIT_SINCE)] = None,
    until: Annotated[str | None, typer.Option("--until", help=texts.AUDIT_UNTIL)] = None,
    status: Annotated[str | None, typer.Option("--status", help=texts.AUDIT_STATUS)] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help=texts.AUDIT_OUTPUT)] = None,
) -> None:
    """Write the rows to a file or to standard output."""
    from bot.ledger import Wanted, read_audit
    from bot.settings import BotSettings
    from bot.store import open_store

    wanted = Wanted(_start(since), _end(until), status)
    settings = BotSettings.load()
    store = open_store(settings.database_url, timeout=settings.database_timeout)
    try:
        with _target(output, form) as file:
            rows = (flatten(entry) for entry in read_audit(store, wanted))
            count = write_csv(rows, file) if form == "csv" else write_lines(rows, file)
    finally:
        store.close()
    print(texts.AUDIT_EXPORTED.format(count=count), file=sys.stderr)


@audit_app.command("prune", help=texts.AUDIT_PRUNE_HELP)
def prune_audit(days: Annotated[int | None, typer.Option("--days", min=1, help=texts.AUDIT_DAYS)] = None) -> None:
    """Delete what is older than AUDIT_DAYS."""
    from bot.ledger import prune
    from bot.settings import BotSettings
    from bot.store import open_store

    settings = BotSettings.load()
    kept = days or settings.audit_days
    store = open_store(settings.database_url, timeout=settings.database_timeout)
    try:
        count = prune(store, before=time.time() - kept * 86400)
    finally:
        store.close()
    print(texts.AUDIT_PRUNED.format(count=count, days=kept))


def flatten(entry: AuditEntry) -> dict[str, Any]:
    """An entry as columns; the time in ISO 8601 with the zone of this machine."""
    at = datetime.fromtimestamp(entry.at).astimezone().isoformat(timespec="milliseconds")
    values = (
        entry.turn, at, entry.channel, entry.user_key, entry.group, entry.question, entry.standalone, entry.status, entry.mode,
        list(entry.locators), dict(entry.checks), entry.fingerprint, entry.latency_ms, entry.verdict, entry.reason,
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def write_lines(rows: Iterable[dict[str, Any]], file: TextIO) -> int:
    """One JSON object a line; how many."""
    count = 0
    for row in rows:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")
        count += 1
    return count


def write_csv(rows: Iterable[dict[str, Any]], file: TextIO) -> int:
    """A line each; how many. What a person typed is never read as a formula by a spreadsheet."""
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    count = 0
    for row in rows:
        writer.writerow([_cell(value) for value in row.values()])
        count += 1
    return count


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return " ".join(value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value.lstrip()[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value


@contextlib.contextmanager
def _target(output: Path | None, form: str) -> Iterator[TextIO]:
    if output is None:
        yield sys.stdout
        return
    try:
        # spreadsheets take a file without the mark for GBK
        with output.open("w", encoding="utf-8-sig" if form == "csv" else "utf-8", newline="") as file:
            yield file
    except OSError as error:
        raise StorageError(texts.AUDIT_NOT_WRITTEN.format(path=output), detail=type(error).__name__) from error


def _start(date: str | None) -> float | None:
    """The beginning of a day, or the moment, by the clock of this machine."""
    return None if date is None else _moment(date).timestamp()


def _end(date: str | None) -> float | None:
    """The end of a day, or the moment."""
    if date is None:
        return None
    moment = _moment(date)
    return (moment + timedelta(days=1)).timestamp() if len(date.strip()) == 10 else moment.timestamp()


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        raise InputError(texts.BAD_DATE.format(text=text[:40])) from None
