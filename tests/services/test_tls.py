"""TLS between clients and servers, and accounts that client certificates stand for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
from grpc import aio

from sitekeep.backup.v1 import organization_pb2
from sitekeep.restore.v1 import restore_pb2
from sitekeep_backup.server import BackupServer
from sitekeep_restore.server import RestoreServer
from sitekeep_shared.clock import ManualClock
from sitekeep_shared.config import ClientTls, ServerTls, Settings
from sitekeep_shared.rpc.health_probe import probe
from sitekeep_shared.rpc.server import ListenError
from sitekeep_shared.rpc.tls import TlsError
from sitekeep_simulator.server import RunningSite
from support.certificates import Authority, Pair
from support.client import ADMIN_ACCOUNT, ORGANIZATION, Client, make_key, open_channel

LOCAL = "127.0.0.1:0"
STRANGER = "account-of-a-stranger"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def tls(settings: Settings, authority: Authority) -> Settings:
    """Servers with TLS that ask nobody for a certificate."""
    pair = authority.server()
    return replace(
        settings,
        backup_listen=LOCAL,
        restore_listen=LOCAL,
        server_tls=ServerTls(pair.certificate, pair.key, None),
        client_tls=trusting(authority),
    )


@pytest.fixture
def mutual_tls(tls: Settings, authority: Authority) -> Settings:
    """Servers with TLS that ask everybody for a certificate."""
    assert tls.server_tls is not None
    return replace(
        tls,
        server_tls=replace(tls.server_tls, client_authority=authority.certificate),
        client_tls=trusting(authority, authority.client("restore-service")),
    )


def trusting(authority: Authority, own: Pair | None = None) -> ClientTls:
    """A client that trusts the authority, with a certificate of its own or without."""
    if own is None:
        return ClientTls(authority.certificate, None, None)
    return ClientTls(authority.certificate, own.certificate, own.key)


@asynccontextmanager
async def serving(settings: Settings, clock: ManualClock) -> AsyncGenerator[BackupServer, None]:
    """A Backup server; there is an organization that the admin's account administers."""
    async with BackupServer(settings, clock) as server:
        key = await make_key(server.database, clock)
        own = settings.client_tls
        async with client_of(server, server, security=own, key=key) as client:
            await client.add_organization()
        yield server


@asynccontextmanager
async def client_of(
    backup: BackupServer,
    restore: BackupServer | RestoreServer,
    *,
    security: ClientTls | None,
    key: str = "",
) -> AsyncGenerator[Client, None]:
    """A client of both servers."""
    async with AsyncExitStack() as stack:
        channels = [
            await stack.enter_async_context(open_channel(f"127.0.0.1:{server.port}", key, security))
            for server in (backup, restore)
        ]
        yield Client(channels[0], channels[1])


async def code_of(server: BackupServer, *, security: ClientTls | None, key: str = "") -> str:
    """What a call about the organization comes to: OK, or the code with its reason."""
    request = organization_pb2.GetOrganizationRequest(name=ORGANIZATION)
    async with client_of(server, server, security=security, key=key) as client:
        try:
            await client.organizations.GetOrganization(request)
        except aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.UNAVAILABLE:
                return "UNAVAILABLE"
        else:
            return "OK"
        refusal = await client.refusal(client.organizations.GetOrganization(request))
        return f"{refusal.code} {refusal.reason}"


async def test_a_client_that_trusts_the_authority_works_with_a_key(
    tls: Settings, clock: ManualClock, authority: Authority
) -> None:
    async with serving(tls, clock) as server:
        key = await make_key(server.database, clock)
        assert await code_of(server, security=trusting(authority), key=key) == "OK"
        missing = await code_of(server, security=trusting(authority))
        assert missing == "UNAUTHENTICATED CREDENTIALS_MISSING"


async def test_a_client_without_tls_reaches_nothing(tls: Settings, clock: ManualClock) -> None:
    async with serving(tls, clock) as server:
        key = await make_key(server.database, clock)
        assert await code_of(server, security=None, key=key) == "UNAVAILABLE"


