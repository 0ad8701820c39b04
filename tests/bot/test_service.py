"""One turn: kept before it is acknowledged, answered once, in order, by whoever is alive."""

from __future__ import annotations

import asyncio
import gc
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot import memory, texts
from bot.errors import DeliveryError, StoreError
from bot.grants import approve, list_pairings
from bot.ledger import Wanted, read_audit
from bot.records import AuditEntry, Message, Receipt
from bot.store import Store, open_store
from rag.errors import ConfigurationError, EndpointError
from tests.stand_ins.assistant import ScriptedAssistant, make_answer
from tests.stand_ins.channel import RecordingChannel

Make = Callable[..., Message]
Serve = Callable[..., Any]


async def settled(store: Store, count: int, seconds: float = 10.0) -> list[AuditEntry]:
    """The audit entries, once there are so many."""
    async with asyncio.timeout(seconds):
        while len(found := list(read_audit(store, Wanted()))) < count:
            await asyncio.sleep(0.01)
    return found


async def test_a_question_is_answered(store: Store, serve: Serve, message: Make) -> None:
    """Kept, begun, answered and audited; the person stands in the audit under a hash only."""
    channel = RecordingChannel()
    async with serve(store, channel) as service:
        asked = message("常务会议多久开一次?", user="471147", chat="471147")
        receipt = await service.receive(asked)
        assert receipt.new
        await channel.wait_for(1)
        (entry,) = await settled(store, 1)
    assert channel.begun == [asked.id]
    (delivered, reply) = channel.delivered[0]
    assert delivered == asked
    assert (reply.turn, reply.answer) == (receipt.turn, make_answer("常务会议多久开一次?"))
    assert (entry.status, entry.question, entry.locators, entry.fingerprint) == ("answered", asked.text, ("work-rules#21",), "f" * 16)
    assert "471147" not in repr(entry)
    assert entry.latency_ms > 0


async def test_a_repeated_message_is_answered_once(store: Store, serve: Serve, message: Make) -> None:
    """Three deliveries before the answer and three after it lead to one answer."""
    channel = RecordingChannel()
    asked = message()
    async with serve(store, channel) as service:
        first = await asyncio.gather(*[service.receive(asked) for _ in range(3)])
        await settled(store, 1)
        later = [await service.receive(asked) for _ in range(3)]
        await asyncio.sleep(0.7)
    assert sorted(receipt.new for receipt in first) == [False, False, True]
    assert {(receipt.new, receipt.status) for receipt in later} == {(False, "answered")}
    assert len(channel.delivered) == 1


async def test_order_and_parallel(store: Store, serve: Serve, message: Make) -> None:
    """A chat's messages are answered one after the other, in order; chats are answered side by side."""
    channel, assistant = RecordingChannel(), ScriptedAssistant(seconds=0.05)
    async with serve(store, channel, assistant, workers=4) as service:
        for number in range(5):
            for chat in "1234":
                await service.receive(message(f"{chat}:{number}", chat=chat, user=chat))
        await channel.wait_for(20, 20)
    for chat in "1234":
        assert [m.text for m, _ in channel.delivered if m.chat == chat] == [f"{chat}:{number}" for number in range(5)]
    assert 2 <= assistant.at_once <= 4


async def test_a_follow_up_has_its_history(store: Store, serve: Serve, message: Make) -> None:
    """The assistant hears the earlier turns of this person in this chat, until /new."""
    channel, assistant = RecordingChannel(), ScriptedAssistant()
    async with serve(store, channel, assistant) as service:
        for text in ("副主席请假要几天?", "那秘书长呢?", "/new", "那主席呢?", "/ask 厅长呢?", "处长呢?"):
            await service.receive(message(text))
        await service.receive(message("别人的问题", user="8"))
        await channel.wait_for(7)
    heard = {question: [turn.question for turn in history] for question, history in assistant.asked}
    assert heard == {
        "副主席请假要几天?": [],
        "那秘书长呢?": ["副主席请假要几天?"],
        "那主席呢?": [],
        "厅长呢?": ["那主席呢?"],
        "处长呢?": ["那主席呢?", "厅长呢?"],
        "别人的问题": [],
    }
    assert [reply.notice for _, reply in channel.delivered if reply.notice] == [texts.CHAT_NEW]


