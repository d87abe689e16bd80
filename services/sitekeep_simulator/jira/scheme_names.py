"""Schemes by their ids, and the names that new ones get."""

from __future__ import annotations

from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.refusals import Refused

_LONGEST = 255


def known_scheme(jira: Jira, kind: ObjectKind, wanted: int | str | None) -> JiraObject:
    """The scheme with that id. Raises Refused (404)."""
    found = jira.objects.get(kind, wanted)
    if found is None:
        raise Refused(404, f"The scheme {wanted} does not exist.")
    return found


def scheme_name(
    jira: Jira, kind: ObjectKind, body: Body, *, own_id: int = 0, status: int = 400
) -> str:
    """The name in a body. Raises Refused where it is none (400) or taken (``status``)."""
    name = str(body.get("name") or "").strip()
    if not name or len(name) > _LONGEST:
        raise Refused(400, "The scheme name must have 1 to 255 characters.")
    taken = jira.objects.named(kind, name)
    if taken is not None and taken.id != own_id:
        raise Refused(status, f"The scheme name '{name}' is already in use.")
    return name
