"""How the two forms of records of field configurations are told apart: their attribute ``form``."""

from __future__ import annotations

CONFIGURATION = "configuration"
"""What is said about each field."""
SCHEME = "scheme"
"""Which configuration is for which issue types, and in which projects."""


def scheme_key(identifier: str) -> str:
    """The key of the record of a scheme: its ids are not those of configurations."""
    return f"scheme/{identifier}"
