"""The bot in one process with the test: the real channel, poller and buttons over the emulator, a scripted assistant."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bot import texts
from bot.access import Access
from bot.grants import list_pairings
from bot.ledger import Wanted, read_audit
from bot.pseudonyms import Pseudonyms
from bot.render import long_label
from bot.service import Service
from bot.settings import BotSettings
from bot.store import Store
from bot.telegram.api import make_bot
from bot.telegram.buttons import Buttons
from bot.telegram.channel import TelegramChannel
from bot.telegram.intake import Intake
from bot.telegram.polling import Poller
from bot.telegram.updates import Me
from rag.records import Answer, Citation, Locator
from tests.stand_ins.assistant import ScriptedAssistant, make_answer
from tests.stand_ins.telegram import TOKEN, BotApi, Fault

Run = Callable[..., Any]


@pytest.fixture
def run(api: BotApi, sqlite_store: Store, clean_environment: None) -> Run:
    """The whole bot for as long as its context lasts; everybody on telegram may ask unless the settings given say otherwise."""

    @asynccontextmanager
    async def start(assistant: ScriptedAssistant | None = None, **settings: Any) -> AsyncIterator[Service]:
        chosen = {
            "telegram_token": TOKEN, "telegram_base_url": api.address, "telegram_rate": 10000.0, "allowed_users": ("telegram:*",),
            "rate_per_minute": 1000, **settings,
        }  # fmt: skip
        values = BotSettings.load(**chosen)
        bot = make_bot(values)
        await bot.initialize()
        channel = TelegramChannel(bot, long_label)
        access = Access(sqlite_store, Pseudonyms(b"key"), users=values.allowed_users, groups=values.allowed_groups)
        service = Service(sqlite_store, assistant or ScriptedAssistant(), access, values, [channel])  # type: ignore[arg-type]
        intake = Intake(Me(bot.id, bot.username or ""), service, channel, Buttons(bot, service, channel))
        poller = Poller(bot, intake)
        polling = asyncio.create_task(poller.run())
        async with service:
            yield service
            poller.stop()
            await polling
            await intake.close()
        channel.close()
        await bot.shutdown()

    return start


async def wait(api: BotApi, chat: int, count: int = 1, seconds: float = 15.0) -> list[Any]:
    return await asyncio.to_thread(api.wait_for, chat, count, seconds)


async def until(api: BotApi, condition: Callable[[], object], seconds: float = 15.0) -> None:
    await asyncio.to_thread(api.wait, condition, seconds)


HOSTILE = [
    "<b>粗</b> & <script>alert(1)</script> &lt; &amp;",
    "*粗* _斜_ [链接](http://x) `码` \\ ~ | > #",
    "\u202eRTL\u202c \u200f\u200e \u2066隔离\u2069",
    "😀" * 1000,
    "@all /ask @ning_bot",
]


@pytest.mark.parametrize("text", HOSTILE)
async def test_user_text_is_shown_as_typed(api: BotApi, run: Run, text: str) -> None:
    """HTML, Markdown, RTL marks and emoji of a question come back as they were typed, with no entity made of them."""
    async with run(ScriptedAssistant(lambda question: make_answer(question, "refused", f"没有找到:{question}"))):
        api.say(7, text)
        (sent,) = await wait(api, 7)
    assert sent.text == f"没有找到:{text}"
    assert sent.entities == ()


async def test_four_thousand_emoji_are_all_there(api: BotApi, run: Run) -> None:
    """A text of 4 000 emoji comes in as many messages as it needs, cut between emoji, buttons under the last only."""
    async with run(ScriptedAssistant(lambda question: make_answer(question, text="😀" * 4000 + "[1]"))):
        api.say(7, "x")
        sent = await wait(api, 7, 2)
    assert "".join(message.text for message in sent).startswith("😀" * 4000)
    assert [bool(message.markup) for message in sent] == [False] * (len(sent) - 1) + [True]


async def test_a_refused_markup_falls_back_to_plain(api: BotApi, run: Run) -> None:
    """When the platform can't read the markup, the same text goes as plain text."""
    api.faults = [Fault("sendMessage", 400, "Bad Request: can't parse entities: whatever")]
    async with run(ScriptedAssistant(lambda question: make_answer(question, text="a < b[1]"))):
        api.say(7, "x")
        (sent,) = await wait(api, 7)
    assert sent.text.startswith("a < b【1】")
    modes = [parameters.get("parse_mode") for _, method, parameters in api.calls if method == "sendMessage"]
    assert modes == ["HTML", None]


