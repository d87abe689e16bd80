"""Issue types that issues have although their project's scheme does not list them."""

from __future__ import annotations

from collections.abc import Mapping

from sitekeep_restore.importers.jira.projects import TargetProject
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused

ADD = "/rest/api/3/issuetypescheme/{scheme}/issuetype"


async def usable_types(
    unit: ImportUnit, project: TargetProject, types: Mapping[str, str]
) -> dict[str, str]:
    """Source → target id of those types that issues of the project can have.

    Types beyond the scheme are added to it; without them a bulk create would fail in parts
    and shift every later number.
    """
    absent = set(types.values()) - set(project.types)
    added = {target for target in sorted(absent) if await _add(unit, project, target)}
    usable = set(project.types) | added
    return {source: target for source, target in types.items() if target in usable}


async def _add(unit: ImportUnit, project: TargetProject, target: str) -> bool:
    """One at a time: a type that is there already fails the whole call."""
    if not project.type_scheme:
        return False
    try:
        await unit.site.put_json(ADD, {"issueTypeIds": [target]}, scheme=project.type_scheme)
    except SiteRefused as error:
        return "already" in error.message.casefold()
    except (SiteForbidden, SiteNotFound):
        return False
    return True
