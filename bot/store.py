"""What is kept: inbox, turns of a session, and a few shared values with an expiry.

A row of the inbox goes received → answering → sending → answered, or ends as expired or failed. Only the process
that holds the lease of a row moves it on; each step is one transaction. ``bot/ledger.py`` keeps audit and feedback,
``bot/grants.py`` who may ask.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Connection, delete, insert, or_, select
from sqlalchemy.exc import IntegrityError

from bot import statements as st
from bot.database import Database, open_database
from bot.records import Message, Receipt, Row, RowStatus, StoredTurn
from bot.render import answer_json, read_answer
from bot.tables import sessions, values
from rag.records import Answer, Turn

IGNORED = Receipt(0, False, "ignored")
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


Judge = Callable[[Load], str | None]


class Store(Database):
    """See the module. Every method raises StoreError when the database can't be read or written."""

    # ── inbox ──

    def keep(self, message: Message, keys: Keys, *, now: float, judge: Judge = lambda load: "") -> Receipt:
        """Commit an inbound message; a message that is known already changes nothing.

        ``judge`` says from the load why the message is not asked ("": it is), or None: then nothing is kept. Of a message
        that is not asked only the fact is kept that it came.
        """
        sought = {"of_channel": message.channel, "of_message": keys.message, "of_user": keys.user, "at_since": now - 60}
        try:
            with self.write() as connection:
                found = connection.execute(st.LOOK, sought).one()
                if found.id is not None:
                    return Receipt(found.id, False, found.status)
                notice = judge(Load(found.waiting, found.recent))
                if notice is None:
                    return IGNORED
                turn = connection.execute(st.KEEP, _inbox_row(message, keys, now, notice)).scalar_one()
                return Receipt(turn, True, "received", asked=not notice)
        except IntegrityError:  # another process kept it between the two statements
            with self.read() as connection:
                row = connection.execute(st.KNOWN, sought).one()
            return Receipt(row.id, False, row.status)

    def claim(self, owner: str, channels: Sequence[str], limit: int, *, now: float, lease: float) -> list[Row]:
        """Take up to ``limit`` rows, the oldest first, one a chat, none of a chat that has an earlier one open."""
        claimable = st.CLAIMABLE if self.dialect == "sqlite" else st.CLAIMABLE_LOCKED
        with self.write() as connection:
            candidates = connection.execute(claimable, {"of_channels": list(channels), "at_now": now, "at_most": limit}).scalars().all()
            if not candidates:
                return []
            taken = connection.execute(st.CLAIM, {"of_turns": candidates, "of_owner": owner, "at_end": now + lease}).all()
        return sorted((_read_row(found) for found in taken), key=lambda row: row.turn)

    def renew(self, owner: str, claimed: Collection[int], *, until: float) -> None:
        """Keep holding rows."""
        with self.write() as connection:
            connection.execute(st.RENEW, {"of_turns": list(claimed), "of_owner": owner, "at_end": until})

    def begin_sending(self, owner: str, row: Row, answer: Answer | None, *, now: float, lease: float) -> Row | None:
        """Say that sending begins, and keep the answer; None when the row is no longer held by ``owner``."""
        with self.write() as connection:
            begun = connection.execute(st.BEGIN_SENDING, {"of_turn": row.turn, "of_owner": owner, "at_end": now + lease})
            sends = begun.scalar_one_or_none()
            if sends is None:
                return None
            before = row.sends or row.attempts
            if answer is not None and not (before and connection.execute(st.HAS_TURN, {"of_turn": row.turn}).first()):
                connection.execute(st.KEEP_TURN, _turn_row(row, answer, now))
        return replace(row, sends=sends)

    def defer(self, owner: str, row: Row, *, until: float, sends: int) -> None:
        """The row is to be tried again; ``sends``: how often sending has begun so far without a known end."""
        with self.write() as connection:
            connection.execute(st.DEFER, {"of_turn": row.turn, "of_owner": owner, "at_next": until, "of_sends": sends})

    def finish(self, connection: Connection, owner: str, turn: int, status: RowStatus, *, now: float) -> bool:
        """End a row inside a transaction of the caller, and wipe who sent it; False when it is not held by ``owner``."""
        ended = connection.execute(st.FINISH, {"of_turn": turn, "of_owner": owner, "of_status": status, "at_now": now})
        return bool(ended.rowcount)

    def release(self, owner: str) -> None:
        """Give back every row that ``owner`` has not begun to send."""
        with self.write() as connection:
            connection.execute(st.RELEASE, {"of_owner": owner})

    def owners(self) -> set[str]:
        """Who holds rows at present."""
        with self.read() as connection:
            return {owner for owner in connection.execute(st.OWNERS).scalars() if owner}

    def recover(self, dead: Collection[str], *, now: float) -> int:
        """Open again what lost its owner; how many rows."""
        with self.write() as connection:
            return connection.execute(st.RECOVER, {"at_now": now, "of_owners": list(dead)}).rowcount

    def waiting(self) -> int:
        """How many rows are open."""
        with self.read() as connection:
            return connection.execute(st.WAITING).scalar_one()

    # ── turns and sessions ──

    def find_turn(self, turn: int) -> StoredTurn | None:
        """An answer by its number, whole."""
        with self.read() as connection:
            found = connection.execute(st.FIND_TURN, {"of_turn": turn}).one_or_none()
        return StoredTurn(found.id, found.channel, found.chat_key, read_answer(json.loads(found.answer))) if found else None

    def history(self, session_key: str, *, limit: int, silence: float, now: float) -> list[Turn]:
        """The last turns of a session, the oldest first; a silence of that many seconds ends a session."""
        with self.read() as connection:
            found = connection.execute(st.HISTORY, {"of_session": session_key, "at_most": limit}).all()
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
        with self.read() as connection:
            return connection.execute(st.GET_VALUE, {"of_key": key, "at_now": now}).scalar_one_or_none()

    def put_value(self, key: str, value: str, *, expires_at: float | None = None) -> None:
        """Set a value that every process on this database sees."""
        with self.write() as connection:
            connection.execute(st.PUT_VALUE, {"key": key, "value": value, "expires_at": expires_at})

    def list_values(self, prefix: str, *, now: float) -> list[str]:
        """The values that have not expired whose keys begin with ``prefix``."""
        query = select(values.c.value).where(values.c.key.startswith(prefix, autoescape=True))
        with self.read() as connection:
            return list(connection.execute(query.where(or_(values.c.expires_at.is_(None), values.c.expires_at > now))).scalars())

    def add_value(self, key: str, value: str, *, now: float, expires_at: float | None = None) -> bool:
        """Set a value unless there is one already; True for the one process that set it (a nonce, a leader)."""
        try:
            with self.write() as connection:
                connection.execute(st.DROP_EXPIRED, {"of_key": key, "at_now": now})
                connection.execute(st.ADD_VALUE, {"key": key, "value": value, "expires_at": expires_at})
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


def _read_row(found: Any) -> Row:
    fields: Mapping[str, Any] = json.loads(found.payload)
    return Row(
        found.id, Message(**fields), found.user_key, found.chat_key, found.session_key, found.received_at, found.notice, found.sends,
        found.attempts,
    )  # fmt: skip


def _inbox_row(message: Message, keys: Keys, now: float, notice: str) -> dict[str, Any]:
    kept = replace(message, text="") if notice else message
    return {
        "channel": message.channel, "message_key": keys.message, "chat_key": keys.chat, "user_key": keys.user,
        "session_key": keys.session, "payload": _dump(kept), "notice": notice, "status": "received", "received_at": now,
        "not_before": 0.0, "sends": 0, "attempts": 0,
    }  # fmt: skip


def _dump(message: Message) -> str:
    return json.dumps({**asdict(message), "address": dict(message.address)}, ensure_ascii=False)


def _turn_row(row: Row, answer: Answer, now: float) -> dict[str, Any]:
    return {
        "id": row.turn, "channel": row.message.channel, "chat_key": row.chat_key, "session_key": row.session_key,
        "question": answer.question, "answer": json.dumps(answer_json(answer), ensure_ascii=False), "created_at": now,
    }  # fmt: skip
