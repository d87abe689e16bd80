"""Projects: same key, own schemes, then their issues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import msgspec

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.addresses import Addresses
from sitekeep_restore.importers.jira.issue_type_schemes import issue_type_scheme_of
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.open_fields import open_fields_of
from sitekeep_restore.importers.jira.open_screens import open_screens_of
from sitekeep_restore.importers.jira.reading import Json, all_values, batch_of, fold, read_json
from sitekeep_restore.importers.jira.security_schemes import security_scheme_of
from sitekeep_restore.importers.jira.silence import silent_scheme
from sitekeep_restore.importers.jira.statuses import ensure_workflow
from sitekeep_restore.importers.jira.workflow_paths import SCHEMES
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.discovery_fields import PROJECT_TYPE
from sitekeep_shared.content.entry_keys import end_of, first_of_project
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.work.unit import UnitPlan

PROJECTS_PER_UNIT = 50
PROJECTS = "/rest/api/3/project"
ONE = "/rest/api/3/project/{project}"
_LEAD_REFUSED = frozenset({"projectLead", "leadAccountId"})
"""What a refusal names where the lead is not taken."""

FIRST = UnitPlan(ImportPhase.CONTAINERS, "projects", "projects")


@dataclass(frozen=True)
class TargetProject:
    """A restored project, as the units of its issues know it."""

    source: str
    """Its id in the backup."""
    key: str
    target: str
    """Its id at the destination."""
    standard: str
    """The target id of the issue type with the fewest demands: for fillers."""
    types: Sequence[str]
    """The target ids of the issue types that its scheme has."""
    type_scheme: str
    """The target id of its issue type scheme; empty: the default one."""


async def import_projects(unit: ImportUnit) -> None:
    """Plans a unit for each project."""
    for entry in await batch_of(unit, Kind.PROJECT, PROJECTS_PER_UNIT):
        arguments = {"id": entry.key, "key": entry.attributes.get("key", "")}
        unit.spawn(
            UnitPlan(ImportPhase.CONTAINERS, f"project/{entry.key:>010}", "project", arguments)
        )


async def import_project(unit: ImportUnit) -> None:
    """One project with its schemes; plans its issues."""
    entry = await unit.backup.entry(Kind.PROJECT, str(unit.plan.arguments["id"]))
    if entry is None:
        return
    project: Json = await read_json(unit.backup, entry)
    losses = LossCounter(unit.tally)
    unit.tally.expect(Kind.PROJECT)
    existing = await _existing(unit, project)
    prepared = await _is_prepared(unit, entry)
    is_own = not unit.first_attempt and (existing or {}).get("name") == project["name"]
    if existing is not None and not (prepared or is_own):
        await _refuse(unit, entry, project, "PROJECT_KEY_TAKEN", "The key is in use.")
        return
    types = await _issue_types(unit, project)
    schemes: dict[str, int] = {}
    if existing is not None and prepared:
        await _take_over(unit, project, existing)
    else:
        schemes = await _schemes(unit, entry, project, types) | await silent_scheme(unit)
        schemes |= await _permission_scheme(unit, entry, losses)
        schemes |= await security_scheme_of(unit, entry.key) | await open_screens_of(unit)
        schemes |= await open_fields_of(unit)
    made = existing or await _create(unit, project, schemes, losses)
    if made is None:
        await _refuse(unit, entry, project, "PROJECT_REFUSED", "The site refused the project.")
        return
    target = str(made["id"])
    lead = await _lead(unit, project) if prepared else _account_of(made)
    lossy = await _losses(unit, project, losses, lead)
    unit.tally.done(Kind.PROJECT, lossy=lossy)
    await unit.identities.put(identity_kinds.PROJECT, {entry.key: target})
    standard = next((str(each["id"]) for each in types if _is_standard(each)), "")
    ids = [str(each["id"]) for each in types]
    scheme = str(schemes.get("issueTypeScheme", ""))
    key = str(project["key"])
    _plan_issues(unit, TargetProject(entry.key, key, target, standard, ids, scheme))
    losses.report()


async def _existing(unit: ImportUnit, project: Json) -> Json | None:
    try:
        found: Json = await unit.site.get_json(ONE, project=str(project["key"]))
    except SiteNotFound:
        return None
    return found


async def _is_prepared(unit: ImportUnit, entry: Entry) -> bool:
    kind = identity_kinds.PREPARED_PROJECT
    return bool(await unit.identities.get(kind, [entry.key]))


async def _take_over(unit: ImportUnit, project: Json, existing: Json) -> None:
    """Gives a project that somebody made by hand what a request can change; it has no schemes."""
    key = str(project["key"])
    body: Json = {"name": project["name"], "description": str(project.get("description") or "")}
    lead = await _lead(unit, project)
    try:
        await unit.site.put_json(
            ONE, {**body, "leadAccountId": lead} if lead else body, project=key
        )
    except (SiteRefused, SiteForbidden) as error:
        unit.tally.remark(Kind.PROJECT, key, "PROJECT_EDIT_REFUSED", error.message)
    message = f"{existing.get('name')} has settings of its own: it may send mail meanwhile."
    unit.tally.remark(Kind.PROJECT, key, "NOT_SILENT", message)


async def _refuse(unit: ImportUnit, entry: Entry, project: Json, reason: str, text: str) -> None:
    """Names a project that does not come back, and counts the issues that go with it."""
    key = str(project["key"])
    unit.tally.missing(Kind.PROJECT, key, reason, text)
    first = first_of_project(entry.key)
    count = 0
    async for _ in unit.backup.entries(Kind.ISSUE, first=first, last=end_of(first)):
        count += 1
    if count:
        unit.tally.expect(Kind.ISSUE, count)
        unit.tally.missing(Kind.ISSUE, key, reason, f"The project is missing: {text}", count=count)


async def _issue_types(unit: ImportUnit, project: Json) -> list[Json]:
    """The project's issue types at the destination, standard ones first."""
    sources: list[Json] = project.get("issueTypes") or []
    pairs = await unit.identities.get(
        identity_kinds.ISSUE_TYPE, [str(source["id"]) for source in sources]
    )
    found: list[Json] = await unit.site.get_json("/rest/api/3/issuetype")
    by_id = {str(each["id"]): each for each in found}
    wanted = [by_id[target] for target in dict.fromkeys(pairs.values()) if target in by_id]
    if not any(_is_standard(each) for each in wanted):
        wanted += [each for each in found if _is_standard(each)][:1]
    return sorted(wanted, key=lambda each: not _is_standard(each))


