"""Holders of permissions and members of security levels, as the destination knows them."""

from __future__ import annotations

from dataclasses import dataclass, field

from sitekeep_restore.importers.jira.reading import Json
from sitekeep_restore.importers.jira.references import References


@dataclass(frozen=True)
class Holder:
    """Whom a type and, for most types, an id name."""

    type: str
    id: str
    name: str = field(default="", compare=False)
    """How people know whom the id names: a group by its name."""

    @property
    def body(self) -> Json:
        """The holder as a request says it (Jira REST v3, PermissionHolder)."""
        return {"type": self.type, "value": self.id} if self.id else {"type": self.type}

    def at(self, references: References) -> Holder | None:
        """The holder at the destination; None where it is not there."""
        target = references.target(self.type, self.id)
        return None if target is None else Holder(self.type, target, self.name)


def holder_of(item: Json) -> Holder:
    """The holder of a grant or of a member, by its id."""
    listed: Json = item.get("holder") or {}
    name = str(listed.get("parameter") or listed.get("value") or "")
    return Holder(str(listed.get("type")), str(listed.get("value") or name), name)
