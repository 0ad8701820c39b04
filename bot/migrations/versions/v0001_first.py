"""The tables of the first release."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make them."""
    _inbox()
    _answers()
    _access()
    op.create_table(
        "values",
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Float()),
    )
    op.create_index("values_expires", "values", ["expires_at"])


def downgrade() -> None:
    """Drop them."""
    for table in ("values", "grants", "pairings", "feedback", "audit", "sessions", "turns", "inbox"):
        op.drop_table(table)


def _inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("channel", sa.String(32), nullable=False),
        *[sa.Column(name, sa.String(64), nullable=False) for name in ("message_key", "chat_key", "user_key", "session_key")],
        sa.Column("payload", sa.Text()),
        sa.Column("notice", sa.String(32), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("received_at", sa.Float(), nullable=False),
        sa.Column("not_before", sa.Float(), nullable=False),
        sa.Column("claimed_by", sa.String(160)),
        sa.Column("lease_until", sa.Float()),
        sa.Column("sends", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("finished_at", sa.Float()),
        sa.UniqueConstraint("channel", "message_key", name="inbox_message"),
        sqlite_autoincrement=True,
    )
    op.create_index("inbox_status", "inbox", ["status", "id"])
    op.create_index("inbox_chat", "inbox", ["chat_key", "status", "id"])
    op.create_index("inbox_user", "inbox", ["user_key", "received_at"])


def _answers() -> None:
    op.create_table(
        "turns",
        sa.Column("id", _ID, primary_key=True, autoincrement=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("chat_key", sa.String(64), nullable=False),
        sa.Column("session_key", sa.String(64), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
    )
    op.create_index("turns_session", "turns", ["session_key", "id"])
    op.create_index("turns_created", "turns", ["created_at"])
    op.create_table(
        "sessions", sa.Column("session_key", sa.String(64), primary_key=True), sa.Column("since", _ID, nullable=False)
    )  # fmt: skip
    op.create_table(
        "audit",
        sa.Column("id", _ID, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("user_key", sa.String(64), nullable=False),
        sa.Column("group_chat", sa.Boolean(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("standalone", sa.Text(), nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("locators", sa.Text(), nullable=False),
        sa.Column("checks", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("latency_ms", sa.Float(), nullable=False),
    )
    op.create_index("audit_at", "audit", ["at"])
    op.create_table(
        "feedback",
        sa.Column("turn", _ID, primary_key=True, autoincrement=False),
        sa.Column("user_key", sa.String(64), primary_key=True),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("verdict", sa.String(8), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
    )


def _access() -> None:
    op.create_table(
        "pairings",
        sa.Column("code", sa.String(16), primary_key=True),
        sa.Column("user_key", sa.String(64), nullable=False, unique=True),
        sa.Column("platform", sa.String(32), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("expires_at", sa.Float(), nullable=False),
    )
    op.create_table(
        "grants",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("platform", sa.String(32), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
    )
