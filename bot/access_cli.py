"""``ningwen access``: who was let in, and who waits."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from bot import texts
from rag.errors import InputError

if TYPE_CHECKING:
    from bot.settings import BotSettings
    from bot.store import Store

access_app = typer.Typer(help=texts.ACCESS_HELP, no_args_is_help=True)
SHOWN = 12
"""Characters of a pseudonym that are shown; enough to revoke by."""


def mount(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(access_app, name="access")


@access_app.command("approve", help=texts.APPROVE_HELP)
def approve_code(
    code: Annotated[str, typer.Argument(help=texts.APPROVE_CODE)],
    note: Annotated[str, typer.Option("--note", help=texts.APPROVE_NOTE)] = "",
) -> None:
    """Let in whoever holds the code."""
    from bot.grants import approve

    with _store() as (store, _):
        grant = approve(store, code.strip(), note[:200], now=time.time())
    if grant is None:
        raise InputError(texts.NO_SUCH_CODE.format(code=code[:20]))
    print(texts.APPROVED.format(platform=grant.platform, key=grant.key[:SHOWN]))


@access_app.command("list", help=texts.ACCESS_LIST_HELP)
def list_access() -> None:
    """The allow-lists, the grants and the codes that wait."""
    from bot.grants import list_grants, list_pairings

    with _store() as (store, settings):
        grants, pairings = list_grants(store), list_pairings(store, now=time.time())
    for name in (*settings.allowed_users, *settings.allowed_groups):
        print(texts.ACCESS_LISTED.format(name=name))
    for grant in grants:
        kind, at = texts.ACCESS_KINDS[grant.kind], _date(grant.created)
        print(texts.ACCESS_GRANTED.format(key=grant.key[:SHOWN], kind=kind, platform=grant.platform, at=at, note=grant.note))
    for pairing in pairings:
        print(texts.ACCESS_WAITING.format(code=pairing.code, platform=pairing.platform, at=_date(pairing.created)))
    if not (grants or pairings or settings.allowed_users or settings.allowed_groups):
        print(texts.ACCESS_NOBODY)


@access_app.command("revoke", help=texts.REVOKE_HELP)
def revoke_access(who: Annotated[str, typer.Argument(help=texts.REVOKE_WHO)]) -> None:
    """Shut out one person or group."""
    from bot.access import Access
    from bot.grants import revoke

    with _store() as (store, settings):
        if ":" in who:
            channel, _, identity = who.partition(":")
            names = Access.open(store, settings).pseudonyms
            found = revoke(store, names.user(channel, identity)) or revoke(store, names.group(channel, identity))
        elif len(who) >= 6 and all(character in "0123456789abcdef" for character in who):
            found = revoke(store, who)
        else:
            raise InputError(texts.BAD_REVOKE)
    if not found:
        raise InputError(texts.NO_SUCH_GRANT.format(who=who[:60]))
    if len(found) > 1:
        raise InputError(texts.AMBIGUOUS_GRANT.format(count=len(found)))
    print(texts.REVOKED.format(key=found[0].key[:SHOWN]))


@contextmanager
def _store() -> Iterator[tuple[Store, BotSettings]]:
    from bot.settings import BotSettings
    from bot.store import open_store

    settings = BotSettings.load()
    store = open_store(settings.database_url, timeout=settings.database_timeout)
    try:
        yield store, settings
    finally:
        store.close()


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M")
