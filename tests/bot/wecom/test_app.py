"""The self-built app: acknowledged at once, answered once, whole, and in pieces that the platform takes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from bot import texts
from bot.errors import DeliveryError, StoreError
from bot.store import Store
from bot.wecom.run import Ways
from tests.stand_ins.assistant import ScriptedAssistant, make_answer

Open = Callable[..., Any]
FOOTER = "【1】《工作规则》第二十一条"


async def test_a_question_is_answered(sqlite_store: Store, scene: Open) -> None:
    """200 and nothing; then the text with the place under it, then the card."""
    async with scene(sqlite_store) as s:
        (attempt,) = await s.app.say("zhangsan", "常务会议多久开一次?")
        assert (attempt.status, attempt.body) == (200, b"")
        (entry,) = await s.settled(1)
        first, card = s.interface.to("zhangsan")
        assert (first.kind, first.text) == ("text", f"常务会议多久开一次?:每月2次—3次。【1】\n\n{FOOTER}")
        assert [button["key"] for button in card.card["button_list"]] == ["original", "up", "down"]
        assert (entry.status, entry.channel, entry.locators) == ("answered", "wecom-app", ("work-rules#21",))
        assert s.complaints() == []


async def test_three_deliveries(sqlite_store: Store, scene: Open) -> None:
    """The same message three times, before and after its answer and mixed with another: one answer each."""
    async with scene(sqlite_store, ScriptedAssistant(seconds=0.1)) as s:
        one, two = s.app.text("u", "问一"), s.app.text("u", "问二")
        for plain in (one, two, one, two):
            assert (await s.app.post(plain)).status == 200
        await s.settled(2)
        for plain in (two, one):
            assert (await s.app.post(plain)).status == 200
        await asyncio.sleep(0.3)
        assert [text.split(":")[0] for text in s.interface.texts("u")] == ["问一", "问二"]
        assert len(s.interface.sent) == 4


async def test_a_slow_assistant(sqlite_store: Store, scene: Open) -> None:
    """Fifty people at once and a model that takes its time: each is acknowledged at the first delivery and answered once."""
    async with scene(sqlite_store, ScriptedAssistant(seconds=1.0), workers=16) as s:
        attempts = await asyncio.gather(*[s.app.say(f"u{number}", f"问{number}") for number in range(50)])
        assert all(len(tried) == 1 and tried[0].status == 200 for tried in attempts)
        await s.settled(50, 40)
        assert [s.interface.texts(f"u{number}")[0].split(":")[0] for number in range(50)] == [f"问{number}" for number in range(50)]
        assert len(s.interface.sent) == 100
        assert s.complaints() == []


async def test_events(sqlite_store: Store, scene: Open) -> None:
    """Being given the app or opening it brings one greeting, whatever is repeated; other events nothing."""
    async with scene(sqlite_store) as s:
        for name in ("subscribe", "enter_agent", "enter_agent", "LOCATION", "unsubscribe"):
            plain = s.app.event("u", name)
            for _ in range(2):
                attempt = await s.app.post(plain)
                assert (attempt.status, attempt.body) == (200, b"")
        await s.settled(1)
        await asyncio.sleep(0.2)
        assert s.interface.texts("u") == [texts.BOT_START]


async def test_what_is_no_text(sqlite_store: Store, scene: Open) -> None:
    """A picture gets a sentence that says what works."""
    async with scene(sqlite_store) as s:
        plain = s.app.text("u", "x").replace(b"<MsgType><![CDATA[text]]>", b"<MsgType><![CDATA[image]]>")
        assert (await s.app.post(plain)).status == 200
        await s.settled(1)
        assert s.interface.texts("u") == [texts.UNSUPPORTED]


async def test_a_stranger(sqlite_store: Store, scene: Open) -> None:
    """Who may not ask gets a code, and neither answer nor quote by a button."""
    async with scene(sqlite_store, allowed_users=("wecom:friend",)) as s:
        await s.app.say("friend", "问")
        await s.settled(1)
        await s.app.say("stranger", "问")
        await s.app.post(s.app.event("stranger", "enter_agent"))
        card = s.interface.to("friend")[-1].card
        for key in ("original", "up", "down", "reason:3"):
            attempt = await s.app.post(s.app.event("stranger", "template_card_event", key=key, TaskId=card["task_id"]))
            assert (attempt.status, attempt.body) == (200, b"")
        await s.settled(3)
        assert all("配对码" in text for text in s.interface.texts("stranger"))
        assert {entry.verdict for entry in s.audit()} == {""}


async def test_a_long_answer(sqlite_store: Store, scene: Open) -> None:
    """Over 2 048 bytes: split at sentence ends, nothing lost, the footer whole on the last part and nowhere else."""
    sentence = "各部门要按照职责分工抓好落实，重要情况及时报告自治区人民政府。"
    long = "".join(f"第{number}句，{sentence}" for number in range(60)) + "[1]"
    async with scene(sqlite_store, ScriptedAssistant(lambda question: make_answer(question, text=long))) as s:
        await s.app.say("u", "问")
        await s.settled(1)
        parts = s.interface.texts("u")
        assert len(parts) > 2
        assert all(len(part.encode()) <= 2048 for part in parts)
        assert all(part.endswith("。") for part in parts[:-1])
        assert "".join(parts) == long.replace("[1]", "【1】") + f"\n\n{FOOTER}"
        assert [FOOTER in part for part in parts] == [False] * (len(parts) - 1) + [True]
        assert s.complaints() == []


async def test_markdown(sqlite_store: Store, scene: Open) -> None:
    """As a setting: what the documents say shows as it is, the place under it as a quote."""
    script = lambda question: make_answer(question, text="2*3_4 <b>。[1]")  # noqa: E731
    async with scene(sqlite_store, ScriptedAssistant(script), wecom_markdown=True) as s:
        await s.app.say("u", "问")
        await s.settled(1)
        message = s.interface.to("u")[0]
        assert (message.kind, message.text) == ("markdown", f"2\\*3\\_4 \\<b>。【1】\n\n> {FOOTER}")


async def test_buttons(sqlite_store: Store, scene: Open) -> None:
    """原文 brings the cited words; 👍 and 👎 are kept, 👎 asks once for a reason, and the button says so."""
    async with scene(sqlite_store) as s:
        await s.app.say("u", "问")
        (entry,) = await s.settled(1)
        task = s.interface.to("u")[-1].card["task_id"]

        async def press(key: str, task: str) -> bytes:
            return (await s.app.post(s.app.event("u", "template_card_event", key=key, TaskId=task, CardType="button_interaction"))).body

        assert await press("original", task) == b""
        await until(lambda: len(s.interface.sent) == 3)
        citation = make_answer("问").citations[0]
        assert s.interface.texts("u")[-1] == f"【1】{citation.label}\n{citation.quote}"
        sealed = await press("down", task)
        assert b"<ReplaceName>" in s.app.open_reply(sealed)
        await until(lambda: len(s.interface.sent) == 4)
        reasons = s.interface.to("u")[-1].card
        assert [button["text"] for button in reasons["button_list"]] == list(texts.REASONS)
        assert b"update_button" in s.app.open_reply(await press("reason:3", reasons["task_id"]))
        (entry,) = s.audit()
        assert (entry.verdict, entry.reason) == ("down", texts.REASONS[3])
        await press("up", task)
        assert s.audit()[0].verdict == "up"
        assert await press("up", "ningwen-999-x") == b""
        assert await press("unknown", task) == b""
        assert s.complaints() == []


async def test_a_button_of_anothers_answer(sqlite_store: Store, scene: Open) -> None:
    """A card's number that was given to somebody else shows nothing and keeps nothing."""
    async with scene(sqlite_store) as s:
        await s.app.say("u", "问")
        await s.settled(1)
        task = s.interface.to("u")[-1].card["task_id"]
        for key in ("original", "up"):
            assert (await s.app.post(s.app.event("other", "template_card_event", key=key, TaskId=task))).body == b""
        await asyncio.sleep(0.1)
        assert s.interface.to("other") == []
        assert s.audit()[0].verdict == ""