async def test_a_growing_answer_is_a_draft_in_private(api: BotApi, run: Run) -> None:
    """Drafts of verified sentences, then the message."""
    async with run(ScriptedAssistant(seconds=0.3, grows=["第一句。[1]", "第一句。[1]第二句。[2]"])):
        api.say(7, "x")
        (sent,) = await wait(api, 7)
    assert next(text for _, _, text in api.drafts) == "第一句。【1】"
    assert all(number for _, number, _ in api.drafts)
    assert sent.edits == 0


async def test_a_growing_answer_is_edited_in_a_group(api: BotApi, run: Run) -> None:
    """One message under the question that grows and becomes the answer, with its buttons."""
    async with run(ScriptedAssistant(seconds=0.6, grows=["第一句。[1]", "第一句。[1]第二句。[2]"]), allowed_groups=("telegram:-5",)):
        asked = api.say(-5, "/ask x", user=7, entities=[{"type": "bot_command", "offset": 0, "length": 4}])
        await until(api, lambda: api.in_chat(-5) and api.in_chat(-5)[0].markup)
    (sent,) = api.in_chat(-5)
    assert sent.edits >= 1
    assert sent.reply_to == asked
    assert sent.text.startswith("x:每月2次")


async def test_without_drafts_there_are_edits(api: BotApi, run: Run) -> None:
    """A Bot API that has no drafts is found out once; from then on answers grow by edits."""
    api.faults = [Fault("sendMessageDraft", 404, "Not Found", times=99)]
    async with run(ScriptedAssistant(seconds=0.6, grows=["一。", "一。二。", "一。二。三。"])):
        api.say(7, "x")
        await until(api, lambda: api.in_chat(7) and api.in_chat(7)[0].markup)
    assert len(api.in_chat(7)) == 1
    assert sum(method == "sendMessageDraft" for _, method, _ in api.calls) == 1


async def test_a_long_wait_shows_typing(api: BotApi, run: Run) -> None:
    """Typing at once, before the answer."""
    async with run(ScriptedAssistant(seconds=0.5)):
        api.say(7, "x")
        await wait(api, 7)
    methods = [method for _, method, _ in api.calls if method in ("sendChatAction", "sendMessage")]
    assert methods == ["sendChatAction", "sendMessage"]


async def test_429_is_waited_for(api: BotApi, run: Run) -> None:
    """The reply comes after the time that Telegram asks for, once, and other chats go on meanwhile."""
    api.faults = [Fault("sendMessage", 429, "Too Many Requests: retry after 1", retry_after=1.5, chat=7)]
    async with run():
        begin = time.time()
        api.say(7, "x")
        api.say(8, "y")
        (other,) = await wait(api, 8)
        (sent,) = await wait(api, 7)
    assert other.at - begin < 1.5 <= sent.at - begin


@pytest.mark.parametrize(
    "fault", [Fault("sendMessage", 502, "Bad Gateway", times=2), Fault("sendMessage", 500, "Internal"), Fault("sendMessage", cut="before")]
)
async def test_5xx_and_network_loss(api: BotApi, run: Run, fault: Fault) -> None:
    """The reply is sent again until it arrives, and arrives once."""
    api.faults = [fault]
    async with run():
        api.say(7, "x")
        await wait(api, 7)
        await asyncio.sleep(0.5)
    assert len(api.in_chat(7)) == 1


async def test_a_reply_whose_end_is_unknown_is_sent_twice_at_most(api: BotApi, run: Run, sqlite_store: Store) -> None:
    """When the connection is cut after Telegram took the message, it may come twice, never three times."""
    api.faults = [Fault("sendMessage", cut="after", times=5)]
    async with run():
        api.say(7, "x")
        await until(api, lambda: list(read_audit(sqlite_store, Wanted())))
        await asyncio.sleep(1.5)
    assert len(api.in_chat(7)) == 2
    (entry,) = read_audit(sqlite_store, Wanted())
    assert entry.status == "uncertain"


