"""What a plan consists of, as requests bring it and as answers show it."""

from __future__ import annotations

from typing import Any

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.answers import list_in, object_in
from sitekeep_simulator.jira.fields import field_type
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.projects import Projects
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.refusals import Refused

SOURCES = {"Board": ObjectKind.BOARD, "Filter": ObjectKind.FILTER}
_EXCLUDED = {
    "issueTypeIds": ObjectKind.ISSUE_TYPE,
    "releaseIds": ObjectKind.VERSION,
    "workStatusIds": ObjectKind.STATUS,
}
_CATEGORIES = (2, 3, 4)
_CHOICES = {
    "estimation": ("StoryPoints", "Days", "Hours"),
    "dependencies": ("Sequential", "Concurrent"),
    "inferredDates": ("None", "SprintDates", "ReleaseDates"),
}
_BEGUN: Body = {
    "dependencies": "Sequential",
    "inferredDates": "None",
    "startDate": {"type": "TargetStartDate"},
    "endDate": {"type": "TargetEndDate"},
}
_DATES = ("DueDate", "TargetStartDate", "TargetEndDate", "DateCustomField")
_DAYS = 30
_SHOWN = ("leadAccountId", "scheduling", "exclusionRules", "customFields", "crossProjectReleases")


class PlanBodies:
    """Checks what requests say of plans."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira
        self._projects = Projects(jira)

    def read(self, body: Body, who: Account, *, by_id: bool) -> tuple[str, Body]:
        """The name and the rest of a new plan. Raises Refused (400)."""
        name = str(body.get("name") or "")
        if not 1 <= len(name) <= 255:
            raise Refused(400, "The name of a plan has 1 to 255 characters.")
        lead = str(body.get("leadAccountId") or who.account_id)
        if self._jira.accounts.get(lead) is None:
            raise Refused(400, f"The account {lead} does not exist.")
        kept: Body = {
            "leadAccountId": lead,
            "issueSources": [self._source(each) for each in list_in(body, "issueSources")],
            "scheduling": self._scheduling(object_in(body, "scheduling")),
            "exclusionRules": self._exclusions(object_in(body, "exclusionRules")),
            "customFields": [self._field(each) for each in list_in(body, "customFields")],
            "crossProjectReleases": [
                self._release(each) for each in list_in(body, "crossProjectReleases")
            ],
            "permissions": [
                self._permission(each, by_id=by_id) for each in list_in(body, "permissions")
            ],
        }
        if not kept["issueSources"]:
            raise Refused(400, "A plan needs an issue source.")
        return name, kept

    def listed(self, plan: JiraObject) -> Body:
        """A plan, as the list shows it."""
        return {
            "id": str(plan.id),
            "name": plan.name,
            "scenarioId": str(plan.id * 10),
            "status": plan.body["status"],
            "issueSources": self._sources(plan),
        }

    def whole(self, plan: JiraObject, *, by_id: bool) -> Body:
        """A plan, as GET shows it."""
        permissions: list[Body] = plan.body["permissions"]
        return {
            "id": plan.id,
            "name": plan.name,
            "status": plan.body["status"],
            "lastSaved": plan.body["lastSaved"],
            "issueSources": self._sources(plan),
            "permissions": [self._shown(each, by_id=by_id) for each in permissions],
            **{name: plan.body[name] for name in _SHOWN},
        }

    def _sources(self, plan: JiraObject) -> list[Body]:
        sources: list[Body] = plan.body["issueSources"]
        return [{"type": each["type"], "value": each["value"]} for each in sources]

    def _source(self, source: Body) -> Body:
        kind, value = str(source.get("type")), source.get("value")
        if kind == "Project":
            found = self._projects.find(str(value)) is not None
        else:
            found = kind in SOURCES and self._is_there(SOURCES[kind], value)
        if not found:
            raise Refused(400, f"The issue source {kind} {value} does not exist.")
        # The site numbers sources; no answer shows the numbers.
        number = self._jira.store.next_id("jira.plan_source")
        return {"id": number, "type": kind, "value": value}

    def _scheduling(self, wanted: Body) -> Body:
        for name, choices in _CHOICES.items():
            if wanted.get(name, choices[0]) not in choices:
                raise Refused(400, f"The {name} of a plan is not valid.")
        if "estimation" not in wanted:
            raise Refused(400, "The estimation of a plan is required.")
        for name in ("startDate", "endDate"):
            self._check_date(wanted.get(name) or _BEGUN[name])
        return _BEGUN | {name: value for name, value in wanted.items() if value is not None}

    def _check_date(self, date: Body) -> None:
        if date.get("type") not in _DATES:
            raise Refused(400, "The type of a date is not valid.")
        if date["type"] != "DateCustomField":
            return
        found = self._jira.objects.get(ObjectKind.FIELD, date.get("dateCustomFieldId"))
        if found is None or not field_type(found).startswith("date"):
            raise Refused(400, "The custom field of a date is no field for dates.")

    def _exclusions(self, wanted: Body) -> Body:
        for name, kind in _EXCLUDED.items():
            for each in list_in(wanted, name):
                if not self._is_there(kind, each):
                    raise Refused(400, f"{name}: {each} does not exist.")
        if any(each not in _CATEGORIES for each in list_in(wanted, "workStatusCategoryIds")):
            raise Refused(400, "A status category does not exist.")
        for each in list_in(wanted, "issueIds"):
            if not self._jira.store.value("SELECT 1 FROM jira_issue WHERE id = ?", (each,)):
                raise Refused(400, f"The issue {each} does not exist.")
        return {"numberOfDaysToShowCompletedIssues": _DAYS} | wanted

    def _field(self, wanted: Body) -> Body:
        number = wanted.get("customFieldId")
        if not self._is_there(ObjectKind.FIELD, number):
            raise Refused(400, f"The custom field {number} does not exist.")
        return {"customFieldId": number, "filter": bool(wanted.get("filter"))}

    def _release(self, wanted: Body) -> Body:
        ids: list[Any] = list_in(wanted, "releaseIds")
        missing = [each for each in ids if not self._is_there(ObjectKind.VERSION, each)]
        if missing or not wanted.get("name"):
            raise Refused(400, f"A release has no name, or these do not exist: {missing}.")
        return {"name": str(wanted["name"]), "releaseIds": ids}

    def _permission(self, wanted: Body, *, by_id: bool) -> Body:
        holder = object_in(wanted, "holder")
        kind, value = holder.get("type"), str(holder.get("value"))
        if kind == "Group":
            groups = self._jira.accounts.groups()
            named = [each for each in groups if value == (each.group_id if by_id else each.name)]
            value = named[0].group_id if named else ""
        elif self._jira.accounts.get(value) is None:
            value = ""
        if kind not in ("Group", "AccountId") or wanted.get("type") not in ("View", "Edit"):
            value = ""
        if not value:
            raise Refused(400, "The holder of a permission does not exist.")
        return {"type": wanted["type"], "holder": {"type": kind, "value": value}}

    def _shown(self, permission: Body, *, by_id: bool) -> Body:
        holder: Body = permission["holder"]
        if holder["type"] != "Group" or by_id:
            return permission
        groups = {each.group_id: each.name for each in self._jira.accounts.groups()}
        return permission | {"holder": holder | {"value": groups[holder["value"]]}}

    def _is_there(self, kind: ObjectKind, wanted: object) -> bool:
        return self._jira.objects.get(kind, str(wanted)) is not None
