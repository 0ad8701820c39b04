"""HTTP calls to a platform. aiohttp is imported here only: a call costs a quarter of what it does with httpx."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from urllib.request import getproxies

import aiohttp
import httpx

_NOT_BEGUN = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)


class CallError(Exception):
    """There is no answer. ``began``: the request may have arrived; the text is the error's kind, for addresses carry tokens."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(type(error).__name__)
        self.began = not isinstance(error, _NOT_BEGUN)


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds for a connection, its wait in the queue included, and for each piece of the answer."""

    connect: float
    read: float


@cache
def _certificates() -> ssl.SSLContext:
    return httpx.create_ssl_context()


class Calls:
    """Connections that are kept. What takes time is done here and not at the first call, which a kill may be waiting for."""

    def __init__(self, patience: Patience, *, connections: int = 64) -> None:
        self._patience, self._connections, self._certificates = patience, connections, _certificates()
        self._session: aiohttp.ClientSession | None = None

    async def call(
        self, method: str, url: str, *, content: bytes | None = None, headers: Mapping[str, str] | None = None, read: float | None = None
    ) -> tuple[int, bytes]:
        """Status and body; ``read`` in place of its own patience. Redirects are not followed. Raises CallError."""
        timeout = aiohttp.ClientTimeout(total=None, connect=self._patience.connect, sock_read=read or self._patience.read)
        try:
            session = self._open()
            async with session.request(method, url, data=content, headers=headers, timeout=timeout, allow_redirects=False) as response:
                return response.status, await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise CallError(error) from error

    async def close(self) -> None:
        """Give the connections back."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=self._connections, ssl=self._certificates)
            self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=bool(getproxies()))
        return self._session
