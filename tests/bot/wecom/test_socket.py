"""The AI bot by long connection: the same answers, over a line that breaks in every way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from bot import texts
from bot.errors import StoreError
from bot.store import Store
from bot.wecom.connection import Connection, Line
from bot.wecom.run import Ways
from tests.stand_ins.assistant import ScriptedAssistant, make_answer
from tests.stand_ins.wecom_callbacks import Shown

Open = Callable[..., Any]
CITATION = make_answer("问").citations[0]
WHOLE = f"问:每月2次—3次。【1】\n\n**【1】{CITATION.label}**\n> {CITATION.quote}"


async def until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.01)


async def finished(*shown: Shown, seconds: float = 15.0) -> None:
    await until(lambda: all(one.finished for one in shown), seconds)


def patient(**seconds: float) -> Callable[[Ways], None]:
    """Another patience with the line."""

    def prepare(ways: Ways) -> None:
        connection = ways.socket.connection  # type: ignore[union-attr]
        line = connection._line
        values = {name: seconds.get(name, getattr(line, name)) for name in Line.__slots__}
        connection._line = Line(**{"first_pause": 0.05, **values, **seconds})  # type: ignore[arg-type]

    return prepare


async def test_a_question_is_answered(sqlite_store: Store, scene: Open) -> None:
    """At once a sign with the id for ratings; then the same answer as by callback, on the same stream."""
    async with scene(sqlite_store, ScriptedAssistant(seconds=0.2), connect=True) as s:
        shown = await s.gateway.say("zhangsan", "问")
        await finished(shown)
        assert shown.contents == [texts.WECOM_WAITING, WHOLE]
        (entry,) = await s.settled(1)
        assert (entry.channel, shown.feedback) == ("wecom-socket", f"ningwen-{entry.turn}")
        assert s.complaints() == []


async def test_it_grows(sqlite_store: Store, scene: Open) -> None:
    """Frames carry the verified text so far, whole each time."""
    assistant = ScriptedAssistant(seconds=1.1, grows=["第一句。[1]", "第一句。[1]第二句。[1]"])
    async with scene(sqlite_store, assistant, connect=True) as s:
        shown = await s.gateway.say("u", "问")
        await finished(shown)
        assert shown.contents == [texts.WECOM_WAITING, "第一句。【1】", "第一句。【1】第二句。【1】", WHOLE]


async def test_three_deliveries(sqlite_store: Store, scene: Open) -> None:
    """The same message three times: one answer."""
    async with scene(sqlite_store, ScriptedAssistant(seconds=0.2), connect=True) as s:
        shown = await s.gateway.say("u", "问", times=3)
        await finished(shown)
        await asyncio.sleep(0.3)
        assert shown.contents == [texts.WECOM_WAITING, WHOLE]
        assert len(s.audit()) == 1


async def test_a_slow_assistant(sqlite_store: Store, scene: Open) -> None:
    """Fifty people at once: each sees within a second that the question has arrived, and is answered once."""
    async with scene(sqlite_store, ScriptedAssistant(seconds=1.5), connect=True, workers=16) as s:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        shown = [await s.gateway.say(f"u{number}", f"问{number}") for number in range(50)]
        await until(lambda: all(one.contents for one in shown))
        assert loop.time() - begun < 1.5
        await finished(*shown, seconds=30)
        assert all(len(one.contents) == 2 and one.text.startswith(f"{one.question}:") for one in shown)
        assert s.complaints() == []


async def test_in_a_group(sqlite_store: Store, scene: Open) -> None:
    """The mention is cut; a group that is not on the list gets nothing at all."""
    async with scene(sqlite_store, connect=True) as s:
        shown = await s.gateway.say("u", "@宁问 问", chat="G1")
        silent = await s.gateway.say("u", "@宁问 问", chat="G2")
        await finished(shown)
        await asyncio.sleep(0.2)
        assert (shown.text, silent.contents) == (WHOLE, [])


async def test_events(sqlite_store: Store, scene: Open) -> None:
    """A greeting on opening the chat, ratings, and buttons where the setting asks for them."""
    async with scene(sqlite_store, connect=True, wecom_bot_card=True) as s:
        await s.gateway.event("u", "enter_chat")
        await until(lambda: bool(s.gateway.welcomes))
        assert s.gateway.welcomes == [texts.BOT_START]
        shown = await s.gateway.say("u", "问")
        await finished(shown)
        (entry,) = await s.settled(1)
        await s.gateway.rate(shown, 2, content="不对", reasons=(3,))
        await until(lambda: s.audit()[0].verdict == "down")
        assert s.audit()[0].reason == "内容有错误；不对"
        task = shown.card["task_id"]
        await s.gateway.event("u", "template_card_event", card_type="button_interaction", event_key="up", task_id=task)
        await until(lambda: bool(s.gateway.updates))
        assert s.gateway.updates[0]["main_title"]["title"] == texts.WECOM_RATED
        assert s.audit()[0].verdict == "up"
        assert entry.turn == s.audit()[0].turn
        assert s.complaints() == []


@pytest.mark.parametrize("end", ["abort", "close"])
async def test_the_line_breaks(sqlite_store: Store, scene: Open, end: str) -> None:
    """Broken off or closed properly while the model thinks: connected again, answered once."""
    async with scene(sqlite_store, ScriptedAssistant(seconds=0.5), connect=True, prepare=patient()) as s:
        shown = await s.gateway.say("u", "问")
        await until(lambda: bool(shown.contents))
        if end == "abort":
            s.gateway.abort()
        else:
            await s.gateway.close()
        await s.gateway.connected()
        await finished(shown)
        assert shown.contents == [texts.WECOM_WAITING, WHOLE]
        assert (len(s.gateway.subscriptions), s.gateway.pushed) == (2, [])


async def test_another_connection_knows_no_old_message(sqlite_store: Store, scene: Open) -> None:
    """Where the id of a message died with its connection, the answer comes as a message of its own."""
    async with scene(sqlite_store, ScriptedAssistant(seconds=0.5), connect=True, prepare=patient()) as s:
        s.gateway.forgets = True
        shown = await s.gateway.say("u", "问")
        group = await s.gateway.say("u", "@宁问 问", chat="G1")
        await until(lambda: bool(shown.contents and group.contents))
        s.gateway.abort()
        await until(lambda: len(s.gateway.pushed) == 2)
        assert {(push.chat, push.chat_type, push.text) for push in s.gateway.pushed} == {("u", 1, WHOLE), ("G1", 2, WHOLE)}
        await s.settled(2)


async def test_the_window_has_closed(sqlite_store: Store, scene: Open) -> None:
    """An answer later than the stream's window comes as a message of its own."""

    def shorten(ways: Ways) -> None:
        ways.socket._window = 0.5  # type: ignore[union-attr]

    async with scene(sqlite_store, ScriptedAssistant(seconds=1.0), connect=True, prepare=shorten) as s:
        shown = await s.gateway.say("u", "问")
        await until(lambda: bool(s.gateway.pushed))
        assert (s.gateway.pushed[0].text, shown.contents) == (WHOLE, [texts.WECOM_WAITING])


