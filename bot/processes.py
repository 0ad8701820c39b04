"""Processes that help to answer: one interpreter uses one core for what is not the embedding.

A helper answers rows of the same database and receives nothing. Its standard input is a pipe from the process that
started it: when that one ends, in whatever way, the pipe does too, and the helper stops.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import Any

import structlog

RESTART_SECONDS = 2.0
STOP_SECONDS = 25.0

log = structlog.get_logger(__name__)


def run_process(work: Coroutine[Any, Any, None]) -> None:
    """Run to its end what a process does, on the event loop that costs least."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(work)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # not made for this platform
        return None
    return uvloop.new_event_loop


@contextlib.asynccontextmanager
async def helpers(count: int, arguments: Sequence[str]) -> AsyncIterator[None]:
    """Keep ``count`` helpers running, each ``ningwen`` with these arguments, as long as the context lasts."""
    keepers = [asyncio.create_task(_keep(arguments)) for _ in range(count)]
    try:
        yield
    finally:
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)


async def parent_is_gone() -> None:
    """In a helper: return when standard input ends."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.read(1024):
        continue


async def _keep(arguments: Sequence[str]) -> None:
    while True:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", "from bot.cli import main; main()", *arguments, stdin=asyncio.subprocess.PIPE
        )
        try:
            code = await process.wait()
        except asyncio.CancelledError:
            await _end(process)
            raise
        log.warning("a helper ended", code=code)
        await asyncio.sleep(RESTART_SECONDS)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Let it finish what is under way."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
