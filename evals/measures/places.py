"""When a cited or retrieved place is the right one: at article level, as a reader would look it up."""

from __future__ import annotations

from collections.abc import Sequence

from rag.records import Locator


def unit_of(locator: str) -> Locator:
    """The place as a reader looks it up: an item or paragraph of an article counts as the article."""
    place = Locator.parse(locator)
    path = place.path
    if path and path[0].partition("-")[0].isdigit() and place.document.endswith("rules"):
        return Locator(place.document, path[:1])
    return place


def matches(found: str, group: Sequence[str]) -> bool:
    """True when a place is one of the group, or lies inside one."""
    unit = unit_of(found)
    return any(unit == unit_of(wanted) or unit.within(unit_of(wanted)) for wanted in group)
