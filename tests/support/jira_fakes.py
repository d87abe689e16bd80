"""A simulated Jira site with a bit of everything, an empty one, and what passes between them."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp.typedefs import Middleware

from sitekeep_backup.exporters.jira import EXPORTER
from sitekeep_cli.comparison.comparison import Comparison
from sitekeep_cli.comparison.model import Difference, Mode
from sitekeep_cli.comparison.shelf import Shelf
from sitekeep_shared import coverage
from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.atlassian.credentials import Credentials
from sitekeep_shared.clock import ManualClock
from sitekeep_shared.content.adf import document, paragraph, text_node
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.work.tally import Tally
from sitekeep_simulator.accounts import ADMIN_EMAIL, ADMIN_TOKEN, Account
from sitekeep_simulator.directory import Directory
from sitekeep_simulator.server import start_site
from sitekeep_simulator.site import SimulatedSite
from support.confluence_fakes import MemoryBackup, export

API = "/rest/api/3"
AGILE = "/rest/agile/1.0"
START = datetime.datetime(2024, 5, 1, 10, 0, tzinfo=datetime.UTC)
STOCK = "com.atlassian.jira.plugin.system.customfieldtypes:"
Json = dict[str, Any]


@dataclass
class JiraSide:
    """One site and a client of it."""

    site: SimulatedSite
    client: SiteClient
    base_url: str
    clock: ManualClock

    async def backup(self) -> MemoryBackup:
        """A backup of all that the site holds."""
        return (await self.backup_and_tally())[0]

    async def backup_and_tally(self) -> tuple[MemoryBackup, Tally]:
        """A backup and what its export counted."""
        return await export(EXPORTER, self.client, site_uri=self.base_url)

    async def keys(self, project: str) -> set[str]:
        """The keys of a project's issues, read one by one and not from the index."""
        keys = [f"{project}-{number}" for number in range(1, 101)]
        body = {"issueIdsOrKeys": keys, "fields": ["summary"]}
        found = await self.client.post_json(f"{API}/issue/bulkfetch", body, read=True)
        return {str(issue["key"]) for issue in found["issues"]}

    async def issue(self, key: str) -> Json:
        """An issue with all its fields."""
        found: Json = await self.client.get_json(
            f"{API}/issue/{{issue}}", [("properties", "sitekeep.origin")], issue=key
        )
        return found


@dataclass
class JiraPair:
    """The source and the empty destination."""

    source: JiraSide
    destination: JiraSide

    @property
    def sides(self) -> tuple[JiraSide, JiraSide]:
        """Both sites."""
        return self.source, self.destination

    def share_people(self) -> None:
        """Everybody of the source has an account at the destination."""
        for account in self.source.site.accounts.page():
            self.destination.site.accounts.add_many([account])


@asynccontextmanager
async def jira_pair(watch: Sequence[Middleware] = ()) -> AsyncGenerator[JiraPair]:
    """Two sites that listen; ``watch`` sees every exchange with them."""
    later = START + datetime.timedelta(days=700)
    directory = Directory()
    async with (
        _side("source", START, watch, directory) as source,
        _side("destination", later, watch, directory) as destination,
    ):
        yield JiraPair(source, destination)


@asynccontextmanager
async def _side(
    name: str, start: datetime.datetime, watch: Sequence[Middleware], directory: Directory
) -> AsyncGenerator[JiraSide]:
    clock = ManualClock(start)
    site = SimulatedSite(name, clock=clock, directory=directory)
    running = await start_site(site, watch=watch)
    try:
        credentials = Credentials(ADMIN_EMAIL, ADMIN_TOKEN)
        async with SiteClient(running.base_url, credentials) as client:
            yield JiraSide(site, client, running.base_url, clock)
    finally:
        await running.close()
        site.close()


def differences(left: MemoryBackup, right: MemoryBackup) -> list[Difference]:
    """What differs between the source and what was restored."""
    with Shelf() as shelf:
        comparison = Comparison(shelf, Mode.RESTORED, coverage.rows_of("jira"))
        comparison.read(left, right, jira=True)
        return list(comparison.differences())


