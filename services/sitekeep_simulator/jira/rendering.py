"""The JSON of issues. It is kept rendered in the store and made anew after a write."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from sitekeep_simulator.accounts import ADMIN_EMAIL, account_id_of
from sitekeep_simulator.jira import app_fields, beans
from sitekeep_simulator.jira.app_fields import is_app_select
from sitekeep_simulator.jira.fields import (
    ASSETS_TYPE,
    RANK_TYPE,
    SPRINT_TYPE,
    custom_fields,
    field_type,
)
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.projects import Projects, brief_bean
from sitekeep_simulator.jira.ranks import new_place, rank_text
from sitekeep_simulator.jira.security_levels import level_bean
from sitekeep_simulator.jira.sprints import Sprints, sprint_value
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.service_management.fields import is_service_type
from sitekeep_simulator.service_management.values import shown_value
from sitekeep_simulator.store import Row, marks

EMBEDDED_COMMENTS = 100
EMBEDDED_WORKLOGS = 20
INTERNAL = "sd.public.comment"
CHUNK = 100
ISSUE_QUERY = (
    "SELECT i.*, p.key || '-' || i.number AS key FROM jira_issue i "
    "JOIN jira_project p ON p.id = i.project_id"
)
HEAD_QUERY = (
    "SELECT i.id, i.project_id, i.number, i.type_id, i.status_id, i.parent_id, i.created, "
    "i.updated, i.level, p.key || '-' || i.number AS key FROM jira_issue i "
    "CROSS JOIN jira_project p ON p.id = i.project_id"
)
"""Everything of an issue but its values. The order of the join is given: by issues."""
_RELATED = (
    ("comments", "SELECT * FROM jira_comment WHERE issue_id IN ({}) ORDER BY created, id"),
    ("worklogs", "SELECT * FROM jira_worklog WHERE issue_id IN ({}) ORDER BY id"),
    ("attachments", "SELECT * FROM jira_attachment WHERE issue_id IN ({}) ORDER BY id"),
    ("watchers", "SELECT * FROM jira_watcher WHERE issue_id IN ({})"),
    ("votes", "SELECT * FROM jira_vote WHERE issue_id IN ({})"),
    ("archived", "SELECT * FROM jira_archived WHERE issue_id IN ({})"),
)
_SPRINTS = """
SELECT i.id AS issue_id, s.sprint_id FROM jira_issue i
JOIN jira_object t ON t.kind = 'issue_type' AND t.id = i.type_id
JOIN jira_sprint_issue s ON s.issue_id =
  CASE WHEN json_extract(t.body, '$.hierarchyLevel') < 0 THEN i.parent_id ELSE i.id END
WHERE i.id IN ({}) ORDER BY s.sprint_id
"""
"""The sprints of issues; those of a sub-task are its parent's."""
Related = dict[str, dict[int, list[Row]]]