def _is_standard(issue_type: Json) -> bool:
    return not issue_type.get("subtask") and issue_type.get("hierarchyLevel", 0) == 0


async def _schemes(
    unit: ImportUnit, entry: Entry, project: Json, types: Sequence[Json]
) -> dict[str, int]:
    """The schemes of a project, made for it; those that the site refuses stay the default."""
    schemes: dict[str, int] = {}
    name = f"Sitekeep {project['key']}"
    restored = await issue_type_scheme_of(unit, entry)
    own = None if restored else await _type_scheme(unit, f"{name} issue types", types)
    if restored or own is not None:
        schemes["issueTypeScheme"] = int(restored or own or 0)
    scheme = await _temporary_scheme(unit, entry, name)
    return schemes | ({"workflowScheme": scheme} if scheme is not None else {})


async def _temporary_scheme(unit: ImportUnit, entry: Entry, name: str) -> int | None:
    """The workflow scheme that the project has while it is restored."""
    made = await ensure_workflow(unit, f"{name} workflow", await _statuses(unit, entry))
    if made is None:
        return None
    workflow, initial = made
    await unit.identities.put(identity_kinds.INITIAL_STATUS, {entry.key: initial})
    await unit.identities.put(identity_kinds.TEMPORARY_WORKFLOW, {entry.key: workflow})
    scheme = await _workflow_scheme(unit, f"{name} workflows", f"{name} workflow")
    if scheme is not None:
        await unit.identities.put(identity_kinds.TEMPORARY_SCHEME, {entry.key: str(scheme)})
    return scheme


async def _permission_scheme(unit: ImportUnit, entry: Entry, losses: LossCounter) -> Json:
    source = entry.attributes.get("permission_scheme", "")
    kind = identity_kinds.PERMISSION_SCHEME
    found = await unit.identities.get(kind, [source] if source else [])
    if source in found:
        return {"permissionScheme": int(found[source])}
    losses.add(Kind.PROJECT, Loss.PERMISSIONS_BY_DEFAULT, entry.attributes.get("key", ""))
    return {}


async def _statuses(unit: ImportUnit, entry: Entry) -> list[str]:
    """The target ids of the project's statuses; of all where the backup does not say."""
    sources: list[str] = msgspec.json.decode(entry.attributes.get("statuses") or "[]")
    if not sources:
        sources = [status.key async for status in unit.backup.entries(Kind.STATUS)]
    pairs = await unit.identities.get(identity_kinds.STATUS, sources)
    return [pairs[source] for source in sources if source in pairs]


async def _type_scheme(unit: ImportUnit, name: str, types: Sequence[Json]) -> int | None:
    template = "/rest/api/3/issuetypescheme"
    found = await _scheme_named(unit, template, name)
    if found is not None:
        return found
    body = {"name": name, "issueTypeIds": [str(each["id"]) for each in types]}
    created = await _create_scheme(unit, template, body)
    return int(created["issueTypeSchemeId"]) if created else None