async def test_two_processes_share_the_work(store: Store, database_url: str, serve: Serve, message: Make) -> None:
    """Two services on one database answer each message once."""
    other = open_store(database_url)
    one, two = RecordingChannel(), RecordingChannel()
    async with serve(store, one, ScriptedAssistant(seconds=0.01)) as service, serve(other, two, ScriptedAssistant(seconds=0.01)):
        for number in range(60):
            await service.receive(message(str(number), chat=str(number % 15), user=str(number % 15)))
        await settled(store, 60, 30)
    delivered = [m.text for m, _ in [*one.delivered, *two.delivered]]
    assert sorted(delivered, key=int) == [str(number) for number in range(60)]
    other.close()


async def test_what_a_lost_process_left_is_answered(store: Store, serve: Serve, message: Make) -> None:
    """Rows that were received, being answered or being sent when a process ended are answered by the next; too old ones are not."""
    channel = RecordingChannel()
    async with serve(store, channel, start=False) as service:
        for chat in "1234":
            await service.receive(message(f"问{chat}", chat=chat, user=chat))
    rows = store.claim("elsewhere|1|x", ["telegram"], 3, now=time.time() - 100, lease=10)
    store.begin_sending("elsewhere|1|x", rows[0], make_answer("当时的答复"), now=time.time() - 100, lease=10)
    twice = store.begin_sending("elsewhere|1|x", rows[1], make_answer("问2"), now=time.time() - 100, lease=10)
    assert twice is not None
    store.defer("elsewhere|1|x", twice, until=0, sends=2)
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE inbox SET received_at = received_at - 99999 WHERE id = " + str(rows[2].turn))
    async with serve(store, channel):
        entries = await settled(store, 4)
    assert {e.turn: e.status for e in entries} == {
        rows[0].turn: "answered", rows[1].turn: "uncertain", rows[2].turn: "expired", rows[2].turn + 1: "answered",
    }  # fmt: skip
    assert {(m.chat, r.answer.question) for m, r in channel.delivered if r.answer} == {("1", "当时的答复"), ("4", "问4")}


async def test_stop_finishes_what_is_under_way(store: Store, serve: Serve, message: Make) -> None:
    """A stop waits for the answer under way and gives back what has not begun."""
    channel = RecordingChannel()
    async with serve(store, channel, ScriptedAssistant(seconds=0.4), workers=1) as service:
        await service.receive(message("一", chat="1"))
        await service.receive(message("二", chat="2"))
        await asyncio.sleep(0.2)
    assert [m.text for m, _ in channel.delivered] == ["一"]
    assert [row.message.text for row in store.claim("me", ["telegram"], 9, now=time.time(), lease=1)] == ["二"]


async def test_delivery_is_tried_again(sqlite_store: Store, serve: Serve, message: Make) -> None:
    """A failure that passes is tried again after the time the platform asks for, without asking the assistant again."""
    failures = [DeliveryError("x", after=0.3), DeliveryError("x", after=0.1, uncertain=True)]
    channel, assistant = RecordingChannel(failures=failures), ScriptedAssistant()
    begin = time.monotonic()
    async with serve(sqlite_store, channel, assistant) as service:
        await service.receive(message())
        await channel.wait_for(1)
        (entry,) = await settled(sqlite_store, 1)
    assert time.monotonic() - begin > 0.4
    assert len(assistant.asked) == 1
    assert entry.status == "answered"


