"""One generated issue after another, with everything that hangs on it."""

from __future__ import annotations

import datetime
import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.jira import generator_texts as texts
from sitekeep_simulator.jira.bulk_rows import BulkRows
from sitekeep_simulator.jira.changes import item
from sitekeep_simulator.jira.field_contexts import options_of
from sitekeep_simulator.jira.fields import field_type
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.projects import Project, Projects
from sitekeep_simulator.jira.state import Jira, jira_time
from sitekeep_simulator.jira.workflows import Workflows

_POOL = 48
_MANY_COMMENTS = 250
_MANY_WORKLOGS = 60
_REMEMBERED = 200


@dataclass(frozen=True)
class Setting:
    """Where and between whom the issues happen, from ``start`` to ``end``."""

    people: Sequence[Account]
    projects: Sequence[Project]
    fields: Sequence[JiraObject]
    start: datetime.datetime
    end: datetime.datetime
    issues: int


@dataclass
class _Place:
    """What is known of a project while it fills; lists hold the latest issues only."""

    project: Project
    types: dict[str, JiraObject]
    versions: list[int]
    components: list[int]
    statuses: list[JiraObject]
    counter: int = 0
    gaps: list[int] = field(default_factory=list[int])
    epics: list[int] = field(default_factory=list[int])
    standard: list[int] = field(default_factory=list[int])


