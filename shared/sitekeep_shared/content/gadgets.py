"""Where the properties of a gadget name something by an id.

Gadgets keep their settings as they like; what Jira's own ones are known to write is read here:
``filter-10000``, ``project-10000``, ``customfield_10010`` within any text, ids under names that
say what they are of, and queries.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Protocol

from sitekeep_shared.content.adf import is_list, is_node
from sitekeep_shared.kinds import Kind

_REALM_OF_NAME: Mapping[str, str] = {
    "filterid": Kind.FILTER,
    **dict.fromkeys(("projectid", "projectids", "pid", "selectedprojectid"), Kind.PROJECT),
    **dict.fromkeys(("boardid", "rapidviewid", "selectedboardid"), Kind.BOARD),
    **dict.fromkeys(("sprintid", "selectedsprintid"), Kind.SPRINT),
    **dict.fromkeys(("versionid", "versionids"), Kind.VERSION),
    **dict.fromkeys(("componentid", "componentids"), Kind.COMPONENT),
}
_QUERIES = frozenset({"jql", "query", "jqlquery"})
_NAMED = re.compile(r"\b(?P<kind>filter|project)-(?P<id>\d+)\b|\bcustomfield_\d+\b")
_NUMBER = re.compile(r"\d+\Z")


class References(Protocol):
    """What takes the place of what a property names."""

    def identifier(self, realm: str, identifier: str) -> str:
        """The text for an id of a realm: a value of ``Kind``."""
        ...

    def query(self, text: str) -> str:
        """The text for a JQL query."""
        ...


def replaced(value: Any, references: References, name: str = "") -> Any:
    """A property's value with everything that it names replaced."""
    if is_node(value):
        return {key: replaced(each, references, key) for key, each in value.items()}
    if is_list(value):
        return [replaced(each, references, name) for each in value]
    realm = _REALM_OF_NAME.get(name.casefold(), "")
    if isinstance(value, int) and not isinstance(value, bool) and realm:
        target = references.identifier(realm, str(value))
        return int(target) if _NUMBER.match(target) else target
    if not isinstance(value, str):
        return value
    return _text(value, references, name.casefold(), realm)


def _text(value: str, references: References, name: str, realm: str) -> str:
    if name in _QUERIES:
        return references.query(value)
    if realm and _NUMBER.match(value):
        return references.identifier(realm, value)

    def named(match: re.Match[str]) -> str:
        kind = match.group("kind")
        if kind is None:
            return references.identifier(Kind.FIELD, match.group())
        return f"{kind}-{references.identifier(kind, match.group('id'))}"

    return _NAMED.sub(named, value)
