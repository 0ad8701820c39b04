"""An ASGI application on a free loopback port, in the loop of the test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn


@asynccontextmanager
async def serve(application: Any) -> AsyncIterator[str]:
    """Serve while the block runs; gives the address."""
    # a connection stays open longer than any test is idle: one that closes as a request arrives would lose it
    config = uvicorn.Config(
        application, host="127.0.0.1", port=0, log_level="critical", lifespan="off", access_log=False, timeout_keep_alive=120
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[method-assign]
    task = asyncio.create_task(server.serve())
    try:
        while not server.started:
            await asyncio.sleep(0.005)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        server.force_exit = True
        await task
