"""Rules of workflows of every sort, as random sites have them.

Their keys and parameters: Jira REST v3, workflows/capabilities.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sitekeep_simulator.jira.permissions import PERMISSIONS
from support import random_texts as texts
from support.jira_fakes import API
from support.random_fields import WITH_OPTIONS
from support.random_site import Json, RandomSite

_PLAIN_FIELDS = ("assignee", "duedate", "labels", "description", "priority", "summary")
_PUSHES = ("commit-created-trigger", "branch-created-trigger", "pull-request-merged-trigger")


@dataclass(frozen=True)
class RandomRules:
    """Makes rules that name what the site has."""

    site: RandomSite
    statuses: Sequence[str]
    roles: Sequence[str]
    groups: Sequence[str]
    screens: Sequence[str]

    @classmethod
    async def of(cls, site: RandomSite, statuses: Sequence[str]) -> RandomRules:
        """For a workflow of some statuses, each by its id."""
        client = site.side.client
        roles = [str(each["id"]) for each in await client.get_json(f"{API}/role")]
        groups = await client.get_json(f"{API}/group/bulk")
        screens = await client.get_json(f"{API}/screens")
        return cls(
            site,
            statuses,
            roles,
            [str(each["groupId"]) for each in groups["values"]],
            [str(each["id"]) for each in screens["values"]],
        )

    def conditions(self, depth: int = 0) -> Json:
        """A group of conditions that may hold other groups, or nothing."""
        makers = (self._people, self._api, self._before, self._children, self._duties, self._value)
        count = self.site.chance.choice((0, 1, 1, 3))
        listed = [self.site.chance.choice(makers)() for _ in range(count)]
        inner = [self.conditions(depth + 1) for _ in self.site.some(2)] if depth < 2 else []
        operation = self.site.chance.choice(("ANY", "ALL"))
        return {"operation": operation, "conditions": listed, "conditionGroups": inner}

    def validators(self) -> list[Json]:
        """Some that let nearly everything pass, so that issues go through the workflow."""
        dated = (self._compared, self._required, self._expression)
        makers = (*dated, self.allowed, self._parent, self._seen, self._forms)
        return [maker() for maker in self.site.sample(makers, 3)]

    def actions(self) -> list[Json]:
        """Some post-functions; two may be of the same sort."""
        makers = (self._assign, self._copy, self._update, self._set_option, self._agent)
        count = self.site.chance.choice((0, 1, 1, 3))
        return [self.site.chance.choice(makers)() for _ in range(count)]

    def triggers(self) -> list[Json]:
        """What happens in somebody's code."""
        pushes = ",".join(self.site.sample(_PUSHES, 3))
        return [self._rule("system:development-triggers", enabledTriggers=pushes)] if pushes else []

    def screen(self) -> Json:
        """A screen, or a reminder."""
        if self.site.has(0.5):
            return self._rule(
                "system:remind-people-to-update-fields",
                remindingFieldIds=self._some(self._fields()),
                remindingMessage=texts.odd(self.site.chance),
                remindingAlwaysAsk=self.site.chance.choice(("true", "false")),
            )
        return self._rule("system:transition-screen", screenId=self._one(self.screens))

    def properties(self) -> Json:
        """Words of anybody's, and some that name ids."""
        person = self._one([one.account_id for one in self.site.people])
        listed = {
            "key with blanks": texts.odd(self.site.chance),
            "ünï.κey": "",
            "jira.field.resolution.exclude": self._some(self.site.resolutions),
            "jira.field.resolution.include": self._some(self.site.resolutions),
            "jira.permission.comment.projectrole": self._one(self.roles),
            "jira.permission.edit.projectrole.1": self._one(self.roles),
            "jira.permission.assign.user": person,
            "jira.permission.subtasks.delete.denied": "",
            "jira.issue.editable": "false",
        }
        return {name: listed[name] for name in self.site.sample(sorted(listed), 3)}

    def _people(self) -> Json:
        accounts = [one.account_id for one in self.site.people]
        pickers = [each for each, (kind, _) in self.site.fields.items() if kind == "userpicker"]
        listed = {
            "accountIds": self._some(["allow-assignee", "allow-reporter", *accounts]),
            "roleIds": self._some(self.roles),
            "groupIds": self._some(self.groups),
            "permissionKeys": self._some(sorted(PERMISSIONS)),
            "allowUserCustomFields": self._some(pickers),
            "denyUserCustomFields": self._some(pickers),
        }
        kept = {name: listed[name] for name in self.site.sample(sorted(listed), 4)}
        return self._rule("system:restrict-issue-transition", **kept)

    def _api(self) -> Json:
        mode = self.site.chance.choice(("users", "usersAndAPI"))
        return self._rule("system:restrict-from-all-users", restrictMode=mode)

    def _before(self) -> Json:
        flags = {each: self._flag() for each in ("not", "mostRecentStatusOnly")}
        previous = self._some(self.statuses)
        return self._rule("system:previous-status-condition", previousStatusIds=previous, **flags)

    def _children(self) -> Json:
        key = "system:parent-or-child-blocking-condition"
        return self._rule(key, blocker="CHILD", statusIds=self._some(self.statuses))

    def _duties(self) -> Json:
        ends = {name: self._one(self.statuses) for name in ("fromStatusId", "toStatusId")}
        return self._rule("system:separation-of-duties", **ends)

    def _value(self) -> Json:
        """Of a field of the site's own by the id of an option, or of one of Jira's by an id."""
        values: list[tuple[str, str, str]] = [
            ("resolution", self._one(self.site.resolutions), "OPTIONID"),
            ("priority", self._one(self.site.priorities), "OPTIONID"),
            ("issuetype", self._one(list(self.site.types.values())), "OPTIONID"),
            ("summary", texts.odd(self.site.chance), "STRING"),
            ("duedate", "2024-02-29", "DATE"),
        ]
        values += [(name, each, "OPTIONID") for name, each in self._options()]
        name, value, kind = self.site.chance.choice(values)
        return self._rule(
            "system:check-field-value",
            fieldId=name,
            fieldValue=json.dumps([value], ensure_ascii=False),
            comparator=self.site.chance.choice(("=", "!=")),
            comparisonType=kind,
        )

    def allowed(self) -> Json:
        """A validator that lets pass whoever administers."""
        key = self._one(("BROWSE_PROJECTS", "EDIT_ISSUES", "ADMINISTER"))
        return self._rule("system:check-permission-validator", permissionKey=key)

    def _parent(self) -> Json:
        key = "system:parent-or-child-blocking-validator"
        return self._rule(key, blocker="PARENT", statusIds=self._some(self.statuses))

    def _seen(self) -> Json:
        key, previous = "system:previous-status-validator", self._some(self.statuses)
        return self._rule(key, previousStatusIds=previous, mostRecentStatusOnly=self._flag())

    def _required(self) -> Json:
        return self._rule(
            "system:validate-field-value",
            ruleType="fieldRequired",
            fieldsRequired=self._some(self._fields()),
            ignoreContext=self._flag(),
            errorMessage=texts.odd(self.site.chance),
        )

    def _expression(self) -> Json:
        return self._rule(
            "system:validate-field-value",
            ruleType=self.site.chance.choice(
                ("fieldMatchesRegularExpression", "fieldChanged", "fieldHasSingleValue")
            ),
            fieldKey=self._one(self._fields()),
            regexp="^[\\p{L}, 1]*$",
            groupsExemptFromValidation=self._some(self.groups),
        )

    def _compared(self) -> Json:
        return self._rule(
            "system:validate-field-value",
            ruleType="dateFieldComparison",
            date1FieldKey="duedate",
            date2FieldKey=self._one(("created", *self._fields())),
            conditionSelected=">=",
        )

    def _forms(self) -> Json:
        return self._rule(self._one(("system:proforma-forms-attached",)))

    def _assign(self) -> Json:
        if self.site.people and self.site.has(0.6):
            person = self.site.chance.choice(self.site.people).account_id
            return self._rule("system:change-assignee", type="to-selected-user", accountId=person)
        kind = self._one(("to-unassigned", "to-current-user", "to-lead"))
        return self._rule("system:change-assignee", type=kind)

    def _copy(self) -> Json:
        ends = {name: self._one(self._fields()) for name in ("sourceFieldKey", "targetFieldKey")}
        source = self._one(("SAME", "PARENT"))
        return self._rule("system:copy-value-from-other-field", issueSource=source, **ends)

    def _update(self) -> Json:
        values = [
            ("resolution", self._one(self.site.resolutions)),
            ("resolution", ""),
            ("priority", self._one(self.site.priorities)),
            ("description", texts.odd(self.site.chance)),
            ("labels", "a b"),
        ]
        for kind, known in (("fixVersions", self.site.versions), ("components", self._parts())):
            values += [(kind, each) for ids in known.values() for each in ids]
        field, value = self.site.chance.choice(values)
        return self._rule("system:update-field", field=field, value=value)

    def _parts(self) -> dict[str, list[str]]:
        return self.site.components

    def _set_option(self) -> Json:
        options = self._options()
        if not options:
            return self._update()
        field, value = self.site.chance.choice(options)
        return self._rule("system:update-field", field=field, value=value)

    def _agent(self) -> Json:
        agent = self._one([one.account_id for one in self.site.people])
        return self._rule("system:trigger-agent", agentId=agent, prompt=texts.odd(self.site.chance))

    def _options(self) -> list[tuple[str, str]]:
        return [
            (name, each)
            for name, (kind, values) in self.site.fields.items()
            if kind in WITH_OPTIONS
            for each in values
        ]

    def _fields(self) -> list[str]:
        return [*_PLAIN_FIELDS, *self.site.fields]

    def _one(self, of: Sequence[str]) -> str:
        return self.site.chance.choice(of)

    def _some(self, of: Sequence[str]) -> str:
        """A list as parameters have it, in any order, perhaps empty."""
        return ",".join(self.site.sample(of, 3))

    def _flag(self) -> str:
        return self.site.chance.choice(("true", "false"))

    def _rule(self, key: str, **parameters: str) -> Json:
        rule: Json = {"ruleKey": key, "parameters": parameters}
        number = uuid.UUID(int=self.site.chance.getrandbits(128), version=4)
        return {"id": str(number), **rule} if self.site.has(0.8) else rule
