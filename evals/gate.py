"""Summary + gate.toml + Baseline → verdict: may this be released?

A floor that is missed fails. A loss against the baseline fails when the paired bootstrap interval of the difference
lies wholly below zero and the loss is larger than allowed; a loss inside the noise warns. A case that raised, a case
of the baseline that was not run, a measure with nothing to judge and a judge that too often failed all fail.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as validated

from evals.measures import LOWER_IS_BETTER, NAMES, reading
from evals.records import Baseline, Interval, Split, Summary
from evals.score import paired_difference
from rag.errors import ConfigurationError

if TYPE_CHECKING:
    from evals.drafts import DraftRow

Level = Literal["fail", "warn", "note"]

DRAFT_NAMES: dict[str, str] = {
    "good": "如实转述",
    "figure": "数字改动",
    "unit": "单位改动",
    "date": "日期改动",
    "body": "主体调换",
    "article": "条号臆造",
    "no-passage": "标注落空",
    "wrong-passage": "标注错段",
    "negation": "否定翻转",
    "extra": "添加语句",
    "instruction": "听从指令",
    "language": "其他语言",
}
"""What a reader calls each kind of draft."""

_STRICT = ConfigDict(extra="forbid")


@validated(config=_STRICT, frozen=True)
class Target:
    """A floor that is not met yet: what is wanted, what was reached and may not be lost, and why."""

    target: float
    reached: float
    note: str


@validated(config=_STRICT, frozen=True)
class Latency:
    """What an answer may take: milliseconds, and how many times the baseline's median."""

    p50_ms: float | None = None
    p95_ms: float | None = None
    factor: float | None = None


@validated(config=_STRICT, frozen=True)
class Gate:
    """gate.toml. Floors are ceilings for measures where less is better."""

    floors: dict[str, float | Target]
    split: Split = "test"
    unscored: float = 0.02  # share of a measure's cases that may stay unscored
    drafts_lost: float = 0.05  # share of good drafts that verification may lose
    allowed_regression: dict[str, float] = field(default_factory=lambda: {"default": 0.01})
    latency: dict[str, Latency] = field(default_factory=dict)  # by mode
    categories: dict[str, dict[str, float | Target]] = field(default_factory=dict)
    unseen: dict[str, float | Target] = field(default_factory=dict)  # by measure of evals.measures.reading


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the verdict; ``cases`` are those that it is about."""

    level: Level
    measure: str
    category: str
    message: str
    cases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the gate passes, and why."""

    passed: bool
    findings: tuple[Finding, ...]


def read_gate(path: Path) -> Gate:
    """gate.toml. Raises ConfigurationError when it can't be read or says something unknown."""
    try:
        gate = TypeAdapter(Gate).validate_python(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, ValidationError) as error:
        raise ConfigurationError(f"评测门槛文件 {path.name} 无法读取。", detail=str(error)) from error
    floors = [gate.floors, *gate.categories.values()]
    unknown = sorted({measure for found in floors for measure in found} - set(NAMES)) + sorted(set(gate.unseen) - set(reading.NAMES))
    if unknown:
        raise ConfigurationError(f"评测门槛文件 {path.name} 里没有「{unknown[0]}」这个指标。")
    return gate


def judge(summary: Summary, gate: Gate, baseline: Baseline | None, *, drafts: Sequence[DraftRow] = (), whole: bool = True) -> Verdict:
    """Compare a summary with the floors and with the baseline; ``whole`` when every gold case should have been run."""
    findings = [*_errors(summary), *_floors(summary, gate), *_unscored(summary, gate), *_slow(summary, gate), *_drafts(drafts, gate)]
    if baseline is None:
        findings.append(Finding("warn", "baseline", "", "还没有基线，无法判断退步；确认后运行 ningwen eval accept"))
    elif baseline.spec.get("mode") != summary.spec.get("mode"):
        findings.append(Finding("warn", "baseline", "", f"基线是 {baseline.spec.get('mode')} 方式的结果，不与本次比较"))
    else:
        findings += [*_regressions(summary, gate, baseline), *_slower(summary, gate, baseline)]
        findings += _dropped(summary, baseline) if whole else ()
    return Verdict(not any(finding.level == "fail" for finding in findings), tuple(findings))


