"""The rules of workflows with the ids of the destination.

Which parameter of which rule names what: Jira REST v3, workflows/capabilities.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import msgspec

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.reading import Json
from sitekeep_restore.importers.unit import ImportUnit

_WEBHOOK = "webhook"
"""No request makes webhooks of people: none of them is ever known."""
_FIELD, _STATUS = identity_kinds.FIELD, identity_kinds.STATUS
_PARAMETERS: Mapping[str, Mapping[str, str]] = {
    "system:parent-or-child-blocking-validator": {"statusIds": _STATUS},
    "system:previous-status-validator": {"previousStatusIds": _STATUS},
    "system:validate-field-value": {
        "fieldsRequired": _FIELD,
        "fieldKey": _FIELD,
        "date1FieldKey": _FIELD,
        "date2FieldKey": _FIELD,
        "groupsExemptFromValidation": identity_kinds.GROUP,
    },
    "system:check-field-value": {"fieldId": _FIELD},
    "system:restrict-issue-transition": {
        "accountIds": identity_kinds.USER,
        "roleIds": identity_kinds.PROJECT_ROLE,
        "groupIds": identity_kinds.GROUP,
        "groupCustomFields": _FIELD,
        "allowUserCustomFields": _FIELD,
        "denyUserCustomFields": _FIELD,
    },
    "system:previous-status-condition": {"previousStatusIds": _STATUS},
    "system:parent-or-child-blocking-condition": {"statusIds": _STATUS},
    "system:separation-of-duties": {"fromStatusId": _STATUS, "toStatusId": _STATUS},
    "system:change-assignee": {"accountId": identity_kinds.USER},
    "system:copy-value-from-other-field": {"sourceFieldKey": _FIELD, "targetFieldKey": _FIELD},
    "system:update-field": {"field": _FIELD},
    "system:trigger-webhook": {"webhookId": _WEBHOOK},
    "system:trigger-agent": {"agentId": identity_kinds.USER},
    "system:remind-people-to-update-fields": {"remindingFieldIds": _FIELD},
    "system:transition-screen": {"screenId": identity_kinds.SCREEN},
}
"""Rule → parameter → of what the ids are that it lists, separated by commas."""

_VALUES: Mapping[str, tuple[str, str]] = {
    "system:check-field-value": ("fieldId", "fieldValue"),
    "system:update-field": ("field", "value"),
}
"""Rule → the parameter that names a field, and the one that holds values of that field."""
_OF_FIELDS: Mapping[str, str] = {
    "resolution": identity_kinds.RESOLUTION,
    "priority": identity_kinds.PRIORITY,
    "issuetype": identity_kinds.ISSUE_TYPE,
    "status": identity_kinds.STATUS,
    "assignee": identity_kinds.USER,
    "reporter": identity_kinds.USER,
    "components": identity_kinds.COMPONENT,
    "versions": identity_kinds.VERSION,
    "fixVersions": identity_kinds.VERSION,
}
_SELECTS = ("select", "radiobuttons", "checkboxes", "cascadingselect")
_EITHER_WAY = frozenset({"system:restrict-issue-transition"})
"""Rules that hold with what is left when one of their parameters names nothing any more."""
_EXEMPT = "groupsExemptFromValidation"
_GENERIC = "allow-"
"""Begins what stands for the assignee or the reporter of an issue in place of an account."""
_CUSTOM = "customfield_"

Named = tuple[str, str]


@dataclass(frozen=True)
class RuleIds:
    """What the ids in some workflows are at the destination."""

    maps: Mapping[str, Mapping[str, str]]

    @classmethod
    async def of(cls, unit: ImportUnit, workflows: Iterable[Json]) -> RuleIds:
        """Asks for all of them at once."""
        wanted: dict[str, set[str]] = {}
        for workflow in workflows:
            for kind, source in _named_in(workflow):
                wanted.setdefault(kind, set()).add(source)
        return cls({kind: await unit.identities.get(kind, ids) for kind, ids in wanted.items()})

    def target(self, kind: str, source: str) -> str | None:
        """The id at the destination; what is no id of the site's own stays as it is."""
        if kind == _FIELD and not source.startswith(_CUSTOM):
            return source
        if kind == identity_kinds.USER and source.startswith(_GENERIC):
            return source
        return self.maps.get(kind, {}).get(source)

    def targets(self, kind: str, listed: str) -> tuple[str, bool]:
        """A list of ids at the destination, and whether any of them is not there."""
        sources = _split(listed)
        found = [self.target(kind, source) for source in sources]
        return ",".join(each for each in found if each), None in found

    def rule(self, rule: Json) -> tuple[Json | None, bool]:
        """A rule at the destination, None where it says nothing there; whether it lost any id."""
        key, parameters = str(rule.get("ruleKey")), dict(rule.get("parameters") or {})
        has_lost = False
        for name, kind in _PARAMETERS.get(key, {}).items():
            if parameters.get(name):
                parameters[name], lost = self.targets(kind, str(parameters[name]))
                has_lost = has_lost or lost
                if not parameters[name] and key not in _EITHER_WAY and name != _EXEMPT:
                    return None, True
        if key in _EITHER_WAY and has_lost and not any(parameters.values()):
            return None, True
        if key in _VALUES and not self._put_values(key, rule, parameters):
            return None, True
        return {**rule, "parameters": parameters}, has_lost

    def _put_values(self, key: str, rule: Json, parameters: Json) -> bool:
        """Rewrites ids that are values of a field; whether all of them are at the destination."""
        field, name = _VALUES[key]
        before: Json = rule.get("parameters") or {}
        kind = self._kind_of(str(before.get(field)))
        value = str(parameters.get(name) or "")
        if kind is None or not value:
            return True
        listed = _listed(value)
        found = [self.target(kind, each) or ("" if _is_id(each) else each) for each in listed]
        if "" in found:
            return False
        is_array = value.startswith("[")
        parameters[name] = msgspec.json.encode(found).decode() if is_array else found[0]
        return True

    def _kind_of(self, field: str) -> str | None:
        """Of what the values of a field are ids; None: they are none."""
        if not field.startswith(_CUSTOM):
            return _OF_FIELDS.get(field)
        full = self.maps.get(identity_kinds.FIELD_TYPE, {}).get(field, "")
        return identity_kinds.OPTION if full.endswith(_SELECTS) else None

    def property(self, name: str, value: str) -> str | None:
        """The value of a property of a status or a transition; None: it names nothing there."""
        kind = _kind_of_property(name)
        if kind is None or not _split(value):
            return value
        found, _ = self.targets(kind, value)
        return found or None


