"""Loads the real issues of the data folder into a site, with new ids and the old keys.

Summaries and names lose their outer blanks, which a site takes away when they are written.
"""

from __future__ import annotations

import gzip
import json
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from sitekeep_simulator.accounts import Account, account_id_of
from sitekeep_simulator.data_people import email_of
from sitekeep_simulator.jira import install
from sitekeep_simulator.jira.access_schemes import access_schemes
from sitekeep_simulator.jira.bulk_rows import BulkRows
from sitekeep_simulator.jira.data_documents import resolved
from sitekeep_simulator.jira.data_files import Corpus, CorpusFile, draw, media_type
from sitekeep_simulator.jira.defaults import (
    add_issue_type,
    add_status,
    add_type_scheme,
    add_workflow,
)
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.projects import Project, Projects
from sitekeep_simulator.jira.rendering import Renderer
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.site import SimulatedSite

_PROJECTS = ("ALOY", "DAEMON", "MOD")
_CATEGORIES = {"new": "TODO", "indeterminate": "IN_PROGRESS", "done": "DONE"}
_MEDIA = uuid.UUID("2f0b2a84-8a0d-4c56-9f3c-5f4a2f1b7c11")
_STRANGER = "former.user"


def load_data(site: SimulatedSite, folder: Path) -> Mapping[str, int]:
    """Loads everything; returns how much was loaded, changed and dropped, by name.

    Raises FileNotFoundError when the folder does not hold the data.
    """
    jira = install(site)
    issues = [each for key in _PROJECTS for each in _issues(folder, key)]
    texts = {each["key"]: each for key in _PROJECTS for each in _texts(folder, key)}
    with jira.store.transaction():
        loader = _Loader(jira, folder, issues, texts)
        loader.load()
        Renderer(jira).render_all()
    return dict(sorted(loader.counts.items()))


def _issues(folder: Path, key: str) -> Iterator[Body]:
    return _lines(folder / "jira" / "tidev" / f"{key}.issues.jsonl.gz")


def _texts(folder: Path, key: str) -> Iterator[Body]:
    return _lines(folder / "jira" / "tidev-adf" / f"{key}.adf.jsonl.gz")


def _lines(path: Path) -> Iterator[Body]:
    with gzip.open(path, "rb") as lines:
        for line in lines:
            yield msgspec.json.decode(line)


@dataclass(frozen=True)
class _Known:
    """What the loader knows of an issue before it writes any."""

    id: int
    project: Project
    number: int
    issue_type: JiraObject


