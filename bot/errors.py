"""What can go wrong between a person and the assistant; the rest of the tree is in ``rag/errors.py``.

NingwenError
├── DeliveryError   a platform did not take what was sent; may be retryable
└── StoreError      the database can't be read or written (locked, full, gone)
"""

from __future__ import annotations

from rag.errors import NingwenError


class DeliveryError(NingwenError):
    """A platform refused or lost a reply.

    ``retryable``: sending again may help; ``after``: seconds to wait first (Retry-After), None when the platform
    does not say; ``uncertain``: the reply may have arrived all the same (the answer to the request was lost).
    """

    def __init__(
        self, user_message: str, *, detail: str = "", retryable: bool = True, after: float | None = None, uncertain: bool = False
    ) -> None:
        super().__init__(user_message, detail=detail)
        self.retryable = retryable
        self.after = after
        self.uncertain = uncertain


class StoreError(NingwenError):
    """The database can't be read or written now; nothing of the step was kept."""

    retryable = True


class Undone(Exception):
    """One of several writes that are one transaction failed: none was committed. Never leaves ``bot/commits.py``."""
