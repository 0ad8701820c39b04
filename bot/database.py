"""An engine on SQLite or PostgreSQL whose schema is up to date, and transactions that fail as StoreError.

SQLite runs in WAL with a full sync: what is committed survives the power cut. A write takes the lock when it
begins, so that a transaction never fails half-way because another wrote.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, NoSuchModuleError, OperationalError, SQLAlchemyError

from bot import texts
from bot.commits import Commits
from bot.errors import StoreError, Undone
from bot.migrations import HEAD
from rag.errors import ConfigurationError

_MIGRATION_LOCK = 7_015_902_233
"""Any number: the advisory lock that processes on one PostgreSQL agree on."""


class Database:
    """Transactions on one database. Safe to use from several threads and processes."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.commits = Commits(self)
        self._open = threading.local()

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self.engine.dialect.name

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that writes, or a part of the thread's ``together``. Raises StoreError; an IntegrityError passes through."""
        if self._shared is not None:
            with self._joined(self._shared) as shared:
                yield shared
            return
        with self._translated(), self.engine.connect().execution_options(immediate=True) as connection, connection.begin():
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads, or a part of the thread's ``together``. Raises StoreError."""
        if self._shared is not None:
            with self._joined(self._shared) as shared:
                yield shared
            return
        with self._translated(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def together(self) -> Iterator[None]:
        """What this thread reads and writes inside is one transaction. Raises Undone when a part failed, even if that was dealt with."""
        with self.write() as connection:
            self._open.connection, self._open.failed = connection, False
            try:
                yield
                if self._open.failed:
                    raise Undone
            finally:
                self._open.connection = None

    @property
    def _shared(self) -> Connection | None:
        return getattr(self._open, "connection", None)

    @contextmanager
    def _joined(self, shared: Connection) -> Iterator[Connection]:
        try:
            with self._translated():
                yield shared
        except BaseException:
            self._open.failed = True
            raise

    def close(self) -> None:
        """Give every connection back."""
        self.commits.close()
        self.engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise
        except SQLAlchemyError as error:
            raise StoreError(texts.STORE_FAILED, detail=_plain(error)) from error


def open_database(url: str, *, timeout: float = 5, pool: int = 4) -> Database:
    """Open a database, making or upgrading its schema first.

    ``timeout``: seconds to wait for a lock or a connection. Raises ConfigurationError for an address that can't
    be used, StoreError when the database can't be reached.
    """
    address = _read_url(url)
    database = Database(_make_engine(address, timeout, pool))
    try:
        with database._translated():
            if not _is_current(database.engine):
                _migrate(database.engine, address, timeout)
    except StoreError:
        database.close()
        raise
    return database


def _read_url(url: str) -> URL:
    try:
        address = make_url(url)
    except ArgumentError:
        raise ConfigurationError(texts.BAD_DATABASE) from None
    if address.drivername in ("postgres", "postgresql"):
        address = address.set(drivername="postgresql+psycopg")
    if address.get_backend_name() not in ("sqlite", "postgresql"):
        raise ConfigurationError(texts.BAD_DATABASE, detail=address.drivername)
    return address


def _make_engine(address: URL, timeout: float, pool: int) -> Engine:
    sqlite = address.get_backend_name() == "sqlite"
    if sqlite and address.database:
        _prepare_file(Path(address.database))
    arguments: dict[str, Any] = {"timeout": timeout, "check_same_thread": False} if sqlite else {"connect_timeout": max(2, int(timeout))}
    try:
        engine = create_engine(
            address, pool_size=pool, max_overflow=pool, pool_timeout=timeout, pool_pre_ping=not sqlite, connect_args=arguments,
            hide_parameters=True,
        )  # fmt: skip
    except (NoSuchModuleError, ImportError) as error:
        raise ConfigurationError(texts.BAD_DATABASE, detail=type(error).__name__) from None
    if sqlite:
        event.listen(engine, "connect", _prepare_connection)
        event.listen(engine, "begin", _begin)
    else:
        event.listen(engine, "connect", _limit_waiting(timeout))
    return engine


def _prepare_file(path: Path) -> None:
    """The file's folder, and the file readable by its owner alone."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreError(texts.STORE_FAILED, detail=type(error).__name__) from error


def _prepare_connection(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by _begin, not by the driver
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate")
    raw = connection.connection.dbapi_connection  # the driver's own: a statement of the library would cost as much as a query
    assert raw is not None
    try:
        raw.execute("BEGIN IMMEDIATE" if immediate else "BEGIN")
    except sqlite3.Error as error:
        raise OperationalError("BEGIN", None, error) from error


def _limit_waiting(timeout: float) -> Any:
    def set_timeout(connection: Any, _record: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = {int(timeout * 1000)}")
        connection.commit()

    return set_timeout


def _is_current(engine: Engine) -> bool:
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == HEAD


def _migrate(engine: Engine, address: URL, timeout: float) -> None:
    """Bring the schema to HEAD; processes that start together wait for each other."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    with _one_at_a_time(engine, address, timeout), engine.connect().execution_options(immediate=True) as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@contextmanager
def _one_at_a_time(engine: Engine, address: URL, timeout: float) -> Iterator[None]:
    if engine.dialect.name == "sqlite":
        if not address.database or address.database == ":memory:":
            yield
            return
        try:
            with FileLock(f"{address.database}.lock", timeout=max(timeout, 30)):
                yield
        except (Timeout, OSError) as error:
            raise StoreError(texts.STORE_FAILED, detail=type(error).__name__) from error
        return
    with engine.connect() as connection:
        connection.execute(text("SET LOCAL lock_timeout = '60s'"))
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _MIGRATION_LOCK})
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _MIGRATION_LOCK})


def _plain(error: SQLAlchemyError) -> str:
    """What the driver said, without statement, parameters or address."""
    original = getattr(error, "orig", None)
    return f"{type(original).__name__}: {original}".splitlines()[0][:200] if original else type(error).__name__
