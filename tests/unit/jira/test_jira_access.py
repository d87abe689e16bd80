"""Who may do what, who hears of it, and how projects are grouped: there, and back again."""

from __future__ import annotations

import pytest

from sitekeep_cli.comparison.model import Difference
from sitekeep_restore.importers.jira import IMPORTER
from sitekeep_restore.importers.jira.losses import Loss
from sitekeep_restore.importers.unit import Importer, ImportOptions, ImportPhase
from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.atlassian.credentials import Credentials
from sitekeep_shared.atlassian.errors import AmbiguousWrite, SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.tally import Severity, Tally
from sitekeep_simulator.faults import FaultKind
from sitekeep_simulator.jira.generator import generate
from sitekeep_simulator.jira.notifications import mail_count
from sitekeep_simulator.jira.state import Jira
from support.confluence_fakes import MemoryBackup, MemoryIdentities, restore
from support.jira_fakes import API, JiraPair, Json, SmallSite, differences, undeclared
from support.planning import pair

__all__ = ["pair"]

NOBODY = ImportOptions(skip_users_and_groups=True)


async def filled(pair: JiraPair) -> MemoryBackup:
    await SmallSite(pair.source).fill()
    pair.share_people()
    return await pair.source.backup()


async def without_one_person(pair: JiraPair) -> tuple[MemoryBackup, Tally, str]:
    """Restores to a site where one person of the source has no account; who that is."""
    small = SmallSite(pair.source)
    await small.fill()
    before = await pair.source.backup()
    pair.destination.site.accounts.add_many(small.people[:3])
    await pair.destination.client.post(f"{API}/group", {"name": "builders"})
    tally = await restore(IMPORTER, pair.destination.client, before, options=NOBODY)
    return before, tally, small.people[3].account_id


def of_kind(found: list[Difference], kind: Kind) -> set[tuple[str, str, str, str]]:
    return {
        (one.item, one.path, str(one.left), str(one.right)) for one in found if one.kind is kind
    }


@pytest.mark.shows_loss(Kind.PROJECT_CATEGORY, "description")
@pytest.mark.shows_loss(Loss.CATEGORY_DESCRIPTION_KEPT)
async def test_a_category_that_is_there_keeps_its_description_and_nothing_else_is_lost(
    pair: JiraPair,
) -> None:
    before = await filled(pair)
    body: Json = {"name": "Für Kunden", "description": "Nur intern"}
    await pair.destination.client.post(f"{API}/projectCategory", body)
    tally = await restore(IMPORTER, pair.destination.client, before)
    reasons = {found.reason for found in tally.findings if found.kind is Kind.PROJECT_CATEGORY}
    assert reasons == {"CATEGORY_DESCRIPTION_KEPT"}
    after = await pair.destination.backup()
    found = differences(before, after)
    assert of_kind(found, Kind.PROJECT_CATEGORY) == {
        ("Für Kunden", "description", "Alle", "Nur intern")
    }
    assert undeclared(before, after) == []
    project = await pair.destination.client.get_json(f"{API}/project/{{project}}", project="ALFA")
    assert project["projectCategory"]["name"] == "Für Kunden"


async def test_who_acts_in_a_project_comes_back_in_place_of_the_default_actors(
    pair: JiraPair,
) -> None:
    before = await filled(pair)
    tally = await restore(IMPORTER, pair.destination.client, before)
    people = [f"Person {number}" for number in (1, 2)]
    assert await _acting(pair, "Entwickler") == [*people, "builders"]
    assert await _acting(pair, "Administrators") == ["site-admins"]
    assert tally.of(Kind.ROLE_ACTOR).done == tally.of(Kind.ROLE_ACTOR).expected == 4
    roles = await pair.destination.client.get_json(f"{API}/role")
    role = next(each for each in roles if each["name"] == "Entwickler")
    assert [each["displayName"] for each in role["actors"]] == ["Person 0", "builders"]


async def _acting(pair: JiraPair, name: str) -> list[str]:
    client = pair.destination.client
    roles = await client.get_json(f"{API}/project/{{project}}/role", project="ALFA")
    role = roles[name].rpartition("/")[2]
    found = await client.get_json(
        f"{API}/project/{{project}}/role/{{role}}", project="ALFA", role=role
    )
    return [str(each["displayName"]) for each in found["actors"]]


