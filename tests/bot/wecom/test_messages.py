"""What the platform says becomes a record, and whatever anybody else says is refused."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.records import Message
from bot.wecom.crypto import Refused
from bot.wecom.messages import (
    BOT,
    SOCKET,
    Displaced,
    Entered,
    Ignored,
    Pressed,
    Rated,
    Refreshed,
    cut_mention,
    parse_json,
    read_app,
    read_bot,
    read_envelope,
)  # fmt: skip
from tests.stand_ins.wecom_envelope import xml

NOW = 1_700_000_000.0
APP_TEXT = {"ToUserName": "ww1", "FromUserName": "zhangsan", "CreateTime": 1_699_999_990, "MsgType": "text", "Content": " 你好 ",
            "MsgId": 4561255354251345929, "AgentID": 218}  # fmt: skip


def bot(**more: Any) -> dict[str, Any]:
    return {"msgid": "CAIQ16HMjQYY/NGagIOAgAMgq4KM0AI=", "aibotid": "B", "chattype": "single", "from": {"userid": "zhangsan"}, **more}


def event(kind: str, **inner: Any) -> dict[str, Any]:
    return bot(msgtype="event", create_time=1_699_999_000, event={"eventtype": kind, kind: inner})


def test_a_text_of_the_app() -> None:
    """Who, where, when and what, under the platform's own id of the message."""
    assert read_app(xml(APP_TEXT)) == Message("wecom-app", "4561255354251345929", "zhangsan", "zhangsan", "你好", 1_699_999_990.0)


def test_a_text_with_markup() -> None:
    """What was typed is text, whatever it looks like."""
    said = read_app(xml({**APP_TEXT, "Content": "<b>&amp;]]></b> &x; \u202e"}))
    assert isinstance(said, Message)
    assert said.text == "<b>&amp;]]></b> &x; \u202e"


@pytest.mark.parametrize("kind", ["image", "voice", "video", "location", "link", "file"])
def test_no_text(kind: str) -> None:
    """A picture or a voice message is a message that can't be read."""
    said = read_app(xml({**APP_TEXT, "MsgType": kind}))
    assert isinstance(said, Message)
    assert (said.kind, said.text) == ("unsupported", "")


@pytest.mark.parametrize("kind", ["enter_agent", "subscribe"])
def test_entering_the_app(kind: str) -> None:
    """Opening the app or being given it; a repeated event has the same id."""
    fields = {"FromUserName": "u", "CreateTime": 5, "MsgType": "event", "Event": kind, "EventKey": ""}
    said = read_app(xml(fields))
    assert isinstance(said, Entered)
    assert said == read_app(xml(fields))
    assert said.id != read_app(xml({**fields, "CreateTime": 6})).id  # type: ignore[union-attr]


def test_a_button_of_the_app() -> None:
    """A button names its card; an entry of the menu has none."""
    fields = {"FromUserName": "u", "CreateTime": 5, "MsgType": "event", "Event": "template_card_event", "EventKey": "up", "TaskId": "t"}
    said = read_app(xml(fields))
    assert isinstance(said, Pressed)
    assert (said.key, said.task, said.user, said.group) == ("up", "t", "u", False)
    assert isinstance(read_app(xml({"FromUserName": "u", "CreateTime": 5, "MsgType": "event", "Event": "LOCATION"})), Ignored)


BOMB = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">
<!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">]><xml><Encrypt>&lol2;</Encrypt></xml>"""
OUTSIDE = b"""<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><xml><Encrypt>&e;</Encrypt></xml>"""


@pytest.mark.parametrize(
    "body",
    [b"", b"x", b"<xml>", BOMB, OUTSIDE, b"<xml></xml>", b'<?xml version="1.0" encoding="none"?><xml/>', b"\xff\xfe", b"<xml>" * 9000],
)
def test_xml_that_is_refused(body: bytes) -> None:
    """No entity, no document type, no missing field; neither around the ciphertext nor within."""
    with pytest.raises(Refused):
        read_envelope(body)
    with pytest.raises(Refused):
        read_app(body)


def test_a_text_of_the_bot() -> None:
    """A stream belongs to the message, the same for each delivery, another for each channel."""
    body = bot(msgtype="text", text={"content": "常务会议?"}, response_url="https://x/y")
    said = read_bot(body, BOT, NOW)
    assert isinstance(said, Message)
    assert (said.text, said.chat, said.user, said.sent, said.group) == ("常务会议?", "zhangsan", "zhangsan", NOW, False)
    assert said.address["response_url"] == "https://x/y"
    assert said.address["stream"] == read_bot(body, BOT, NOW + 9).address["stream"]  # type: ignore[union-attr]
    assert said.address["stream"] != read_bot(body, SOCKET, NOW).address["stream"]  # type: ignore[union-attr]
    framed = read_bot(body, SOCKET, NOW, request="REQ")
    assert isinstance(framed, Message)
    assert framed.address["request"] == "REQ"


