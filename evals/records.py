"""Every record of an evaluation, in the order data flows. All frozen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Split = Literal["dev", "test"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Verbatim text that stands at a locator and holds the answer."""

    locator: str
    text: str


@dataclass(frozen=True, slots=True)
class PastTurn:
    """An earlier question of the conversation, with its answer when the case gives one."""

    question: str
    answer: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A question with what a right answer cites and says, or why there is none."""

    id: str
    category: str
    question: str
    split: Split = "test"
    history: tuple[PastTurn, ...] = ()
    locators: tuple[tuple[str, ...], ...] = ()  # every group is needed, any locator of a group will do
    facts: tuple[tuple[str, ...], ...] = ()  # every group is needed, any spelling of a group will do
    evidence: tuple[Evidence, ...] = ()
    unanswerable: str | None = None  # the reason, when the documents do not answer


@dataclass(frozen=True, slots=True)
class Observation:
    """What the assistant did with a case: its answer as JSON, or the error that it raised."""

    case: str
    answer: dict[str, Any] | None
    error: str | None
    latency_ms: float
    usage: dict[str, float] = field(default_factory=dict)  # prompt and completion tokens, cost; model-backed modes


@dataclass(frozen=True, slots=True)
class Score:
    """One measure of one case. ``value`` is None when the measure does not apply; ``reason`` explains a loss."""

    case: str
    measure: str
    value: float | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its 95 % bootstrap interval, over ``count`` scored cases."""

    mean: float
    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class Summary:
    """Means by split and measure, and by split, category and measure; ``spec`` says what was run."""

    spec: dict[str, Any]
    overall: dict[str, dict[str, Interval]]  # split → measure
    categories: dict[str, dict[str, dict[str, Interval]]]  # split → category → measure
    values: dict[str, dict[str, float]]  # measure → case → value, for paired comparison
    errors: int
    unscored: int
