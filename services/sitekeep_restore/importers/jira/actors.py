"""Actors of roles: which of them the destination knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.reading import Json
from sitekeep_restore.importers.unit import ImportUnit

USERS, GROUPS = "user", "groupId"
"""The names of people and of groups in the bodies that add actors (Jira REST v3, ActorsMap)."""


@dataclass(frozen=True)
class Actor:
    """A person or a group that acts in a role."""

    type: str
    """:data:`USERS` or :data:`GROUPS`."""
    id: str
    """The account id or the group id."""
    name: str


def actors_of(role: Json) -> list[Actor]:
    """The actors that a role shows."""
    listed: list[Json] = role.get("actors") or []
    found: list[Actor] = []
    for each in listed:
        user: Json | None = each.get("actorUser")
        group: Json = each.get("actorGroup") or {}
        name = str(each.get("displayName", ""))
        if user is not None:
            found.append(Actor(USERS, str(user.get("accountId", "")), name))
        else:
            found.append(Actor(GROUPS, str(group.get("groupId", "")), name))
    return found


@dataclass(frozen=True)
class KnownActors:
    """What the actors of some roles are at the destination."""

    maps: Mapping[str, Mapping[str, str]]

    @classmethod
    async def of(cls, unit: ImportUnit, actors: Sequence[Actor]) -> KnownActors:
        """Asks for all of them at once."""
        kinds = {USERS: identity_kinds.USER, GROUPS: identity_kinds.GROUP}
        maps: dict[str, Mapping[str, str]] = {}
        for name, kind in kinds.items():
            wanted = {actor.id for actor in actors if actor.type == name}
            maps[name] = await unit.identities.get(kind, wanted) if wanted else {}
        return cls(maps)

    def target(self, actor: Actor) -> Actor | None:
        """The actor at the destination; None where it is not there."""
        found = self.maps[actor.type].get(actor.id)
        return Actor(actor.type, found, actor.name) if found is not None else None
