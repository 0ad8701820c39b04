"""Every record of a conversation in a chat, and the port through which a channel is spoken to.

    Message ─ inbox row ─ Assistant.ask ─ Reply ─ audit row ─ (feedback row)

The service (``bot/service.py``) knows no platform; a channel (``bot/telegram.py``, ``bot/wecom/``) knows neither
database nor assistant. Data flows: the channel makes a Message of what the platform delivered and hands it to the
service, which keeps it before it returns; then the channel may acknowledge. The service answers through the port.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from rag.records import Answer

MessageKind = Literal["text", "unsupported", "edited"]


@dataclass(frozen=True, slots=True)
class Message:
    """One inbound message, whatever the platform."""

    channel: str  # 「telegram」, 「wecom-app」, 「wecom-bot」, 「wecom-socket」
    id: str  # unique in its channel; a retry of the platform repeats it
    chat: str  # where the answer goes
    user: str  # the platform's id of the person; stored under a keyed hash only
    text: str  # as typed, without the mention of the bot
    sent: float  # Unix seconds by the platform's clock
    group: bool = False
    kind: MessageKind = "text"  # unsupported: a picture, voice, file, …; edited: text that was changed after it was sent
    address: Mapping[str, str] = field(default_factory=dict)  # what the channel needs to answer: a stream id, a message to reply to


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back. ``answer`` when the assistant was asked, else ``notice``, a sentence of bot/texts.py."""

    turn: int  # id of the inbox row; buttons and feedback name it
    answer: Answer | None = None
    notice: str = ""


class Channel(Protocol):
    """What the service needs of a platform. Each call may raise ``bot.errors.DeliveryError``."""

    name: str

    async def begin(self, message: Message) -> None:
        """Show that the question has arrived (a typing indicator); a failure is logged and forgotten."""

    async def grow(self, message: Message, text: str) -> None:
        """Show the verified text so far, whole each time; a failure is logged and forgotten."""

    async def deliver(self, message: Message, reply: Reply) -> None:
        """Send the reply, all parts. A failure that may pass is tried again by the service."""


def counts_sends(channel: Channel) -> bool:
    """Whether a channel itself bounds how often a reply is begun to be sent (its ``counts_sends``); else the service does."""
    return bool(getattr(channel, "counts_sends", False))


RowStatus = Literal["received", "answering", "sending", "answered", "expired", "failed", "ignored"]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an inbound message: kept (``new``), known already, or ignored (``turn`` 0, nothing kept)."""

    turn: int
    new: bool
    status: RowStatus
    asked: bool = False  # new, and a question that the assistant will be asked (or a command)


@dataclass(frozen=True, slots=True)
class Row:
    """A claimed inbox row: what to answer, and how often sending was begun without knowing the end."""

    turn: int
    message: Message
    user_key: str
    chat_key: str
    session_key: str
    received: float
    notice: str = ""  # why it is not asked: a key of bot/service.py; "" for a question
    sends: int = 0
    attempts: int = 0  # deliveries that failed and may be tried again


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What is kept of an answered message."""

    turn: int
    at: float
    channel: str
    user_key: str
    group: bool
    question: str
    status: str  # answered · partial · refused · failed · notice:…
    standalone: str = ""
    mode: str = ""
    locators: tuple[str, ...] = ()
    checks: Mapping[str, object] = field(default_factory=dict)
    fingerprint: str = ""
    latency_ms: float = 0.0
    verdict: str = ""  # of the feedback, when there is one
    reason: str = ""


@dataclass(frozen=True, slots=True)
class StoredTurn:
    """An answer that was sent, found again by its number."""

    turn: int
    channel: str
    chat_key: str
    answer: Answer
