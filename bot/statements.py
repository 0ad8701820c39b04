"""The statements of a turn, built once: building one costs more than SQLite takes to carry it out.

Parameters that are not a column's new value are called ``at_…`` or ``of_…``.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BindParameter, Select, bindparam, delete, exists, func, insert, or_, select, text, update

from bot.records import RowStatus
from bot.tables import audit, inbox, sessions, turns, values

OPEN: tuple[RowStatus, ...] = ("received", "answering", "sending")

_TURN: BindParameter[int] = bindparam("of_turn")
_OWNER: BindParameter[str] = bindparam("of_owner")
_NOW: BindParameter[float] = bindparam("at_now")
_CHANNELS: BindParameter[str] = bindparam("of_channels", expanding=True)
_SESSION: BindParameter[str] = bindparam("of_session")
_HELD = (inbox.c.id == _TURN, inbox.c.claimed_by == _OWNER)

_same = (inbox.c.channel == bindparam("of_channel"), inbox.c.message_key == bindparam("of_message"))
KNOWN = select(inbox.c.id, inbox.c.status).where(*_same)
LOOK = select(
    select(func.count()).select_from(inbox).where(inbox.c.status.in_(OPEN)).scalar_subquery().label("waiting"),
    select(func.count())
    .select_from(inbox)
    .where(inbox.c.user_key == bindparam("of_user"), inbox.c.received_at > bindparam("at_since"))
    .scalar_subquery()
    .label("recent"),
    select(inbox.c.id).where(*_same).scalar_subquery().label("id"),
    select(inbox.c.status).where(*_same).scalar_subquery().label("status"),
)
"""Waiting rows, rows of a person since a moment, and the row of the message if there is one."""
KEEP = insert(inbox).returning(inbox.c.id)

ROW = (
    inbox.c.id, inbox.c.payload, inbox.c.user_key, inbox.c.chat_key, inbox.c.session_key, inbox.c.received_at,
    inbox.c.notice, inbox.c.sends, inbox.c.attempts,
)  # fmt: skip


def _claimable() -> Select[Any]:
    earlier = inbox.alias("earlier")
    blocked = exists().where(earlier.c.chat_key == inbox.c.chat_key, earlier.c.id < inbox.c.id, earlier.c.status.in_(OPEN))
    return (
        select(inbox.c.id)
        .where(inbox.c.status == "received", inbox.c.channel.in_(_CHANNELS), inbox.c.not_before <= _NOW, ~blocked)
        .order_by(inbox.c.id)
        .limit(bindparam("at_most"))
    )  # fmt: skip


CLAIMABLE = _claimable()
"""The oldest open row of each chat, if nobody holds it."""
CLAIMABLE_LOCKED = CLAIMABLE.with_for_update(skip_locked=True, of=inbox)
CLAIM = (
    update(inbox)
    .where(inbox.c.id.in_(bindparam("of_turns", expanding=True)), inbox.c.status == "received")
    .values(status="answering", claimed_by=_OWNER, lease_until=bindparam("at_end"))
    .returning(*ROW)
)
RENEW = (
    update(inbox)
    .where(inbox.c.id.in_(bindparam("of_turns", expanding=True)), inbox.c.claimed_by == _OWNER, inbox.c.status.in_(OPEN))
    .values(lease_until=bindparam("at_end"))
)
BEGIN_SENDING = (
    update(inbox)
    .where(*_HELD, inbox.c.status == "answering")
    .values(status="sending", sends=inbox.c.sends + 1, lease_until=bindparam("at_end"))
    .returning(inbox.c.sends)
)
DEFER = (
    update(inbox)
    .where(*_HELD, inbox.c.status.in_(("answering", "sending")))
    .values(
        status="received", not_before=bindparam("at_next"), claimed_by=None, lease_until=None, sends=bindparam("of_sends"),
        attempts=inbox.c.attempts + 1,
    )
)  # fmt: skip
FINISH = (
    update(inbox)
    .where(*_HELD, inbox.c.status.in_(OPEN))
    .values(status=bindparam("of_status"), payload=None, claimed_by=None, lease_until=None, finished_at=_NOW)
)
RELEASE = (
    update(inbox)
    .where(inbox.c.claimed_by == _OWNER, inbox.c.status == "answering")
    .values(status="received", claimed_by=None, lease_until=None)
)
RECOVER = (
    update(inbox)
    .where(
        inbox.c.status.in_(("answering", "sending")),
        or_(inbox.c.lease_until < _NOW, inbox.c.claimed_by.in_(bindparam("of_owners", expanding=True))),
    )
    .values(status="received", not_before=0.0, claimed_by=None, lease_until=None)
)
OWNERS = select(inbox.c.claimed_by).where(inbox.c.status.in_(OPEN), inbox.c.claimed_by.is_not(None)).distinct()
WAITING = select(func.count()).select_from(inbox).where(inbox.c.status.in_(OPEN))

FIND_TURN = select(turns).where(turns.c.id == _TURN)
HAS_TURN = select(turns.c.id).where(turns.c.id == _TURN)
KEEP_TURN = insert(turns)
HISTORY = (
    select(turns.c.question, turns.c.answer, turns.c.created_at)
    .where(
        turns.c.session_key == _SESSION,
        turns.c.id > func.coalesce(select(sessions.c.since).where(sessions.c.session_key == _SESSION).scalar_subquery(), 0),
    )
    .order_by(turns.c.id.desc())
    .limit(bindparam("at_most"))
)
AUDIT = insert(audit)

_KEY: BindParameter[str] = bindparam("of_key")
GET_VALUE = select(values.c.value).where(values.c.key == _KEY, or_(values.c.expires_at.is_(None), values.c.expires_at > _NOW))
PUT_VALUE = text(
    'INSERT INTO "values" (key, value, expires_at) VALUES (:key, :value, :expires_at) '
    "ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at"
)
"""As text: the library writes this clause for one database at a time, both read it alike."""
ADD_VALUE = insert(values)
DROP_EXPIRED = delete(values).where(values.c.key == _KEY, values.c.expires_at <= _NOW)
