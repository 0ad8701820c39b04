"""Logs: one event a line, JSON or for a console. No text of a message; a token is blotted out wherever it turns up."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Literal

import structlog

_TOKEN = re.compile(r"(?<!\d)\d{5,}:[A-Za-z0-9_-]{20,}|(?<=access_token=)[^&\s\"']+|\bsk-[A-Za-z0-9_-]{8,}|(?<=://)[^/\s@:]*:[^/\s@]*(?=@)")
_NOISY = ("httpx", "httpcore", "telegram", "alembic", "uvicorn.access", "websockets", "asyncio")


def configure_logs(form: Literal["json", "console"] = "console", level: str = "INFO") -> None:
    """Send every log of this process to standard error. Libraries speak from WARNING on: their INFO names addresses with tokens."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        blot_out,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False) if form == "json" else structlog.dev.ConsoleRenderer(colors=False)
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer]
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def blot_out(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Whatever looks like a token, a key or a password becomes ***."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = _TOKEN.sub("***", value)
        elif isinstance(value, BaseException):
            event[key] = _TOKEN.sub("***", repr(value))
    return event
