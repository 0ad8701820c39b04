"""What every test stands on: no connection leaves this machine, and slow data is made once per run."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        return False
    return True


def _is_local(host: str) -> bool:
    if _is_number(host):
        address = ipaddress.ip_address(host.split("%")[0])
        return address.is_loopback or address.is_unspecified
    return host in ("", "localhost") or host.endswith(".localhost")


@pytest.fixture(scope="session", autouse=True)
def outside_connections() -> Iterator[list[str]]:
    """The attempts to reach another machine since the present test began. Each of them fails the test.

    ``pytest.fail`` is raised because a retry loop swallows ordinary exceptions. Numeric addresses may be parsed
    (a server binds to them); only a name would ask the network.
    """
    attempts: list[str] = []
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def refuse(what: str) -> None:
        attempts.append(what)
        pytest.fail(f"a test tried to reach the outside: {what}")

    def check(sock: socket.socket, address: Any) -> None:
        if sock.family in (socket.AF_INET, socket.AF_INET6) and not _is_local(str(address[0])):
            refuse(f"connection to {address[0]}, port {address[1]}")

    def guarded_connect(sock: socket.socket, address: Any) -> None:
        check(sock, address)
        connect(sock, address)

    def guarded_connect_ex(sock: socket.socket, address: Any) -> int:
        check(sock, address)
        return connect_ex(sock, address)

    def guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name is not None and not _is_number(name) and not _is_local(name):
            refuse(f"look-up of {name}")
        return getaddrinfo(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)
        yield attempts


@pytest.fixture(autouse=True)
def _stay_inside(outside_connections: list[str]) -> Iterator[None]:
    """Fails a test whose attempt was swallowed, by a thread or a bare ``except``."""
    outside_connections.clear()
    yield
    if outside_connections:
        pytest.fail(f"a test tried to reach the outside: {'; '.join(outside_connections)}")


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder that all tests of a run share: the model is converted and the index built in it only once.

    NINGWEN_TEST_DATA names a folder that outlives the run. Tests of building and pruning take ``tmp_path`` instead.
    """
    kept = os.environ.get("NINGWEN_TEST_DATA")
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # each worker has a folder of its own inside the run's
    folder = Path(kept).resolve() if kept else base / "ningwen-data"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
