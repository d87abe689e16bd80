"""A site in a folder is filled once; one whose filling was interrupted is made anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from sitekeep_simulator.jira import generator
from sitekeep_simulator.main import Generated, SiteSpecification, open_site
from sitekeep_simulator.site import SimulatedSite

ISSUES = 30


def specification(folder: Path) -> SiteSpecification:
    return SiteSpecification("acme", folder=folder, content=Generated(issues=ISSUES, pages=0))


def count(site: SimulatedSite) -> int:
    found: int = site.store.value("SELECT count(*) FROM jira_issue")
    site.close()
    return found


def test_a_filled_site_stays_as_it_is(tmp_path: Path) -> None:
    site = open_site(specification(tmp_path))
    assert site.store.value("PRAGMA journal_mode") == "wal"
    site.store.execute("DELETE FROM jira_issue WHERE id = (SELECT min(id) FROM jira_issue)")
    assert count(site) + 1 == count(open_site(specification(tmp_path / "whole")))
    assert (
        count(open_site(specification(tmp_path)))
        == count(open_site(specification(tmp_path / "whole"))) - 1
    )


def test_a_half_filled_site_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "note.txt").write_text("of somebody else")

    fill = generator.generate

    def fill_a_little(site: SimulatedSite, *, seed: int, issues: int) -> None:
        fill(site, seed=seed, issues=issues // 2)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(generator, "generate", fill_a_little)
        with pytest.raises(KeyboardInterrupt):
            open_site(specification(tmp_path))
    whole = count(open_site(specification(tmp_path / "whole")))
    assert count(open_site(specification(tmp_path))) == whole
    assert (tmp_path / "note.txt").read_text() == "of somebody else"


def test_members_that_were_there_first_stay(tmp_path: Path) -> None:
    with_members = SimulatedSite.in_folder("acme", tmp_path)
    lee = with_members.accounts.add("lee@example.com", "Lee")
    with_members.close()
    site = open_site(SiteSpecification("acme", folder=tmp_path))
    assert site.accounts.get(lee.account_id) == lee
    site.close()