async def test_parts_that_arrived_are_not_sent_again(api: BotApi, run: Run) -> None:
    """When the second of three messages fails, the first is not repeated."""
    long = "".join(f"第{n}句有一些字在里面。" for n in range(900)) + "[1]"
    api.faults = [Fault("sendMessage", 502, "Bad Gateway", skip=1)]
    async with run(ScriptedAssistant(lambda question: make_answer(question, text=long))):
        api.say(7, "x")
        await until(api, lambda: api.in_chat(7) and api.in_chat(7)[-1].markup)
    assert not api.faults
    sent = [message.text for message in api.in_chat(7)]
    assert len(sent) == len(set(sent)) >= 2
    assert "".join("".join(sent).split()).startswith("".join(long.split()).replace("[1]", "【1】"))


async def test_a_blocked_bot(api: BotApi, run: Run, sqlite_store: Store) -> None:
    """Who blocked the bot gets nothing; the row ends and others go on."""
    api.blocked.add(7)
    async with run():
        api.say(7, "x")
        api.say(8, "y")
        await wait(api, 8)
        await until(api, lambda: len(list(read_audit(sqlite_store, Wanted()))) == 2)
    assert {entry.status for entry in read_audit(sqlite_store, Wanted())} == {"undelivered", "answered"}


async def test_a_migrated_group(api: BotApi, run: Run) -> None:
    """The answer follows the group to its new id, and the group may go on asking."""
    ask = {"entities": [{"type": "bot_command", "offset": 0, "length": 4}]}
    async with run(ScriptedAssistant(seconds=0.2), allowed_groups=("telegram:-5",), allowed_users=()):
        api.say(-5, "/ask 一", user=7, **ask)
        api.say(-105, None, user=7)
        api.migrated[-5] = -105
        (sent,) = await wait(api, -105)
        assert sent.text.startswith("一:")
        api.say(-5, None, user=7, migrate_to_chat_id=-105)
        api.say(-105, "/ask 二", user=7, **ask)
        assert (await wait(api, -105, 2))[1].text.startswith("二:")


async def test_an_edited_question_and_an_album(api: BotApi, run: Run) -> None:
    """An edit gets one sentence and no second answer; an album of three pictures gets one sentence."""
    async with run():
        asked = api.say(7, "x")
        await wait(api, 7)
        api.edit(7, asked, "y")
        api.edit(7, asked, "z")
        await wait(api, 7, 2)
        for _ in range(3):
            api.say(8, None, photo=[{"file_id": "f"}], media_group_id="album")
        await wait(api, 8)
        await asyncio.sleep(0.7)
    assert [message.text for message in api.in_chat(7)][1:] == [texts.EDITED]
    assert [message.text for message in api.in_chat(8)] == [texts.UNSUPPORTED]


def two_quotes(question: str) -> Answer:
    places = [Citation(n, Locator("work-rules", (str(n),)), f"《规则》第{n}条", f"第{n}条的<原文>" + "很长。" * 1500) for n in (1, 2)]
    return Answer(question, question, "answered", "甲。[1]乙。[2]", tuple(places), None, None, "extractive", (), "f", {})


async def test_the_original_is_one_tap_away(api: BotApi, run: Run) -> None:
    """原文 sends the verbatim words in expandable quotes under bold labels, nothing cut within an entity."""
    async with run(ScriptedAssistant(two_quotes)):
        api.say(7, "x")
        (answer,) = await wait(api, 7)
        assert answer.text.endswith("【1】《规则》第1条\n【2】《规则》第2条")
        api.press(answer, answer.markup[0][0]["callback_data"])
        await until(api, lambda: len(api.in_chat(7)) >= 5)
        await asyncio.sleep(0.3)
    quotes = api.in_chat(7)[1:]
    assert all(quote.reply_to == answer.id for quote in quotes)
    assert all({e.kind for e in quote.entities} == {"b", "expandable_blockquote"} for quote in quotes)
    whole = "".join(quote.text for quote in quotes)
    assert "第1条的<原文>" in whole
    assert whole.count("很长。") == 3000


