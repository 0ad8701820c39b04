"""Who may ask. Closed by default: an allow-list, or a code that an administrator approves.

A stranger in a private chat learns a code and nothing else; an unknown group gets silence.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

from bot.errors import StoreError
from bot.grants import Grant, add_grant, is_granted, pairing_code
from bot.pseudonyms import Pseudonyms, load_key, platform
from bot.records import Message
from bot.settings import BotSettings
from bot.store import Store

Verdict = Literal["allowed", "pair", "silent"]
_REMEMBERED = 600.0
"""Seconds for which a grant that was read is taken for granted while the database can't be read."""


class Access:
    """Decides for each message. Safe to use from several threads."""

    def __init__(
        self, store: Store, pseudonyms: Pseudonyms, *, users: tuple[str, ...] = (), groups: tuple[str, ...] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self.pseudonyms = pseudonyms
        self._store = store
        self._users, self._groups = frozenset(users), frozenset(groups)
        self._clock = clock
        self._seen: dict[str, float] = {}

    @classmethod
    def open(cls, store: Store, settings: BotSettings) -> Access:
        """Access by these settings; makes the key of the pseudonyms when there is none."""
        key = settings.hash_key.get_secret_value().encode() if settings.hash_key else load_key(settings.data_dir)
        return cls(store, Pseudonyms(key), users=settings.allowed_users, groups=settings.allowed_groups)

    def decide(self, message: Message) -> Verdict:
        """What becomes of a message. Raises StoreError."""
        if message.group:
            return "allowed" if self.knows_group(message.channel, message.chat) else "silent"
        return "allowed" if self.knows_user(message.channel, message.user) else "pair"

    def knows_user(self, channel: str, user: str) -> bool:
        """Whether a person may ask in private. Raises StoreError."""
        return self._is_listed(channel, user, self._users) or self._is_granted(self.pseudonyms.user(channel, user))

    def knows_group(self, channel: str, chat: str) -> bool:
        """Whether anybody may ask in a group. Raises StoreError."""
        return self._is_listed(channel, chat, self._groups) or self._is_granted(self.pseudonyms.group(channel, chat))

    def may_hear(self, message: Message) -> bool:
        """The same as ``decide``, from memory where the database can't be read; in doubt, no."""
        try:
            return self.decide(message) == "allowed"
        except StoreError:
            names = self.pseudonyms
            key = names.group(message.channel, message.chat) if message.group else names.user(message.channel, message.user)
            return self._clock() - self._seen.get(key, -_REMEMBERED) < _REMEMBERED

    def code_for(self, message: Message) -> str | None:
        """The six digits of a stranger; None when too many strangers wait. Raises StoreError."""
        user_key = self.pseudonyms.user(message.channel, message.user)
        return pairing_code(self._store, user_key, platform(message.channel), now=self._clock())

    def move_group(self, channel: str, old: str, new: str) -> None:
        """A group that may ask keeps that under its new id; another stays unknown. Raises StoreError."""
        if self.knows_group(channel, old) and not self.knows_group(channel, new):
            add_grant(self._store, Grant(self.pseudonyms.group(channel, new), "group", platform(channel), "", self._clock()))

    def _is_granted(self, key: str) -> bool:
        granted = is_granted(self._store, key)
        if granted:
            if len(self._seen) > 50_000:
                self._seen.clear()
            self._seen[key] = self._clock()
        else:
            self._seen.pop(key, None)
        return granted

    @staticmethod
    def _is_listed(channel: str, identity: str, listed: frozenset[str]) -> bool:
        names = {channel, platform(channel)}
        return any(f"{name}:{identity}" in listed or f"{name}:*" in listed for name in names)
