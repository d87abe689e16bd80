"""A test that claims to show a loss fails unless it did, and nothing more."""

from __future__ import annotations

import pytest

from sitekeep_cli.comparison.model import Difference
from sitekeep_shared.coverage import CoverageRow
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.tally import Tally
from support.shown_losses import Claim, Shown, verify, watched

ROW = CoverageRow("jira", Kind.ISSUE, "all", "with loss", "Why.", ("votes", "custom.*"))
VOTES = Claim("jira", "issue", "votes")


def shown(path: str, declared_by: str = "Why.") -> Shown:
    result = Shown()
    result.add(ROW, Difference(Kind.ISSUE, "A-1", path, 1, None, declared_by))
    return result


def test_a_difference_at_a_declared_path_shows_the_loss() -> None:
    verify([VOTES, Claim("jira", "issue")], shown("votes"))
    verify([Claim("jira", "issue", "custom.*")], shown("custom.Team.value"))


@pytest.mark.parametrize(
    ("path", "declared_by"), [("created", "Why."), ("votes", "for another reason"), ("votes", "")]
)
def test_another_difference_does_not_show_it(path: str, declared_by: str) -> None:
    with pytest.raises(pytest.fail.Exception, match="did not"):
        verify([VOTES], shown(path, declared_by))


def test_a_difference_that_nothing_declares_is_more_than_the_loss() -> None:
    both = shown("votes")
    both.merge(shown("summary", ""))
    with pytest.raises(pytest.fail.Exception, match="more than declared"):
        verify([VOTES], both)
    verify([Claim(reason="OTHER_KIND")], Shown({Claim(reason="OTHER_KIND")}, both.undeclared))


def test_a_finding_shows_its_reason_as_long_as_somebody_watches() -> None:
    with watched() as seen:
        Tally().remark(Kind.ISSUE, "A-1", "VOTES_NOT_RESTORED", "Why.")
    Tally().remark(Kind.ISSUE, "A-1", "TEXT_REFUSED", "Why.")
    assert seen.claims == {Claim(reason="VOTES_NOT_RESTORED")}
