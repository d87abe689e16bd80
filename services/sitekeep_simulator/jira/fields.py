"""Fields: Jira's own ones and custom ones with their contexts and options."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from aiohttp import web

from sitekeep_simulator.answers import json_answer, query_list, read_object
from sitekeep_simulator.jira.beans import scope_bean
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.paging import page_of
from sitekeep_simulator.jira.screens import add_to_default, fields_of
from sitekeep_simulator.jira.state import API, Jira
from sitekeep_simulator.refusals import Refused

TYPES_PREFIX = "com.atlassian.jira.plugin.system.customfieldtypes:"
_SCHEMAS: dict[str, tuple[str, str | None]] = {
    "textfield": ("string", None),
    "textarea": ("string", None),
    "float": ("number", None),
    "select": ("option", None),
    "radiobuttons": ("option", None),
    "multiselect": ("array", "option"),
    "multicheckboxes": ("array", "option"),
    "cascadingselect": ("option-with-child", None),
    "datepicker": ("date", None),
    "datetime": ("datetime", None),
    "userpicker": ("user", None),
    "multiuserpicker": ("array", "user"),
    "grouppicker": ("group", None),
    "multigrouppicker": ("array", "group"),
    "project": ("project", None),
    "version": ("version", None),
    "multiversion": ("array", "version"),
    "labels": ("array", "string"),
    "url": ("string", None),
}
SPRINT_TYPE = "com.pyxis.greenhopper.jira:gh-sprint"
ASSETS_TYPE = "com.atlassian.jira.plugins.cmdb:cmdb-object-cftype"
RANK_TYPE = "com.pyxis.greenhopper.jira:gh-lexo-rank"
_PRODUCT_SCHEMAS: dict[str, tuple[str, str | None]] = {
    SPRINT_TYPE: ("array", "json"),
    RANK_TYPE: ("any", None),
}
_APP_SCHEMAS: dict[str, tuple[str, str | None]] = {
    ASSETS_TYPE: ("array", "cmdb-object-field"),
    "jira.polaris:rating": ("number", None),
    "jira.polaris:interval": ("string", None),
    "jira.polaris:formula": ("number", None),
    "jira.polaris:count-insights": ("number", None),
}
"""Types of fields that come with Assets and Product Discovery; no request makes such ones."""
_DERIVED_TYPES = ("jira.polaris:formula", "jira.polaris:count-insights")
SELECT_TYPES = ("select", "radiobuttons", "multiselect", "multicheckboxes", "cascadingselect")
_SYSTEM: tuple[tuple[str, str, str, str | None], ...] = (
    ("summary", "Summary", "string", None),
    ("issuetype", "Issue Type", "issuetype", None),
    ("project", "Project", "project", None),
    ("parent", "Parent", "issuelink", None),
    ("status", "Status", "status", None),
    ("statuscategorychangedate", "Status Category Changed", "datetime", None),
    ("priority", "Priority", "priority", None),
    ("resolution", "Resolution", "resolution", None),
    ("resolutiondate", "Resolved", "datetime", None),
    ("assignee", "Assignee", "user", None),
    ("reporter", "Reporter", "user", None),
    ("creator", "Creator", "user", None),
    ("created", "Created", "datetime", None),
    ("updated", "Updated", "datetime", None),
    ("duedate", "Due date", "date", None),
    ("description", "Description", "string", None),
    ("environment", "Environment", "string", None),
    ("labels", "Labels", "array", "string"),
    ("components", "Components", "array", "component"),
    ("versions", "Affects versions", "array", "version"),
    ("fixVersions", "Fix versions", "array", "version"),
    ("attachment", "Attachment", "array", "attachment"),
    ("comment", "Comment", "comments-page", None),
    ("worklog", "Log Work", "array", "worklog"),
    ("issuelinks", "Linked Issues", "array", "issuelinks"),
    ("subtasks", "Sub-tasks", "array", "issuelinks"),
    ("watches", "Watchers", "watches", None),
    ("votes", "Votes", "votes", None),
    ("timetracking", "Time tracking", "timetracking", None),
    ("security", "Security Level", "securitylevel", None),
    ("timespent", "Time Spent", "number", None),
    ("timeestimate", "Remaining Estimate", "number", None),
    ("timeoriginalestimate", "Original estimate", "number", None),
)


SYSTEM_FIELDS = frozenset(field for field, *_ in _SYSTEM)
"""The ids of Jira's own fields."""


def field_type(field: JiraObject) -> str:
    """The short name of a custom field's type: textfield, select, …"""
    return str(field.body["type"]).removeprefix(TYPES_PREFIX)


def custom_fields(jira: Jira, *, trashed: bool = False) -> list[JiraObject]:
    """Every custom field by its number, hidden ones aside; ``trashed``: those in the trash."""
    found = [each for each in jira.objects.all(ObjectKind.FIELD) if not each.body.get("hidden")]
    return [each for each in found if ("trashedDate" in each.body) == trashed]


