"""What a client sees while a site is away, slow or refuses, and how progress is shown."""

from __future__ import annotations

import datetime

import pytest
from google.rpc import code_pb2

from sitekeep.backup.v1 import backup_pb2, organization_pb2
from sitekeep.operation.v1 import operation_pb2
from sitekeep.restore.v1 import restore_pb2
from sitekeep_shared.clock import ManualClock
from sitekeep_simulator.faults import FaultKind
from sitekeep_simulator.jira.generator import generate
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.product_discovery.projects import add_discovery_project
from sitekeep_simulator.server import RunningSite
from support.client import ADMIN_EMAIL, ORGANIZATION, Client, details_of
from support.processes import free_port


async def _policy(client: Client, url: str) -> str:
    await client.add_organization()
    return await client.add_policy("weekly", await client.add_product("jira", "JIRA", url))


async def test_a_wrong_token_ends_the_backup_and_says_what_to_set(
    client: Client, empty_site: RunningSite
) -> None:
    policy = await _policy(client, empty_site.base_url)
    await client.organizations.UpdateProduct(
        organization_pb2.UpdateProductRequest(
            product=organization_pb2.Product(
                name=f"{ORGANIZATION}/products/jira",
                credentials=organization_pb2.Product.Credentials(
                    email=ADMIN_EMAIL, api_token="another"
                ),
            )
        )
    )
    started = await client.backups.CreateBackup(client.backup_request(policy))
    done = await client.watch(started.name)
    assert done.error.code == code_pb2.FAILED_PRECONDITION
    assert details_of(done.error)[0].reason == "UPSTREAM_CREDENTIALS_REFUSED"
    assert "credentials" in done.error.message
    assert "another" not in str(done)
    [backup] = (
        await client.backups.ListBackups(backup_pb2.ListBackupsRequest(parent=ORGANIZATION))
    ).backups
    assert backup.state == backup_pb2.Backup.FAILED
    # A failed backup does not start the seven days.
    again = await client.backups.CreateBackup(client.backup_request(policy))
    await client.watch(again.name)


@pytest.mark.parametrize("kind", [FaultKind.ERROR, FaultKind.RATE_LIMITED])
async def test_a_check_against_a_site_in_trouble_answers_within_seconds(
    client: Client, empty_site: RunningSite, kind: FaultKind
) -> None:
    policy = await _policy(client, empty_site.base_url)
    backup = await client.back_up(policy)
    target = await client.add_product("target", "JIRA", empty_site.base_url)
    empty_site.site.faults.plan(kind, "/rest/", times=1000, html=True, retry_after=3600)
    refusal = await client.refusal(
        client.restores.CheckRestore(
            restore_pb2.CheckRestoreRequest(
                parent=ORGANIZATION,
                restore=restore_pb2.Restore(backup=backup.name, product=target),
            ),
            timeout=30,
        )
    )
    assert (refusal.code, refusal.reason) == ("UNAVAILABLE", "UPSTREAM_UNAVAILABLE")
    assert "/rest/api/3/project/search" in refusal.message


async def test_a_backup_notes_which_apps_the_site_runs(
    client: Client, empty_site: RunningSite, clock: ManualClock
) -> None:
    jira, lead = Jira(empty_site.site), empty_site.site.accounts.page()[0].account_id
    add_discovery_project(jira, "IDEA", "Ideas", lead)
    policy = await _policy(client, empty_site.base_url)
    name = (await client.back_up(policy)).product
    wanted = organization_pb2.GetProductRequest(name=name)
    apps = organization_pb2.Product
    told = [apps.SOFTWARE, apps.WORK_MANAGEMENT, apps.PRODUCT_DISCOVERY]
    assert (await client.organizations.GetProduct(wanted)).apps == told
    empty_site.site.faults.plan(FaultKind.MISSING, "/applicationrole$", times=10)
    clock.advance(datetime.timedelta(days=8))
    await client.back_up(policy)
    assert (await client.organizations.GetProduct(wanted)).apps == told


async def test_a_site_that_is_down_is_named_to_whoever_checks_a_restore(
    client: Client, empty_site: RunningSite
) -> None:
    policy = await _policy(client, empty_site.base_url)
    backup = await client.back_up(policy)
    target = await client.add_product("down", "JIRA", f"http://127.0.0.1:{free_port()}")
    refusal = await client.refusal(
        client.restores.CreateRestore(client.restore_request(backup.name, target), timeout=30)
    )
    assert (refusal.code, refusal.reason) == ("UNAVAILABLE", "UPSTREAM_UNAVAILABLE")
    assert "no connection to the site could be made" in refusal.message


async def test_the_percentage_never_falls_and_reaches_a_hundred_only_at_the_end(
    client: Client, empty_site: RunningSite
) -> None:
    generate(empty_site.site, seed=3, issues=150)
    empty_site.site.faults.plan(FaultKind.DELAY, "/rest/", times=100_000, delay=0.05)
    policy = await _policy(client, empty_site.base_url)
    started = await client.backups.CreateBackup(client.backup_request(policy))
    request = operation_pb2.WatchOperationRequest(name=started.name)
    shown: list[int] = []
    async for operation in client.events.WatchOperation(request):
        metadata = backup_pb2.CreateBackupMetadata()
        assert operation.metadata.Unpack(metadata)
        shown.append(metadata.progress_percent)
        assert (metadata.progress_percent == 100) == operation.done
    assert shown == sorted(shown)
    assert len(set(shown)) > 2


async def test_a_site_that_stops_answering_is_named_while_the_backup_waits(
    client: Client, empty_site: RunningSite
) -> None:
    generate(empty_site.site, seed=3, issues=20)
    policy = await _policy(client, empty_site.base_url)
    fault = empty_site.site.faults.plan(FaultKind.UNAVAILABLE, "/rest/", times=1000, skip=5)
    started = await client.backups.CreateBackup(client.backup_request(policy))
    request = operation_pb2.WatchOperationRequest(name=started.name)
    messages: list[str] = []
    async for operation in client.events.WatchOperation(request):
        metadata = backup_pb2.CreateBackupMetadata()
        assert operation.metadata.Unpack(metadata)
        messages += [failure.message for failure in metadata.partial_failures]
        if messages:
            fault.times = fault.fired
    assert "is tried again: the site answered 503." in messages[0]
    done = await client.watch(started.name)
    assert not done.HasField("error")
    metadata = backup_pb2.CreateBackupMetadata()
    assert done.metadata.Unpack(metadata)
    assert not metadata.partial_failures


async def test_halves_of_characters_do_not_stop_a_backup_and_are_named(
    client: Client, empty_site: RunningSite
) -> None:
    generate(empty_site.site, seed=3, issues=60)
    fault = empty_site.site.faults.plan(FaultKind.HALVED, "/rest/", times=100_000)
    backup = await client.back_up(await _policy(client, empty_site.base_url))
    assert fault.fired
    assert backup.state == backup_pb2.Backup.COMPLETE
    request = backup_pb2.ListBackupIssuesRequest(parent=backup.name, page_size=1000)
    issues = (await client.backups.ListBackupIssues(request)).issues
    told = {each.entity for each in issues if "U+FFFD" in each.status.message}
    assert "POST /rest/api/3/issue/bulkfetch" in told
