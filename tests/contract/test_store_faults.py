"""A store in a bucket while the network and the server misbehave: each fault happens once."""

from __future__ import annotations

import dataclasses
import re
import time
from collections.abc import AsyncIterator

import pytest

from sitekeep_shared.vault import object_listing
from sitekeep_shared.vault.errors import DeleteRefused, ObjectMissing, StoreUnavailable
from sitekeep_shared.vault.limits import Limits
from sitekeep_shared.vault.location import BucketLocation, Cloud
from sitekeep_shared.vault.object_store import ObjectStore
from sitekeep_shared.vault.vault import Vault
from support.fault_proxy import (
    Act,
    FaultProxy,
    cut_body,
    done_but,
    lose_answer,
    refuse,
    reset,
    stall,
    stall_after,
)
from support.store_emulators import S3_ENVIRONMENT, make_s3_bucket
from support.stores import QUICK, Stores
from unit.vault.vault_helpers import KEYS, SMALL, issues, make_backup, merged, read_all

PUT_FAULTS: dict[str, Act] = {
    "the answer is lost": lose_answer,
    "the connection is reset": reset,
    "nothing is answered": stall,
    "it is done and nothing is answered": stall_after,
    "it is done and called an error": done_but(500, "InternalError"),
    "it is done and called too fast": done_but(503, "SlowDown"),
    "500": refuse(500, "InternalError"),
    "502": refuse(502, "BadGateway"),
    "503": refuse(503, "SlowDown"),
    "429": refuse(429, "TooManyRequests"),
    "409": refuse(409, "ConditionalRequestConflict"),
    "408": refuse(408, "RequestTimeout"),
}
READ_FAULTS: dict[str, Act] = {
    "the answer is cut": cut_body,
    "the answer is lost": lose_answer,
    "the connection is reset": reset,
    "nothing is answered": stall,
    "500": refuse(500, "InternalError"),
    "503": refuse(503, "SlowDown"),
}
KEY = "backups/site-1/b1"
PACK = f"packs/aa/{'aa' * 32}"


@pytest.fixture
async def proxy(stores: Stores, moto_url: str) -> AsyncIterator[FaultProxy]:
    make_s3_bucket(moto_url, stores.bucket)
    async with FaultProxy(moto_url).running() as proxy:
        stores.use_s3(proxy.url)
        yield proxy
        proxy.require_all_fired()


def open_store(stores: Stores, limits: Limits = QUICK) -> ObjectStore:
    return ObjectStore(BucketLocation(Cloud.S3, stores.bucket), limits)


@pytest.fixture
def store(stores: Stores, proxy: FaultProxy) -> ObjectStore:
    del proxy  # It has set the environment.
    return open_store(stores)


@pytest.mark.parametrize("fault", PUT_FAULTS)
@pytest.mark.parametrize("key", [KEY, PACK])
async def test_a_put_in_trouble_ends_as_one_that_made_the_object(
    store: ObjectStore, proxy: FaultProxy, fault: str, key: str
) -> None:
    proxy.expect(fault, "PUT", key, PUT_FAULTS[fault])

    assert await store.put_new(key, [b"ours ", b"alone"])

    assert await store.get(key) == b"ours alone"
    assert [item.key async for item in store.list(key.rpartition("/")[0] + "/")] == [key]


@pytest.mark.parametrize("fault", PUT_FAULTS)
async def test_a_put_in_trouble_does_not_take_anothers_object_for_its_own(
    store: ObjectStore, proxy: FaultProxy, fault: str
) -> None:
    assert await store.put_new(KEY, [b"another's"])
    proxy.expect(fault, "PUT", KEY, PUT_FAULTS[fault])

    assert not await store.put_new(KEY, [b"ours"])

    assert await store.get(KEY) == b"another's"


async def test_a_key_that_exists_is_not_read_where_nothing_went_wrong(
    store: ObjectStore, proxy: FaultProxy
) -> None:
    await store.put_new(KEY, [b"same"])
    before = len(proxy.requests)

    assert not await store.put_new(KEY, [b"same"])

    assert [line.split()[0] for line in proxy.requests[before:]] == ["PUT"]


async def test_a_pack_is_proven_by_its_name_and_not_read_back(
    store: ObjectStore, proxy: FaultProxy
) -> None:
    proxy.expect("the answer is lost", "PUT", PACK, lose_answer)

    assert await store.put_new(PACK, [b"x" * 1000])

    assert [line.split()[0] for line in proxy.requests] == ["PUT", "PUT", "HEAD"]


@pytest.mark.parametrize("fault", READ_FAULTS)
async def test_a_read_in_trouble_gives_what_was_written(
    store: ObjectStore, proxy: FaultProxy, fault: str
) -> None:
    content = bytes(range(256)) * 200
    await store.put_new(PACK, [content])
    for name in ("the whole", "a part"):
        proxy.expect(f"{fault} at {name}", "GET", PACK, READ_FAULTS[fault])

    assert await store.get(PACK) == content
    assert await store.get_range(PACK, 100, 20_000) == content[100:20_100]


@pytest.mark.parametrize("fault", [name for name in READ_FAULTS if name != "the answer is cut"])
async def test_looking_up_listing_and_removing_survive_trouble(
    store: ObjectStore, proxy: FaultProxy, fault: str
) -> None:
    await store.put_new(KEY, [b"x"])
    bucket = proxy.requests[0].split("/")[1]
    proxy.expect(f"{fault} at a look-up", "HEAD", KEY, READ_FAULTS[fault])
    proxy.expect(f"{fault} at a removal", "DELETE", KEY, READ_FAULTS[fault])
    proxy.expect(f"{fault} at a listing", "GET", f"/{bucket}", READ_FAULTS[fault])

    assert await store.head(KEY) is not None
    assert [item.key async for item in store.list("backups/")] == [KEY]
    await store.delete(KEY)

    assert await store.head(KEY) is None


