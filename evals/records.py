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
class Judgement:
    """What a model judged of one case's answer: the share of its statements that their quotes carry, or why it could not."""

    case: str
    value: float | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """One measure of one case; ``reason`` explains a loss.

    ``value`` is None when the measure does not apply, or, with ``unscored``, when it does but could not be taken.
    """

    case: str
    measure: str
    value: float | None
    reason: str = ""
    unscored: bool = False


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its 95 % bootstrap interval, over ``count`` scored cases."""

    mean: float
    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class Told:
    """What a person was told in a case: enough to see what changed since."""

    status: str
    answer: str
    cited: tuple[str, ...] = ()  # locators, in the order of the citations


@dataclass(frozen=True, slots=True)
class Summary:
    """Means by split and measure, and by split, category and measure; ``spec`` says what was run."""

    spec: dict[str, Any]
    overall: dict[str, dict[str, Interval]]  # split → measure
    categories: dict[str, dict[str, dict[str, Interval]]]  # split → category → measure
    values: dict[str, dict[str, float]]  # measure → case → value, for paired comparison
    halves: dict[str, tuple[str, ...]]  # split → its cases
    errors: dict[str, str] = field(default_factory=dict)  # case → what was raised
    unscored: dict[str, float] = field(default_factory=dict)  # measure → share of its cases that could not be scored
    told: dict[str, Told] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Baseline:
    """An earlier summary to compare with: the last accepted one, or that of another run."""

    spec: dict[str, Any]
    overall: dict[str, dict[str, Interval]]
    values: dict[str, dict[str, float]]
    told: dict[str, Told] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run with all that follows from it."""

    cases: tuple[Case, ...]
    observations: tuple[Observation, ...]
    scores: tuple[Score, ...]
    summary: Summary