async def test_a_client_of_another_authority_sends_no_key(
    tls: Settings, clock: ManualClock, tmp_path: Path
) -> None:
    other = Authority(tmp_path, "other")
    async with serving(tls, clock) as server:
        key = await make_key(server.database, clock)
        assert await code_of(server, security=trusting(other), key=key) == "UNAVAILABLE"


async def test_a_server_whose_certificate_is_out_of_date_is_not_trusted(
    tls: Settings, clock: ManualClock, authority: Authority
) -> None:
    old = authority.server(ends=-timedelta(days=2))
    settings = replace(tls, server_tls=ServerTls(old.certificate, old.key, None))
    async with BackupServer(settings, clock) as server:
        key = await make_key(server.database, clock)
        assert await code_of(server, security=trusting(authority), key=key) == "UNAVAILABLE"


async def test_a_certificate_is_not_asked_for_unless_told(
    tls: Settings, clock: ManualClock, authority: Authority
) -> None:
    own = trusting(authority, authority.client(ADMIN_ACCOUNT))
    async with serving(tls, clock) as server:
        assert await code_of(server, security=own) == "UNAUTHENTICATED CREDENTIALS_MISSING"


async def test_the_certificate_of_an_admin_stands_for_its_account_without_a_key(
    mutual_tls: Settings, clock: ManualClock, authority: Authority
) -> None:
    own = trusting(authority, authority.client(ADMIN_ACCOUNT))
    async with serving(mutual_tls, clock) as server:
        assert await code_of(server, security=own) == "OK"
        async with client_of(server, server, security=own) as client:
            made = await client.organizations.CreateOrganization(
                organization_pb2.CreateOrganizationRequest(
                    organization_id="second",
                    organization=organization_pb2.Organization(display_name="Second"),
                )
            )
            admins = await client.organizations.ListAdmins(
                organization_pb2.ListAdminsRequest(parent=made.name)
            )
    assert [one.account_id for one in admins.admins] == [ADMIN_ACCOUNT]


async def test_the_certificate_of_another_account_is_not_permitted(
    mutual_tls: Settings, clock: ManualClock, authority: Authority
) -> None:
    own = trusting(authority, authority.client(STRANGER))
    async with serving(mutual_tls, clock) as server:
        refused = await code_of(server, security=own)
    assert refused == "PERMISSION_DENIED NOT_ORGANIZATION_ADMIN"


async def test_a_certificate_of_another_authority_reaches_nothing(
    mutual_tls: Settings, clock: ManualClock, authority: Authority, tmp_path: Path
) -> None:
    forged = trusting(authority, Authority(tmp_path, "other").client(ADMIN_ACCOUNT))
    async with serving(mutual_tls, clock) as server:
        key = await make_key(server.database, clock)
        assert await code_of(server, security=forged, key=key) == "UNAVAILABLE"


async def test_no_certificate_reaches_nothing_where_one_is_asked_for(
    mutual_tls: Settings, clock: ManualClock, authority: Authority
) -> None:
    async with serving(mutual_tls, clock) as server:
        key = await make_key(server.database, clock)
        assert await code_of(server, security=trusting(authority), key=key) == "UNAVAILABLE"


@pytest.mark.parametrize(
    ("certified", "keyed", "expected"),
    [
        (STRANGER, ADMIN_ACCOUNT, "OK"),
        (ADMIN_ACCOUNT, STRANGER, "PERMISSION_DENIED NOT_ORGANIZATION_ADMIN"),
        (ADMIN_ACCOUNT, "", "UNAUTHENTICATED CREDENTIALS_INVALID"),
    ],
    ids=["the key of an admin", "the key of a stranger", "a key that nobody has"],
)
async def test_the_key_decides_where_there_is_a_certificate_too(
    mutual_tls: Settings,
    clock: ManualClock,
    authority: Authority,
    certified: str,
    keyed: str,
    expected: str,
) -> None:
    own = trusting(authority, authority.client(certified))
    async with serving(mutual_tls, clock) as server:
        key = await make_key(server.database, clock, keyed) if keyed else "sitekeep_of-nobody"
        assert await code_of(server, security=own, key=key) == expected