@pytest.mark.parametrize(
    ("failures", "status"),
    [
        ([DeliveryError("blocked", retryable=False)], "undelivered"),
        ([DeliveryError("lost", after=0.0, uncertain=True)] * 2, "uncertain"),
        ([ValueError("a fault of the channel")], "undelivered"),
    ],
)
async def test_a_reply_that_can_not_be_delivered(
    sqlite_store: Store, serve: Serve, message: Make, failures: list[Exception], status: str
) -> None:
    """A final failure ends the row and the next message of the chat is answered; after two sendings of unknown end there is no third."""
    channel = RecordingChannel(failures=failures)
    async with serve(sqlite_store, channel) as service:
        await service.receive(message("一"))
        await service.receive(message("二"))
        entries = await settled(sqlite_store, 2)
    assert [e.status for e in entries] == [status, "answered"]
    assert [m.text for m, _ in channel.delivered] == ["二"]


def _raise(error: Exception) -> Callable[[str], Any]:
    def script(question: str) -> Any:
        if question == "坏":
            raise error
        return make_answer(question)

    return script


@pytest.mark.parametrize("error", [EndpointError("模型不通", detail="secret-ish"), RuntimeError("bug"), MemoryError()])
async def test_a_failing_assistant(sqlite_store: Store, serve: Serve, message: Make, error: Exception) -> None:
    """The person gets a sentence without details, the audit says failed, and the next question is answered."""
    channel = RecordingChannel()
    async with serve(sqlite_store, channel, ScriptedAssistant(_raise(error))) as service:
        await service.receive(message("坏"))
        await service.receive(message("好"))
        entries = await settled(sqlite_store, 2)
    assert [reply.notice for _, reply in channel.delivered] == [texts.ANSWER_FAILED, ""]
    assert [e.status for e in entries] == ["failed", "answered"]


async def test_an_answer_that_takes_too_long(sqlite_store: Store, serve: Serve, message: Make) -> None:
    """After ANSWER_TIMEOUT the person gets a sentence; the chat goes on."""
    channel = RecordingChannel()
    assistant = ScriptedAssistant(seconds=0.6)
    async with serve(sqlite_store, channel, assistant, answer_timeout=0.2) as service:
        await service.receive(message())
        await channel.wait_for(1)
    assert channel.delivered[0][1].notice == texts.ANSWER_FAILED


async def test_a_growing_answer(sqlite_store: Store, serve: Serve, message: Make) -> None:
    """The channel sees the newest text now and then, never after the reply."""
    channel = RecordingChannel()
    assistant = ScriptedAssistant(seconds=0.02, grows=["一", "一二", "一二三"])
    async with serve(sqlite_store, channel, assistant) as service:
        await service.receive(message())
        await channel.wait_for(1)
        seen = list(channel.grown)
        await asyncio.sleep(0.1)
    assert channel.grown == seen
    assert set(seen) <= {"一", "一二", "一二三"}
    assert seen


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"text": "字" * 2001}, texts.TOO_LONG.format(limit=2000)),
        ({"text": "", "kind": "unsupported"}, texts.UNSUPPORTED),
        ({"text": "/help"}, texts.BOT_HELP),
        ({"text": "/START@ning_bot"}, texts.BOT_START),
        ({"text": "/ask"}, texts.ASK_USAGE),
        ({"text": "/original"}, texts.ORIGINAL_USAGE),
        ({"text": "/nonsense 1"}, texts.UNKNOWN_COMMAND),
    ],
)
async def test_what_is_not_asked(sqlite_store: Store, serve: Serve, message: Make, fields: dict[str, Any], sentence: str) -> None:
    """A message that is no question gets a sentence, and the assistant hears nothing."""
    channel, assistant = RecordingChannel(), ScriptedAssistant()
    async with serve(sqlite_store, channel, assistant) as service:
        await service.receive(message(**fields))
        await channel.wait_for(1)
    assert channel.delivered[0][1].notice == sentence
    assert assistant.asked == []


async def test_what_the_database_can_not_hold(store: Store, serve: Serve, message: Make) -> None:
    """NUL and lone surrogates are left out; everything else is asked as it was typed."""
    channel, assistant = RecordingChannel(), ScriptedAssistant()
    odd = "a\0b\ud800c \u202e‏RTL <b>&amp;</b> " + "😀" * 900
    async with serve(store, channel, assistant) as service:
        await service.receive(message(odd))
        await settled(store, 1)
    assert assistant.asked[0][0] == odd.replace("\0", "").replace("\ud800", "?")