class IssueMaker:
    """Makes issues. Every draw comes from one source of chance, in one order."""

    def __init__(self, jira: Jira, chance: random.Random, setting: Setting, rows: BulkRows) -> None:
        self._jira = jira
        self._chance = chance
        self._setting = setting
        self._rows = rows
        self._places = [self._place(project) for project in setting.projects]
        self._priorities = [each.id for each in jira.objects.all(ObjectKind.PRIORITY)]
        self._resolutions = [each.id for each in jira.objects.all(ObjectKind.RESOLUTION)]
        self._link_types = jira.objects.all(ObjectKind.LINK_TYPE)
        self._options = {f.id: [o.id for o in options_of(jira, f)] for f in setting.fields}
        self._active = [each for each in setting.people if each.active]
        self._contents = self._pool()
        self._recent: list[tuple[int, str]] = []
        self._step = (setting.end - setting.start) / max(setting.issues + 1, 1)

    def make(self, number: int) -> None:
        """Makes the issue with that place in the whole."""
        place = self._places[self._chance.randrange(len(self._places))]
        if self._chance.random() < 0.05:
            place.counter += 1
            place.gaps.append(place.counter)
        place.counter += 1
        issue_id = self._rows.next_id("jira.issue")
        key = f"{place.project.key}-{place.counter}"
        created = self._setting.start + self._step * number
        issue_type, parent = self._type(place)
        reporter = self._somebody()
        media = self._attachments(number, issue_id, created)
        fields = self._fields(place, reporter, media)
        status = self._history(place, issue_id, created, fields)
        self._rows.add(
            "jira_issue",
            issue_id,
            place.project.id,
            place.counter,
            issue_type.id,
            status.id,
            parent,
            jira_time(created),
            jira_time(self._later(created)),
            msgspec.json.encode(fields).decode(),
        )
        self._remember(place, issue_type, issue_id, key)
        self._talk(number, issue_id, created)
        self._surroundings(number, issue_id, key)

    def finish(self) -> None:
        """Sets the counters, gives some sub-tasks a later parent, some gaps a moved issue."""
        for place in self._places:
            self._jira.store.execute(
                "UPDATE jira_project SET counter = ? WHERE id = ?",
                (place.counter, place.project.id),
            )
            for number in place.gaps[::10]:
                moved_to = self._chance.choice(self._recent)[0]
                self._rows.add("jira_moved_key", f"{place.project.key}-{number}", moved_to)
            self._late_parent(place)

    def _place(self, project: Project) -> _Place:
        objects = self._jira.objects
        workflows = Workflows(self._jira)
        types = Projects(self._jira).issue_types(project)
        versions = objects.all(ObjectKind.VERSION, project.id)
        return _Place(
            project,
            {each.name: each for each in types},
            [each.id for each in versions],
            [each.id for each in objects.all(ObjectKind.COMPONENT, project.id)],
            workflows.statuses(workflows.of(project, types[0].id)),
        )

    def _pool(self) -> list[str]:
        sizes = [1, 40, 900, 5_000, 30_000, 150_000]
        return [
            self._jira.site.files.put(self._chance.randbytes(sizes[n % len(sizes)] + n))
            for n in range(_POOL)
        ]

    def _somebody(self) -> Account:
        return self._chance.choice(self._setting.people)

    def _later(self, moment: datetime.datetime) -> datetime.datetime:
        later = moment + datetime.timedelta(seconds=self._chance.randrange(60, 3_000_000))
        return min(later, self._setting.end)

    def _type(self, place: _Place) -> tuple[JiraObject, int | None]:
        draw = self._chance.random()
        if draw < 0.05 or not place.epics:
            return place.types["Epic"], None
        if draw < 0.17 and place.standard:
            return place.types["Sub-task"], self._chance.choice(place.standard)
        names = sorted(set(place.types) - {"Epic", "Sub-task"})
        parent = self._chance.choice(place.epics) if self._chance.random() < 0.3 else None
        return place.types[self._chance.choice(names)], parent

    def _remember(self, place: _Place, issue_type: JiraObject, issue_id: int, key: str) -> None:
        level = issue_type.body["hierarchyLevel"]
        if level == 1:
            place.epics = [*place.epics[-_REMEMBERED:], issue_id]
        elif level == 0:
            place.standard = [*place.standard[-_REMEMBERED:], issue_id]
        self._recent = [*self._recent[-_REMEMBERED:], (issue_id, key)]

    def _fields(self, place: _Place, reporter: Account, media: list[str]) -> Body:
        chance = self._chance
        mentioned = self._somebody()
        extra = [texts.media(each) for each in media[:1]]
        extra.append(
            texts.paragraph(
                texts.text("cc "), texts.mention(mentioned.account_id, mentioned.display_name)
            )
        )
        fields: Body = {
            "summary": texts.summary(chance),
            "description": texts.long_document(chance, *extra) if chance.random() < 0.9 else None,
            "priority": chance.choice(self._priorities),
            "creator": reporter.account_id,
            "reporter": None if chance.random() < 0.01 else reporter.account_id,
            "labels": sorted(chance.sample(texts.LABELS, chance.randrange(3))),
        }
        if chance.random() < 0.6:
            fields["assignee"] = chance.choice(self._active).account_id
        for name, ids in (
            ("versions", place.versions),
            ("fixVersions", place.versions),
            ("components", place.components),
        ):
            if chance.random() < 0.3:
                fields[name] = sorted(chance.sample(ids, chance.randint(1, 2)))
        return fields | self._rarer_fields()

    def _rarer_fields(self) -> Body:
        chance = self._chance
        fields: Body = {}
        if chance.random() < 0.1:
            fields["environment"] = texts.document(texts.paragraph(texts.text("Debian 12 – x86")))
        if chance.random() < 0.2:
            fields["duedate"] = f"2025-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}"
        if chance.random() < 0.2:
            seconds = 3600 * chance.randint(1, 40)
            fields["timetracking"] = {"original": seconds, "remaining": seconds // 2}
        for custom in self._setting.fields:
            if chance.random() < 0.25:
                fields[f"customfield_{custom.id}"] = self._custom(custom)
        return fields

    def _custom(self, custom: JiraObject) -> Any:
        chance = self._chance
        kind = field_type(custom)
        if kind == "float":
            return chance.choice((1, 2, 3, 5, 8, 0.5))
        if kind == "select":
            return chance.choice(self._options[custom.id])
        if kind == "multiselect":
            return sorted(chance.sample(self._options[custom.id], 2))
        if kind == "datepicker":
            return f"2024-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}"
        if kind == "userpicker":
            return self._somebody().account_id
        if kind == "labels":
            return sorted(chance.sample(texts.LABELS, 2))
        if kind == "textarea":
            return texts.document(texts.paragraph(texts.text(texts.sentence(chance))))
        return f"REF-{chance.randint(1, 9999)}"

    def _history(
        self, place: _Place, issue_id: int, created: datetime.datetime, fields: Body
    ) -> JiraObject:
        status, moment = place.statuses[0], created
        for _ in range(self._chance.randrange(4)):
            new, moment = self._chance.choice(place.statuses), self._later(moment)
            if new.id == status.id:
                items = [
                    item(
                        "summary",
                        (None, texts.summary(self._chance)),
                        (None, fields["summary"]),
                        field_id="summary",
                    )
                ]
            else:
                old_new = ((str(status.id), status.name), (str(new.id), new.name))
                items = [item("status", *old_new, field_id="status")]
                fields["statuscategorychangedate"] = jira_time(moment)
            status = new
            self._change(issue_id, moment, items)
        if status.body["category"] == "DONE" and self._chance.random() < 0.9:
            fields["resolution"] = self._chance.choice(self._resolutions)
            fields["resolutiondate"] = jira_time(moment)
        return status

    def _change(self, issue_id: int, moment: datetime.datetime, items: list[Body]) -> None:
        self._rows.add(
            "jira_change",
            self._rows.next_id("jira.change"),
            issue_id,
            self._somebody().account_id,
            jira_time(moment),
            msgspec.json.encode(items).decode(),
        )

    def _attachments(self, number: int, issue_id: int, created: datetime.datetime) -> list[str]:
        if self._chance.random() > 0.12:
            return []
        return [
            self._attachment(number * 10 + place, issue_id, created)
            for place in range(self._chance.randint(1, 3))
        ]

    def _attachment(self, number: int, issue_id: int, created: datetime.datetime) -> str:
        chance = self._chance
        sha256 = chance.choice(self._contents)
        size = self._jira.store.value("SELECT size FROM file_content WHERE sha256 = ?", (sha256,))
        name = chance.choice(texts.FILE_NAMES)
        kind = "image/png" if name.endswith(".png") else "application/octet-stream"
        media_id = str(uuid.UUID(bytes=chance.randbytes(16), version=4))
        attachment_id = self._rows.next_id("jira.attachment")
        self._rows.add("media_file", media_id, sha256, name, kind, 0)
        author = self._somebody().account_id
        moment = jira_time(self._later(created))
        self._rows.add(
            "jira_attachment", attachment_id, issue_id, media_id, name, author, moment, size, kind
        )
        return media_id

    def _talk(self, number: int, issue_id: int, created: datetime.datetime) -> None:
        chance = self._chance
        comments = chance.choice((0, 0, 1, 1, 2, 3, 5))
        if number % _MANY_COMMENTS == 7:
            comments = 101 + chance.randrange(60)
        for _ in range(comments):
            self._comment(issue_id, created)
        worklogs = chance.randint(1, 3) if chance.random() < 0.15 else 0
        if number % _MANY_WORKLOGS == 11:
            worklogs = 21 + chance.randrange(10)
        for _ in range(worklogs):
            self._worklog(issue_id, created)

    def _comment(self, issue_id: int, created: datetime.datetime) -> None:
        chance, who = self._chance, self._somebody()
        moment = jira_time(self._later(created))
        body = texts.document(
            texts.paragraph(texts.text(texts.sentence(chance))),
            texts.paragraph(texts.mention(who.account_id, who.display_name)),
        )
        visibility = None
        if chance.random() < 0.03:
            role = "Administrators"
            visibility = f'{{"type":"role","value":"{role}","identifier":"{role}"}}'
        text = msgspec.json.encode(body).decode()
        author = self._somebody().account_id
        self._rows.add(
            "jira_comment",
            self._rows.next_id("jira.comment"),
            issue_id,
            author,
            author,
            moment,
            moment,
            text,
            visibility,
            "[]",
        )

    def _worklog(self, issue_id: int, created: datetime.datetime) -> None:
        chance = self._chance
        moment = self._later(created)
        body = texts.document(texts.paragraph(texts.text(texts.sentence(chance))))
        text = msgspec.json.encode(body).decode() if chance.random() < 0.7 else None
        author = self._somebody().account_id
        started = moment - datetime.timedelta(hours=chance.randint(1, 30))
        self._rows.add(
            "jira_worklog",
            self._rows.next_id("jira.worklog"),
            issue_id,
            author,
            author,
            jira_time(moment),
            jira_time(moment),
            jira_time(started),
            60 * chance.randint(1, 480),
            text,
            None,
            "[]",
        )

    def _surroundings(self, number: int, issue_id: int, key: str) -> None:
        chance = self._chance
        for table, most in (("jira_watcher", 3), ("jira_vote", 2)):
            for account in chance.sample(self._setting.people, chance.randrange(most)):
                self._rows.add(table, issue_id, account.account_id)
        if chance.random() < 0.04:
            self._remote_link(issue_id, key)
        if chance.random() < 0.2 and len(self._recent) > 1:
            other = chance.choice(self._recent[:-1])[0]
            ends = (issue_id, other) if number % 2 else (other, issue_id)
            kind = chance.choice(self._link_types).id
            self._rows.add("jira_link", self._rows.next_id("jira.link"), kind, *ends)

    def _remote_link(self, issue_id: int, key: str) -> None:
        url = f"https://tracker.example.com/tickets/{key}"
        body = {"object": {"url": url, "title": f"Ticket für {key}"}, "relationship": "causes"}
        self._rows.add(
            "jira_remote_link",
            self._rows.next_id("jira.remote_link"),
            issue_id,
            f"system={url}",
            msgspec.json.encode(body).decode(),
        )

    def _late_parent(self, place: _Place) -> None:
        if not place.standard:
            return
        child = self._jira.store.value(
            "SELECT id FROM jira_issue WHERE project_id = ? AND type_id = ? ORDER BY number",
            (place.project.id, place.types["Sub-task"].id),
        )
        if child is not None:
            self._jira.store.execute(
                "UPDATE jira_issue SET parent_id = ? WHERE id = ?", (place.standard[-1], child)
            )
