"""A site that forgets items, fails for some or is in trouble: what is missing is named, no more.

``SITEKEEP_TEST_SITES`` says how many times chance chooses what is dropped.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from sitekeep_backup.exporters.jira import EXPORTER
from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.atlassian.credentials import Credentials
from sitekeep_shared.atlassian.errors import SiteError, SiteUnavailable
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.tally import Severity, Tally
from sitekeep_simulator.accounts import ADMIN_EMAIL, ADMIN_TOKEN
from sitekeep_simulator.faults import Fault, FaultKind
from support.confluence_fakes import MemoryBackup, export
from support.jira_fakes import JiraSide, SmallSite, jira_pair

ROUNDS = int(os.environ.get("SITEKEEP_TEST_SITES", "12"))
FOR_EVER = 10_000
Missing = Counter[tuple[Kind, str, str]]
"""Kind, name and reason → how many."""


@dataclass
class Dropping:
    """What was asked of the site and what the backup has to say about it."""

    side: JiraSide
    chance: random.Random
    expected: Missing
    faults: list[Fault]

    def plan(self, kind: FaultKind, path: str, **details: Any) -> None:
        """Asks for a fault."""
        self.faults.append(self.side.site.faults.plan(kind, path, **details))

    def sample(self, rows: Sequence[Any], most: int = 3) -> list[Any]:
        """One to three of them."""
        return self.chance.sample(list(rows), self.chance.randint(1, min(most, len(rows))))

    def rows(self, table: str, more: str = "") -> list[Any]:
        """Rows of a table of the site together with the keys of their issues."""
        return self.side.site.store.rows(
            f"SELECT t.*, p.key || '-' || i.number AS issue_key FROM {table} t "
            "JOIN jira_issue i ON i.id = t.issue_id "
            f"JOIN jira_project p ON p.id = i.project_id {more} ORDER BY t.id"
        )

    def name(self, kind: Kind, key: str, reason: str, count: int = 1) -> None:
        """The backup has to name that."""
        self.expected[kind, key, reason] += count


def files(drop: Dropping) -> None:
    """Files whose bytes the site has lost."""
    for row in drop.sample(drop.rows("jira_attachment")):
        drop.plan(FaultKind.MISSING, f"/attachment/content/{row['id']}$", times=FOR_EVER)
        name = f"{row['issue_key']}/{row['filename']}"
        drop.name(Kind.ATTACHMENT, name, "ATTACHMENT_NOT_FOUND")


def forbidden_files(drop: Dropping) -> None:
    """Files that the account may not read."""
    for row in drop.sample(drop.rows("jira_attachment")):
        drop.plan(FaultKind.FORBIDDEN, f"/attachment/content/{row['id']}$", times=FOR_EVER)
        name = f"{row['issue_key']}/{row['filename']}"
        drop.name(Kind.ATTACHMENT, name, "ATTACHMENT_FORBIDDEN")


def comments(drop: Dropping) -> None:
    """Comments that a page of them lacks; the issue itself holds the newest hundred."""
    rows = [row for row in drop.rows("jira_comment") if row["issue_key"] == "ALFA-10"][:20]
    gone = drop.sample(rows)
    drop.plan(FaultKind.OMITTED, "/comment$", items=tuple(str(row["id"]) for row in gone))
    drop.name(Kind.COMMENT, "ALFA-10", "COMMENTS_NOT_LISTED", len(gone))


def worklogs(drop: Dropping) -> None:
    """Worklogs that a page of them lacks; the issue itself holds the first twenty."""
    gone = drop.sample(drop.rows("jira_worklog")[20:])
    drop.plan(FaultKind.OMITTED, "/worklog$", items=tuple(str(row["id"]) for row in gone))
    drop.name(Kind.WORKLOG, "ALFA-11", "WORKLOGS_NOT_LISTED", len(gone))


PLAIN = ("ALFA-5", "ALFA-6", "ALFA-12")
"""Issues without files, comments, worklogs: nothing else goes with them but links."""


def silent_issues(drop: Dropping) -> None:
    """Issues that no bulkfetch returns and nothing names: the site counts them all the same."""
    gone = drop.sample(PLAIN)
    drop.plan(FaultKind.OMITTED, "/issue/bulkfetch$", items=tuple(gone))
    drop.name(Kind.ISSUE, "ALFA", "ISSUES_NOT_VISIBLE", len(gone))


def failing_issues(drop: Dropping) -> None:
    """Issues that a bulkfetch names as failed, and that fail alone too."""
    gone = drop.sample(PLAIN)
    drop.plan(FaultKind.UNRETURNED, "/issue/bulkfetch$", items=tuple(gone))
    kind = drop.chance.choice((FaultKind.MISSING, FaultKind.FORBIDDEN, FaultKind.REFUSED))
    for key in gone:
        number = int(key.partition("-")[2])
        found = drop.side.site.store.value("SELECT id FROM jira_issue WHERE number = ?", (number,))
        drop.plan(kind, f"/api/3/issue/{found}$", times=FOR_EVER)
        drop.name(Kind.ISSUE, str(found), "ISSUE_NOT_RETURNED")


def nothing(_: Dropping) -> None:
    """Nothing is dropped."""


def storms(drop: Dropping) -> None:
    """429 of every kind, 5xx and cut or truncated bodies; no request fails more than nine times."""
    for path in ("/bulkfetch$", "/search", "/comment$", "/attachment/content/", ANYWHERE):
        for _ in range(drop.chance.randint(1, 2)):
            drop.plan(
                drop.chance.choice(REFUSALS if "attachment" in path else TROUBLE),
                path,
                times=drop.chance.randint(1, 2),
                skip=drop.chance.randint(0, 30) if path == ANYWHERE else 0,
                retry_after=drop.chance.choice((None, 0, 1)),
                reason=drop.chance.choice(("", "jira-burst-based", "jira-quota-tenant-based")),
                html=drop.chance.random() < 0.3,
            )


REFUSALS = (
    FaultKind.RATE_LIMITED,
    FaultKind.RATE_LIMITED,
    FaultKind.UNAVAILABLE,
    FaultKind.ERROR,
)
TROUBLE = (*REFUSALS, FaultKind.CUT, FaultKind.TRUNCATED)
ANYWHERE = "/rest/(?!.*/content/)"
"""Not on the way to a file, whose redirect has no body that could be cut."""
LOST: dict[str, tuple[Callable[[Dropping], None], Callable[[Dropping], None]]] = {
    "files": (files, forbidden_files),
    "sayings": (comments, worklogs),
    "issues": (silent_issues, failing_issues),
}


@asynccontextmanager
async def small_site() -> AsyncGenerator[tuple[JiraSide, SiteClient]]:
    """A small site, and a client of it whose pauses take no time."""

    async def at_once(_: float) -> None:
        await asyncio.sleep(0)

    async with jira_pair() as pair:
        await SmallSite(pair.source).fill()
        credentials = Credentials(ADMIN_EMAIL, ADMIN_TOKEN)
        async with SiteClient(pair.source.base_url, credentials, sleep=at_once) as client:
            yield pair.source, client


def _named(tally: Tally, severity: Severity) -> Missing:
    found: Missing = Counter()
    for each in tally.findings:
        if each.severity is severity:
            found[each.kind, each.key, each.reason] += each.count
    return found


def _keys(backup: MemoryBackup) -> Counter[Kind]:
    return Counter({kind: backup.count(kind) for kind in Kind})


def _lost(expected: Missing) -> Counter[Kind]:
    lost: Counter[Kind] = Counter()
    for (kind, _, _), count in expected.items():
        lost[kind] += count
    return lost


async def _backed_up(seed: int, *, stormy: bool) -> None:
    async with small_site() as (side, client):
        whole, _ = await export(EXPORTER, client)
        drop = Dropping(side, random.Random(seed), Counter(), [])
        if stormy:
            storms(drop)
        for choices in LOST.values():
            drop.chance.choice((*choices, nothing))(drop)
        backup, tally = await export(EXPORTER, client)
    assert [fault.to_json() for fault in drop.faults if not fault.fired] == []
    assert _named(tally, Severity.ERROR) == drop.expected
    lost = _lost(drop.expected)
    assert {kind: count.missing for kind, count in tally.counts.items() if count.missing} == lost
    for kind in (Kind.ISSUE, Kind.ATTACHMENT, Kind.COMMENT, Kind.WORKLOG):
        assert _keys(backup)[kind] == _keys(whole)[kind] - lost[kind], kind


@settings(max_examples=ROUNDS, phases=(Phase.explicit, Phase.generate), derandomize=True)
@given(st.integers(0, 2**32), st.booleans())
def test_exactly_what_the_site_dropped_is_named(seed: int, stormy: bool) -> None:
    asyncio.run(_backed_up(seed, stormy=stormy))


async def test_storms_alone_cost_nothing() -> None:
    async with small_site() as (side, client):
        whole, _ = await export(EXPORTER, client)
        for seed in range(4):
            side.site.faults.clear()
            drop = Dropping(side, random.Random(seed), Counter(), [])
            storms(drop)
            drop.plan(FaultKind.CUT, "/file/", times=2)
            backup, tally = await export(EXPORTER, client)
            assert [fault.to_json() for fault in drop.faults if not fault.fired] == []
            assert tally.findings == []
            assert _keys(backup) == _keys(whole)


@pytest.mark.parametrize("kind", [FaultKind.ERROR, FaultKind.UNAVAILABLE, FaultKind.TRUNCATED])
@pytest.mark.parametrize(
    "path",
    ["/filter/search$", "/issue/bulkfetch$", "/changelog/bulkfetch$", "/project/search$"],
)
async def test_a_page_that_fails_for_ever_is_never_passed_over(path: str, kind: FaultKind) -> None:
    async with small_site() as (side, client):
        fault = side.site.faults.plan(kind, path, times=FOR_EVER)
        with pytest.raises(SiteError) as caught:
            await export(EXPORTER, client)
        assert fault.fired > 1
    assert isinstance(caught.value, SiteUnavailable)
    assert path.removesuffix("$") in caught.value.request
