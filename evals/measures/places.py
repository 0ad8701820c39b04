"""When a cited or retrieved place is the right one: at article level, as a reader would look it up."""

from __future__ import annotations

from collections.abc import Sequence

from rag.records import Locator
from rag.search.snapshot import Snapshot


def unit_of(locator: str, snapshot: Snapshot) -> Locator:
    """The place as a reader looks it up: an item or paragraph of an article counts as the article."""
    place = Locator.parse(locator)
    above: Locator | None = place
    while above is not None:
        node = snapshot.nodes.get(above)
        if node is not None and node.kind == "article":
            return above
        above = above.parent
    return place


def matches(found: str, group: Sequence[str], snapshot: Snapshot) -> bool:
    """True when a place is one of the group, or lies inside one."""
    unit = unit_of(found, snapshot)
    return any(unit.within(unit_of(wanted, snapshot)) for wanted in group)
