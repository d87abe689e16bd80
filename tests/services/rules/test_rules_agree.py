"""CheckRestore, CreateRestore and its dry run cannot disagree, whatever the facts are."""

from __future__ import annotations

import datetime
import os
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from grpc import aio
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from sitekeep.restore.v1 import restore_pb2
from sitekeep_backup.server import BackupServer
from sitekeep_shared.config import Settings
from sitekeep_shared.database import schema
from sitekeep_shared.vault.levels import Level
from sitekeep_simulator.jira.generator import generate
from sitekeep_simulator.server import RunningSite, start_site
from sitekeep_simulator.site import SimulatedSite
from support.client import ORGANIZATION, Refusal
from support.rule_world import DAY, MICROSECOND, RESTORE_RULES, Check, World, same
from support.vaults import drop_packs, small_backup

EXAMPLES = int(os.environ.get("SITEKEEP_TEST_RULE_EXAMPLES", "40"))
PROFILES = ["closed-beta", "general-availability", "self-hosted"]

checked = hypothesis_settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


pytestmark = pytest.mark.usefixtures("idle")


@pytest_asyncio.fixture
async def full_site(world: World) -> AsyncGenerator[RunningSite]:
    """A destination of its own, ``full``, that holds content."""
    site = SimulatedSite("full")
    generate(site, seed=2, issues=3)
    running = await start_site(site)
    await world.client.add_product("full", "JIRA", running.base_url)
    yield running
    await running.close()
    site.close()


@pytest_asyncio.fixture
async def stored(world: World, grpc_server: BackupServer, settings: Settings) -> None:
    """A backup in the vault that is whole, and one that has lost what it needs."""
    vault = grpc_server.vault
    await small_backup(vault, world.clock, "whole")
    lost = await small_backup(vault, world.clock, "lost")
    await drop_packs(vault, settings.vault_folder, lost)


@dataclass(frozen=True)
class Facts:
    """What a restore is judged by. Times are from now on."""

    enrolled: bool
    encryption: str
    state: str
    final_state: str
    created: datetime.timedelta
    expires: datetime.timedelta | None
    restores: list[tuple[str, datetime.timedelta]]
    newer: str | None
    running: str | None
    target: str
    allow_incomplete: bool
    skip_attachments: bool
    packs: str
    """``whole`` or ``lost``; ``none`` where the manifest is gone."""
    verified: list[tuple[Level, bool]]
    """Levels of verifications in their order, and whether each was sound."""
    salvage: bool


_ENDED = ["COMPLETE", "INCOMPLETE", "FAILED", "CANCELLED"]


def _around(*moments: datetime.timedelta) -> st.SearchStrategy[datetime.timedelta]:
    """Those lengths of time, and a microsecond more and less."""
    edges = (-MICROSECOND, datetime.timedelta(), MICROSECOND)
    return st.sampled_from([moment + edge for moment in moments for edge in edges])


def _mostly(usual: Any, *others: Any) -> st.SearchStrategy[Any]:
    """The usual value as often as all the others together, so that not every example is refused."""
    return st.one_of(st.just(usual), st.sampled_from(others))


_FACTS = st.builds(
    Facts,
    enrolled=_mostly(True, False),
    encryption=_mostly("ATLASSIAN_MANAGED", "BRING_YOUR_OWN_KEY"),
    state=_mostly("COMPLETE", "INCOMPLETE", "IN_PROGRESS", "FAILED", "CANCELLED", "EXPIRED"),
    final_state=st.sampled_from(_ENDED),
    created=_around(-DAY, -7 * DAY, -14 * DAY, -30 * DAY),
    expires=st.one_of(st.none(), _around(datetime.timedelta(), DAY)),
    restores=st.lists(
        st.tuples(
            st.sampled_from(["IN_PROGRESS", "COMPLETE", "INCOMPLETE", "FAILED", "CANCELLED"]),
            _around(-7 * DAY, -8 * DAY),
        ),
        max_size=2,
    ),
    newer=_mostly(None, "COMPLETE", "INCOMPLETE", "EXPIRED"),
    running=_mostly(None, "backup", "restore"),
    target=_mostly("jira", "full", "wiki"),
    allow_incomplete=st.booleans(),
    skip_attachments=_mostly(False, True),
    packs=_mostly("whole", "lost", "none"),
    verified=_mostly(
        [],
        [(Level.DATA, False)],
        [(Level.DATA, False), (Level.STRUCTURE, True)],
        [(Level.STORAGE, False), (Level.DATA, True)],
        [(Level.DATA, True), (Level.STRUCTURE, False)],
    ),
    salvage=st.booleans(),
)