class _Loader:
    def __init__(
        self, jira: Jira, folder: Path, issues: list[Body], texts: Mapping[str, Body]
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._jira = jira
        self._rows = BulkRows(jira.store)
        self._issues = issues
        self._texts = texts
        self._people = _people(jira, issues)
        self._corpus = Corpus(jira.site.files, folder / "attachments" / "lucene")
        self._links: set[str] = set()
        self._objects: dict[tuple[ObjectKind, str], JiraObject] = {}
        self._projects = {key: self._project(folder, key) for key in _PROJECTS}
        self._known = {each["key"]: self._plan(each) for each in issues}

    def load(self) -> None:
        """Writes everything but the configuration, which is written already."""
        for issue in self._issues:
            self._write(issue)
        self._scatter()
        self._rows.flush()
        for key, project in self._projects.items():
            numbers = [known.number for k, known in self._known.items() if k.startswith(f"{key}-")]
            self._jira.store.execute(
                "UPDATE jira_project SET counter = ? WHERE id = ?", (max(numbers), project.id)
            )
            self.counts["missing_numbers"] += max(numbers) - len(numbers)
        self.counts["users"] = len(self._people)

    def _plan(self, issue: Body) -> _Known:
        key, _, number = str(issue["key"]).rpartition("-")
        issue_type = self._type(issue["fields"]["issuetype"])
        new_id = self._rows.next_id("jira.issue")
        return _Known(new_id, self._projects[key], int(number), issue_type)

    def _write(self, issue: Body) -> None:
        known, fields = self._known[issue["key"]], issue["fields"]
        texts = self._texts[issue["key"]]
        media = self._attachments(known, fields["attachment"])
        stored = self._fields(known, fields, texts, media)
        self._rows.add(
            "jira_issue",
            known.id,
            known.project.id,
            known.number,
            known.issue_type.id,
            self._status(fields["status"]).id,
            self._parent(known, fields),
            fields["created"],
            fields["updated"],
            msgspec.json.encode(stored).decode(),
        )
        self.counts["issues"] += 1
        self._comments(known, fields["comment"]["comments"], texts["comments"], media)
        for link in fields["issuelinks"]:
            self._link(known, link)

    def _fields(self, known: _Known, fields: Body, texts: Body, media: Mapping[str, str]) -> Body:
        stored: Body = {
            "summary": fields["summary"].strip(),
            "labels": fields["labels"],
            "priority": self._small(ObjectKind.PRIORITY, fields.get("priority")),
            "resolution": self._small(ObjectKind.RESOLUTION, fields.get("resolution")),
            "resolutiondate": fields.get("resolutiondate"),
        }
        for name in ("creator", "reporter", "assignee"):
            stored[name] = self._account(fields.get(name)) if fields.get(name) else None
        for name in ("description", "environment"):
            stored[name] = self._document(texts.get(name), media)
        for name, kind in (
            ("versions", ObjectKind.VERSION),
            ("fixVersions", ObjectKind.VERSION),
            ("components", ObjectKind.COMPONENT),
        ):
            stored[name] = [self._scoped(kind, known.project, each).id for each in fields[name]]
        return stored

    def _document(self, document: Any, media: Mapping[str, str]) -> Any:
        if document is None:
            return None
        self.counts["texts"] += 1
        return resolved(document, self._people, media, self.counts)

    def _parent(self, known: _Known, fields: Body) -> int | None:
        listed = fields.get("parent") or fields.get("epic")
        if not listed:
            return None
        parent = self._known.get(listed["key"])
        level: int = known.issue_type.body["hierarchyLevel"]
        if parent is None or parent.issue_type.body["hierarchyLevel"] != level + 1:
            self.counts["parents_dropped"] += 1
            return None
        self.counts["subtasks" if level < 0 else "epic_children"] += 1
        return parent.id

    def _comments(
        self, known: _Known, listed: list[Body], texts: Body, media: Mapping[str, str]
    ) -> None:
        for comment in listed:
            author = self._account(comment.get("author"))
            document = self._document(texts[comment["id"]], media)
            self._rows.add(
                "jira_comment",
                self._rows.next_id("jira.comment"),
                known.id,
                author,
                self._account(comment.get("updateAuthor") or comment.get("author")),
                comment["created"],
                comment["updated"],
                msgspec.json.encode(document).decode(),
                None,
                "[]",
            )
            self.counts["comments"] += 1

    def _link(self, known: _Known, link: Body) -> None:
        outward = "outwardIssue" in link
        other = self._known.get(link["outwardIssue" if outward else "inwardIssue"]["key"])
        if link["id"] in self._links:
            return
        self._links.add(link["id"])
        if other is None:
            self.counts["links_dropped"] += 1
            return
        source, target = (known, other) if outward else (other, known)
        kind = self._link_type(link["type"]).id
        link_id = self._rows.next_id("jira.link")
        self._rows.add("jira_link", link_id, kind, source.id, target.id)
        self.counts["links"] += 1

    def _attachments(self, known: _Known, listed: list[Body]) -> dict[str, str]:
        media: dict[str, str] = {}
        for record in listed:
            file = self._corpus.pick(record["filename"], record["id"])
            author = self._account(record.get("author"))
            media[record["filename"]] = self._attach(
                known, file, record["filename"], author, record["created"]
            )
        return media

    def _attach(self, known: _Known, file: CorpusFile, name: str, author: str, created: str) -> str:
        attachment_id = self._rows.next_id("jira.attachment")
        media_id = str(uuid.uuid5(_MEDIA, f"{self._jira.site.cloud_id}/{attachment_id}"))
        kind = media_type(name)
        self._rows.add("media_file", media_id, file.sha256, name, kind, 0)
        self._rows.add(
            "jira_attachment",
            attachment_id,
            known.id,
            media_id,
            name,
            author,
            created,
            file.size,
            kind,
        )
        self.counts["attachments"] += 1
        return media_id

    def _scatter(self) -> None:
        for file in self._corpus.all:
            issue = self._issues[draw(f"{file.sha256}/{file.name}", len(self._issues))]
            author = self._account(issue["fields"].get("creator"))
            created = issue["fields"]["updated"]
            self._attach(self._known[issue["key"]], file, file.name, author, created)
            self.counts["attachments_with_their_own_name"] += 1

    def _account(self, person: Body | None) -> str:
        return self._people[_STRANGER if not person else person["key"]].account_id

    def _small(self, kind: ObjectKind, listed: Body | None) -> int | None:
        if not listed:
            return None
        body: Body = {"description": listed.get("description") or ""}
        if kind is ObjectKind.PRIORITY:
            body |= {"statusColor": "#707070", "isDefault": False}
        return self._object(kind, listed["name"], body).id

    def _status(self, listed: Body) -> JiraObject:
        name = listed["name"]
        known = self._jira.objects.named(ObjectKind.STATUS, name)
        category = _CATEGORIES[listed["statusCategory"]["key"]]
        return known or add_status(self._jira, name, category, listed.get("description") or "")

    def _type(self, listed: Body) -> JiraObject:
        known = self._jira.objects.named(ObjectKind.ISSUE_TYPE, listed["name"])
        level = -1 if listed["subtask"] else 0
        text = listed.get("description") or ""
        return known or add_issue_type(self._jira, listed["name"], text, level)

    def _link_type(self, listed: Body) -> JiraObject:
        body = {"inward": listed["inward"], "outward": listed["outward"]}
        return self._object(ObjectKind.LINK_TYPE, listed["name"], body)

    def _object(self, kind: ObjectKind, name: str, body: Body, project_id: int = 0) -> JiraObject:
        key = (kind, f"{project_id}/{name.lower()}")
        if key not in self._objects:
            known = self._jira.objects.named(kind, name, project_id)
            self._objects[key] = known or self._jira.objects.add(
                kind, name, body, project_id=project_id
            )
        return self._objects[key]

    def _scoped(self, kind: ObjectKind, project: Project, listed: Body) -> JiraObject:
        if kind is ObjectKind.COMPONENT:
            body: Body = {"project": project.key, "description": listed.get("description") or ""}
        else:
            names = ("description", "archived", "released", "startDate", "releaseDate")
            body = {name: listed[name] for name in names if name in listed}
        return self._object(kind, listed["name"].strip(), body, project.id)

    def _project(self, folder: Path, key: str) -> Project:
        path = folder / "jira" / "tidev" / f"{key}.project.json"
        listed: Body = json.loads(path.read_text("utf-8"))
        own = [each["fields"] for each in self._issues if each["key"].startswith(f"{key}-")]
        project = Projects(self._jira).add(
            key,
            listed["name"],
            self._type_scheme(key, listed, own).id,
            self._workflow_scheme(key, own).id,
            self._project_body(key, listed, own),
        )
        for kind, noun in ((ObjectKind.VERSION, "versions"), (ObjectKind.COMPONENT, "components")):
            for each in listed[noun]:
                self._scoped(kind, project, each)
            self.counts[noun] += len(listed[noun])
        self.counts["projects"] += 1
        return project

    def _type_scheme(self, key: str, listed: Body, own: list[Body]) -> JiraObject:
        types = {self._type(each).id for each in listed["issueTypes"]}
        types |= {self._type(fields["issuetype"]).id for fields in own}
        return add_type_scheme(self._jira, f"{key} issue types", sorted(types))

    def _workflow_scheme(self, key: str, own: list[Body]) -> JiraObject:
        statuses = {s.id: s for s in (self._status(fields["status"]) for fields in own)}
        ordered = sorted(statuses.values(), key=_workflow_place)
        workflow = add_workflow(self._jira, f"{key} workflow", ordered)
        body: Body = {
            "description": "",
            "defaultWorkflow": workflow.name,
            "issueTypeMappings": {},
        }
        name = f"{key} workflow scheme"
        return self._jira.objects.add(ObjectKind.WORKFLOW_SCHEME, name, body)

    def _project_body(self, key: str, listed: Body, own: list[Body]) -> Body:
        return access_schemes(self._jira, {}) | {
            "projectTypeKey": "software",
            "style": "classic",
            "leadAccountId": self._account(own[0].get("creator")),
            "assigneeType": "UNASSIGNED",
            "description": listed.get("description"),
            "url": listed.get("url"),
            "entityId": str(uuid.uuid5(_MEDIA, f"project/{key}")),
        }


def _workflow_place(status: JiraObject) -> tuple[int, int]:
    return ("TODO", "IN_PROGRESS", "DONE").index(status.body["category"]), status.id


def _people(jira: Jira, issues: list[Body]) -> dict[str, Account]:
    found: dict[str, Account] = {_STRANGER: _person(_STRANGER, "Former user", False)}
    for issue in issues:
        fields = issue["fields"]
        persons = [fields.get(name) for name in ("creator", "reporter", "assignee")]
        persons += [each.get("author") for each in fields["attachment"]]
        for comment in fields["comment"]["comments"]:
            persons += [comment.get("author"), comment.get("updateAuthor")]
        for each in persons:
            if each and each["key"] not in found:
                active = bool(each.get("active", True))
                found[each["key"]] = _person(each["key"], each["displayName"], active)
    jira.accounts.add_many(found.values())
    group = jira.accounts.add_group("jira-users")
    jira.accounts.join(group.group_id, [each.account_id for each in found.values()])
    return found


def _person(key: str, name: str, active: bool) -> Account:
    email = email_of(key)
    return Account(account_id_of(email), email, name, active=active)
