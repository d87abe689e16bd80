"""What a single value of a request may be. Each check says what is wrong; nothing is empty."""

from __future__ import annotations

import re
from collections.abc import Callable

from google.protobuf.descriptor import EnumDescriptor

from sitekeep_shared.rpc.names import quoted

LONGEST_TEXT = 4_096
"""Characters of a string in a request."""
LONGEST_TOKEN = 16_384
"""Characters of a page token; it carries a key of the site."""

# PostgreSQL stores no NUL, and no text for people needs the others. Lines and tabs are text.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_UUID4 = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z", re.IGNORECASE
)
_MOST_NAMES = 10


def text_trouble(value: str, longest: int = LONGEST_TEXT) -> str:
    """What is wrong with a text: it is too long, or holds a control character."""
    if len(value) > longest:
        return f"has {len(value)} characters; {longest} are the most."
    found = _CONTROL.search(value)
    if found:
        return f"holds the control character U+{ord(found.group()):04X}; leave it out."
    return ""


def text_up_to(longest: int) -> Callable[[str], str]:
    """The check of a text of so many characters."""
    return lambda value: text_trouble(value, longest)


def of_form(form: str, pattern: re.Pattern[str]) -> Callable[[str], str]:
    """The check of a resource name; ``form`` is the pattern in words."""

    def trouble(value: str) -> str:
        if pattern.match(value):
            return ""
        return f"is {quoted(value)}; it has to be of the form {form}."

    return trouble


def uuid_trouble(value: str) -> str:
    """What is wrong with a request_id."""
    if _UUID4.match(value):
        return ""
    return f"is {quoted(value)}; it has to be a UUID version 4."


def one_of(kind: EnumDescriptor) -> Callable[[int], str]:
    """The check of an enum: proto3 lets every number through, and 0 says nothing."""
    known = {value.number: value.name for value in kind.values if value.number}
    names = ", ".join(known.values())
    allowed = f"one of {names}" if len(known) <= _MOST_NAMES else f"a value of {kind.name}"

    def trouble(value: int) -> str:
        return "" if value in known else f"is {value}; it has to be {allowed}."

    return trouble