def rules_of(workflow: Json) -> Iterator[Json]:
    """Every rule of a workflow."""
    for transition in workflow.get("transitions") or ():
        for name in ("actions", "validators", "triggers"):
            yield from transition.get(name) or ()
        yield from _conditions(transition.get("conditions") or {})
        if transition.get("transitionScreen"):
            yield transition["transitionScreen"]


def _conditions(group: Json) -> Iterator[Json]:
    yield from group.get("conditions") or ()
    for each in group.get("conditionGroups") or ():
        yield from _conditions(each)


def _named_in(workflow: Json) -> Iterator[Named]:
    """Every id in a workflow, each with its kind."""
    for rule in rules_of(workflow):
        yield from _named_in_rule(rule)
    for holder in (*(workflow.get("statuses") or ()), *(workflow.get("transitions") or ())):
        properties: Json = holder.get("properties") or {}
        for name, value in properties.items():
            kind = _kind_of_property(name)
            yield from ((kind, each) for each in _split(str(value)) if kind)
        approval: Json = holder.get("approvalConfiguration") or {}
        for name in ("fieldId", "prePopulatedFieldId"):
            if approval.get(name):
                yield _FIELD, str(approval[name])


def _named_in_rule(rule: Json) -> Iterator[Named]:
    key = str(rule.get("ruleKey"))
    parameters: Json = rule.get("parameters") or {}
    for name, kind in _PARAMETERS.get(key, {}).items():
        yield from ((kind, each) for each in _split(str(parameters.get(name) or "")))
    if key in _VALUES:
        field, name = (str(parameters.get(each) or "") for each in _VALUES[key])
        of_values = identity_kinds.OPTION if field.startswith(_CUSTOM) else _OF_FIELDS.get(field)
        if field.startswith(_CUSTOM):
            yield identity_kinds.FIELD_TYPE, field
        yield from ((of_values, each) for each in _listed(name) if of_values)


def _kind_of_property(name: str) -> str | None:
    """What the ids in a property with a meaning of Jira's own are; None: it holds none."""
    if name in ("jira.field.resolution.include", "jira.field.resolution.exclude"):
        return identity_kinds.RESOLUTION
    if name.startswith("jira.permission."):
        last = next((each for each in name.split(".")[::-1] if not each.isdigit()), "")
        return {
            "projectrole": identity_kinds.PROJECT_ROLE,
            "user": identity_kinds.USER,
        }.get(last)
    return None


def _split(listed: str) -> list[str]:
    return [each.strip() for each in listed.split(",") if each.strip()]


def _listed(value: str) -> list[str]:
    """The values in a parameter: a JSON array of texts, or one text."""
    if value.startswith("["):
        try:
            return [str(each) for each in msgspec.json.decode(value)]
        except msgspec.DecodeError:
            return [value]
    return [value] if value else []


def _is_id(value: str) -> bool:
    return value.isdigit()
