"""Projects: their table, their keys, their JSON."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import msgspec

from sitekeep_simulator.jira.beans import (
    SIZES,
    category_of_projects_bean,
    component_bean,
    issue_type_bean,
    user_bean,
    version_bean,
)
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.role_actors import RoleActors, role_links
from sitekeep_simulator.jira.schema import ISSUE_TABLES
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.store import Row

LIVE, ARCHIVED, DELETED = "live", "archived", "deleted"
_KEY = re.compile(r"[A-Z][A-Z0-9]{1,9}$")


@dataclass(frozen=True)
class Project:
    """One project. ``counter`` is the highest issue number that was ever given."""

    id: int
    key: str
    name: str
    state: str
    counter: int
    type_scheme: int
    workflow_scheme: int
    body: Body


class Projects:
    """The table of the projects."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira

    def find(self, id_or_key: str) -> Project | None:
        """The project with that id, key or former key, in whatever state."""
        text = str(id_or_key)
        if text.isdigit():
            return self._one("SELECT * FROM jira_project WHERE id = ?", (int(text),))
        return self._one(
            "SELECT p.* FROM jira_project_key k JOIN jira_project p ON p.id = k.project_id "
            "WHERE k.key = ?",
            (text.upper(),),
        )

    def visible(self, id_or_key: str) -> Project:
        """The project with that id or key unless it is in the trash. Raises Refused (404)."""
        found = self.find(id_or_key)
        if found is None or found.state == DELETED:
            raise Refused(404, f"No project could be found with key '{id_or_key}'.")
        return found

    def all(self, states: tuple[str, ...] = (LIVE,)) -> list[Project]:
        """Every project in one of those states, by key."""
        rows = self._jira.store.rows("SELECT * FROM jira_project ORDER BY key")
        return [_project(row) for row in rows if row["state"] in states]

    def add(
        self, key: str, name: str, type_scheme: int, workflow_scheme: int, body: Body
    ) -> Project:
        """Stores a new project without any check."""
        project_id = self._jira.store.next_id("jira.project")
        self._jira.store.execute(
            "INSERT INTO jira_project VALUES (?, ?, ?, ?, 0, ?, ?, ?)",
            (project_id, key, name, LIVE, type_scheme, workflow_scheme, _text(body)),
        )
        self._jira.store.execute("INSERT INTO jira_project_key VALUES (?, ?)", (key, project_id))
        RoleActors(self._jira).begin(project_id)
        return Project(project_id, key, name, LIVE, 0, type_scheme, workflow_scheme, body)

    def change(self, project: Project, **columns: Any) -> None:
        """Changes columns of a project and lets its issues be rendered anew."""
        if "body" in columns:
            columns["body"] = _text(columns["body"])
        if "key" in columns:
            self._jira.store.execute(
                "INSERT OR REPLACE INTO jira_project_key VALUES (?, ?)",
                (columns["key"], project.id),
            )
        names = ", ".join(f"{name} = ?" for name in columns)
        self._jira.store.execute(
            f"UPDATE jira_project SET {names} WHERE id = ?", [*columns.values(), project.id]
        )
        self._jira.store.execute(
            "DELETE FROM jira_rendered WHERE issue_id IN "
            "(SELECT id FROM jira_issue WHERE project_id = ?)",
            (project.id,),
        )

    def erase(self, project: Project) -> None:
        """Removes a project with everything in it; its key is free again."""
        store = self._jira.store
        issues = "(SELECT id FROM jira_issue WHERE project_id = ?)"
        for table in ISSUE_TABLES:
            store.execute(f"DELETE FROM {table} WHERE issue_id IN {issues}", (project.id,))
        store.execute(
            f"DELETE FROM jira_link WHERE source_id IN {issues} OR target_id IN {issues}",
            (project.id, project.id),
        )
        for table, column in (
            ("jira_issue", "project_id"),
            ("jira_project_key", "project_id"),
            ("jira_role_actor", "project_id"),
            ("jira_project", "id"),
        ):
            store.execute(f"DELETE FROM {table} WHERE {column} = ?", (project.id,))
        for kind in (ObjectKind.VERSION, ObjectKind.COMPONENT):
            self._jira.objects.remove_scope(kind, project.id)

    def check_key(self, key: str, own_id: int = 0) -> str:
        """What is wrong with a new key, or an empty text. Trashed projects keep theirs."""
        if not _KEY.match(key):
            return (
                "Project keys must start with an uppercase letter, followed by one or more "
                "uppercase alphanumeric characters, and have at most 10 characters."
            )
        taken = self.find(key)
        if taken is None or taken.id == own_id:
            return ""
        where = " in the recycle bin" if taken.state == DELETED else ""
        return f"Project '{taken.name}'{where} uses this project key."

    def take_numbers(self, project_id: int, count: int = 1) -> int:
        """Gives the next issue numbers away for good; returns the first of them."""
        first: int = self._jira.store.value(
            "UPDATE jira_project SET counter = counter + ? WHERE id = ? RETURNING counter - ? + 1",
            (count, project_id, count),
        )
        return first

    def issue_types(self, project: Project) -> list[JiraObject]:
        """The issue types that issues of the project can have."""
        scheme = self._jira.objects.get(ObjectKind.TYPE_SCHEME, project.type_scheme)
        ids: list[int] = [] if scheme is None else scheme.body["issueTypeIds"]
        found = (self._jira.objects.get(ObjectKind.ISSUE_TYPE, each) for each in ids)
        return [each for each in found if each is not None]

    def has_issues(self, project: Project) -> bool:
        """Whether the project has any issue."""
        return bool(
            self._jira.store.value(
                "SELECT 1 FROM jira_issue WHERE project_id = ? LIMIT 1", (project.id,)
            )
        )

    def _one(self, statement: str, values: tuple[Any, ...]) -> Project | None:
        row = self._jira.store.row(statement, values)
        return None if row is None else _project(row)


