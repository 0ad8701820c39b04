"""Everything that can go wrong, as one tree.

    NingwenError
    ├── InputError            what the caller typed or sent can't be read          exit 2
    │   └── LocatorError      a locator or a reference that can't be parsed
    ├── ConfigurationError    settings that contradict each other or are missing   exit 2
    ├── CorpusError           manifest or sources: missing, changed, not parseable exit 2
    │   └── ConformanceError  a parse that lost text or missed what the manifest promises
    ├── StorageError          a folder that can't be read or written, a full disk  exit 2
    ├── IndexUnavailableError no complete index for these settings                 exit 2
    └── EndpointError         an embedding or chat endpoint failed                 exit 2, may be retryable

People see ``user_message`` (one Chinese sentence, says what to do); logs get ``str(error)``.
"""

from __future__ import annotations

from typing import Literal


class NingwenError(Exception):
    """Base of all errors this project raises on purpose.

    ``user_message`` is for people; ``detail`` is for the log and never holds a secret.
    """

    retryable: bool = False
    exit_code: int = 2

    def __init__(self, user_message: str, *, detail: str = "") -> None:
        super().__init__(f"{user_message} [{detail}]" if detail else user_message)
        self.user_message = user_message


class InputError(NingwenError):
    """A question, option or line that can't be used."""


class LocatorError(InputError):
    """A string that is no locator."""


class ConfigurationError(NingwenError):
    """Settings that are missing, malformed or contradict each other."""


class CorpusError(NingwenError):
    """The manifest or a source is missing, changed or unreadable."""


class ConformanceError(CorpusError):
    """The parse lost text, or did not find what the manifest expects."""


class StorageError(NingwenError):
    """The data folder can't be read or written."""


class IndexUnavailableError(NingwenError):
    """There is no complete index for the present corpus and settings."""


Reason = Literal[
    "", "key", "model", "limit", "server", "connection", "timeout", "cut", "empty", "filtered", "context", "malformed", "resting"
]  # fmt: skip
"""What an endpoint did: refused the key or the model, asked to wait, failed, did not answer, ended in mid-reply, said
nothing, stopped by its filter, found the prompt too long, sent what can't be read; or is left alone for a while."""


class EndpointError(NingwenError):
    """A remote endpoint failed; ``retryable`` tells whether asking again may help, ``reason`` what it did."""

    def __init__(self, user_message: str, *, detail: str = "", retryable: bool = True, reason: Reason = "") -> None:
        super().__init__(user_message, detail=detail)
        self.retryable = retryable
        self.reason: Reason = reason
