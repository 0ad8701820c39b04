"""The platform's HTTP interface: access token, message/send, response_url.

What fails becomes a DeliveryError that says whether, and after how long, trying again may help.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

import structlog
from cryptography.fernet import Fernet, InvalidToken

from bot import texts
from bot.calls import CallError, Calls, Patience
from bot.errors import DeliveryError
from bot.wecom import limits

_PATIENCE = Patience(connect=5.0, read=10.0)
_CONFIGURATION_PAUSE = 300.0  # seconds until a fault that a person has to mend is looked at again
_BUSY_PAUSE = 5.0
_RATE_PAUSE = 60.0
_LATER = {
    limits.BUSY: _BUSY_PAUSE,
    limits.CONCURRENT: _BUSY_PAUSE,
    limits.RATE_LIMITED: _RATE_PAUSE,
    limits.ADDRESS_REFUSED: _CONFIGURATION_PAUSE,
}

log = structlog.get_logger("ningwen.wecom")


class Values(Protocol):
    """The part of the store that is needed here: values with an expiry, shared by processes."""

    def get_value(self, key: str, *, now: float) -> str | None:
        """A value that has not expired."""

    def put_value(self, key: str, value: str, *, expires_at: float | None = None) -> None:
        """Set a value."""


class Api:
    """One self-built app's calls. The token is fetched once for all processes and kept encrypted under the secret."""

    def __init__(self, base: str, corporation: str, secret: str, values: Values, *, clock: Callable[[], float] = time.time) -> None:
        self._corporation, self._secret = corporation, secret
        self._values, self._clock = values, clock
        self._base, self._calls = base.rstrip("/"), Calls(_PATIENCE)
        digest = hashlib.sha256(f"{corporation}:{secret}".encode()).digest()
        self._key = f"wecom:token:{hashlib.sha256(digest).hexdigest()[:16]}"
        self._box = Fernet(base64.urlsafe_b64encode(digest))
        self._fetching = asyncio.Lock()
        self._known: tuple[str, float] = ("", 0.0)  # the token that this process saw last, and its end

    async def close(self) -> None:
        """Give the connections back."""
        await self._calls.close()

    async def prepare(self) -> None:
        """Have a token at hand. Raises DeliveryError."""
        await self._token()

    async def send(self, body: Mapping[str, Any], *, known: frozenset[int] = frozenset()) -> None:
        """POST message/send. An invalid token is fetched anew, once. Raises DeliveryError.

        ``known``: error codes that the caller takes for success.
        """
        token = await self._token()
        answer = await self._post("/cgi-bin/message/send", body, {"access_token": token})
        if answer.get("errcode") in limits.TOKEN_ERRORS:
            token = await self._token(refused=token)
            answer = await self._post("/cgi-bin/message/send", body, {"access_token": token})
        if answer.get("errcode") not in known:
            _check(answer)

    async def _token(self, *, refused: str | None = None) -> str:
        """The shared access token; a new one when there is none, or when it is the one that was refused."""
        known, until = self._known
        if known != refused and self._clock() < until:
            return known
        async with self._fetching:
            kept, until = await asyncio.to_thread(self._read_token)
            if kept and kept != refused:
                self._known = kept, until
                return kept
            answer = await self._get("/cgi-bin/gettoken", {"corpid": self._corporation, "corpsecret": self._secret})
            _check(answer, pause=_CONFIGURATION_PAUSE)
            token, life = answer.get("access_token"), answer.get("expires_in")
            if not isinstance(token, str) or not token:
                raise DeliveryError(texts.WECOM_UNREACHABLE, detail="gettoken without a token", after=_BUSY_PAUSE)
            seconds = float(life) if isinstance(life, int | float) else float(limits.TOKEN_SECONDS)
            until = self._clock() + seconds - min(limits.TOKEN_MARGIN, seconds / 2)
            await asyncio.to_thread(self._keep_token, token, until)
            self._known = token, until
            log.info("wecom.token_fetched", seconds=seconds)
            return token

    def _read_token(self) -> tuple[str, float]:
        """The token that some process kept, and its end; "" for none."""
        kept = self._values.get_value(self._key, now=self._clock())
        try:
            token, until = json.loads(self._box.decrypt(kept.encode())) if kept else ("", 0.0)
        except (InvalidToken, ValueError):
            return "", 0.0
        return str(token), float(until)

    def _keep_token(self, token: str, until: float) -> None:
        sealed = self._box.encrypt(json.dumps([token, until]).encode()).decode()
        self._values.put_value(self._key, sealed, expires_at=until)

    async def _get(self, path: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        return await _answer(self._calls.call("GET", f"{self._base}{path}?{urlencode(parameters)}"))

    async def _post(self, path: str, body: Mapping[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
        url = f"{self._base}{path}?{urlencode(parameters)}"
        return await _answer(self._calls.call("POST", url, content=_encode(body), headers=_JSON))


class ResponseUrl:
    """The address that comes with a message of the AI bot: one reply, within an hour, not encrypted."""

    def __init__(self, base: str) -> None:
        self._origin = urlsplit(base)[:2]
        self._calls = Calls(_PATIENCE)

    async def close(self) -> None:
        """Give the connections back."""
        await self._calls.close()

    async def send(self, url: str, body: Mapping[str, Any]) -> None:
        """POST one reply. Raises DeliveryError; no address but the platform's own is ever called."""
        if urlsplit(url)[:2] != self._origin:
            raise DeliveryError(texts.WECOM_UNREACHABLE, detail="response_url of another origin", retryable=False)
        _check(await _answer(self._calls.call("POST", url, content=_encode(body), headers=_JSON)))


_JSON = {"Content-Type": "application/json; charset=utf-8"}


def _encode(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


async def _answer(call: Awaitable[tuple[int, bytes]]) -> dict[str, Any]:
    """The reply's JSON object. The error's text holds no address: addresses carry tokens."""
    try:
        status, body = await call
    except CallError as error:
        raise DeliveryError(texts.WECOM_UNREACHABLE, detail=str(error), after=_BUSY_PAUSE, uncertain=error.began) from None
    try:
        answer = json.loads(body)
    except ValueError:
        raise DeliveryError(texts.WECOM_UNREACHABLE, detail=f"HTTP {status}", after=_BUSY_PAUSE, uncertain=status >= 500) from None
    if not isinstance(answer, dict):
        raise DeliveryError(texts.WECOM_UNREACHABLE, detail="no object", after=_BUSY_PAUSE)
    return answer


def _check(answer: Mapping[str, Any], *, pause: float | None = None) -> None:
    """Raise DeliveryError when the platform said no. ``pause``: retry whatever it said, after so long."""
    code = answer.get("errcode", 0)
    if code == 0:
        return
    after = pause or _LATER.get(code)
    raise DeliveryError(texts.WECOM_SAID_NO.format(code=code), detail=f"errcode {code}", retryable=after is not None, after=after)
