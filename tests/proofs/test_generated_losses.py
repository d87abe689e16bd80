"""What a generated site loses always: for each declared path, what stands there afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sitekeep_cli.comparison.jira_values import PERSON
from sitekeep_cli.comparison.model import Difference
from sitekeep_restore.importers.jira.losses import Loss
from sitekeep_shared.coverage import EXTRA, MISSING, Product
from sitekeep_shared.kinds import Kind
from sitekeep_simulator.accounts import ADMIN_EMAIL, account_id_of
from support.planning import reasons_of
from support.round_trips import RoundTrip
from support.shown_losses import Shown

Json = Any
Says = Callable[[Difference], bool]
ADMIN = account_id_of(ADMIN_EMAIL)


def later(one: Difference) -> bool:
    """The site set a time itself."""
    return one.left is None or str(one.left) < str(one.right)


def by_the_account(one: Difference) -> bool:
    """The restoring account stands where somebody else stood."""
    before, after = (str(each).removeprefix(PERSON) for each in (one.left, one.right))
    return before != ADMIN and after == ADMIN


def gone(one: Difference) -> bool:
    """It is not there any more."""
    return bool(one.left) and one.right is None


def fewer(one: Difference) -> bool:
    """There are not as many any more."""
    return int(one.right or 0) < int(one.left)


def another(one: Difference) -> bool:
    """The site has something of its own."""
    return bool(one.left) and bool(one.right)


def added(one: Difference) -> bool:
    """The site has something where there was nothing."""
    return one.left is None and bool(one.right)


def lost(
    product: Product, kind: Kind, path: str, says: Says
) -> tuple[Product, Kind, str, Says]:  # one line of the table below
    """What a declared path loses."""
    return product, kind, path, says


JIRA = [
    lost("jira", Kind.USER, MISSING, gone),
    lost("jira", Kind.NOTIFICATION_SCHEME, "events.*.EmailAddress*", gone),
    lost("jira", Kind.PERMISSION_SCHEME, "grants.*__*", gone),
    lost("jira", Kind.PROJECT, "issueTypes", added),
    lost("jira", Kind.ISSUE, "created", later),
    lost("jira", Kind.ISSUE, "updated", later),
    lost("jira", Kind.ISSUE, "statuscategorychangedate", later),
    lost("jira", Kind.ISSUE, "resolutiondate", later),
    lost("jira", Kind.ISSUE, "creator", by_the_account),
    lost("jira", Kind.ISSUE, "votes", fewer),
    lost("jira", Kind.COMMENT, "author", by_the_account),
    lost("jira", Kind.COMMENT, "created", later),
    lost("jira", Kind.COMMENT, "updated", later),
    lost("jira", Kind.WORKLOG, "author", by_the_account),
    lost("jira", Kind.WORKLOG, "created", later),
    lost("jira", Kind.WORKLOG, "updated", later),
    lost("jira", Kind.ATTACHMENT, "author", by_the_account),
    lost("jira", Kind.ATTACHMENT, "created", later),
    lost("jira", Kind.ATTACHMENT, "mediaType", another),
    lost("jira", Kind.FILTER, "subscriptions", gone),
    lost("jira", Kind.BOARD, "columns", another),
    lost("jira", Kind.BOARD, "limits", another),
    lost("jira", Kind.BOARD, "quickFilters", gone),
    lost("jira", Kind.BOARD, "admins", by_the_account),
    lost("jira", Kind.BOARD, "owner", by_the_account),
    lost("jira", Kind.BOARD, "teamManaged", gone),
    lost("jira", Kind.SPRINT, "createdDate", later),
    lost("jira", Kind.SPRINT, "completeDate", later),
    lost("jira", Kind.SPRINT, "board", added),
    lost("jira", Kind.DASHBOARD, "archived", gone),
]
CONFLUENCE = [
    *(
        lost("confluence", kind, path, says)
        for kind in (Kind.PAGE, Kind.BLOG_POST, Kind.FOOTER_COMMENT, Kind.INLINE_COMMENT)
        for path, says in (("author", by_the_account), ("version", another))
    ),
    *(
        lost("confluence", kind, "created", later)
        for kind in (Kind.PAGE, Kind.FOOTER_COMMENT, Kind.INLINE_COMMENT, Kind.ATTACHMENT)
    ),
    *(
        lost("confluence", kind, path, says)
        for kind in (Kind.PAGE, Kind.BLOG_POST)
        for path, says in (("updated", later), ("editor", by_the_account))
    ),
    lost("confluence", Kind.PAGE, "owner", by_the_account),
    lost("confluence", Kind.PAGE, "title", another),
    lost("confluence", Kind.SPACE, "type", another),
    lost("confluence", Kind.SPACE, "key", another),
    lost("confluence", Kind.FOOTER_COMMENT, EXTRA, added),
    lost("confluence", Kind.INLINE_COMMENT, MISSING, gone),
    lost("confluence", Kind.INLINE_COMMENT, "resolution", another),
    lost("confluence", Kind.ATTACHMENT, "author", by_the_account),
    lost("confluence", Kind.ATTACHMENT, "version", another),
    lost("confluence", Kind.ATTACHMENT, "mediaType", another),
]


def _marked(table: list[tuple[Product, Kind, str, Says]]) -> list[Any]:
    return [
        pytest.param(
            kind,
            path,
            says,
            marks=pytest.mark.shows_loss(kind, path, product=product),
            id=f"{kind}-{path}",
        )
        for product, kind, path, says in table
    ]


def _assert_all_say(trip: RoundTrip, product: Product, kind: Kind, path: str, says: Says) -> None:
    row = trip.rows[kind]
    assert row.product == product
    found = [
        one
        for one in trip.differences
        if one.kind is kind and one.declared_by == row.loss and path in row.declaring(one.path)
    ]
    assert found
    assert [one for one in found if not says(one)] == []


@pytest.mark.parametrize(("kind", "path", "says"), _marked(JIRA))
def test_what_a_jira_site_loses_always(
    jira_site: RoundTrip, jira_shown: Shown, kind: Kind, path: str, says: Says
) -> None:
    _assert_all_say(jira_site, "jira", kind, path, says)


@pytest.mark.parametrize(("kind", "path", "says"), _marked(CONFLUENCE))
def test_what_a_confluence_site_loses_always(
    confluence_site: RoundTrip, confluence_shown: Shown, kind: Kind, path: str, says: Says
) -> None:
    _assert_all_say(confluence_site, "confluence", kind, path, says)


@pytest.mark.shows_loss(Kind.CHANGELOG)
def test_the_history_of_issues_stays_in_the_backup(jira_site: RoundTrip, jira_shown: Shown) -> None:
    result = jira_site.results[Kind.CHANGELOG]
    assert jira_site.before.count(Kind.CHANGELOG) > 0
    assert result.missing_declared == result.source > 0


@pytest.mark.shows_loss(Kind.MEMBERSHIP)
@pytest.mark.shows_loss(Kind.ROLE_ACTOR)
@pytest.mark.shows_loss(Loss.ROLE_ACTOR_NOT_RESTORED)
def test_nobody_is_a_member_or_acts_who_has_no_account(
    jira_site: RoundTrip, jira_shown: Shown
) -> None:
    absent = {one.item for one in jira_site.differences if one.kind is Kind.USER}
    lost = [
        one.item
        for one in jira_site.differences
        if one.kind in (Kind.MEMBERSHIP, Kind.ROLE_ACTOR) and one.path == MISSING
    ]
    assert lost
    assert {item.rpartition("/")[2] for item in lost} <= absent


def _counted(trip: RoundTrip, kind: Kind, path: str) -> int:
    row = trip.rows[kind]
    return sum(one.kind is kind and path in row.declaring(one.path) for one in trip.differences)


@pytest.mark.shows_loss(
    Loss.VOTES_NOT_RESTORED,
    Loss.FILTER_SUBSCRIPTIONS,
    Loss.DASHBOARD_NOT_ARCHIVED,
    Loss.RECIPIENT_NOT_RESTORED,
)
@pytest.mark.shows_loss(
    Loss.BOARD_PLACE_CHANGED, Loss.BOARD_TYPE_CHANGED, Loss.SPRINT_BOARD_REPLACED
)
def test_findings_count_what_the_comparison_counts(jira_site: RoundTrip, jira_shown: Shown) -> None:
    reasons = reasons_of(jira_site.restore)
    for loss, kind, path in (
        (Loss.FILTER_SUBSCRIPTIONS, Kind.FILTER, "subscriptions"),
        (Loss.RECIPIENT_NOT_RESTORED, Kind.NOTIFICATION_SCHEME, "events.*.EmailAddress*"),
        (Loss.DASHBOARD_NOT_ARCHIVED, Kind.DASHBOARD, "archived"),
        (Loss.BOARD_PLACE_CHANGED, Kind.BOARD, "owner"),
        (Loss.BOARD_TYPE_CHANGED, Kind.BOARD, "teamManaged"),
        (Loss.SPRINT_BOARD_REPLACED, Kind.SPRINT, "board"),
    ):
        assert reasons[loss.name] == _counted(jira_site, kind, path) > 0, loss
    votes = sum(
        one.left - (one.right or 0)
        for one in jira_site.differences
        if one.kind is Kind.ISSUE and one.path == "votes"
    )
    assert reasons[Loss.VOTES_NOT_RESTORED.name] == votes


@pytest.mark.shows_loss(
    Loss.CREATOR_AND_TIMES,
    Loss.COMMENT_AUTHOR_AND_TIME,
    Loss.WORKLOG_AUTHOR,
    Loss.ATTACHMENT_AUTHOR_AND_TIME,
    Loss.SPRINT_DATES,
    Loss.BOARD_CONFIGURATION,
    Loss.CONFIGURATION_DETAILS,
)
def test_what_the_site_sets_itself_is_said_once_per_item(
    jira_site: RoundTrip, jira_shown: Shown
) -> None:
    reasons = reasons_of(jira_site.restore)
    for loss, kind in (
        (Loss.CREATOR_AND_TIMES, Kind.ISSUE),
        (Loss.COMMENT_AUTHOR_AND_TIME, Kind.COMMENT),
        (Loss.WORKLOG_AUTHOR, Kind.WORKLOG),
        (Loss.ATTACHMENT_AUTHOR_AND_TIME, Kind.ATTACHMENT),
        (Loss.SPRINT_DATES, Kind.SPRINT),
        (Loss.BOARD_CONFIGURATION, Kind.BOARD),
    ):
        assert reasons[loss.name] == jira_site.results[kind].source > 0, loss
    assert reasons[Loss.CONFIGURATION_DETAILS.name] > 0
