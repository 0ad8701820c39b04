"""Which documents of the labelled set are for what, by the hands that wrote on them; the others are trained on."""

DEV = (3, 12)
"""Hands whose documents are looked at."""

ASIDE = (2, 11)
"""Hands whose documents are only counted; evals/bench/aside.txt names them."""
