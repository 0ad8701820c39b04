"""Counters for Prometheus; the service updates them, whoever serves HTTP shows them. No person and no text in a label."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram, generate_latest

QUESTIONS = Counter("ningwen_questions", "Messages answered, by channel and status", ["channel", "status"])
REFUSALS = Counter("ningwen_refusals", "Questions that the documents do not answer", ["channel"])
TURNED_AWAY = Counter("ningwen_turned_away", "Messages that were not asked, by reason", ["channel", "reason"])
DUPLICATES = Counter("ningwen_duplicates", "Messages that a platform delivered again", ["channel"])
LATENCY = Histogram(
    "ningwen_latency_seconds", "From the arrival of a question until its answer was taken", ["channel"],
    buckets=(0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120, 300),
)  # fmt: skip
QUEUE = Gauge("ningwen_queue", "Messages that wait for an answer")
MODEL_ERRORS = Counter("ningwen_model_errors", "Questions on which the assistant failed")
DELIVERY_ERRORS = Counter("ningwen_delivery_errors", "Replies that a platform did not take", ["channel", "retried"])
STORE_ERRORS = Counter("ningwen_store_errors", "Steps that the database did not take")


def exposition() -> bytes:
    """All of them in Prometheus' text format."""
    return generate_latest()
