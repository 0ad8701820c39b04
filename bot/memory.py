"""When garbage is looked for: hardly ever while a command runs, as usual in a process that goes on answering."""

from __future__ import annotations

import gc

_UNLOOKED = 100_000
"""Objects made before garbage is looked for: nearly all that a start makes stays, and looking every 700 took a tenth of it."""

_USUAL = gc.get_threshold()


def look_rarely() -> None:
    """For the time of a start, and all of a short command."""
    gc.set_threshold(_UNLOOKED)


def keep_opened() -> None:
    """Called once by a process that goes on for days when all is open: what is there stays, what comes is looked at as usual."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_USUAL)


def look_no_more() -> None:
    """At the end: an interpreter that ends looks through all objects once more, which took a tenth of an answer's time."""
    gc.freeze()