def _errors(summary: Summary) -> Iterator[Finding]:
    if summary.errors:
        first = next(iter(summary.errors.values()))
        yield Finding("fail", "errors", "", f"{len(summary.errors)} 题运行出错：{first}", tuple(summary.errors))


def _floors(summary: Summary, gate: Gate) -> Iterator[Finding]:
    scored = summary.overall.get(gate.split, {})
    if not scored:
        yield Finding("fail", "cases", "", f"{gate.split} 部分没有任何得分的题目")
    for measure, floor in gate.floors.items():
        yield from _floor(summary, gate, measure, "", floor, scored.get(measure))
    for category, floors in gate.categories.items():
        inside = summary.categories.get(gate.split, {}).get(category, {})
        for measure, floor in floors.items():
            yield from _floor(summary, gate, measure, category, floor, inside.get(measure))


def _floor(summary: Summary, gate: Gate, measure: str, category: str, floor: float | Target, found: Interval | None) -> Iterator[Finding]:
    where = f"{category} " if category else ""
    share, count = (found.mean, found.count) if found else (0.0, 0)
    for level, message in _against(f"{where}{NAMES[measure]} {measure}", floor, share, count, lower=measure in LOWER_IS_BETTER):
        yield Finding(level, measure, category, message, _lost(summary, gate.split, measure) if level == "fail" and count else ())


def _against(name: str, floor: float | Target, share: float, count: int, *, lower: bool) -> Iterator[tuple[Level, str]]:
    """What is to be said of a share that is held against a floor, or against a ceiling where ``lower`` is better."""
    bound = floor.reached if isinstance(floor, Target) else floor
    if count == 0:
        yield "fail", f"{name} 没有得分的题目"
    elif share > bound if lower else share < bound:
        yield "fail", f"{name} {share:.3f} {'高于上限' if lower else '低于下限'} {bound:g}（{count} 题）"
    elif isinstance(floor, Target):
        met = share <= floor.target if lower else share >= floor.target
        state = "已达到，应改为下限" if met else f"尚未达到：{floor.note}"
        yield "note", f"{name} {share:.3f}，目标 {floor.target:g} {state}"


def judge_unseen(rates: Mapping[str, reading.Rate], gate: Gate) -> Verdict:
    """Hold the measures on unseen documents against their floors; a gate without such floors fails rather than let all through."""
    findings = [] if gate.unseen else [Finding("fail", "unseen", "", "评测门槛文件里没有 [unseen] 的下限")]
    for measure, floor in gate.unseen.items():
        rate = rates.get(measure, reading.Rate(0, 0))
        held = _against(f"{reading.NAMES[measure]} {measure}", floor, rate.share, rate.of, lower=measure in reading.LOWER_IS_BETTER)
        findings += [Finding(level, measure, "", message) for level, message in held]
    return Verdict(not any(finding.level == "fail" for finding in findings), tuple(findings))


def _lost(summary: Summary, split: Split, measure: str) -> tuple[str, ...]:
    """The cases of a half that lost something in a measure."""
    best = 0.0 if measure in LOWER_IS_BETTER else 1.0
    values = summary.values.get(measure, {})
    return tuple(name for name in summary.halves.get(split, ()) if values.get(name, best) != best)


def _unscored(summary: Summary, gate: Gate) -> Iterator[Finding]:
    for measure, share in summary.unscored.items():
        if share > gate.unscored:
            yield Finding("fail", measure, "", f"{NAMES[measure]} {measure} 有 {share:.1%} 的题目未能计分，上限 {gate.unscored:.0%}")


def _drafts(drafts: Sequence[DraftRow], gate: Gate) -> Iterator[Finding]:
    """Of poisoned drafts none may reach a reader; of good ones only so many may be lost."""
    for row in drafts:
        through, failed = row.drafts - row.caught, "、".join(row.failed)
        if row.kind != "good" and through:
            message = f"核验放过了 {through} 份「{DRAFT_NAMES.get(row.kind, row.kind)}」草稿：{failed}"
            yield Finding("fail", "drafts", row.kind, message)
        if row.kind == "good" and row.lost > gate.drafts_lost * row.drafts:
            yield Finding("fail", "drafts", row.kind, f"核验误伤 {row.lost} 份如实草稿，上限 {gate.drafts_lost:.0%}：{failed}")



