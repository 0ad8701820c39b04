"""Webhook: updates that Telegram posts. Without the secret there is nothing here: every other request gets an empty 404."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from bot.errors import StoreError
from bot.settings import BotSettings
from bot.telegram.intake import Intake

HEADER = "x-telegram-bot-api-secret-token"
LARGEST = 1 << 20
"""Bytes; an update is much smaller."""


def webhook_secret(settings: BotSettings) -> str:
    """The secret of the settings, or one that only the holder of the token can know."""
    if settings.telegram_webhook_secret:
        return settings.telegram_webhook_secret.get_secret_value()
    token = settings.telegram_token.get_secret_value() if settings.telegram_token else ""
    return hmac.new(token.encode(), b"ningwen webhook", hashlib.sha256).hexdigest()


def webhook_app(intake: Intake, url: str, secret: str) -> Starlette:
    """The application: 200 once an update is kept, 503 when it can't be, so that it comes again."""

    async def take(request: Request) -> Response:
        given = request.headers.get(HEADER, "")
        if not hmac.compare_digest(given.encode(), secret.encode()):
            return Response(status_code=404)
        body = b""
        try:
            async for piece in request.stream():
                body += piece
                if len(body) > LARGEST:
                    return Response(status_code=413)
            update = json.loads(body)
        except (ValueError, RecursionError, ClientDisconnect):
            return Response(status_code=400)
        try:
            if isinstance(update, dict):
                await intake.take(update)
        except StoreError:
            return Response(status_code=503)
        return Response(status_code=200)

    async def nothing(request: Request, error: Exception) -> Response:
        return Response(status_code=404)

    path = urlsplit(url).path or "/"
    return Starlette(routes=[Route(path, take, methods=["POST"])], exception_handlers={404: nothing, 405: nothing})


class QuietServer(uvicorn.Server):
    """A server that leaves the signals to the process it is part of."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield
