"""Fields: Jira's own ones and custom ones with their contexts and options."""

from __future__ import annotations

import dataclasses

from aiohttp import web

from sitekeep_simulator.answers import json_answer, list_in, query_list, read_object
from sitekeep_simulator.jira.beans import scope_bean
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.paging import page_of
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
    "datepicker": ("date", None),
    "datetime": ("datetime", None),
    "userpicker": ("user", None),
    "labels": ("array", "string"),
    "url": ("string", None),
}
SPRINT_TYPE = "com.pyxis.greenhopper.jira:gh-sprint"
ASSETS_TYPE = "com.atlassian.jira.plugins.cmdb:cmdb-object-cftype"
RANK_TYPE = "com.pyxis.greenhopper.jira:gh-lexo-rank"
_PRODUCT_SCHEMAS: dict[str, tuple[str, str | None]] = {
    SPRINT_TYPE: ("array", "json"),
    RANK_TYPE: ("any", None),
    ASSETS_TYPE: ("array", "cmdb-object-field"),
    "jira.polaris:rating": ("number", None),
    "jira.polaris:interval": ("string", None),
    "jira.polaris:formula": ("number", None),
    "jira.polaris:count-insights": ("number", None),
}
DERIVED_TYPES = ("jira.polaris:formula", "jira.polaris:count-insights")
"""Types of fields that the product fills itself."""
SELECT_TYPES = ("select", "radiobuttons", "multiselect", "multicheckboxes")
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
    ("timespent", "Time Spent", "number", None),
    ("timeestimate", "Remaining Estimate", "number", None),
    ("timeoriginalestimate", "Original estimate", "number", None),
)


def field_type(field: JiraObject) -> str:
    """The short name of a custom field's type: textfield, select, …"""
    return str(field.body["type"]).removeprefix(TYPES_PREFIX)


def custom_fields(jira: Jira) -> list[JiraObject]:
    """Every custom field by its number."""
    return jira.objects.all(ObjectKind.FIELD)


def custom_field(jira: Jira, field_id: str) -> JiraObject | None:
    """The custom field with that id (``customfield_10010``), or None."""
    prefix, _, number = field_id.partition("_")
    return jira.objects.get(ObjectKind.FIELD, number) if prefix == "customfield" else None


def product_field(jira: Jira, full_type: str) -> JiraObject:
    """The field of that type that Jira Software keeps itself. Raises Refused (404)."""
    for field in custom_fields(jira):
        if field.body["type"] == full_type:
            return field
    raise Refused(404, "Jira Software is not installed.")


def add_product_fields(jira: Jira) -> None:
    """The fields that come with Jira Software; no request makes such ones."""
    for name, full_type in (("Sprint", SPRINT_TYPE), ("Rank", RANK_TYPE)):
        body = {"type": full_type, "description": f"{name} of Jira Software", "onScreen": True}
        jira.objects.add(ObjectKind.FIELD, name, body)


def add_product_field(jira: Jira, name: str, full_type: str) -> JiraObject:
    """Creates a field of a type that no request makes, for all projects."""
    body = {"type": full_type, "description": "", "onScreen": True}
    field = jira.objects.add(ObjectKind.FIELD, name, body)
    context: Body = {"description": "", "projectIds": [], "issueTypeIds": []}
    jira.objects.add(ObjectKind.CONTEXT, f"{name} context", context, project_id=field.id)
    return field


def options_of(jira: Jira, field: JiraObject) -> list[JiraObject]:
    """The options of every context of a field."""
    contexts = jira.objects.all(ObjectKind.CONTEXT, field.id)
    return [each for c in contexts for each in jira.objects.all(ObjectKind.OPTION, c.id)]


def add_custom_field(
    jira: Jira, name: str, short_type: str, options: tuple[str, ...] = ()
) -> JiraObject:
    """Creates a usable custom field: with a global context, its options, and on the screens."""
    body = {"type": TYPES_PREFIX + short_type, "description": "", "onScreen": True}
    field = jira.objects.add(ObjectKind.FIELD, name, body)
    context: Body = {"description": "", "projectIds": [], "issueTypeIds": []}
    created = jira.objects.add(ObjectKind.CONTEXT, f"{name} context", context, project_id=field.id)
    for value in options:
        jira.objects.add(ObjectKind.OPTION, value, {"disabled": False}, project_id=created.id)
    return field


