"""Generated content and the real data of a simulated Jira."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import pytest

from sitekeep_simulator.jira.data_loader import load_data
from sitekeep_simulator.jira.documents import check_document, media_ids
from sitekeep_simulator.jira.generator import generate
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.site import SimulatedSite
from support.jira_site import Json, jira_caller

DATA = Path(os.environ.get("SITEKEEP_DATA", Path(__file__).parents[4] / "shared" / "data"))
needs_data = pytest.mark.skipif(
    not (DATA / "jira" / "tidev").is_dir(), reason=f"no real data in {DATA} (SITEKEEP_DATA)"
)
Loaded = tuple[SimulatedSite, Mapping[str, int]]


def _digest(name: str, seed: int) -> tuple[str, Mapping[str, int]]:
    site = SimulatedSite(name)
    summary = generate(site, seed=seed, issues=120)
    digest = hashlib.sha256()
    for row in site.store.rows("SELECT fields FROM jira_rendered ORDER BY issue_id"):
        digest.update(row["fields"])
    site.close()
    return digest.hexdigest(), summary


def test_the_same_seed_gives_the_same_content() -> None:
    assert _digest("one", 4) == _digest("one", 4)


def test_another_seed_gives_other_content() -> None:
    assert _digest("one", 4)[0] != _digest("one", 5)[0]


def test_another_site_gives_the_same_amounts_under_other_ids() -> None:
    (first, first_summary), (second, second_summary) = _digest("one", 4), _digest("two", 4)
    assert first != second
    assert first_summary == second_summary


def test_generated_content_has_what_makes_backups_hard() -> None:
    site = SimulatedSite("one")
    summary = generate(site, seed=2, issues=300)
    value = site.store.value
    assert summary["issue"] == value("SELECT count(*) FROM jira_issue") >= 300
    assert value("SELECT sum(counter) FROM jira_project") > 300
    assert value("SELECT max(n) FROM (SELECT count(*) n FROM jira_comment GROUP BY issue_id)") > 100
    assert value("SELECT max(n) FROM (SELECT count(*) n FROM jira_worklog GROUP BY issue_id)") > 20
    across = (
        "SELECT count(*) FROM jira_link l JOIN jira_issue a ON a.id = source_id "
        "JOIN jira_issue b ON b.id = target_id WHERE a.project_id <> b.project_id"
    )
    late = (
        "SELECT count(*) FROM jira_issue c JOIN jira_issue p ON p.id = c.parent_id "
        "WHERE p.number > c.number AND p.project_id = c.project_id"
    )
    for query in (
        across,
        late,
        "SELECT count(*) FROM jira_comment WHERE visibility NOT NULL",
        "SELECT count(*) FROM account WHERE NOT active",
        "SELECT count(*) FROM account WHERE email_hidden",
        "SELECT count(*) FROM jira_remote_link",
        "SELECT count(*) FROM jira_moved_key",
        "SELECT count(*) FROM jira_attachment WHERE filename <> trim(filename)",
    ):
        assert value(query) > 0, query
    site.close()


def test_generated_documents_are_what_a_site_takes() -> None:
    site = SimulatedSite("one")
    generate(site, seed=2, issues=100)
    jira = Jira(site)
    shown = 0
    for row in site.store.rows("SELECT fields FROM jira_issue"):
        document: Json = msgspec.json.decode(row["fields"])["description"]
        if document is not None:
            check_document(jira, document)
            shown += len(media_ids(document))
    assert shown > 0
    site.close()


def test_300_issues_are_generated_within_two_seconds() -> None:
    site = SimulatedSite("one")
    start = time.process_time()
    generate(site, seed=1, issues=300)
    assert time.process_time() - start < 2
    site.close()


@pytest.fixture(scope="module")
def loaded() -> Iterator[Loaded]:
    site = SimulatedSite("real")
    yield site, load_data(site, DATA)
    site.close()


@needs_data
def test_all_real_issues_are_loaded_with_their_keys(loaded: Loaded) -> None:
    site, summary = loaded
    assert summary["issues"] == site.store.value("SELECT count(*) FROM jira_issue") == 2183
    assert summary["comments"] == site.store.value("SELECT count(*) FROM jira_comment") == 6431
    assert summary["subtasks"] == 98
    assert summary["versions"] == 453
    numbers = site.store.rows(
        "SELECT number, counter FROM jira_issue JOIN jira_project p ON p.id = project_id"
    )
    assert all(row["number"] <= row["counter"] for row in numbers)
    assert summary["missing_numbers"] == site.store.value(
        "SELECT (SELECT sum(counter) FROM jira_project) - (SELECT count(*) FROM jira_issue)"
    )


@needs_data
def test_names_have_no_outer_blanks_and_people_have_valid_addresses(loaded: Loaded) -> None:
    site, summary = loaded
    summaries = site.store.rows("SELECT json_extract(fields, '$.summary') AS name FROM jira_issue")
    named = site.store.rows("SELECT name FROM jira_object")
    names = [str(row["name"]) for row in (*summaries, *named)]
    assert names == [name.strip() for name in names]
    people = site.accounts.page()
    assert len(people) == summary["users"] + 1
    assert all(re.fullmatch(r"[\w.-]+@example\.com", person.email) for person in people)


@needs_data
def test_every_real_link_is_kept_once_or_counted_as_dropped(loaded: Loaded) -> None:
    site, summary = loaded
    assert site.store.value("SELECT count(*) FROM jira_link") == summary["links"] == 380
    assert summary["links_dropped"] == 507


@needs_data
def test_every_attachment_record_and_every_real_file_has_bytes(loaded: Loaded) -> None:
    site, summary = loaded
    assert summary["attachments"] == 1355 + 198
    assert summary["attachments_with_their_own_name"] == 198
    wrong = site.store.value(
        "SELECT count(*) FROM jira_attachment a LEFT JOIN media_file USING (media_id) "
        "LEFT JOIN file_content c USING (sha256) WHERE c.size IS NOT a.size"
    )
    assert wrong == 0
    names = {row["filename"] for row in site.store.rows("SELECT filename FROM jira_attachment")}
    assert {path.name for path in (DATA / "attachments").rglob("*") if path.is_file()} <= names


@needs_data
def test_media_in_real_texts_name_attachments_of_their_issue(loaded: Loaded) -> None:
    site, summary = loaded
    assert (summary["media_resolved"], summary["media_dangling"]) == (67, 2)
    found = 0
    for row in site.store.rows(
        "SELECT issue_id, body FROM jira_comment UNION ALL "
        "SELECT id, json_extract(fields, '$.description') FROM jira_issue"
    ):
        for media_id in media_ids(msgspec.json.decode(row["body"] or "{}")):
            found += site.store.value(
                "SELECT count(*) FROM jira_attachment WHERE media_id = ? AND issue_id = ?",
                (media_id, row["issue_id"]),
            )
    assert found == 67


@needs_data
async def test_real_issues_are_answered_as_the_documents_say() -> None:
    site = SimulatedSite("real")
    load_data(site, DATA)
    async with jira_caller(site) as jira:
        for start in range(1, 200, 10):
            keys = [f"ALOY-{n}" for n in range(start, start + 10)]
            body = {"issueIdsOrKeys": keys, "fields": ["*all"]}
            assert (await jira.post("/issue/bulkfetch", body)).status == 200
        for path in ("/project/search?expand=insight,lead", "/users/search", "/workflows/search"):
            assert (await jira.get(path)).status == 200
        assert jira.problems == []


@needs_data
def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    site = SimulatedSite("real")
    with pytest.raises(FileNotFoundError):
        load_data(site, tmp_path)
    site.close()
