"""Commands that a person types in a chat: /start /help /ask /new /sources /original."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot import texts
from rag.errors import InputError

if TYPE_CHECKING:
    from rag.assistant import Assistant

NEW = "new"


@dataclass(frozen=True, slots=True)
class Command:
    """What was typed after the slash: its name in lower case, and the rest."""

    name: str
    rest: str


def read_command(text: str) -> Command | None:
    """「/original 21」 → Command; None when the text is no command. 「/ask@bot 问题」 loses the name of the bot."""
    stripped = text.strip()
    if not stripped.startswith("/") or len(stripped) < 2 or not stripped[1].isalpha():
        return None
    head, *rest = stripped[1:].split(None, 1)
    return Command(head.split("@")[0].lower(), rest[0].strip() if rest else "")


def carry_out(command: Command, assistant: Assistant) -> str:
    """The sentence that a command gets; /ask is none of these, and /new is done by the service. Never raises InputError."""
    action = _ACTIONS.get(command.name)
    if action is None:
        return texts.UNKNOWN_COMMAND
    try:
        return action(command.rest, assistant)
    except InputError as error:
        return error.user_message


def _start(_rest: str, _assistant: Assistant) -> str:
    return texts.BOT_START


def _help(_rest: str, _assistant: Assistant) -> str:
    return texts.BOT_HELP


def _new(_rest: str, _assistant: Assistant) -> str:
    return texts.CHAT_NEW


def _sources(_rest: str, assistant: Assistant) -> str:
    from bot.places import sources_text

    return sources_text(assistant)


def _original(rest: str, assistant: Assistant) -> str:
    from bot.places import place_text

    return place_text(assistant, rest) if rest else texts.ORIGINAL_USAGE


_ACTIONS: dict[str, Callable[[str, Assistant], str]] = {
    "start": _start, "help": _help, NEW: _new, "sources": _sources, "original": _original,
}  # fmt: skip
