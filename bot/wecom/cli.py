"""``ningwen wecom``."""

from __future__ import annotations

import typer

from bot import texts


def mount(app: typer.Typer) -> None:
    """Add the command."""
    app.command("wecom", help=texts.WECOM_HELP)(wecom)


def wecom() -> None:
    """Answer in WeCom until a signal ends it."""
    import asyncio

    from bot.logs import configure_logs
    from bot.settings import BotSettings
    from bot.wecom.run import run_wecom
    from rag.settings import Settings

    settings = BotSettings.load()
    configure_logs(settings.log_format, settings.log_level)
    asyncio.run(run_wecom(settings, Settings.load()))
