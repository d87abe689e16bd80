"""Who may do what, and who hears of it: roles, who acts in them, schemes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from sitekeep_cli.comparison.links import (
    FIELD,
    GROUP,
    NOTIFICATIONS,
    PERMISSIONS,
    PRIORITIES,
    PRIORITY,
    PROJECT,
    SECURITY,
)
from sitekeep_cli.comparison.model import Json, Record
from sitekeep_cli.comparison.reading import Reading, without_nothing
from sitekeep_cli.comparison.shape import is_object, items, part
from sitekeep_shared.kinds import Kind

ROLE = "role"
"""The realm of role ids: what they stand for is a role name."""
DEFAULT = "default"
"""The path of the default actors of a role."""

SUFFIX = " (restored)"
"""What a restored scheme has behind its name where one of that name stayed beside it."""
OWN = " (the destination's)"

_REALMS = {
    "group": GROUP,
    "projectrole": ROLE,
    "usercustomfield": FIELD,
    "groupcustomfield": FIELD,
}
_ACTOR = re.compile(r"/(?:user|group)/.*", re.DOTALL)

Item = Mapping[str, Any]


def read(reading: Reading) -> None:
    """Puts roles and schemes by name, and who acts below project and role."""
    for record, role in reading.objects(Kind.PROJECT_ROLE):
        reading.refer(ROLE, record.key, str(role.get("name")))
        reading.put(Kind.PROJECT_ROLE, str(role.get("name")), _role(reading, role))
    schemes = (scheme for _, scheme in reading.objects(Kind.NOTIFICATION_SCHEME))
    put_schemes(reading, Kind.NOTIFICATION_SCHEME, schemes, _notification_scheme)
    schemes = (scheme for _, scheme in reading.objects(Kind.PERMISSION_SCHEME))
    put_schemes(reading, Kind.PERMISSION_SCHEME, schemes, _permission_scheme)
    schemes = (_with_levels(*each) for each in reading.objects(Kind.ISSUE_SECURITY_SCHEME))
    put_schemes(reading, Kind.ISSUE_SECURITY_SCHEME, schemes, _security_scheme)
    schemes = (_with_priorities(*each) for each in reading.objects(Kind.PRIORITY_SCHEME))
    put_schemes(reading, Kind.PRIORITY_SCHEME, schemes, _priority_scheme)
    for record, role in reading.objects(Kind.ROLE_ACTOR):
        project = reading.name(PROJECT, record.attributes["project"])
        for actor in _actors(reading, role):
            reading.put(Kind.ROLE_ACTOR, f"{project}/{role.get('name')}/{actor}", {})


def refer(reading: Reading) -> None:
    """Keeps which project has which scheme; projects are read after that."""
    for record, priority in reading.objects(Kind.PRIORITY):
        reading.refer(PRIORITY, record.key, str(priority.get("name")))
    for record, scheme in reading.objects(Kind.PRIORITY_SCHEME):
        for project in json.loads(record.attributes.get("projects") or "[]"):
            reading.refer(PRIORITIES, project, restored_name(reading, scheme))
    for record, scheme in reading.objects(Kind.PERMISSION_SCHEME):
        reading.refer(PERMISSIONS, record.key, restored_name(reading, scheme))
    for record, scheme in reading.objects(Kind.ISSUE_SECURITY_SCHEME):
        for project in json.loads(record.attributes.get("projects") or "[]"):
            reading.refer(SECURITY, project, restored_name(reading, scheme))
    for record, scheme in reading.objects(Kind.NOTIFICATION_SCHEME):
        for project in json.loads(record.attributes.get("projects") or "[]"):
            reading.refer(NOTIFICATIONS, project, restored_name(reading, scheme))


def restored_name(reading: Reading, scheme: Item) -> str:
    """The name that a scheme had at the source: a restored one may have got a suffix."""
    name = str(scheme.get("name"))
    return name.removesuffix(SUFFIX) if reading.restored else name


def put_schemes(
    reading: Reading, kind: Kind, schemes: Iterable[Item], shape: Callable[[Reading, Item], Json]
) -> None:
    """Puts schemes by name; one that stayed beside the restored one is the site's own."""
    listed = {str(scheme.get("name")): scheme for scheme in schemes}
    for name, scheme in listed.items():
        replaced = reading.restored and f"{name}{SUFFIX}" in listed
        owner = f"{name}{OWN}" if replaced else restored_name(reading, scheme)
        reading.put(kind, owner, shape(reading, scheme))