async def _write(world: World, facts: Facts) -> str:
    """Makes the facts true; returns the backup."""
    await world.forget()
    await world.change(schema.organization, enrolled=facts.enrolled)
    await world.change(schema.product, encryption=facts.encryption)
    ended = facts.final_state if facts.state == "EXPIRED" else facts.state
    now = world.now
    backup = await world.backup(
        facts.state,
        final_state=None if facts.state == "IN_PROGRESS" else ended,
        create_time=now + facts.created,
        expire_time=None if facts.expires is None else now + facts.expires,
        counts={"issue": {"expected": 3, "missing": 1}} if ended == "INCOMPLETE" else None,
        manifest_key=f"backups/site/{facts.packs}",
    )
    for state, when in facts.restores:
        await world.restore(backup, state, create_time=now + when)
    for level, sound in facts.verified:
        await world.verification(backup, level, sound=sound)
    if facts.newer is not None:
        await world.backup(facts.newer, final_state="COMPLETE", create_time=now)
    if facts.running is not None:
        await world.operation(facts.running, product=facts.target)
    return backup


async def _refusal(world: World, request: restore_pb2.CreateRestoreRequest) -> Refusal | None:
    call = world.client.restores.CreateRestore(request)
    try:
        await call
    except aio.AioRpcError:
        return await world.client.refusal(call)
    return None


def _expected_restore(profile: str, facts: Facts) -> str | None:
    """The rule table, told once more in a few lines: why the restore is refused, None if not."""
    beta, own = profile == "closed-beta", profile == "self-hosted"
    ended = facts.final_state if facts.state == "EXPIRED" else facts.state
    kept = own and facts.state == "COMPLETE" and facts.newer != "COMPLETE"
    over = facts.expires is not None and facts.expires <= datetime.timedelta() and not kept
    restored = [when for state, when in facts.restores if state not in ("FAILED", "CANCELLED")]
    refusals = {
        "OPTION_NOT_OFFERED": beta and facts.skip_attachments,
        "ORGANIZATION_NOT_ENROLLED": beta and not facts.enrolled,
        "BYOK_PRODUCT_UNSUPPORTED": not own and facts.encryption == "BRING_YOUR_OWN_KEY",
        "BACKUP_NOT_FINISHED": facts.state == "IN_PROGRESS",
        "BACKUP_FAILED": facts.state == "FAILED",
        "BACKUP_CANCELLED": facts.state == "CANCELLED",
        "BACKUP_EXPIRED": facts.state == "EXPIRED" or over,
        "BACKUP_INCOMPLETE": ended == "INCOMPLETE" and not facts.allow_incomplete,
        "TARGET_TYPE_MISMATCH": facts.target == "wiki",
        "BACKUP_IN_PROGRESS": facts.running == "backup",
        "RESTORE_IN_PROGRESS": facts.running == "restore",
        "RESTORE_TOO_SOON": not own and bool(restored) and max(restored) > -7 * DAY,
        "ARCHIVE_CORRUPT": facts.packs == "none"
        or (not facts.salvage and (facts.packs == "lost" or _found_damaged(facts.verified))),
        "TARGET_NOT_EMPTY": not own and facts.target == "full",
    }
    return next((reason for reason, refuses in refusals.items() if refuses), None)


