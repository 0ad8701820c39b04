"""Load through WeCom as a ratio: python -m tests.bench.wecom_load [app bot socket]

50 people ask 10 questions each by one of the three ways, at most three of a person under way at a time (the platform
takes no more), through its stand-in; the same questions, each with what its person said before, go to the bare
assistant, in a process of its own, in one thread or in as many as the bot has workers, whichever is faster. Both are timed
from their first question to their last answer, in turns: the ratio is the median of those of neighbours. At least 0.8 of
the bare rate; p50 and p95 are from a question's callback to its answer, queueing included.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx
import uvloop

from bot.wecom.crypto import Crypto
from rag.assistant import open_assistant
from rag.settings import Settings
from tests.bench.telegram_load import BOUND, bare_rate, bare_threads, gold_questions, middle_ratio, quiet
from tests.stand_ins.http import HttpServer, Request, Response
from tests.stand_ins.process import Program
from tests.stand_ins.wecom_api import Interface
from tests.stand_ins.wecom_callbacks import AppCaller, BotCaller
from tests.stand_ins.wecom_envelope import Envelope, xml
from tests.stand_ins.wecom_gateway import Gateway

PEOPLE, EACH, AT_ONCE = 50, 10, 3
IDLE = 3.0  # seconds; the server closes an idle connection after five, and one taken up just then would be reset
APP_KEY, BOT_KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
Ask = Callable[[str, str], Awaitable[Any]]


class Wire:
    """Requests on connections that are kept, without a library whose own time would be measured with them."""

    def __init__(self, base: str) -> None:
        self.host, _, port = base.removeprefix("http://").partition(":")
        self.port = int(port)
        self.free: list[tuple[float, asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def post(self, path: str, *, params: dict[str, str], content: bytes) -> tuple[int, bytes]:
        """Status and body."""
        while self.free and self.free[0][0] < time.monotonic() - IDLE:  # the longest idle stand first
            self.free.pop(0)[2].close()
        _, reader, writer = self.free.pop() if self.free else (0.0, *await asyncio.open_connection(self.host, self.port))
        head = f"POST {path}?{urlencode(params)} HTTP/1.1\r\nHost: {self.host}\r\nContent-Length: {len(content)}\r\n\r\n"
        writer.write(head.encode() + content)
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        length = next((int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length:")), 0)
        body = await reader.readexactly(length)
        self.free.append((time.monotonic(), reader, writer))
        return int(first.split()[1]), body


class Plain:
    """What the stand-in's interface reads of a request."""

    def __init__(self, request: Request) -> None:
        self.query_params = dict(parse_qsl(request.path.partition("?")[2]))
        self.body = request.body

    async def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


def serve_interface(interface: Interface) -> HttpServer:
    """The interface in a thread, on the smallest server."""
    handlers = {"/cgi-bin/gettoken": interface._get_token, "/cgi-bin/message/send": interface._send}

    async def handle(request: Request) -> Response:
        reply = await handlers[request.path.partition("?")[0]](Plain(request))  # type: ignore[arg-type]
        return Response(reply.status_code, bytes(reply.body))

    return HttpServer(handle)


class Quick(Envelope):
    """The stand-in's own AES would be what is measured: here it borrows the program's."""

    def encrypt(self, message: bytes, *, receive_id: str | None = None) -> str:
        return Crypto(self.token, self.aes_key, self.receive_id).seal(message, "", "").encrypt

    def decrypt(self, encrypted: str) -> bytes:
        return Crypto(self.token, self.aes_key, self.receive_id).open(self.signature("", "", encrypted), "", "", encrypted)


async def main() -> int:
    """Print the figures; exit code 1 when a bound is not kept."""
    parser = argparse.ArgumentParser()
    parser.add_argument("ways", nargs="*", default=["app", "bot", "socket"])
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    settings = Settings.load()
    open_assistant(settings)  # builds the index where there is none
    questions, interface, gateway, good = gold_questions(PEOPLE * EACH), Interface(), Gateway(), True
    with tempfile.TemporaryDirectory() as folder:
        server = serve_interface(interface)
        async with gateway.serving():
            api, base = server.address, f"http://127.0.0.1:{free_port()}"
            bot = start_bot(base, api, gateway, Path(folder), settings.data_dir, options.workers)
            await ready(base)
            await asyncio.to_thread(quiet, bot)  # the helper is there, too, before anything is timed
            asks = make_asks(base, api, interface, gateway)
            threads = await asyncio.to_thread(bare_threads, questions, options.workers)
            for way in options.ways:
                await ask_all(asks[way], questions[:50], f"warm-{way}")
                bare, through, waits = [], [], []
                for number in range(options.rounds):
                    bare.append(await asyncio.to_thread(bare_rate, questions, threads))
                    rate, delays = await ask_all(asks[way], questions, f"{way}-{number}")
                    through.append(rate)
                    waits += delays
                good = report(way, bare, through, waits) and good
            await asyncio.to_thread(bot.stop)
        server.close()
    assert not interface.complaints
    assert not gateway.complaints
    return 0 if good else 1


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def start_bot(base: str, api: str, gateway: Gateway, folder: Path, data: Path, workers: int) -> Program:
    """The real process, over a database of its own."""
    environment = {
        "NINGWEN_DATA_DIR": str(data), "DATABASE_URL": f"sqlite:///{folder / 'load.db'}", "HTTP_LISTEN": base.removeprefix("http://"),
        "WECOM_API_URL": api, "WECOM_SOCKET_URL": gateway.address, "WECOM_CORP_ID": "wwstandin", "WECOM_AGENT_ID": "1000002",
        "WECOM_SECRET": "app-secret", "WECOM_TOKEN": "app-token", "WECOM_AES_KEY": APP_KEY, "WECOM_BOT_TOKEN": "bot-token",
        "WECOM_BOT_AES_KEY": BOT_KEY, "WECOM_BOT_ID": gateway.bot, "WECOM_BOT_SECRET": gateway.secret, "ALLOWED_USERS": "wecom:*",
        "RATE_PER_MINUTE": "100000", "QUEUE_LIMIT": "100000", "WORKERS": str(workers), "LOG_LEVEL": "WARNING",
    }  # fmt: skip
    bot = Program(folder, environment, "wecom")
    bot.start()
    return bot