async def test_only_who_is_not_active_at_the_destination_is_lost_from_a_role(
    pair: JiraPair,
) -> None:
    small = SmallSite(pair.source)
    await small.fill()
    before = await pair.source.backup()
    pair.share_people()
    gone = small.people[1].account_id
    pair.destination.site.accounts.set_active(gone, False)
    tally = await restore(IMPORTER, pair.destination.client, before)
    after = await pair.destination.backup()
    found = differences(before, after)
    assert of_kind(found, Kind.ROLE_ACTOR) == {
        (f"ALFA/Entwickler/user/{gone}", "missing", "there", "None")
    }
    lost = [each.key for each in tally.findings if each.reason == "ROLE_ACTOR_NOT_RESTORED"]
    assert lost == ["Entwickler"]
    assert await _acting(pair, "Entwickler") == ["Person 2", "builders"]
    assert all(one.declared for one in found if one.kind is Kind.ROLE_ACTOR)


@pytest.mark.shows_loss(Kind.PROJECT_ROLE, "description", "default")
@pytest.mark.shows_loss(Loss.ROLE_DESCRIPTION_KEPT)
async def test_a_role_of_the_destination_keeps_its_description_and_its_own_default_actors(
    pair: JiraPair,
) -> None:
    before = await filled(pair)
    client = pair.destination.client
    own = await client.post_json(f"{API}/role", {"name": "Entwickler", "description": "Andere"})
    group = await client.post_json(f"{API}/group", {"name": "destination's own"})
    actors = f"{API}/role/{{role}}/actors"
    body = {"groupId": [group["groupId"]]}
    await client.post(actors, body, role=str(own["id"]))
    foreign = await client.post_json(f"{API}/role", {"name": "Foreign"})
    await client.post(actors, body, role=str(foreign["id"]))
    await restore(IMPORTER, client, before)
    after = await pair.destination.backup()
    found = differences(before, after)
    assert of_kind(found, Kind.PROJECT_ROLE) >= {
        ("Entwickler", "description", "Wer baut", "Andere"),
        ("Entwickler", "default.group/destination's own", "None", "True"),
        ("Foreign", "extra", "None", "there"),
    }
    assert of_kind(found, Kind.ROLE_ACTOR) == {
        ("ALFA/Foreign/group/destination's own", "extra", "None", "there")
    }
    assert undeclared(before, after) == []


async def _notifications(pair: JiraPair) -> Json:
    """The scheme that the restored project has."""
    client = pair.destination.client
    project = await client.get_json(f"{API}/project/{{project}}", project="ALFA")
    query = [("projectId", str(project["id"]))]
    listed = (await client.get_json(f"{API}/notificationscheme/project", query))["values"]
    scheme = f"{API}/notificationscheme/{{scheme}}"
    found: Json = await client.get_json(
        scheme, [("expand", "all")], scheme=listed[0]["notificationSchemeId"]
    )
    return found


async def _names_of_schemes(pair: JiraPair) -> set[str]:
    listed = await pair.destination.client.get_json(f"{API}/notificationscheme")
    return {str(each["name"]) for each in listed["values"]}


async def test_a_restore_sends_no_mail_and_a_project_has_its_own_scheme_at_the_end(
    pair: JiraPair,
) -> None:
    before = await filled(pair)
    assert mail_count(Jira(pair.source.site)) > 0
    await restore(IMPORTER, pair.destination.client, before)
    assert mail_count(Jira(pair.destination.site)) == 0
    assert (await _notifications(pair))["name"] == "Wer hört „was“"
    assert await _names_of_schemes(pair) == {"Default Notification Scheme", "Wer hört „was“"}
    body: Json = {"body": {"type": "doc", "version": 1, "content": []}}
    path = f"{API}/issue/{{issue}}/comment"
    await pair.destination.client.post(path, body, issue="ALFA-1")
    assert mail_count(Jira(pair.destination.site)) == 1


