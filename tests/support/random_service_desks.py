"""Random service desks: what they can be asked for, who may ask, and what was asked.

Projects become desks by their type; everything here is about what such a project has more.
"""

from __future__ import annotations

import dataclasses
import random
from typing import Any

import msgspec

from sitekeep_simulator.accounts import account_id_of
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.service_management.fields import (
    APPROVALS,
    ORGANIZATIONS,
    PARTICIPANTS,
    REQUEST_TYPE,
    SATISFACTION,
    SATISFACTION_DATE,
    SLA,
    TO_RESOLUTION,
    TO_RESPONSE,
)
from sitekeep_simulator.service_management.request_types import field_bean
from support import random_texts as texts
from support.jira_fakes import API
from support.random_site import Json, RandomSite
from support.service_desks import SERVICE, field_key

CROWD = 60
"""More people than a page of Jira Service Management shows or one request takes."""
PROPERTY_KEYS = ("vertrag", "größe & „XL“", "100%", "メモ", "a.b c")
_INTERNAL = "sd.public.comment"


async def organizations(site: RandomSite) -> None:
    """Organizations of customers, people who only know the portal, and the members of both."""
    if not site.desk_projects and site.chance.random() < 0.8:
        return
    accounts = site.side.site.accounts
    for number in site.some(3):
        email = f"customer{number}@portal.example"
        name = texts.name(site.chance, number)
        hidden = site.chance.random() < 0.2
        made = accounts.add(email, name, account_type="customer", email_hidden=hidden)
        site.customers.append(made)
    for name in _names(site, 200):
        made = await site.post(f"{SERVICE}/organization", {"name": name})
        site.organizations.append(int(made["id"]))
        one = f"{SERVICE}/organization/{{organization}}"
        await _properties(site, one, organization=str(made["id"]))
        members = [each.account_id for each in site.askers if site.chance.random() < 0.5]
        if members:
            body = {"accountIds": members}
            await site.side.client.post(f"{one}/user", body, organization=str(made["id"]))


def _names(site: RandomSite, longest: int) -> list[str]:
    """Names, some of them equal, or equal but for case or blanks: sites allow that here."""
    names = [texts.name(site.chance, number) for number in range(site.chance.choice((0, 1, 2, 2)))]
    for name in site.sample(names, 1):
        twins = (name, name.upper(), name.lower(), name.replace(" ", "  "), f"{name}\u00a0.")
        names += site.sample(twins, 2)
    if site.chance.random() < 0.1:
        names.append(("ß" * longest)[:longest])
    return site.chance.sample(names, len(names))


async def _properties(site: RandomSite, template: str, **path: str) -> None:
    for key in site.sample(PROPERTY_KEYS, 1):
        values: list[Json] = [None, False, 0, "", [], {}, texts.odd(site.chance), [{"ü": [1.5]}]]
        value = msgspec.json.encode(site.chance.choice(values))
        await site.side.client.put_json(f"{template}/property/{{key}}", value, (), key=key, **path)


async def service_desks(site: RandomSite) -> None:
    """What the desks have: organizations, customers, request types, queues, articles."""
    for key in site.desk_projects:
        desk = await site.side.client.get_json(f"{SERVICE}/servicedesk/{{key}}", key=key)
        site.desks[key] = str(desk["id"])
        await _link(site, key)
        await _let_ask(site, key)
        await _request_types(site, key)
        _read_only(site, key)


async def _link(site: RandomSite, key: str) -> None:
    one = f"{SERVICE}/servicedesk/{{desk}}/organization"
    site.linked[key] = site.sample(site.organizations, 3)
    for organization in site.linked[key]:
        body = {"organizationId": organization}
        await site.side.client.post(one, body, desk=site.desks[key])


async def _let_ask(site: RandomSite, key: str) -> None:
    people = [each.account_id for each in site.askers if site.chance.random() < 0.5]
    if site.chance.random() < 0.05:
        accounts = site.side.site.accounts
        people += [
            accounts.add(f"c{number}@crowd.example", f"C {number}").account_id
            for number in range(CROWD)
        ]
    for start in range(0, len(people), 50):
        body = {"accountIds": people[start : start + 50]}
        one = f"{SERVICE}/servicedesk/{{desk}}/customer"
        await site.side.client.post(one, body, desk=site.desks[key])


