"""The two generated sites that every row of the coverage table is proven with."""

from __future__ import annotations

import pytest

from sitekeep_shared.content.storage import strip_inline_markers
from sitekeep_simulator.jira.generator import generate
from support.confluence_pair import Pair
from support.jira_fakes import JiraPair
from support.round_trips import RoundTrip, confluence_round_trip, jira_round_trip
from support.shown_losses import Shown

ISSUES = 260
PAGES = 120


@pytest.fixture(scope="session")
def jira_site() -> RoundTrip:
    """A generated Jira whose people have no account at the destination before the restore."""

    async def prepare(pair: JiraPair) -> None:
        generate(pair.source.site, seed=11, issues=ISSUES)

    return jira_round_trip(prepare)


@pytest.fixture(scope="session")
def jira_shown(jira_site: RoundTrip) -> Shown:
    """What that Jira site has shown of declared losses."""
    return jira_site.shown


@pytest.fixture(scope="session")
def confluence_site() -> RoundTrip:
    """A generated Confluence with all that cannot come back under its own name and place."""

    def prepare(pair: Pair) -> None:
        pair.fill(pages=PAGES, seed=11)
        _take_marks_from_the_trash(pair)

    return confluence_round_trip(prepare)


@pytest.fixture(scope="session")
def confluence_shown(confluence_site: RoundTrip) -> Shown:
    """What that Confluence site has shown of declared losses."""
    return confluence_site.shown


def _take_marks_from_the_trash(pair: Pair) -> None:
    """Comments on trashed pages are not listed: what is left of them in the texts marks nothing."""
    store = pair.source.site.store
    for row in store.rows("SELECT id, body FROM confluence_content WHERE status = 'trashed'"):
        body = strip_inline_markers(row["body"])
        store.execute("UPDATE confluence_content SET body = ? WHERE id = ?", (body, row["id"]))