async def test_silence_ends_although_the_last_answers_are_lost(pair: JiraPair) -> None:
    before = await filled(pair)
    faults = pair.destination.site.faults
    planned = [
        faults.plan(FaultKind.LOST, "/project/[0-9]+$", method="PUT", times=1),
        faults.plan(FaultKind.LOST, "/notificationscheme/[0-9]+$", method="DELETE", times=1),
    ]
    await restore(IMPORTER, pair.destination.client, before, attempts=3, retried=(AmbiguousWrite,))
    assert all(fault.fired for fault in planned)
    assert mail_count(Jira(pair.destination.site)) == 0
    assert await _names_of_schemes(pair) == {"Default Notification Scheme", "Wer hört „was“"}
    assert undeclared(before, await pair.destination.backup()) == []


async def test_a_site_that_takes_no_silent_scheme_is_restored_and_says_that_it_sends_mail(
    pair: JiraPair,
) -> None:
    before = await filled(pair)
    path = "/notificationscheme$"
    pair.destination.site.faults.plan(FaultKind.MISSING, path, method="POST", times=1)
    tally = await restore(IMPORTER, pair.destination.client, before)
    found = [each.reason for each in tally.findings if each.kind is Kind.NOTIFICATION_SCHEME]
    assert found == ["NOT_SILENT"]


@pytest.mark.shows_loss(Kind.PROJECT, "notificationScheme")
async def test_a_project_without_a_scheme_stays_silent(pair: JiraPair) -> None:
    await SmallSite(pair.source).fill()
    pair.source.site.store.execute(
        "UPDATE jira_project SET body = json_set(body, '$.notificationScheme', NULL)"
    )
    pair.share_people()
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert "SILENT_SCHEME_STAYS" in {each.reason for each in tally.findings}
    after = await pair.destination.backup()
    found = of_kind(differences(before, after), Kind.PROJECT)
    assert ("ALFA", "notificationScheme", "None", "Sitekeep: silent while restoring") in found
    assert undeclared(before, after) == []


async def test_an_unused_scheme_of_that_name_becomes_like_the_original(pair: JiraPair) -> None:
    before = await filled(pair)
    watchers = {"notificationType": "AllWatchers"}
    reporter = {"notificationType": "Reporter"}
    events = [{"event": {"id": "6"}, "notifications": [watchers, reporter]}]
    scheme: Json = {"name": "Wer hört „was“", "description": "Alt"}
    await pair.destination.client.post(
        f"{API}/notificationscheme", {**scheme, "notificationSchemeEvents": events}
    )
    await restore(IMPORTER, pair.destination.client, before)
    found = differences(before, await pair.destination.backup())
    assert of_kind(found, Kind.NOTIFICATION_SCHEME) == set()


async def test_a_scheme_that_others_may_use_stays_beside_the_restored_one(
    pair: JiraPair,
) -> None:
    before = await filled(pair)
    other = SmallSite(pair.destination)
    await other.configure()
    await other.add_project("BETA", "Somebody else's")
    changed = {"notificationSchemeEvents": [_hears("AllWatchers", "1")]}
    listed = await pair.destination.client.get_json(f"{API}/notificationscheme")
    own = next(each for each in listed["values"] if each["name"] == "Wer hört „was“")
    path = f"{API}/notificationscheme/{{scheme}}/notification"
    await pair.destination.client.put_json(path, changed, scheme=str(own["id"]))
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert "SCHEME_OF_THAT_NAME_KEPT" in {each.reason for each in tally.findings}
    assert (await _notifications(pair))["name"] == "Wer hört „was“ (restored)"
    found = differences(before, await pair.destination.backup())
    assert of_kind(found, Kind.NOTIFICATION_SCHEME) == {
        ("Wer hört „was“ (the destination's)", "extra", "None", "there")
    }


def _hears(kind: str, event: str) -> Json:
    return {"event": {"id": event}, "notifications": [{"notificationType": kind}]}


