"""What the parts of a question have alone tells apart the sentences of one unit."""

import numpy as np

from rag.records import Hit, Locator
from rag.search.retrieve import Evidence, tell_apart


def part(text: str, unit: str, *tokens: str) -> Evidence:
    none = np.zeros(0, dtype=np.float32)
    return Evidence(text, (Hit(Locator.parse(unit), 1.0, (), {}),), none, none, none, tokens, 0.0, 0.0, none)


def test_words_of_one_part_alone() -> None:
    """Two parts that one unit answers are told apart by what only one of them says; a part with its own unit needs nothing."""
    parts = [
        part("外国人审批几天", "ftz-plan#annex.3", "外国", "审批"),
        part("高端人才审批几天", "ftz-plan#annex.3", "高端", "审批"),
        part("常务会议多久开", "work-rules#21", "常务"),
    ]
    assert [found.apart for found in tell_apart(parts)] == [("外国",), ("高端",), ()]
