"""The values of an issue's fields, as the destination takes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.fields import STOCK
from sitekeep_restore.importers.jira.known import Known
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.reading import Json
from sitekeep_restore.importers.jira.texts import Texts
from sitekeep_shared.atlassian.assets_site import FIELD_TYPE, object_value
from sitekeep_shared.content.adf import Node, is_document, is_list, is_node, origin_line
from sitekeep_shared.content.discovery_fields import is_writable
from sitekeep_shared.content.jql import RANK_FIELD, SPRINT_FIELD
from sitekeep_shared.content.learnt_options import is_of_connect
from sitekeep_shared.content.service_fields import is_service_field
from sitekeep_shared.kinds import Kind

STORY_POINTS = "com.pyxis.greenhopper.jira:jsw-story-points"

_WRITTEN_ELSEWHERE = frozenset({SPRINT_FIELD, RANK_FIELD})
"""Sprints take their issues in, and the order of issues is made issue by issue.

So are the fields of requests, once everything else is there.
"""

_PLAIN = frozenset({"textfield", "float", "datepicker", "datetime", "labels", "readonlyfield"})
_LISTS_OF_IDS = {
    "fixVersions": identity_kinds.VERSION,
    "versions": identity_kinds.VERSION,
    "components": identity_kinds.COMPONENT,
}


class FieldValues:
    """Translates the fields of the issues of one unit."""

    def __init__(self, known: Known, texts: Texts, losses: LossCounter) -> None:
        self._known = known
        self._texts = texts
        self._losses = losses

    def of(self, issue: Json) -> Json:
        """The body's ``fields`` of the one edit that an issue gets."""
        fields: Json = issue["fields"]
        values = self._plain(fields) | self._people(issue) | self._lists(issue)
        values |= self._named(issue) | self._time(fields) | self._custom(issue)
        values |= self._security(fields)
        values["description"] = self.description(issue)
        environment = fields.get("environment")
        if is_document(environment):
            values["environment"] = self._texts.rewrite(Kind.ISSUE, issue["key"], environment)
        self._declare(issue)
        return values

    def _plain(self, fields: Json) -> Json:
        values: Json = {"labels": fields.get("labels") or []}
        if fields.get("duedate"):
            values["duedate"] = fields["duedate"]
        return values

    def description(self, issue: Json, *, plain: bool = False) -> Node:
        """The description with the origin line; ``plain``: its text only."""
        fields: Json = issue["fields"]
        creator: Json = fields.get("creator") or {}
        line = origin_line(creator.get("displayName"), fields.get("created"), fields.get("updated"))
        source = fields.get("description")
        return self._texts.with_origin(issue["key"], source, line, plain=plain)

    def _people(self, issue: Json) -> Json:
        """Assignee and reporter. That there is none is said too: the site would choose one."""
        values: Json = {"assignee": None, "reporter": None}
        fields: Json = issue["fields"]
        replaced = {"assignee": Loss.ASSIGNEE_DROPPED, "reporter": Loss.REPORTER_REPLACED}
        for name, loss in replaced.items():
            person: Json | None = fields.get(name)
            if person is None:
                continue
            account = self._known.users.get(str(person.get("accountId")))
            if account is None:
                self._losses.add(Kind.ISSUE, loss, issue["key"])
            else:
                values[name] = {"accountId": account}
        if fields.get("reporter") and values["reporter"] is None:
            del values["reporter"]
        return values

    def _lists(self, issue: Json) -> Json:
        values: Json = {}
        for name, kind in _LISTS_OF_IDS.items():
            known = self._known.of(kind)
            items: list[Json] = issue["fields"].get(name) or []
            found = [known[str(item["id"])] for item in items if str(item.get("id")) in known]
            values[name] = [{"id": target} for target in dict.fromkeys(found)]
            lost = len(items) - len(found)
            self._losses.add(Kind.ISSUE, Loss.FIELD_VALUE_NOT_RESTORABLE, issue["key"], lost)
        return values

    def _named(self, issue: Json) -> Json:
        """Priority and resolution. That there is no priority is said: the site chose one."""
        values: Json = {identity_kinds.PRIORITY: None}
        for name in (identity_kinds.PRIORITY, identity_kinds.RESOLUTION):
            item: Json | None = issue["fields"].get(name)
            if item is None:
                continue
            target = self._known.of(name).get(str(item.get("id")))
            if target is None:
                self._losses.add(Kind.ISSUE, Loss.FIELD_VALUE_NOT_RESTORABLE, issue["key"])
                values.pop(name, None)
            else:
                values[name] = {"id": target}
        return values

    def _security(self, fields: Json) -> Json:
        """That an issue has no level is said where the site would choose one."""
        project: Json = fields.get("project") or {}
        kind: Json = fields.get("issuetype") or {}
        schemes = self._known.of(identity_kinds.PROJECT_SECURITY_SCHEME)
        may_choose = str(project.get("id")) in schemes and not kind.get("subtask")
        return {"security": None} if may_choose and not fields.get("security") else {}

    def _time(self, fields: Json) -> Json:
        """Estimates, in minutes: how the site writes a day depends on its settings."""
        tracking: Json = fields.get("timetracking") or {}
        names = ("originalEstimate", "remainingEstimate")
        seconds = {name: tracking.get(f"{name}Seconds") for name in names}
        found = {
            name: f"{int(value) // 60}m" for name, value in seconds.items() if value is not None
        }
        return {"timetracking": found} if found else {}

    def _custom(self, issue: Json) -> Json:
        values: Json = {}
        for source, value in issue["fields"].items():
            if not source.startswith("customfield_") or value in (None, [], ""):
                continue
            kind = self._known.of(identity_kinds.FIELD_TYPE).get(source, "")
            if kind in _WRITTEN_ELSEWHERE or is_service_field(kind):
                continue
            target = self._known.of(identity_kinds.FIELD).get(source)
            translated = self._translated(issue["key"], source, value) if target else None
            if translated is None:
                self._losses.add(Kind.ISSUE, Loss.FIELD_VALUE_NOT_RESTORABLE, issue["key"])
            elif target:
                values[target] = translated
        return values

    def _translated(self, key: str, source: str, value: Any) -> Any:
        """The value for the destination; None where its type cannot be written."""
        kind = self._known.of(identity_kinds.FIELD_TYPE).get(source, "")
        if kind == STORY_POINTS:
            return value
        if kind == FIELD_TYPE:
            return self._each(key, _asset, value)
        if is_writable(kind):
            return value
        if is_of_connect(kind):
            return self._chosen_of_app(key, source, value)
        if not kind.startswith(STOCK):
            return None
        name = kind.removeprefix(STOCK)
        if name in _PLAIN:
            return value
        if name == "url":
            return self._known.link(str(value))
        if name == "textarea":
            return self._texts.rewrite(Kind.ISSUE, key, value) if is_document(value) else None
        one = _ONE.get(name)
        if one is not None:
            return one(self._known, value)
        each = _EACH.get(name)
        return self._each(key, each, value) if each is not None else None

    def _chosen_of_app(self, key: str, source: str, value: Any) -> Any:
        """Options of a field of an app, whose numbers are those of the field alone."""

        def one(known: Known, item: Any) -> Json | None:
            place = f"{source}/{item.get('id')}" if is_node(item) else ""
            target = known.of(identity_kinds.APP_OPTION).get(place)
            return {"id": target} if target is not None else None

        return self._each(key, one, value) if is_list(value) else one(self._known, value)

    def _each(self, key: str, each: Callable[[Known, Any], Any], value: Any) -> list[Any] | None:
        items = value if is_list(value) else []
        found = [target for item in items if (target := each(self._known, item)) is not None]
        lost = len(items) - len(found)
        if found:
            self._losses.add(Kind.ISSUE, Loss.FIELD_VALUE_NOT_RESTORABLE, key, lost)
        return found or None

    def _declare(self, issue: Json) -> None:
        """Says what of an issue has no field to be written to."""
        self._losses.add(Kind.ISSUE, Loss.CREATOR_AND_TIMES, issue["key"])


