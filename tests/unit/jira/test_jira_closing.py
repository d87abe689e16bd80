"""What changes on the site while a backup runs."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from sitekeep_backup.exporters.jira import EXPORTER
from sitekeep_restore.importers.jira import IMPORTER
from sitekeep_shared.catalog.details import BackupDetails, FindingDetails, encode_details
from sitekeep_shared.content.adf import document, paragraph
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.tally import Severity, Tally
from sitekeep_simulator.faults import FaultKind
from support.confluence_fakes import MemoryBackup, export, restore
from support.jira_fakes import API, JiraPair, Json, SmallSite, jira_pair, undeclared

SEARCH = f"{API}/search/jql"


class Meanwhile:
    """Does something on a site just before it answers a certain request."""

    def __init__(self, path: str, *, times_before: int = 0, after: str = "") -> None:
        self.work: Callable[[], Awaitable[None]] | None = None
        self._path, self._after, self._waits = path, after, bool(after)
        self._left = self._times_before = times_before

    @property
    def watch(self) -> Middleware:
        @web.middleware
        async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
            if self.work is not None and self._is_it(request):
                work, self.work = self.work, None
                await work()
            return await handler(request)

        return middleware

    def again(self, work: Callable[[], Awaitable[None]]) -> None:
        """Does it at the next export."""
        self._left, self.work, self._waits = self._times_before, work, bool(self._after)

    def _is_it(self, request: web.Request) -> bool:
        self._waits = self._waits and request.path != self._after
        if request.path != self._path or self._waits:
            return False
        self._left -= 1
        return self._left < 0


def relisting() -> Meanwhile:
    """When all issues have been read and what there is is listed once more."""
    return Meanwhile(f"{API}/project/search", after=f"{API}/changelog/bulkfetch")


async def _export(pair: JiraPair) -> tuple[MemoryBackup, Tally]:
    hours = datetime.timedelta(hours=3)
    source = pair.source
    return await export(EXPORTER, source.client, site_uri=source.base_url, running_for=hours)


def _reasons(tally: Tally) -> Counter[str]:
    return Counter({found.reason: found.count for found in tally.findings})


async def _content(backup: MemoryBackup) -> dict[tuple[Kind, str], bytes]:
    """Everything by kind and key; nothing may be there twice."""
    return {
        (kind, key): payload
        for kind in Kind
        for key, payload in backup.payloads(kind).items()
        if kind is not Kind.PROJECT  # It tells when its issues changed last.
    }


async def _same_as_now(pair: JiraPair, backup: MemoryBackup, tally: Tally) -> None:
    """The backup holds and counts what one of a site that is left alone does."""
    fresh, counted = await pair.source.backup_and_tally()
    assert await _content(backup) == await _content(fresh)
    for kind, count in counted.counts.items():
        own = tally.of(kind)
        assert (own.expected, own.done, own.missing) == (
            count.expected,
            count.done,
            count.missing,
        ), kind


async def _small(pair: JiraPair) -> SmallSite:
    small = SmallSite(pair.source)
    await small.fill()
    return small


async def _edit(small: SmallSite, key: str, fields: Json) -> None:
    small.side.clock.advance(datetime.timedelta(minutes=1))
    one = f"{API}/issue/{{issue}}"
    await small.side.client.put_json(one, {"fields": fields}, issue=key)


async def test_edits_creations_deletions_and_moves_are_in_the_backup_once() -> None:
    hook = relisting()
    async with jira_pair([hook.watch]) as pair:
        small = await _small(pair)
        await small.add_project("BETA", "Project Beta")
        client = pair.source.client

        async def meanwhile() -> None:
            await _edit(small, "ALFA-10", {"summary": "Changed", "labels": ["new"]})
            comment = {"body": document(paragraph("Late"))}
            await small.post("issue/{issue}/comment", comment, issue="ALFA-10")
            body = {"started": "2024-04-01T10:00:00.000+0000", "timeSpentSeconds": 600}
            await small.post("issue/{issue}/worklog", body, issue="ALFA-11")
            one = f"{API}/issue/{{issue}}"
            await client.upload(f"{one}/attachments", "late.txt", b"late", issue="ALFA-6")
            await client.delete(one, issue="ALFA-12")
            assert await small.issue("Came late") == "ALFA-13"
            await _move(small, "ALFA-9", "BETA", "Bug")

        hook.work = meanwhile
        backup, tally = await _export(pair)
        assert hook.work is None
        await _same_as_now(pair, backup, tally)
        assert _reasons(tally) == {"ISSUES_GONE_MEANWHILE": 2}
        keys = {msgspec.json.decode(text)["key"] for text in backup.payloads(Kind.ISSUE).values()}
        assert {"BETA-1", "ALFA-13"} <= keys
        assert not {"ALFA-9", "ALFA-12"} & keys


async def _move(small: SmallSite, key: str, project: str, kind: str) -> None:
    flags = (
        "inferClassificationDefaults",
        "inferFieldDefaults",
        "inferStatusDefaults",
        "inferSubtaskTypeDefault",
    )
    source = {"issueIdsOrKeys": [key], **dict.fromkeys(flags, True)}
    body = {"targetToSourcesMapping": {f"{project},{small.types[kind]}": source}}
    await small.post("bulk/issues/move", body)


async def test_an_issue_that_moves_behind_the_closing_pass_is_found_where_it_went() -> None:
    """It leaves a project that is read again later for one that was read again before."""
    # Highest numbers of both, what changed, the list of one: then comes the list of the other.
    hook = Meanwhile(SEARCH, times_before=4)
    async with jira_pair([hook.watch]) as pair:
        small = await _small(pair)
        await small.add_project("AAA", "Project before")

        async def move() -> None:
            await _move(small, "ALFA-9", "AAA", "Bug")

        hook.work = move
        backup, tally = await _export(pair)
        assert hook.work is None
        await _same_as_now(pair, backup, tally)
        keys = {msgspec.json.decode(text)["key"] for text in backup.payloads(Kind.ISSUE).values()}
        assert "AAA-1" in keys
        assert "ALFA-9" not in keys


async def test_nothing_is_read_again_where_nothing_changed() -> None:
    async with jira_pair() as pair:
        await _small(pair)
        log = pair.source.site.request_log
        _, tally = await _export(pair)
        # One for all numbers, none for the closing pass: everything is younger than three hours.
        assert log.count("POST", f"{API}/issue/bulkfetch") == 1
        assert log.count("POST", f"{API}/changelog/bulkfetch") == 1
        assert tally.findings == []


async def test_a_file_that_went_meanwhile_is_not_missed() -> None:
    hook = relisting()
    async with jira_pair([hook.watch]) as pair:
        small = await _small(pair)

        async def meanwhile() -> None:
            await small.side.client.delete(f"{API}/issue/{{issue}}", issue="ALFA-1")

        hook.work = meanwhile
        backup, tally = await _export(pair)
        assert _reasons(tally) == {"ISSUES_GONE_MEANWHILE": 1}
        assert backup.count(Kind.ATTACHMENT) == tally.of(Kind.ATTACHMENT).expected == 0


async def test_a_project_that_came_meanwhile_is_read() -> None:
    hook = relisting()
    async with jira_pair([hook.watch]) as pair:
        small = await _small(pair)

        async def meanwhile() -> None:
            await small.add_project("LATE", "Late project")
            body = {"project": {"key": "LATE"}, "issuetype": {"id": small.types["Bug"]}}
            await small.post("issue", {"fields": body | {"summary": "Late"}})

        hook.work = meanwhile
        backup, tally = await _export(pair)
        assert tally.findings == []
        keys = [msgspec.json.decode(text)["key"] for text in backup.payloads(Kind.PROJECT).values()]
        assert sorted(keys) == ["ALFA", "LATE"]
        assert tally.of(Kind.ISSUE).done == 10


async def test_what_was_wrong_with_an_issue_is_not_said_once_it_was_read_again() -> None:
    hook = relisting()
    async with jira_pair([hook.watch]) as pair:
        small = await _small(pair)

        async def meanwhile() -> None:
            await _edit(small, "ALFA-1", {"labels": ["again"]})

        pair.source.site.faults.plan(FaultKind.MISSING, "/watchers$", times=1)
        _, tally = await _export(pair)
        assert [each.reason for each in tally.findings] == ["WATCHERS_NOT_VISIBLE"]
        pair.source.site.faults.plan(FaultKind.MISSING, "/watchers$", times=1)
        hook.again(meanwhile)
        backup, tally = await _export(pair)
        assert hook.work is None
        assert tally.findings == []
        await _same_as_now(pair, backup, tally)


async def test_issues_that_the_account_does_not_see_are_counted_as_missing() -> None:
    async with jira_pair() as pair:
        small = await _small(pair)
        await _shut_out(small)
        backup, tally = await _export(pair)
        hidden = [each for each in tally.findings if each.reason == "ISSUES_NOT_VISIBLE"]
        assert [(each.severity, each.key, each.count) for each in hidden] == [
            (Severity.ERROR, "ALFA", 2)
        ]
        count = tally.of(Kind.ISSUE)
        assert (count.expected, count.done, count.missing) == (9, 7, 2)
        assert backup.count(Kind.ISSUE) == 7


async def _shut_out(small: SmallSite) -> None:
    """The account is no member of the level "Geheim" any more."""
    client, scheme = small.side.client, str(small.security_scheme)
    stem = f"{API}/issuesecurityschemes/"
    level = next(
        each["id"]
        for each in (await client.get_json(stem + "level"))["values"]
        if each["name"] == "Geheim"
    )
    for member in (await client.get_json(stem + "level/member"))["values"]:
        if member["issueSecurityLevelId"] == level and "user" in member["holder"]["type"]:
            path = stem + "{scheme}/level/{level}/member/{member}"
            await client.delete(path, scheme=scheme, level=level, member=str(member["id"]))


async def test_numbers_moved_keys_and_deleted_issues_hide_nothing() -> None:
    async with jira_pair() as pair:
        small = await _small(pair)
        await small.add_project("BETA", "Project Beta")
        await _move(small, "ALFA-9", "BETA", "Bug")
        _, tally = await _export(pair)
        assert tally.findings == []
        assert tally.of(Kind.ISSUE).done == 9


async def test_what_was_read_again_is_restored_in_its_place() -> None:
    hook = relisting()
    async with jira_pair([hook.watch]) as pair:
        small = await _small(pair)
        pair.share_people()

        async def meanwhile() -> None:
            await _edit(small, "ALFA-5", {"labels": ["late"]})
            await small.side.client.delete(f"{API}/issue/{{issue}}", issue="ALFA-6")
            assert await small.issue("Came late") == "ALFA-13"

        hook.work = meanwhile
        backup, _ = await _export(pair)
        await restore(IMPORTER, pair.destination.client, backup)
        assert undeclared(backup, await pair.destination.backup()) == []
        numbers = (1, 2, 4, 5, 9, 10, 11, 12, 13)
        assert await pair.destination.keys("ALFA") == {f"ALFA-{each}" for each in numbers}
        assert (await pair.destination.issue("ALFA-5"))["fields"]["labels"] == ["late"]


async def test_a_restore_repeats_what_the_backup_lacks() -> None:
    async with jira_pair() as pair:
        small = await _small(pair)
        await _shut_out(small)
        backup, tally = await _export(pair)
        backup.details = encode_details(
            BackupDetails("b", "p", "JIRA", "", {}, findings=_details(tally))
        )
        pair.share_people()
        report = await restore(IMPORTER, pair.destination.client, backup)
        said = [each for each in report.findings if each.reason == "ISSUES_NOT_VISIBLE"]
        assert [(each.severity, each.key, each.count) for each in said] == [
            (Severity.WARNING, "ALFA", 2)
        ]


def _details(tally: Tally) -> list[FindingDetails]:
    return [
        FindingDetails(
            "u", place, each.severity, each.kind, each.key, each.reason, each.message, each.count
        )
        for place, each in enumerate(tally.findings)
    ]


async def test_a_project_that_the_account_may_not_browse_is_missing_with_its_issues() -> None:
    """The list of projects shows it to an administrator, and nothing else does."""
    async with jira_pair() as pair:
        small = await _small(pair)
        await small.add_project("BETA", "Project Beta")
        await small.post("issue", {"fields": await _fields(small, "BETA")})
        shut: Json = {"name": "Shut", "permissions": []}
        scheme = await small.post("permissionscheme", shut)
        one = f"{API}/project/{{project}}"
        body = {"permissionScheme": scheme["id"]}
        await small.side.client.put_json(one, body, project="BETA")
        backup, tally = await _export(pair)
        found = {(each.severity, each.reason, each.key, each.count) for each in tally.findings}
        assert found == {
            (Severity.ERROR, "PROJECT_NOT_VISIBLE", "BETA", 1),
            (Severity.ERROR, "ISSUES_NOT_VISIBLE", "BETA", 1),
        }
        assert backup.count(Kind.PROJECT) == 1
        count = tally.of(Kind.ISSUE)
        assert (count.expected, count.done, count.missing) == (10, 9, 1)


async def _fields(small: SmallSite, project: str) -> Json:
    kind = {"id": small.types["Bug"]}
    return {"project": {"key": project}, "issuetype": kind, "summary": "One"}