def undeclared(left: MemoryBackup, right: MemoryBackup) -> list[Difference]:
    """What differs between the source and what was restored, and nothing declares."""
    return [one for one in differences(left, right) if not one.declared]


async def altered(backup: MemoryBackup, key: str, change: Callable[[Json], None]) -> MemoryBackup:
    """The same backup with one issue changed, as other sites send such issues."""
    result = MemoryBackup(backup.site_uri)
    for kind in Kind:
        records = [(entry, await backup.read(entry)) async for entry in backup.entries(kind)]
        result.add(kind.value, [_altered(*record, key, change) for record in records])
    return result


def _altered(
    entry: Entry, payload: bytes, key: str, change: Callable[[Json], None]
) -> tuple[Entry, bytes]:
    if entry.kind is not Kind.ISSUE or entry.attributes["key"] != key:
        return entry, payload
    issue: Json = msgspec.json.decode(payload)
    change(issue)
    content = msgspec.json.encode(issue)
    return dataclasses.replace(entry, size_bytes=len(content)), content


@dataclass
class SmallSite:
    """Fills a site over REST, as its users would."""

    side: JiraSide
    people: list[Account] = field(default_factory=list[Account])
    fields: dict[str, str] = field(default_factory=dict[str, str])
    types: dict[str, str] = field(default_factory=dict[str, str])
    role: str = ""
    notification_scheme: int = 0
    permission_scheme: int = 0
    security_scheme: int = 0

    async def post(self, path: str, body: Any, **names: Any) -> Any:
        """A write; the clock goes on a minute."""
        self.side.clock.advance(datetime.timedelta(minutes=1))
        return await self.side.client.post_json(f"{API}/{path}", body, **names)

    async def fill(self) -> None:
        """Everything."""
        await self.configure()
        await self.add_project("ALFA", "Project Alfa")
        await self.add_issues()
        await self.add_details()
        await self.add_filters()
        await self.add_sprints(await self.add_board())
        await self.add_dashboard()
        await self.move(["ALFA-12", "ALFA-9"], "ALFA-2")

    async def configure(self) -> None:
        """People, groups and a configuration of their own."""
        accounts = self.side.site.accounts
        self.people = [
            accounts.add(f"person{number}@example.com", f"Person {number}") for number in range(4)
        ]
        group = await self.post("group", {"name": "builders"})
        accounts.join(group["groupId"], [person.account_id for person in self.people])
        await self.post("issuetype", {"name": "Incident", "description": "", "hierarchyLevel": 0})
        await self.post("priority", {"name": "Blocker", "statusColor": "#ff0000"})
        await self.post("resolution", {"name": "By design", "description": "It is meant."})
        words = {"name": "Gantt End to Start", "inward": "has to wait for", "outward": "earlier"}
        await self.post("issueLinkType", words)
        await self.post("projectCategory", {"name": "Für Kunden", "description": "Alle"})
        await self._add_fields()
        await self._add_role(group["groupId"])
        await self._add_notification_scheme()
        await self._add_permission_scheme()
        await self._add_security_scheme()
        listed = await self.side.client.get_json(f"{API}/issuetype")
        self.types = {each["name"]: each["id"] for each in listed}

    async def _add_fields(self) -> None:
        for name, kind in {
            "Team": "select",
            "Platforms": "multiselect",
            "Effort": "float",
            "Notes": "textarea",
            "Buddy": "userpicker",
        }.items():
            created = await self.post("field", {"name": name, "type": STOCK + kind})
            self.fields[name] = created["id"]
            template = f"{API}/field/{{field}}/context"
            found = await self.side.client.get_json(template, field=created["id"])
            context = found["values"][0]
            await self.post("screens/addToDefault/{field}", None, field=created["id"])
            if kind.endswith("select"):
                options = {"options": [{"value": f"{name} {letter}"} for letter in "ABC"]}
                template = "field/{field}/context/{context}/option"
                await self.post(template, options, field=created["id"], context=context["id"])

    async def _add_role(self, group: str) -> None:
        made = await self.post("role", {"name": "Entwickler", "description": "Wer baut"})
        self.role = str(made["id"])
        await self.post("role/{role}/actors", {"groupId": [group]}, role=self.role)
        people = {"user": [self.people[0].account_id]}
        await self.post("role/{role}/actors", people, role=self.role)

    async def add_project(self, key: str, name: str) -> None:
        """A project with versions and components, and a workflow of its own."""
        statuses = [("Open", "TODO"), ("In Review", "IN_PROGRESS"), ("Shipped", "DONE")]
        listed = [
            {"name": each, "statusCategory": category, "statusReference": each, "description": "x"}
            for each, category in statuses
        ]
        transitions = [_transition(1, "Create", "INITIAL", "Open")]
        transitions += [
            _transition(10 + number, each, "GLOBAL", each)
            for number, (each, _) in enumerate(statuses)
        ]
        workflow: Json = {
            "name": f"{key} flow",
            "statuses": [{"statusReference": each, "properties": {}} for each, _ in statuses],
            "transitions": transitions,
        }
        scope = {"type": "GLOBAL"}
        body: Json = {"scope": scope, "statuses": listed, "workflows": [workflow]}
        await self.post("workflows/create", body)
        scheme = {"name": f"{key} scheme", "defaultWorkflow": f"{key} flow"}
        made = await self.post("workflowscheme", scheme)
        project = {
            "key": key,
            "name": name,
            "projectTypeKey": "software",
            "leadAccountId": self.people[0].account_id,
            "workflowScheme": made["id"],
            "description": "About Alfa",
            "categoryId": await self._category(),
            "notificationScheme": self.notification_scheme,
            "permissionScheme": self.permission_scheme,
            "issueSecurityScheme": self.security_scheme,
        }
        created = await self.post("project", project)
        await self._add_priority_scheme(f"Eile {key}", int(created["id"]))
        for version in ("1.0", "1.1 beta"):
            await self.post("version", {"name": version, "projectId": created["id"]})
        for component in ("Core", "User interface"):
            await self.post("component", {"name": component, "project": key})
        one = f"{API}/project/{{project}}/role/{{role}}"
        gone = [("user", self.people[0].account_id)]
        await self.side.client.delete(one, gone, project=key, role=self.role)
        actors = {"user": [person.account_id for person in self.people[1:3]]}
        await self.post("project/{project}/role/{role}", actors, project=key, role=self.role)

    async def _add_notification_scheme(self) -> None:
        recipients = [
            {"notificationType": "Group", "parameter": "builders"},
            {"notificationType": "User", "parameter": self.people[3].account_id},
            {"notificationType": "ProjectRole", "parameter": self.role},
            {"notificationType": "UserCustomField", "parameter": self.fields["Buddy"]},
        ]
        watchers = [{"notificationType": "AllWatchers"}]
        events = [
            {"event": {"id": "1"}, "notifications": recipients},
            {"event": {"id": "2"}, "notifications": watchers},
            {"event": {"id": "6"}, "notifications": watchers},
        ]
        scheme = {"name": "Wer hört „was“", "notificationSchemeEvents": events}
        self.notification_scheme = int((await self.post("notificationscheme", scheme))["id"])

    async def _add_permission_scheme(self) -> None:
        """Open to the administrators and to the role; people of a field may look on."""
        client = self.side.client
        roles = await client.get_json(f"{API}/role")
        admins = next(str(each["id"]) for each in roles if each["name"] == "Administrators")
        answer = await client.get_json(f"{API}/permissionscheme", [("expand", "all")])
        default = answer["permissionSchemes"][0]["permissions"]
        permissions = sorted({str(each["permission"]) for each in default})
        holders = [
            {"type": "projectRole", "parameter": admins},
            {"type": "projectRole", "parameter": self.role},
        ]
        grants = [
            {"permission": permission, "holder": holder}
            for permission in permissions
            for holder in holders
        ]
        readers = [
            {"type": "userCustomField", "parameter": self.fields["Buddy"]},
            {"type": "group", "parameter": "builders"},
            {"type": "user", "parameter": self.people[3].account_id},
            {"type": "reporter"},
        ]
        grants += [{"permission": "BROWSE_PROJECTS", "holder": each} for each in readers]
        grants.append({"permission": "SET_ISSUE_SECURITY", "holder": holders[0]})
        scheme = {"name": "Nur „wir“", "description": "Geschlossen", "permissions": grants}
        self.permission_scheme = int((await self.post("permissionscheme", scheme))["id"])

    async def _add_security_scheme(self) -> None:
        """Two levels that the administrator sees, one of them the default one."""
        me = (await self.side.client.get_json(f"{API}/myself"))["accountId"]
        own = {"type": "user", "parameter": me}
        wide = [
            own,
            {"type": "group", "parameter": "builders"},
            {"type": "projectrole", "parameter": self.role},
            {"type": "user", "parameter": self.people[3].account_id},
            {"type": "reporter"},
        ]
        levels = [
            {"name": "Intern", "description": "Nur „wir“", "members": wide, "isDefault": True},
            {"name": "Geheim", "members": [own, {"type": "assignee"}]},
        ]
        scheme = {"name": "Vertraulich", "description": "Still", "levels": levels}
        self.security_scheme = int((await self.post("issuesecurityschemes", scheme))["id"])

    async def _add_priority_scheme(self, name: str, project: int) -> None:
        """All priorities but the lowest one; the default is another than the site's."""
        listed = (await self.side.client.get_json(f"{API}/priority/search"))["values"]
        ids = [int(each["id"]) for each in listed if each["name"] != "Lowest"]
        scheme: Json = {"name": name, "description": "Was eilt", "priorityIds": ids}
        scheme |= {"defaultPriorityId": ids[0], "projectIds": [project]}
        await self.post("priorityscheme", scheme)

    async def _category(self) -> int:
        listed = await self.side.client.get_json(f"{API}/projectCategory")
        return int(listed[0]["id"])

    async def issue(self, summary: str, kind: str = "Task", **fields: Any) -> str:
        """Creates an issue; returns its key."""
        body: Json = {
            "project": {"key": "ALFA"},
            "issuetype": {"id": self.types[kind]},
            "summary": summary,
            **fields,
        }
        created = await self.post("issue", {"fields": body})
        return str(created["key"])

    async def add_issues(self) -> None:
        """ALFA-1 to ALFA-12, of which 3, 7 and 8 are deleted; 5 is a sub-task, 6 below 2."""
        await self.issue("First", labels=["a", "b"], priority={"name": "Blocker"})
        await self.issue("An epic", "Epic")
        await self.issue("Deleted")
        await self.issue("Grüße, 世界 🙂", "Incident", duedate="2024-06-01")
        await self.issue("Below", "Sub-task", parent={"key": "ALFA-4"})
        await self.issue("In the epic", "Story", parent={"key": "ALFA-2"})
        for number in (7, 8):
            await self.issue(f"Deleted {number}")
        await self.issue("With fields", **self._values())
        for number in (10, 11, 12):
            await self.issue(f"Number {number}", "Bug")
        for number in (3, 7, 8):
            await self.side.client.delete(f"{API}/issue/{{issue}}", issue=f"ALFA-{number}")

    def _values(self) -> Json:
        return {
            self.fields["Team"]: {"value": "Team B"},
            self.fields["Platforms"]: [{"value": "Platforms A"}, {"value": "Platforms C"}],
            self.fields["Effort"]: 3.5,
            self.fields["Notes"]: document(paragraph("Notes of the field")),
            self.fields["Buddy"]: {"accountId": self.people[2].account_id},
            "fixVersions": [{"name": "1.0"}],
            "versions": [{"name": "1.1 beta"}],
            "components": [{"name": "Core"}],
            "assignee": {"accountId": self.people[1].account_id},
            "reporter": {"accountId": self.people[3].account_id},
            "environment": document(paragraph("In the lab")),
            "timetracking": {"originalEstimate": "2d", "remainingEstimate": "3h"},
        }

    async def add_details(self) -> None:
        """Files, texts, many comments and worklogs, watchers, links, statuses."""
        client = self.side.client
        one = f"{API}/issue/{{issue}}"
        attachment = (
            await client.upload(f"{one}/attachments", "a b+ü.txt", b"content", issue="ALFA-1")
        )[0]
        await client.upload(f"{one}/attachments", "a b+ü.txt", b"content", issue="ALFA-1")
        location = await client.location(
            f"{API}/attachment/content/{{attachment}}", attachment=str(attachment["id"])
        )
        media = str(location).split("/file/")[1][:36]
        edit = {"fields": {"description": self._description(media)}}
        await client.put_json(one, edit, issue="ALFA-1")
        for key, level in {"ALFA-2": None, "ALFA-4": {"name": "Geheim"}}.items():
            await client.put_json(one, {"fields": {"security": level}}, issue=key)
        for number in range(120):
            body = {"body": document(paragraph(f"Comment {number}"))}
            await self.post("issue/{issue}/comment", body, issue="ALFA-10")
        hidden = {"body": document(paragraph("For builders"))}
        visibility = {"visibility": {"type": "group", "value": "builders"}}
        await self.post("issue/{issue}/comment", hidden | visibility, issue="ALFA-1")
        for number in range(25):
            await self._log_work(number)
        for person in self.people[:2]:
            await self.post("issue/{issue}/watchers", person.account_id, issue="ALFA-11")
        await self._link()
        done = await client.get_json(f"{one}/transitions", issue="ALFA-12")
        shipped = next(t["id"] for t in done["transitions"] if t["name"] == "Shipped")
        await self.post(
            "issue/{issue}/transitions", {"transition": {"id": shipped}}, issue="ALFA-12"
        )
        edit = {"fields": {"resolution": {"name": "By design"}}}
        await client.put_json(one, edit, issue="ALFA-12")
        listed = await client.get_json(f"{API}/project/{{project}}/version", project="ALFA")
        version = next(each for each in listed["values"] if each["name"] == "1.0")
        await client.put_json(
            f"{API}/version/{{version}}", {"archived": True}, version=version["id"]
        )

    async def _log_work(self, number: int) -> None:
        body = {
            "started": f"2024-04-01T10:{number:02d}:00.000+0000",
            "timeSpentSeconds": 60 * (number + 1),
            "comment": document(paragraph(f"Work {number}")),
        }
        await self.post("issue/{issue}/worklog", body, issue="ALFA-11")

    async def _link(self) -> None:
        for kind, other in (("Gantt End to Start", "ALFA-1"), ("Blocks", "ALFA-12")):
            body = {
                "type": {"name": kind},
                "inwardIssue": {"key": "ALFA-9"},
                "outwardIssue": {"key": other},
            }
            await self.post("issueLink", body)
        remote = {
            "globalId": "system=http://wiki&id=1",
            "relationship": "mentioned in",
            "object": {"url": "https://wiki.example.com/1", "title": "A page"},
        }
        await self.post("issue/{issue}/remotelink", remote, issue="ALFA-4")

    async def add_board(self) -> str:
        """A scrum board of the project; returns its id."""
        share = {"type": "project", "project": {"id": await self._project_id()}}
        query = {"name": "Filter for ALFA board", "jql": "project = ALFA ORDER BY Rank ASC"}
        made = await self.post("filter", {**query, "sharePermissions": [share]})
        location = {"type": "project", "projectKeyOrId": "ALFA"}
        body = {"name": "ALFA board", "type": "scrum", "filterId": int(made["id"])}
        client = self.side.client
        board = await client.post_json(f"{AGILE}/board", {**body, "location": location})
        return str(board["id"])

    async def add_sprints(self, board: str) -> None:
        """A closed one and an active one; ALFA-1 was in both."""
        client = self.side.client
        for name, issues in (("Done", ("ALFA-1", "ALFA-4")), ("Now", ("ALFA-1", "ALFA-10"))):
            body: Json = {"name": name, "originBoardId": int(board), "goal": "Größe"}
            sprint = str((await client.post_json(f"{AGILE}/sprint", body))["id"])
            one = f"{AGILE}/sprint/{{sprint}}"
            await client.post(f"{one}/issue", {"issues": list(issues)}, sprint=sprint)
            dates = {
                "startDate": "2024-03-01T10:00:00.000+01:00",
                "endDate": "2024-03-15T10:00:00.000Z",
            }
            await client.post(one, {"state": "active", **dates}, sprint=sprint)
            if name == "Done":
                await client.post(one, {"state": "closed"}, sprint=sprint)

    async def add_dashboard(self) -> None:
        """One with two gadgets that show what filters find."""
        found = await self.side.client.get_json(f"{API}/filter/search")
        names = {each["name"]: each["id"] for each in found["values"]}
        body: Json = {"name": "Wall", "description": "Größe", "editPermissions": []}
        shares = [{"type": "group", "group": {"name": "builders"}}]
        wall = await self.post("dashboard", {**body, "sharePermissions": shares})
        one = f"{API}/dashboard/{{dashboard}}"
        for row, name in enumerate(names):
            gadget: Json = {"uri": "rest/gadgets/1.0/g/results", "title": name, "color": "red"}
            place = {"position": {"column": 0, "row": row}}
            made = await self.side.client.post_json(
                f"{one}/gadget", {**gadget, **place}, dashboard=wall["id"]
            )
            await self.side.client.put_json(
                f"{one}/items/{{gadget}}/properties/config",
                {"filterId": names[name], "num": 10},
                dashboard=wall["id"],
                gadget=str(made["id"]),
            )

    async def move(self, issues: Sequence[str], other: str) -> None:
        """Puts issues before another one in the order of all."""
        body = {"issues": list(issues), "rankBeforeIssue": other}
        await self.side.client.put_json(f"{AGILE}/issue/rank", body)

    async def _project_id(self) -> str:
        found = await self.side.client.get_json(f"{API}/project/{{project}}", project="ALFA")
        return str(found["id"])

    async def add_filters(self) -> None:
        """One for the account itself and one, with ids in its query, for a person."""
        project = await self.side.client.get_json(f"{API}/project/{{project}}", project="ALFA")
        version, component = project["versions"][0]["id"], project["components"][1]["id"]
        effort = self.fields["Effort"].removeprefix("customfield_")
        mine = await self.post("filter", {"name": "Mine", "jql": "labels = a ORDER BY created"})
        query = (
            f"project = {project['id']} AND fixVersion in ({version}) AND cf[{effort}] > 1 "
            f"AND component != {component} OR filter = {mine['id']} "
            f"OR category = {project['projectCategory']['id']} OR level = {await self._level()}"
        )
        shares = [{"type": "project", "project": {"id": project["id"]}}]
        shares.append({"type": "group", "group": {"name": "builders"}})
        in_role = {"project": {"id": project["id"]}, "role": {"id": int(self.role)}}
        shares.append({"type": "projectRole", **in_role})
        body = {"name": "Größe", "jql": query, "description": "d", "sharePermissions": shares}
        theirs = await self.post("filter", body)
        one = f"{API}/filter/{{filter}}"
        editors = [{"type": "user", "user": {"accountId": self.people[2].account_id}}]
        edit = {**body, "editPermissions": editors}
        await self.side.client.put_json(one, edit, filter=theirs["id"])
        owner = {"accountId": self.people[1].account_id}
        await self.side.client.put_json(f"{one}/owner", owner, filter=theirs["id"])

    async def _level(self) -> str:
        listed = await self.side.client.get_json(f"{API}/issuesecurityschemes/level")
        return str(next(each["id"] for each in listed["values"] if each["name"] == "Geheim"))

    def _description(self, media: str) -> Json:
        person = self.people[1]
        mention = {"type": "mention", "attrs": {"id": person.account_id, "text": "@Person 1"}}
        link = {"type": "link", "attrs": {"href": f"{self.side.base_url}/browse/ALFA-9"}}
        linked = {"type": "text", "text": "see there", "marks": [link]}
        attributes = {"id": media, "type": "file", "collection": ""}
        picture = {"type": "media", "attrs": attributes}
        return document(
            {"type": "paragraph", "content": [text_node("Hello "), mention, linked]},
            {"type": "mediaSingle", "attrs": {"layout": "center"}, "content": [picture]},
        )


def _transition(number: int, name: str, kind: str, reference: str) -> Json:
    return {"id": str(number), "name": name, "type": kind, "toStatusReference": reference}
