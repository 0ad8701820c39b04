"""What is kept: inbox, turns of a session, and a few shared values with an expiry.

A row of the inbox goes received → answering → sending → answered, or ends as expired or failed. Only the process
that holds the lease of a row moves it on; each step is one transaction. ``bot/ledger.py`` keeps audit and feedback,
``bot/grants.py`` who may ask.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Connection, Select, delete, exists, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from bot.database import Database, open_database
from bot.records import Message, Receipt, Row, RowStatus, StoredTurn
from bot.render import answer_json, read_answer
from bot.tables import inbox, sessions, turns, values
from rag.records import Answer, Turn

OPEN: tuple[RowStatus, ...] = ("received", "answering", "sending")
MAX_SENDS = 2
"""How often sending may begin without its end being known: a crash in between repeats an answer at most once."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keyed hashes under which a message is kept."""

    message: str
    chat: str
    user: str
    session: str


@dataclass(frozen=True, slots=True)
class Load:
    """How much is waiting, and how much of it this person sent in the last minute."""

    waiting: int
    recent: int


class Store(Database):
    """See the module. Every method raises StoreError when the database can't be read or written."""

    # ── inbox ──

    def keep(self, message: Message, keys: Keys, *, now: float, notice: str = "") -> Receipt:
        """Commit an inbound message; a message that is known already changes nothing."""
        row = {
            "channel": message.channel, "message_key": keys.message, "chat_key": keys.chat, "user_key": keys.user,
            "session_key": keys.session, "payload": _dump(message), "notice": notice, "status": "received", "received_at": now,
            "not_before": 0.0, "sends": 0, "attempts": 0,
        }  # fmt: skip
        try:
            with self.write() as connection:
                known = self._known(connection, message.channel, keys.message)
                if known is None:
                    turn = connection.execute(insert(inbox).values(row).returning(inbox.c.id)).scalar_one()
                    return Receipt(turn, True, "received")
                return known
        except IntegrityError:  # another process kept it between the two statements
            with self.read() as connection:
                found = self._known(connection, message.channel, keys.message)
            assert found is not None
            return found

    @staticmethod
    def _known(connection: Connection, channel: str, message_key: str) -> Receipt | None:
        query = select(inbox.c.id, inbox.c.status).where(inbox.c.channel == channel, inbox.c.message_key == message_key)
        found = connection.execute(query).one_or_none()
        return Receipt(found.id, False, found.status) if found else None

    def look(self, channel: str, keys: Keys, *, since: float) -> tuple[Receipt | None, Load]:
        """What is known before a message is kept: its receipt if it came before, and the load."""
        waiting = select(func.count()).select_from(inbox).where(inbox.c.status.in_(OPEN)).scalar_subquery()
        recent = select(func.count()).select_from(inbox).where(inbox.c.user_key == keys.user, inbox.c.received_at > since)
        with self.read() as connection:
            known = self._known(connection, channel, keys.message)
            found = connection.execute(select(waiting, recent.scalar_subquery())).one()
        return known, Load(found[0], found[1])

    def claim(self, owner: str, channels: Sequence[str], limit: int, *, now: float, lease: float) -> list[Row]:
        """Take up to ``limit`` rows, the oldest first, one a chat, none of a chat that has an earlier one open."""
        with self.write() as connection:
            candidates = connection.execute(_claimable(channels, limit, now, locking=self.dialect != "sqlite")).scalars().all()
            if not candidates:
                return []
            taken = connection.execute(
                update(inbox)
                .where(inbox.c.id.in_(candidates), inbox.c.status == "received")
                .values(status="answering", claimed_by=owner, lease_until=now + lease)
                .returning(*_ROW)
            ).all()
        return sorted((_read_row(found) for found in taken), key=lambda row: row.turn)

    def renew(self, owner: str, claimed: Collection[int], *, until: float) -> None:
        """Keep holding rows."""
        with self.write() as connection:
            connection.execute(
                update(inbox)
                .where(inbox.c.id.in_(claimed), inbox.c.claimed_by == owner, inbox.c.status.in_(OPEN))
                .values(lease_until=until)
            )

    def begin_sending(self, owner: str, row: Row, answer: Answer | None, *, now: float, lease: float) -> Row | None:
        """Say that sending begins, and keep the answer; None when the row is no longer held by ``owner``."""
        with self.write() as connection:
            held = (
                update(inbox)
                .where(inbox.c.id == row.turn, inbox.c.claimed_by == owner, inbox.c.status == "answering")
                .values(status="sending", sends=inbox.c.sends + 1, lease_until=now + lease)
                .returning(inbox.c.sends)
            )
            sends = connection.execute(held).scalar_one_or_none()
            if sends is None:
                return None
            if answer is not None and not connection.execute(select(turns.c.id).where(turns.c.id == row.turn)).first():
                connection.execute(insert(turns).values(_turn_row(row, answer, now)))
        return replace(row, sends=sends)

    def defer(self, owner: str, row: Row, *, until: float, sends: int) -> None:
        """The row is to be tried again; ``sends``: how often sending has begun so far without a known end."""
        with self.write() as connection:
            connection.execute(
                update(inbox)
                .where(inbox.c.id == row.turn, inbox.c.claimed_by == owner, inbox.c.status.in_(("answering", "sending")))
                .values(status="received", not_before=until, claimed_by=None, lease_until=None, sends=sends, attempts=row.attempts + 1)
            )

    def finish(self, connection: Connection, owner: str, turn: int, status: RowStatus, *, now: float) -> bool:
        """End a row inside a transaction of the caller, and wipe who sent it; False when it is not held by ``owner``."""
        ended = connection.execute(
            update(inbox)
            .where(inbox.c.id == turn, inbox.c.claimed_by == owner, inbox.c.status.in_(OPEN))
            .values(status=status, payload=None, claimed_by=None, lease_until=None, finished_at=now)
        )
        return bool(ended.rowcount)

    def release(self, owner: str) -> None:
        """Give back every row that ``owner`` has not begun to send."""
        with self.write() as connection:
            connection.execute(
                update(inbox)
                .where(inbox.c.claimed_by == owner, inbox.c.status == "answering")
                .values(status="received", claimed_by=None, lease_until=None)
            )

    def owners(self) -> set[str]:
        """Who holds rows at present."""
        with self.read() as connection:
            found = connection.execute(
                select(inbox.c.claimed_by).where(inbox.c.status.in_(OPEN), inbox.c.claimed_by.is_not(None)).distinct()
            )
            return {owner for owner in found.scalars() if owner}

    def recover(self, dead: Collection[str], *, now: float) -> int:
        """Open again what lost its owner; how many rows."""
        lost = inbox.c.status.in_(("answering", "sending")) & or_(inbox.c.lease_until < now, inbox.c.claimed_by.in_(dead))
        with self.write() as connection:
            opened = connection.execute(
                update(inbox).where(lost).values(status="received", not_before=0.0, claimed_by=None, lease_until=None)
            )
        return opened.rowcount

    def waiting(self) -> int:
        """How many rows are open."""
        with self.read() as connection:
            return connection.execute(select(func.count()).select_from(inbox).where(inbox.c.status.in_(OPEN))).scalar_one()

    # ── turns and sessions ──

    def find_turn(self, turn: int) -> StoredTurn | None:
        """An answer by its number, whole."""
        with self.read() as connection:
            found = connection.execute(select(turns).where(turns.c.id == turn)).one_or_none()
        return StoredTurn(found.id, found.channel, found.chat_key, read_answer(json.loads(found.answer))) if found else None

    def history(self, session_key: str, *, limit: int, silence: float, now: float) -> list[Turn]:
        """The last turns of a session, the oldest first; a silence of that many seconds ends a session."""
        since = select(sessions.c.since).where(sessions.c.session_key == session_key).scalar_subquery()
        query = (
            select(turns.c.question, turns.c.answer, turns.c.created_at)
            .where(turns.c.session_key == session_key, turns.c.id > func.coalesce(since, 0))
            .order_by(turns.c.id.desc())
            .limit(limit)
        )
        with self.read() as connection:
            found = connection.execute(query).all()
        history: list[Turn] = []
        for row in found:
            if now - row.created_at > silence:
                break
            history.append(Turn(row.question, json.loads(row.answer)["answer"]))
            now = row.created_at
        return history[::-1]

    def new_session(self, session_key: str, since: int) -> None:
        """What was said before ``since`` belongs to another topic."""
        with self.write() as connection:
            connection.execute(delete(sessions).where(sessions.c.session_key == session_key))
            connection.execute(insert(sessions).values(session_key=session_key, since=since))

    # ── shared values ──

    def get_value(self, key: str, *, now: float) -> str | None:
        """A value that has not expired."""
        query = select(values.c.value).where(values.c.key == key, or_(values.c.expires_at.is_(None), values.c.expires_at > now))
        with self.read() as connection:
            return connection.execute(query).scalar_one_or_none()

    def put_value(self, key: str, value: str, *, expires_at: float | None = None) -> None:
        """Set a value that every process on this database sees."""
        with self.write() as connection:
            connection.execute(delete(values).where(values.c.key == key))
            connection.execute(insert(values).values(key=key, value=value, expires_at=expires_at))

    def list_values(self, prefix: str, *, now: float) -> list[str]:
        """The values that have not expired whose keys begin with ``prefix``."""
        query = select(values.c.value).where(values.c.key.startswith(prefix, autoescape=True))
        with self.read() as connection:
            return list(connection.execute(query.where(or_(values.c.expires_at.is_(None), values.c.expires_at > now))).scalars())

    def add_value(self, key: str, value: str, *, now: float, expires_at: float | None = None) -> bool:
        """Set a value unless there is one already; True for the one process that set it (a nonce, a leader)."""
        try:
            with self.write() as connection:
                connection.execute(delete(values).where(values.c.key == key, values.c.expires_at <= now))
                connection.execute(insert(values).values(key=key, value=value, expires_at=expires_at))
        except IntegrityError:
            return False
        return True

    def delete_value(self, key: str) -> None:
        """Forget a value."""
        with self.write() as connection:
            connection.execute(delete(values).where(values.c.key == key))

    def forget_expired(self, *, now: float) -> None:
        """Forget what has expired."""
        with self.write() as connection:
            connection.execute(delete(values).where(values.c.expires_at <= now))