def custom_field(jira: Jira, field_id: str, *, trashed: bool = False) -> JiraObject | None:
    """The custom field with that id (``customfield_10010``), or None."""
    prefix, _, number = field_id.partition("_")
    found = jira.objects.get(ObjectKind.FIELD, number) if prefix == "customfield" else None
    return found if found is not None and ("trashedDate" in found.body) == trashed else None


def product_field(jira: Jira, full_type: str) -> JiraObject:
    """The field of that type that Jira Software keeps itself. Raises Refused (404)."""
    for field in custom_fields(jira):
        if field.body["type"] == full_type:
            return field
    raise Refused(404, "Jira Software is not installed.")


def add_product_fields(jira: Jira) -> None:
    """The fields that come with Jira Software; no request makes such ones."""
    for name, full_type in (("Sprint", SPRINT_TYPE), ("Rank", RANK_TYPE)):
        body = {"type": full_type, "description": f"{name} of Jira Software"}
        field = jira.objects.add(ObjectKind.FIELD, name, body)
        add_context(jira, field)
        add_to_default(jira, f"customfield_{field.id}")


def is_locked(field: JiraObject) -> bool:
    """Whether a field is one that Jira Software or another app keeps itself."""
    kept = (*_PRODUCT_SCHEMAS, *_DERIVED_TYPES)
    return field.body["type"] in kept or "schema" in field.body


def add_product_field(jira: Jira, name: str, full_type: str) -> JiraObject:
    """Creates a field of a type that no request makes, for all projects."""
    field = jira.objects.add(ObjectKind.FIELD, name, {"type": full_type, "description": ""})
    add_context(jira, field)
    add_to_default(jira, f"customfield_{field.id}")
    return field


def add_scoped_field(
    jira: Jira, name: str, full_type: str, project_id: int, options: Sequence[str] = ()
) -> JiraObject:
    """Creates a field of one project, as only the product itself does.

    It has no context that a request could read or change; what can be chosen is the project's.
    """
    body = {"type": full_type, "description": ""}
    field = jira.objects.add(ObjectKind.FIELD, name, body, project_id=project_id)
    if options:
        context = add_context(jira, field, "", [project_id])
        for value in options:
            add_option(jira, context, value)
    return field


def add_context(
    jira: Jira,
    field: JiraObject,
    name: str = "",
    project_ids: Sequence[int] = (),
    type_ids: Sequence[int] = (),
    description: str = "",
) -> JiraObject:
    """Creates a context of a field: for all projects and issue types unless some are given."""
    context: Body = {
        "description": description,
        "projectIds": [str(each) for each in project_ids],
        "issueTypeIds": [str(each) for each in type_ids],
    }
    text = name or f"Default Configuration Scheme for {field.name}"
    return jira.objects.add(ObjectKind.CONTEXT, text, context, project_id=field.id)


def add_option(
    jira: Jira, context: JiraObject, value: str, *, parent: int = 0, disabled: bool = False
) -> JiraObject:
    """Creates an option behind the others of its context or of its parent."""
    place: int = jira.store.value(
        "SELECT count(*) FROM jira_object WHERE kind = ? AND project_id = ?",
        (ObjectKind.OPTION.value, context.id),
    )
    body: Body = {"disabled": disabled, "parent": parent, "place": place}
    return jira.objects.add(ObjectKind.OPTION, value, body, project_id=context.id)


def add_bare_field(jira: Jira, name: str, short_type: str) -> JiraObject:
    """Creates a custom field that is on the default screen and has no context."""
    body = {"type": TYPES_PREFIX + short_type, "description": ""}
    field = jira.objects.add(ObjectKind.FIELD, name, body)
    add_to_default(jira, f"customfield_{field.id}")
    return field


