"""``ningwen doctor``: one line for each thing that must work, what is wrong with it and what to do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import typer

from bot import texts
from rag.errors import NingwenError

if TYPE_CHECKING:
    from bot.settings import BotSettings
    from rag.settings import Settings

_CLOCK_TOLERANCE = 60.0
_PATIENCE = 8.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One line. ``good`` None: not configured, so not checked."""

    name: str
    good: bool | None
    text: str


def mount(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor", help=texts.DOCTOR_HELP)(doctor)


def doctor() -> None:
    """Print a line each; exit code 1 when something is wrong."""
    from bot.settings import BotSettings
    from rag.settings import Settings

    bad = False
    for finding in examine(BotSettings.load(), Settings.load()):
        mark = {True: "✓", False: "✗", None: "－"}[finding.good]
        print(f"{mark} {finding.name}：{finding.text}", flush=True)
        bad = bad or finding.good is False
    if bad:
        raise typer.Exit(1)


def examine(settings: BotSettings, rag: Settings) -> Iterator[Finding]:
    """Look at everything in turn; nothing here raises."""
    dates: list[float] = []
    checks: list[tuple[str, Callable[[], tuple[bool | None, str]]]] = [
        (texts.DOCTOR_INDEX, lambda: _index(rag)),
        (texts.DOCTOR_JUDGE, _judge),
        (texts.DOCTOR_DATABASE, lambda: _database(settings)),
        (texts.DOCTOR_MODEL, lambda: _model(rag, dates)),
        (texts.DOCTOR_TELEGRAM, lambda: _telegram(settings, dates)),
        (texts.DOCTOR_WECOM, lambda: _wecom(settings, dates)),
        (texts.DOCTOR_CLOCK, lambda: _clock(settings, dates)),
    ]
    for name, check in checks:
        try:
            good, text = check()
        except NingwenError as error:
            good, text = False, error.user_message
        except Exception as error:  # whatever is broken must not hide the other lines
            good, text = False, texts.DOCTOR_BROKEN.format(error=type(error).__name__)
        yield Finding(name, good, text)


def _index(rag: Settings) -> tuple[bool | None, str]:
    from rag.assistant import current_fingerprint
    from rag.search.folders import is_complete

    name = current_fingerprint(rag)
    return (True, texts.INDEX_READY.format(name=name)) if is_complete(rag.data_dir, name) else (False, texts.INDEX_MISSING)


def _judge() -> tuple[bool | None, str]:
    from rag.judging.judge import load_calibration
    from rag.judging.reader import fingerprint

    return True, texts.DOCTOR_JUDGE_GOOD.format(judge=load_calibration().fingerprint, reader=fingerprint())


def _database(settings: BotSettings) -> tuple[bool | None, str]:
    from bot.store import open_store

    store = open_store(settings.database_url, timeout=settings.database_timeout)
    try:
        key = "doctor"
        store.put_value(key, "", expires_at=time.time())
        store.delete_value(key)
        return True, texts.DOCTOR_DATABASE_GOOD.format(kind=store.dialect, waiting=store.waiting())
    finally:
        store.close()


def _model(rag: Settings, dates: list[float]) -> tuple[bool | None, str]:
    import httpx

    if not rag.chat_model:
        return None, texts.DOCTOR_NO_MODEL
    address = (rag.openai_base_url or "https://api.openai.com/v1").rstrip("/")
    headers = {"Authorization": f"Bearer {rag.openai_api_key.get_secret_value()}"} if rag.openai_api_key else {}
    try:
        response = httpx.get(f"{address}/models", headers=headers, timeout=_PATIENCE)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        return False, texts.DOCTOR_MODEL_UNREACHABLE.format(error=type(error).__name__)
    _note_date(response.headers.get("date"), dates)
    if response.status_code in (401, 403):
        return False, texts.DOCTOR_MODEL_KEY
    if response.status_code >= 400:
        return False, texts.DOCTOR_MODEL_STATUS.format(code=response.status_code)
    return True, texts.DOCTOR_MODEL_GOOD.format(model=rag.chat_model)


def _telegram(settings: BotSettings, dates: list[float]) -> tuple[bool | None, str]:
    import httpx

    if settings.telegram_token is None:
        return None, texts.DOCTOR_NO_TELEGRAM
    address = f"{settings.telegram_base_url.rstrip('/')}/bot{settings.telegram_token.get_secret_value()}/getMe"
    try:
        response = httpx.get(address, timeout=_PATIENCE)
        _note_date(response.headers.get("date"), dates)
        answer = response.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        return False, texts.DOCTOR_TELEGRAM_UNREACHABLE.format(error=type(error).__name__)
    if response.status_code in (401, 404):
        return False, texts.BAD_TELEGRAM_TOKEN
    if not answer.get("ok"):
        return False, texts.DOCTOR_TELEGRAM_UNREACHABLE.format(error=response.status_code)
    return True, texts.DOCTOR_TELEGRAM_GOOD.format(name=answer["result"]["username"])


def _wecom(settings: BotSettings, dates: list[float]) -> tuple[bool | None, str]:
    """The keys of each way, and whether the app gets a token. The bot's secrets are only checked by its own messages."""
    from bot.wecom.run import configured_ways

    ways = configured_ways(settings)
    if not ways:
        return None, texts.DOCTOR_NO_WECOM
    named = texts.DOCTOR_WECOM_GOOD.format(ways="、".join(texts.WECOM_WAYS[way] for way in ways))
    if "app" not in ways:
        return True, named
    good, text = _wecom_token(settings, dates)
    return good, f"{named}，{text}" if good else text


def _wecom_token(settings: BotSettings, dates: list[float]) -> tuple[bool, str]:
    import httpx

    secret = settings.wecom_secret.get_secret_value() if settings.wecom_secret else ""
    address = f"{settings.wecom_api_url.rstrip('/')}/cgi-bin/gettoken"
    try:
        response = httpx.get(address, params={"corpid": settings.wecom_corp_id or "", "corpsecret": secret}, timeout=_PATIENCE)
        _note_date(response.headers.get("date"), dates)
        answer = response.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        return False, texts.DOCTOR_WECOM_UNREACHABLE.format(error=type(error).__name__)
    if answer.get("errcode"):
        return False, texts.DOCTOR_WECOM_SECRET.format(code=answer["errcode"])
    return True, texts.DOCTOR_WECOM_TOKEN


def _clock(settings: BotSettings, dates: list[float]) -> tuple[bool | None, str]:
    """Against the servers that were asked; without any, against what was kept last: time never goes back."""
    if dates:
        off = max(dates, key=abs)
        good = abs(off) <= _CLOCK_TOLERANCE
        return good, texts.DOCTOR_CLOCK_GOOD if good else texts.DOCTOR_CLOCK_OFF.format(seconds=round(off))
    newest = max((path.stat().st_mtime for path in settings.data_dir.glob("*")), default=0.0)
    if newest > time.time() + _CLOCK_TOLERANCE:
        return False, texts.DOCTOR_CLOCK_BACK
    return None, texts.DOCTOR_CLOCK_ALONE


def _note_date(header: str | None, dates: list[float]) -> None:
    """How many seconds this machine is ahead of a server."""
    if header:
        try:
            dates.append(time.time() - parsedate_to_datetime(header).timestamp())
        except (TypeError, ValueError):
            return