def open_store(url: str, *, timeout: float = 5) -> Store:
    """Open the store at a database address; see ``bot.database.open_database``."""
    return Store(open_database(url, timeout=timeout).engine)


_ROW = (
    inbox.c.id, inbox.c.payload, inbox.c.user_key, inbox.c.chat_key, inbox.c.session_key, inbox.c.received_at,
    inbox.c.notice, inbox.c.sends, inbox.c.attempts,
)  # fmt: skip


def _claimable(channels: Sequence[str], limit: int, now: float, *, locking: bool) -> Select[Any]:
    earlier = inbox.alias("earlier")
    blocked = exists().where(earlier.c.chat_key == inbox.c.chat_key, earlier.c.id < inbox.c.id, earlier.c.status.in_(OPEN))
    query = (
        select(inbox.c.id)
        .where(inbox.c.status == "received", inbox.c.channel.in_(channels), inbox.c.not_before <= now, ~blocked)
        .order_by(inbox.c.id)
        .limit(limit)
    )
    return query.with_for_update(skip_locked=True, of=inbox) if locking else query


def _read_row(found: Any) -> Row:
    fields: Mapping[str, Any] = json.loads(found.payload)
    return Row(
        found.id, Message(**fields), found.user_key, found.chat_key, found.session_key, found.received_at, found.notice, found.sends,
        found.attempts,
    )  # fmt: skip


def _dump(message: Message) -> str:
    return json.dumps({**asdict(message), "address": dict(message.address)}, ensure_ascii=False)


def _turn_row(row: Row, answer: Answer, now: float) -> dict[str, Any]:
    return {
        "id": row.turn, "channel": row.message.channel, "chat_key": row.chat_key, "session_key": row.session_key,
        "question": row.message.text, "answer": json.dumps(answer_json(answer), ensure_ascii=False), "created_at": now,
    }  # fmt: skip
