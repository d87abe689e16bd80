"""Workflows with their rules: made once nothing else is written, so that no rule stands in the way.

Until then every project has a workflow of the restore's own, in which each status can be reached.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.losses import Loss
from sitekeep_restore.importers.jira.reading import (
    Json,
    all_values,
    batch_of,
    by_name,
    fold,
    is_last_batch,
    read_json,
)
from sitekeep_restore.importers.jira.scheme_homes import SUFFIX, Home, SchemeHomes
from sitekeep_restore.importers.jira.statuses import (
    global_statuses,
    listed_status,
)
from sitekeep_restore.importers.jira.temporary_workflows import discard_status_workflows
from sitekeep_restore.importers.jira.workflow_bodies import (
    BodyMaker,
    essence,
    without_rule,
    without_rules,
)
from sitekeep_restore.importers.jira.workflow_paths import CREATE, READ, SEARCH, VALIDATE
from sitekeep_restore.importers.jira.workflow_rules import RuleIds
from sitekeep_restore.importers.jira.workflow_schemes import FOLLOWING
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.work.unit import UnitPlan

PER_UNIT = 20
_MOST_ROUNDS = 20
"""How often a site may find something else wrong with one workflow."""

FIRST = UnitPlan(ImportPhase.OPENING, "workflows", "workflows")


async def import_workflows(unit: ImportUnit) -> None:
    """Some workflows; after the last ones come their schemes."""
    entries = await batch_of(unit, Kind.WORKFLOW, PER_UNIT)
    if entries:
        sources = [(entry, await read_json(unit.backup, entry)) for entry in entries]
        unit.tally.expect(Kind.WORKFLOW, len(entries))
        writer = await _writer(unit, sources)
        for entry, source in sources:
            await writer.write(entry, source)
    if is_last_batch(unit):
        await discard_status_workflows(unit)
        unit.spawn(FOLLOWING)


async def _writer(unit: ImportUnit, sources: Sequence[tuple[Entry, Json]]) -> _Writer:
    existing = by_name(await all_values(unit.site, SEARCH))
    homes = SchemeHomes(unit, Kind.WORKFLOW, existing, in_use=True)
    wanted = {each for entry, _ in sources for each in _references(entry).values()}
    pairs = await unit.identities.get(identity_kinds.STATUS, wanted)
    present = {str(each["id"]): each for each in await global_statuses(unit)}
    ids = [str(source["id"]) for _, source in sources]
    intended = await unit.identities.get(identity_kinds.INTENDED_WORKFLOW, ids)
    told = await unit.identities.get(identity_kinds.LOST_RULES, ids)
    rules = await RuleIds.of(unit, [source for _, source in sources])
    writer = _Writer(unit, homes, rules, pairs, present, intended, told)
    names = {str(source["name"]) for _, source in sources}
    names |= {f"{name}{SUFFIX}" for name in names}
    await writer.read([name for name in names if fold(name) in existing])
    return writer


def _references(entry: Entry) -> dict[str, str]:
    """Reference of a status within the workflow → its id in the backup."""
    found: dict[str, str] = msgspec.json.decode(entry.attributes.get("statuses") or "{}")
    return found


@dataclass
class _Writer:
    unit: ImportUnit
    homes: SchemeHomes
    rules: RuleIds
    pairs: Mapping[str, str]
    """Source → target id of statuses."""
    statuses: Mapping[str, Json]
    """The statuses of the destination by their ids."""
    intended: Mapping[str, str]
    """The names under which earlier attempts made workflows, by their ids in the backup."""
    told: Mapping[str, str]
    """What those attempts left out: by the same ids, a JSON array of words."""
    definitions: dict[str, Json] = field(default_factory=dict[str, Json])
    """What those workflows of the destination are that have the name of one in the backup."""

    async def read(self, names: Sequence[str]) -> None:
        """Asks the site for the definitions of workflows."""
        if names:
            body = {"workflowNames": list(names)}
            answer: Json = await self.unit.site.post_json(READ, body, read=True)
            self.definitions = by_name(answer.get("workflows", []))

    async def write(self, entry: Entry, source: Json) -> None:
        """Makes a workflow, unless it is there."""
        name = str(source["name"])
        scope: Json = source.get("scope") or {}
        if scope.get("type") == "PROJECT":
            self._gone(name)
            return
        try:
            body, maker = self._body(entry, source)
            home = await self._home(source, body, maker)
            if home.found is None:
                await self._create(source, {**body, "name": home.name}, maker)
            else:
                await self._keep(source, home.found)
                known = self.told.get(str(source["id"]), "[]")
                maker.lost = msgspec.json.decode(known, type=list[str]) or maker.lost
        except (SiteRefused, SiteForbidden, SiteNotFound) as error:
            self.unit.tally.missing(Kind.WORKFLOW, name, "WORKFLOW_REFUSED", error.message)
            return
        for what in maker.lost:
            loss = Loss.WORKFLOW_RULE_NOT_RESTORED
            self.unit.tally.remark(Kind.WORKFLOW, f"{name}: {what}", loss.name, loss.value)
        self.unit.tally.done(Kind.WORKFLOW, lossy=bool(maker.lost) or home.name != name)

    def _gone(self, name: str) -> None:
        loss = Loss.WORKFLOW_OF_TEAM_MANAGED_PROJECT
        self.unit.tally.of(Kind.WORKFLOW).missing += 1
        self.unit.tally.remark(Kind.WORKFLOW, name, loss.name, loss.value)

    def _body(self, entry: Entry, source: Json) -> tuple[Json, BodyMaker]:
        """Raises SiteRefused where a status of the workflow is not at the destination."""
        references: dict[str, str] = {}
        for reference, status in _references(entry).items():
            target = self.statuses.get(self.pairs.get(status, ""))
            if target is not None:
                references[reference] = str(listed_status(target)["statusReference"])
        maker = BodyMaker(self.rules, references)
        try:
            return maker.workflow(source, str(source["name"])), maker
        except LookupError as error:
            text = f"A status of the workflow is not at the destination: {error}"
            raise SiteRefused(text) from error

    async def _home(self, source: Json, body: Json, maker: BodyMaker) -> Home:
        """The workflow of the destination that is the same or ours, or the name of a new one."""
        intended = self.intended.get(str(source["id"]))
        if intended is not None:
            return Home(intended, self.homes.existing.get(fold(intended)))
        found = self.homes.existing.get(fold(source["name"]))
        if found is not None and not self._is_same(found, body):
            # What is there may be what an earlier restore could make of it.
            await self._make_valid(self._request({**body, "name": _probe(source)}), maker)
        home = await self.homes.of(source, lambda found: self._is_same(found, body))
        is_other = home.found is not None and home.name != source["name"]
        if is_other and not self._is_same(home.found or {}, body):
            raise SiteRefused(f"There is another workflow {home.name}, too.")
        return home

    def _is_same(self, found: Json, body: Json) -> bool:
        """Whether it is the system's own, which nobody can change, or equal in everything."""
        if found.get("isEditable") is False:
            return True
        definition = self.definitions.get(fold(found.get("name")))
        if definition is None:
            return False
        names = {number: fold(each["name"]) for number, each in self.statuses.items()}
        own = {str(listed_status(each)["statusReference"]): n for n, each in self.statuses.items()}
        references = {reference: names[number] for reference, number in own.items()}
        return essence(definition, names) == essence(body, references)

    async def _create(self, source: Json, workflow: Json, maker: BodyMaker) -> None:
        """Leaves out, one by one, what the site finds wrong; then makes the workflow."""
        body = self._request(workflow)
        await self._make_valid(body, maker)
        number, identities = str(source["id"]), self.unit.identities
        told = msgspec.json.encode(maker.lost).decode()
        await identities.put(identity_kinds.LOST_RULES, {number: told})
        intention = {number: str(workflow["name"])}
        await identities.put(identity_kinds.INTENDED_WORKFLOW, intention)
        created: Json = await self.unit.site.post_json(CREATE, body)
        await self._keep(source, created["workflows"][0])

    def _request(self, workflow: Json) -> Json:
        """The body of a create of one workflow and of the statuses that it has."""
        used = {each["statusReference"] for each in workflow["statuses"]}
        listed = [
            listed_status(each, target_id=number)
            for number, each in self.statuses.items()
            if listed_status(each)["statusReference"] in used
        ]
        return {"scope": {"type": "GLOBAL"}, "statuses": listed, "workflows": [workflow]}

    async def _make_valid(self, body: Json, maker: BodyMaker) -> None:
        """Raises SiteRefused where something is wrong that cannot be left out."""
        workflow: Json = body["workflows"][0]
        for _ in range(_MOST_ROUNDS):
            errors = await self._errors(body)
            if not errors:
                return
            dropped = [each for error in errors for each in _left_out(workflow, error)]
            if not dropped:
                raise SiteRefused(str(errors[0].get("message")))
            maker.lost += dropped
        raise SiteRefused("The site finds something wrong again and again.")

    async def _errors(self, body: Json) -> list[Json]:
        """What the site finds wrong; nothing where it does not say so beforehand."""
        request = {"payload": body, "validationOptions": {"levels": ["ERROR"]}}
        try:
            answer: Json = await self.unit.site.post_json(VALIDATE, request, read=True)
        except (SiteForbidden, SiteNotFound):
            return []
        found: list[Json] = answer.get("errors", [])
        return [each for each in found if each.get("level") != "WARNING"]

    async def _keep(self, source: Json, target: Json) -> None:
        """Notes at once which workflow became which; schemes name them."""
        await self.homes.keep(source, str(target["id"]))
        names = {str(source["name"]): str(target["name"])}
        await self.unit.identities.put(identity_kinds.WORKFLOW_NAME, names)


def _probe(source: Json) -> str:
    """A name that is free, under which the site can say what it finds wrong with a workflow."""
    return f"Sitekeep {uuid.uuid5(uuid.NAMESPACE_OID, str(source['id']))}"


def _left_out(workflow: Json, error: Json) -> list[str]:
    """Takes what an error is about out of a body; what it was in words, nothing where it stays."""
    place: Mapping[str, Any] = error.get("elementReference") or {}
    transition = str(place.get("transitionId") or "")
    if place.get("ruleId"):
        found = without_rule(workflow, str(place["ruleId"]))
        return [found] if found else []
    if place.get("propertyKey"):
        return _without_property(workflow, place)
    if error.get("type") in ("RULE", "TRIGGER") and transition:
        return without_rules(workflow, transition)
    return []


def _without_property(workflow: Json, place: Mapping[str, Any]) -> list[str]:
    key = str(place["propertyKey"])
    for holder in (*workflow["statuses"], *workflow["transitions"]):
        is_it = (
            holder.get("id") == place.get("transitionId")
            if "id" in holder
            else (holder.get("statusReference") == place.get("statusReference"))
        )
        if is_it and holder["properties"].pop(key, None) is not None:
            return [f"{holder.get('name', 'status')}: property {key}"]
    return []
