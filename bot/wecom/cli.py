"""``ningwen wecom``."""

from __future__ import annotations

from typing import Annotated

import typer

from bot import texts


def mount(app: typer.Typer) -> None:
    """Add the command."""
    app.command("wecom", help=texts.WECOM_HELP)(wecom)


def wecom(helper: Annotated[bool, typer.Option("--helper", hidden=True)] = False) -> None:
    """Answer in WeCom until a signal ends it; a helper receives nothing and ends with the process that started it."""
    from bot.logs import configure_logs
    from bot.processes import run_process
    from bot.settings import BotSettings
    from bot.wecom.run import run_helper, run_wecom
    from rag.settings import Settings

    settings = BotSettings.load()
    configure_logs(settings.log_format, settings.log_level)
    run_process((run_helper if helper else run_wecom)(settings, Settings.load()))
