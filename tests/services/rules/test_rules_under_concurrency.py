"""Ten callers at once: one starts, the others get its answer or the right refusal."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Generator
from dataclasses import replace
from typing import Any

import pytest
from grpc import aio
from sqlalchemy import select

from sitekeep.backup.v1 import backup_policy_pb2
from sitekeep.restore.v1 import restore_pb2
from sitekeep_restore.preflight import FIND_CONTENT
from sitekeep_shared.config import Settings
from sitekeep_shared.database import schema
from sitekeep_simulator.server import RunningSite
from support.client import ORGANIZATION, Refusal
from support.databases import needs_postgresql, postgresql_database
from support.rule_world import World

CALLERS = 10
JIRA = f"{ORGANIZATION}/products/jira"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=needs_postgresql)], autouse=True)
def settings(settings: Settings, request: pytest.FixtureRequest) -> Generator[Settings]:
    """Both servers on either database."""
    if request.param == "sqlite":
        yield settings
        return
    with postgresql_database() as url:
        yield replace(settings, database_url=url)


pytestmark = pytest.mark.usefixtures("idle")


async def _answers(world: World, calls: list[Any]) -> tuple[list[Any], list[Refusal]]:
    """What was answered, and what was refused."""
    answers: list[Any] = []
    refusals: list[Refusal] = []

    async def one(call: Any) -> None:
        try:
            answers.append(await call)
        except aio.AioRpcError:
            refusals.append(await world.client.refusal(call))

    await asyncio.gather(*(one(call) for call in calls))
    return answers, refusals


async def _count(world: World, table: Any) -> int:
    async with world.database.read() as connection:
        return len((await connection.execute(select(table))).all())


async def test_equal_calls_for_a_backup_get_one_operation(world: World, policy: str) -> None:
    request = world.client.backup_request(policy, request_id=str(uuid.uuid4()))
    calls = [world.client.backups.CreateBackup(request) for _ in range(CALLERS)]
    answers, refusals = await _answers(world, calls)
    assert (len({answer.name for answer in answers}), refusals) == (1, [])
    assert await _count(world, schema.backup) == await _count(world, schema.operation) == 1


async def test_one_of_many_calls_for_a_backup_starts_it(world: World, policy: str) -> None:
    requests = [
        world.client.backup_request(policy, request_id=str(uuid.uuid4())) for _ in range(CALLERS)
    ]
    calls = [world.client.backups.CreateBackup(request) for request in requests]
    answers, refusals = await _answers(world, calls)
    [answer] = answers
    assert {each.reason for each in refusals} == {"BACKUP_IN_PROGRESS"}
    assert {each.metadata["operation"] for each in refusals} == {answer.name}
    assert await _count(world, schema.backup) == 1


async def test_a_backup_id_is_given_once(world: World, policy: str) -> None:
    wiki = await world.client.add_policy("wiki", f"{ORGANIZATION}/products/wiki")
    calls = [
        world.client.backups.CreateBackup(world.client.backup_request(each, backup_id="same"))
        for each in (policy, wiki)
    ]
    answers, refusals = await _answers(world, calls)
    assert (len(answers), [each.reason for each in refusals]) == (1, ["RESOURCE_ALREADY_EXISTS"])


async def test_a_request_id_is_used_once(world: World, policy: str) -> None:
    wiki = await world.client.add_policy("wiki", f"{ORGANIZATION}/products/wiki")
    same = str(uuid.uuid4())
    calls = [
        world.client.backups.CreateBackup(world.client.backup_request(each, request_id=same))
        for each in (policy, wiki)
    ]
    answers, refusals = await _answers(world, calls)
    assert (len(answers), [each.reason for each in refusals]) == (1, ["REQUEST_ID_REUSED"])


async def test_equal_calls_for_a_restore_get_one_operation(world: World) -> None:
    backup = await world.backup()
    request = world.client.restore_request(backup, JIRA)
    request.request_id = str(uuid.uuid4())
    calls = [world.client.restores.CreateRestore(request) for _ in range(CALLERS)]
    answers, refusals = await _answers(world, calls)
    assert (len({answer.name for answer in answers}), refusals) == (1, [])
    assert await _count(world, schema.restore) == await _count(world, schema.operation) == 1


async def test_one_of_many_calls_for_a_restore_starts_it(world: World) -> None:
    backup = await world.backup()
    requests = [world.client.restore_request(backup, JIRA) for _ in range(CALLERS)]
    calls = [world.client.restores.CreateRestore(request) for request in requests]
    answers, refusals = await _answers(world, calls)
    [answer] = answers
    assert {each.reason for each in refusals} == {"RESTORE_IN_PROGRESS"}
    assert {each.metadata["operation"] for each in refusals} == {answer.name}
    assert await _count(world, schema.restore) == 1


async def test_a_backup_is_restored_once_though_many_destinations_want_it(
    world: World, empty_site: RunningSite
) -> None:
    backup = await world.backup()
    names = [f"target-{number}" for number in range(CALLERS)]
    targets = [await world.client.add_product(name, "JIRA", empty_site.base_url) for name in names]
    calls = [
        world.client.restores.CreateRestore(world.client.restore_request(backup, target))
        for target in targets
    ]
    answers, refusals = await _answers(world, calls)
    assert len(answers) == 1
    assert {each.reason for each in refusals} == {"RESTORE_TOO_SOON"}
    assert await _count(world, schema.restore) == 1


async def test_equal_calls_for_a_verification_get_one_operation(world: World) -> None:
    name = await world.backup()
    request = restore_pb2.VerifyBackupRequest(name=name, request_id=str(uuid.uuid4()))
    calls = [world.client.restores.VerifyBackup(request) for _ in range(CALLERS)]
    answers, refusals = await _answers(world, calls)
    assert (len({answer.name for answer in answers}), refusals) == (1, [])


async def test_one_of_many_calls_for_a_verification_starts_it(world: World) -> None:
    request = restore_pb2.VerifyBackupRequest(name=await world.backup())
    calls = [world.client.restores.VerifyBackup(request) for _ in range(CALLERS)]
    [answer], refusals = await _answers(world, calls)
    assert {each.reason for each in refusals} == {"VERIFICATION_IN_PROGRESS"}
    assert {each.metadata["operation"] for each in refusals} == {answer.name}


async def test_a_backup_and_a_restore_that_start_at_once_do_not_both_run(
    world: World, policy: str
) -> None:
    backup = await world.backup("INCOMPLETE")
    calls: list[Any] = []
    for _ in range(CALLERS // 2):
        request = world.client.restore_request(backup, JIRA, allow_incomplete=True)
        calls.append(world.client.restores.CreateRestore(request))
        calls.append(world.client.backups.CreateBackup(world.client.backup_request(policy)))
    answers, refusals = await _answers(world, calls)
    assert len(answers) == 1
    assert len({each.reason for each in refusals}) == 1
    assert refusals[0].reason in ("BACKUP_IN_PROGRESS", "RESTORE_IN_PROGRESS")
    assert {each.metadata["operation"] for each in refusals} == {answers[0].name}


def _policy_request(**fields: Any) -> backup_policy_pb2.CreateBackupPolicyRequest:
    return backup_policy_pb2.CreateBackupPolicyRequest(
        parent=ORGANIZATION, backup_policy=backup_policy_pb2.BackupPolicy(product=JIRA), **fields
    )


async def test_a_product_gets_one_policy_though_many_are_wanted(world: World) -> None:
    calls = [world.client.policies.CreateBackupPolicy(_policy_request()) for _ in range(CALLERS)]
    answers, refusals = await _answers(world, calls)
    assert len(answers) == 1
    assert {each.reason for each in refusals} == {"BACKUP_POLICY_EXISTS"}
    assert {each.metadata["backupPolicy"] for each in refusals} == {answers[0].name}


async def test_equal_calls_for_a_policy_get_one_policy(world: World) -> None:
    request = _policy_request(request_id=str(uuid.uuid4()))
    calls = [world.client.policies.CreateBackupPolicy(request) for _ in range(CALLERS)]
    answers, refusals = await _answers(world, calls)
    assert (len({answer.uid for answer in answers}), refusals) == (1, [])


async def test_a_policy_id_is_given_once(world: World) -> None:
    products = [JIRA, f"{ORGANIZATION}/products/wiki"]
    requests = [_policy_request(backup_policy_id="same") for _ in products]
    for request, product in zip(requests, products, strict=True):
        request.backup_policy.product = product
    calls = [world.client.policies.CreateBackupPolicy(request) for request in requests]
    answers, refusals = await _answers(world, calls)
    assert (len(answers), [each.reason for each in refusals]) == (1, ["RESOURCE_ALREADY_EXISTS"])


async def test_equal_updates_of_a_policy_change_it_once(world: World, policy: str) -> None:
    read = await world.client.policies.GetBackupPolicy(
        backup_policy_pb2.GetBackupPolicyRequest(name=policy)
    )
    read.display_name = "Changed"
    request = backup_policy_pb2.UpdateBackupPolicyRequest(backup_policy=read)
    calls = [world.client.policies.UpdateBackupPolicy(request) for _ in range(CALLERS)]
    answers, refusals = await _answers(world, calls)
    assert len(answers) == 1
    assert {each.reason for each in refusals} == {"ETAG_MISMATCH"}


@pytest.mark.parametrize("change", ["enrolment", "expiry", "window", "deletion", "encryption"])
async def test_what_changed_while_the_destination_was_looked_at_refuses_a_restore(
    world: World, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    backup = await world.backup()
    reason = {
        "enrolment": "ORGANIZATION_NOT_ENROLLED",
        "expiry": "BACKUP_EXPIRED",
        "window": "RESTORE_TOO_SOON",
        "deletion": "BACKUP_EXPIRED",
        "encryption": "BYOK_PRODUCT_UNSUPPORTED",
    }[change]

    async def change_and_find_nothing(site: Any) -> list[Any]:
        if change == "enrolment":
            await world.change(schema.organization, enrolled=False)
        elif change == "expiry":
            await world.change_backup(backup, expire_time=world.now)
        elif change == "window":
            await world.restore(backup)
        elif change == "deletion":
            await world.change_backup(backup, state="EXPIRED")
        else:
            await world.change(schema.product, encryption="BRING_YOUR_OWN_KEY")
        return []

    monkeypatch.setitem(FIND_CONTENT, "JIRA", change_and_find_nothing)
    request = world.client.restore_request(backup, JIRA)
    refusal = await world.client.refusal(world.client.restores.CreateRestore(request))
    assert refusal.reason == reason
    listed = await world.client.restores.ListRestores(
        restore_pb2.ListRestoresRequest(parent=ORGANIZATION, page_size=5)
    )
    assert len(listed.restores) == (1 if change == "window" else 0)


async def test_a_destination_that_became_another_site_meanwhile_is_looked_at_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = await world.backup()

    async def move_and_find_nothing(site: Any) -> list[Any]:
        await world.change(schema.product, site_uri="https://example.atlassian.net")
        return []

    monkeypatch.setitem(FIND_CONTENT, "JIRA", move_and_find_nothing)
    request = world.client.restore_request(backup, JIRA)
    refusal = await world.client.refusal(world.client.restores.CreateRestore(request))
    assert (refusal.code, refusal.reason) == ("ABORTED", "ETAG_MISMATCH")
