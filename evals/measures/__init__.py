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

LOWER_IS_BETTER = frozenset({"false_refusal", "latency_p50", "latency_p95"})