async def _workflow_scheme(unit: ImportUnit, name: str, workflow: str) -> int | None:
    found = await _scheme_named(unit, SCHEMES, name)
    if found is not None:
        return found
    created = await _create_scheme(unit, SCHEMES, {"name": name, "defaultWorkflow": workflow})
    return int(created["id"]) if created else None


async def _scheme_named(unit: ImportUnit, template: str, name: str) -> int | None:
    found = await all_values(unit.site, template)
    return next((int(each["id"]) for each in found if fold(each.get("name")) == fold(name)), None)


async def _create_scheme(unit: ImportUnit, template: str, body: Json) -> Json | None:
    try:
        created: Json = await unit.site.post_json(template, body)
    except (SiteRefused, SiteForbidden, SiteNotFound) as error:
        unit.tally.remark(Kind.PROJECT, str(body["name"]), "SCHEME_REFUSED", error.message)
        return None
    return created


async def _create(
    unit: ImportUnit, project: Json, schemes: dict[str, int], losses: LossCounter
) -> Json | None:
    """Creates a project: its id at the destination and its lead; None where the site refuses."""
    key = str(project["key"])
    body = await _body(unit, project, schemes)
    kinds = dict.fromkeys([str(body["projectTypeKey"]), "software", "business"])
    for kind in kinds:
        try:
            created = await _post(unit, {**body, "projectTypeKey": kind})
        except (SiteRefused, SiteForbidden, SiteNotFound) as error:
            unit.tally.remark(Kind.PROJECT, key, "PROJECT_TYPE_REFUSED", f"{kind}: {error.message}")
            continue
        if kind != project.get("projectTypeKey", kind):
            losses.add(Kind.PROJECT, Loss.PROJECT_TYPE_CHANGED, key)
        return created
    return None


async def _post(unit: ImportUnit, body: Json) -> Json:
    """Whose account is not active leads nothing: then the restoring account leads."""
    try:
        created: Json = await unit.site.post_json(PROJECTS, body)
    except SiteRefused as refusal:
        caller = await _caller(unit)
        if not _LEAD_REFUSED & set(refusal.errors) or body["leadAccountId"] == caller:
            raise
        body = {**body, "leadAccountId": caller}
        created = await unit.site.post_json(PROJECTS, body)
    return {"id": created["id"], "lead": {"accountId": body["leadAccountId"]}}


async def _body(unit: ImportUnit, project: Json, schemes: dict[str, int]) -> Json:
    kind = str(project.get("projectTypeKey") or "software")
    body: dict[str, Any] = {
        "key": project["key"],
        "name": project["name"],
        "projectTypeKey": "software" if kind == PROJECT_TYPE else kind,
        "leadAccountId": await _lead(unit, project) or await _caller(unit),
        **schemes,
    }
    for name in ("description", "assigneeType", "url"):
        if project.get(name) and not (name == "url" and str(project[name]).startswith("/")):
            body[name] = project[name]
    if "url" in body:
        body["url"] = (await Addresses.of(unit)).link(str(body["url"]))
    category = await _category(unit, project)
    return {**body, "categoryId": int(category)} if category else body


async def _category(unit: ImportUnit, project: Json) -> str:
    """The target id of the project's category; empty: it has none, or it is not there."""
    category: Json = project.get("projectCategory") or {}
    source = str(category.get("id", ""))
    found = await unit.identities.get(identity_kinds.PROJECT_CATEGORY, [source] if source else [])
    return found.get(source, "")


def _account_of(project: Json) -> str:
    lead: Json = project.get("lead") or {}
    return str(lead.get("accountId") or "")


async def _lead(unit: ImportUnit, project: Json) -> str:
    """The target account of the lead; empty: it is not at the destination."""
    account = _account_of(project)
    found = await unit.identities.get(identity_kinds.USER, [account])
    return found.get(account, "")


async def _caller(unit: ImportUnit) -> str:
    caller: Json = await unit.site.get_json("/rest/api/3/myself")
    return str(caller["accountId"])


async def _losses(unit: ImportUnit, project: Json, losses: LossCounter, lead: str) -> bool:
    found: list[Loss] = []
    if project.get("lead") and lead != await _lead(unit, project):
        found.append(Loss.PROJECT_LEAD_REPLACED)
    is_discovery = project.get("projectTypeKey") == PROJECT_TYPE
    if project.get("style") == "next-gen" and not is_discovery:
        found.append(Loss.BOARD_TYPE_CHANGED)
    if project.get("projectCategory") and not await _category(unit, project):
        found.append(Loss.PROJECT_CATEGORY)
    for loss in found:
        losses.add(Kind.PROJECT, loss, str(project["key"]))
    return bool(found)


def _plan_issues(unit: ImportUnit, project: TargetProject) -> None:
    arguments = {"project": asdict(project), "first": 1, "next": 1}
    key = f"issues/{project.source:>010}/{1:010d}"
    unit.spawn(UnitPlan(ImportPhase.CONTENT, key, "issues", arguments))
