"""A run as one self-contained HTML page, readable on a phone, and as a short Markdown summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from evals.cases import CATEGORY_NAMES
from evals.changes import find_changes, reworded
from evals.drafts import DraftRow
from evals.gate import DRAFT_NAMES, Verdict, compare
from evals.measures import LOWER_IS_BETTER, NAMES
from evals.plots import heat_map, histogram
from evals.records import Baseline, Case, Interval, Run
from evals.spec import LABELS, differences
from rag.language.locators import short_label
from rag.records import Locator
from rag.search.snapshot import Snapshot

Value = TypeVar("Value")

STATUS_NAMES: dict[str, str] = {"answered": "已答", "partial": "部分作答", "refused": "拒答", "error": "出错"}
LEVEL_NAMES: dict[str, str] = {"fail": "不通过", "warn": "提醒", "note": "说明"}
_ALIKE = 0.0005  # a difference that three decimals don't show
_ALIKE_TIME = 0.25  # share of a latency that two runs of the same program differ by
_SHOWN = 8  # retrieved places of a failing case


@dataclass(frozen=True, slots=True)
class Row:
    """A measure in the table; ``change`` is how much better the test half is, over the cases that both runs have."""

    measure: str
    name: str
    dev: Interval | None
    test: Interval | None
    baseline: float | None
    change: Interval | None
    arrow: str
    digits: int = 3


@dataclass(frozen=True, slots=True)
class Loss:
    """A case that lost something, with everything needed to see why."""

    case: Case
    answer: dict[str, Any]
    measures: tuple[str, ...]
    reasons: tuple[str, ...]
    wanted: tuple[str, ...]  # labels of the places that hold the answer
    retrieved: tuple[tuple[str, str, float | None], ...]  # locator, label, score


@dataclass(frozen=True, slots=True)
class Page:
    """What the page is about. ``before`` names what the run is compared with."""

    run: Run
    verdict: Verdict
    baseline: Baseline | None
    before: str = "基线"
    drafts: tuple[DraftRow, ...] = ()


def write_report(folder: Path, page: Page, snapshot: Snapshot) -> Path:
    """Write report.html and summary.md into a folder; returns the page."""
    rows = table(page.run, page.baseline)
    path = folder / "report.html"
    path.write_text(render(page, rows, snapshot), encoding="utf-8")
    (folder / "summary.md").write_text(markdown(page, rows), encoding="utf-8")
    return path


def render(page: Page, rows: Sequence[Row], snapshot: Snapshot) -> str:
    """The HTML page."""
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    run, baseline = page.run, page.baseline
    lost = losses(run, snapshot)
    latencies = list(run.summary.values.get("latency_ms", {}).values())
    return environment.get_template("report.html.j2").render(
        verdict=page.verdict,
        before=page.before,
        run=run,
        rows=rows,
        heats=[(split, heat_map(_in_order(run.summary.categories[split]), CATEGORY_NAMES)) for split in ("test", "dev")],
        latency=histogram(latencies),
        baseline=baseline,
        changes=find_changes(run, baseline) if baseline else (),
        reworded=reworded(run, baseline) if baseline else 0,
        differences=differences(baseline.spec, run.summary.spec) if baseline else [],
        losses=lost,
        losing={loss.case.id for loss in lost},
        drafts=page.drafts,
        draft_names=DRAFT_NAMES,
        categories=_in_order(Counter(case.category for case in run.cases)),
        category_names=CATEGORY_NAMES,
        status_names=STATUS_NAMES,
        level_names=LEVEL_NAMES,
        labels=LABELS,
        names=NAMES,
    )


def _in_order(categories: Mapping[str, Value]) -> dict[str, Value]:
    """Categories in the order in which they are counted; others after them."""
    known = [category for category in CATEGORY_NAMES if category in categories]
    return {category: categories[category] for category in [*known, *(c for c in categories if c not in CATEGORY_NAMES)]}


def table(run: Run, baseline: Baseline | None) -> list[Row]:
    """One row a measure, both halves; the arrow compares the test half with the baseline's."""
    rows = []
    for measure, name in NAMES.items():
        dev, test = (run.summary.overall[split].get(measure) for split in ("dev", "test"))
        if dev is None and test is None:
            continue
        old = baseline.overall.get("test", {}).get(measure) if baseline else None
        change = compare(run.summary, baseline, measure, "test")[0] if baseline else None
        digits = 0 if measure.endswith("tokens") else 1 if measure.startswith("latency") else 4 if measure == "cost" else 3
        rows.append(Row(measure, name, dev, test, old.mean if old else None, change, _arrow(measure, old, test), digits))
    return rows


