"""One long connection that mends itself: subscribe, heartbeat, acknowledgements, reconnection with backoff.

Knows frames and nothing of questions. A connection whose heartbeat goes unanswered twice is given up; one that was
taken over by another process is never taken back, or the two would drive each other out for ever.
"""

from __future__ import annotations

import asyncio
import json
import random
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import structlog
from pydantic import SecretStr
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, WebSocketException

from bot import texts
from bot.errors import DeliveryError
from bot.wecom import limits
from bot.wecom.crypto import Refused
from bot.wecom.messages import parse_json

State = Literal["down", "up", "displaced"]
OnFrame = Callable[[str, str, dict[str, Any]], Awaitable[None]]
"""Called with command, request id and body of what the platform sends; runs beside the reader."""

log = structlog.get_logger("ningwen.wecom")


@dataclass(frozen=True, slots=True)
class Line:
    """Where and as whom to connect, and the patience with it. Seconds."""

    address: str
    bot: str
    secret: SecretStr
    heartbeat: float = limits.HEARTBEAT
    acknowledged_within: float = 5.0
    opened_within: float = 10.0
    first_pause: float = 1.0
    longest_pause: float = 60.0
    refused_pause: float = 300.0  # subscribing is rate-limited: a wrong secret is not tried every second


class _Lost(Exception):
    """The connection is of no more use; the message says why."""


class Connection:
    """See the module. ``run`` in one task; ``request`` from any other of the same loop."""

    def __init__(self, line: Line, on_frame: OnFrame) -> None:
        self.state: State = "down"
        self._line, self._on_frame = line, on_frame
        self._socket: ClientConnection | None = None
        self._waiting: dict[str, asyncio.Future[int]] = {}
        self._turns: dict[str, asyncio.Lock] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._heard = False

    async def run(self) -> None:
        """Stay connected until cancelled or displaced."""
        failures = 0
        while not self._is_displaced():
            begun = asyncio.get_running_loop().time()
            pause = 0.0
            try:
                await self._live()
            except _Refusal as refusal:
                log.error("wecom.subscribe_refused", code=refusal.code)
                pause = self._line.refused_pause if refusal.code == limits.BAD_SECRET else 0.0
            except (_Lost, OSError, WebSocketException, InvalidHandshake, TimeoutError) as error:
                log.warning("wecom.connection_lost", why=str(error) or type(error).__name__)
            if self._is_displaced():
                log.error("wecom.displaced", hint=texts.WECOM_DISPLACED)
                return
            lasted = asyncio.get_running_loop().time() - begun
            failures = 0 if lasted > self._line.heartbeat else failures + 1
            await asyncio.sleep(pause or self._backoff(failures))

    async def request(self, command: str, body: Mapping[str, Any], request: str) -> int:
        """Send a frame and wait for its errcode. Frames of one request go one after the other.

        Raises DeliveryError when there is no connection, or when it was lost before the acknowledgement came.
        """
        async with self._turns.setdefault(request, asyncio.Lock()):
            try:
                return await self._call(command, body, request)
            finally:
                if len(self._turns) > 1000:
                    self._turns = {key: lock for key, lock in self._turns.items() if lock.locked()}

    def give_up(self) -> None:
        """Another connection has taken over: stay away."""
        self.state = "displaced"
        if self._socket is not None:
            self._socket.transport.abort()

    async def _live(self) -> None:
        """One connection from its opening to its end; always ends with an exception."""
        line = self._line
        async with connect(
            line.address, ping_interval=None, open_timeout=line.opened_within, close_timeout=1.0, max_size=2**20, max_queue=256,
            compression=None,  # frames are short, and packing one costs more than sending it
        ) as socket:  # fmt: skip
            self._socket = socket
            reader = asyncio.create_task(self._read(socket))
            try:
                code = await self._call("aibot_subscribe", {"bot_id": line.bot, "secret": line.secret.get_secret_value()}, _new_id())
                if code:
                    raise _Refusal(code)
                if self.state == "down":
                    self.state = "up"
                    log.info("wecom.connected")
                await self._beat(reader)
            except DeliveryError as error:
                raise _Lost(str(error)) from None
            finally:
                if self.state == "up":
                    self.state = "down"
                self._socket = None
                reader.cancel()
                socket.transport.abort()
                for future in self._waiting.values():
                    if not future.done():
                        future.set_exception(_unreachable(uncertain=True))

    async def _beat(self, reader: asyncio.Task[None]) -> None:
        missed = 0
        while True:
            done, _ = await asyncio.wait({reader}, timeout=self._line.heartbeat)
            if done:
                await reader
                raise _Lost("closed by the platform")
            self._heard = False
            try:
                await self._call("ping", None, _new_id(), within=self._line.heartbeat)
            except DeliveryError:
                if reader.done():
                    continue
                missed = 0 if self._heard else missed + 1
            else:
                missed = 0
            if missed >= limits.MISSED_PONGS:
                raise _Lost("heartbeat unanswered")

    async def _read(self, socket: ClientConnection) -> None:
        async for raw in socket:
            self._heard = True
            try:
                frame = parse_json(raw)
                headers = frame.get("headers")
                request = headers.get("req_id") if isinstance(headers, dict) else None
            except Refused:
                log.warning("wecom.frame_unread")
                continue
            if not isinstance(request, str):
                continue
            command, body = frame.get("cmd"), frame.get("body")
            if isinstance(command, str) and command.endswith("_callback"):
                self._spawn(command, request, body if isinstance(body, dict) else {})
            elif (future := self._waiting.get(request)) is not None and not future.done():
                code = frame.get("errcode", 0)
                future.set_result(code if isinstance(code, int) else -1)

    def _spawn(self, command: str, request: str, body: dict[str, Any]) -> None:
        task = asyncio.create_task(self._handle(command, request, body))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _handle(self, command: str, request: str, body: dict[str, Any]) -> None:
        try:
            await self._on_frame(command, request, body)
        except Refused as refused:
            log.warning("wecom.refused", way="socket", reason=refused.reason)
        except DeliveryError as error:
            log.warning("wecom.frame_unanswered", error=str(error))
        except Exception:
            log.exception("wecom.frame_failed")

    async def _call(self, command: str, body: Mapping[str, Any] | None, request: str, *, within: float | None = None) -> int:
        socket = self._socket
        if socket is None or self.state == "displaced":
            raise _unreachable(uncertain=False)
        frame: dict[str, Any] = {"cmd": command, "headers": {"req_id": request}}
        if body is not None:
            frame["body"] = body
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting[request] = future
        try:
            async with asyncio.timeout(within or self._line.acknowledged_within):
                await socket.send(json.dumps(frame, ensure_ascii=False))
                return await future
        except (TimeoutError, WebSocketException, OSError):
            raise _unreachable(uncertain=True) from None
        finally:
            self._waiting.pop(request, None)

    def _is_displaced(self) -> bool:
        return self.state == "displaced"

    def _backoff(self, failures: int) -> float:
        pause = min(self._line.longest_pause, self._line.first_pause * 2.0 ** min(max(failures - 1, 0), 20))
        return pause * random.uniform(0.5, 1.0)


class _Refusal(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(f"errcode {code}")
        self.code = code


def _new_id() -> str:
    return uuid.uuid4().hex


def _unreachable(*, uncertain: bool) -> DeliveryError:
    return DeliveryError(texts.WECOM_UNREACHABLE, detail="no connection", after=2.0, uncertain=uncertain)