async def test_of_generated_schemes_only_mail_addresses_and_grants_of_apps_are_lost(
    pair: JiraPair,
) -> None:
    generate(pair.source.site, seed=5, issues=12)
    pair.share_people()
    before = await pair.source.backup()
    await restore(IMPORTER, pair.destination.client, before)
    found = differences(before, await pair.destination.backup())
    assert {path for _, path, _, _ in of_kind(found, Kind.NOTIFICATION_SCHEME)} == {
        f"events.{event}.EmailAddress/liste@example.com"
        for event in ("Issue Created", "Issue Commented")
    }
    assert of_kind(found, Kind.PERMISSION_SCHEME) == {
        ("With an app", "grants.com.example.app__approve.group/developers", "True", "None")
    }
    assert of_kind(found, Kind.ROLE_ACTOR) == of_kind(found, Kind.PROJECT_CATEGORY) == set()
    assert of_kind(found, Kind.ISSUE_SECURITY_SCHEME) == set()
    assert of_kind(found, Kind.PRIORITY_SCHEME) == set()
    levels = {
        one.path for one in found if one.kind is Kind.ISSUE and one.path.startswith("security")
    }
    assert levels == set()


async def _grants(pair: JiraPair, name: str) -> set[tuple[str, str]]:
    """The grants of a scheme of the destination: permission and type of the holder."""
    query = [("expand", "all")]
    answer = await pair.destination.client.get_json(f"{API}/permissionscheme", query)
    scheme = next(each for each in answer["permissionSchemes"] if each["name"] == name)
    return {
        (str(each["permission"]), str(each["holder"]["type"])) for each in scheme["permissions"]
    }


async def test_an_account_that_the_schemes_shut_out_can_restore_and_is_shut_out_again(
    pair: JiraPair,
) -> None:
    before = await filled(pair)
    accounts = pair.destination.site.accounts
    stranger = accounts.add("restorer@example.com", "Restorer")
    accounts.set_token(stranger.email, "token")
    credentials = Credentials(stranger.email, "token")
    async with SiteClient(pair.destination.base_url, credentials) as client:
        tally = await restore(IMPORTER, client, before)
        body = {"issueIdsOrKeys": ["ALFA-1"], "fields": ["summary"]}
        seen = await client.post_json(f"{API}/issue/bulkfetch", body, read=True)
    assert seen["issues"] == []
    refused = ("REFUSED", "NOT_REACHED", "DROPPED")
    assert [str(each) for each in tally.findings if each.reason.endswith(refused)] == []
    found = differences(before, await pair.destination.backup())
    assert of_kind(found, Kind.PERMISSION_SCHEME) == set()
    assert of_kind(found, Kind.ISSUE_SECURITY_SCHEME) == set()
    whole = (Kind.ISSUE, Kind.FILTER, Kind.BOARD, Kind.SPRINT, Kind.RANK, Kind.DASHBOARD)
    assert [one for one in found if one.kind in whole and not one.declared] == []


def _importer(*, opening: bool) -> Importer:
    """The first units of the last phase alone, or those of all others."""
    chosen = [
        unit for unit in IMPORTER.initial_units if (unit.phase == ImportPhase.OPENING) is opening
    ]
    return Importer(chosen, IMPORTER.run)


async def test_what_is_closed_is_closed_before_the_end_and_a_crash_there_loses_nothing(
    pair: JiraPair,
) -> None:
    before = await filled(pair)
    identities = MemoryIdentities()
    client = pair.destination.client
    await restore(_importer(opening=False), client, before, identities=identities)
    assert await _names_of_schemes(pair) >= {"Sitekeep: silent while restoring"}
    assert ("SET_ISSUE_SECURITY", "user") in await _grants(pair, "Nur „wir“")
    assert ("BROWSE_PROJECTS", "applicationRole") not in await _grants(pair, "Nur „wir“")
    await restore(_importer(opening=True), client, before, identities=identities)
    assert ("SET_ISSUE_SECURITY", "user") not in await _grants(pair, "Nur „wir“")
    assert (await _notifications(pair))["name"] == "Wer hört „was“"
    assert mail_count(Jira(pair.destination.site)) == 0
    assert undeclared(before, await pair.destination.backup()) == []


