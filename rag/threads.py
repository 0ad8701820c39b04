"""Work beside other work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread


@contextmanager
def beside(action: Callable[..., object], *arguments: object) -> Iterator[None]:
    """Run ``action`` in a thread of its own while the block runs; its failure is its own.

    It is always waited for: a process that ends while a thread is in native code would abort.
    """
    thread = Thread(target=action, args=arguments)
    thread.start()
    try:
        yield
    finally:
        thread.join()
