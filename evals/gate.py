"""Summary + gate.toml + baseline.json → verdict: may this be released?

A floor that is missed fails. A loss against the baseline fails when the paired bootstrap interval of the
difference lies wholly below zero and the loss is larger than allowed; a loss inside the noise warns.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from evals.measures import LOWER_IS_BETTER
from evals.records import Interval, Summary
from evals.score import paired_difference
from rag.errors import ConfigurationError

Level = Literal["fail", "warn", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the verdict."""

    level: Level
    measure: str
    category: str
    message: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the gate passes, and why."""

    passed: bool
    findings: tuple[Finding, ...]


def read_gate(path: Path) -> dict[str, Any]:
    """gate.toml. Raises ConfigurationError when it can't be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"评测门槛文件 {path.name} 无法读取。", detail=str(error)) from error


def read_baseline(path: Path) -> dict[str, Any] | None:
    """The last accepted summary; None when there is none yet."""
    if not path.is_file():
        return None
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigurationError(f"评测基线 {path.name} 已损坏。", detail=str(error)) from error
    return found


def judge(summary: Summary, gate: dict[str, Any], baseline: dict[str, Any] | None) -> Verdict:
    """Compare a summary with the floors and with the baseline."""
    findings = [*_floors(summary, gate), *_regressions(summary, gate, baseline)]
    if summary.errors:
        findings.append(Finding("fail", "errors", "", f"{summary.errors} 题运行出错"))
    return Verdict(not any(finding.level == "fail" for finding in findings), tuple(findings))


def _floors(summary: Summary, gate: dict[str, Any]) -> Iterator[Finding]:
    split = gate.get("split", "test")
    scored = summary.overall.get(split, {})
    if not scored:
        yield Finding("fail", "cases", "", f"{split} 部分没有任何得分的题目")
    for measure, floor in gate.get("floors", {}).items():
        yield from _floor(measure, "", floor, scored.get(measure))
    for category, floors in gate.get("categories", {}).items():
        inside = summary.categories.get(split, {}).get(category, {})
        for measure, floor in floors.items():
            yield from _floor(measure, category, floor, inside.get(measure))


def _floor(measure: str, category: str, floor: float | dict[str, Any], found: Interval | None) -> Iterator[Finding]:
    where = f"{category} " if category else ""
    bound, target = (floor["reached"], floor["target"]) if isinstance(floor, dict) else (floor, None)
    if found is None or found.count == 0:
        yield Finding("fail", measure, category, f"{where}{measure} 没有得分的题目")
        return
    missed = found.mean > bound if measure in LOWER_IS_BETTER else found.mean < bound
    relation = "高于上限" if measure in LOWER_IS_BETTER else "低于下限"
    if missed:
        yield Finding("fail", measure, category, f"{where}{measure} {found.mean:.3f} {relation} {bound}（{found.count} 题）")
    elif target is not None:
        yield Finding("note", measure, category, f"{where}{measure} {found.mean:.3f}，目标 {target} 尚未达到")


def _regressions(summary: Summary, gate: dict[str, Any], baseline: dict[str, Any] | None) -> Iterator[Finding]:
    if baseline is None:
        yield Finding("warn", "baseline", "", "还没有基线，无法判断退步；确认后运行 ningwen eval accept")
        return
    allowed = float(gate.get("allowed_regression", 0.01))
    for measure, values in summary.values.items():
        if measure == "latency_ms":
            continue
        old = baseline["values"].get(measure, {})
        shared = sorted(set(old) & set(values))
        if not shared:
            continue
        sign = -1 if measure in LOWER_IS_BETTER else 1
        change = paired_difference([sign * old[name] for name in shared], [sign * values[name] for name in shared])
        if change.mean < 0:
            message = f"{measure} 较基线退步 {-change.mean:.3f}（95% 区间 {change.low:+.3f}～{change.high:+.3f}，{len(shared)} 题）"
            outside = change.high < 0 and -change.mean > allowed
            yield Finding("fail" if outside else "warn", measure, "", message + ("" if outside else "，在误差范围内"))
    yield from _slower(summary, gate, baseline)


def _slower(summary: Summary, gate: dict[str, Any], baseline: dict[str, Any]) -> Iterator[Finding]:
    """Latency is compared as a ratio: an absolute time says more of the machine than of the program."""
    factor = float(gate.get("latency_factor", 0)) or None
    split = gate.get("split", "test")
    before = baseline.get("overall", {}).get(split, {}).get("latency_p50")
    after = summary.overall.get(split, {}).get("latency_p50")
    if factor and before and after and after.mean > factor * before["mean"]:
        yield Finding("fail", "latency_p50", "", f"latency_p50 {after.mean:.1f} ms，超过基线 {before['mean']:.1f} ms 的 {factor} 倍")


def write_baseline(summary: Summary, path: Path) -> None:
    """Accept a summary as the new baseline, with its spec."""
    body = {
        "spec": summary.spec,
        "overall": {split: {m: asdict(i) for m, i in found.items()} for split, found in summary.overall.items()},
        "values": {m: v for m, v in summary.values.items() if m != "latency_ms"},
    }
    path.write_text(json.dumps(body, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