async def test_tokens_run_out(sqlite_store: Store, scene: Open) -> None:
    """One token for all; an expired one is fetched anew, once, and the message goes out."""
    async with scene(sqlite_store) as s:
        await asyncio.gather(*[s.app.say(f"u{number}", "问") for number in range(5)])
        await s.settled(5)
        assert s.interface.fetches == 1
        s.interface.expire_tokens()
        await asyncio.gather(*[s.app.say(f"v{number}", "问") for number in range(5)])
        await s.settled(10)
        assert s.interface.fetches == 2
        assert len(s.interface.sent) == 20


async def test_what_passes_is_tried_again(sqlite_store: Store, scene: Open) -> None:
    """Busy and a page that is no JSON: the message goes out later, once."""
    async with scene(sqlite_store, prepare=hasten) as s:
        s.interface.faults.extend([-1, 45033, "html"])
        await s.app.say("u", "问")
        await s.settled(1)
        assert len(s.interface.texts("u")) == 1


async def test_too_many_calls(sqlite_store: Store, scene: Open) -> None:
    """45009: nothing is lost; the answer waits a minute and is still known as unanswered."""
    async with scene(sqlite_store) as s:
        s.interface.faults.append(45009)
        await s.app.say("u", "问")
        await until(lambda: s.interface.calls == 1)
        await asyncio.sleep(0.3)
        assert (s.audit(), sqlite_store.waiting(), s.interface.sent) == ([], 1, [])


