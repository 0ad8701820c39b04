"""What an update is to the bot."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.records import Message
from bot.telegram.updates import Me, Migration, Press, read_update, side_by_side

ME = Me(99, "ning_bot")
USER = {"id": 7, "is_bot": False, "first_name": "人"}
PRIVATE, GROUP = {"id": 7, "type": "private"}, {"id": -5, "type": "supergroup"}


def message(chat: dict[str, Any] = PRIVATE, **fields: Any) -> dict[str, Any]:
    return {"update_id": 1, "message": {"message_id": 3, "date": 1, "chat": chat, "from": USER, **fields}}


def mention(text: str, name: str = "@ning_bot") -> dict[str, Any]:
    at = len(text[: text.index(name)].encode("utf-16-le")) // 2
    return {"text": text, "entities": [{"type": "mention", "offset": at, "length": len(name)}]}


def command(text: str) -> dict[str, Any]:
    return {"text": text, "entities": [{"type": "bot_command", "offset": 0, "length": len(text.split(" ")[0])}]}


def test_a_private_message() -> None:
    """Text as typed; the id is unique among chats; where to answer is kept."""
    found = read_update(message(text=" 会议? "), ME)
    assert found == Message("telegram", "7:3", "7", "7", " 会议? ", 1.0, address={"message": "3"})


@pytest.mark.parametrize("kind", ["photo", "voice", "document", "sticker", "location", "video_note", "poll"])
def test_media_is_unsupported(kind: str) -> None:
    """Pictures, voice and files are kept as what can't be read."""
    found = read_update(message(**{kind: {}}), ME)
    assert isinstance(found, Message)
    assert (found.kind, found.text) == ("unsupported", "")


def test_an_album_is_one_message() -> None:
    """The pictures of an album have one id, so that one sentence answers them."""
    found = [read_update({"message": {**message(photo=[])["message"], "message_id": n, "media_group_id": "g"}}, ME) for n in (3, 4)]
    assert {m.id for m in found if isinstance(m, Message)} == {"7:album:g"}


def test_a_forwarded_message_is_asked() -> None:
    """A question that somebody passes on is a question."""
    found = read_update(message(text="会议?", forward_origin={"type": "user", "sender_user": {"id": 8}}), ME)
    assert isinstance(found, Message)
    assert (found.user, found.text) == ("7", "会议?")


@pytest.mark.parametrize(
    "fields",
    [
        {"text": "会议?"},
        {"text": "@ning_bot 没有标记"},
        mention("@other_bot 会议?", "@other_bot"),
        command("/ask@other_bot 会议?"),
        command("/start"),
        {"text": "会议?", "reply_to_message": {"from": {"id": 8}}},
        {"photo": []},
        {"new_chat_members": [USER]},
    ],
)
def test_talk_of_a_group_is_not_ours(fields: dict[str, Any]) -> None:
    """In a group the bot hears only what is said to it."""
    assert read_update(message(GROUP, **fields), ME) is None


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        (mention("😀😀 @ning_bot 会议?"), "😀😀  会议?"),
        (mention("会议? @Ning_Bot", "@Ning_Bot"), "会议?"),
        (command("/ask 会议?"), "/ask 会议?"),
        (command("/help@ning_bot"), "/help@ning_bot"),
        ({"text": "那秘书长呢?", "reply_to_message": {"from": {"id": 99}}}, "那秘书长呢?"),
        ({"text": "宁问 会议?", "entities": [{"type": "text_mention", "offset": 0, "length": 2, "user": {"id": 99}}]}, "会议?"),
    ],
)
def test_what_is_said_to_the_bot_in_a_group(fields: dict[str, Any], text: str) -> None:
    """A mention, a reply or a command; the mention is taken out, wherever emoji stand before it."""
    found = read_update(message(GROUP, **fields), ME)
    assert isinstance(found, Message)
    assert (found.group, found.text, found.chat, found.user) == (True, text, "-5", "7")


@pytest.mark.parametrize(
    "fields", [{"from": {"id": 8, "is_bot": True}}, {"sender_chat": {"id": -5}}, {"from": None}, {"chat": {"id": -1, "type": "channel"}}]
)
def test_no_person_no_answer(fields: dict[str, Any]) -> None:
    """Bots, anonymous administrators and channels are not answered: two bots would talk for ever."""
    assert read_update(message(**{"text": "会议?", **fields}), ME) is None


def test_an_edit_is_one_notice() -> None:
    """However often a question is edited, the notice has one id; in a group an edit is nothing."""
    edit = {"edited_message": message(text="改")["message"]}
    found = read_update(edit, ME)
    assert isinstance(found, Message)
    assert (found.id, found.kind, found.text) == ("7:3:edited", "edited", "")
    assert read_update({"edited_message": message(GROUP, **mention("@ning_bot 改"))["message"]}, ME) is None


def test_what_may_be_taken_side_by_side() -> None:
    """Updates keep their order; what comes after a migration waits for it."""
    one, two, three = message(GROUP), {"callback_query": {}}, {"message": None}
    moved = message(GROUP, migrate_to_chat_id=-105)
    assert side_by_side([one, two, moved, three]) == [[one, two], [moved], [three]]
    assert side_by_side([one, two]) == [[one, two]]
    assert side_by_side([]) == []


def test_topics_and_migrations_and_buttons() -> None:
    """The topic of a forum is kept; a group that became a supergroup is told; a button has its message."""
    found = read_update(message(GROUP, **command("/ask x"), message_thread_id=12, is_topic_message=True), ME)
    assert isinstance(found, Message)
    assert found.address == {"message": "3", "thread": "12"}
    assert read_update(message(GROUP, migrate_to_chat_id=-105), ME) == Migration("-5", "-105")
    assert read_update(message({"id": -105, "type": "supergroup"}, migrate_from_chat_id=-5), ME) == Migration("-5", "-105")
    query = {"id": "q", "from": USER, "data": "o:1", "message": message()["message"]}
    assert read_update({"callback_query": query}, ME) == Press("q", "o:1", "7", "7", 3, False)
    assert read_update({"callback_query": {**query, "message": None}}, ME) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("private"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "chat", "from", "type", "text"]), inner, max_size=5),
    max_leaves=20,
)


@given(kind=st.sampled_from(["message", "edited_message", "callback_query", "inline_query", "other"]), body=JSON)
def test_whatever_comes_nothing_breaks(kind: str, body: Any) -> None:
    """Any JSON is an update that is understood or nothing."""
    found = read_update({"update_id": 1, kind: body}, ME)
    assert found is None or isinstance(found, Message | Press | Migration)
