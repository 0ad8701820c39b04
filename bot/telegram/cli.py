"""``ningwen telegram``."""

from __future__ import annotations

from typing import Annotated

import typer

from bot import texts


def mount(app: typer.Typer) -> None:
    """Add the command."""
    app.command("telegram", help=texts.TELEGRAM_HELP)(telegram)


def telegram(
    webhook: Annotated[str | None, typer.Option("--webhook", help=texts.TELEGRAM_WEBHOOK)] = None,
    helper: Annotated[bool, typer.Option("--helper", hidden=True)] = False,
) -> None:
    """Answer in Telegram until a signal ends it; a helper receives nothing and ends with the process that started it."""
    from bot.logs import configure_logs
    from bot.processes import run_process
    from bot.settings import BotSettings
    from bot.telegram.run import run_helper, run_telegram
    from rag.settings import Settings

    overrides = {"telegram_webhook_url": webhook} if webhook else {}
    settings = BotSettings.load(**overrides)
    configure_logs(settings.log_format, settings.log_level)
    run_process((run_helper if helper else run_telegram)(settings, Settings.load()))
