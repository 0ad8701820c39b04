"""The end of a turn: the reply is sent, its row ended and its audit entry written, or it is put off.

What was sent is known as sent as soon as the database takes it: the steps after a sending wait for the database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import structlog

from bot import metrics, texts
from bot.commits import Commits
from bot.errors import DeliveryError, StoreError
from bot.ledger import write_audit
from bot.records import AuditEntry, Channel, Reply, Row, RowStatus, counts_sends
from bot.settings import BotSettings
from bot.store import MAX_SENDS, Store

BACKOFF = (1.0, 2.0, 5.0, 15.0, 60.0)
"""Seconds before a reply is sent again, by the number of failures; the last stays until the row is too old."""

log = structlog.get_logger(__name__)
T = TypeVar("T")


class Outbox:
    """Sends for one owner of rows.

    ``take`` claims, in the transaction that ends a row, who is answered in its place, and ``begin`` begins with that.
    """

    def __init__(
        self,
        store: Store,
        owner: str,
        settings: BotSettings,
        clock: Callable[[], float],
        commits: Commits,
        take: Callable[[], list[Row]],
        begin: Callable[[list[Row]], None],
    ) -> None:
        self._store, self._owner, self._settings, self._clock, self._commits = store, owner, settings, clock, commits
        self._take, self._begin = take, begin

    async def send(self, row: Row, channel: Channel, reply: Reply, status: str) -> None:
        """Send a reply once its row says so; nothing is sent when the row is another's by now. Raises StoreError before the sending."""
        now, lease = self._clock(), self._settings.inbox_lease
        sending = await self._commits.run(lambda: self._store.begin_sending(self._owner, row, reply.answer, now=now, lease=lease))
        if sending is None:
            log.warning("lost the lease", turn=row.turn)
            return
        try:
            await channel.deliver(row.message, reply)
        except DeliveryError as error:
            last = sending.sends >= MAX_SENDS and not counts_sends(channel)
            await self._failed(sending, reply, status, error, last=last)
        except Exception as error:  # a fault of the channel's own code: the row ends, the others go on
            log.error("delivery failed", turn=row.turn, error=repr(error), exc_info=True)
            await self._failed(sending, reply, status, DeliveryError(texts.DELIVERY_FAILED, retryable=False), last=True)
        else:
            await self.end(sending, reply, status, "answered")

    async def end(self, row: Row, reply: Reply, status: str, ended: RowStatus) -> None:
        """End a row, write its audit entry and take the next row, in one step."""
        now = self._clock()
        entry = audit_entry(row, reply, status, now)

        def step() -> list[Row]:
            with self._store.write() as connection:
                if self._store.finish(connection, self._owner, row.turn, ended, now=now):
                    write_audit(connection, entry)
            return self._take()

        self._begin(await self._insist(step))
        metrics.QUESTIONS.labels(row.message.channel, status.split(":")[0]).inc()
        metrics.LATENCY.labels(row.message.channel).observe(max(now - row.received, 0))
        if status == "refused":
            metrics.REFUSALS.labels(row.message.channel).inc()
        if row.notice:
            metrics.TURNED_AWAY.labels(row.message.channel, row.notice).inc()
        log.info("done", turn=row.turn, channel=row.message.channel, status=status, ms=round(entry.latency_ms))

    async def put_off(self, row: Row, seconds: float, *, sends: int) -> None:
        """Let the row be taken again later, and take the next one in the same step."""

        def step() -> list[Row]:
            self._store.defer(self._owner, row, until=self._clock() + seconds, sends=sends)
            return self._take()

        self._begin(await self._insist(step))

    async def _failed(self, row: Row, reply: Reply, status: str, error: DeliveryError, *, last: bool) -> None:
        too_old = self._clock() - row.received > self._settings.inbox_max_age
        again = error.retryable and not too_old and not (error.uncertain and last)
        metrics.DELIVERY_ERRORS.labels(row.message.channel, str(again).lower()).inc()
        log.warning("not delivered", turn=row.turn, channel=row.message.channel, again=again, error=str(error))
        if again:
            wait = error.after if error.after is not None else BACKOFF[min(row.attempts, len(BACKOFF) - 1)]
            await self.put_off(row, wait, sends=row.sends if error.uncertain else row.sends - 1)
        else:
            await self.end(row, reply, "uncertain" if error.uncertain else "undelivered", "failed")

    async def _insist(self, step: Callable[[], T]) -> T:
        wait = 0.2
        while True:
            try:
                return await self._commits.run(step)
            except StoreError as error:
                metrics.STORE_ERRORS.inc()
                log.error("a step waits for the database", error=str(error))
                await asyncio.sleep(wait)
                wait = min(wait * 2, 5.0)


def audit_entry(row: Row, reply: Reply, status: str, now: float) -> AuditEntry:
    """What is kept of a turn. A command or a notice has no question."""
    entry = AuditEntry(
        turn=row.turn,
        at=now,
        channel=row.message.channel,
        user_key=row.user_key,
        group=row.message.group,
        question=row.message.text,
        status=status,
        latency_ms=round((now - row.received) * 1000, 1),
    )
    answer = reply.answer
    if answer is None:
        return entry
    return replace(
        entry,
        standalone=answer.standalone_question,
        mode=answer.mode,
        locators=tuple(str(citation.locator) for citation in answer.citations),
        fingerprint=answer.fingerprint,
        checks={"citations": len(answer.citations), "missing": answer.missing is not None, "timings_ms": answer.timings_ms},
    )