def add_scoped_field(jira: Jira, name: str, full_type: str, project_id: int) -> JiraObject:
    """Creates a field of one project, as only the product itself does: it has no context."""
    body = {"type": full_type, "description": "", "onScreen": True}
    return jira.objects.add(ObjectKind.FIELD, name, body, project_id=project_id)


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of fields."""
    fields = Fields(jira)
    context = f"{API}/field/{{fieldId}}/context"
    return [
        web.get(f"{API}/field", fields.all),
        web.post(f"{API}/field", fields.create),
        web.get(f"{API}/field/search", fields.search),
        web.get(context, fields.contexts),
        web.post(context, fields.create_context),
        web.get(f"{context}/{{contextId}}/option", fields.options),
        web.post(f"{context}/{{contextId}}/option", fields.create_options),
        web.post(f"{API}/screens/addToDefault/{{fieldId}}", fields.add_to_screen),
    ]


class Fields:
    """Handlers."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira

    async def all(self, _: web.Request) -> web.StreamResponse:
        """GET field: all of them, unpaged."""
        beans = [_system_bean(*each) for each in _SYSTEM]
        beans += [field_bean(each) for each in custom_fields(self._jira)]
        return json_answer(self._jira.site, beans)

    async def search(self, request: web.Request) -> web.StreamResponse:
        """GET field/search."""
        kinds, ids = query_list(request, "type"), query_list(request, "id")
        beans: list[Body] = []
        if not kinds or "system" in kinds:
            beans += [_searched(_system_bean(*each)) for each in _SYSTEM]
        if not kinds or "custom" in kinds:
            beans += [self._custom_item(each) for each in custom_fields(self._jira)]
        kept = [each for each in beans if not ids or each["id"] in ids]
        return json_answer(self._jira.site, page_of(self._jira, request, kept))

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST field: it has no context and is on no screen yet."""
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
            "onScreen": False,
        }
        field = self._jira.objects.add(ObjectKind.FIELD, name, kept)
        self._jira.store.execute("DELETE FROM jira_rendered")
        return json_answer(self._jira.site, field_bean(field), 201)

    async def contexts(self, request: web.Request) -> web.StreamResponse:
        """GET field/{id}/context; a field of one project has none that could be read."""
        field = self._field(request)
        if field.project_id:
            raise Refused(404, "The custom field was not found.")
        beans = [
            {
                "id": str(each.id),
                "name": each.name,
                "description": each.body["description"],
                "isGlobalContext": not each.body["projectIds"],
                "isAnyIssueType": not each.body["issueTypeIds"],
            }
            for each in self._jira.objects.all(ObjectKind.CONTEXT, field.id)
        ]
        return json_answer(self._jira.site, page_of(self._jira, request, beans))

    async def create_context(self, request: web.Request) -> web.StreamResponse:
        """POST field/{id}/context: a field has one context for all projects at most."""
        field = self._field(request)
        body = await read_object(request)
        name = str(body.get("name") or "")
        if not name:
            raise Refused(400, "The context name is required.")
        kept: Body = {
            "description": str(body.get("description") or ""),
            "projectIds": [str(each) for each in list_in(body, "projectIds")],
            "issueTypeIds": [str(each) for each in list_in(body, "issueTypeIds")],
        }
        others = self._jira.objects.all(ObjectKind.CONTEXT, field.id)
        if not kept["projectIds"] and any(not each.body["projectIds"] for each in others):
            raise Refused(409, "The custom field already has a global context.")
        created = self._jira.objects.add(ObjectKind.CONTEXT, name, kept, project_id=field.id)
        return json_answer(self._jira.site, {"id": str(created.id), "name": name} | kept, 201)

    async def options(self, request: web.Request) -> web.StreamResponse:
        """GET field/{id}/context/{context}/option."""
        context = self._context(request)
        found = self._jira.objects.all(ObjectKind.OPTION, context.id)
        beans = [_option_bean(each) for each in found]
        page = page_of(self._jira, request, beans, default=100, cap=1000)
        return json_answer(self._jira.site, page)

    async def create_options(self, request: web.Request) -> web.StreamResponse:
        """POST field/{id}/context/{context}/option: at most 1000, each value once."""
        context = self._context(request)
        listed: list[Body] = list_in(await read_object(request), "options")
        if len(listed) > 1000:
            raise Refused(400, "At most 1000 options can be created at once.")
        if field_type(self._field(request)) not in SELECT_TYPES:
            raise Refused(400, "The custom field does not support options.")
        created: list[JiraObject] = []
        with self._jira.store.transaction():
            for each in listed:
                value = str(each.get("value") or "")
                known = self._jira.objects.named(ObjectKind.OPTION, value, context.id)
                if not value or known is not None:
                    raise Refused(400, f"The option value '{value}' is empty or exists already.")
                kept = {"disabled": bool(each.get("disabled"))}
                created.append(
                    self._jira.objects.add(ObjectKind.OPTION, value, kept, project_id=context.id)
                )
        return json_answer(self._jira.site, {"options": [_option_bean(each) for each in created]})

    async def add_to_screen(self, request: web.Request) -> web.StreamResponse:
        """POST screens/addToDefault/{field}."""
        field = self._field(request)
        self._jira.objects.put(dataclasses.replace(field, body=field.body | {"onScreen": True}))
        return json_answer(self._jira.site, {})

    def _field(self, request: web.Request) -> JiraObject:
        found = custom_field(self._jira, request.match_info["fieldId"])
        if found is None:
            raise Refused(404, "The custom field was not found.")
        return found

    def _context(self, request: web.Request) -> JiraObject:
        found = self._jira.objects.get(ObjectKind.CONTEXT, request.match_info["contextId"])
        if found is None or found.project_id != self._field(request).id:
            raise Refused(404, "The custom field context was not found.")
        return found

    def _custom_item(self, field: JiraObject) -> Body:
        contexts = self._jira.objects.all(ObjectKind.CONTEXT, field.id)
        return _searched(field_bean(field)) | {
            "description": field.body["description"],
            "isLocked": False,
            "screensCount": int(field.body["onScreen"]),
            "contextsCount": len(contexts),
        }


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


def field_bean(field: JiraObject) -> Body:
    """A custom field, as the list of fields shows it."""
    kind, items = (_SCHEMAS | _PRODUCT_SCHEMAS)[field_type(field)]
    schema: Body = {"type": kind, "custom": field.body["type"], "customId": field.id}
    if items is not None:
        schema["items"] = items
    scope = {"scope": scope_bean(field.project_id)} if field.project_id else {}
    return scope | {
        "id": f"customfield_{field.id}",
        "key": f"customfield_{field.id}",
        "name": field.name,
        "custom": True,
        "orderable": True,
        "navigable": True,
        "searchable": True,
        "clauseNames": [f"cf[{field.id}]", field.name],
        "schema": schema,
    }


def _option_bean(option: JiraObject) -> Body:
    return {"id": str(option.id), "value": option.name, "disabled": option.body["disabled"]}