async def test_a_stranger_learns_a_code_and_nothing_else(store: Store, serve: Serve, message: Make) -> None:
    """Whatever a stranger sends in private gets the same six digits; approved, the stranger is answered; text of before is not kept."""
    channel, assistant = RecordingChannel(), ScriptedAssistant()
    async with serve(store, channel, assistant, allowed_users=()) as service:
        for text in ("秘密的问题", "/sources", "/original 21", "/start", "字" * 3000):
            await service.receive(message(text, user="66", chat="66"))
        await channel.wait_for(5)
        (pairing,) = list_pairings(store, now=time.time())
        assert {reply.notice for _, reply in channel.delivered} == {texts.PAIRING.format(code=pairing.code)}
        assert approve(store, pairing.code, "", now=time.time()) is not None
        await service.receive(message("常务会议?", user="66", chat="66"))
        await service.receive(message("别人", user="67", chat="67"))
        await channel.wait_for(7)
        entries = await settled(store, 7)
    assert [question for question, _ in assistant.asked] == ["常务会议?"]
    assert channel.begun == [channel.delivered[-2][0].id] or len(channel.begun) == 1
    assert [e.question for e in entries if e.question] == ["常务会议?"]


async def test_groups(sqlite_store: Store, serve: Serve, message: Make) -> None:
    """An unknown group gets silence and leaves no row; in a known one anybody may ask."""
    channel = RecordingChannel()
    async with serve(sqlite_store, channel, allowed_users=(), allowed_groups=("telegram:-5",)) as service:
        assert await service.receive(message(chat="-4", group=True)) == Receipt(0, False, "ignored")
        await service.receive(message("群里的问题", chat="-5", user="9", group=True))
        await channel.wait_for(1)
    assert [m.chat for m, _ in channel.delivered] == ["-5"]


async def test_rate_and_queue(sqlite_store: Store, serve: Serve, message: Make) -> None:
    """Over the limit of a minute there is one sentence, then silence; over the bound of the queue each gets a sentence."""
    channel = RecordingChannel()
    async with serve(sqlite_store, channel, rate_per_minute=3, queue_limit=5, start=False) as service:
        receipts = [await service.receive(message(str(n))) for n in range(6)]
        for user in "12":
            await service.receive(message("问", user=user, chat=user))
    assert [receipt.status for receipt in receipts] == ["received"] * 4 + ["ignored"] * 2
    async with serve(sqlite_store, channel):
        await channel.wait_for(6)
    notices = {(m.user, reply.notice) for m, reply in channel.delivered if reply.notice}
    assert notices == {("7", texts.RATE_LIMITED), ("2", texts.QUEUE_FULL)}


async def test_nothing_is_acknowledged_that_is_not_kept(tmp_path: Path, serve: Serve, message: Make) -> None:
    """While the database is locked, receive fails and nothing is lost or doubled: the retry is answered once."""
    url = f"sqlite:///{tmp_path / 'store.db'}"
    mine, other = open_store(url, timeout=0.1), open_store(url)
    channel, asked = RecordingChannel(), message()
    async with serve(mine, channel) as service:
        with other.write():
            with pytest.raises(StoreError):
                await service.receive(asked)
            assert await service.may_use(asked)
        assert (await service.receive(asked)).new
        await channel.wait_for(1)
    assert len(channel.delivered) == 1


async def test_a_reply_that_was_sent_is_known_as_sent(tmp_path: Path, serve: Serve, message: Make) -> None:
    """When the database is locked just after the sending, the row ends as soon as it is free, and nothing is sent again."""
    url = f"sqlite:///{tmp_path / 'store.db'}"
    mine, other = open_store(url, timeout=0.1), open_store(url)
    channel = RecordingChannel()
    channel.gate = asyncio.Event()
    async with serve(mine, channel) as service:
        await service.receive(message())
        while not list(mine.owners()) or mine.find_turn(1) is None:
            await asyncio.sleep(0.01)
        with other.write():
            channel.gate.set()
            await channel.wait_for(1)
            await asyncio.sleep(1)
        (entry,) = await settled(mine, 1)
    assert entry.status == "answered"
    assert len(channel.delivered) == 1