async def test_what_does_not_pass_ends(sqlite_store: Store, scene: Open) -> None:
    """A recipient that there is not: the turn ends as undelivered, and the next one is answered."""
    async with scene(sqlite_store) as s:
        s.interface.faults.append(81013)
        await s.app.say("u", "问一")
        await s.settled(1)
        await s.app.say("u", "问二")
        await s.settled(2)
        assert [entry.status for entry in s.audit()] == ["undelivered", "answered"]
        assert len(s.interface.texts("u")) == 1


async def test_a_refused_card_is_no_refused_answer(sqlite_store: Store, scene: Open) -> None:
    """Where cards are not taken, the answer counts all the same."""
    async with scene(sqlite_store) as s:
        s.interface.faults.extend([0, 40058])
        await s.app.say("u", "问")
        (entry,) = await s.settled(1)
        assert (entry.status, len(s.interface.sent)) == ("answered", 1)


async def test_parts_are_not_repeated(sqlite_store: Store, scene: Open) -> None:
    """An attempt that failed in the middle goes on where it ended."""
    long = "。".join(f"第{number}句话说的是各部门要抓好落实" for number in range(150)) + "。[1]"
    async with scene(sqlite_store, ScriptedAssistant(lambda question: make_answer(question, text=long)), prepare=hasten) as s:
        s.interface.faults.extend([0, 0, -1, 0, -1])
        await s.app.say("u", "问")
        await s.settled(1)
        parts = s.interface.texts("u")
        assert "".join(parts) == long.replace("[1]", "【1】") + f"\n\n{FOOTER}"
        assert len(parts) == len(set(parts))


async def test_a_person_s_pace(sqlite_store: Store, scene: Open) -> None:
    """The thirty-first message of a minute, which the platform would drop without a word, waits."""
    async with scene(sqlite_store, wecom_buttons=False, workers=1) as s:
        for number in range(32):
            await s.app.say("u", f"问{number}")
        await s.settled(30)
        await asyncio.sleep(0.5)
        assert (len(s.interface.sent), s.interface.dropped, sqlite_store.waiting()) == (30, [], 2)


async def test_a_database_that_takes_nothing(sqlite_store: Store, scene: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """What can't be kept is not acknowledged in silence: who may ask reads so at once, a stranger makes the platform come again."""
    async with scene(sqlite_store, allowed_users=("wecom:u",)) as s:

        def fail(*_: object, **__: object) -> None:
            raise StoreError(texts.STORE_FAILED)

        monkeypatch.setattr(sqlite_store, "keep", fail)
        attempt = await s.app.post(s.app.text("u", "问"))
        assert texts.STORE_FAILED.encode() in s.app.open_reply(attempt.body)
        assert [a.status for a in await s.app.say("stranger", "问")] == [503, 503, 503]
        monkeypatch.undo()
        await asyncio.sleep(0.1)
        assert s.interface.sent == []


async def until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.01)


def hasten(ways: Ways) -> None:
    """Errors that pass do so in tenths of a second."""
    api = ways.app._api  # type: ignore[union-attr]
    send = api.send

    async def quick(body: Any, **named: Any) -> None:
        try:
            await send(body, **named)
        except DeliveryError as error:
            error.after = 0.05
            raise

    api.send = quick  # type: ignore[method-assign]
