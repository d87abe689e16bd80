"""A random Jira site while it is filled: what it has so far, and the chance that decides."""

from __future__ import annotations

import datetime
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sitekeep_simulator.accounts import Account, account_id_of
from support.jira_fakes import API, JiraSide

Json = Any
GONE = account_id_of("deleted@example.com")
"""Somebody whom no site knows any more."""


@dataclass
class RandomSite:
    """A site while it is filled, and what it has so far."""

    side: JiraSide
    chance: random.Random
    people: list[Account] = field(default_factory=list[Account])
    groups: list[str] = field(default_factory=list[str])
    types: dict[str, str] = field(default_factory=dict[str, str])
    priorities: list[str] = field(default_factory=list[str])
    resolutions: list[str] = field(default_factory=list[str])
    link_types: list[str] = field(default_factory=list[str])
    categories: list[int] = field(default_factory=list[int])
    roles: list[str] = field(default_factory=list[str])
    actors: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    """Role and account of those who act in every new project."""
    fields: dict[str, tuple[str, list[str]]] = field(
        default_factory=dict[str, tuple[str, list[str]]]
    )
    """Field id → its type and its options."""
    children: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """Option → those below it."""
    schemes: dict[str, int] = field(default_factory=dict[str, int])
    """What a new project is told → the id of the scheme."""
    projects: dict[str, str] = field(default_factory=dict[str, str])
    """Key → id."""
    versions: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    components: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    issues: list[str] = field(default_factory=list[str])
    parents: dict[str, str] = field(default_factory=dict[str, str])
    """Sub-task → the issue that it is below."""
    epics: list[str] = field(default_factory=list[str])
    filters: list[str] = field(default_factory=list[str])
    boards: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Id and project key."""
    sprints: list[str] = field(default_factory=list[str])

    async def post(self, path: str, body: Any, **names: Any) -> Any:
        """A write; the clock goes on a minute."""
        self.side.clock.advance(datetime.timedelta(minutes=1))
        template = path if path.startswith("/") else f"{API}/{path}"
        return await self.side.client.post_json(template, body, **names)

    def some(self, most: int) -> range:
        """As many numbers as chance wants, often none."""
        return range(self.chance.choice((0, 1, most)))

    def maybe(self, of: Sequence[Any]) -> Any:
        """One of them, or None."""
        return self.chance.choice(of) if of and self.chance.random() < 0.6 else None

    def sample(self, of: Sequence[Any], most: int = 2) -> list[Any]:
        """A few of them."""
        return self.chance.sample(list(of), min(len(of), self.chance.randint(0, most)))

    @property
    def active(self) -> list[Account]:
        """Who can be chosen in a field."""
        return [person for person in self.people if person.active]

    def outside(self, role: str) -> list[Account]:
        """Who does not act in a role by default."""
        return [one for one in self.active if (role, one.account_id) not in self.actors]
