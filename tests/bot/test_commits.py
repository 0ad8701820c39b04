"""Steps that wait at the same time are one transaction; one that fails fails alone."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import event

from bot.errors import StoreError, Undone
from bot.store import Store, open_store


def count_commits(store: Store) -> list[object]:
    """A list that grows with each commit."""
    seen: list[object] = []
    event.listen(store.engine, "commit", seen.append)
    return seen


def put(store: Store, name: str) -> Callable[[], None]:
    return lambda: store.put_value(name, name)


def names(store: Store) -> list[str]:
    return sorted(store.list_values("", now=0))


async def test_what_waits_together_is_one_transaction(store: Store) -> None:
    """Ten steps that are asked for at once are one commit, in their order, and each gets its own result."""
    commits, seen, order = store.commits, count_commits(store), []

    def step(number: int) -> int:
        store.put_value(str(number), str(number))
        order.append(number)
        return number

    assert await asyncio.gather(*[commits.run(lambda n=n: step(n)) for n in range(10)]) == list(range(10))  # type: ignore[misc]
    assert order == list(range(10))
    assert len(seen) == 1
    assert names(store) == [str(number) for number in range(10)]


async def test_a_step_that_fails_fails_alone(store: Store) -> None:
    """The others of its transaction are kept, whether the failure passes through the step or is dealt with inside of it."""
    commits = store.commits

    def fail() -> None:
        store.put_value("undone", "undone")
        raise ValueError

    def insert_twice() -> bool:
        store.add_value("one", "one", now=0)
        return store.add_value("one", "two", now=0)

    steps = [put(store, "before"), fail, insert_twice, put(store, "after")]
    outcomes = await asyncio.gather(*[commits.run(step) for step in steps], return_exceptions=True)
    assert outcomes[0] is outcomes[3] is None
    assert isinstance(outcomes[1], ValueError)
    assert outcomes[2] is False
    assert names(store) == ["after", "before", "one", "undone"]


def test_nothing_is_kept_by_halves(store: Store) -> None:
    """A transaction in which a part failed is undone even where the failure was dealt with."""

    def write() -> None:
        with store.together():
            store.put_value("one", "one")
            store.add_value("two", "two", now=0)
            assert not store.add_value("two", "two", now=0)

    with pytest.raises(Undone):
        write()
    assert names(store) == []


async def test_a_database_that_is_held(tmp_path: Path) -> None:
    """Everybody who came while the lock was waited for hears at once that it can't be had; then all goes on."""
    store = open_store(f"sqlite:///{tmp_path / 'held.db'}", timeout=0.4)
    commits, begun = store.commits, time.monotonic()
    with contextlib.closing(sqlite3.connect(tmp_path / "held.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        first = asyncio.create_task(commits.run(put(store, "a")))
        await asyncio.sleep(0.2)
        later = [asyncio.create_task(commits.run(put(store, name))) for name in "bc"]
        outcomes = await asyncio.gather(first, *later, return_exceptions=True)
        assert all(isinstance(outcome, StoreError) for outcome in outcomes)
        assert time.monotonic() - begun < 2
        other.execute("ROLLBACK")
    await commits.run(put(store, "d"))
    assert names(store) == ["d"]
    store.close()


async def test_whoever_gave_up_holds_nobody_up(store: Store) -> None:
    """A step whose asker was cancelled is carried out, and the others get their results."""
    commits, gate = store.commits, threading.Event()
    first = asyncio.create_task(commits.run(lambda: gate.wait(5)))
    await asyncio.sleep(0.05)
    gone, stays = (asyncio.create_task(commits.run(put(store, name))) for name in ("gone", "stays"))
    await asyncio.sleep(0)
    gone.cancel()
    gate.set()
    await asyncio.gather(first, stays)
    assert names(store) == ["gone", "stays"]