def _arrow(measure: str, before: Interval | None, now: Interval | None) -> str:
    if before is None or now is None:
        return ""
    alike = _ALIKE_TIME * before.mean if measure.startswith("latency") else _ALIKE
    if abs(now.mean - before.mean) < alike:
        return "→"
    better = (now.mean > before.mean) != (measure in LOWER_IS_BETTER)
    return f"{'↑' if now.mean > before.mean else '↓'} {'变好' if better else '变差'}"


def losses(run: Run, snapshot: Snapshot) -> list[Loss]:
    """Every case with a reason for a loss, in the order of the gold files."""
    reasons: dict[str, list[tuple[str, str]]] = {}
    for score in run.scores:
        if score.reason and (score.value is not None or score.unscored):
            reasons.setdefault(score.case, []).append((score.measure, score.reason))
    seen = {observation.case: observation for observation in run.observations}
    found = []
    for case in run.cases:
        if case.id in reasons:
            nothing = {"status": "error", "answer": seen[case.id].error or "", "citations": [], "retrieved": []}
            answer = seen[case.id].answer or nothing
            scores = answer.get("scores") or [None] * len(answer["retrieved"])
            places = tuple((p, _label(p, snapshot), s) for p, s in list(zip(answer["retrieved"], scores, strict=False))[:_SHOWN])
            wanted = tuple(" 或 ".join(_label(place, snapshot) for place in group) for group in case.locators)
            measures, sentences = zip(*reasons[case.id], strict=True)
            told = tuple(f"{NAMES[measure]}：{reason}" for measure, reason in zip(measures, sentences, strict=True))
            found.append(Loss(case, answer, measures, told, wanted, places))
    return found


def _label(place: str, snapshot: Snapshot) -> str:
    locator = Locator.parse(place)
    document = snapshot.by_id.get(locator.document)
    return short_label(document.entry, locator) if document else place


def markdown(page: Page, rows: Sequence[Row]) -> str:
    """A few lines for a merge request: the verdict, what fails, the table."""
    verdict = page.verdict
    lines = [f"**评测{'通过' if verdict.passed else '未通过'}**（{len(page.run.cases)} 题）", ""]
    lines += [f"- {LEVEL_NAMES[finding.level]}：{finding.message}" for finding in verdict.findings]
    lines += ["", f"| 指标 | test | dev | {page.before} | |", "|---|---|---|---|---|"]
    for row in rows:
        cells = [f"{cell.mean:.{row.digits}f}" if cell else "" for cell in (row.test, row.dev)]
        before = "" if row.baseline is None else f"{row.baseline:.{row.digits}f}"
        lines.append(f"| {row.name} `{row.measure}` | {cells[0]} | {cells[1]} | {before} | {row.arrow} |")
    if page.baseline:
        changes = find_changes(page.run, page.baseline)
        worse = [change for change in changes if change.worse]
        lines += ["", f"与{page.before}相比 {len(changes)} 题有变化，其中变差 {len(worse)} 题。"]
        lines += [f"- {change.case.id}：{'、'.join(s.name for s in change.steps if not s.better)}" for change in worse[:10]]
    lines += ["", *_drafts(page.drafts)] if page.drafts else []
    return "\n".join(lines) + "\n"


def _drafts(drafts: Sequence[DraftRow]) -> list[str]:
    rows = []
    for row in drafts:
        caught, lost = ("", row.lost) if row.kind == "good" else (row.caught, "")
        rows.append(f"| {DRAFT_NAMES.get(row.kind, row.kind)} | {row.drafts} | {caught} | {lost} |")
    return ["| 草稿 | 份数 | 拦下 | 误伤 |", "|---|---|---|---|", *rows]
