"""Finding what is at the destination already by a name that may be there more than once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping

from sitekeep_restore.importers.jira.reading import Json


class Namesakes:
    """The items of a list of the destination by their names; each is given away once."""

    def __init__(
        self, items: Iterable[Json], name_of: Callable[[Json], Hashable], taken: Mapping[str, str]
    ) -> None:
        """``taken``: source → target ids of those that became something in this restore."""
        gone = set(taken.values())
        self._free: dict[Hashable, list[Json]] = {}
        for item in items:
            if str(item["id"]) not in gone:
                self._free.setdefault(name_of(item), []).append(item)

    def take(self, name: Hashable) -> Json | None:
        """The first one of that name that is nobody's yet."""
        found = self._free.get(name)
        return found.pop(0) if found else None
