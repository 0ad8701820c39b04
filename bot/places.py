"""A place that a person names → its verbatim text with its neighbours."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot import texts
from rag.errors import InputError, LocatorError
from rag.records import Locator

if TYPE_CHECKING:
    from rag.assistant import Assistant


def find_place(assistant: Assistant, place: str) -> Locator:
    """「work-rules#26」, 「第二十六条」, 「附件第3项」 or 「26」 → the locator. Raises InputError."""
    from rag.answering.verify import missing_text

    taken = assistant.index.snapshot
    try:
        locator = Locator.parse(place)
        if locator in taken.nodes:
            return locator
    except LocatorError:
        pass
    if re.fullmatch(r"\s*[0-9〇零一二三四五六七八九十百]+\s*", place):
        place = f"第{place.strip()}条"
    (reading, *_), *_ = assistant.proposer.propose(place).parts
    if reading.places:
        return reading.places[0]
    for missing in reading.missing:
        raise InputError(missing_text(missing, taken))
    raise InputError(texts.NO_SUCH_LOCATOR.format(asked=place[:60]))


def place_text(assistant: Assistant, place: str) -> str:
    """Label, verbatim text, and the names of the places before and after. Raises InputError."""
    from rag.language.locators import render_label, short_label

    taken = assistant.index.snapshot
    locator = find_place(assistant, place)
    entry = taken.by_id[locator.document].entry
    kind = taken.nodes[locator].kind
    row = [other for other, node in taken.nodes.items() if node.kind == kind and other.document == locator.document]
    at = row.index(locator)
    parts = [render_label(entry, locator), taken.text_of(locator).strip()]
    around = []
    if at > 0:
        around.append(texts.SHOW_BEFORE.format(label=short_label(entry, row[at - 1])))
    if at + 1 < len(row):
        around.append(texts.SHOW_AFTER.format(label=short_label(entry, row[at + 1])))
    return "\n\n".join([*parts, "  ".join(around)]).rstrip()


def sources_text(assistant: Assistant) -> str:
    """The documents, a line each: title, number, date, whether in force."""
    lines = []
    for document in assistant.index.snapshot.documents:
        entry = document.entry
        number = f"（{entry.document_number}）" if entry.document_number else ""
        date = entry.issued or entry.adopted or str(entry.year)
        lines.append(f"《{entry.title}》{number}，{date}，{texts.STATUS_NAMES[entry.status]}")
    return "\n".join([texts.SOURCES, *lines])
