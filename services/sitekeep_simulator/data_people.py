"""The addresses of the people in the real data, in which an account has a key and no address."""

from __future__ import annotations

import re

_NOT_IN_AN_ADDRESS = re.compile(r"[^a-z0-9._-]+")


def email_of(key: str) -> str:
    """A valid address made from the key of an account; keys hold blanks and other addresses."""
    return f"{_NOT_IN_AN_ADDRESS.sub('.', key.lower())}@example.com"
