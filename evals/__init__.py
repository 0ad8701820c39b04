"""Does an answer hold? The map, in the order data flows:

cases.py       gold/*.jsonl → Cases; lint against the corpus
run.py         Cases × assistant → runs/<id>/ (spec.json, one Observation a line)
measures/      Case + Observation → value or None with a reason
score.py       Observations → Scores → Summary
gate.py        Summary + gate.toml + baseline.json → verdict
report.py      everything → one HTML page and a short Markdown summary
"""