async def _request_types(site: RandomSite, key: str) -> None:
    """Over REST, as plain ones; then with what only administrators can give them."""
    project = await site.side.client.get_json(f"{API}/project/{{key}}", key=key)
    kinds = [each["id"] for each in project["issueTypes"] if each["hierarchyLevel"] >= 0]
    template = f"{SERVICE}/servicedesk/{{desk}}/requesttype"
    site.request_types[key] = []
    for name in _names(site, 255):
        body = {"name": name, "issueTypeId": site.chance.choice(kinds)}
        body |= {text: texts.odd(site.chance) for text in site.sample(["description", "helpText"])}
        made = await site.post(template, body, desk=site.desks[key])
        site.request_types[key].append(str(made["id"]))
        one = f"{template}/{{request_type}}"
        await _properties(site, one, desk=site.desks[key], request_type=str(made["id"]))
    _portal(site, key)


def _portal(site: RandomSite, key: str) -> None:
    """Groups of the portal, icons, forms and who may see a type: no request writes these."""
    objects, desk = Jira(site.side.site).objects, int(site.desks[key])
    groups = [
        objects.add(ObjectKind.REQUEST_TYPE_GROUP, texts.odd(site.chance), {}, project_id=desk).id
        for _ in site.some(2)
    ]
    fields = [field_bean("summary", texts.odd(site.chance), "string", required=True)]
    fields += [
        field_bean("description", texts.odd(site.chance), "string"),
        field_bean("priority", "Priority", "priority", visible=False),
        *(
            field_bean(each, texts.odd(site.chance), "string", required=site.chance.random() < 0.5)
            for each in site.fields
        ),
    ]
    for kind in objects.all(ObjectKind.REQUEST_TYPE, desk):
        if site.chance.random() < 0.6:
            more: Body = {"groups": site.sample(groups), "icon": str(10500 + kind.id)}
            more["restriction"] = site.chance.choice(("OPEN", "RESTRICTED"))
            more["practice"] = site.chance.choice(("", "INCIDENT_MANAGEMENT"))
            more["fields"] = [fields[0], *site.sample(fields[1:], 3)]
            objects.put(dataclasses.replace(kind, body=kind.body | more))


def _read_only(site: RandomSite, key: str) -> None:
    """Queues and articles of the knowledge base; several queues may have the same name."""
    objects, desk = Jira(site.side.site).objects, int(site.desks[key])
    for _ in site.some(2):
        columns = site.sample(["issuekey", "summary", *site.fields], 3)
        kept: Body = {"jql": f"project = {key} ORDER BY Rank", "fields": columns}
        objects.add(ObjectKind.QUEUE, texts.odd(site.chance, 1), kept, project_id=desk)
    for number in site.some(2):
        kept = {"excerpt": texts.odd(site.chance), "pageId": f"{desk}{number}", "spaceKey": "KB"}
        objects.add(ObjectKind.ARTICLE, texts.odd(site.chance), kept, project_id=desk)


async def requests(site: RandomSite) -> None:
    """Makes requests of issues of the desks: also of epics, and on behalf of customers."""
    jira = Jira(site.side.site)
    for issue in site.issues:
        key = issue.rpartition("-")[0]
        kinds = site.request_types.get(key, [])
        if not kinds or issue in site.parents or site.chance.random() < 0.3:
            continue
        await _bind(site, jira, issue, key)
        if site.chance.random() < 0.5:
            _set(jira, issue, _measured(site.chance, jira, issue))
        for internal in site.sample([True, False], 2):
            words = texts.text(site.chance)
            if words is not None:
                mark = {"key": _INTERNAL, "value": {"internal": internal}}
                body = {"body": words, "properties": [mark]}
                await site.post("issue/{issue}/comment", body, issue=issue)


