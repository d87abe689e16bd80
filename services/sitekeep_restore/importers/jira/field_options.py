"""The options of a context of a field, all of them open as long as issues are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.reading import Json
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind

OPTIONS = "/rest/api/3/field/{field}/context/{context}/option"
PER_REQUEST = 1000
"""The most options that one request may create (Jira REST v3)."""

Known = dict[tuple[str, str], str]
"""Parent's target id and value → target id of an option."""


async def import_options(
    unit: ImportUnit,
    field: str,
    context: str,
    options: Sequence[Json],
    present: Sequence[Json],
    *,
    keep_order: bool = False,
) -> None:
    """Makes those that are absent, in the order of the source unless that stays as it is.

    Raises SiteRefused and its kin where the site takes none of a request.
    """
    known: Known = {_place(option): str(option["id"]) for option in present}
    pairs: dict[str, str] = {}
    for level in (False, True):
        part = [option for option in options if bool(option.get("optionId")) is level]
        pairs |= await _add(unit, field, context, part, known, pairs)
        await unit.identities.put(identity_kinds.OPTION, pairs)
    if present and not keep_order:
        await _order(unit, field, context, options, pairs)


def _place(option: Json) -> tuple[str, str]:
    return (str(option.get("optionId") or ""), str(option["value"]))


async def _add(
    unit: ImportUnit,
    field: str,
    context: str,
    options: Sequence[Json],
    known: Known,
    parents: Mapping[str, str],
) -> dict[str, str]:
    """Source → target id of the options, those that are absent created."""
    places = {
        str(option["id"]): (parents.get(str(option.get("optionId")), ""), str(option["value"]))
        for option in options
    }
    absent = [place for place in dict.fromkeys(places.values()) if place not in known]
    for start in range(0, len(absent), PER_REQUEST):
        body = {"options": [_new(place) for place in absent[start : start + PER_REQUEST]]}
        answer: Json = await unit.site.post_json(OPTIONS, body, field=field, context=context)
        created: list[Json] = answer.get("options", [])
        known |= {_place(option): str(option["id"]) for option in created}
    return {source: known[place] for source, place in places.items() if place in known}


def _new(place: tuple[str, str]) -> Json:
    option: Json = {"value": place[1], "disabled": False}
    return {**option, "optionId": place[0]} if place[0] else option


async def _order(
    unit: ImportUnit,
    field: str,
    context: str,
    options: Sequence[Json],
    pairs: Mapping[str, str],
) -> None:
    """Puts the options in order where an earlier attempt may have left them otherwise."""
    levels: dict[str, list[str]] = {}
    for option in options:
        target = pairs.get(str(option["id"]))
        if target is not None:
            levels.setdefault(str(option.get("optionId") or ""), []).append(target)
    for targets in levels.values():
        body = {"customFieldOptionIds": targets, "position": "First"}
        try:
            await unit.site.put_json(OPTIONS + "/move", body, field=field, context=context)
        except (SiteForbidden, SiteNotFound, SiteRefused) as error:
            reason = "FIELD_OPTIONS_NOT_IN_ORDER"
            unit.tally.remark(Kind.FIELD_CONTEXT, f"{field}/{context}", reason, error.message)