async def test_a_listing_goes_on_where_it_was_when_a_page_could_not_be_had(
    store: ObjectStore, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "3")
    monkeypatch.setattr(object_listing, "PAGE_OBJECTS", 3)
    keys = [f"index/b.{number}" for number in range(10)]
    for key in keys:
        await store.put_new(key, [b"x"])
    proxy.expect("the second page is refused", "GET", "continuation-token", refuse(503, "Slow"))
    proxy.expect("the second attempt is cut", "GET", "start-after", cut_body)

    assert [item.key async for item in store.list("index/")] == keys


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (refuse(503, "SlowDown"), "it answers 503 SlowDown: said the proxy"),
        (stall, "it does not answer"),
        (reset, "it cannot be reached"),
    ],
)
async def test_a_put_ends_in_time_when_nothing_helps(
    stores: Stores, proxy: FaultProxy, act: Act, said: str
) -> None:
    store = open_store(stores, dataclasses.replace(QUICK, put_seconds=0.6, idle_seconds=0.2))
    fault = proxy.expect("it stays", "PUT", KEY, act, stays=True)
    begun = time.monotonic()

    with pytest.raises(StoreUnavailable, match=said) as caught:
        await store.put_new(KEY, [b"x"])

    assert time.monotonic() - begun < 2
    assert fault.fired > 1
    assert str(caught.value).startswith(f"The vault's object {KEY} cannot be written in s3://")


def test_a_put_ends_before_a_commit_could_outlive_its_lease() -> None:
    limits = Limits()
    assert limits.put_seconds < limits.commit_margin_seconds
    assert limits.idle_seconds < limits.put_seconds


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (404, "NoSuchBucket", "there is no bucket bucket"),
        (403, "AccessDenied", r"the permission is missing .*s3:GetObject"),
        (403, "InvalidAccessKeyId", r"the credentials are refused \(InvalidAccessKeyId\)"),
        (403, "SignatureDoesNotMatch", "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
        (403, "RequestTimeTooSkewed", "the clock of this machine"),
        (400, "AuthorizationHeaderMalformed", "in another region; set AWS_REGION"),
        (301, "PermanentRedirect", "in another region; set AWS_REGION"),
        (400, "EntityTooLarge", "it answers 400 EntityTooLarge: said the proxy"),
        (501, "NotImplemented", "it answers 501 NotImplemented"),
    ],
)
async def test_what_no_attempt_can_mend_is_said_at_once_with_its_cause(
    store: ObjectStore, proxy: FaultProxy, status: int, code: str, said: str
) -> None:
    for method in ("PUT", "GET"):
        proxy.expect(f"{code} at {method}", method, KEY, refuse(status, code), stays=True)

    for use in (store.put_new(KEY, [b"x"]), store.get(KEY)):
        with pytest.raises(StoreUnavailable, match=said) as caught:
            await use
        for secret in (*S3_ENVIRONMENT.values(), "http://", "X-Amz"):
            assert secret == "us-east-1" or secret not in str(caught.value)

    assert len(proxy.requests) == 2


@pytest.mark.parametrize(
    ("status", "code"), [(403, "AccessDenied"), (403, "ObjectLockRetention"), (409, "LegalHold")]
)
async def test_a_refused_removal_is_told_from_a_store_that_fails(
    store: ObjectStore, proxy: FaultProxy, status: int, code: str
) -> None:
    await store.put_new(PACK, [b"x"])
    proxy.expect(code, "DELETE", PACK, refuse(status, code))

    with pytest.raises(DeleteRefused, match=re.escape(code)):
        await store.delete(PACK)

    assert await store.get(PACK) == b"x"


# Its session waits in real time; what a put does when nothing is answered is tested above.
@pytest.mark.parametrize("fault", [name for name in PUT_FAULTS if "nothing is" not in name])
async def test_a_backup_is_committed_once_through_trouble_at_every_kind_of_object(
    store: ObjectStore, proxy: FaultProxy, fault: str, stores: Stores
) -> None:
    for part in ("FORMAT", "/keys/", "/leases/", "/packs/", "/index/", "/backups/"):
        proxy.expect(f"{fault} at {part}", "PUT", part, PUT_FAULTS[fault])
    content = {"u1": issues(1, 20), "u2": issues(30, 5)}
    vault = await Vault.open(store, KEYS, stores.clock, create=True, limits=SMALL)

    await make_backup(vault, "b1", content)

    assert await read_all(vault, "b1") == merged(content.values())
    assert [header.backup_id async for header in vault.backups()] == ["b1"]


async def test_a_bucket_that_is_not_there_is_not_taken_for_an_empty_one(
    stores: Stores, proxy: FaultProxy
) -> None:
    assert proxy.url
    store = ObjectStore(BucketLocation(Cloud.S3, "nobucket"), QUICK)

    with pytest.raises(StoreUnavailable, match="there is no bucket nobucket; make it"):
        [item async for item in store.list("keys/")]
    with pytest.raises(StoreUnavailable, match="no bucket"):
        await store.get("FORMAT")
    with pytest.raises(ObjectMissing):
        await open_store(stores).get("FORMAT")
