"""Who may do what: roles and who acts in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sitekeep_cli.comparison.jira_configuration import PROJECT
from sitekeep_cli.comparison.links import GROUP
from sitekeep_cli.comparison.model import Json
from sitekeep_cli.comparison.reading import Reading, without_nothing
from sitekeep_cli.comparison.shape import is_object, items, part
from sitekeep_shared.kinds import Kind

ROLE = "role"
"""The realm of role ids: what they stand for is a role name."""
DEFAULT = "default"
"""The path of the default actors of a role."""

_ACTOR = re.compile(r"/(?:user|group)/.*", re.DOTALL)

Item = Mapping[str, Any]


def read(reading: Reading) -> None:
    """Puts roles by name, and who acts in them below project and role."""
    for record, role in reading.objects(Kind.PROJECT_ROLE):
        reading.refer(ROLE, record.key, str(role.get("name")))
        reading.put(Kind.PROJECT_ROLE, str(role.get("name")), _role(reading, role))
    for record, role in reading.objects(Kind.ROLE_ACTOR):
        project = reading.name(PROJECT, record.attributes["project"])
        for actor in _actors(reading, role):
            reading.put(Kind.ROLE_ACTOR, f"{project}/{role.get('name')}/{actor}", {})


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
