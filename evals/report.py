"""A run as one self-contained HTML page, readable on a phone, and as a short Markdown summary."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.gate import Verdict
from evals.measures import LOWER_IS_BETTER
from evals.records import Case, Interval, Observation, Score, Summary
from rag.language.locators import short_label
from rag.records import Locator
from rag.search.snapshot import Snapshot

NAMES: dict[str, str] = {
    "hit@1": "首位命中",
    "hit@5": "前五命中",
    "mrr@10": "平均倒数排名",
    "ndcg@10": "归一化折损增益",
    "citation_recall": "引用召回",
    "citation_precision": "引用准确",
    "quote_exact": "引文逐字一致",
    "figures_supported": "数字有出处",
    "format": "标记与引用一致",
    "facts": "事实齐全",
    "concise": "篇幅合适",
    "refusal_recall": "应拒已拒",
    "false_refusal": "误拒",
    "latency_p50": "用时中位数（毫秒）",
    "latency_p95": "用时九五分位（毫秒）",
}
"""What a reader calls each measure."""


@dataclass(frozen=True, slots=True)
class Row:
    """A measure in the table."""

    measure: str
    name: str
    dev: Interval | None
    test: Interval | None
    baseline: float | None
    arrow: str


@dataclass(frozen=True, slots=True)
class Loss:
    """A case that lost something, with everything needed to see why."""

    case: Case
    answer: dict[str, Any]
    reasons: tuple[str, ...]
    retrieved: tuple[tuple[str, str, float], ...]  # locator, label, score


def write_report(
    folder: Path,
    cases: Sequence[Case],
    observations: Sequence[Observation],
    scores: Sequence[Score],
    summary: Summary,
    verdict: Verdict,
    baseline: Mapping[str, Any] | None,
    snapshot: Snapshot,
) -> Path:
    """Write report.html and summary.md into the run's folder; returns the page."""
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    rows = table(summary, baseline)
    page = environment.get_template("report.html.j2").render(
        verdict=verdict,
        spec=summary.spec,
        rows=rows,
        heat=heat_map(summary),
        latency=histogram(list(summary.values.get("latency_ms", {}).values())),
        changes=changes(summary, baseline, cases),
        losses=losses(cases, observations, scores, snapshot),
        categories=list(dict.fromkeys(case.category for case in cases)),
        names=NAMES,
        count=len(cases),
    )
    path = folder / "report.html"
    path.write_text(page, encoding="utf-8")
    (folder / "summary.md").write_text(markdown(rows, verdict), encoding="utf-8")
    return path


def table(summary: Summary, baseline: Mapping[str, Any] | None) -> list[Row]:
    """One row a measure; the arrow compares the test mean with the baseline's."""
    rows = []
    for measure, name in NAMES.items():
        dev, test = summary.overall["dev"].get(measure), summary.overall["test"].get(measure)
        if dev is None and test is None:
            continue
        old = (baseline or {}).get("overall", {}).get("test", {}).get(measure)
        before = float(old["mean"]) if old else None
        rows.append(Row(measure, name, dev, test, before, _arrow(measure, before, test)))
    return rows


def _arrow(measure: str, before: float | None, now: Interval | None) -> str:
    if before is None or now is None or abs(now.mean - before) < 0.0005:
        return "→" if before is not None else ""
    better = (now.mean > before) != (measure in LOWER_IS_BETTER)
    return "↑ 变好" if better else "↓ 变差"


def changes(summary: Summary, baseline: Mapping[str, Any] | None, cases: Sequence[Case]) -> list[tuple[str, str, str, float, float]]:
    """Case by case, what differs from the baseline: id, question, measure, before, after."""
    asked = {case.id: case.question for case in cases}
    found = []
    for measure, values in summary.values.items():
        old = (baseline or {}).get("values", {}).get(measure, {})
        for name, value in values.items():
            if measure != "latency_ms" and name in old and abs(old[name] - value) > 1e-9:
                found.append((name, asked[name], NAMES.get(measure, measure), float(old[name]), value))
    return found


