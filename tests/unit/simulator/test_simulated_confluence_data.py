"""Made-up and real texts in the Confluence half of a simulated site."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sitekeep_shared.clock import ManualClock
from sitekeep_simulator import confluence
from sitekeep_simulator.confluence.data_loader import load_data
from sitekeep_simulator.confluence.generator import generate
from sitekeep_simulator.confluence.storage_format import check_storage, insert_marker
from sitekeep_simulator.confluence.wiki_text import to_storage
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.site import SimulatedSite
from support.confluence_site import NOW, V2, confluence_caller

_PROJECT = Path(__file__).resolve().parents[3]
DATA = Path(os.environ.get("SITEKEEP_DATA", _PROJECT.parent / "shared" / "data"))


@pytest.fixture
def folder() -> Path:
    if not (DATA / "jira/tidev").is_dir():
        pytest.skip(f"SITEKEEP_DATA ({DATA}) lacks the real data")
    return DATA


async def test_real_texts_become_well_formed_pages_with_all_the_real_files(folder: Path) -> None:
    site = SimulatedSite("real", clock=ManualClock(NOW))
    confluence.install(site)
    loaded = load_data(site, folder)
    for row in site.store.rows("SELECT body FROM confluence_content"):
        check_storage(row["body"])
    for row in site.store.rows("SELECT body FROM confluence_comment"):
        check_storage(row["body"])
    async with confluence_caller(site) as caller:
        attachments = await caller.listed(f"{V2}/attachments?limit=250")
        comments = await caller.listed(f"{V2}/footer-comments?limit=250")
        assert caller.problems == []
    files = [path for path in (folder / "attachments/lucene").rglob("*") if path.is_file()]
    assert len(attachments) == loaded.attachments == len(files) == 198
    assert sorted(each["title"] for each in attachments) == sorted(path.name for path in files)
    assert len(comments) == loaded.comments > 1_000
    assert loaded.pages > 300


async def test_made_up_bodies_are_well_formed_and_hold_every_kind_of_reference() -> None:
    site = SimulatedSite("made", clock=ManualClock(NOW))
    confluence.install(site)
    generate(site, seed=3, pages=200)
    bodies = [row["body"] for row in site.store.rows("SELECT body FROM confluence_content")]
    site.close()
    for body in bodies:
        check_storage(body)
    text = "".join(bodies)
    for part in (
        *("ri:content-title", "ri:space-key", "ri:account-id", "ri:attachment", "ac:image"),
        *("ac:inline-comment-marker", 'ac:name="jira"', 'ac:name="code"', "ac:task-list"),
        *("/wiki/spaces/", "<table"),
    ):
        assert part in text


async def test_made_up_sites_hold_every_hard_case() -> None:
    site = SimulatedSite("hard", clock=ManualClock(NOW))
    confluence.install(site)
    generate(site, seed=3, pages=300)
    for hard_case in (
        "confluence_content c JOIN confluence_content p ON p.id = c.parent_id WHERE p.id > c.id",
        "confluence_content WHERE status = 'trashed' AND kind = 'blogpost'"
        " UNION SELECT 1 FROM confluence_content WHERE status = 'trashed' AND kind = 'page'",
        "confluence_content WHERE status = 'archived'",
        "confluence_content WHERE version > 3",
        "confluence_content WHERE author_id NOT IN (SELECT account_id FROM account)",
        "confluence_comment a JOIN confluence_comment b ON b.parent_id = a.id"
        " JOIN confluence_comment c ON c.parent_id = b.id",
        "confluence_attachment WHERE version > 1",
        "confluence_attachment_version WHERE size = 0",
        "confluence_space WHERE status = 'archived'",
        "confluence_space WHERE type = 'personal' AND name <> 'Site Admin'",
    ):
        assert site.store.value(f"SELECT 1 FROM {hard_case} LIMIT 1"), hard_case
    site.close()


@settings(max_examples=60)
@given(st.text(max_size=200))
def test_any_text_in_wiki_markup_becomes_well_formed(text: str) -> None:
    check_storage(to_storage(text))


_WORDS = st.lists(st.sampled_from(["one", "two", "&amp;", "<em>x</em>", "ü"]), min_size=1)


@settings(max_examples=60)
@given(words=_WORDS, data=st.data())
def test_a_marker_leaves_the_text_and_the_form_of_a_body_intact(
    words: list[str], data: st.DataObject
) -> None:
    body = f"<p>{' '.join(words)}</p>"
    text = " ".join(words).replace("<em>x</em>", "x").replace("&amp;", "&")
    start = data.draw(st.integers(0, len(text) - 1))
    selection = text[start : data.draw(st.integers(start + 1, len(text)))]
    count = text.count(selection)
    marked = insert_marker(body, selection, count, count - 1, "ref")
    check_storage(marked)
    bare = marked.replace('<ac:inline-comment-marker ac:ref="ref">', "")
    assert bare.replace("</ac:inline-comment-marker>", "") == body
    with pytest.raises(Refused):
        insert_marker(body, selection, count + 1, 0, "ref")


def test_a_selection_is_not_found_across_blocks_or_in_code() -> None:
    code = (
        '<ac:structured-macro ac:name="code"><ac:plain-text-body><![CDATA[secret]]>'
        "</ac:plain-text-body></ac:structured-macro>"
    )
    for selection in ("ab", "secret"):
        with pytest.raises(Refused):
            insert_marker(f"<p>a</p><p>b</p>{code}", selection, 1, 0, "ref")
