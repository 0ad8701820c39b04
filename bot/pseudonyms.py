"""Platform ids → keyed hashes. Without the key, nobody can tell who asked."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from bot import texts
from bot.records import Message
from bot.store import Keys
from rag.errors import StorageError

_FILE = "hash.key"


def platform(channel: str) -> str:
    """The platform of a channel: a person is the same in each channel of one platform."""
    return channel.split("-", 1)[0]


class Pseudonyms:
    """Stable for one key; different kinds of id never meet."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def user(self, channel: str, user: str) -> str:
        """A person of a platform."""
        return self._hash("user", platform(channel), user)

    def group(self, channel: str, chat: str) -> str:
        """A group of a platform."""
        return self._hash("group", platform(channel), chat)

    def chat(self, channel: str, chat: str) -> str:
        """A chat of a channel: its messages are answered in order."""
        return self._hash("chat", channel, chat)

    def keys(self, message: Message) -> Keys:
        """All under which a message is kept. A session is one person's in one chat."""
        return Keys(
            message=self._hash("message", message.channel, message.id),
            chat=self.chat(message.channel, message.chat),
            user=self.user(message.channel, message.user),
            session=self._hash("session", message.channel, message.chat, message.user),
        )

    def _hash(self, *parts: str) -> str:
        text = "\0".join(parts).encode("utf-8", "surrogatepass")
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()[:40]


def load_key(data_dir: Path) -> bytes:
    """The key in the data folder, made at the first call and readable by its owner only. Raises StorageError."""
    path = data_dir / _FILE
    try:
        if not path.exists():
            data_dir.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f"{_FILE}.{os.getpid()}.{secrets.token_hex(4)}")
            with os.fdopen(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
                file.write(secrets.token_hex(32))
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(temporary, path)  # of two processes the first wins, and both read its key
            except FileExistsError:
                pass
            finally:
                temporary.unlink()
        return path.read_bytes()
    except OSError as error:
        raise StorageError(texts.KEY_FAILED.format(path=path), detail=type(error).__name__) from error
