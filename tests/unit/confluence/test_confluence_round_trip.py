"""A generated site, exported, restored into an empty one, and exported again."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from sitekeep_backup.exporters.confluence import EXPORTER
from sitekeep_restore.importers.confluence import IMPORTER
from sitekeep_restore.importers.confluence.emptiness import find_content
from sitekeep_restore.importers.unit import ImportOptions
from sitekeep_shared.atlassian.errors import AmbiguousWrite
from sitekeep_shared.clock import SystemClock
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.key_file import load_or_create_key_file
from sitekeep_shared.vault.local_store import DurableLocalStore
from sitekeep_shared.vault.vault import Vault
from sitekeep_shared.work.tally import Severity, Tally
from sitekeep_simulator.faults import FaultKind
from support.confluence_fakes import MemoryIdentities, export, export_into, restore
from support.confluence_pair import Pair, site_pair, undeclared

_KINDS = (
    Kind.SPACE,
    Kind.PAGE,
    Kind.BLOG_POST,
    Kind.FOOTER_COMMENT,
    Kind.INLINE_COMMENT,
    Kind.LABEL,
    Kind.ATTACHMENT,
)


@pytest_asyncio.fixture
async def pair() -> AsyncIterator[Pair]:
    async with site_pair() as sites:
        yield sites


def _reasons(tally: Tally) -> Counter[str]:
    return Counter(finding.reason for finding in tally.findings)


def _errors(tally: Tally) -> list[str]:
    return [str(found) for found in tally.findings if found.severity is Severity.ERROR]


async def test_what_comes_back_differs_only_where_the_coverage_says_so(pair: Pair) -> None:
    pair.fill()
    pair.tame()
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    after = await pair.destination.backup()
    assert undeclared(before, after) == []
    assert _errors(tally) == []
    for kind in _KINDS:
        assert before.count(kind) == after.count(kind) > 0, kind
        assert tally.of(kind).expected == tally.of(kind).done, kind


async def test_a_backup_in_a_vault_is_restored_from_it(pair: Pair, tmp_path: Path) -> None:
    pair.fill(pages=40)
    pair.tame()
    before = await pair.source.backup()
    keys = load_or_create_key_file(tmp_path / "keys.json")
    store = DurableLocalStore(tmp_path / "vault")
    vault = await Vault.open(store, keys, SystemClock(), create=True)
    session = await vault.begin_backup("one", site="acme", fence=1)
    await export_into(EXPORTER, pair.source.client, session)
    await session.close()
    reader = await vault.open_backup("acme", "one")
    tally = await restore(IMPORTER, pair.destination.client, reader)
    await reader.close()
    await vault.close()
    assert _errors(tally) == []
    assert undeclared(before, await pair.destination.backup()) == []


async def test_an_export_stores_all_that_it_lists(pair: Pair) -> None:
    pair.fill()
    backup, tally = await export(EXPORTER, pair.source.client)
    assert _errors(tally) == []
    for kind in (Kind.USER, Kind.GROUP, Kind.MEMBERSHIP, *_KINDS):
        assert tally.of(kind).expected == tally.of(kind).done > 0, kind
        assert backup.payloads(kind), kind
    row = "SELECT count(*) FROM confluence_content WHERE kind = ?"
    assert backup.count(Kind.PAGE) == pair.source.site.store.value(row, ("page",))
    assert backup.count(Kind.BLOG_POST) == pair.source.site.store.value(row, ("blogpost",))


async def test_comments_without_their_text_come_back_as_footer_comments(pair: Pair) -> None:
    pair.fill()
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    after = await pair.destination.backup()
    became_footer = _reasons(tally)["INLINE_AS_FOOTER"]
    assert became_footer > 0
    assert after.count(Kind.INLINE_COMMENT) == before.count(Kind.INLINE_COMMENT) - became_footer
    assert after.count(Kind.FOOTER_COMMENT) == before.count(Kind.FOOTER_COMMENT) + became_footer
    assert tally.of(Kind.INLINE_COMMENT).lossy == became_footer


async def test_a_personal_space_of_somebody_else_becomes_a_private_space(pair: Pair) -> None:
    pair.fill()
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    rows = pair.destination.site.store.rows("SELECT key, private_to FROM confluence_space")
    private = [row["key"] for row in rows if row["private_to"]]
    assert len(private) == 1
    assert private[0].startswith("PERSONAL")
    assert _reasons(tally)["PERSONAL_SPACE_PRIVATE"] == 1


async def test_trashed_pages_give_way_to_the_page_that_has_their_title(pair: Pair) -> None:
    pair.fill(pages=300)
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    renamed = [found for found in tally.findings if found.reason == "TITLE_TAKEN"]
    assert renamed
    assert tally.of(Kind.PAGE).lossy == len(renamed)
    for finding in renamed:
        row = pair.destination.site.store.row(
            "SELECT title FROM confluence_content WHERE status = 'current' AND title = ?",
            (finding.key,),
        )
        assert row is not None


_WRITES = [
    r"^/wiki/rest/api/space$",
    r"^/wiki/api/v2/pages$",
    r"^/wiki/api/v2/pages/\d+$",
    r"/properties$",
    r"^/wiki/api/v2/blogposts$",
    r"/child/attachment$",
    r"^/wiki/api/v2/footer-comments$",
    r"^/wiki/api/v2/inline-comments$",
    r"/label$",
    r"/content/archive$",
    r"^/wiki/rest/api/group$",
    r"/userByGroupId$",
]


@pytest.mark.parametrize("path", _WRITES)
async def test_a_write_without_an_answer_is_not_done_twice(pair: Pair, path: str) -> None:
    pair.fill(pages=30)
    pair.tame()
    before = await pair.source.backup()
    faults = [
        pair.destination.site.faults.plan(FaultKind.LOST, path, method=method, times=2)
        for method in ("POST", "PUT")
    ]
    tally = await restore(
        IMPORTER, pair.destination.client, before, attempts=4, retried=(AmbiguousWrite,)
    )
    assert sum(fault.fired for fault in faults) > 0
    pair.destination.site.faults.clear()
    after = await pair.destination.backup()
    assert _errors(tally) == []
    assert [one for one in undeclared(before, after) if one.path != "order"] == []
    for kind in _KINDS:
        assert after.count(kind) == before.count(kind), kind


async def test_trashed_content_that_was_trashed_already_is_left_alone(pair: Pair) -> None:
    pair.fill(pages=40)
    pair.tame()
    before = await pair.source.backup()
    fault = pair.destination.site.faults.plan(FaultKind.LOST, "/pages/", method="DELETE")
    tally = await restore(
        IMPORTER, pair.destination.client, before, attempts=2, retried=(AmbiguousWrite,)
    )
    assert fault.fired == 1
    assert _reasons(tally)["TRASH_REFUSED"] == 0
    assert undeclared(before, await pair.destination.backup()) == []


async def test_people_without_an_account_are_kept_as_names(pair: Pair) -> None:
    pair.fill()
    store = pair.destination.site.store
    store.execute("DELETE FROM account WHERE email <> 'admin@example.com'")
    pair.destination.site.accounts._cache.clear()  # pyright: ignore[reportPrivateUsage]
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    reasons = _reasons(tally)
    assert reasons["USER_KEPT_AS_TEXT"] == before.count(Kind.USER) - 1
    assert reasons["MENTION_AS_TEXT"] > 0
    bodies = [row["body"] for row in store.rows("SELECT body FROM confluence_content")]
    assert any("@Emeka Okafor" in body for body in bodies)
    assert tally.of(Kind.PAGE).done == tally.of(Kind.PAGE).expected


async def test_users_and_groups_are_not_touched_where_they_are_to_be_skipped(pair: Pair) -> None:
    pair.fill(pages=20)
    before = await pair.source.backup()
    groups = pair.destination.site.store.value("SELECT count(*) FROM site_group")
    options = ImportOptions(skip_users_and_groups=True)
    identities = MemoryIdentities()
    tally = await restore(
        IMPORTER, pair.destination.client, before, options=options, identities=identities
    )
    assert pair.destination.site.store.value("SELECT count(*) FROM site_group") == groups
    assert not {Kind.USER, Kind.GROUP, Kind.MEMBERSHIP} & tally.counts.keys()
    assert identities.targets[Kind.USER.value]


async def test_a_file_that_the_site_lost_is_named_with_its_page(pair: Pair) -> None:
    pair.fill(pages=30)
    fault = pair.source.site.faults.plan(FaultKind.MISSING, r"/child/attachment/att\d+/download$")
    backup, tally = await export(EXPORTER, pair.source.client)
    assert fault.fired == 1
    missing = [found for found in tally.findings if found.severity is Severity.ERROR]
    assert [found.reason for found in missing] == ["FILE_NOT_FOUND"]
    title, _, filename = missing[0].key.partition("/")
    assert pair.source.site.store.row("SELECT 1 FROM confluence_content WHERE title = ?", (title,))
    assert filename
    count = tally.of(Kind.ATTACHMENT)
    assert (count.expected, count.missing) == (count.done + 1, 1)
    assert backup.count(Kind.ATTACHMENT) == count.done


async def test_files_are_left_out_where_the_policy_says_so_and_that_is_said(pair: Pair) -> None:
    pair.fill(pages=20)
    backup, tally = await export(EXPORTER, pair.source.client, include_attachments=False)
    assert backup.count(Kind.ATTACHMENT) == 0
    assert _reasons(tally)["ATTACHMENTS_NOT_INCLUDED"] == 1


async def test_an_empty_destination_has_nothing_to_delete(pair: Pair) -> None:
    assert await find_content(pair.destination.client) == []


async def test_everything_that_is_left_at_a_destination_is_found(pair: Pair) -> None:
    pair.fill(pages=120)
    found = await find_content(pair.source.client)
    types = Counter(violation.type for violation in found)
    assert types["DEFAULT_PERSONAL_SPACE"] == 1
    assert set(types) == {
        "ACTIVE_CONTENT",
        "ARCHIVED_CONTENT",
        "DELETED_CONTENT",
        "DEFAULT_PERSONAL_SPACE",
    }
    assert all("elete" in one.description or "urge" in one.description for one in found)


async def test_an_export_of_bodies_asks_little_more_than_once_per_space(pair: Pair) -> None:
    pair.fill(pages=120)
    store = pair.source.site.store
    spaces = store.value("SELECT count(*) FROM confluence_space")
    pair.source.site.request_log.clear()
    await export(EXPORTER, pair.source.client, include_attachments=False)
    log = pair.source.site.request_log
    assert log.count("GET", "/wiki/api/v2/spaces/{id}/pages") == spaces
    assert log.count("GET", "/wiki/api/v2/spaces/{id}/blogposts") == spaces
    assert log.count("GET", "/wiki/api/v2/pages/{id}") == 0