def losses(cases: Sequence[Case], observations: Sequence[Observation], scores: Sequence[Score], snapshot: Snapshot) -> list[Loss]:
    """Every case with a reason for a loss, in the order of the gold files."""
    reasons: dict[str, list[str]] = {}
    for score in scores:
        if score.reason and score.value is not None:
            reasons.setdefault(score.case, []).append(f"{NAMES.get(score.measure, score.measure)}：{score.reason}")
    seen = {observation.case: observation for observation in observations}
    found = []
    for case in cases:
        if case.id in reasons:
            answer = seen[case.id].answer or {"status": "error", "answer": seen[case.id].error or "", "citations": [], "retrieved": []}
            ranked = zip(answer["retrieved"], answer.get("scores") or [0.0] * len(answer["retrieved"]), strict=False)
            places = tuple((place, _label(place, snapshot), score) for place, score in list(ranked)[:5])
            found.append(Loss(case, answer, tuple(reasons[case.id]), places))
    return found


def _label(place: str, snapshot: Snapshot) -> str:
    locator = Locator.parse(place)
    document = snapshot.by_id.get(locator.document)
    return short_label(document.entry, locator) if document else place


def heat_map(summary: Summary) -> str:
    """Category × measure on the test half, as SVG; its text is text, set in the reader's own fonts."""
    found = summary.categories.get("test", {})
    measures = [m for m in NAMES if not m.startswith("latency") and any(m in row for row in found.values())]
    if not found or not measures:
        return ""
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1.1 + 0.75 * len(measures), 0.9 + 0.34 * len(found)))
    axes = figure.add_subplot()
    grid = [[_goodness(m, row.get(m)) for m in measures] for row in found.values()]
    shades = LinearSegmentedColormap.from_list("good", ["#c0392b", "#f4d03f", "#f7f9f9", "#7fb77e"]).with_extremes(bad="#ffffff")
    axes.imshow(grid, cmap=shades, vmin=0.5, vmax=1.0, aspect="auto")
    for y, row in enumerate(found.values()):
        for x, measure in enumerate(measures):
            if measure in row:
                axes.text(x, y, f"{row[measure].mean:.2f}", ha="center", va="center", fontsize=8)
    axes.set_xticks(range(len(measures)), [NAMES[m] for m in measures], rotation=40, ha="left", fontsize=8)
    axes.set_yticks(range(len(found)), list(found), fontsize=8)
    axes.xaxis.tick_top()
    return _svg(figure)


def _goodness(measure: str, found: Interval | None) -> float:
    if found is None:
        return float("nan")
    return 1 - found.mean if measure in LOWER_IS_BETTER else found.mean


def histogram(values: Sequence[float]) -> str:
    """How long answers took, as SVG."""
    if not values:
        return ""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 2))
    axes = figure.add_subplot()
    axes.hist(values, bins=40, color="#4a6fa5")
    axes.set_xlabel("毫秒", fontsize=8)
    axes.set_ylabel("题数", fontsize=8)
    axes.tick_params(labelsize=8)
    return _svg(figure)


def _svg(figure: Any) -> str:
    import matplotlib

    with warnings.catch_warnings(), matplotlib.rc_context({"svg.fonttype": "none", "font.family": "sans-serif", "svg.hashsalt": "ningwen"}):
        warnings.simplefilter("ignore", UserWarning)  # the plot's font has no Chinese; the page's reader sets the text
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", bbox_inches="tight", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def markdown(rows: Sequence[Row], verdict: Verdict) -> str:
    """A few lines for a merge request."""
    lines = [f"**评测{'通过' if verdict.passed else '未通过'}**", "", "| 指标 | dev | test | 基线 | |", "|---|---|---|---|---|"]
    for row in rows:
        cells = [f"{cell.mean:.3f}" if cell else "" for cell in (row.dev, row.test)]
        before = "" if row.baseline is None else f"{row.baseline:.3f}"
        lines.append(f"| {row.name} `{row.measure}` | {cells[0]} | {cells[1]} | {before} | {row.arrow} |")
    lines += ["", *(f"- {finding.level}: {finding.message}" for finding in verdict.findings)]
    return "\n".join(lines) + "\n"