async def test_half_open(sqlite_store: Store, scene: Open) -> None:
    """A line that takes everything and answers nothing is given up after two missed heartbeats; the answer arrives over the next."""
    prepare = patient(heartbeat=0.2, acknowledged_within=0.3, longest_pause=0.1)
    async with scene(sqlite_store, ScriptedAssistant(seconds=0.6), connect=True, prepare=prepare) as s:
        shown = await s.gateway.say("u", "问")
        await until(lambda: bool(shown.contents))
        s.gateway.deaf = True
        s.gateway.arrived.clear()
        await until(lambda: s.ways.socket.connection.state == "down", 5)
        s.gateway.deaf = False
        await finished(shown)
        assert shown.contents == [texts.WECOM_WAITING, WHOLE]


async def test_missed_pongs(sqlite_store: Store, scene: Open) -> None:
    """One unanswered heartbeat is borne, two are not."""
    async with scene(sqlite_store, connect=True, prepare=patient(heartbeat=0.2, longest_pause=0.1)) as s:
        await until(lambda: s.gateway.pings >= 2)
        assert len(s.gateway.subscriptions) == 1
        s.gateway.answers_pings = False
        await until(lambda: len(s.gateway.subscriptions) == 2, 5)
        s.gateway.answers_pings = True
        pings = s.gateway.pings
        await until(lambda: s.gateway.pings >= pings + 3)
        assert len(s.gateway.subscriptions) == 2


