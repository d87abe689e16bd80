"""Rules of workflows by names instead of ids, each under its key, so that two can be compared."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sitekeep_cli.comparison.jira_access import ROLE
from sitekeep_cli.comparison.links import (
    COMPONENT,
    FIELD,
    GROUP,
    ISSUE_TYPE,
    OPTION,
    PRIORITY,
    RESOLUTION,
    SCREEN,
    STATUS,
    VERSION,
)
from sitekeep_cli.comparison.model import Json
from sitekeep_cli.comparison.reading import Reading, without_nothing
from sitekeep_cli.comparison.shape import part

Item = Mapping[str, Any]
Named = Callable[[Reading, str], str]

_CUSTOM = "customfield_"
_GENERIC = "allow-"


def _in(realm: str) -> Named:
    return lambda reading, number: reading.name(realm, number)


def _field(reading: Reading, name: str) -> str:
    return reading.name(FIELD, name) if name.startswith(_CUSTOM) else name


def _person(_: Reading, account: str) -> str:
    return account if account.startswith(_GENERIC) else f"user/{account}"


_PARAMETERS: Mapping[str, Named] = {
    "statusIds": _in(STATUS),
    "previousStatusIds": _in(STATUS),
    "fromStatusId": _in(STATUS),
    "toStatusId": _in(STATUS),
    "fieldsRequired": _field,
    "fieldKey": _field,
    "date1FieldKey": _field,
    "date2FieldKey": _field,
    "fieldId": _field,
    "field": _field,
    "sourceFieldKey": _field,
    "targetFieldKey": _field,
    "remindingFieldIds": _field,
    "groupCustomFields": _field,
    "allowUserCustomFields": _field,
    "denyUserCustomFields": _field,
    "groupsExemptFromValidation": _in(GROUP),
    "groupIds": _in(GROUP),
    "roleIds": _in(ROLE),
    "screenId": _in(SCREEN),
    "accountIds": _person,
    "accountId": _person,
    "agentId": _person,
}
"""Parameter → what each of the ids in it stands for (Jira REST v3, workflows/capabilities)."""
_VALUES: Mapping[str, Named] = {
    "resolution": _in(RESOLUTION),
    "priority": _in(PRIORITY),
    "issuetype": _in(ISSUE_TYPE),
    "status": _in(STATUS),
    "assignee": _person,
    "reporter": _person,
    "components": _in(COMPONENT),
    "versions": _in(VERSION),
    "fixVersions": _in(VERSION),
}
"""Field → what a value of it stands for in a rule that sets or checks it."""
_PROPERTIES: Mapping[str, Named] = {
    "jira.field.resolution.include": _in(RESOLUTION),
    "jira.field.resolution.exclude": _in(RESOLUTION),
}


def rules(reading: Reading, listed: Iterable[Item]) -> dict[str, Json]:
    """Rules by their keys; the second one of a key is told from the first by a number."""
    seen: Counter[str] = Counter()
    found: dict[str, Json] = {}
    for rule in listed:
        key = str(rule.get("ruleKey"))
        seen[key] += 1
        found[f"{key} {seen[key]}"] = _parameters(reading, part(rule, "parameters"))
    return found


def is_of_app(key: str) -> bool:
    """Whether a rule is an app's."""
    return key.startswith(("connect:", "forge:"))


def properties(reading: Reading, listed: Item) -> dict[str, Json]:
    """Properties of a status or of a transition; a few name what has other ids elsewhere."""
    found: dict[str, Json] = {}
    for name, value in listed.items():
        named = _PROPERTIES.get(name) or _of_permission(name)
        found[name] = _names(reading, named, str(value)) if named else value
    return found


def _of_permission(name: str) -> Named | None:
    if not name.startswith("jira.permission."):
        return None
    words = name.split(".")
    return _in(ROLE) if "projectrole" in words else _person if "user" in words else None


def _parameters(reading: Reading, listed: Item) -> Json:
    """Never nothing: a rule without parameters is one, too."""
    field = str(listed.get("field") or listed.get("fieldId") or "")
    of_field = _option_of(field) if field.startswith(_CUSTOM) else _VALUES.get(field)
    shown: dict[str, Json] = {"is": True}
    for name, value in listed.items():
        named = _PARAMETERS.get(name)
        if name in ("value", "fieldValue") and of_field is not None:
            shown[name] = _of_field(reading, of_field, str(value))
        else:
            shown[name] = _names(reading, named, str(value)) if named else value
    return without_nothing(shown)


def _option_of(field: str) -> Named:
    """A value of a field of the site's own: the option with that id, else the value itself."""
    return lambda reading, value: reading.links.name(OPTION, f"{field}/{value}") or value


def _names(reading: Reading, named: Named, listed: str) -> dict[str, Json]:
    return {named(reading, each.strip()): True for each in listed.split(",") if each.strip()}


def _of_field(reading: Reading, named: Named, value: str) -> Json:
    listed: list[Json] = json.loads(value) if value.startswith("[") else [value]
    return [named(reading, str(each)) if str(each).isdigit() else each for each in listed]
