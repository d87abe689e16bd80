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
class RandomContext:
    """A context of a random field: where it holds (nothing: everywhere), and its options."""

    id: str
    projects: list[str]
    types: list[str]
    options: list[Json] = field(default_factory=list[Json])
    """As the site shows them: those below others name these."""

    def children(self, parent: str = "") -> list[str]:
        """The options below another one, or the first ones, that can be chosen."""
        below = (each for each in self.options if each.get("optionId", "") == parent)
        return [str(each["id"]) for each in below if not each["disabled"]]


@dataclass
class RandomField:
    """A custom field with contexts of its own."""

    id: str
    kind: str
    contexts: list[RandomContext] = field(default_factory=list[RandomContext])

    def context(self, project: str, issue_type: str) -> RandomContext | None:
        """The context of an issue: that of its project before that of all projects."""
        fitting = [each for each in self.contexts if not each.types or issue_type in each.types]
        own = (each for each in fitting if project in each.projects)
        wide = (each for each in fitting if not each.projects)
        return next(own, None) or next(wide, None)


@dataclass
class RandomConfiguration:
    """What the projects of a random site can use, each by its id."""

    type_schemes: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """With the issue types of each."""
    priority_schemes: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """With the priorities of each."""
    permission_schemes: list[str] = field(default_factory=list[str])
    statuses: list[Json] = field(default_factory=list[Json])
    workflows: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """Names of workflows, with the statuses of each: first the one in which issues begin."""
    workflow_schemes: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    """With the workflow of each issue type and the default one."""
    fields: list[RandomField] = field(default_factory=list[RandomField])
    screens: list[str] = field(default_factory=list[str])
    type_screen_schemes: list[str] = field(default_factory=list[str])
    field_schemes: list[str] = field(default_factory=list[str])
    projects: dict[str, str] = field(default_factory=dict[str, str])
    """Key → id of the projects that begin with some of it."""
    leaving: str = ""
    """The id of a project that some of it is for, and that goes into the trash; else nothing."""


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
    desk_projects: list[str] = field(default_factory=list[str])
    desks: dict[str, str] = field(default_factory=dict[str, str])
    """Project key → id of the service desk."""
    customers: list[Account] = field(default_factory=list[Account])
    """Who only knows the portal of a service desk."""
    organizations: list[int] = field(default_factory=list[int])
    linked: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    """Project key → the organizations of the desk."""
    request_types: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """Project key → ids."""
    sprints: list[str] = field(default_factory=list[str])
    configuration: RandomConfiguration = field(default_factory=RandomConfiguration)

    async def post(self, path: str, body: Any, **names: Any) -> Any:
        """A write; the clock goes on a minute."""
        self.side.clock.advance(datetime.timedelta(minutes=1))
        template = path if path.startswith("/") else f"{API}/{path}"
        return await self.side.client.post_json(template, body, **names)

    async def put(self, path: str, body: Any, **names: Any) -> Any:
        """A change."""
        return await self.side.client.put_json(f"{API}/{path}", body, **names)

    def has(self, share: float = 0.35) -> bool:
        """Whether the site has something at all that such a share of the sites has."""
        return self.chance.random() < share

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

    @property
    def askers(self) -> list[Account]:
        """Who can ask a service desk for something."""
        return [*self.people, *self.customers]

    def outside(self, role: str) -> list[Account]:
        """Who does not act in a role by default."""
        return [one for one in self.active if (role, one.account_id) not in self.actors]