def brief_bean(jira: Jira, project: Project) -> Body:
    """A project, as issues show it."""
    avatar = f"/rest/api/2/universal_avatar/view/type/project/avatar/10400?project={project.id}"
    return {
        "self": jira.url(f"/project/{project.id}"),
        "id": str(project.id),
        "key": project.key,
        "name": project.name,
        "projectTypeKey": project.body["projectTypeKey"],
        "simplified": project.body["style"] == "next-gen",
        "avatarUrls": {
            name: f"{jira.site.placeholder}{avatar}&size={size}" for name, size in SIZES
        },
    }


def list_bean(jira: Jira, project: Project, expand: str = "") -> Body:
    """A project, as ``project/search`` shows it."""
    bean: Body = brief_bean(jira, project) | {
        "expand": "description,lead,issueTypes,url,projectKeys,permissions,insight",
        "style": project.body["style"],
        "isPrivate": False,
        "properties": {},
        "uuid": project.body["entityId"],
    }
    if project.state == ARCHIVED:
        bean["archived"] = True
    if project.state == DELETED:
        bean |= {"deleted": True, "deletedDate": project.body.get("deletedDate", jira.now())}
    wanted = set(expand.split(","))
    category = jira.objects.get(ObjectKind.CATEGORY, project.body.get("categoryId"))
    if category is not None:
        bean["projectCategory"] = category_of_projects_bean(jira, category)
    lead = jira.accounts.get(project.body["leadAccountId"])
    if "lead" in wanted and lead is not None:
        bean["lead"] = user_bean(jira, lead)
    for name in ("description", "url"):
        if name in wanted and project.body.get(name) is not None:
            bean[name] = project.body[name]
    if "issueTypes" in wanted:
        bean["issueTypes"] = [issue_type_bean(jira, t) for t in Projects(jira).issue_types(project)]
    if "projectKeys" in wanted:
        bean["projectKeys"] = keys_of(jira, project)
    if "insight" in wanted:
        bean["insight"] = _insight(jira, project)
    return bean


def whole_bean(jira: Jira, project: Project) -> Body:
    """A project, as ``GET project/{id}`` shows it."""
    objects = jira.objects
    bean = list_bean(jira, project, "lead,description,url,issueTypes")
    return bean | {
        "description": project.body.get("description") or "",
        "assigneeType": project.body["assigneeType"],
        "components": [
            component_bean(jira, each) for each in objects.all(ObjectKind.COMPONENT, project.id)
        ],
        "versions": [
            version_bean(jira, each, whole=True)
            for each in objects.all(ObjectKind.VERSION, project.id)
        ],
        "roles": role_links(jira, project.id),
    }


def keys_of(jira: Jira, project: Project) -> list[str]:
    """The key of a project and its former keys."""
    rows = jira.store.rows(
        "SELECT key FROM jira_project_key WHERE project_id = ? ORDER BY rowid DESC", (project.id,)
    )
    return [row["key"] for row in rows]


def _insight(jira: Jira, project: Project) -> Body:
    row = jira.store.row(
        "SELECT count(*) AS n, max(updated) AS last FROM jira_issue WHERE project_id = ?",
        (project.id,),
    )
    if row is None or not row["n"]:
        return {"totalIssueCount": 0}
    return {"totalIssueCount": row["n"], "lastIssueUpdateTime": row["last"]}


def _text(body: Body) -> str:
    return msgspec.json.encode(body).decode()


def _project(row: Row) -> Project:
    return Project(
        row["id"],
        row["key"],
        row["name"],
        row["state"],
        row["counter"],
        row["type_scheme"],
        row["workflow_scheme"],
        msgspec.json.decode(row["body"]),
    )
