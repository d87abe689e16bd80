"""Reads the ``fields`` of a create or an edit and refuses what a site refuses."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from sitekeep_simulator.jira.documents import check_document
from sitekeep_simulator.jira.fields import (
    ASSETS_TYPE,
    DERIVED_TYPES,
    custom_field,
    field_type,
    options_of,
)
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.permissions import ASSIGNABLE, Permissions
from sitekeep_simulator.jira.priorities import priority_ids, scheme_of
from sitekeep_simulator.jira.projects import Project
from sitekeep_simulator.jira.security_levels import level_of_project
from sitekeep_simulator.jira.state import Jira, instant_of, jira_time

NOT_ON_SCREEN = "Field '{}' cannot be set. It is not on the appropriate screen, or unknown."
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}$")
_DURATION = re.compile(r"(\d+)\s*([wdhm])")
_SECONDS = {"w": 144_000, "d": 28_800, "h": 3_600, "m": 60}
Reader = Callable[[Any], Any]


class FieldValues:
    """Turns values as the API has them into values as the store has them.

    Readers raise ValueError with Jira's words. References are stored as ids.
    """

    def __init__(self, jira: Jira, project: Project, *, editing: bool) -> None:
        self._jira = jira
        self._project = project
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
        reader = self._readers.get(name)
        if reader is not None:
            return reader
        field = custom_field(self._jira, name)
        if field is None or not self._is_on_screen(field):
            raise ValueError(NOT_ON_SCREEN.format(name))
        return lambda value: None if value is None else self._custom(field, value)

    def _is_on_screen(self, field: JiraObject) -> bool:
        if field.body["type"] in DERIVED_TYPES or not field.body["onScreen"]:
            return False
        if field.project_id:
            return field.project_id == self._project.id
        return self._has_context(field)

    def _has_context(self, field: JiraObject) -> bool:
        wanted = str(self._project.id)
        contexts = self._jira.objects.all(ObjectKind.CONTEXT, field.id)
        return any(not c.body["projectIds"] or wanted in c.body["projectIds"] for c in contexts)

    def _custom(self, field: JiraObject, value: Any) -> Any:
        kind = field_type(field)
        if kind == "textarea":
            return self._document(value)
        if kind == ASSETS_TYPE:
            return self._assets(value)
        if kind in ("float", "jira.polaris:rating"):
            return _number(value)
        if kind == "jira.polaris:interval":
            return _interval(value)
        if kind in ("select", "radiobuttons"):
            return self._option(field, value)
        if kind in ("multiselect", "multicheckboxes"):
            return [self._option(field, each) for each in _list(value)]
        if kind == "datepicker":
            return _date(value)
        if kind == "datetime":
            return _instant(value)
        if kind == "userpicker":
            return self._member(value)
        return _labels(value) if kind == "labels" else _text(value)

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

    def _option(self, field: JiraObject, value: Any) -> int:
        reference = _object(value)
        for option in options_of(self._jira, field):
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
