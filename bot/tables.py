"""The tables, as code; ``bot/migrations/`` makes them. Times are Unix seconds; keys are keyed hashes."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, MetaData, String, Table, Text, UniqueConstraint

metadata = MetaData()
_Id = BigInteger().with_variant(Integer, "sqlite")

inbox = Table(
    "inbox",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("channel", String(32), nullable=False),
    Column("message_key", String(64), nullable=False),
    Column("chat_key", String(64), nullable=False),
    Column("user_key", String(64), nullable=False),
    Column("session_key", String(64), nullable=False),
    Column("payload", Text),  # the message as JSON: chat, person, text, address; wiped when the row is finished
    Column("notice", String(32), nullable=False),
    Column("status", String(16), nullable=False),
    Column("received_at", Float, nullable=False),
    Column("not_before", Float, nullable=False),
    Column("claimed_by", String(160)),
    Column("lease_until", Float),
    Column("sends", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("finished_at", Float),
    UniqueConstraint("channel", "message_key", name="inbox_message"),
    Index("inbox_status", "status", "id"),
    Index("inbox_chat", "chat_key", "status", "id"),
    Index("inbox_user", "user_key", "received_at"),
    sqlite_autoincrement=True,  # a number is never used twice, even after its row is pruned
)

turns = Table(
    "turns",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=False),  # of the inbox row
    Column("channel", String(32), nullable=False),
    Column("chat_key", String(64), nullable=False),
    Column("session_key", String(64), nullable=False),
    Column("question", Text, nullable=False),
    Column("answer", Text, nullable=False),  # JSON of the published contract
    Column("created_at", Float, nullable=False),
    Index("turns_session", "session_key", "id"),
    Index("turns_created", "created_at"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("session_key", String(64), primary_key=True),
    Column("since", _Id, nullable=False),  # earlier turns belong to another topic
)

audit = Table(
    "audit",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=False),  # of the inbox row
    Column("at", Float, nullable=False),
    Column("channel", String(32), nullable=False),
    Column("user_key", String(64), nullable=False),
    Column("group_chat", Boolean, nullable=False),
    Column("question", Text, nullable=False),
    Column("standalone", Text, nullable=False),
    Column("status", String(32), nullable=False),
    Column("mode", String(16), nullable=False),
    Column("locators", Text, nullable=False),  # JSON list
    Column("checks", Text, nullable=False),  # JSON object
    Column("fingerprint", String(64), nullable=False),
    Column("latency_ms", Float, nullable=False),
    Index("audit_at", "at"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("turn", _Id, primary_key=True, autoincrement=False),
    Column("user_key", String(64), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("verdict", String(8), nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Float, nullable=False),
)

pairings = Table(
    "pairings",
    metadata,
    Column("code", String(16), primary_key=True),
    Column("user_key", String(64), nullable=False, unique=True),
    Column("platform", String(32), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
)

grants = Table(
    "grants",
    metadata,
    Column("key", String(64), primary_key=True),  # of a user or a group
    Column("kind", String(8), nullable=False),
    Column("platform", String(32), nullable=False),
    Column("note", Text, nullable=False),
    Column("created_at", Float, nullable=False),
)

values = Table(
    "values",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("value", Text, nullable=False),
    Column("expires_at", Float),
    Index("values_expires", "expires_at"),
)
