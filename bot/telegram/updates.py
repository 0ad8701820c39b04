"""Update, as the Bot API's JSON → what the bot makes of it. Pure; whatever is odd is nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.records import Message

CHANNEL = "telegram"
ALLOWED = ("message", "edited_message", "callback_query")
"""Kinds of update that are asked for: no inline query, no channel post."""

_MEDIA = (
    "animation", "audio", "contact", "dice", "document", "game", "location", "paid_media", "photo", "poll", "sticker", "story",
    "venue", "video", "video_note", "voice",
)  # fmt: skip
_MIGRATED = {"migrate_to_chat_id", "migrate_from_chat_id"}
_GROUP_COMMANDS = {"ask", "new", "help", "sources", "original"}

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Me:
    """The bot itself."""

    id: int
    username: str


@dataclass(frozen=True, slots=True)
class Press:
    """A button of a message of ours was pressed."""

    id: str
    data: str
    user: str
    chat: str
    message_id: int
    group: bool


@dataclass(frozen=True, slots=True)
class Migration:
    """A group has a new id."""

    old: str
    new: str


Incoming = Message | Press | Migration


def read_update(update: Json, me: Me) -> Incoming | None:
    """What an update is to the bot; None for whatever it does not answer to, and for what can't be read."""
    try:
        if "message" in update:
            return _read_message(update["message"], me)
        if "edited_message" in update:
            return _read_edit(update["edited_message"])
        if "callback_query" in update:
            return _read_press(update["callback_query"])
    except (KeyError, TypeError, AttributeError, ValueError, IndexError):
        return None
    return None


def side_by_side(updates: Sequence[Json]) -> list[list[Json]]:
    """The updates in runs that may be taken at the same time: what comes after a group's migration waits for it."""
    runs: list[list[Json]] = [[]]
    for update in updates:
        message = update.get("message")
        alone = isinstance(message, dict) and not _MIGRATED.isdisjoint(message)
        runs += [[update], []] if alone else []
        if not alone:
            runs[-1].append(update)
    return [run for run in runs if run]


def _read_message(message: Json, me: Me) -> Message | Migration | None:
    chat = message["chat"]
    if "migrate_to_chat_id" in message:
        return Migration(str(chat["id"]), str(message["migrate_to_chat_id"]))
    if "migrate_from_chat_id" in message:
        return Migration(str(message["migrate_from_chat_id"]), str(chat["id"]))
    if not _is_personal(message):
        return None
    group = chat["type"] in ("group", "supergroup")
    if not group and chat["type"] != "private":
        return None
    text = message.get("text")
    media = any(kind in message for kind in _MEDIA)
    if text is None and not media:
        return None  # somebody joined, a title changed, …
    if group:
        if not _is_for_me(message, me):
            return None
        text = None if text is None else _without_mention(message, me)
    album = message.get("media_group_id")
    return Message(
        channel=CHANNEL,
        id=f"{chat['id']}:album:{album}" if album else f"{chat['id']}:{message['message_id']}",
        chat=str(chat["id"]),
        user=str(message["from"]["id"]),
        text=text or "",
        sent=float(message.get("date", 0)),
        group=group,
        kind="text" if text is not None else "unsupported",
        address=_address(message),
    )


def _read_edit(message: Json) -> Message | None:
    """An edited question of a private chat; one notice a message, however often it is edited."""
    if message["chat"]["type"] != "private" or not _is_personal(message) or not message.get("text"):
        return None
    chat = message["chat"]["id"]
    return Message(
        channel=CHANNEL,
        id=f"{chat}:{message['message_id']}:edited",
        chat=str(chat),
        user=str(message["from"]["id"]),
        text="",
        sent=float(message.get("date", 0)),
        kind="edited",
        address=_address(message),
    )


def _read_press(query: Json) -> Press | None:
    message = query.get("message")
    if message is None or not isinstance(query.get("data"), str) or query["from"].get("is_bot"):
        return None
    chat = message["chat"]
    return Press(
        str(query["id"]), query["data"], str(query["from"]["id"]), str(chat["id"]), int(message["message_id"]), chat["type"] != "private"
    )  # fmt: skip


def _is_personal(message: Json) -> bool:
    """Written by a person, not by a bot nor in the name of a group or channel."""
    sender = message.get("from")
    return isinstance(sender, dict) and not sender.get("is_bot") and "sender_chat" not in message


def _is_for_me(message: Json, me: Me) -> bool:
    """In a group: mentioned, replied to, or a command of ours."""
    if message.get("reply_to_message", {}).get("from", {}).get("id") == me.id:
        return True
    for kind, text, entity in _entities(message):
        if kind == "mention" and text.lower() == f"@{me.username.lower()}":
            return True
        if kind == "text_mention" and entity.get("user", {}).get("id") == me.id:
            return True
        if kind == "bot_command" and entity["offset"] == 0:
            name, _, whom = text[1:].lower().partition("@")
            if whom == me.username.lower() or (not whom and name in _GROUP_COMMANDS):
                return True
    return False


def _without_mention(message: Json, me: Me) -> str:
    """The text without the mentions of the bot; entities count in UTF-16 units."""
    units: bytes = message["text"].encode("utf-16-le")
    for kind, text, entity in reversed(_entities(message)):
        ours = (kind == "mention" and text.lower() == f"@{me.username.lower()}") or (
            kind == "text_mention" and entity.get("user", {}).get("id") == me.id
        )
        if ours:
            start, end = 2 * entity["offset"], 2 * (entity["offset"] + entity["length"])
            units = units[:start] + units[end:]
    return units.decode("utf-16-le", "replace").strip()


def _entities(message: Json) -> list[tuple[str, str, Json]]:
    """Kind, text and entity, of text or caption."""
    units = (message.get("text") or message.get("caption") or "").encode("utf-16-le")
    found = message.get("entities") or message.get("caption_entities") or []
    return [
        (entity["type"], units[2 * entity["offset"] : 2 * (entity["offset"] + entity["length"])].decode("utf-16-le", "replace"), entity)
        for entity in found
    ]


def _address(message: Json) -> dict[str, str]:
    address = {"message": str(message["message_id"])}
    if message.get("is_topic_message") and "message_thread_id" in message:
        address["thread"] = str(message["message_thread_id"])
    return address