async def test_feedback_and_the_stored_answer(store: Store, serve: Serve, message: Make) -> None:
    """The answer of a turn is found again in its own chat only; an opinion is kept, about an answer that exists."""
    channel = RecordingChannel()
    async with serve(store, channel) as service:
        turn = (await service.receive(message("问", chat="1", user="1"))).turn
        await settled(store, 1)
        found = await service.find_turn(turn, channel="telegram", chat="1")
        assert found is not None
        assert found.answer == make_answer("问")
        assert await service.find_turn(turn, channel="telegram", chat="2") is None
        assert await service.find_turn(turn + 1) is None
        assert await service.feedback("telegram", "1", turn, "down", "不完整")
        assert not await service.feedback("telegram", "1", turn + 1, "up")
        assert not await service.feedback("wecom-app", "1", turn, "up")
    (entry,) = read_audit(store, Wanted())
    assert (entry.verdict, entry.reason) == ("down", "不完整")


async def test_an_assistant_that_can_not_be_opened(sqlite_store: Store, serve: Serve, message: Make) -> None:
    """run() ends with the reason; what came in meanwhile stays kept."""

    def broken() -> Any:
        raise ConfigurationError("没有索引")

    channel = RecordingChannel()
    async with serve(sqlite_store, channel, broken, start=False) as service:
        await service.receive(message())
        with pytest.raises(ConfigurationError):
            await service.run()
        await service.stop()
    assert sqlite_store.waiting() == 1


async def test_what_was_opened_is_kept(sqlite_store: Store, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that goes on answering has the assistant that it opened kept, and looks for garbage as usual from then on."""
    kept: list[str] = []
    usual = gc.get_threshold()
    monkeypatch.setattr(gc, "freeze", lambda: kept.append("freeze"))
    memory.look_rarely()
    try:
        assert gc.get_threshold()[0] > 10 * usual[0]
        async with serve(sqlite_store, RecordingChannel(), ScriptedAssistant) as service:
            async with asyncio.timeout(5):
                while not service.ready:
                    await asyncio.sleep(0.01)
        assert (kept, gc.get_threshold()) == (["freeze"], usual)
    finally:
        gc.set_threshold(*usual)


async def test_metrics_count(sqlite_store: Store, serve: Serve, message: Make) -> None:
    """Answers are counted by channel and status; no label tells a person or a text."""
    from bot.metrics import exposition

    channel = RecordingChannel("wecom-counted")
    async with serve(sqlite_store, channel, allowed_users=("wecom:*",)) as service:
        await service.receive(message("谁也不该看到", channel="wecom-counted"))
        await settled(sqlite_store, 1)
    page = exposition().decode()
    assert 'ningwen_questions_total{channel="wecom-counted",status="answered"} 1.0' in page
    assert "谁也不该看到" not in page


async def test_logs_tell_no_text_and_no_token(sqlite_store: Store, serve: Serve, message: Make, capfd: pytest.CaptureFixture[str]) -> None:
    """Every line is JSON; neither the question nor a token stands in it."""
    import logging

    from bot.logs import configure_logs

    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        configure_logs("json", "INFO")
        channel = RecordingChannel(failures=[DeliveryError("x", detail="https://h/bot123456:AAAAAAAAAAAAAAAAAAAAAAAA/send", after=0)])
        async with serve(sqlite_store, channel) as service:
            await service.receive(message("谁也不该看到"))
            await settled(sqlite_store, 1)
        logging.getLogger("elsewhere").warning("token %s", "123456:AAAAAAAAAAAAAAAAAAAAAAAA")
    finally:
        root.handlers[:], root.level = before
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines() if line.startswith("{")]
    assert {"done", "not delivered", "token ***"} <= {line["event"] for line in lines}
    assert not any("谁也不该看到" in json.dumps(line, ensure_ascii=False) or "AAAA" in str(line) for line in lines)