@pytest.mark.parametrize(
    ("text", "name", "heard"),
    [
        ("@宁问 常务会议?", "", "常务会议?"),
        ("@宁问\u2005常务会议?", "", "常务会议?"),
        ("@办公室 助手 常务会议?", "办公室 助手", "常务会议?"),
        ("@宁问常务会议?", "宁问", "常务会议?"),
        ("  常务会议@宁问 ", "宁问", "常务会议@宁问"),
        ("@宁问", "宁问", ""),
    ],
)
def test_a_mention_is_cut(text: str, name: str, heard: str) -> None:
    """In a group the question stands behind the mention of the bot."""
    assert cut_mention(text, name) == heard
    said = read_bot(bot(msgtype="text", chattype="group", chatid="G", text={"content": text}), BOT, NOW, name=name)
    assert isinstance(said, Message)
    assert (said.text, said.chat, said.group) == (heard, "G", True)


def test_a_mention_in_a_single_chat_stays() -> None:
    """In a single chat nobody mentions the bot: 「@张三 …」 is part of the question."""
    said = read_bot(bot(msgtype="text", text={"content": "@张三 是谁"}), BOT, NOW)
    assert isinstance(said, Message)
    assert said.text == "@张三 是谁"


def test_voice_and_mixed_are_words_when_there_are_words() -> None:
    """A voice message comes with its transcript, a mixed one with its texts; a picture alone can't be read."""
    voice = read_bot(bot(msgtype="voice", voice={"content": "几天请假"}), BOT, NOW)
    items = [{"msgtype": "image", "image": {"url": "u"}}, {"msgtype": "text", "text": {"content": "这是什么"}}]
    mixed = read_bot(bot(msgtype="mixed", mixed={"msg_item": items}), BOT, NOW)
    picture = read_bot(bot(msgtype="image", image={"url": "u"}), BOT, NOW)
    alone = read_bot(bot(msgtype="mixed", mixed={"msg_item": items[:1]}), BOT, NOW)
    assert isinstance(voice, Message)
    assert isinstance(mixed, Message)
    assert isinstance(picture, Message)
    assert isinstance(alone, Message)
    assert (voice.text, mixed.text, voice.kind, mixed.kind) == ("几天请假", "这是什么", "text", "text")
    assert (picture.kind, alone.kind) == ("unsupported", "unsupported")


def test_events_of_the_bot() -> None:
    """Refresh, entering, buttons, rating, displacement; others want nothing."""
    assert read_bot(bot(msgtype="stream", stream={"id": "S"}), BOT, NOW) == Refreshed("S")
    assert isinstance(read_bot(event("enter_chat"), BOT, NOW), Entered)
    pressed = read_bot(event("template_card_event", card_type="button_interaction", event_key="up", task_id="T"), BOT, NOW)
    assert isinstance(pressed, Pressed)
    assert (pressed.key, pressed.task, pressed.chat) == ("up", "T", "zhangsan")
    rated = read_bot(event("feedback_event", id="ningwen-7", type=2, content="不对", inaccurate_reason_list=[2, 4, "x"]), BOT, NOW)
    assert isinstance(rated, Rated)
    assert (rated.answer, rated.verdict, rated.reasons, rated.words) == ("ningwen-7", "down", (2, 4), "不对")
    assert read_bot(event("feedback_event", id="x", type=9), BOT, NOW) == Ignored("feedback_event")
    assert read_bot({"msgtype": "event", "event": {"eventtype": "disconnected_event"}}, SOCKET, NOW) == Displaced()
    assert read_bot(event("something_new"), BOT, NOW) == Ignored("something_new")


def test_what_no_database_keeps_is_gone() -> None:
    """NUL and half a surrogate pair never get into a record."""
    said = read_bot(
        parse_json('{"msgid":"a\\u0000b","from":{"userid":"u\\ud800"},"msgtype":"text","text":{"content":"x\\u0000\\udfff"}}'), BOT, NOW
    )
    assert isinstance(said, Message)
    assert "\0" not in said.id + said.text + said.user
    (said.id + said.text + said.user).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"1",
        b"{",
        b"\xff",
        b"[" * 100_000,
        b'{"msgid": 1}',
        b'{"msgid":"m","from":7}',
        b"1" * 5000,
        b'{"msgid":"' + b"m" * 300 + b'"}',
    ],
)
def test_json_that_is_refused(body: bytes) -> None:
    """What is no message of the bot is refused."""
    with pytest.raises(Refused):
        read_bot(parse_json(body), BOT, NOW)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = ["msgid", "msgtype", "from", "chatid", "chattype", "text", "event", "stream", "mixed", "create_time", "response_url"]


@given(
    st.dictionaries(
        st.sampled_from(NAMES), values | st.sampled_from(["event", "text", "mixed", {"userid": "u"}, {"eventtype": "feedback_event"}])
    )
)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_object(body: dict[str, Any]) -> None:
    """Any JSON object is a record or is refused."""
    with contextlib.suppress(Refused):
        read_bot(json.loads(json.dumps(body)), BOT, NOW)


@given(
    st.dictionaries(
        st.sampled_from(["FromUserName", "CreateTime", "MsgType", "Event", "EventKey", "Content", "MsgId"]), st.text(max_size=12)
    )
)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_fields(fields: dict[str, str]) -> None:
    """Any flat XML is a record or is refused."""
    with contextlib.suppress(Refused):
        read_app(xml(dict(fields)))
