"""The emulator itself: what it accepts, what it refuses, and with which words."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.stand_ins.telegram import TOKEN, BotApi, Fault
from tests.stand_ins.telegram_text import BadText, Entity, read_text


@pytest.fixture
def api() -> Iterator[BotApi]:
    with BotApi() as emulator:
        yield emulator


def call(api: BotApi, method: str, *, token: str = TOKEN, **parameters: object) -> httpx.Response:
    return httpx.post(f"{api.address}/bot{token}/{method}", json=parameters, timeout=10)


def test_token_method_and_chat_are_checked(api: BotApi) -> None:
    """A wrong token is 401, an unknown method 404, an unknown chat 400."""
    assert call(api, "getMe").json()["result"]["username"] == "ning_bot"
    assert call(api, "getMe", token="1:x").status_code == 401
    assert call(api, "sendDice", chat_id=7).status_code == 404
    assert "chat not found" in call(api, "sendMessage", chat_id=7, text="x").json()["description"]


def test_updates_stay_until_they_are_acknowledged(api: BotApi) -> None:
    """An update comes again until a later offset is asked for; ids grow; a kind that was not asked for never comes."""
    api.say(7, "一")
    first = call(api, "getUpdates", allowed_updates=["message"]).json()["result"]
    api.say(7, "二")
    api.push({"inline_query": {}})
    again = call(api, "getUpdates").json()["result"]
    assert [update["message"]["text"] for update in again] == ["一", "二"]
    assert again[0]["update_id"] == first[0]["update_id"] < again[1]["update_id"]
    rest = call(api, "getUpdates", offset=again[0]["update_id"] + 1).json()["result"]
    assert [update["message"]["text"] for update in rest] == ["二"]
    assert api.pending() == 1


def test_a_long_poll_waits(api: BotApi) -> None:
    """With a timeout the answer comes when there is an update."""
    threading.Timer(0.3, lambda: api.say(7, "x")).start()
    begin = time.monotonic()
    assert len(call(api, "getUpdates", timeout=5).json()["result"]) == 1
    assert 0.2 < time.monotonic() - begin < 3


def test_two_pollers_are_a_conflict(api: BotApi) -> None:
    """The poller that was there first gets 409; polling beside a webhook is 409 too."""
    found: list[httpx.Response] = []
    thread = threading.Thread(target=lambda: found.append(call(api, "getUpdates", timeout=5)))
    thread.start()
    time.sleep(0.3)
    assert call(api, "getUpdates", timeout=0).status_code == 200
    thread.join()
    assert found[0].status_code == 409
    call(api, "setWebhook", url="http://127.0.0.1:9/x")
    assert call(api, "getUpdates").status_code == 409


@pytest.mark.parametrize(
    ("text", "mode", "words"),
    [
        ("", None, "text is empty"),
        (" \n", "HTML", "text is empty"),
        ("字" * 4097, None, "too long"),
        ("😀" * 2049, None, "too long"),
        ("a < b", "HTML", "can't parse entities"),
        ("<b>x", "HTML", "can't parse entities"),
        ("<b><i>x</b></i>", "HTML", "can't parse entities"),
        ("<div>x</div>", "HTML", "can't parse entities"),
        ("x", "MarkdownV3", "parse_mode"),
    ],
)
def test_bad_text_is_refused(api: BotApi, text: str, mode: str | None, words: str) -> None:
    """400 for text that is empty, too long in UTF-16 units or marked up wrongly."""
    api.say(7, "x")
    done = call(api, "sendMessage", chat_id=7, text=text, **({"parse_mode": mode} if mode else {}))
    assert done.status_code == 400
    assert words in done.json()["description"]
    assert api.sent == []


def test_markup_becomes_entities() -> None:
    """Offsets are in UTF-16 units; references are read; the limit holds after reading."""
    text, entities = read_text("😀<b>粗&lt;体</b> <blockquote expandable>引</blockquote> &amp;nbsp;", "HTML")
    assert text == "😀粗<体 引 &nbsp;"
    assert entities == (Entity("b", 2, 3), Entity("expandable_blockquote", 6, 1))
    assert len(read_text("<b>" + "&lt;" * 4096 + "</b>", "HTML")[0]) == 4096
    with pytest.raises(BadText):
        read_text("x</b>", "HTML")


def test_edits_buttons_and_drafts(api: BotApi) -> None:
    """An edit changes the message, an edit to the same is refused; a callback is answered once; drafts are for private chats."""
    api.say(7, "x")
    api.say(-7, "x")
    keyboard = {"inline_keyboard": [[{"text": "原文", "callback_data": "o:1"}]]}
    number = call(api, "sendMessage", chat_id=7, text="一", reply_markup=keyboard).json()["result"]["message_id"]
    assert call(api, "editMessageText", chat_id=7, message_id=number, text="二").status_code == 200
    assert "not modified" in call(api, "editMessageText", chat_id=7, message_id=number, text="二").json()["description"]
    assert "not found" in call(api, "editMessageText", chat_id=7, message_id=999, text="二").json()["description"]
    assert api.sent[0].text == "二"
    query = api.press(api.sent[0], "o:1")
    assert call(api, "answerCallbackQuery", callback_query_id=query, text="好").status_code == 200
    assert call(api, "answerCallbackQuery", callback_query_id=query).status_code == 400
    assert api.toasts == [(query, "好")]
    assert call(api, "sendMessageDraft", chat_id=7, draft_id=1, text="草稿").status_code == 200
    assert call(api, "sendMessageDraft", chat_id=7, draft_id=0, text="草稿").status_code == 400
    assert call(api, "sendMessageDraft", chat_id=-7, draft_id=1, text="草稿").status_code == 400
    long = {"inline_keyboard": [[{"text": "x", "callback_data": "字" * 22}]]}
    assert call(api, "sendMessage", chat_id=7, text="一", reply_markup=long).status_code == 400


def test_faults(api: BotApi) -> None:
    """429 with retry_after, 5xx, a blocked bot, a migrated group, a connection cut before or after the message is there."""
    for chat in (7, 8, -9):
        api.say(chat, "x")
    api.blocked.add(8)
    api.migrated[-9] = -109
    assert call(api, "sendMessage", chat_id=8, text="x").status_code == 403
    assert call(api, "sendMessage", chat_id=-9, text="x").json()["parameters"] == {"migrate_to_chat_id": -109}
    api.faults = [
        Fault("sendMessage", 429, "Too Many Requests: retry after 3", retry_after=3),
        Fault("sendMessage", cut="before"),
        Fault("sendMessage", cut="after"),
    ]
    assert call(api, "sendMessage", chat_id=7, text="一").json()["parameters"] == {"retry_after": 3}
    for text in ("二", "三"):
        with pytest.raises(httpx.HTTPError):
            call(api, "sendMessage", chat_id=7, text=text)
    assert [message.text for message in api.sent] == ["三"]
    api.per_chat_rate = 1.0
    assert call(api, "sendMessage", chat_id=7, text="四").status_code == 429
