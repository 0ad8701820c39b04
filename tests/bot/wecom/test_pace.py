"""The platform's limits are kept on this side, where going over them would be silent."""

from __future__ import annotations

from bot.wecom.pace import Pace


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_minute_and_an_hour() -> None:
    """So many in any sixty seconds, and so many in any hour; another chat is not held up."""
    clock = Clock()
    pace = Pace(3, 5, clock)
    for second in range(3):
        clock.now = 1000.0 + second
        assert pace.wait("a") == 0
        pace.count("a")
    assert pace.wait("a") == 58.0
    assert pace.wait("b") == 0
    clock.now += pace.wait("a")
    assert pace.wait("a") == 0
    pace.count("a")
    clock.now += 60
    pace.count("a")
    clock.now += 60
    assert pace.wait("a") == 1000.0 + 3600 - clock.now


def test_some_are_kept_back() -> None:
    """Growth stops while there is still room for answers."""
    clock = Clock()
    pace = Pace(3, 100, clock)
    pace.count("a")
    assert pace.wait("a", spare=1) == 0
    pace.count("a")
    assert pace.wait("a", spare=1) == 60.0
    assert pace.wait("a") == 0