async def test_displaced(sqlite_store: Store, scene: Open) -> None:
    """Another connection of the same bot: this one stays away for good, and says so to whoever looks."""
    async with scene(sqlite_store, connect=True, prepare=patient()) as s:
        other = Connection(s.ways.socket.connection._line, ignore)
        task = asyncio.create_task(other.run())
        await until(lambda: s.ways.socket.connection.state == "displaced")
        await asyncio.sleep(0.5)
        assert (len(s.gateway.subscriptions), other.state) == (2, "up")
        task.cancel()


async def ignore(*_: object) -> None:
    """Take a frame and do nothing."""


async def test_a_wrong_secret(sqlite_store: Store, scene: Open) -> None:
    """Subscribing is limited: a secret that is wrong is not tried again at once."""
    async with scene(sqlite_store, wecom_bot_secret="wrong", prepare=patient(refused_pause=0.5)) as s:
        task = asyncio.create_task(s.ways.socket.run(s.service))
        await until(lambda: s.gateway.refusals == 1)
        await asyncio.sleep(0.3)
        assert s.gateway.refusals == 1
        s.gateway.secret = "wrong"
        await s.gateway.connected(3)
        task.cancel()


async def test_backoff(unused_tcp_port: int) -> None:
    """Nobody there: ever longer pauses, up to the longest."""
    from pydantic import SecretStr

    line = Line(f"ws://127.0.0.1:{unused_tcp_port}", "b", SecretStr("s"), first_pause=1.0, longest_pause=60.0)
    connection = Connection(line, ignore)
    pauses = [connection._backoff(failures) for failures in (1, 2, 3, 4, 10, 500)]
    assert all(
        low <= pause <= high for pause, (low, high) in zip(pauses, [(0.5, 1), (1, 2), (2, 4), (4, 8), (30, 60), (30, 60)], strict=True)
    )


async def test_too_many_messages(sqlite_store: Store, scene: Open) -> None:
    """A chat's thirty of a minute: answers wait rather than vanish."""
    async with scene(sqlite_store, connect=True) as s:
        for number in range(16):
            await s.gateway.say("u", f"问{number}")
        await s.settled(14)
        await asyncio.sleep(0.5)
        assert sqlite_store.waiting() == 2
        assert len(s.gateway.times["u"]) == 30


async def test_errors_of_the_platform(sqlite_store: Store, scene: Open) -> None:
    """A code that passes is tried again, one that doesn't ends the turn."""
    async with scene(sqlite_store, ScriptedAssistant(seconds=0.2), connect=True) as s:
        shown = await s.gateway.say("u", "问")
        await until(lambda: bool(shown.contents))
        s.gateway.faults.append(40008)
        (entry,) = await s.settled(1)
        assert (entry.status, shown.finished) == ("undelivered", False)


async def test_frames_that_are_none(sqlite_store: Store, scene: Open) -> None:
    """Garbage on the line is passed over, and the next question answered."""
    async with scene(sqlite_store, connect=True) as s:
        for frame in ("", "x", "[]", "{}", '{"headers": 1}', '{"cmd":"aibot_msg_callback","headers":{"req_id":"r"},"body":[]}'):
            await s.gateway.current.send(frame)
        for body in ({}, {"msgid": 1}, {"msgid": "m", "from": {"userid": "u"}, "msgtype": "text", "text": {"content": 5}}):
            await s.gateway._send({"cmd": "aibot_msg_callback", "headers": {"req_id": "r2"}, "body": body})
        shown = await s.gateway.say("u", "问")
        await finished(shown)
        assert shown.text == WHOLE


async def test_a_database_that_takes_nothing(sqlite_store: Store, scene: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no second delivery here: what can't be kept is said at once."""
    async with scene(sqlite_store, connect=True) as s:

        def fail(*_: object, **__: object) -> None:
            raise StoreError(texts.STORE_FAILED)

        monkeypatch.setattr(sqlite_store, "keep", fail)
        shown = await s.gateway.say("u", "问")
        await finished(shown)
        assert shown.text == texts.STORE_FAILED