def add_custom_field(
    jira: Jira, name: str, short_type: str, options: Sequence[str] = ()
) -> JiraObject:
    """Creates a usable custom field: with a global context, its options, and on the screens."""
    field = add_bare_field(jira, name, short_type)
    context = add_context(jira, field, f"{name} context")
    for value in options:
        add_option(jira, context, value)
    return field


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of fields."""
    fields = Fields(jira)
    return [
        web.get(f"{API}/field", fields.all),
        web.post(f"{API}/field", fields.create),
        web.get(f"{API}/field/search", fields.search),
        web.get(f"{API}/field/search/trashed", fields.trashed),
        web.post(f"{API}/field/{{id}}/trash", fields.trash),
        web.post(f"{API}/field/{{id}}/restore", fields.restore),
    ]


class Fields:
    """Handlers."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira

    async def all(self, _: web.Request) -> web.StreamResponse:
        """GET field: all of them, unpaged."""
        beans = system_beans()
        beans += [field_bean(each) for each in custom_fields(self._jira)]
        return json_answer(self._jira.site, beans)

    async def search(self, request: web.Request) -> web.StreamResponse:
        """GET field/search."""
        kinds, ids = query_list(request, "type"), query_list(request, "id")
        beans: list[Body] = []
        if not kinds or "system" in kinds:
            beans += [_searched(each) for each in system_beans()]
        if not kinds or "custom" in kinds:
            beans += [self._custom_item(each) for each in custom_fields(self._jira)]
        kept = [each for each in beans if not ids or each["id"] in ids]
        return json_answer(self._jira.site, page_of(self._jira, request, kept))

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST field: it has a context for everything and is on no screen yet."""
        body = await read_object(request)
        name, full_type = str(body.get("name") or ""), str(body.get("type") or "")
        if not name:
            raise Refused(400, fields={"name": "The name of the field is required."})
        if full_type.removeprefix(TYPES_PREFIX) not in _SCHEMAS:
            raise Refused(400, fields={"type": f"The custom field type '{full_type}' is unknown."})
        kept = {
            "type": full_type,
            "description": str(body.get("description") or ""),
            "searcherKey": body.get("searcherKey"),
        }
        field = self._jira.objects.add(ObjectKind.FIELD, name, kept)
        add_context(self._jira, field)
        self._jira.store.execute("DELETE FROM jira_rendered")
        return json_answer(self._jira.site, field_bean(field), 201)

    async def trashed(self, request: web.Request) -> web.StreamResponse:
        """GET field/search/trashed."""
        found = custom_fields(self._jira, trashed=True)
        beans = [
            _searched(field_bean(each)) | {"description": each.body["description"]}
            for each in found
        ]
        return json_answer(self._jira.site, page_of(self._jira, request, beans))

    async def trash(self, request: web.Request) -> web.StreamResponse:
        """POST field/{id}/trash: it is in no list of fields any more; issues keep its values."""
        field = self._field(request, "id")
        if is_locked(field):
            raise Refused(400, "The custom field is locked.")
        self._put(field, field.body | {"trashedDate": self._jira.now()})
        return json_answer(self._jira.site, {})

    async def restore(self, request: web.Request) -> web.StreamResponse:
        """POST field/{id}/restore."""
        field = self._field(request, "id", trashed=True)
        self._put(field, {key: v for key, v in field.body.items() if key != "trashedDate"})
        return json_answer(self._jira.site, {})

    def _put(self, field: JiraObject, body: Body) -> None:
        self._jira.objects.put(dataclasses.replace(field, body=body))
        self._jira.store.execute("DELETE FROM jira_rendered")

    def _field(
        self, request: web.Request, name: str = "fieldId", *, trashed: bool = False
    ) -> JiraObject:
        found = custom_field(self._jira, request.match_info[name], trashed=trashed)
        if found is None:
            raise Refused(404, "The custom field was not found.")
        return found

    def _custom_item(self, field: JiraObject) -> Body:
        contexts = self._jira.objects.all(ObjectKind.CONTEXT, field.id)
        return _searched(field_bean(field)) | {
            "description": field.body["description"],
            "isLocked": is_locked(field),
            "screensCount": self._screens_of(field),
            "contextsCount": len(contexts),
        }

    def _screens_of(self, field: JiraObject) -> int:
        screens = self._jira.objects.all(ObjectKind.SCREEN)
        return sum(f"customfield_{field.id}" in fields_of(each) for each in screens)


def field_names(jira: Jira) -> dict[str, str]:
    """The names of all fields by their ids, Jira's own ones first."""
    names = {field_id: name for field_id, name, *_ in _SYSTEM}
    return names | {f"customfield_{each.id}": each.name for each in custom_fields(jira)}


def system_beans() -> list[Body]:
    """Jira's own fields, as the list of fields shows them."""
    return [_system_bean(*each) for each in _SYSTEM]


def _searched(bean: Body) -> Body:
    return {key: bean[key] for key in ("id", "key", "name", "schema")}


def _system_bean(field_id: str, name: str, kind: str, items: str | None) -> Body:
    schema: Body = {"type": kind, "system": field_id}
    if items is not None:
        schema["items"] = items
    return {
        "id": field_id,
        "key": field_id,
        "name": name,
        "custom": False,
        "orderable": True,
        "navigable": True,
        "searchable": True,
        "clauseNames": [field_id],
        "schema": schema,
    }


def column_names(jira: Jira) -> dict[str, str]:
    """The names of all that a list of issues can have as a column, by id."""
    names = {"issuekey": "Key"} | {each[0]: each[1] for each in _SYSTEM}
    return names | {f"customfield_{each.id}": each.name for each in custom_fields(jira)}


def field_bean(field: JiraObject) -> Body:
    """A custom field, as the list of fields shows it."""
    schema: Body = {"custom": field.body["type"], "customId": field.id}
    if "schema" in field.body:
        schema |= field.body["schema"]
    else:
        schema["type"], items = (_SCHEMAS | _PRODUCT_SCHEMAS | _APP_SCHEMAS)[field_type(field)]
        schema |= {"items": items} if items is not None else {}
    scope = {"scope": scope_bean(field.project_id)} if field.project_id else {}
    return scope | {
        "id": f"customfield_{field.id}",
        "key": field.body.get("key", f"customfield_{field.id}"),
        "name": field.name,
        "custom": True,
        "orderable": True,
        "navigable": True,
        "searchable": True,
        "clauseNames": [f"cf[{field.id}]", field.name],
        "schema": schema,
    }