def _found_damaged(verified: list[tuple[Level, bool]]) -> bool:
    return any(
        not sound and not any(later and deep >= level for deep, later in verified[number:])
        for number, (level, sound) in enumerate(verified)
    )


def _blocked(check: Check) -> list[str]:
    return [rule for rule in check.findings if check.outcome(rule) == "BLOCKED"]


@pytest.mark.parametrize("profile", PROFILES)
@checked
@given(facts=_FACTS)
async def test_a_restore_is_refused_exactly_where_the_check_blocks_and_for_that_reason(
    world: World, full_site: RunningSite, stored: None, profile: str, facts: Facts
) -> None:
    backup = await _write(world, facts)
    fields = {
        "allow_incomplete": facts.allow_incomplete,
        "skip_attachments": facts.skip_attachments,
        "salvage": facts.salvage,
    }
    product = f"{ORGANIZATION}/products/{facts.target}"
    request = world.client.restore_request(backup, product, **fields)
    request.validate_only = True

    check = await world.check(backup, facts.target, **fields)
    dry_run = await _refusal(world, request)
    request.validate_only = False
    refusal = await _refusal(world, request)

    assert (refusal and refusal.reason) == _expected_restore(profile, facts)
    assert tuple(check.findings) == RESTORE_RULES
    assert check.allowed == (not _blocked(check)) == (dry_run is None) == (refusal is None)
    for found in check.findings.values():
        assert found.HasField("status") == (found.outcome == found.BLOCKED)
    if refusal is not None and dry_run is not None:
        assert same(check.first_refusal()) == same(dry_run) == same(refusal)


@dataclass(frozen=True)
class BackupFacts:
    """What a backup is judged by. Times are from now on."""

    enrolled: bool
    encryption: str
    earlier: list[tuple[str, datetime.timedelta]]
    running: str | None


_BACKUP_FACTS = st.builds(
    BackupFacts,
    enrolled=_mostly(True, False),
    encryption=_mostly("ATLASSIAN_MANAGED", "BRING_YOUR_OWN_KEY"),
    earlier=st.lists(st.tuples(st.sampled_from(_ENDED), _around(-DAY, -7 * DAY)), max_size=3),
    running=_mostly(None, "backup", "restore"),
)


def _expected_backup(profile: str, facts: BackupFacts) -> str | None:
    """The rule table, told once more in a few lines."""
    windows = {"closed-beta": 7 * DAY, "general-availability": DAY}
    if profile == "closed-beta" and not facts.enrolled:
        return "ORGANIZATION_NOT_ENROLLED"
    if profile != "self-hosted" and facts.encryption == "BRING_YOUR_OWN_KEY":
        return "BYOK_PRODUCT_UNSUPPORTED"
    if facts.running is not None:
        return f"{facts.running.upper()}_IN_PROGRESS"
    complete = [when for state, when in facts.earlier if state == "COMPLETE"]
    if profile in windows and complete and max(complete) > -windows[profile]:
        return "BACKUP_TOO_SOON"
    return None


@pytest.mark.parametrize("profile", PROFILES)
@checked
@given(facts=_BACKUP_FACTS)
async def test_a_backup_is_refused_exactly_where_its_dry_run_is_and_the_table_says_so(
    world: World, policy: str, profile: str, facts: BackupFacts
) -> None:
    await world.forget()
    await world.change(schema.organization, enrolled=facts.enrolled)
    await world.change(schema.product, encryption=facts.encryption)
    for state, when in facts.earlier:
        await world.backup(state, create_time=world.now + when)
    if facts.running is not None:
        await world.operation(facts.running)
    reasons: list[str | None] = []
    for validate_only in (True, False):
        request = world.client.backup_request(policy, validate_only=validate_only)
        call = world.client.backups.CreateBackup(request)
        try:
            await call
            reasons.append(None)
        except aio.AioRpcError:
            reasons.append((await world.client.refusal(call)).reason)
    assert reasons == [_expected_backup(profile, facts)] * 2
