"""Reads the ``fields`` of a create or an edit and refuses what a site refuses."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from sitekeep_simulator.jira import app_fields
from sitekeep_simulator.jira.app_fields import is_app_select
from sitekeep_simulator.jira.documents import check_document
from sitekeep_simulator.jira.field_contexts import context_for, options_in
from sitekeep_simulator.jira.field_rules import is_hidden
from sitekeep_simulator.jira.fields import ASSETS_TYPE, custom_field, field_type, is_locked
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.permissions import ASSIGNABLE, Permissions
from sitekeep_simulator.jira.priorities import priority_ids, scheme_of
from sitekeep_simulator.jira.projects import Project, Projects
from sitekeep_simulator.jira.screens import CREATE, EDIT, can_be_set
from sitekeep_simulator.jira.security_levels import level_of_project
from sitekeep_simulator.jira.state import Jira, instant_of, jira_time
from sitekeep_simulator.service_management.fields import is_service_type
from sitekeep_simulator.service_management.values import read_value

NOT_ON_SCREEN = "Field '{}' cannot be set. It is not on the appropriate screen, or unknown."
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}$")
_DURATION = re.compile(r"(\d+)\s*([wdhm])")
_SECONDS = {"w": 144_000, "d": 28_800, "h": 3_600, "m": 60}
Reader = Callable[[Any], Any]


class FieldValues:
    """Turns values as the API has them into values as the store has them.

    Readers raise ValueError with Jira's words. References are stored as ids.
    """

    def __init__(self, jira: Jira, project: Project, type_id: int, *, editing: bool) -> None:
        self._jira = jira
        self._project = project
        self._type_id = type_id
        self._operation = EDIT if editing else CREATE
        self._readers: dict[str, Reader] = {
            "summary": _summary,
            "description": self._document,
            "environment": self._document,
            "labels": _labels,
            "duedate": _date,
            "priority": self._priority,
            "assignee": self._assignee,
            "reporter": self._reporter,
            "components": lambda value: self._of_project(ObjectKind.COMPONENT, value),
            "versions": lambda value: self._of_project(ObjectKind.VERSION, value),
            "fixVersions": lambda value: self._of_project(ObjectKind.VERSION, value),
            "timetracking": _timetracking,
            "security": self._security,
        }
        if editing:
            self._readers["resolution"] = self._resolution
        self._custom_readers: dict[str, Reader] = {
            ASSETS_TYPE: self._assets,
            "jira.polaris:rating": _number,
            "jira.polaris:interval": _interval,
            "textarea": self._document,
            "float": _number,
            "datepicker": _date,
            "datetime": _instant,
            "labels": _labels,
            "userpicker": self._member,
            "multiuserpicker": lambda value: [self._member(each) for each in _list(value)],
            "grouppicker": self._group,
            "multigrouppicker": lambda value: [self._group(each) for each in _list(value)],
            "project": self._picked_project,
            "version": lambda value: self._of_project(ObjectKind.VERSION, [value])[0],
            "multiversion": lambda value: self._of_project(ObjectKind.VERSION, value),
        }

    def read(self, fields: Body) -> tuple[Body, dict[str, str]]:
        """The stored values and, by field, what is wrong with the others."""
        values: Body = {}
        errors: dict[str, str] = {}
        for name, value in fields.items():
            try:
                values[name] = self._reader(name)(value)
            except ValueError as error:
                errors[name] = str(error)
        return values, errors

    def _reader(self, name: str) -> Reader:
        project = self._project
        scoped = custom_field(self._jira, name)
        if scoped is not None and scoped.project_id == project.id and not is_locked(scoped):
            # A project of people's own making shows its own fields, whatever screens there are.
            own = context_for(self._jira, scoped, project.id, self._type_id) or scoped
            return lambda value: None if value is None else self._custom(scoped, own, value)
        is_set = can_be_set(self._jira, project, self._type_id, self._operation, name)
        if not is_set or is_hidden(self._jira, project, self._type_id, name):
            raise ValueError(NOT_ON_SCREEN.format(name))
        reader = self._readers.get(name)
        if reader is not None:
            return reader
        field = custom_field(self._jira, name)
        if field is None or field.project_id or not _is_writable(field):
            raise ValueError(NOT_ON_SCREEN.format(name))
        context = context_for(self._jira, field, self._project.id, self._type_id)
        if context is None:
            raise ValueError(NOT_ON_SCREEN.format(name))
        return lambda value: None if value is None else self._custom(field, context, value)

    def _custom(self, field: JiraObject, context: JiraObject, value: Any) -> Any:
        kind = field_type(field)
        if is_app_select(field):
            return app_fields.read_value(self._jira, self._project, field, value)
        if is_service_type(kind):
            return read_value(self._jira, self._project, field, value)
        if kind in ("select", "radiobuttons"):
            return self._option(context, value)
        if kind in ("multiselect", "multicheckboxes"):
            return [self._option(context, each) for each in _list(value)]
        if kind == "cascadingselect":
            return self._cascade(context, value)
        reader = self._custom_readers.get(kind)
        return _text(value) if reader is None else reader(value)

    def _cascade(self, context: JiraObject, value: Any) -> list[int]:
        """An option and, below ``child``, one of its own."""
        chosen = [self._option(context, value)]
        child = _object(value).get("child")
        return chosen if child is None else [*chosen, self._option(context, child, chosen[0])]

    def _group(self, value: Any) -> str:
        reference = _object(value)
        named = {"group_id": str(reference.get("groupId") or "")}
        found = self._jira.accounts.group(**named, name=str(reference.get("name") or ""))
        if found is None:
            raise ValueError("Could not find the group.")
        return found.group_id

    def _picked_project(self, value: Any) -> int:
        reference = _object(value)
        found = Projects(self._jira).find(str(reference.get("id") or reference.get("key") or ""))
        if found is None:
            raise ValueError("Could not find the project.")
        return found.id

    def _assets(self, value: Any) -> list[int]:
        """What names no object of the workspace is dropped without a word."""
        kept: list[int] = []
        for each in _list(value):
            workspace, number = str(each.get("workspaceId")), str(each.get("objectId"))
            found = self._jira.objects.get(ObjectKind.ASSET_OBJECT, number)
            known = self._jira.objects.named(ObjectKind.ASSET_WORKSPACE, workspace)
            if found is not None and known and each.get("id") == f"{workspace}:{number}":
                kept.append(found.id)
        return kept

    def _document(self, value: Any) -> Any:
        if value is not None:
            check_document(self._jira, value)
        return value

    def _priority(self, value: Any) -> int | None:
        if value is None:
            return None
        found = self._reference(ObjectKind.PRIORITY, value)
        allowed = priority_ids(self._jira, scheme_of(self._jira, self._project))
        if found is None or found.id not in allowed:
            raise ValueError("The priority selected is invalid.")
        return found.id

    def _resolution(self, value: Any) -> int | None:
        if value is None:
            return None
        found = self._reference(ObjectKind.RESOLUTION, value)
        if found is None:
            raise ValueError("The resolution selected is invalid.")
        return found.id

    def _reference(self, kind: ObjectKind, value: Any, project_id: int = 0) -> JiraObject | None:
        reference = _object(value)
        if "id" in reference:
            found = self._jira.objects.get(kind, str(reference["id"]))
            return found if found is None or found.project_id == project_id else None
        return self._jira.objects.named(kind, str(reference.get("name") or ""), project_id)

    def _of_project(self, kind: ObjectKind, value: Any) -> list[int]:
        ids: list[int] = []
        for each in _list(value):
            found = self._reference(kind, each, self._project.id)
            if found is None:
                reference = _object(each)
                which = next(iter(reference), "id")
                raise ValueError(
                    f"{kind.value.title()} {which} '{reference.get(which)}' is not valid"
                )
            if found.body.get("archived"):
                raise ValueError(f"The version '{found.name}' is archived.")
            ids.append(found.id)
        return list(dict.fromkeys(ids))

    def _security(self, value: Any) -> int | None:
        if value is None:
            return None
        level = level_of_project(self._jira, self._project, value)
        if level is None:
            raise ValueError("The security level selected is invalid.")
        return level.id

    def _option(self, context: JiraObject, value: Any, parent: int = 0) -> int:
        """An option that can still be chosen, by its id or by its value."""
        reference = _object(value)
        for option in options_in(self._jira, context):
            if option.body["parent"] != parent or option.body["disabled"]:
                continue
            if str(option.id) == str(reference.get("id")) or (
                "id" not in reference and option.name == reference.get("value")
            ):
                return option.id
        raise ValueError(f"Option {next(iter(reference.items()), '')} is not valid")

    def _member(self, value: Any) -> str:
        reference = _object(value)
        account_id = str(reference.get("accountId") or reference.get("id") or "")
        if self._jira.accounts.get(account_id) is None:
            raise ValueError("The user does not exist on this site.")
        return account_id

    def _reporter(self, value: Any) -> str | None:
        if value is None:
            return None
        try:
            return self._member(value)
        except ValueError as error:
            raise ValueError("The reporter specified is not a user.") from error

    def _assignee(self, value: Any) -> str | None:
        if value is None or (isinstance(value, dict) and not any(value.values())):  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
            return None
        account = self._jira.accounts.get(self._member(value))
        if account is None or not account.active:
            raise ValueError("The user cannot be assigned issues.")
        if not Permissions(self._jira).allowed(account, ASSIGNABLE, self._project):
            raise ValueError(f"User '{account.display_name}' cannot be assigned issues.")
        return account.account_id


def _interval(value: Any) -> str:
    """An interval is a JSON text; a plain date is refused."""
    try:
        found = msgspec.json.decode(_text(value), type=dict[str, str])
    except msgspec.DecodeError as error:
        raise ValueError("The interval is not valid.") from error
    if found.keys() != {"start", "end"}:
        raise ValueError("The interval is not valid.")
    return _text(value)


def _is_writable(field: JiraObject) -> bool:
    """Whether issues can be edited by it: by fields of requests and apps although locked."""
    return not is_locked(field) or is_service_type(field_type(field)) or is_app_select(field)


def duration_seconds(text: str) -> int:
    """A duration as ``3h 20m`` in seconds. Raises ValueError."""
    parts = _DURATION.findall(text)
    if not parts or _DURATION.sub("", text).strip():
        raise ValueError(f"The duration '{text}' is not valid.")
    return sum(int(count) * _SECONDS[unit] for count, unit in parts)


def _summary(value: Any) -> str:
    text = value.strip() if isinstance(value, str) else ""
    if not text:
        raise ValueError("You must specify a summary of the issue.")
    if len(text) > 255:
        raise ValueError("Summary must be less than 255 characters.")
    if "\n" in text or "\r" in text:
        raise ValueError("The summary is invalid because it contains newline characters.")
    return text


def _labels(value: Any) -> list[str]:
    labels = [_text(each) for each in _list(value)]
    for label in labels:
        if not label or any(character.isspace() for character in label):
            raise ValueError(f"The label '{label}' contains spaces which is invalid.")
        if len(label) > 255:
            raise ValueError("The label is longer than 255 characters.")
    return sorted(set(labels))


def _date(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not _DATE.match(value):
        raise ValueError(f"Error parsing date string: {value}")
    return value


def _instant(value: Any) -> str:
    return jira_time(instant_of(_text(value)))


def _timetracking(value: Any) -> Body:
    tracking = _object(value)
    stored: Body = {}
    for name, key in (("original", "originalEstimate"), ("remaining", "remainingEstimate")):
        if tracking.get(key) is not None:
            stored[name] = duration_seconds(str(tracking[key]))
    if "original" in stored:
        stored.setdefault("remaining", stored["original"])
    return stored


def _number(value: Any) -> float | int:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError("Operation value must be a number")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("Operation value must be a string")
    return value


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise ValueError("data was not an array")
    return value  # pyright: ignore[reportUnknownVariableType]


def _object(value: Any) -> Body:
    if not isinstance(value, dict):
        raise ValueError("expected Object")
    return value  # pyright: ignore[reportUnknownVariableType]
