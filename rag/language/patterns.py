"""How the patterns of this package are put together from alternatives that can be read one by one."""

from __future__ import annotations


def any_of(*alternatives: str) -> str:
    """A pattern for the first of its alternatives that fits; each may hold several, divided by 「|」."""
    return f"(?:{'|'.join(alternatives)})"
