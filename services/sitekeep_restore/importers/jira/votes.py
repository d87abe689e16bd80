"""Votes: an account can only vote for itself."""

from __future__ import annotations

from sitekeep_restore.importers.jira.detail_context import DetailContext, DetailedIssue
from sitekeep_restore.importers.jira.losses import Loss
from sitekeep_restore.importers.jira.reading import Json
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind

VOTES = "/rest/api/3/issue/{issue}/votes"


def voters_of(votes: Json) -> list[Json]:
    """Who has voted, as the site lists it."""
    voters: list[Json] = votes.get("voters") or []
    return voters


async def import_votes(context: DetailContext, issue: DetailedIssue) -> None:
    """The restoring account's own vote for an issue; voting twice changes nothing."""
    voters = voters_of(issue.votes)
    counted: Json = issue.source["fields"].get("votes") or {}
    hidden = int(counted.get("votes") or 0) - len(voters)
    context.losses.add(Kind.ISSUE, Loss.VOTES_NOT_RESTORED, issue.key, hidden)
    if not voters:
        return
    context.unit.tally.expect(Kind.VOTE, len(voters))
    for voter in voters:
        account = context.known.users.get(str(voter.get("accountId")))
        if account == context.caller and await _vote(context, issue):
            context.unit.tally.done(Kind.VOTE)
        else:
            context.losses.gone(Kind.VOTE, Loss.VOTES_NOT_RESTORED, issue.key)


async def _vote(context: DetailContext, issue: DetailedIssue) -> bool:
    try:
        await context.unit.site.post(VOTES, None, issue=issue.target)
    except (SiteRefused, SiteForbidden, SiteNotFound):
        return False
    return True
