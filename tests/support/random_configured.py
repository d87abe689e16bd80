"""Projects of random sites that use what the site configures, and the issues that live in them."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from sitekeep_shared.atlassian.errors import SiteForbidden, SiteRefused
from support import random_texts as texts
from support.jira_fakes import API
from support.random_contexts import value
from support.random_site import Json, RandomSite
from support.random_workflows import DEFAULT_STATUSES

_KEYS = ("CFG", "C2")
_ONE = "issue/{issue}"
_TEAM_TEMPLATE = "com.pyxis.greenhopper.jira:gh-simplified-agility-kanban"
_REFUSALS = (SiteRefused, SiteForbidden)


async def configured_projects(site: RandomSite) -> None:
    """Projects that begin with some of the schemes; they have no issues yet."""
    own, chance = site.configuration, site.chance
    count = chance.choice((1, 1, 2) if own.workflow_schemes else (0, 0, 1))
    for number, key in enumerate(_KEYS[:count]):
        body: Json = {
            "key": key,
            "name": texts.name(chance, 90 + number),
            "projectTypeKey": chance.choice(("software", "business")),
            "leadAccountId": site.active[0].account_id,
            **site.schemes,
        }
        for name, known in (
            ("issueTypeScheme", own.type_schemes),
            ("workflowScheme", own.workflow_schemes),
        ):
            chosen = chance.choice(list(known)) if known and site.has(0.8) else None
            body |= {name: int(chosen)} if chosen else {}
        made = await site.post("project", body)
        own.projects[key] = str(made["id"])
        version = {"name": texts.name(chance, 1), "projectId": int(made["id"])}
        site.versions[key] = [str((await site.post("version", version))["id"])]
        site.components[key] = []
    if site.has(0.2):
        own.leaving = await _leaving(site)


async def _leaving(site: RandomSite) -> str:
    """A project without issues; contexts and default values of fields name it and its version."""
    name, lead = texts.name(site.chance, 99), site.active[0].account_id
    body: Json = {"key": "GONE", "name": name, "leadAccountId": lead}
    made = str((await site.post("project", {**body, "projectTypeKey": "business"}))["id"])
    version = await site.post("version", {"name": name, "projectId": int(made)})
    site.versions["GONE"] = [str(version["id"])]
    return made


async def configured_issues(site: RandomSite) -> None:
    """Issues of each type that their project has, anywhere in their workflow."""
    for key, project in site.configuration.projects.items():
        site.projects[key] = project
        kinds = await site.side.client.get_json(f"{API}/project/{{key}}/statuses", key=key)
        made: list[str] = []
        for kind in site.chance.choices(kinds, k=site.chance.choice((0, 3, 5))):
            parent = site.maybe(made) if kind["subtask"] else None
            if kind["subtask"] and not parent:
                continue
            more = {"parent": {"key": parent}} if parent else {}
            issue = await _issue(site, key, str(kind["id"]), **more)
            await _walk(site, issue)
            if parent:
                site.parents[issue] = parent
            elif kind["name"] == "Epic":
                site.epics.append(issue)
            elif kind["name"] in ("Task", "Story", "Bug"):
                made.append(issue)
            site.issues.append(issue)


async def _issue(site: RandomSite, key: str, issue_type: str, **more: Json) -> str:
    fields: Json = {
        "project": {"key": key},
        "issuetype": {"id": issue_type},
        "summary": texts.line(site.chance),
        **more,
    }
    made = str((await site.post("issue", {"fields": fields}))["key"])
    for name, given in _values(site, key, issue_type).items():
        # What is on no screen of theirs people cannot set.
        with contextlib.suppress(*_REFUSALS):
            await site.put(_ONE, {"fields": {name: given}}, issue=made)
    return made


def _values(site: RandomSite, key: str, issue_type: str) -> Json:
    custom = {each.id: value(site, each, key, issue_type) for each in site.configuration.fields}
    return {name: given for name, given in custom.items() if given not in (None, [])}


async def _walk(site: RandomSite, issue: str) -> None:
    """A few steps through the workflow, as far as its rules let anybody go."""
    for _ in site.some(3):
        template = f"{API}/{_ONE}/transitions"
        found = await site.side.client.get_json(template, issue=issue)
        step = site.maybe([str(each["id"]) for each in found["transitions"]])
        if step is not None:
            with contextlib.suppress(*_REFUSALS):
                await site.post(
                    "issue/{issue}/transitions", {"transition": {"id": step}}, issue=issue
                )


async def team_managed(site: RandomSite) -> None:
    """A project whose statuses and workflows are its own, statuses under names of others."""
    if not site.has(0.2):
        return
    chance, lead = site.chance, site.active[0].account_id
    body: Json = {"key": "TEAM", "name": texts.name(chance, 98), "leadAccountId": lead}
    made = await site.post("project", {**body, "projectTemplateKey": _TEAM_TEMPLATE})
    scope = {"type": "PROJECT", "project": {"id": str(made["id"])}}
    known = site.sample(site.configuration.statuses, 2)
    listed = [
        {"name": each["name"], "statusCategory": each["statusCategory"]}
        for each in (*known, {"name": texts.name(chance, 1), "statusCategory": "DONE"})
    ]
    own = await site.post("statuses", {"scope": scope, "statuses": listed})
    await site.post("workflows/create", _flow(texts.name(chance, 98), scope, own))
    site.projects["TEAM"], site.versions["TEAM"] = str(made["id"]), []
    for kind in site.sample(("Task", "Bug", "Story"), 2):
        site.issues.append(await _issue(site, "TEAM", site.types[kind]))
    # Boards and epics of such projects are others than those that the parts behind this one make.
    del site.projects["TEAM"]


def _flow(name: str, scope: Json, statuses: Sequence[Json]) -> Json:
    """A workflow that begins with the first status."""
    kept = ("id", "name", "description", "statusCategory")
    listed = [
        {**{part: each[part] for part in kept}, "statusReference": each["id"]} for each in statuses
    ]
    initial: Json = {"id": "1", "name": "Create", "type": "INITIAL"}
    initial["toStatusReference"] = statuses[0]["id"]
    placed: list[Json] = [
        {"statusReference": each["id"], "properties": dict[str, str]()} for each in statuses
    ]
    workflow: Json = {"name": name, "statuses": placed, "transitions": [initial]}
    return {"scope": scope, "statuses": listed, "workflows": [workflow]}


async def assignments(site: RandomSite) -> None:
    """Projects get other schemes when they have issues, which may not pass any more."""
    own = site.configuration
    for key, project in site.projects.items():
        for path, name, known in (
            ("issuetypescheme/project", "issueTypeSchemeId", list(own.type_schemes)),
            ("issuetypescreenscheme/project", "issueTypeScreenSchemeId", own.type_screen_schemes),
            ("fieldconfigurationscheme/project", "fieldConfigurationSchemeId", own.field_schemes),
        ):
            chosen = site.maybe(known)
            if chosen:
                with contextlib.suppress(*_REFUSALS):
                    await site.put(path, {name: chosen, "projectId": project})
        await _switch(site, key, project)
        await _give_access(site, project)
        await _edit_late(site, key)


async def _give_access(site: RandomSite, project: str) -> None:
    """Priorities that are in use have to be in the scheme."""
    own = site.configuration
    chosen = site.maybe(list(own.priority_schemes))
    if chosen:
        added = {"projects": {"add": {"ids": [int(project)]}}}
        with contextlib.suppress(*_REFUSALS):
            await site.put("priorityscheme/{scheme}", added, scheme=chosen)
    chosen = site.maybe(own.permission_schemes)
    if chosen:
        path = "project/{project}/permissionscheme"
        await site.put(path, {"id": int(chosen)}, project=project)


async def _switch(site: RandomSite, key: str, project: str) -> None:
    """Another workflow scheme; issues go to any status of their new workflow."""
    scheme = site.maybe(list(site.configuration.workflow_schemes))
    if scheme is None:
        return
    kinds = await site.side.client.get_json(f"{API}/project/{{key}}/statuses", key=key)
    mapped = [
        {"issueTypeId": str(kind["id"]), "statusMappings": _moves(site, kind, scheme)}
        for kind in kinds
    ]
    body = {"projectId": project, "targetSchemeId": scheme, "mappingsByIssueTypeOverride": mapped}
    await site.side.client.post_task(f"{API}/workflowscheme/project/switch", body)


def _moves(site: RandomSite, kind: Json, scheme: str) -> list[Json]:
    flows = site.configuration.workflow_schemes[scheme]
    there = _statuses(site, flows.get(str(kind["id"]), flows["default"]))
    return [
        {"oldStatusId": str(each["id"]), "newStatusId": site.chance.choice(there)}
        for each in kind["statuses"]
        if str(each["id"]) not in there
    ]


def _statuses(site: RandomSite, workflow: str) -> Sequence[str]:
    known = site.configuration.workflows.get(workflow)
    if known is not None:
        return known
    listed = site.configuration.statuses
    return [str(each["id"]) for each in listed if each["name"] in DEFAULT_STATUSES]


async def _edit_late(site: RandomSite, key: str) -> None:
    """What people do when everything is as it stays; much of it is refused then."""
    mine = [each for each in site.issues if each.startswith(f"{key}-")]
    for issue in site.sample(mine, 1):
        with contextlib.suppress(*_REFUSALS):
            body = {"fields": {"summary": texts.line(site.chance)}}
            await site.put(_ONE, body, issue=issue)
        await _walk(site, issue)


async def removals(site: RandomSite) -> None:
    """A field and a project go into the trash, screens for good, projects into the archive."""
    own, chance = site.configuration, site.chance
    fields = [*site.fields, *(each.id for each in own.fields)]
    if fields and site.has(0.2):
        await site.post("field/{field}/trash", None, field=chance.choice(fields))
    for screen in own.screens if site.has(0.3) else ():
        with contextlib.suppress(*_REFUSALS):
            await site.side.client.delete(f"{API}/screens/{{screen}}", screen=screen)
    for key in own.projects if site.has(0.2) else ():
        await site.post("project/{project}/archive", None, project=key)
    if own.leaving:
        await site.side.client.delete(f"{API}/project/{{project}}", project=own.leaving)
