"""Who was let in, and who waits to be: rows of grants and of pairing codes."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import IntegrityError

from bot.database import Database
from bot.tables import grants, pairings

GrantKind = Literal["user", "group"]
PAIRING_SECONDS = 3600.0
_PENDING = 10_000
"""More strangers than this wait for no code: the table stays small whoever writes."""


@dataclass(frozen=True, slots=True)
class Grant:
    """One person or group that may ask."""

    key: str
    kind: GrantKind
    platform: str
    note: str
    created: float


@dataclass(frozen=True, slots=True)
class Pairing:
    """A stranger who was given a code."""

    code: str
    user_key: str
    platform: str
    created: float


def is_granted(database: Database, key: str) -> bool:
    """Whether a person or group was let in."""
    with database.read() as connection:
        return connection.execute(select(grants.c.key).where(grants.c.key == key)).first() is not None


def add_grant(database: Database, grant: Grant) -> None:
    """Let in; once."""
    with database.write() as connection:
        _grant(connection, grant)


def pairing_code(database: Database, user_key: str, platform: str, *, now: float) -> str | None:
    """The stranger's six digits: the same until they expire; None when too many wait."""
    for _ in range(20):
        try:
            with database.write() as connection:
                connection.execute(delete(pairings).where(pairings.c.expires_at <= now))
                found = connection.execute(select(pairings.c.code).where(pairings.c.user_key == user_key)).scalar_one_or_none()
                if found is not None:
                    return str(found)
                if len(connection.execute(select(pairings.c.code).limit(_PENDING)).all()) >= _PENDING:
                    return None
                code = f"{secrets.randbelow(1_000_000):06d}"
                row = {"code": code, "user_key": user_key, "platform": platform, "created_at": now, "expires_at": now + PAIRING_SECONDS}
                connection.execute(insert(pairings).values(row))
                return code
        except IntegrityError:
            continue  # the code is another stranger's
    return None


def approve(database: Database, code: str, note: str, *, now: float) -> Grant | None:
    """Let in whoever holds the code; None when nobody does (any more)."""
    with database.write() as connection:
        found = connection.execute(select(pairings).where(pairings.c.code == code, pairings.c.expires_at > now)).one_or_none()
        if found is None:
            return None
        grant = Grant(found.user_key, "user", found.platform, note, now)
        connection.execute(delete(pairings).where(pairings.c.code == code))
        _grant(connection, grant)
        return grant


def revoke(database: Database, prefix: str) -> list[Grant]:
    """Shut out whose key begins with ``prefix``; several matches change nothing and are given back."""
    with database.write() as connection:
        query = select(grants).where(grants.c.key.startswith(prefix, autoescape=True))
        found = [_read_grant(row) for row in connection.execute(query)]
        if len(found) == 1:
            connection.execute(delete(grants).where(grants.c.key == found[0].key))
        return found


def list_grants(database: Database) -> list[Grant]:
    """Everybody who was let in, the oldest first."""
    with database.read() as connection:
        return [_read_grant(row) for row in connection.execute(select(grants).order_by(grants.c.created_at, grants.c.key))]


def list_pairings(database: Database, *, now: float) -> list[Pairing]:
    """Who waits, the oldest first."""
    query = select(pairings).where(pairings.c.expires_at > now).order_by(pairings.c.created_at)
    with database.read() as connection:
        return [Pairing(row.code, row.user_key, row.platform, row.created_at) for row in connection.execute(query)]


def _grant(connection: Connection, grant: Grant) -> None:
    connection.execute(delete(grants).where(grants.c.key == grant.key))
    connection.execute(
        insert(grants).values(key=grant.key, kind=grant.kind, platform=grant.platform, note=grant.note, created_at=grant.created)
    )  # fmt: skip


def _read_grant(row: Any) -> Grant:
    return Grant(row.key, row.kind, row.platform, row.note, row.created_at)