async def test_opinions(api: BotApi, run: Run, sqlite_store: Store) -> None:
    """👍 is thanked for; 👎 asks once for a reason; both are kept and the buttons go."""
    async with run():
        for chat in (7, 8):
            api.say(chat, "x")
            await wait(api, chat)
        up, down = api.in_chat(7)[0], api.in_chat(8)[0]
        api.press(up, up.markup[0][1]["callback_data"])
        api.press(down, down.markup[0][2]["callback_data"])
        await until(api, lambda: len(api.toasts) == 2 and len(down.markup) == 2)
        assert {text for _, text in api.toasts} == {texts.THANKS, texts.ASK_REASON}
        reasons = [button for row in down.markup for button in row]
        assert [button["text"] for button in reasons] == list(texts.REASONS)
        api.press(down, reasons[1]["callback_data"])
        await until(api, lambda: len(api.toasts) == 3 and len(down.markup) == 1)
    assert [[button["text"] for button in row] for row in (*up.markup, *down.markup)] == [["原文"], ["原文"]]
    assert [(entry.verdict, entry.reason) for entry in read_audit(sqlite_store, Wanted())] == [("up", ""), ("down", texts.REASONS[1])]


async def test_a_stranger_learns_nothing(api: BotApi, run: Run, sqlite_store: Store) -> None:
    """By message, picture, edit, command, button, inline query or group a stranger sees a code at most."""
    async with run(allowed_users=("telegram:7",)):
        api.say(7, "内部问题")
        (answer,) = await wait(api, 7)
        for text in ("常务会议?", "/original 21", "/sources", "/start"):
            api.say(66, text)
        api.say(66, None, photo=[{"file_id": "f"}])
        api.edit(66, 1, "改")
        api.say(-9, "/ask 常务会议?", user=66, entities=[{"type": "bot_command", "offset": 0, "length": 4}])
        for button in answer.markup[0]:
            api.press(answer, button["callback_data"], user=66)  # forged: the stranger is not in this chat
        stolen = type(answer)(66, answer.id, "", (), [], 0.0)
        api.press(stolen, "o:1", user=66)
        api.push({"inline_query": {"id": "i", "from": {"id": 66}, "query": "常务会议"}})
        await wait(api, 66, 6)
        await until(api, lambda: api.pending() == 0 or time.sleep(0.5) or True)
        await asyncio.sleep(0.5)
    (pairing,) = list_pairings(sqlite_store, now=time.time())
    assert {message.text for message in api.in_chat(66)} == {texts.PAIRING.format(code=pairing.code)}
    assert api.in_chat(-9) == []
    assert len(api.in_chat(7)) == 1
    assert api.toasts == []
    assert not any(parameters.get("chat_id") in ("-9", -9) for _, _, parameters in api.calls)


async def test_an_answer_is_shown_in_its_own_chat(api: BotApi, run: Run) -> None:
    """Who may ask can't fetch another chat's answer by its number."""
    async with run():
        api.say(7, "内部问题")
        (answer,) = await wait(api, 7)
        api.say(8, "x")
        (own,) = await wait(api, 8)
        api.press(own, answer.markup[0][0]["callback_data"])
        for data in ("o:999", "o:", "x", "r:1:9", "o:1'; DROP TABLE turns", "o:" + "9" * 30):
            api.press(own, data[:64])
        await until(api, lambda: len(api.toasts) >= 2)
        await asyncio.sleep(0.3)
    assert {text for _, text in api.toasts} == {texts.BUTTON_GONE}
    assert len(api.in_chat(8)) == 1


async def test_two_pollers(api: BotApi, run: Run) -> None:
    """A conflict with another poller is waited out, and nothing is lost."""
    api.faults = [Fault("getUpdates", 409, "Conflict: terminated by other getUpdates request", times=2)]
    async with run():
        api.say(7, "x")
        await wait(api, 7)


@pytest.mark.parametrize("fault", [Fault("getUpdates", 502, "Bad Gateway", times=2), Fault("getUpdates", cut="after", times=2)])
async def test_polling_survives(api: BotApi, run: Run, fault: Fault) -> None:
    """5xx and a lost connection delay a question and lose none."""
    api.faults = [fault]
    async with run():
        api.say(7, "x")
        await wait(api, 7)
    assert len(api.in_chat(7)) == 1


async def test_an_update_that_can_not_be_read_holds_up_nothing(api: BotApi, run: Run) -> None:
    """What is malformed is passed over."""
    async with run():
        for odd in ({"message": {}}, {"message": 5}, {"message": {"chat": {"id": 1, "type": "private"}, "from": {"id": {}}}}, {}):
            api.push(odd or {"unknown_kind": {}})
        api.say(7, "x")
        await wait(api, 7)