@pytest.mark.parametrize("mode", ["tls", "mutual_tls"])
async def test_restore_reaches_backup(
    mode: str, request: pytest.FixtureRequest, clock: ManualClock, empty_site: RunningSite
) -> None:
    settings: Settings = request.getfixturevalue(mode)
    async with AsyncExitStack() as stack:
        backup_server = await stack.enter_async_context(serving(settings, clock))
        address = f"127.0.0.1:{backup_server.port}"
        restore_settings = replace(settings, backup_address=address)
        restore_server = await stack.enter_async_context(RestoreServer(restore_settings, clock))
        key = await make_key(backup_server.database, clock)
        client = await stack.enter_async_context(
            client_of(backup_server, restore_server, security=settings.client_tls, key=key)
        )
        product = await client.add_product("jira", "JIRA", empty_site.base_url)
        backup = await client.back_up(await client.add_policy("weekly", product))
        checked = await client.restores.CheckRestore(
            restore_pb2.CheckRestoreRequest(
                parent=ORGANIZATION,
                restore=restore_pb2.Restore(backup=backup.name, product=product),
            )
        )
        assert checked.allowed, checked
        # A restore holds the backup, which only the Backup server can do.
        started = await client.restores.CreateRestore(client.restore_request(backup.name, product))
        done = await client.watch(started.name)
        assert not done.HasField("error"), done.error


@pytest.mark.parametrize(
    ("mode", "own", "expected"),
    [("tls", False, 0), ("mutual_tls", True, 0), ("mutual_tls", False, 2), ("tls", None, 2)],
)
async def test_the_health_probe_speaks_tls_and_needs_no_key(
    mode: str,
    own: bool | None,
    expected: int,
    request: pytest.FixtureRequest,
    clock: ManualClock,
    authority: Authority,
) -> None:
    settings: Settings = request.getfixturevalue(mode)
    security = trusting(authority, authority.client("probe") if own else None)
    async with BackupServer(settings, clock) as server:
        address = f"127.0.0.1:{server.port}"
        found = await asyncio.to_thread(probe, address, None if own is None else security)
    assert found == expected


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", ":0"])
async def test_a_server_without_tls_stays_on_this_machine(
    settings: Settings, clock: ManualClock, address: str
) -> None:
    with pytest.raises(ListenError, match="SITEKEEP_INSECURE_LISTEN=1"):
        async with BackupServer(replace(settings, backup_listen=address), clock):
            pass


async def test_a_server_without_tls_leaves_this_machine_where_it_is_told_so(
    settings: Settings, clock: ManualClock
) -> None:
    told = replace(settings, backup_listen="0.0.0.0:0", insecure_listen=True)
    async with serving(replace(told, client_tls=None), clock) as server:
        key = await make_key(server.database, clock)
        assert await code_of(server, security=None, key=key) == "OK"


async def test_a_server_with_tls_may_listen_beyond_this_machine(
    tls: Settings, clock: ManualClock, authority: Authority
) -> None:
    async with serving(replace(tls, backup_listen="0.0.0.0:0"), clock) as server:
        key = await make_key(server.database, clock)
        assert await code_of(server, security=trusting(authority), key=key) == "OK"


@pytest.mark.parametrize(
    ("trouble", "message"),
    [
        ("no certificate", "holds no certificate in PEM form"),
        ("no key", "holds no private key in PEM form"),
        ("another key", "is not the key of the certificate"),
        ("no file", "cannot be read"),
    ],
)
async def test_a_file_that_is_not_what_it_has_to_be_is_named(
    tls: Settings, clock: ManualClock, authority: Authority, trouble: str, message: str
) -> None:
    right, other = authority.server(), authority.client("other")
    wrong = {
        "no certificate": ServerTls(right.key, right.key, None),
        "no key": ServerTls(right.certificate, right.certificate, None),
        "another key": ServerTls(right.certificate, other.key, None),
        "no file": ServerTls(right.certificate, right.key.with_name("none.key"), None),
    }
    with pytest.raises(TlsError, match=message):
        async with BackupServer(replace(tls, server_tls=wrong[trouble]), clock):
            pass
