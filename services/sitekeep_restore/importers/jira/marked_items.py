"""What of an earlier attempt is on the site already: comments and worklogs by their marker."""

from __future__ import annotations

from sitekeep_restore.importers.jira import origin
from sitekeep_restore.importers.jira.reading import Json
from sitekeep_restore.importers.jira.texts import Place
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.kinds import Kind


async def marked_items(unit: ImportUnit, template: str, name: str, issue: str) -> set[str]:
    """The source ids of an issue's comments or worklogs that carry a marker."""
    found: set[str] = set()
    start = 0
    while True:
        query = [("startAt", str(start)), ("maxResults", "100"), ("expand", "properties")]
        page: Json = await unit.site.get_json(template, query, issue=issue)
        items: list[Json] = page.get(name, [])
        found |= {origin.marked_id(item.get("properties")) for item in items}
        start += len(items)
        if not items or start >= int(page.get("total", 0)):
            return found - {""}


def visibility_of(item: Json) -> Json:
    """Who may see a comment or a worklog, as a create says it: by the name of role or group."""
    visibility: Json | None = item.get("visibility")
    if not visibility:
        return {}
    kept = {name: visibility[name] for name in ("type", "value") if visibility.get(name)}
    return {"visibility": kept}


def place_of(kind: Kind, issue_key: str, item: Json) -> Place:
    """A comment or a worklog, as the rewriting of its text names it."""
    name = f"{issue_key}/{kind.value} {item['id']}"
    restricted = bool(item.get("visibility")) or item.get("jsdPublic") is False
    return Place(kind, name, issue_key, f"{kind.value}-{item['id']}.adf.json", restricted)