def _regressions(summary: Summary, gate: Gate, baseline: Baseline) -> Iterator[Finding]:
    for measure in NAMES:
        allowed = gate.allowed_regression.get(measure)
        if allowed is None and not _is_quality(measure):
            continue
        bound = gate.allowed_regression["default"] if allowed is None else allowed
        yield from _regression(summary, baseline, measure, gate.split, bound)
        other: Split = "dev" if gate.split == "test" else "test"
        yield from (replace(found, level="warn") for found in _regression(summary, baseline, measure, other, bound))


def _is_quality(measure: str) -> bool:
    return measure not in LOWER_IS_BETTER or measure == "false_refusal"


def _regression(summary: Summary, baseline: Baseline, measure: str, split: Split, allowed: float) -> Iterator[Finding]:
    change, worse = compare(summary, baseline, measure, split)
    if change is None or change.mean >= 0:
        return
    outside = change.high < 0 and -change.mean > allowed
    message = (
        f"{NAMES[measure]} {measure} 较基线退步 {-change.mean:.3f}"
        f"（{split} {change.count} 题，差值 95% 区间 {change.low:+.3f}～{change.high:+.3f}）"
    )
    yield Finding("fail" if outside else "warn", measure, "", message + ("" if outside else "，在误差或允许范围内"), worse)


def compare(summary: Summary, baseline: Baseline, measure: str, split: Split) -> tuple[Interval | None, tuple[str, ...]]:
    """How much better a measure is than in the baseline, over the cases that both have, and which cases are worse."""
    old, new = baseline.values.get(measure, {}), summary.values.get(measure, {})
    shared = [name for name in summary.halves.get(split, ()) if name in old and name in new]
    if not shared:
        return None, ()
    sign = -1 if measure in LOWER_IS_BETTER else 1
    before, after = [sign * old[name] for name in shared], [sign * new[name] for name in shared]
    worse = tuple(name for name, a, b in zip(shared, before, after, strict=True) if b < a)
    return paired_difference(before, after), worse


def _slow(summary: Summary, gate: Gate) -> Iterator[Finding]:
    """Milliseconds against the budget of the mode that was run."""
    budget = gate.latency.get(str(summary.spec.get("mode")), Latency())
    for measure, limit in (("latency_p50", budget.p50_ms), ("latency_p95", budget.p95_ms)):
        found = summary.overall.get(gate.split, {}).get(measure)
        if limit is not None and found is not None and found.mean > limit:
            yield Finding("fail", measure, "", f"{NAMES[measure]} {measure} {found.mean:.0f}，超过预算 {limit:g}")


def _slower(summary: Summary, gate: Gate, baseline: Baseline) -> Iterator[Finding]:
    """The median as a ratio: an absolute time says more of the machine than of the program."""
    factor = gate.latency.get(str(summary.spec.get("mode")), Latency()).factor
    before = baseline.overall.get(gate.split, {}).get("latency_p50")
    after = summary.overall.get(gate.split, {}).get("latency_p50")
    if factor and before and after and after.mean > factor * before.mean:
        message = f"{NAMES['latency_p50']} latency_p50 {after.mean:.1f}，超过基线 {before.mean:.1f} 的 {factor:g} 倍"
        yield Finding("fail", "latency_p50", "", message)


def _dropped(summary: Summary, baseline: Baseline) -> Sequence[Finding]:
    """Cases that were there and are gone: a floor must not be met by dropping what misses it."""
    known = {name for half in summary.halves.values() for name in half}
    gone = sorted({name for values in baseline.values.values() for name in values} - known)
    if not gone:
        return ()
    message = f"基线中的 {len(gone)} 题不在本次运行中：{'、'.join(gone[:5])}；确属更换题目的，确认后运行 ningwen eval accept"
    return (Finding("fail", "cases", "", message),)
