"""Does an answer hold, and may it be released? The map, in the order data flows:

cases.py       gold/*.jsonl → Cases; lint against the corpus
run.py         Cases × assistant → runs/<id>/ (spec.json, cases.jsonl, one Observation a line)
judge.py       Observations × chat model → Judgements, when asked for
measures/      Case + answer → value or None with a reason; each measure named as gate.toml writes it
score.py       Observations + Judgements → Scores → Summary
drafts.py      good and poisoned drafts through verification
gate.py        Summary + drafts + gate.toml + baseline.json → verdict
changes.py     Run + Baseline → what changed, case by case
report.py      everything → one HTML page and a short Markdown summary

Beside it: retrieval.py and extracts.py (our stages on other people's data), harvest.py (answers marked 👎 → draft cases).
"""