@pytest.mark.shows_loss(Loss.GRANT_NOT_RESTORED)
async def test_a_grant_whose_holder_is_absent_is_dropped_by_name(pair: JiraPair) -> None:
    before, tally, absent = await without_one_person(pair)
    dropped = {
        each.key: each.count for each in tally.findings if each.reason == "GRANT_NOT_RESTORED"
    }
    assert dropped == {f"Nur „wir“: BROWSE_PROJECTS, user {absent}": 1}
    heard = {each.key for each in tally.findings if each.reason == "RECIPIENT_NOT_RESTORED"}
    assert heard == {f"Wer hört „was“: Issue Created, User {absent}"}
    found = differences(before, await pair.destination.backup())
    gone = f"user/{absent}"
    assert of_kind(found, Kind.PERMISSION_SCHEME) == {
        ("Nur „wir“", f"grants.BROWSE_PROJECTS.{gone}", "True", "None")
    }
    assert of_kind(found, Kind.NOTIFICATION_SCHEME) == {
        ("Wer hört „was“", f"events.Issue Created.{gone}", "True", "None")
    }


@pytest.mark.shows_loss(Loss.PERMISSIONS_BY_DEFAULT)
async def test_a_site_that_takes_no_permission_schemes_is_named_as_incomplete(
    pair: JiraPair,
) -> None:
    before = await filled(pair)
    fault = pair.destination.site.faults.plan(
        FaultKind.MISSING, "/permissionscheme$", method="POST", times=1
    )
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert fault.fired
    reasons = {each.reason: each.severity for each in tally.findings}
    assert reasons["PERMISSION_SCHEME_REFUSED"] is Severity.ERROR
    assert "PERMISSIONS_BY_DEFAULT" in reasons


async def _level(pair: JiraPair, key: str) -> str | None:
    security: Json = (await pair.destination.issue(key))["fields"]["security"] or {}
    return security.get("name")


async def test_issues_have_their_security_levels_again_and_sub_tasks_that_of_their_parent(
    pair: JiraPair,
) -> None:
    before = await filled(pair)
    await restore(IMPORTER, pair.destination.client, before)
    keys = ("ALFA-1", "ALFA-2", "ALFA-4", "ALFA-5")
    assert [await _level(pair, key) for key in keys] == ["Intern", None, "Geheim", "Geheim"]
    found = differences(before, await pair.destination.backup())
    assert of_kind(found, Kind.ISSUE_SECURITY_SCHEME) == set()


async def test_issues_whose_level_is_not_there_are_named_as_errors(pair: JiraPair) -> None:
    before = await filled(pair)
    faults = pair.destination.site.faults
    faults.plan(FaultKind.MISSING, "/issuesecurityschemes$", method="POST", times=1)
    tally = await restore(IMPORTER, pair.destination.client, before)
    errors = {each.reason: 0 for each in tally.findings if each.severity is Severity.ERROR}
    for each in tally.findings:
        if each.reason in errors:
            errors[each.reason] += each.count
    assert errors == {"ISSUE_SECURITY_SCHEME_REFUSED": 1, "SECURITY_LEVEL_NOT_RESTORED": 8}


@pytest.mark.shows_loss(Kind.ISSUE_SECURITY_SCHEME)
@pytest.mark.shows_loss(Loss.SECURITY_MEMBER_NOT_RESTORED)
async def test_a_member_of_a_level_who_is_absent_is_dropped_by_name(pair: JiraPair) -> None:
    before, tally, gone = await without_one_person(pair)
    dropped = {each.key for each in tally.findings if "SECURITY_MEMBER" in each.reason}
    assert dropped == {f"Vertraulich/Intern: user {gone}"}
    found = differences(before, await pair.destination.backup())
    assert of_kind(found, Kind.ISSUE_SECURITY_SCHEME) == {
        ("Vertraulich", f"levels.Intern.members.user/{gone}", "True", "None")
    }
    assert all(one.declared for one in found if one.kind is Kind.ISSUE_SECURITY_SCHEME)


async def test_a_scheme_with_the_same_levels_becomes_like_the_original(pair: JiraPair) -> None:
    before = await filled(pair)
    members = [{"type": "reporter"}, {"type": "applicationRole"}]
    level: Json = {"name": "Geheim", "description": "alt", "members": members, "isDefault": True}
    body = {"name": "Vertraulich", "description": "Alt", "levels": [level]}
    await pair.destination.client.post(f"{API}/issuesecurityschemes", body)
    await restore(IMPORTER, pair.destination.client, before)
    found = differences(before, await pair.destination.backup())
    assert of_kind(found, Kind.ISSUE_SECURITY_SCHEME) == set()


