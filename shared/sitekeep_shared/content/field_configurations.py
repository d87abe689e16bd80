"""How the forms of records of field configurations are told apart: their attribute ``form``."""

from __future__ import annotations

CONFIGURATION = "configuration"
"""What is said about each field."""
SCHEME = "scheme"
"""Which configuration is for which issue types, and in which projects."""
FIELD_SCHEME = "field scheme"
"""Both at once, on a site whose field configurations have become field schemes."""


def form_key(form: str, identifier: str) -> str:
    """The key of the record of a scheme: each form has ids of its own."""
    return f"{form}/{identifier}"
