"""Audit and feedback: what is kept of every answer, exported and pruned by date and status."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, select

from bot.database import Database
from bot.records import AuditEntry
from bot.statements import AUDIT
from bot.tables import audit, feedback, inbox, turns

_PAGE = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which audit rows: from ``since`` until before ``until`` (Unix seconds), of one status; None: all."""

    since: float | None = None
    until: float | None = None
    status: str | None = None


def write_audit(connection: Connection, entry: AuditEntry) -> None:
    """Keep an entry; inside the transaction that ends the row, which happens once."""
    connection.execute(
        AUDIT,
        {
            "id": entry.turn, "at": entry.at, "channel": entry.channel, "user_key": entry.user_key, "group_chat": entry.group,
            "question": entry.question, "standalone": entry.standalone, "status": entry.status, "mode": entry.mode,
            "locators": json.dumps(list(entry.locators)), "checks": json.dumps(dict(entry.checks), ensure_ascii=False),
            "fingerprint": entry.fingerprint, "latency_ms": entry.latency_ms,
        },
    )  # fmt: skip


def write_feedback(database: Database, turn: int, channel: str, user_key: str, verdict: str, reason: str, *, now: float) -> None:
    """Keep what a person thinks of an answer; a later opinion of the same person replaces it."""
    with database.write() as connection:
        connection.execute(delete(feedback).where(feedback.c.turn == turn, feedback.c.user_key == user_key))
        connection.execute(insert(feedback).values(turn=turn, user_key=user_key, channel=channel, verdict=verdict, reason=reason, at=now))


def read_audit(database: Database, wanted: Wanted) -> Iterator[AuditEntry]:
    """The entries in order of their numbers, with the feedback of the person who asked; memory stays flat."""
    last = 0
    while True:
        with database.read() as connection:
            page = connection.execute(_page(wanted, last)).all()
        for row in page:
            yield _read_entry(row)
        if len(page) < _PAGE:
            return
        last = page[-1].id


def prune(database: Database, *, before: float) -> int:
    """Delete audit, feedback, turns and ended inbox rows older than ``before``; how many audit rows."""
    with database.write() as connection:
        connection.execute(delete(feedback).where(feedback.c.at < before))
        connection.execute(delete(turns).where(turns.c.created_at < before))
        connection.execute(delete(inbox).where(inbox.c.finished_at < before))
        return connection.execute(delete(audit).where(audit.c.at < before)).rowcount


def _page(wanted: Wanted, after: int) -> Select[Any]:
    same = (feedback.c.turn == audit.c.id) & (feedback.c.user_key == audit.c.user_key)
    query = select(audit, feedback.c.verdict, feedback.c.reason).outerjoin(feedback, same).where(audit.c.id > after)
    if wanted.since is not None:
        query = query.where(audit.c.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(audit.c.at < wanted.until)
    if wanted.status is not None:
        query = query.where(audit.c.status == wanted.status)
    return query.order_by(audit.c.id).limit(_PAGE)


def _read_entry(row: Any) -> AuditEntry:
    return AuditEntry(
        turn=row.id,
        at=row.at,
        channel=row.channel,
        user_key=row.user_key,
        group=row.group_chat,
        question=row.question,
        status=row.status,
        standalone=row.standalone,
        mode=row.mode,
        locators=tuple(json.loads(row.locators)),
        checks=json.loads(row.checks),
        fingerprint=row.fingerprint,
        latency_ms=row.latency_ms,
        verdict=row.verdict or "",
        reason=row.reason or "",
    )