async def _bind(site: RandomSite, jira: Jira, issue: str, key: str) -> None:
    values: dict[str, Any] = {
        field_key(jira, REQUEST_TYPE): site.chance.choice(site.request_types[key]),
        field_key(jira, PARTICIPANTS): [
            {"accountId": each.account_id} for each in site.sample(site.askers, 3)
        ],
        field_key(jira, ORGANIZATIONS): site.sample(site.linked[key], 2),
    }
    asker = site.maybe(site.askers)
    if asker is not None:
        values["reporter"] = {"accountId": asker.account_id}
    one = f"{API}/issue/{{issue}}"
    await site.side.client.put_json(one, {"fields": values}, issue=issue)


def _measured(chance: random.Random, jira: Jira, issue: str) -> dict[str, Any]:
    """Goals, approvals and ratings, in the shapes that sites send; nobody can write them."""
    moment = {"iso8601": "2024-05-01T10:00:00+0000", "epochMillis": 1_714_557_600_000}
    span = {"millis": -3_600_000, "friendly": "-1h"}
    cycle = {"startTime": moment, "breachTime": moment, "breached": True, "remainingTime": span}
    goal: Body = {"id": "1", "name": TO_RESOLUTION, "completedCycles": []}
    goals: list[Json] = [
        goal,
        goal | {"completedCycles": [cycle] * 3},
        goal | {"ongoingCycle": cycle | {"paused": True}},
    ]
    approval: Body = {"id": "7", "name": texts.odd(chance), "approvers": []}
    approvals: list[Json] = [[], [approval | {"finalDecision": "pending"}]]
    found: dict[str, Any] = {
        field_key(jira, SLA, TO_RESOLUTION): chance.choice(goals),
        field_key(jira, SLA, TO_RESPONSE): chance.choice([None, *goals]),
        field_key(jira, APPROVALS): chance.choice([None, *approvals]),
        field_key(jira, SATISFACTION): chance.choice([None, {"rating": 5}]),
        field_key(jira, SATISFACTION_DATE): chance.choice([None, "2024-05-01T10:00:00.000+0000"]),
    }
    return {name: value for name, value in found.items() if value is not None}


def _set(jira: Jira, issue: str, values: dict[str, Any]) -> None:
    """Writes into an issue what no request writes."""
    project, _, number = issue.rpartition("-")
    row = jira.store.row(
        "SELECT i.id, i.fields FROM jira_issue i JOIN jira_project p ON p.id = i.project_id "
        "WHERE p.key = ? AND i.number = ?",
        (project, int(number)),
    )
    assert row is not None
    fields: Body = msgspec.json.decode(row["fields"])
    text = msgspec.json.encode(fields | values).decode()
    jira.store.execute("UPDATE jira_issue SET fields = ? WHERE id = ?", (text, row["id"]))
    jira.store.execute("DELETE FROM jira_rendered")


async def desk_changes(site: RandomSite) -> None:
    """What goes while requests still name it; a desk that is archived with its project."""
    jira = Jira(site.side.site)
    for key, desk in site.desks.items():
        found = jira.objects.get(ObjectKind.SERVICE_DESK, desk)
        assert found is not None
        if site.chance.random() < 0.3:
            _unlink(jira, found)
        if site.chance.random() < 0.2:
            for kind in jira.objects.all(ObjectKind.REQUEST_TYPE, found.id)[:1]:
                jira.objects.remove(kind)
                jira.store.execute("DELETE FROM jira_rendered")
        if site.chance.random() < 0.2:
            for issue in [each for each in site.issues if each.startswith(f"{key}-")][:1]:
                gone = account_id_of("deleted@example.com")
                _set(jira, issue, {field_key(jira, PARTICIPANTS): [gone]})
        if site.chance.random() < 0.15:
            await site.side.client.post(f"{API}/project/{{key}}/archive", None, key=key)


def _unlink(jira: Jira, desk: JiraObject) -> None:
    """Takes its first organization from a desk."""
    body = desk.body | {"organizations": desk.body["organizations"][1:]}
    jira.objects.put(dataclasses.replace(desk, body=body))
