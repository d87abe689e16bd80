"""What people of a random site have put into the archive: versions, issues, whole projects."""

from __future__ import annotations

from sitekeep_shared.atlassian.errors import SiteRefused
from support.jira_fakes import API
from support.random_site import RandomSite


async def archived_versions(site: RandomSite) -> None:
    """Versions that issues have, and such as nothing has."""
    for ids in site.versions.values():
        for version in site.sample(ids, 1):
            body = {"archived": True}
            await site.side.client.put_json(f"{API}/version/{{version}}", body, version=version)


async def archived_issues(site: RandomSite) -> None:
    """Parents with their sub-tasks, epics without theirs, what has links, sprints and ranks."""
    if site.chance.random() < 0.3:
        wanted = site.sample([each for each in site.issues if each not in site.parents], 4)
        if wanted:
            body = {"issueIdsOrKeys": wanted}
            try:
                await site.side.client.put_json(f"{API}/issue/archive", body)
            except SiteRefused:
                # All of them are sub-tasks.
                return


async def trashed_projects(site: RandomSite) -> None:
    """The first one, with all that names it from elsewhere: links, shares, boards, values."""
    if len(site.projects) > 1 and site.chance.random() < 0.25:
        key = next(iter(site.projects))
        one = f"{API}/project/{{project}}"
        await site.side.client.delete(one, [("enableUndo", "true")], project=key)


async def archived_projects(site: RandomSite) -> None:
    """Projects with all that is in them, archived issues included."""
    for key in site.projects:
        if site.chance.random() < 0.15:
            one = f"{API}/project/{{project}}/archive"
            await site.side.client.post(one, None, project=key)
