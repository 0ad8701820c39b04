"""The web server of a channel: its own addresses beside /healthz, /readyz and /metrics.

/healthz: the process lives. /readyz: it can take and answer questions; 503 names what is missing. /metrics: Prometheus.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot import metrics, texts
from bot.errors import StoreError
from bot.service import Service
from rag.errors import ConfigurationError

Check = Callable[[], Awaitable[bool]]
_CLOSING_SECONDS = 10

log = structlog.get_logger(__name__)


def make_app(checks: Mapping[str, Check], routes: Sequence[BaseRoute] = ()) -> Starlette:
    """The application; ``checks`` say by name what has to be so before questions can be taken."""

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("ok")

    async def readyz(_: Request) -> Response:
        found = {name: await _passes(check) for name, check in checks.items()}
        return JSONResponse(found, status_code=200 if all(found.values()) else 503)

    async def show_metrics(_: Request) -> Response:
        return Response(metrics.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")

    own = [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", show_metrics)]
    return Starlette(routes=[*own, *routes])


def service_checks(service: Service) -> dict[str, Check]:
    """What every channel needs: an index, and a database that answers."""

    async def index() -> bool:
        return service.ready

    async def database() -> bool:
        await service.waiting()
        return True

    return {"index": index, "database": database}


async def _passes(check: Check) -> bool:
    try:
        return await check()
    except StoreError:
        return False


class Server(uvicorn.Server):
    """A server that leaves the signals to the process it is part of."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


async def serve(app: Starlette, listen: str, *, proxies: Sequence[str] = ()) -> None:
    """Serve at 「host:port」 until cancelled; port 0 is any that is free. Raises ConfigurationError when it can't.

    ``proxies``: whose X-Forwarded-For is believed.
    """
    host, _, port = listen.rpartition(":")
    config = uvicorn.Config(
        app, host=host.strip("[]") or "127.0.0.1", port=int(port), log_config=None, access_log=False, lifespan="off", server_header=False,
        proxy_headers=bool(proxies), forwarded_allow_ips=list(proxies), timeout_graceful_shutdown=_CLOSING_SECONDS,
    )  # fmt: skip
    server = Server(config)
    serving = asyncio.create_task(_serve(server))
    try:
        while not server.started and not serving.done():
            await asyncio.sleep(0.01)
        if serving.done():
            raise ConfigurationError(texts.LISTEN_FAILED.format(address=listen))
        log.info("listening", port=server.servers[0].sockets[0].getsockname()[1])
        await asyncio.shield(serving)
    finally:
        server.should_exit = True
        await asyncio.wait({serving}, timeout=_CLOSING_SECONDS + 1)


async def _serve(server: uvicorn.Server) -> None:
    try:
        await server.serve()
    except SystemExit:  # uvicorn's way of saying that the address is taken
        log.error("not listening")
