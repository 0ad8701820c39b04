"""The AI bot by callback: a stream that grows and ends, whatever the platform repeats or leaves out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bot import texts
from bot.errors import StoreError
from bot.store import Store
from bot.wecom.run import Ways
from rag.records import Answer
from tests.stand_ins.assistant import ScriptedAssistant, make_answer

Open = Callable[..., Any]
CITATION = make_answer("问").citations[0]
WHOLE = f"问:每月2次—3次。【1】\n\n**【1】{CITATION.label}**\n> {CITATION.quote}"


async def until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.01)


async def test_a_question_is_answered(sqlite_store: Store, scene: Open) -> None:
    """At once a sign that it has arrived, with the id under which the answer can be rated; then the answer with its words."""
    async with scene(sqlite_store, ScriptedAssistant(seconds=0.2)) as s:
        shown = await s.bot.say("zhangsan", "问")
        assert (shown.contents, shown.finished) == ([texts.WECOM_WAITING, WHOLE], True)
        (entry,) = await s.settled(1)
        assert shown.feedback == f"ningwen-{entry.turn}"
        assert (entry.status, entry.channel) == ("answered", "wecom-bot")
        assert s.interface.replies == {}
        assert s.complaints() == []


async def test_it_grows(sqlite_store: Store, scene: Open) -> None:
    """Refreshes show the verified text so far, whole each time."""
    assistant = ScriptedAssistant(seconds=1.1, grows=["第一句。[1]", "第一句。[1]第二句。[1]"])
    async with scene(sqlite_store, assistant) as s:
        shown = await s.bot.say("u", "问")
        assert shown.contents == [texts.WECOM_WAITING, "第一句。【1】", "第一句。【1】第二句。【1】", WHOLE]


async def test_three_deliveries(sqlite_store: Store, scene: Open) -> None:
    """The same message three times, before its answer and after it: one stream, one answer, one id."""
    async with scene(sqlite_store, ScriptedAssistant(seconds=0.2)) as s:
        shown = await s.bot.say("u", "问", times=3)
        assert shown.text == WHOLE
        body = {"msgid": "M", "aibotid": "B", "chattype": "single", "from": {"userid": "u"}, "msgtype": "text", "text": {"content": "问"}}
        first = await s.bot.post(body)
        await s.settled(2)
        later = [await s.bot.post(body) for _ in range(2)]
        assert [reply["stream"]["id"] for reply in later] == [first["stream"]["id"]] * 2
        assert [(reply["stream"]["finish"], reply["stream"]["content"]) for reply in later] == [(True, WHOLE)] * 2
        assert len(s.audit()) == 2


async def test_a_slow_assistant(sqlite_store: Store, scene: Open) -> None:
    """Fifty people at once and a model that takes its time: each is answered once."""
    async with scene(sqlite_store, ScriptedAssistant(seconds=1.0), workers=16) as s:
        s.bot.every = 0.5
        shown = await asyncio.gather(*[s.bot.say(f"u{number}", f"问{number}") for number in range(50)])
        assert all(one.finished and one.text.startswith(f"{one.question}:") for one in shown)
        assert len(await s.settled(50)) == 50
        assert s.complaints() == []


async def test_in_a_group(sqlite_store: Store, scene: Open) -> None:
    """The mention is cut; a group that is not on the list gets nothing at all."""
    async with scene(sqlite_store) as s:
        assert (await s.bot.say("u", "@宁问 问", chat="G1")).text == WHOLE
        body = s.bot.frame("u", "G2", msgtype="text", text={"content": "@宁问 问"})
        assert await s.bot.post(body) == {}
        assert len(s.audit()) == 1


async def test_the_window_has_closed(sqlite_store: Store, scene: Open) -> None:
    """An answer later than the stream's window goes out through the response_url, once."""

    def shorten(ways: Ways) -> None:
        ways.bot._window = 0.5  # type: ignore[union-attr]

    async with scene(sqlite_store, ScriptedAssistant(seconds=1.0), prepare=shorten) as s:
        s.bot.window = 0.4
        shown = await s.bot.say("u", "问")
        assert not shown.finished
        await s.settled(1)
        assert s.interface.replies == {shown.response_code: [WHOLE]}


async def test_nobody_asks_any_more(sqlite_store: Store, scene: Open) -> None:
    """An end that is not fetched in time goes out through the response_url; one that was fetched does not."""

    def hasten(ways: Ways) -> None:
        ways.bot._patience = 0.5  # type: ignore[union-attr]

    async with scene(sqlite_store, ScriptedAssistant(seconds=0.2), prepare=hasten) as s:
        fetched = await s.bot.say("v", "问")
        s.bot.polling = False
        shown = await s.bot.say("u", "问")
        await until(lambda: bool(s.interface.replies))
        await asyncio.sleep(0.6)
        assert s.interface.replies == {shown.response_code: [WHOLE]}
        assert fetched.finished


async def test_an_unseen_end_outlives_the_process(sqlite_store: Store, scene: Open) -> None:
    """What a process left unfetched is offered to refreshes by the next, and sent by it when none come."""

    def hasten(ways: Ways) -> None:
        ways.bot._patience = 0.5  # type: ignore[union-attr]

    async with scene(sqlite_store, prepare=hasten) as s:
        s.bot.polling = False
        one, two = await s.bot.say("u", "问"), await s.bot.say("v", "问")
        await s.settled(2)
    async with scene(sqlite_store, prepare=hasten) as s:
        s.interface.codes = {one.response_code: s.interface.clock(), two.response_code: s.interface.clock()}
        sqlite_store.put_value("unrelated", "x")
        await s.bot._refresh(one)
        assert one.finished
    # the addresses of the first platform are gone with it: the next process tries and says so in the log
    assert [progress.stream for progress in await s.ways.bot._streams.unseen()] == [two.stream]


