"""Who holds a row: a process, named so that another on the same machine can tell that it is gone."""

from __future__ import annotations

import os
import secrets
import socket
from contextlib import suppress
from functools import cache
from pathlib import Path

_mine: set[str] = set()


def make_owner() -> str:
    """A name for this process, or for one part of it, that no other ever has."""
    owner = f"{_machine()}|{os.getpid()}|{secrets.token_hex(4)}"
    _mine.add(owner)
    return owner


def is_dead(owner: str) -> bool:
    """Whether an owner has certainly ended; of another machine or container nothing is certain."""
    machine, _, process = owner.rpartition("|")[0].rpartition("|")
    if machine != _machine() or not process.isdigit() or owner in _mine:
        return False
    if int(process) == os.getpid():
        return True  # an earlier process had this number
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


@cache
def _machine() -> str:
    """Host, boot and process namespace: within one of them a process number means one process."""
    known = [socket.gethostname()[:40]]
    with suppress(OSError):
        known.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")[:8])
    with suppress(OSError):
        known.append(str(Path("/proc/self/ns/pid").readlink()))
    return "/".join(known)
