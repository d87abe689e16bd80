"""The options of select fields that the destination has itself, for one project only.

No request adds options to a field of a team-managed or Product Discovery project. What its creates
of issues offer is taken by name; what they do not is lost, and named.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import msgspec

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.reading import Json, fold
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.content.learnt_options import options_in
from sitekeep_shared.vault.entry import Entry

TYPES = "/rest/api/3/issue/createmeta/{project}/issuetypes"
FIELDS = TYPES + "/{issue_type}"
PAGE_SIZE = 200
"""The largest page of either list (Jira REST v3)."""

Place = tuple[str, str]
"""The value of the option above, empty: there is none, and its own value, as sites compare them."""


async def choose_offered(
    unit: ImportUnit, entry: Entry, field: str, projects: Sequence[str]
) -> int:
    """Notes which options of the backup are which that projects of the destination offer.

    Returns how many are offered nowhere. Raises SiteRefused and its kin.
    """
    wanted = _places(msgspec.json.decode(entry.attributes["options"], type=list[Json]))
    offered: dict[Place, str] = {}
    for project in projects:
        offered |= {
            place: target for target, place in (await _offered(unit, field, project)).items()
        }
    pairs = {source: offered[place] for source, place in wanted.items() if place in offered}
    await unit.identities.put(identity_kinds.OPTION, pairs)
    return len(wanted) - len(pairs)


async def _offered(unit: ImportUnit, field: str, project: str) -> dict[str, Place]:
    """What the first issue type offers that has the field: all that have it offer the same."""
    async for listed in _pages(unit, TYPES, "issueTypes", project=project):
        for issue_type in listed:
            kind = str(issue_type["id"])
            async for fields in _pages(unit, FIELDS, "fields", project=project, issue_type=kind):
                for each in fields:
                    if each.get("fieldId") == field and each.get("allowedValues") is not None:
                        return _places(options_in(each["allowedValues"]))
    return {}


async def _pages(
    unit: ImportUnit, template: str, noun: str, **path: str
) -> AsyncIterator[list[Json]]:
    start = 0
    while True:
        query = [("startAt", str(start)), ("maxResults", str(PAGE_SIZE))]
        page: Json = await unit.site.get_json(template, query, **path)
        listed: list[Json] = page.get(noun) or []
        start += len(listed)
        yield listed
        if not listed or start >= int(page.get("total") or 0):
            return


def _places(options: Sequence[Mapping[str, Any]]) -> dict[str, Place]:
    """Options by their ids, each as names tell it from others."""
    values = {str(each["id"]): fold(each["value"]) for each in options}
    return {
        str(each["id"]): (values.get(str(each.get("optionId")), ""), fold(each["value"]))
        for each in options
    }
