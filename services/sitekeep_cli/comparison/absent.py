"""Differences that follow from people who have no account at the destination, and only those.

A restore does not make accounts. Who is not there cannot be assigned, mentioned or made a
member; that somebody who *is* there was lost stays a difference that nothing declares.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from sitekeep_cli.comparison.jira_values import PERSON
from sitekeep_cli.comparison.model import Json
from sitekeep_cli.comparison.shape import is_list
from sitekeep_shared.content.entity_properties import Owner
from sitekeep_shared.coverage import MISSING
from sitekeep_shared.kinds import Kind

WHY = "the person has no account at the destination"
WHY_NOT_ACTING = "the person has no active account at the destination"

_SCHEMES = frozenset(
    {
        Kind.NOTIFICATION_SCHEME,
        Kind.PERMISSION_SCHEME,
        Kind.ISSUE_SECURITY_SCHEME,
        Kind.FIELD_CONTEXT,
    }
)
"""Kinds whose paths end in the holders that they name."""

_PERSON = re.compile(r"user/([^\s'\".]+)")
_NAMED_LAST = frozenset({Kind.MEMBERSHIP, Kind.WATCHER, Kind.ORGANIZATION_MEMBER, Kind.CUSTOMER})
"""Kinds whose items are a person each, named behind the last stroke."""
_PARTICIPANT = "participants."

_REPLACED = frozenset({"reporter", "lead", "owner"})
"""Fields that somebody has to be in: another account stands in."""
_OWNED = frozenset({Kind.FILTER, Kind.DASHBOARD})
_SHARED = frozenset({"shares", "edits"})


def explained(
    present: Collection[str], kind: Kind, item: str, path: str, left: Json, right: Json
) -> bool:
    """Whether the difference is what follows from who is present at the destination."""
    if kind is Kind.PLAN and "user/" in path:
        return right is None and path.rpartition("user/")[2] not in present
    if path == MISSING and kind is Kind.ENTITY_PROPERTY:
        owner, _, rest = item.partition(" ")
        return owner == Owner.USER and rest.partition("/")[0] not in present
    if path == MISSING:
        return kind in _NAMED_LAST and item.rpartition("/")[2] not in present
    if kind is Kind.REQUEST and path.startswith(_PARTICIPANT):
        return right is None and path.removeprefix(_PARTICIPANT) not in present
    if kind in _SCHEMES:
        _, is_person, account = path.rpartition("user/")
        return bool(is_person) and right is None and account not in present
    if kind is Kind.WORKFLOW:
        return right is None and _is_person_absent(present, f"{path} {left}")
    if kind in _OWNED and path == "owner" and left is None:
        # Whose account is deleted owns it no more; the restoring account does.
        return True
    if path in _REPLACED:
        return isinstance(left, str) and _account(left) not in present
    if kind in _OWNED and path in _SHARED:
        return bool(shown_to(left, present) == (right or []))
    if path == "mentions":
        mentioned: list[Json] = left if is_list(left) else []
        return bool([one for one in mentioned if one in present] == (right or []))
    if path == "assignee" or path.startswith(("custom.", "values.")):
        return bool(_present(left, present) == (right or []))
    return False


def _is_person_absent(present: Collection[str], text: str) -> bool:
    """Whether a rule names somebody who is absent: it goes with the only one whom it names."""
    return any(account not in present for account in _PERSON.findall(text))


def cannot_act(
    active: Collection[str], kind: Kind, item: str, path: str, left: Json, right: Json
) -> bool:
    """Whether who is not active there does not act, watch, lead or have issues any more."""
    if kind is Kind.PROJECT and path == "lead":
        return isinstance(left, str) and left not in active
    if kind is Kind.ISSUE and path == "assignee":
        return isinstance(left, str) and _account(left) not in active and right is None
    if kind is Kind.WATCHER and path == MISSING:
        return item.rpartition("/")[2] not in active
    named = item if kind is Kind.ROLE_ACTOR and path == MISSING else ""
    named = path if kind is Kind.PROJECT_ROLE and path.startswith("default.") else named
    _, is_person, account = named.rpartition("user/")
    return bool(is_person) and account not in active


def shown_to(value: Json, present: Collection[str]) -> Json:
    """With whom something is shared, without accounts that are absent."""
    listed: list[Json] = value if is_list(value) else []
    return [one for one in listed if " " in one or one == "everyone" or one in present]


def _account(person: str) -> str:
    return person.removeprefix(PERSON)


def _present(value: Json, present: Collection[str]) -> Json:
    """The value without people who are absent; an empty list stands for nothing at all."""
    if is_list(value):
        return [one for one in value if not _is_absent(one, present)]
    return [] if _is_absent(value, present) else value


def _is_absent(value: Json, present: Collection[str]) -> bool:
    is_person = isinstance(value, str) and value.startswith(PERSON)
    return is_person and _account(value) not in present