async def test_a_scheme_with_levels_of_its_own_stays_beside_the_restored_one(
    pair: JiraPair,
) -> None:
    before = await filled(pair)
    body = {"name": "Vertraulich", "levels": [{"name": "Other"}]}
    await pair.destination.client.post(f"{API}/issuesecurityschemes", body)
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert "SCHEME_OF_THAT_NAME_KEPT" in {each.reason for each in tally.findings}
    after = await pair.destination.backup()
    found = differences(before, after)
    assert of_kind(found, Kind.ISSUE_SECURITY_SCHEME) == {
        ("Vertraulich (the destination's)", "extra", "None", "there")
    }
    assert undeclared(before, after) == []


async def test_a_project_has_its_priorities_and_their_default_again(pair: JiraPair) -> None:
    before = await filled(pair)
    client = pair.destination.client
    ids = [int(one["id"]) for one in (await client.get_json(f"{API}/priority/search"))["values"]]
    body: Json = {"name": "Eile ALFA", "priorityIds": ids, "defaultPriorityId": ids[-1]}
    await client.post(f"{API}/priorityscheme", body)
    tally = await restore(IMPORTER, client, before)
    assert tally.of(Kind.PRIORITY_SCHEME).done == 2
    found = differences(before, await pair.destination.backup())
    assert of_kind(found, Kind.PRIORITY_SCHEME) == set()
    assert [one for one in of_kind(found, Kind.PROJECT) if one[1] == "priorityScheme"] == []
    fields = {"project": {"key": "ALFA"}, "issuetype": {"name": "Task"}, "summary": "new"}
    await client.post(f"{API}/issue", {"fields": fields})
    made = (await pair.destination.issue("ALFA-13"))["fields"]
    assert made["priority"]["name"] == "Highest"
    edit = {"fields": {"priority": {"name": "Lowest"}}}
    with pytest.raises(SiteRefused):
        await client.put_json(f"{API}/issue/{{issue}}", edit, issue="ALFA-13")


async def test_a_priority_scheme_that_others_use_stays_beside_the_restored_one(
    pair: JiraPair,
) -> None:
    before = await filled(pair)
    other = SmallSite(pair.destination)
    await other.configure()
    await other.add_project("ALF", "Somebody else's")
    client = pair.destination.client
    listed = (await client.get_json(f"{API}/priorityscheme"))["values"]
    own = next(str(one["id"]) for one in listed if one["name"] == "Eile ALF")
    await client.put_json(f"{API}/priorityscheme/{{scheme}}", {"name": "Eile ALFA"}, scheme=own)
    tally = await restore(IMPORTER, client, before)
    kept = {each.key for each in tally.findings if each.reason == "SCHEME_OF_THAT_NAME_KEPT"}
    assert "Eile ALFA" in kept
    after = await pair.destination.backup()
    assert of_kind(differences(before, after), Kind.PRIORITY_SCHEME) == {
        ("Eile ALFA (the destination's)", "extra", "None", "there")
    }


async def test_who_may_do_what_takes_few_requests(pair: JiraPair) -> None:
    generate(pair.source.site, seed=1, issues=12)
    pair.source.site.request_log.clear()
    await pair.source.backup()
    log = pair.source.site.request_log
    projects = pair.source.site.store.value("SELECT count(*) FROM jira_project")
    roles = len(await pair.source.client.get_json(f"{API}/role"))
    once = ("projectCategory", "notificationscheme", "notificationscheme/project")
    security = ("search", "level", "level/member", "project")
    for path in (
        *once,
        *(f"issuesecurityschemes/{noun}" for noun in security),
        "permissionscheme",
        "priorityscheme",
    ):
        assert log.count("GET", f"{API}/{path}") == 1, path
    one = f"{API}/project/{{projectKeyOrId}}/permissionscheme"
    assert log.count("GET", one) == projects
    actors = f"{API}/project/{{projectIdOrKey}}/role/{{id}}"
    assert log.count("GET", actors) == projects * roles