class Renderer:
    """Renders issues, comments and worklogs."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira
        self._users: dict[str, msgspec.Raw] = {}
        self._admin = account_id_of(ADMIN_EMAIL)

    def fields(self, issue_ids: Sequence[int]) -> dict[int, msgspec.Raw]:
        """The whole ``fields`` of issues as JSON texts."""
        found: dict[int, msgspec.Raw] = {}
        for start in range(0, len(issue_ids), CHUNK):
            chunk = issue_ids[start : start + CHUNK]
            rows = self._jira.store.rows(
                f"SELECT * FROM jira_rendered WHERE issue_id IN ({marks(len(chunk))})", chunk
            )
            found |= {row["issue_id"]: msgspec.Raw(row["fields"]) for row in rows}
            missing = [each for each in chunk if each not in found]
            if missing:
                found |= self._render(missing)
        return found

    def stale(self, *issue_ids: int) -> None:
        """Has issues, and those that show a part of them, rendered anew when next read."""
        for issue_id in issue_ids:
            self._jira.store.execute(
                "DELETE FROM jira_rendered WHERE issue_id = ?1 OR issue_id IN ("
                "SELECT source_id FROM jira_link WHERE target_id = ?1 UNION ALL "
                "SELECT target_id FROM jira_link WHERE source_id = ?1 UNION ALL "
                "SELECT id FROM jira_issue WHERE parent_id = ?1 UNION ALL "
                "SELECT parent_id FROM jira_issue WHERE id = ?1)",
                (issue_id,),
            )

    def user(self, account_id: str | None) -> msgspec.Raw | None:
        """A person as JSON, None for nobody; whose account is deleted is a former user."""
        if not account_id:
            return None
        known = self._users.get(account_id)
        if known is None:
            account = self._jira.accounts.get(account_id) or beans.former_user(account_id)
            text = msgspec.json.encode(beans.user_bean(self._jira, account))
            known = self._users[account_id] = msgspec.Raw(text)
        return known

    def forget_users(self) -> None:
        """Has people rendered anew."""
        self._users.clear()

    def comment(self, row: Row, *, properties: bool = False) -> Body:
        """A comment."""
        bean: Body = {
            "self": self._jira.url(f"/issue/{row['issue_id']}/comment/{row['id']}"),
            "id": str(row["id"]),
            "author": self.user(row["author"]),
            "body": msgspec.Raw(row["body"].encode()),
            "updateAuthor": self.user(row["update_author"]),
            "created": row["created"],
            "updated": row["updated"],
            "jsdPublic": not _is_internal(row),
        }
        return _with_extras(bean, row, properties)

    def worklog(self, row: Row, *, properties: bool = False) -> Body:
        """A worklog."""
        bean: Body = {
            "self": self._jira.url(f"/issue/{row['issue_id']}/worklog/{row['id']}"),
            "author": self.user(row["author"]),
            "updateAuthor": self.user(row["update_author"]),
            "created": row["created"],
            "updated": row["updated"],
            "started": row["started"],
            "timeSpent": duration_text(row["seconds"]),
            "timeSpentSeconds": row["seconds"],
            "id": str(row["id"]),
            "issueId": str(row["issue_id"]),
        }
        if row["body"] is not None:
            bean["comment"] = msgspec.Raw(row["body"].encode())
        return _with_extras(bean, row, properties)

    def attachment(self, row: Row) -> Body:
        """The metadata of an attachment."""
        bean: Body = {
            "self": self._jira.url(f"/attachment/{row['id']}"),
            "id": str(row["id"]),
            "filename": row["filename"],
            "author": self.user(row["author"]),
            "created": row["created"],
            "size": row["size"],
            "mimeType": row["media_type"],
            "content": self._jira.url(f"/attachment/content/{row['id']}"),
        }
        if row["media_type"].startswith("image/"):
            bean["thumbnail"] = self._jira.url(f"/attachment/thumbnail/{row['id']}")
        return bean

    def change(self, row: Row) -> Body:
        """One entry of the history."""
        return {
            "id": str(row["id"]),
            "author": self.user(row["author"]),
            "created": row["created"],
            "items": msgspec.Raw(row["items"].encode()),
        }

    def render_all(self) -> None:
        """Renders every issue that is not rendered."""
        last = 0
        while True:
            rows = self._jira.store.rows(
                "SELECT id FROM jira_issue WHERE id > ? ORDER BY id LIMIT 1000", (last,)
            )
            if not rows:
                return
            self.fields([row["id"] for row in rows])
            last = rows[-1]["id"]

    def _render(self, issue_ids: list[int]) -> dict[int, msgspec.Raw]:
        texts = _Batch(self._jira, self, issue_ids, self._admin).texts()
        self._jira.store.executemany(
            "INSERT OR REPLACE INTO jira_rendered VALUES (?, ?)", list(texts.items())
        )
        return {issue_id: msgspec.Raw(text) for issue_id, text in texts.items()}


class _Batch:
    """Renders some issues together, with few queries."""

    def __init__(self, jira: Jira, renderer: Renderer, ids: list[int], admin: str) -> None:
        self._jira = jira
        self._renderer = renderer
        self._admin = admin
        self._customs = custom_fields(jira)
        self._beans: dict[tuple[ObjectKind, int], Body | None] = {}
        self._projects: dict[int, Body] = {}
        store, places = jira.store, marks(len(ids))
        self._rows = store.rows(f"{ISSUE_QUERY} WHERE i.id IN ({places})", ids)
        self._related: Related = {
            name: _by_issue(store.rows(query.format(places), ids)) for name, query in _RELATED
        }
        self._links = store.rows(
            f"SELECT * FROM jira_link WHERE source_id IN ({places}) OR target_id IN ({places}) "
            "ORDER BY id",
            [*ids, *ids],
        )
        self._sprints = _by_issue(store.rows(_SPRINTS.format(places), ids))
        ranked = store.rows(f"SELECT * FROM jira_rank WHERE issue_id IN ({places})", ids)
        self._places = {row["issue_id"]: row["place"] for row in ranked}
        self._children = _by_issue(
            store.rows(
                f"SELECT parent_id AS issue_id, id FROM jira_issue WHERE parent_id IN ({places}) "
                "ORDER BY id",
                ids,
            )
        )
        self._others = self._load_others()

    def texts(self) -> dict[int, bytes]:
        """The JSON text of ``fields`` by issue id."""
        links: dict[int, list[Body]] = defaultdict(list)
        for row in self._links:
            links[row["source_id"]].append(self._link(row, "outwardIssue", row["target_id"]))
            links[row["target_id"]].append(self._link(row, "inwardIssue", row["source_id"]))
        return {
            row["id"]: msgspec.json.encode(self._fields(row, links[row["id"]]))
            for row in self._rows
        }

    def _load_others(self) -> dict[int, Row]:
        wanted = {row["parent_id"] for row in self._rows if row["parent_id"]}
        wanted |= {row["source_id"] for row in self._links}
        wanted |= {row["target_id"] for row in self._links}
        wanted |= {row["id"] for rows in self._children.values() for row in rows}
        found: dict[int, Row] = {}
        ordered = sorted(wanted)
        for start in range(0, len(ordered), 500):
            chunk = ordered[start : start + 500]
            query = f"{ISSUE_QUERY} WHERE i.id IN ({marks(len(chunk))})"
            found |= {row["id"]: row for row in self._jira.store.rows(query, chunk)}
        return found

    def _bean(self, kind: ObjectKind, object_id: int | None) -> Body | None:
        if object_id is None:
            return None
        key = (kind, object_id)
        if key not in self._beans:
            found = self._jira.objects.get(kind, object_id)
            self._beans[key] = None if found is None else _MAKERS[kind](self._jira, found)
        return self._beans[key]

    def _many(self, kind: ObjectKind, ids: Iterable[int] | None) -> list[Body]:
        found = [self._bean(kind, each) for each in ids or ()]
        return [each for each in found if each is not None]

    def _brief(self, issue_id: int) -> Body:
        row = self._others[issue_id]
        stored: Body = msgspec.json.decode(row["fields"])
        return {
            "id": str(row["id"]),
            "key": row["key"],
            "self": self._jira.url(f"/issue/{row['id']}"),
            "fields": {
                "summary": stored["summary"],
                "status": self._bean(ObjectKind.STATUS, row["status_id"]),
                "priority": self._bean(ObjectKind.PRIORITY, stored.get("priority")),
                "issuetype": self._bean(ObjectKind.ISSUE_TYPE, row["type_id"]),
            },
        }

    def _link(self, row: Row, side: str, other: int) -> Body:
        return {
            "id": str(row["id"]),
            "self": self._jira.url(f"/issueLink/{row['id']}"),
            "type": self._bean(ObjectKind.LINK_TYPE, row["type_id"]),
            side: self._brief(other),
        }

    def _project(self, project_id: int) -> Body:
        if project_id not in self._projects:
            found = Projects(self._jira).find(str(project_id))
            self._projects[project_id] = {} if found is None else brief_bean(self._jira, found)
        return self._projects[project_id]

    def _fields(self, row: Row, links: list[Body]) -> Body:
        stored: Body = msgspec.json.decode(row["fields"])
        user = self._renderer.user
        status = self._bean(ObjectKind.STATUS, row["status_id"])
        fields: Body = {
            "statuscategorychangedate": stored.get("statuscategorychangedate", row["created"]),
            "issuetype": self._bean(ObjectKind.ISSUE_TYPE, row["type_id"]),
            "project": self._project(row["project_id"]),
            "summary": stored["summary"],
            "description": stored.get("description"),
            "environment": stored.get("environment"),
            "status": status,
            "statusCategory": None if status is None else status["statusCategory"],
            "priority": self._bean(ObjectKind.PRIORITY, stored.get("priority")),
            "resolution": self._bean(ObjectKind.RESOLUTION, stored.get("resolution")),
            "resolutiondate": stored.get("resolutiondate"),
            "labels": stored.get("labels") or [],
            "assignee": user(stored.get("assignee")),
            "reporter": user(stored.get("reporter")),
            "creator": user(stored.get("creator")),
            "created": row["created"],
            "updated": row["updated"],
            "duedate": stored.get("duedate"),
            "lastViewed": None,
            "security": self._bean(ObjectKind.SECURITY_LEVEL, stored.get("security")),
            "workratio": -1,
            "components": self._many(ObjectKind.COMPONENT, stored.get("components")),
            "versions": self._many(ObjectKind.VERSION, stored.get("versions")),
            "fixVersions": self._many(ObjectKind.VERSION, stored.get("fixVersions")),
            "issuelinks": links,
            "subtasks": self._subtasks(row["id"]),
            **self._embedded(row),
            **self._times(row["id"], stored.get("timetracking") or {}),
            **{f"customfield_{f.id}": self._value(f, row, stored) for f in self._customs},
        }
        if row["parent_id"] is not None:
            fields["parent"] = self._brief(row["parent_id"])
        return fields

    def _subtasks(self, issue_id: int) -> list[Body]:
        briefs = [self._brief(row["id"]) for row in self._children.get(issue_id, ())]
        return [each for each in briefs if each["fields"]["issuetype"]["subtask"]]

    def _archived(self, row: Row) -> Body:
        """What only an issue in the archive has."""
        by = self._renderer.user(row["account_id"])
        return {"archivedby": by, "archiveddate": row["archived"]}

    def _embedded(self, row: Row) -> Body:
        issue_id: int = row["id"]
        comments, worklogs, attachments, watchers, votes, archived = (
            self._related[name].get(issue_id, []) for name, _ in _RELATED
        )
        newest = comments[-EMBEDDED_COMMENTS:]
        issue = self._jira.url(f"/issue/{issue_id}")
        key_url = self._jira.url(f"/issue/{row['key']}")
        return {
            **{name: value for each in archived for name, value in self._archived(each).items()},
            "attachment": [self._renderer.attachment(each) for each in attachments],
            "comment": {
                "comments": [self._renderer.comment(each) for each in newest],
                "self": f"{issue}/comment",
                "maxResults": len(newest),
                "total": len(comments),
                "startAt": 0,
            },
            "worklog": {
                "startAt": 0,
                "maxResults": EMBEDDED_WORKLOGS,
                "total": len(worklogs),
                "worklogs": [self._renderer.worklog(w) for w in worklogs[:EMBEDDED_WORKLOGS]],
            },
            "watches": {
                "self": f"{key_url}/watchers",
                "watchCount": len(watchers),
                "isWatching": any(each["account_id"] == self._admin for each in watchers),
            },
            "votes": {
                "self": f"{key_url}/votes",
                "votes": len(votes),
                "hasVoted": any(each["account_id"] == self._admin for each in votes),
            },
        }

    def _times(self, issue_id: int, tracking: Body) -> Body:
        worklogs = self._related["worklogs"].get(issue_id, [])
        spent = sum(row["seconds"] for row in worklogs) if worklogs else None
        original, remaining = tracking.get("original"), tracking.get("remaining")
        texts: Body = {}
        for name, seconds in (
            ("originalEstimate", original),
            ("remainingEstimate", remaining),
            ("timeSpent", spent),
        ):
            if seconds is not None:
                texts |= {name: duration_text(seconds), f"{name}Seconds": seconds}
        return {
            "timetracking": texts,
            "timespent": spent,
            "timeestimate": remaining,
            "timeoriginalestimate": original,
            "aggregatetimespent": spent,
            "aggregatetimeestimate": remaining,
            "aggregatetimeoriginalestimate": original,
        }

    def _value(self, field: JiraObject, row: Row, stored: Body) -> Any:
        """What an issue has in a custom field, those of Jira Software included."""
        if field.body["type"] == RANK_TYPE:
            return rank_text(self._places.get(row["id"], new_place(row["id"])))
        if is_service_type(field.body["type"]):
            return self._of_request(field, row, stored)
        if field.body["type"] != SPRINT_TYPE:
            return self._custom(field, stored)
        sprints = Sprints(self._jira)
        found = [sprints.get(each["sprint_id"]) for each in self._sprints.get(row["id"], ())]
        return [sprint_value(each) for each in found if each is not None] or None

    def _asset(self, object_id: int) -> Body:
        workspace = self._jira.objects.all(ObjectKind.ASSET_WORKSPACE)[0].name
        identity = f"{workspace}:{object_id}"
        return {"workspaceId": workspace, "id": identity, "objectId": str(object_id)}

    def _of_request(self, field: JiraObject, row: Row, stored: Body) -> Any:
        value = stored.get(f"customfield_{field.id}")
        status = self._bean(ObjectKind.STATUS, row["status_id"])
        if value is None or status is None:
            return None
        return shown_value(self._jira, field, value, status, self._renderer.user)

    def _custom(self, field: JiraObject, stored: Body) -> Any:
        value = stored.get(f"customfield_{field.id}")
        if value is None:
            return None
        kind = field_type(field)
        if kind == "cascadingselect":
            return self._cascade(value)
        if is_app_select(field):
            return app_fields.shown_value(self._jira, value)
        if kind in _REFERENCES:
            return self._bean(_REFERENCES[kind], value)
        if kind in _LISTS_OF_REFERENCES:
            return self._many(_LISTS_OF_REFERENCES[kind], value)
        shown = self._shown.get(kind)
        return value if shown is None else shown(value)

    @property
    def _shown(self) -> dict[str, Callable[[Any], Any]]:
        """How values are shown that name what is in tables of its own."""
        user, group = self._renderer.user, self._group
        return {
            "userpicker": user,
            "multiuserpicker": lambda ids: [user(each) for each in ids],
            "grouppicker": group,
            "multigrouppicker": lambda ids: [group(each) for each in ids],
            "project": self._project,
            ASSETS_TYPE: lambda ids: [self._asset(each) for each in ids] or None,
        }

    def _group(self, group_id: str) -> Body | None:
        found = self._jira.accounts.group(group_id=group_id)
        if found is None:
            return None
        address = self._jira.url(f"/group?groupId={group_id}")
        return {"name": found.name, "groupId": group_id, "self": address}

    def _cascade(self, ids: list[int]) -> Body | None:
        chosen = self._many(ObjectKind.OPTION, ids)
        if not chosen:
            return None
        return chosen[0] if len(chosen) == 1 else {**chosen[0], "child": chosen[1]}


_REFERENCES = {
    "select": ObjectKind.OPTION,
    "radiobuttons": ObjectKind.OPTION,
    "version": ObjectKind.VERSION,
}
_LISTS_OF_REFERENCES = {
    "multiselect": ObjectKind.OPTION,
    "multicheckboxes": ObjectKind.OPTION,
    "multiversion": ObjectKind.VERSION,
}
_MAKERS: dict[ObjectKind, Any] = {
    ObjectKind.ISSUE_TYPE: beans.issue_type_bean,
    ObjectKind.STATUS: beans.status_bean,
    ObjectKind.PRIORITY: beans.priority_bean,
    ObjectKind.RESOLUTION: beans.resolution_bean,
    ObjectKind.LINK_TYPE: beans.link_type_bean,
    ObjectKind.VERSION: beans.version_bean,
    ObjectKind.COMPONENT: beans.component_bean,
    ObjectKind.OPTION: beans.option_bean,
    ObjectKind.SECURITY_LEVEL: level_bean,
}


def duration_text(seconds: int) -> str:
    """Seconds as Jira writes a duration, with days of 8 hours and weeks of 5 days."""
    minutes = seconds // 60
    parts: list[str] = []
    for unit, size in (("w", 2400), ("d", 480), ("h", 60), ("m", 1)):
        count, minutes = divmod(minutes, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts) or "0m"


def _by_issue(rows: Iterable[Row]) -> dict[int, list[Row]]:
    grouped: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row["issue_id"]].append(row)
    return grouped


def _is_internal(row: Row) -> bool:
    """Whether customers do not see a comment: its property says so."""
    if INTERNAL not in row["properties"]:
        return False
    listed: list[Body] = msgspec.json.decode(row["properties"])
    return {"key": INTERNAL, "value": {"internal": True}} in listed


def _with_extras(bean: Body, row: Row, properties: bool) -> Body:
    if row["visibility"] is not None:
        bean["visibility"] = msgspec.Raw(row["visibility"].encode())
    if properties:
        bean["properties"] = msgspec.Raw(row["properties"].encode())
    return bean
