"""What fields begin with in new issues: the default values of their contexts."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

from sitekeep_simulator.answers import json_answer, list_in, no_content, query_list, read_object
from sitekeep_simulator.jira.field_contexts import (
    context_for,
    contexts_of,
    options_in,
    required_field,
)
from sitekeep_simulator.jira.fields import custom_fields, field_type
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.paging import page_of
from sitekeep_simulator.jira.projects import Project, Projects
from sitekeep_simulator.jira.screens import CREATE, can_be_set
from sitekeep_simulator.jira.state import API, Jira
from sitekeep_simulator.refusals import Refused

DEFAULT_TYPES: Mapping[str, str] = {
    "textfield": "textfield",
    "textarea": "textarea",
    "float": "float",
    "select": "option.single",
    "radiobuttons": "option.single",
    "multiselect": "option.multiple",
    "multicheckboxes": "option.multiple",
    "cascadingselect": "option.cascading",
    "datepicker": "datepicker",
    "datetime": "datetimepicker",
    "userpicker": "single.user.select",
    "multiuserpicker": "multi.user.select",
    "grouppicker": "grouppicker.single",
    "multigrouppicker": "grouppicker.multiple",
    "labels": "labels",
    "url": "url",
    "project": "project",
    "version": "version.single",
    "multiversion": "version.multiple",
}
"""What the default value of a type of field is called (Jira REST v3, context/defaultValue)."""

_PARTS = {
    "textfield": "text",
    "textarea": "text",
    "float": "number",
    "option.single": "optionId",
    "option.multiple": "optionIds",
    "option.cascading": "optionId",
    "datepicker": "date",
    "datetimepicker": "dateTime",
    "single.user.select": "accountId",
    "multi.user.select": "accountIds",
    "grouppicker.single": "groupId",
    "grouppicker.multiple": "groupIds",
    "labels": "labels",
    "url": "url",
    "project": "projectId",
    "version.single": "versionId",
    "version.multiple": "versionIds",
}
"""Which part of a default value of a type says it."""


def default_values(jira: Jira, project: Project, type_id: int, given: Mapping[str, Any]) -> Body:
    """What a new issue gets in the fields of its screen that a create does not name."""
    values: Body = {}
    for field in custom_fields(jira):
        name = f"customfield_{field.id}"
        if name in given or not can_be_set(jira, project, type_id, CREATE, name):
            continue
        context = context_for(jira, field, project.id, type_id)
        default: Body | None = context.body.get("default") if context is not None else None
        if default is not None:
            values[name] = _stored(jira, project, default)
    return {name: value for name, value in values.items() if value not in (None, [])}


def _stored(jira: Jira, project: Project, default: Body) -> Any:
    """A default value as an issue keeps it."""
    kind = str(default["type"])
    if default.get("useCurrent"):
        now = jira.now()
        return now if kind == "datetimepicker" else now[:10]
    if kind == "option.cascading":
        ids = [default["optionId"], default.get("cascadingOptionId")]
        return [int(each) for each in ids if each]
    value = default[_PARTS[kind]]
    if kind == "textarea":
        paragraph = {"type": "paragraph", "content": [{"type": "text", "text": value}]}
        return {"type": "doc", "version": 1, "content": [paragraph]}
    if kind == "version.single":
        return next(iter(_versions_of(jira, project, [value])), None)
    if kind == "version.multiple":
        return _versions_of(jira, project, value)
    if kind == "option.multiple":
        return [int(each) for each in value]
    return int(value) if kind in ("option.single", "project") else value


def _versions_of(jira: Jira, project: Project, ids: Sequence[Any]) -> list[int]:
    """Those that belong to the project: a default value may name versions of several ones."""
    found = [jira.objects.get(ObjectKind.VERSION, str(each)) for each in ids]
    return [each.id for each in found if each is not None and each.project_id == project.id]


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of default values."""
    defaults = Defaults(jira)
    path = f"{API}/field/{{fieldId}}/context/defaultValue"
    return [web.get(path, defaults.all), web.put(path, defaults.change)]


class Defaults:
    """Handlers."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira

    async def all(self, request: web.Request) -> web.StreamResponse:
        """GET field/{id}/context/defaultValue: a context without one is not listed."""
        ids = query_list(request, "contextId")
        beans = [
            {"contextId": str(each.id), **each.body["default"]}
            for each in contexts_of(self._jira, required_field(self._jira, request))
            if each.body.get("default") and (not ids or str(each.id) in ids)
        ]
        return json_answer(self._jira.site, page_of(self._jira, request, beans))

    async def change(self, request: web.Request) -> web.StreamResponse:
        """PUT field/{id}/context/defaultValue: all or none."""
        field = required_field(self._jira, request, writing=True)
        listed: list[Body] = list_in(await read_object(request), "defaultValues")
        if not listed:
            raise Refused(400, "Default values must be given.")
        changed = [self._changed(field, each) for each in listed]
        for each in changed:
            self._jira.objects.put(each)
        return no_content()

    def _changed(self, field: JiraObject, listed: Body) -> JiraObject:
        kind = DEFAULT_TYPES.get(field_type(field))
        if listed.get("type") != kind or kind is None:
            raise Refused(400, f"The field takes no default value of the type {listed['type']}.")
        context = self._jira.objects.get(ObjectKind.CONTEXT, str(listed.get("contextId")))
        if context is None or context.project_id != field.id:
            raise Refused(404, "The custom field context was not found.")
        kept = {name: value for name, value in listed.items() if name != "contextId"}
        if kept.get(_PARTS[kind]) is None and not kept.get("useCurrent"):
            body = {name: value for name, value in context.body.items() if name != "default"}
            return dataclasses.replace(context, body=body)
        if not self._exists(context, kind, kept):
            raise Refused(404, "What the default value names was not found.")
        return dataclasses.replace(context, body=context.body | {"default": kept})

    def _exists(self, context: JiraObject, kind: str, default: Body) -> bool:
        """Whether all that a default value names is there and can be chosen."""
        if default.get("useCurrent"):
            return True
        value = default[_PARTS[kind]]
        listed: list[Any] = value if isinstance(value, list) else [value]  # pyright: ignore[reportUnknownVariableType]
        named = [str(each) for each in listed]
        if default.get("cascadingOptionId"):
            named.append(str(default["cascadingOptionId"]))
        checks: dict[str, Callable[[str], bool]] = {
            "option": lambda each: each in self._open_options(context),
            "single": lambda each: self._jira.accounts.get(each) is not None,
            "multi": lambda each: self._jira.accounts.get(each) is not None,
            "grouppicker": lambda each: self._jira.accounts.group(group_id=each) is not None,
            "project": lambda each: Projects(self._jira).find(each) is not None,
            "version": lambda each: self._jira.objects.get(ObjectKind.VERSION, each) is not None,
        }
        check = checks.get(kind.partition(".")[0])
        return check is None or all(check(each) for each in named)

    def _open_options(self, context: JiraObject) -> set[str]:
        options = options_in(self._jira, context)
        return {str(each.id) for each in options if not each.body["disabled"]}
