"""What the platform says → records. Pure; whatever comes in, the outcome is a record or Refused.

    XML of the self-built app ─┐
    JSON of the AI bot ────────┼→ Message (a question) · Entered · Pressed · Rated · Refreshed · Displaced · Ignored
    frame of the connection ───┘

Formats: document/path/90239 (messages) and 90240 (events) of the app; 100719, 101027 and 101463 of the bot.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import dataclass
from typing import Any, Literal
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from bot.records import Message, MessageKind
from bot.wecom.crypto import Refused

APP, BOT, SOCKET = "wecom-app", "wecom-bot", "wecom-socket"
"""Names of the channels."""
Verdict = Literal["up", "down", "none"]

_NAME_CHARACTERS = 256  # ids and keys of the platform are far shorter; what isn't can't be kept as a key
_VERDICTS: dict[int, Verdict] = {1: "up", 2: "down", 3: "none"}
_ENCRYPT = re.compile(rb"<Encrypt>\s*(?:<!\[CDATA\[)?([A-Za-z0-9+/=]+)(?:\]\]>)?\s*</Encrypt>")
_MENTION = re.compile(r"^\s*@[^\s\u2005]+[\s\u2005]+")


@dataclass(frozen=True, slots=True)
class Entered:
    """A person opened the app or the chat, or was given the app."""

    id: str
    user: str
    sent: float


@dataclass(frozen=True, slots=True)
class Pressed:
    """A button of a card or an entry of the menu. ``task`` is the card's own id, "" for the menu."""

    id: str
    user: str
    chat: str
    group: bool
    key: str
    task: str


@dataclass(frozen=True, slots=True)
class Rated:
    """👍, 👎 or their withdrawal on an answer of the AI bot; ``answer`` is the id that we gave it."""

    id: str
    user: str
    chat: str
    group: bool
    answer: str
    verdict: Verdict
    reasons: tuple[int, ...]  # the platform's: 1 beside the question, 2 incomplete, 3 wrong, 4 wrong analysis
    words: str  # the person's own


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The platform asks how far a stream has come."""

    stream: str


@dataclass(frozen=True, slots=True)
class Displaced:
    """Another connection of the same bot has taken over."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """Something that wants no answer; ``kind`` is for the log."""

    kind: str


Inbound = Message | Entered | Pressed | Rated | Refreshed | Displaced | Ignored


# ── self-built app ──────────────────────────────────────────────────────────────────────────────


def parse_xml(body: bytes) -> Element:
    """The root element. Raises Refused on anything that is no plain XML: no entities, no DTD, no outside references."""
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError, RecursionError):
        raise Refused("xml") from None
    return root


def read_envelope(body: bytes) -> str:
    """``Encrypt`` of an app's callback. Raises Refused.

    Anybody may have sent this: it is found as text, and no parser works for who has not signed.
    """
    found = _ENCRYPT.findall(body)
    if len(found) != 1 or b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise Refused("xml")
    encrypt: bytes = found[0]
    return encrypt.decode("ascii")


def read_app(plain: bytes) -> Inbound:
    """A decrypted message or event of the self-built app. Raises Refused when it isn't one."""
    root = parse_xml(plain)
    user = _field(root, "FromUserName", required=True)
    created = _field(root, "CreateTime", required=True)
    kind = _field(root, "MsgType", required=True)
    if kind == "event":
        return _app_event(root, user, created)
    identity = _field(root, "MsgId") or f"{user}:{created}"
    text = clean(root.findtext("Content") or "") if kind == "text" else ""
    return Message(APP, identity, user, user, text.strip(), _seconds(created, 0.0), kind="text" if kind == "text" else "unsupported")


def _app_event(root: Element, user: str, created: str) -> Inbound:
    event, key, task = _field(root, "Event", required=True), _field(root, "EventKey"), _field(root, "TaskId")
    identity = ":".join((user, created, event, task, key))[: 4 * _NAME_CHARACTERS]
    if event in ("enter_agent", "subscribe"):
        return Entered(identity, user, _seconds(created, 0.0))
    if event in ("template_card_event", "click") and key:
        return Pressed(identity, user, user, group=False, key=key, task=task)
    return Ignored(event)


def _field(root: Element, name: str, *, required: bool = False, limit: int = _NAME_CHARACTERS) -> str:
    text = clean(root.findtext(name) or "").strip()
    if len(text) > limit or (required and not text):
        raise Refused("field")
    return text


# ── AI bot ──────────────────────────────────────────────────────────────────────────────────────


