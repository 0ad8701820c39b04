"""What the judge weighs: for a reading as a whole, and for each sentence. Every name here has a weight in judge.json."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.judging.reader import UNREAD, Read
from rag.records import Candidate

STRENGTH = ("mark", "whole", "near", "known", "year")
"""Of a sentence, alone: that it answers, or answers a part."""

SENTENCE = ("strength", "behind")
"""Of a sentence beside the others."""

ANSWERABLE = ("strength", "whole", "known", "open", "vote")
"""Of a reading: that the documents answer it."""

GOES_ON = ("alone", "on", "same", "opens", "short")
"""Of a message after another: that it goes on from that one."""

_OPENS = re.compile(r"^(?:那|换成|如果|要是|还有|其中|它|他们?|这|该|再|另外|同样|具体|谁|哪|几|多|什么|怎么|有没有)|呢[?。!]*$")


def strength(mark: float, whole: float, candidate: Candidate, sentence: int, *, other_year: bool) -> dict[str, float]:
    """The features of one sentence, alone; ``other_year``: its part of the document is about another year than is asked about."""
    known = candidate.answered.get(sentence, 0.0)
    return {"mark": mark, "whole": whole, "near": candidate.cosine + candidate.sentence, "known": known, "year": float(other_year)}


def sentence(strength: float, best: float) -> dict[str, float]:
    """The features of one sentence beside the others; ``best`` is the highest strength of the reading."""
    return {"strength": strength, "behind": best - strength}


def answerable(candidates: Sequence[Candidate], reads: Sequence[Read], strengths: Sequence[Sequence[float]]) -> dict[str, float]:
    """The features of a reading; ``reads[i]`` and ``strengths[i]`` are of ``candidates[i]``, of which there is at least one.

    How far the best one is ahead, and how many of the question's words it has, decided nothing on questions that were not fitted on.
    """
    tops = [max(some, default=UNREAD) for some in strengths]
    best = max(range(len(tops)), key=tops.__getitem__)
    chosen = candidates[best]
    return {"strength": tops[best], "whole": reads[best].whole, "known": chosen.known, "open": chosen.open, "vote": chosen.vote}


def goes_on(text: str, alone: float, on: float, *, same: bool) -> dict[str, float]:
    """The features of a message after another: log-odds of its two readings, whether both are answered from one unit, its form."""
    return {"alone": alone, "on": on, "same": float(same), "opens": float(bool(_OPENS.search(text))), "short": float(len(text) <= 8)}
