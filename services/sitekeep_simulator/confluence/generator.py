"""A deterministic site: the same seed and size make the same Confluence content.

Rows are made one at a time while SQLite takes them, so memory holds titles, never bodies.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sitekeep_simulator.accounts import Account, account_id_of
from sitekeep_simulator.confluence import bodies, labels, words
from sitekeep_simulator.confluence.bodies import Mark, Reference, Surroundings
from sitekeep_simulator.confluence.comment_rows import CommentRows
from sitekeep_simulator.confluence.file_rows import FileRows
from sitekeep_simulator.confluence.page_plan import (
    PlannedContent,
    PlannedSpace,
    moment,
    plan_contents,
    plan_spaces,
)
from sitekeep_simulator.confluence.page_titles import title_key
from sitekeep_simulator.confluence.schema import CONTENT_SEQUENCE, PAGE, SPACE_SEQUENCE
from sitekeep_simulator.confluence.spaces import personal_key
from sitekeep_simulator.site import SimulatedSite

_STRANGER = account_id_of("deleted-account@example.com")
_INSERT_CONTENT = (
    "INSERT INTO confluence_content VALUES (?,?,?,?,?,?,?,?,?,?,NULL,?,?,?,?,?,0,'',?)"
)


@dataclass(frozen=True)
class Generated:
    """How much was made."""

    spaces: int
    pages: int
    blog_posts: int
    footer_comments: int
    inline_comments: int
    attachments: int


def generate(site: SimulatedSite, seed: int = 0, pages: int = 300) -> Generated:
    """Fills a site with spaces, page trees, blog posts, comments, labels and attachments.

    ``pages`` counts the pages of all spaces in every status; blog posts, comments and
    attachments come on top. The tables must be there (``install``).
    """
    rng = random.Random(f"confluence/{seed}/{pages}")
    with site.store.transaction():
        return _Generation(site, rng, pages).run()


class _Generation:
    """One run of the generator."""

    def __init__(self, site: SimulatedSite, rng: random.Random, pages: int) -> None:
        self._site = site
        self._rng = rng
        self._people = _join(site, pages)
        owner = self._people[4]
        own_space = PlannedSpace(personal_key(owner), "Emeka Okafor", "personal", "current", 4)
        self._spaces = [*plan_spaces(pages), own_space]
        self._space_ids = site.store.next_id(SPACE_SEQUENCE, len(self._spaces))
        self._plan = plan_contents(rng, len(self._spaces), pages)
        self._ids = _shuffled_ids(site, rng, len(self._plan))
        self._files = FileRows(site, rng, self._people)
        self._comments = CommentRows(site, rng, self._people)
        self._versions: list[Sequence[Any]] = []

    def run(self) -> Generated:
        """Writes everything and says how much it was."""
        for index, space in enumerate(self._spaces):
            self._plan[index].title = f"{space.name} Home"
            self._write_space(index, space)
        self._site.store.executemany(_INSERT_CONTENT, self._content_rows())
        self._flush()
        self._label()
        kinds = [content.kind for content in self._plan]
        return Generated(
            len(self._spaces),
            kinds.count(PAGE),
            len(kinds) - kinds.count(PAGE),
            self._comments.footer_count,
            self._comments.inline_count,
            self._files.count,
        )

    def _write_space(self, index: int, space: PlannedSpace) -> None:
        owner = self._people[space.owner]
        text = f"Everything about {space.name}. Übersicht & more."
        self._site.store.execute(
            "INSERT INTO confluence_space VALUES (?,?,?,?,?,?,?,?,?,'')",
            (
                *(self._space_ids + index, space.key, space.name, space.type, space.status),
                *(owner, moment(index), self._ids[index], text),
            ),
        )

    def _content_rows(self) -> Iterator[Sequence[Any]]:
        for index, content in enumerate(self._plan):
            yield self._content_row(index, content)
            if index % 500 == 499:
                self._flush()

    def _content_row(self, index: int, content: PlannedContent) -> Sequence[Any]:
        rng = self._rng
        author, editor = self._person(), self._person()
        own_id = self._ids[index]
        files = self._files.of_content(own_id, content.status, content.minute)
        marks = self._comments.of_content(own_id, content.minute, self._around(content))
        around = self._around(content, files, marks)
        version = 1 if rng.random() < 0.4 else rng.randint(2, 6)
        self._keep_versions(own_id, content, version, author, around)
        is_page = content.kind == PAGE
        parent_id = None if content.parent is None else self._ids[content.parent]
        return (
            *(own_id, content.kind, self._space_ids + content.space, content.status),
            *(content.title, title_key(content.title), parent_id, content.position, author),
            *(author if is_page else None, moment(content.minute), version),
            moment(content.minute + 60 * (version - 1)),
            author if version == 1 else editor,
            "" if rng.random() < 0.7 else "Tidied up – § 3",
            bodies.page_body(rng, around, rng.randint(1, 12)),
        )

    def _keep_versions(
        self, own_id: int, content: PlannedContent, version: int, author: str, around: Surroundings
    ) -> None:
        for number in range(1, version):
            body = bodies.page_body(self._rng, around, self._rng.randint(0, 4))
            time = moment(content.minute + 60 * (number - 1))
            self._versions.append((own_id, number, content.title, body, time, author, "", 0))

    def _around(
        self, content: PlannedContent, files: Sequence[str] = (), marks: Sequence[Mark] = ()
    ) -> Surroundings:
        key = self._spaces[content.space].key
        pages = [self._reference() for _ in range(3)]
        return Surroundings(self._site.placeholder, key, pages, self._people, files, marks)

    def _reference(self) -> Reference:
        index = self._rng.randrange(len(self._plan))
        content = self._plan[index]
        if content.kind != PAGE or content.status != "current":
            index, content = 0, self._plan[0]
        return Reference(self._ids[index], self._spaces[content.space].key, content.title)

    def _person(self) -> str:
        return _STRANGER if self._rng.random() < 0.01 else self._rng.choice(self._people)

    def _flush(self) -> None:
        self._site.store.executemany(
            "INSERT INTO confluence_version VALUES (?,?,?,?,?,?,?,?)", self._versions
        )
        self._versions.clear()
        self._files.flush()
        self._comments.flush()

    def _label(self) -> None:
        ids = [labels.label_id(self._site, "global", name) for name in words.LABELS]
        ids.append(labels.label_id(self._site, "team", "blue"))
        self._site.store.executemany(
            "INSERT INTO confluence_content_label VALUES (?, ?)",
            (
                (content_id, label)
                for content_id in self._ids
                if self._rng.random() < 0.3
                for label in self._rng.sample(ids, self._rng.randint(1, 4))
            ),
        )


def _join(site: SimulatedSite, pages: int) -> list[str]:
    """Makes people members: the named ones, one more for every 100 pages, some not active."""
    named = [" ".join(name) for name in words.NAMES]
    named += [f"Member {number}" for number in range(1, pages // 100 + 1)]
    accounts = [_account(number, name) for number, name in enumerate(named, 1)]
    site.accounts.add_many(accounts)
    for group_name, step in (("confluence-users", 1), ("writers", 2), ("Prüfer", 5)):
        group = site.accounts.add_group(group_name)
        site.accounts.join(group.group_id, [each.account_id for each in accounts[::step]])
    return [each.account_id for each in accounts]


def _account(number: int, name: str) -> Account:
    email = f"person{number}@example.com"
    active, hidden = number % 7 != 3, number % 5 == 2
    return Account(account_id_of(email), email, name, active=active, email_hidden=hidden)


def _shuffled_ids(site: SimulatedSite, rng: random.Random, count: int) -> list[int]:
    """Ids in the order of creation, but for some pages that were moved below younger ones."""
    first = site.store.next_id(CONTENT_SEQUENCE, count)
    ids = list(range(first, first + count))
    for _ in range(count // 20):
        one, other = rng.randrange(count), rng.randrange(count)
        ids[one], ids[other] = ids[other], ids[one]
    return ids