async def test_a_response_url_of_somebody_else(sqlite_store: Store, scene: Open) -> None:
    """Only the platform's own addresses are ever called."""

    def shorten(ways: Ways) -> None:
        ways.bot._window = 0.0  # type: ignore[union-attr]

    async with scene(sqlite_store, prepare=shorten) as s:
        s.bot.polling, s.bot.base = False, "http://127.0.0.2:9"
        await s.bot.say("u", "问")
        (entry,) = await s.settled(1)
        assert entry.status == "undelivered"


async def test_ratings(sqlite_store: Store, scene: Open) -> None:
    """👍, 👎 with reasons and words, and their withdrawal are kept; a stranger's and an unknown answer's are not."""
    async with scene(sqlite_store) as s:
        shown = await s.bot.say("u", "问")
        await s.settled(1)
        assert await s.bot.rate(shown, 1) == {}
        assert s.audit()[0].verdict == "up"
        assert await s.bot.rate(shown, 2, content="少了一项", reasons=(2, 3)) == {}
        assert (s.audit()[0].verdict, s.audit()[0].reason) == ("down", "内容不完整；内容有错误；少了一项")
        assert await s.bot.rate(shown, 3) == {}
        assert s.audit()[0].verdict == "none"
        for user, answer in (("v", shown.feedback), ("u", "ningwen-77"), ("u", "other")):
            assert await s.bot.event(user, "feedback_event", id=answer, type=1) == {}
        assert s.audit()[0].verdict == "none"


async def test_opening_the_chat(sqlite_store: Store, scene: Open) -> None:
    """Who may ask is greeted in the reply; a stranger gets an empty one."""
    async with scene(sqlite_store, allowed_users=("wecom:u",)) as s:
        assert await s.bot.event("u", "enter_chat") == {"msgtype": "text", "text": {"content": texts.BOT_START}}
        assert await s.bot.event("v", "enter_chat") == {}
        assert await s.bot.event("u", "something_new", x=1) == {}


async def test_a_stranger(sqlite_store: Store, scene: Open) -> None:
    """Who may not ask gets a code and nothing else."""
    async with scene(sqlite_store, allowed_users=()) as s:
        shown = await s.bot.say("u", "问")
        assert "配对码" in shown.text
        assert "工作规则" not in shown.text
        assert await s.bot.rate(shown, 1) == {}


async def test_cards(sqlite_store: Store, scene: Open) -> None:
    """As a setting, the end comes with a card; a press changes the card: thanks, or once the reason."""
    async with scene(sqlite_store, wecom_bot_card=True) as s:
        shown = await s.bot.say("u", "问")
        (entry,) = await s.settled(1)
        assert [button["key"] for button in shown.card["button_list"]] == ["up", "down"]
        task = shown.card["task_id"]

        async def press(key: str, user: str = "u") -> Any:
            inner = {"card_type": "button_interaction", "event_key": key, "task_id": task}
            return await s.bot.event(user, "template_card_event", **inner)

        asked = await press("down")
        assert asked["response_type"] == "update_template_card"
        assert asked["template_card"]["task_id"] == task
        assert len(asked["template_card"]["button_list"]) == 4
        thanks = await press("reason:2")
        assert thanks["template_card"]["main_title"]["title"] == texts.WECOM_RATED
        (entry,) = s.audit()
        assert (entry.verdict, entry.reason) == ("down", texts.REASONS[2])
        assert await press("up", "v") == {}
        assert await press("reason:x") == {}
        assert s.complaints() == []


def wordy(count: int) -> Callable[[str], Answer]:
    """An answer with so many places of long words."""

    def script(question: str) -> Answer:
        answer = make_answer(question)
        cited = [replace(CITATION, n=n, label=f"《规则》第{n}条", quote="各部门要抓好落实。" * 60) for n in range(1, count + 1)]
        return replace(answer, answer="".join(f"第{n}项。[{n}]" for n in range(1, count + 1)), citations=tuple(cited))

    return script


@pytest.mark.parametrize("count", [10, 40])
async def test_many_words(sqlite_store: Store, scene: Open, count: int) -> None:
    """Every place stands in the message; their words do too as long as 20 480 bytes hold them all, else how to read them."""
    async with scene(sqlite_store, ScriptedAssistant(wordy(count))) as s:
        shown = await s.bot.say("u", "问")
        for number in range(1, count + 1):
            assert f"【{number}】" in shown.text
        assert all(f"第{n}条" in shown.text or "工作规则" in shown.text for n in range(1, count + 1))
        assert ("抓好落实" in shown.text) == (count == 10)
        assert shown.text.endswith(texts.WECOM_SHORTENED) == (count == 40)
        assert s.complaints() == []


async def test_a_database_that_takes_nothing(sqlite_store: Store, scene: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """What can't be kept is said at once, and the stream ends."""
    async with scene(sqlite_store, allowed_users=("wecom:u",)) as s:

        def fail(*_: object, **__: object) -> None:
            raise StoreError(texts.STORE_FAILED)

        monkeypatch.setattr(sqlite_store, "keep", fail)
        shown = await s.bot.say("u", "问")
        assert (shown.text, shown.finished) == (texts.STORE_FAILED, True)
        assert await s.bot.post(s.bot.frame("stranger", msgtype="text", text={"content": "问"})) is None
