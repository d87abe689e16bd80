"""Issue types, priorities, resolutions, link types, categories: by name, created where absent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.reading import Json, all_values, by_name, fold, read_all
from sitekeep_restore.importers.product_discovery.prepared import PreparedProjects
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

FIRST = UnitPlan(ImportPhase.CONFIGURATION, "configuration", "configuration")

_DEFAULT_COLOUR = "#707070"


@dataclass(frozen=True)
class _Noun:
    """A list of named things: how it is read, how one is made, when two of a name differ."""

    kind: Kind
    existing: Callable[[ImportUnit], Awaitable[Sequence[Json]]]
    template: str
    body: Callable[[Json], Json]
    differs: Callable[[Json, Json], Loss | None]
    details: Loss | None = Loss.CONFIGURATION_DETAILS
    """What even one that the restore creates loses."""


async def import_configuration(unit: ImportUnit) -> None:
    """All these lists; they are short."""
    losses = LossCounter(unit.tally)
    for noun in _NOUNS:
        await _import_list(unit, noun, losses)
    losses.report()


async def _import_list(unit: ImportUnit, noun: _Noun, losses: LossCounter) -> None:
    existing = by_name(await noun.existing(unit))
    pairs: dict[str, str] = {}
    prepared = PreparedProjects(unit)
    for item in await read_all(unit.backup, noun.kind):
        unit.tally.expect(noun.kind)
        own = await prepared.issue_type(item) if noun.kind is Kind.ISSUE_TYPE else None
        if own is not None:
            unit.tally.done(noun.kind)
            pairs[str(item["id"])] = own
            continue
        target = await _find_or_create(unit, noun, item, existing, losses)
        if target is not None:
            pairs[str(item["id"])] = target
    await unit.identities.put(noun.kind.value, pairs)


async def _find_or_create(
    unit: ImportUnit, noun: _Noun, item: Json, existing: dict[str, Any], losses: LossCounter
) -> str | None:
    name = str(item["name"])
    found: Json | None = existing.get(fold(name))
    if found is not None:
        loss = noun.differs(item, found)
        if loss is not None:
            losses.add(noun.kind, loss, name)
        unit.tally.done(noun.kind, lossy=loss is not None)
        return str(found["id"])
    try:
        created: Json = await unit.site.post_json(noun.template, noun.body(item))
    except (SiteRefused, SiteForbidden, SiteNotFound) as error:
        unit.tally.missing(noun.kind, name, f"{noun.kind.name}_REFUSED", error.message)
        return None
    existing[fold(name)] = {**item, "id": created["id"]}
    if noun.details is not None:
        losses.add(noun.kind, noun.details, name)
    unit.tally.done(noun.kind, lossy=noun.details is not None)
    return str(created["id"])


def level_of(issue_type: Mapping[str, Any]) -> int:
    """The level of an issue type in the hierarchy: -1 sub-task, 0 standard, 1 epic."""
    default = -1 if issue_type.get("subtask") else 0
    level = issue_type.get("hierarchyLevel")
    return default if level is None else int(level)


async def _issue_types(unit: ImportUnit) -> Sequence[Json]:
    found: list[Json] = await unit.site.get_json("/rest/api/3/issuetype")
    return [item for item in found if not item.get("scope")]


async def _priorities(unit: ImportUnit) -> Sequence[Json]:
    return await all_values(unit.site, "/rest/api/3/priority/search")


async def _resolutions(unit: ImportUnit) -> Sequence[Json]:
    return await all_values(unit.site, "/rest/api/3/resolution/search")


async def _link_types(unit: ImportUnit) -> Sequence[Json]:
    answer: Json = await unit.site.get_json("/rest/api/3/issueLinkType")
    found: list[Json] = answer.get("issueLinkTypes", [])
    return found


async def _categories(unit: ImportUnit) -> Sequence[Json]:
    found: list[Json] = await unit.site.get_json("/rest/api/3/projectCategory")
    return found


def _issue_type_body(item: Json) -> Json:
    """The contract knows the levels -1 and 0 only: a higher one becomes standard."""
    level = min(level_of(item), 0)
    return {**_named(item), "hierarchyLevel": level}


def _named(item: Json) -> Json:
    return {"name": str(item["name"]), "description": str(item.get("description") or "")}


def _priority_body(item: Json) -> Json:
    return {**_named(item), "statusColor": item.get("statusColor") or _DEFAULT_COLOUR}


def _link_type_body(item: Json) -> Json:
    return {name: str(item.get(name) or item["name"]) for name in ("name", "inward", "outward")}


def _other_level(item: Json, found: Json) -> Loss | None:
    return Loss.ISSUE_TYPE_CHANGED if level_of(item) != level_of(found) else None


def _other_words(item: Json, found: Json) -> Loss | None:
    same = all(item.get(side) == found.get(side) for side in ("inward", "outward"))
    return None if same else Loss.LINK_TYPE_MERGED


def _other_description(item: Json, found: Json) -> Loss | None:
    same = (item.get("description") or "") == (found.get("description") or "")
    return None if same else Loss.CATEGORY_DESCRIPTION_KEPT


def _never(_: Json, __: Json) -> Loss | None:
    return None


_NOUNS = (
    _Noun(Kind.ISSUE_TYPE, _issue_types, "/rest/api/3/issuetype", _issue_type_body, _other_level),
    _Noun(Kind.PRIORITY, _priorities, "/rest/api/3/priority", _priority_body, _never),
    _Noun(Kind.RESOLUTION, _resolutions, "/rest/api/3/resolution", _named, _never),
    _Noun(
        Kind.ISSUE_LINK_TYPE,
        _link_types,
        "/rest/api/3/issueLinkType",
        _link_type_body,
        _other_words,
    ),
    _Noun(
        Kind.PROJECT_CATEGORY,
        _categories,
        "/rest/api/3/projectCategory",
        _named,
        _other_description,
        details=None,
    ),
)
