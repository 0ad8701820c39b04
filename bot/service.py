"""One turn, for every channel: message → inbox → assistant → reply → audit.

``receive`` keeps a message before it returns; ``run`` answers what is kept: the messages of a chat in order and one
at a time, different chats side by side, in as many processes as share the database. What a killed process leaves is
taken up again by its lease; a reply whose sending was under way is sent a second time at most.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, TypeVar

import structlog

from bot import commands, memory, metrics, texts
from bot.access import Access, Verdict
from bot.errors import StoreError
from bot.growth import Growth
from bot.ledger import prune, write_feedback
from bot.outbox import Outbox
from bot.owner import is_dead, make_owner
from bot.records import Channel, Message, Receipt, Reply, Row, StoredTurn, counts_sends
from bot.settings import BotSettings
from bot.store import IGNORED, MAX_SENDS, Load, Store
from rag.assistant import MAX_QUESTION
from rag.errors import InputError, NingwenError
from rag.records import Answer, Turn

if TYPE_CHECKING:
    from rag.assistant import Assistant

POLL_SECONDS = 0.5
"""How often rows are looked for that another process kept or that were put off."""
log = structlog.get_logger(__name__)
T = TypeVar("T")


class Asker(Protocol):
    """What the service needs of ``rag.assistant.Assistant``."""

    def ask(self, question: str, history: Sequence[Turn] = (), *, on_text: Callable[[str], None] | None = None) -> Answer:
        """Answer one question, in the thread that calls."""


class Service:
    """Use as ``async with``, or ``await run()``; ``assistant`` may be a function that opens it, called in a thread."""

    def __init__(
        self, store: Store, assistant: Assistant | Callable[[], Assistant], access: Access, settings: BotSettings,
        channels: Sequence[Channel], *, clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self._store, self._access, self._settings, self._clock = store, access, settings, clock
        self._source = assistant
        self._assistant: Assistant | None = None
        self._channels = {channel.name: channel for channel in channels}
        self._owner = make_owner()
        self._running: dict[int, asyncio.Task[None]] = {}
        self._wake = asyncio.Event()
        self._stopping = False
        self._main: asyncio.Task[None] | None = None
        self._commits = store.commits
        self._outbox = Outbox(store, self._owner, settings, clock, self._commits, lambda: self._claim(1), self._replace)
        self._store_threads = ThreadPoolExecutor(4, "store")
        self._ask_threads = ThreadPoolExecutor(settings.workers * 2, "ask")  # one that hangs doesn't hold up the others

    # ── in ──

    async def receive(self, message: Message) -> Receipt:
        """Keep a message; when this returns, it is committed and may be acknowledged. Raises StoreError."""
        try:
            receipt = await self._commits.run(lambda: self._keep(_clean(message)))
        except StoreError:
            metrics.STORE_ERRORS.inc()
            raise
        if receipt.new:
            self._wake.set()
        elif receipt is not IGNORED:
            metrics.DUPLICATES.labels(message.channel).inc()
        return receipt

    def _keep(self, message: Message) -> Receipt:
        keys, verdict = self._access.pseudonyms.keys(message), self._access.decide(message)
        if verdict == "silent":
            return IGNORED
        return self._store.keep(message, keys, now=self._clock(), judge=lambda load: self._judge(message, verdict, load))

    def _judge(self, message: Message, verdict: Verdict, load: Load) -> str | None:
        if load.recent > self._settings.rate_per_minute:
            return None
        return "pair" if verdict == "pair" else self._objection(message, load.recent, load.waiting)

    def _objection(self, message: Message, recent: int, waiting: int) -> str:
        """Why a message is not asked; "" when it is."""
        if recent == self._settings.rate_per_minute:
            return "rate"
        if message.kind != "text":
            return message.kind
        if len(message.text) > MAX_QUESTION:
            return "long"
        return "busy" if waiting >= self._settings.queue_limit else ""

    # ── life ──

    @property
    def ready(self) -> bool:
        """Whether the assistant is open, so that questions are answered."""
        return self._assistant is not None

    async def __aenter__(self) -> Service:
        self._main = asyncio.create_task(self._serve())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def run(self) -> None:
        """Answer until ``stop``. Raises NingwenError when the assistant can't be opened."""
        if self._main is None:
            self._main = asyncio.create_task(self._serve())
        await asyncio.wait({self._main})
        if not self._main.cancelled():
            self._main.result()

    async def stop(self, *, grace: float = 20.0) -> None:
        """Take nothing new, finish what is under way, give the rest back."""
        self._stopping = True
        self._wake.set()
        if self._running:
            await asyncio.wait(self._running.values(), timeout=grace)
        for task in [*self._running.values(), *([self._main] if self._main else [])]:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, NingwenError):
                await task
        with contextlib.suppress(StoreError):
            await self._kept(lambda: self._store.release(self._owner))
        self._ask_threads.shutdown(wait=False, cancel_futures=True)
        self._store_threads.shutdown(wait=False)

    async def _serve(self) -> None:
        heartbeat = asyncio.create_task(self._hold_leases())
        try:
            self._assistant = await self._open_assistant()
            log.info("ready", channels=list(self._channels))
            while not self._stopping:
                self._wake.clear()
                await self._take_rows()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), POLL_SECONDS)
        finally:
            heartbeat.cancel()

    async def _open_assistant(self) -> Assistant:
        source = self._source
        if not callable(source):
            return source
        assistant = await asyncio.get_running_loop().run_in_executor(self._ask_threads, source)
        memory.keep_opened()
        return assistant

    async def _take_rows(self) -> None:
        """Begin to answer as many rows as there are free workers."""
        free = self._settings.workers - len(self._running)
        if free <= 0:
            return
        try:
            self._begin_rows(await self._commits.run(lambda: self._claim(free)))
        except StoreError as error:
            metrics.STORE_ERRORS.inc()
            log.error("no rows can be taken", error=str(error))

    def _claim(self, free: int) -> list[Row]:
        if self._stopping:
            return []
        return self._store.claim(self._owner, list(self._channels), free, now=self._clock(), lease=self._settings.inbox_lease)

    def _begin_rows(self, rows: list[Row]) -> None:
        if self._stopping:  # they are given back
            return
        for row in rows:
            task = asyncio.create_task(self._answer(row))
            self._running[row.turn] = task
            task.add_done_callback(lambda _, turn=row.turn: self._running.pop(turn, None))  # type: ignore[misc]

    def _replace(self, rows: list[Row]) -> None:
        """Begin with what was taken in the place of a row that ends; where another worker is free, look for more."""
        self._begin_rows(rows)
        if rows and len(self._running) <= self._settings.workers:  # the row that ends is among them
            self._wake.set()

    async def _hold_leases(self) -> None:
        """Renew the leases of this process, and take up what others lost."""
        while True:
            try:
                await self._kept(self._hold_and_recover)
            except StoreError as error:
                metrics.STORE_ERRORS.inc()
                log.error("leases can't be renewed", error=str(error))
            await asyncio.sleep(self._settings.inbox_lease / 3)

    def _hold_and_recover(self) -> None:
        now = self._clock()
        if mine := list(self._running):
            self._store.renew(self._owner, mine, until=now + self._settings.inbox_lease)
        dead = [owner for owner in self._store.owners() if is_dead(owner)]
        if opened := self._store.recover(dead, now=now):
            log.info("recovered", rows=opened)
        self._store.forget_expired(now=now)
        if self._store.add_value("pruned", "", now=now, expires_at=now + 86400):  # one process a day
            prune(self._store, before=now - self._settings.audit_days * 86400)
        metrics.QUEUE.set(self._store.waiting())

    # ── one turn ──

    async def _answer(self, row: Row) -> None:
        try:
            if self._clock() - row.received > self._settings.inbox_max_age:
                await self._outbox.end(row, Reply(row.turn), "expired", "expired")
            elif row.sends >= MAX_SENDS and not counts_sends(self._channels[row.message.channel]):  # it has most likely arrived
                stored = await self._kept(lambda: self._store.find_turn(row.turn))
                await self._outbox.end(row, Reply(row.turn, stored.answer if stored else None), "uncertain", "failed")
            else:
                await self._reply(row, self._channels[row.message.channel])
        except StoreError as error:
            metrics.STORE_ERRORS.inc()
            log.error("the turn waits for the database", turn=row.turn, error=str(error))
            await self._outbox.put_off(row, 1.0, sends=row.sends)
        except Exception as error:  # a fault of our own: the row ends, the others go on
            log.error("the turn failed", turn=row.turn, error=repr(error), exc_info=True)
            await self._outbox.end(row, Reply(row.turn), "failed", "failed")

    async def _reply(self, row: Row, channel: Channel) -> None:
        begun = None if row.notice else asyncio.create_task(self._begin(channel, row.message))
        reply, status = await self._compose(row, channel)
        if begun is not None:
            await begun
        await self._outbox.send(row, channel, reply, status)

    @staticmethod
    async def _begin(channel: Channel, message: Message) -> None:
        try:
            await asyncio.wait_for(channel.begin(message), 10)
        except Exception as error:  # a sign of life that fails is forgotten, whatever it was
            log.warning("begin failed", channel=message.channel, error=repr(error))

    async def _compose(self, row: Row, channel: Channel) -> tuple[Reply, str]:
        """The reply and its status in the audit. Raises StoreError."""
        if row.notice:
            return Reply(row.turn, notice=await self._sentence(row)), f"notice:{row.notice}"
        question = row.message.text
        command = commands.read_command(question)
        if command is not None and command.name == "ask" and command.rest:
            question = command.rest
        elif command is not None:
            return Reply(row.turn, notice=await self._command(row, command)), f"notice:{command.name}"[:32]
        if row.sends or row.attempts:  # what may have been sent before is sent again, not something else
            stored = await self._kept(lambda: self._store.find_turn(row.turn))
            if stored is not None:
                return Reply(row.turn, stored.answer), stored.answer.status
        try:
            answer = await self._ask(row, question, channel)
            return Reply(row.turn, answer), answer.status
        except InputError as error:
            return Reply(row.turn, notice=error.user_message), "failed"
        except StoreError:
            raise
        except Exception as error:
            metrics.MODEL_ERRORS.inc()
            log.error(
                "the assistant failed", turn=row.turn, error=repr(error), exc_info=not isinstance(error, (NingwenError, TimeoutError))
            )
            return Reply(row.turn, notice=texts.ANSWER_FAILED), "failed"

    async def _ask(self, row: Row, question: str, channel: Channel) -> Answer:
        growth = Growth(channel, row.message)
        try:
            asked = asyncio.get_running_loop().run_in_executor(self._ask_threads, self._ask_with_history, row, question, growth.hear)
            return await asyncio.wait_for(asked, self._settings.answer_timeout)
        finally:
            await growth.close()

    def _ask_with_history(self, row: Row, question: str, hear: Callable[[str], None]) -> Answer:
        """In a thread; history and question together, since each change of threads waits for the interpreter."""
        assert self._assistant is not None
        settings, now = self._settings, self._clock()
        history = self._store.history(row.session_key, limit=settings.session_turns, silence=settings.session_minutes * 60, now=now)
        return self._assistant.ask(question, history, on_text=hear)

    async def _sentence(self, row: Row) -> str:
        if row.notice == "pair":
            code = await self._kept(lambda: self._access.code_for(row.message))
            return texts.PAIRING.format(code=code) if code else texts.PAIRING_FULL
        return _SENTENCES.get(row.notice, texts.ANSWER_FAILED)

    async def _command(self, row: Row, command: commands.Command) -> str:
        if command.name == "ask":
            return texts.ASK_USAGE
        if command.name == commands.NEW:
            await self._kept(lambda: self._store.new_session(row.session_key, row.turn))
        assert self._assistant is not None
        assistant = self._assistant
        return await asyncio.get_running_loop().run_in_executor(self._ask_threads, lambda: commands.carry_out(command, assistant))

    async def _kept(self, step: Callable[[], T]) -> T:
        """A step of the database, in a thread. Raises StoreError."""
        return await asyncio.get_running_loop().run_in_executor(self._store_threads, step)

    # ── afterwards ──

    async def feedback(self, channel: str, user: str, turn: int, verdict: str, reason: str = "") -> bool:
        """Keep what a person thinks of an answer; False when there is no such answer. Raises StoreError.

        The caller has made sure that the person may use the chat in which the answer stands (``may_use``).
        """
        user_key = self._access.pseudonyms.user(channel, user)

        def write() -> bool:
            found = self._store.find_turn(turn)
            if found is None or found.channel != channel:
                return False
            write_feedback(self._store, turn, channel, user_key, verdict[:8], _clean_text(reason)[:500], now=self._clock())
            return True

        return await self._kept(write)

    async def find_turn(self, turn: int, *, channel: str | None = None, chat: str | None = None) -> StoredTurn | None:
        """The stored answer of a turn; with ``channel`` and ``chat``, only if it was given there. Raises StoreError."""
        found = await self._kept(lambda: self._store.find_turn(turn))
        if found is None or (channel is not None and found.channel != channel):
            return None
        if channel is not None and chat is not None and found.chat_key != self._access.pseudonyms.chat(channel, chat):
            return None
        return found

    async def waiting(self) -> int:
        """How many messages are open. Raises StoreError."""
        return await self._kept(self._store.waiting)

    async def may_use(self, message: Message) -> bool:
        """Whether who sent this (or pressed a button there) may ask; in doubt, no."""
        return await self._kept(lambda: self._access.may_hear(message))

    async def move_group(self, channel: str, old: str, new: str) -> None:
        """A group has a new id: what it was allowed stays allowed. Raises StoreError."""
        await self._kept(lambda: self._access.move_group(channel, old, new))


_SENTENCES = {
    "rate": texts.RATE_LIMITED,
    "busy": texts.QUEUE_FULL,
    "long": texts.TOO_LONG.format(limit=MAX_QUESTION),
    "unsupported": texts.UNSUPPORTED,
    "edited": texts.EDITED,
}


def _clean_text(text: str) -> str:
    """What every database takes: no NUL, no lone surrogate."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _clean(message: Message) -> Message:
    return replace(message, text=_clean_text(message.text))