def _by_id(kind: str) -> Callable[[Known, Any], Json | None]:
    def translate(known: Known, value: Any) -> Json | None:
        target = known.of(kind).get(str(value.get("id"))) if is_node(value) else None
        return {"id": target} if target is not None else None

    return translate


def _asset(known: Known, value: Any) -> Json | None:
    workspace = known.of(identity_kinds.ASSETS).get("workspace", "")
    objects = known.of(identity_kinds.ASSET_OBJECT)
    return object_value(objects, workspace, value) if is_node(value) else None


def _account(known: Known, value: Any) -> Json | None:
    target = known.users.get(str(value.get("accountId"))) if is_node(value) else None
    return {"accountId": target} if target is not None else None


def _group(known: Known, value: Any) -> Json | None:
    target = (
        known.of(identity_kinds.GROUP).get(str(value.get("groupId"))) if is_node(value) else None
    )
    return {"groupId": target} if target is not None else None


def _cascade(known: Known, value: Any) -> Json | None:
    """An option and, below ``child``, one of its own."""
    option = _by_id(identity_kinds.OPTION)
    first = option(known, value)
    if first is None or not is_node(value) or not value.get("child"):
        return first
    second = option(known, value["child"])
    return {**first, "child": second} if second else first


_ONE: Mapping[str, Callable[[Known, Any], Any]] = {
    "select": _by_id(identity_kinds.OPTION),
    "radiobuttons": _by_id(identity_kinds.OPTION),
    "cascadingselect": _cascade,
    "userpicker": _account,
    "grouppicker": _group,
    "version": _by_id(identity_kinds.VERSION),
    "project": _by_id(identity_kinds.PROJECT),
}
_EACH: Mapping[str, Callable[[Known, Any], Any]] = {
    "multiselect": _by_id(identity_kinds.OPTION),
    "multicheckboxes": _by_id(identity_kinds.OPTION),
    "multiuserpicker": _account,
    "multigrouppicker": _group,
    "multiversion": _by_id(identity_kinds.VERSION),
}