async def ready(base: str) -> None:
    """Return once the process takes questions."""
    async with asyncio.timeout(60), httpx.AsyncClient() as client:
        while True:
            try:
                if (await client.get(f"{base}/readyz")).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.1)


class Watch:
    """Wakes whoever waits for a condition: one look for all of them, for a timer each would be what is measured."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []
        self._looking: asyncio.Task[None] | None = None

    async def until(self, condition: Callable[[], bool]) -> None:
        """Return once it holds."""
        holds: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((condition, holds))
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        await holds

    async def _look(self) -> None:
        while self._waiting:
            await asyncio.sleep(0.02)
            before, self._waiting = self._waiting, []
            for condition, holds in before:
                if condition():
                    holds.set_result(None)
                else:
                    self._waiting.append((condition, holds))


class Arrivals:
    """Waits for a text to a person."""

    def __init__(self, interface: Interface, watch: Watch) -> None:
        self._interface, self._watch, self._seen, self._taken = interface, watch, 0, Counter[str]()
        self._count: Counter[str] = Counter()

    async def next(self, person: str) -> None:
        """Return when one more text to this person has arrived than were waited for."""
        self._taken[person] += 1
        mine = self._taken[person]
        await self._watch.until(lambda: self._counted(person) >= mine)

    def _counted(self, person: str) -> int:
        while self._seen < len(self._interface.sent):
            message = self._interface.sent[self._seen]
            self._seen += 1
            self._count[message.user] += message.kind == "text"
        return self._count[person]


def make_asks(base: str, api: str, interface: Interface, gateway: Gateway) -> dict[str, Ask]:
    """How a person asks and hears the answer, by way."""
    app = AppCaller(f"{base}/wecom/app", Quick("app-token", APP_KEY, "wwstandin"))
    bot = BotCaller(f"{base}/wecom/bot", Quick("bot-token", BOT_KEY, ""), interface, api, every=1.0, window=300)

    wire, watch = Wire(base), Watch()
    arrived = Arrivals(interface, watch)

    async def by_app(person: str, question: str) -> None:
        encrypted = app.envelope.encrypt(app.text(person, question))
        query = app.envelope.query(encrypted, timestamp=int(time.time()))
        body = xml({"ToUserName": "wwstandin", "AgentID": "1000002", "Encrypt": encrypted})
        assert await wire.post("/wecom/app", params=query, content=body) == (200, b"")
        await arrived.next(person)

    async def post(body: dict[str, Any], shown: Any = None) -> dict[str, Any] | None:
        encrypted = bot.envelope.encrypt(json.dumps(body, ensure_ascii=False).encode())
        query = bot.envelope.query(encrypted, timestamp=int(time.time()))
        status, reply = await wire.post("/wecom/bot", params=query, content=json.dumps({"encrypt": encrypted}).encode())
        assert status == 200
        return json.loads(bot.envelope.decrypt(json.loads(reply)["encrypt"])) if reply else {}

    bot.post = post  # type: ignore[method-assign, assignment]

    async def by_bot(person: str, question: str) -> None:
        assert (await bot.say(person, question)).finished

    async def by_socket(person: str, question: str) -> None:
        shown = await gateway.say(person, question)
        await watch.until(lambda: shown.finished)

    return {"app": by_app, "bot": by_bot, "socket": by_socket}


async def ask_all(ask: Ask, questions: list[str], prefix: str) -> tuple[float, list[float]]:
    """Everybody asks; answers a second, and seconds from each question to its answer."""
    begun, delays = time.perf_counter(), []

    async def say(person: str, question: str, turn: asyncio.Semaphore) -> None:
        async with turn:
            said = time.perf_counter()
            await ask(person, question)
            delays.append(time.perf_counter() - said)

    turns = [asyncio.Semaphore(AT_ONCE) for _ in range(PEOPLE)]
    people = [f"{prefix}-{number}" for number in range(PEOPLE)]
    await asyncio.gather(*[say(people[i % PEOPLE], question, turns[i % PEOPLE]) for i, question in enumerate(questions)])
    return len(questions) / (time.perf_counter() - begun), delays


def report(way: str, bare: list[float], through: list[float], waits: list[float]) -> bool:
    """The figures, and whether the rate is good enough."""
    cuts = statistics.quantiles(waits, n=20)
    ratio = middle_ratio(bare, through)
    rates = f"bare {' '.join(f'{rate:.1f}' for rate in bare)}   through {' '.join(f'{rate:.1f}' for rate in through)} answers/s"
    verdict = f"ratio {ratio:.2f}, at least {BOUND} {'ok' if ratio >= BOUND else 'UNDER'}"
    print(f"{way:<7} {rates}   p50 {cuts[9]:.2f} s p95 {cuts[18]:.2f} s   {verdict}", flush=True)
    return ratio >= BOUND


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sys.exit(runner.run(main()))
