"""What a site drops makes a backup incomplete and is named by the service; a storm does not."""

from __future__ import annotations

from sitekeep.backup.v1 import backup_pb2
from sitekeep.type.v1 import content_pb2
from sitekeep_simulator.faults import FaultKind
from sitekeep_simulator.jira.generator import generate
from sitekeep_simulator.server import RunningSite
from support.client import Client, details_of

FOR_EVER = 10_000


async def _back_up(client: Client, url: str) -> backup_pb2.Backup:
    await client.add_organization()
    product = await client.add_product("jira", "JIRA", url)
    return await client.back_up(await client.add_policy("weekly", product))


async def _missing(client: Client, backup: backup_pb2.Backup) -> set[tuple[str, str, int]]:
    request = backup_pb2.ListBackupIssuesRequest(parent=backup.name, page_size=1000)
    listed = (await client.backups.ListBackupIssues(request)).issues
    return {
        (each.entity, details_of(each.status)[0].reason, each.count)
        for each in listed
        if each.severity == content_pb2.Issue.ERROR
    }


async def test_what_a_site_drops_is_named_and_the_backup_is_incomplete(
    client: Client, empty_site: RunningSite
) -> None:
    generate(empty_site.site, seed=3, issues=60)
    store, faults = empty_site.site.store, empty_site.site.faults
    file = store.row(
        "SELECT a.id, a.filename, p.key || '-' || i.number AS issue FROM jira_attachment a "
        "JOIN jira_issue i ON i.id = a.issue_id JOIN jira_project p ON p.id = i.project_id"
    )
    assert file is not None
    bare = store.row(
        "SELECT i.id, p.key || '-' || i.number AS key, p.key AS project FROM jira_issue i "
        "JOIN jira_project p ON p.id = i.project_id "
        "WHERE i.id NOT IN (SELECT issue_id FROM jira_attachment)"
    )
    assert bare is not None
    planned = [
        faults.plan(FaultKind.MISSING, f"/attachment/content/{file['id']}$", times=FOR_EVER),
        faults.plan(FaultKind.OMITTED, "/issue/bulkfetch$", items=(str(bare["key"]),)),
    ]
    backup = await _back_up(client, empty_site.base_url)
    assert all(fault.fired for fault in planned)
    assert backup.state == backup_pb2.Backup.INCOMPLETE
    assert await _missing(client, backup) == {
        (f"{file['issue']}/{file['filename']}", "ATTACHMENT_NOT_FOUND", 1),
        (str(bare["project"]), "ISSUES_NOT_VISIBLE", 1),
    }


async def test_a_storm_leaves_a_backup_complete(client: Client, empty_site: RunningSite) -> None:
    generate(empty_site.site, seed=3, issues=30)
    trouble = {
        "/bulkfetch$": FaultKind.RATE_LIMITED,
        "/search/jql$": FaultKind.UNAVAILABLE,
        "/project/search$": FaultKind.TRUNCATED,
        "/users/search$": FaultKind.CUT,
    }
    planned = [
        empty_site.site.faults.plan(kind, path, retry_after=0) for path, kind in trouble.items()
    ]
    backup = await _back_up(client, empty_site.base_url)
    assert all(fault.fired for fault in planned)
    assert backup.state == backup_pb2.Backup.COMPLETE
    assert await _missing(client, backup) == set()
