"""What changed since a baseline, case by case."""

from __future__ import annotations

from dataclasses import dataclass

from evals.measures import LOWER_IS_BETTER, NAMES, USAGE
from evals.records import Baseline, Case, Run, Told

_ALIKE = 1e-9


@dataclass(frozen=True, slots=True)
class Step:
    """One measure of a case, before and now."""

    measure: str
    name: str
    before: float
    after: float
    better: bool


@dataclass(frozen=True, slots=True)
class Change:
    """A case whose scores differ. ``before`` is None when the baseline does not say what was told."""

    case: Case
    steps: tuple[Step, ...]
    before: Told | None
    after: Told

    @property
    def worse(self) -> bool:
        """True when any measure fell."""
        return any(not step.better for step in self.steps)


def find_changes(run: Run, baseline: Baseline) -> tuple[Change, ...]:
    """Every case of both whose scores differ, those that got worse first, else in the order of the gold files."""
    changes = []
    for case in run.cases:
        steps = tuple(step for measure in NAMES if (step := _step(run, baseline, measure, case.id)) is not None)
        if steps:
            changes.append(Change(case, steps, baseline.told.get(case.id), run.summary.told[case.id]))
    return tuple(sorted(changes, key=lambda change: not change.worse))


def reworded(run: Run, baseline: Baseline) -> int:
    """How many answers of cases whose scores are the same read differently."""
    scored = {change.case.id for change in find_changes(run, baseline)}
    told = run.summary.told
    return sum(case.id not in scored and case.id in baseline.told and baseline.told[case.id] != told[case.id] for case in run.cases)


def _step(run: Run, baseline: Baseline, measure: str, case: str) -> Step | None:
    before = baseline.values.get(measure, {}).get(case)
    after = run.summary.values.get(measure, {}).get(case)
    if measure in USAGE or before is None or after is None or abs(after - before) < _ALIKE:
        return None
    return Step(measure, NAMES[measure], before, after, (after > before) != (measure in LOWER_IS_BETTER))
