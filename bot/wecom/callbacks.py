"""The two callback addresses: whatever is not the platform's is refused, alike whatever was wrong with it.

A refusal is 403 with an empty body and one line in the log. A fault of ours is 503: the platform comes again.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from bot.errors import StoreError
from bot.records import Message
from bot.wecom import limits
from bot.wecom.crypto import Crypto, Refused
from bot.wecom.messages import BOT, Inbound, Pressed, Refreshed, parse_json, read_app, read_bot, read_envelope
from bot.wecom.nonces import Nonces, Values
from bot.wecom.replies import passive_xml

_DRAINED = 16 * 1024 * 1024
"""Bytes of an oversized body that are read and thrown away, so that its sender reads the refusal."""
_READ_WITHIN = 5.0

Networks = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]
AppHandler = Callable[[Inbound], Awaitable[Mapping[str, Any] | None]]
BotHandler = Callable[[Inbound], Awaitable[dict[str, Any] | None]]

log = structlog.get_logger("ningwen.wecom")


class Gate:
    """What every callback must pass: where it comes from, when it was made, and that it was not here before."""

    def __init__(
        self, way: str, crypto: Crypto, values: Values, networks: Networks = (), *, clock: Callable[[], float] = time.time
    ) -> None:
        """``networks``: where callbacks may come from; empty: from anywhere."""
        self.way, self.crypto, self.clock = way, crypto, clock
        self._networks = networks
        self._nonces = Nonces(way, values, clock)

    def check_origin(self, request: Request) -> None:
        """Raises Refused for an address that is not among the networks."""
        if not self._networks:
            return
        try:
            address = ipaddress.ip_address(request.client.host if request.client else "")
        except ValueError:
            raise Refused("address") from None
        if not any(address in network for network in self._networks):
            raise Refused("address")

    def open(self, request: Request, encrypt: str) -> bytes:
        """The decrypted content. Raises Refused."""
        query = request.query_params
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        plain = self.crypto.open(query.get("msg_signature", ""), timestamp, nonce, encrypt)
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
            raise Refused("timestamp")
        if abs(self.clock() - int(timestamp)) > limits.CLOCK_SKEW:
            raise Refused("timestamp")
        return plain

    async def check_nonce(self, request: Request, *, shared: bool = True) -> None:
        """Raises Refused when it was here before; ``shared``: or in another process. Raises StoreError."""
        if await self._nonces.is_used(request.query_params.get("nonce", ""), shared=shared):
            raise Refused("replay")

    def remember(self, request: Request, *, shared: bool = True) -> None:
        """Its nonce is used up. Called after what it brought is kept: until then the platform may bring it again."""
        self._nonces.use(request.query_params.get("nonce", ""), shared=shared)


class AppCallback:
    """The callback address of the self-built app: an echo for the check, 200 and nothing for what was kept."""

    def __init__(self, gate: Gate, handle: AppHandler, corporation: str) -> None:
        self._gate, self._handle, self._corporation = gate, handle, corporation

    async def answer(self, request: Request) -> Response:
        """One request."""
        return await _guard(self._gate, request, self._answer)

    async def _answer(self, request: Request) -> Response:
        if request.method == "GET":
            return await _echo(self._gate, request)
        body = await _read_body(request)
        said = read_app(self._gate.open(request, read_envelope(body)))
        await self._gate.check_nonce(request)
        fields = await self._handle(said)
        self._gate.remember(request)
        if fields is None or not isinstance(said, Message | Pressed):
            return Response()
        now, nonce = self._gate.clock(), request.query_params.get("nonce", "")
        inner = passive_xml({"ToUserName": said.user, "FromUserName": self._corporation, "CreateTime": int(now), **fields})
        sealed = self._gate.crypto.seal(inner, str(int(now)), nonce)
        outer = {"Encrypt": sealed.encrypt, "MsgSignature": sealed.signature, "TimeStamp": sealed.timestamp, "Nonce": sealed.nonce}
        return Response(passive_xml(outer), media_type="application/xml")


class BotCallback:
    """The callback address of the AI bot: its replies are sealed and carry the nonce of the request."""

    def __init__(self, gate: Gate, handle: BotHandler, *, name: str = "") -> None:
        self._gate, self._handle, self._name = gate, handle, name

    async def answer(self, request: Request) -> Response:
        """One request."""
        return await _guard(self._gate, request, self._answer)

    async def _answer(self, request: Request) -> Response:
        if request.method == "GET":
            return await _echo(self._gate, request)
        encrypt = parse_json(await _read_body(request)).get("encrypt")
        if not isinstance(encrypt, str):
            raise Refused("json")
        plain, now = self._gate.open(request, encrypt), self._gate.clock()
        said = read_bot(parse_json(plain), BOT, now, name=self._name)
        shared = not isinstance(said, Refreshed)  # there are many, and a repeated one changes nothing
        await self._gate.check_nonce(request, shared=shared)
        reply = await self._handle(said)
        self._gate.remember(request, shared=shared)
        if reply is None:
            return Response()
        timestamp, nonce = str(int(now)), request.query_params.get("nonce", "")
        sealed = self._gate.crypto.seal(json.dumps(reply, ensure_ascii=False).encode(), timestamp, nonce)
        return JSONResponse(
            {"encrypt": sealed.encrypt, "msgsignature": sealed.signature, "timestamp": int(sealed.timestamp), "nonce": sealed.nonce}
        )


async def _echo(gate: Gate, request: Request) -> Response:
    plain = gate.open(request, request.query_params.get("echostr", ""))
    await gate.check_nonce(request)
    gate.remember(request)
    return PlainTextResponse(plain.decode("utf-8", "replace"))


async def _guard(gate: Gate, request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    try:
        gate.check_origin(request)
        return await answer(request)
    except Refused as refused:
        log.warning("wecom.refused", way=gate.way, reason=refused.reason)
        return Response(status_code=403)
    except ClientDisconnect:
        return Response(status_code=403)
    except StoreError as error:
        log.error("wecom.not_kept", way=gate.way, error=str(error))
    except Exception:
        log.exception("wecom.callback_failed", way=gate.way)
    return Response(status_code=503)


async def _read_body(request: Request) -> bytes:
    """The body, no longer than the limit. Raises Refused."""
    taken, size = bytearray(), 0
    try:
        async with asyncio.timeout(_READ_WITHIN):
            async for chunk in request.stream():
                size += len(chunk)
                if size <= limits.BODY_BYTES:
                    taken += chunk
                elif size > _DRAINED:
                    break
    except TimeoutError:
        raise Refused("slow") from None
    if size > limits.BODY_BYTES:
        raise Refused("size")
    return bytes(taken)


def parse_networks(names: Sequence[str]) -> Networks:
    """Addresses and networks of a setting. Raises ValueError."""
    return tuple(ipaddress.ip_network(name, strict=False) for name in names)
