"""The measures: each small, each named as gate.toml writes it.

A measure takes a Case and its Observation's answer and gives a value, 0…1, and a reason when it is a loss;
None when it does not apply to the case. None of them asks the assistant again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from evals.measures import answering, citing, finding
from evals.records import Case
from rag.search.snapshot import Snapshot

Result = tuple[float | None, str]
Measure = Callable[[Case, dict[str, Any], Snapshot], Result]

MEASURES: dict[str, Measure] = {
    "hit@1": finding.hit_at_1,
    "hit@5": finding.hit_at_5,
    "citation_recall": citing.citation_recall,
    "citation_precision": citing.citation_precision,
    "quote_exact": citing.quote_exact,
    "figures_supported": citing.figures_supported,
    "format": citing.well_formed,
    "facts": answering.facts,
    "concise": answering.concise,
    "refusal_recall": answering.refusal_recall,
    "false_refusal": answering.false_refusal,
}
"""Measures of one case; hit@k of a case with several groups asks for all of them. mrr@10 and ndcg@10 come from ir_measures."""

USAGE: tuple[str, ...] = ("prompt_tokens", "completion_tokens", "cost", "fallback")
"""What a model-backed mode takes for an answer, and whether the extract had to stand in for it.

Taken from the observation; compared with the baseline only where the gate says so.
"""

LOWER_IS_BETTER = frozenset({"false_refusal", "latency_p50", "latency_p95", *USAGE})

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
    "claim_support": "陈述有据",
    "latency_p50": "用时中位数（毫秒）",
    "latency_p95": "用时九五分位（毫秒）",
    "prompt_tokens": "提示词元数",
    "completion_tokens": "生成词元数",
    "cost": "每答费用",
    "fallback": "改用摘录",
}
"""What a reader calls each measure, in the order of the report."""