def parse_json(body: bytes | str) -> dict[str, Any]:
    """A JSON object. Raises Refused on anything else."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused("json") from None
    if not isinstance(value, dict):
        raise Refused("json")
    return value


def read_bot(body: dict[str, Any], channel: str, now: float, *, name: str = "", request: str = "") -> Inbound:
    """A decrypted callback of the AI bot, or the body of a frame.

    ``name`` is the bot's own, cut from the front of what is said in a group; ``request`` the id of the frame that
    may be answered. Raises Refused when a field that is needed is missing or malformed.
    """
    kind = _word(body, "msgtype")
    if kind == "stream":
        return Refreshed(_word(_part(body, "stream"), "id", required=True))
    if kind == "event":
        return _bot_event(body, now)
    identity = _word(body, "msgid", required=True)
    group = _word(body, "chattype") == "group"
    text = _bot_text(body, kind)
    spoken: MessageKind = "unsupported" if text is None else "text"
    address = {
        "stream": stream_id(channel, identity),
        "response_url": _word(body, "response_url", limit=2048),
        "request": request,
    }
    return Message(
        channel, identity, _chat(body), _user(body), cut_mention(text or "", name) if group else (text or "").strip(),
        _seconds(body.get("create_time"), now), group, spoken, {key: value for key, value in address.items() if value},
    )  # fmt: skip


def _bot_event(body: dict[str, Any], now: float) -> Inbound:
    event = _part(body, "event")
    kind = _word(event, "eventtype")
    if kind == "disconnected_event":
        return Displaced()
    if kind not in ("enter_chat", "template_card_event", "feedback_event"):
        return Ignored(kind)
    user, identity = _user(body), _word(body, "msgid", required=True)
    if kind == "enter_chat":
        return Entered(identity, user, _seconds(body.get("create_time"), now))
    inner, chat, group = _part(event, kind), _chat(body), _word(body, "chattype") == "group"
    if kind == "template_card_event":
        return Pressed(identity, user, chat, group, _word(inner, "event_key"), _word(inner, "task_id"))
    verdict = _VERDICTS.get(inner["type"]) if isinstance(inner.get("type"), int) else None
    answer = _word(inner, "id")
    if verdict is None or not answer:
        return Ignored(kind)
    listed = inner.get("inaccurate_reason_list")
    reasons = tuple(reason for reason in listed if isinstance(reason, int)) if isinstance(listed, list) else ()
    words = inner.get("content")
    return Rated(identity, user, chat, group, answer, verdict, reasons[:8], clean(words)[:500] if isinstance(words, str) else "")


def _bot_text(body: dict[str, Any], kind: str) -> str | None:
    """What was said, in words; None when it was not words. A voice message comes with its transcript."""
    if kind in ("text", "voice"):
        return _words(body, kind)
    if kind != "mixed":
        return None
    items = _part(body, "mixed").get("msg_item")
    said = [_words(item, "text") for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    return "\n".join(words for words in said if words) or None


def _words(body: dict[str, Any], kind: str) -> str | None:
    content = _part(body, kind).get("content")
    return clean(content) if isinstance(content, str) else None


def cut_mention(text: str, name: str) -> str:
    """What is said in a group, without the mention that it begins with."""
    stripped = text.strip()
    if name and stripped.startswith(f"@{name}"):
        return stripped[len(name) + 1 :].strip()
    return _MENTION.sub("", text, count=1).strip()


def stream_id(channel: str, message: str) -> str:
    """The stream that answers a message: the same for each delivery of it."""
    return hashlib.sha256(f"{channel}:{message}".encode()).hexdigest()[:32]


def _user(body: dict[str, Any]) -> str:
    return _word(_part(body, "from"), "userid", required=True)


def _chat(body: dict[str, Any]) -> str:
    return _word(body, "chatid") or _user(body)


def _part(body: dict[str, Any], name: str) -> dict[str, Any]:
    value = body.get(name)
    return value if isinstance(value, dict) else {}


def _word(body: dict[str, Any], name: str, *, required: bool = False, limit: int = _NAME_CHARACTERS) -> str:
    value = body.get(name)
    text = clean(value).strip() if isinstance(value, str) else ""
    if len(text) > limit or (required and not text):
        raise Refused("field")
    return text


# ── both ────────────────────────────────────────────────────────────────────────────────────────


def clean(text: str) -> str:
    """Text that any database keeps: no NUL, no half of a surrogate pair."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _seconds(value: object, otherwise: float) -> float:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return otherwise
    return number if math.isfinite(number) and 0 < number < 1e11 else otherwise