def _notification_scheme(reading: Reading, scheme: Item) -> Json:
    events: dict[str, Json] = {}
    for each in items(scheme, "notificationSchemeEvents"):
        recipients = (_recipient(reading, one) for one in items(each, "notifications"))
        events[str(part(each, "event").get("name"))] = dict.fromkeys(recipients, True)
    text = scheme.get("description")
    return without_nothing({"description": text, "events": without_nothing(events)})


def _permission_scheme(reading: Reading, scheme: Item) -> Json:
    grants: dict[str, dict[str, Json]] = {}
    for each in items(scheme, "permissions"):
        listed = part(each, "holder")
        named = listed.get("value") or listed.get("parameter")
        shown = holder(reading, str(listed.get("type")), named)
        grants.setdefault(str(each.get("permission")), {})[shown] = True
    return without_nothing({"description": scheme.get("description"), "grants": grants})


def _with_levels(record: Record, scheme: dict[str, Any]) -> dict[str, Any]:
    """A security scheme together with its levels and their members."""
    names = ("levels", "members")
    return {**scheme, **{name: json.loads(record.attributes.get(name) or "[]") for name in names}}


def _security_scheme(reading: Reading, scheme: Item) -> Json:
    levels = {str(level.get("id")): level for level in items(scheme, "levels")}
    members: dict[str, dict[str, Json]] = {level: {} for level in levels}
    for member in items(scheme, "members"):
        listed = part(member, "holder")
        named = listed.get("value") or listed.get("parameter")
        shown = holder(reading, str(listed.get("type")), named)
        members[str(member.get("issueSecurityLevelId"))][shown] = True
    shapes = {
        str(level.get("name")): {
            "description": level.get("description") or None,
            "default": level.get("isDefault") or None,
            "members": members[number],
        }
        for number, level in levels.items()
    }
    return without_nothing({"description": scheme.get("description"), "levels": shapes})


def _with_priorities(record: Record, scheme: dict[str, Any]) -> dict[str, Any]:
    """A priority scheme with the ids of all its priorities."""
    return {**scheme, "ids": json.loads(record.attributes.get("priorities") or "[]")}


def _priority_scheme(reading: Reading, scheme: Item) -> Json:
    names = (reading.name(PRIORITY, each) for each in items(scheme, "ids"))
    return without_nothing(
        {
            "description": scheme.get("description"),
            "default": reading.name(PRIORITY, scheme.get("defaultPriorityId")),
            "priorities": dict.fromkeys(names, True),
        }
    )


def _recipient(reading: Reading, notification: Item) -> str:
    kind = str(notification.get("notificationType"))
    found = notification.get("recipient") or notification.get("parameter")
    return holder(reading, kind, found)


def holder(reading: Reading, kind: str, named: Json) -> str:
    """A recipient of mail or a holder of a permission, by names instead of ids."""
    if not named:
        return kind
    realm = _REALMS.get(kind.casefold())
    name = reading.name(realm, named) if realm else named
    return f"{'user' if kind == 'User' else kind}/{name}"


def role_of_actor(name: str) -> str:
    """The role in the name of an actor: ``ALOY/Developers/group/staff``."""
    return _ACTOR.sub("", name.partition("/")[2])


def _role(reading: Reading, role: Item) -> Json:
    default = dict.fromkeys(_actors(reading, role), True)
    return without_nothing({"description": role.get("description"), DEFAULT: default})


def _actors(reading: Reading, role: Item) -> Iterator[str]:
    for actor in items(role, "actors"):
        if is_object(actor.get("actorUser")):
            yield f"user/{part(actor, 'actorUser').get('accountId')}"
        else:
            yield f"group/{reading.name(GROUP, part(actor, 'actorGroup').get('groupId'))}"
