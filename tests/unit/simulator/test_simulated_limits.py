"""The limits of a simulated site."""

from __future__ import annotations

import datetime

import pytest

from sitekeep_simulator.limits import BURST, PER_ISSUE, QUOTA, BurstLimit, Limits, limits_from_json
from support.jira_site import jira_caller


def refusals(limits: Limits, times: list[float], issue: str = "", path: str = "/a") -> list[str]:
    return [limits.judge("PUT", path, issue, at).reason for at in times]


def test_a_bucket_takes_its_burst_and_then_its_rate() -> None:
    limits = Limits([BurstLimit(2, 3)])
    assert refusals(limits, [0, 0, 0, 0, 0.5, 0.5, 100, 100, 100, 100]) == [
        "", "", "", BURST, "", BURST, "", "", "", BURST,
    ]  # fmt: skip


def test_each_endpoint_and_method_has_its_own_bucket() -> None:
    limits = Limits([BurstLimit(1, 1, "PUT", "^/a$")])
    assert refusals(limits, [0, 0], path="/a") == ["", BURST]
    assert refusals(limits, [0, 0], path="/b") == ["", ""]
    assert limits.judge("GET", "/a", "", 0).allowed


def test_an_issue_takes_twenty_writes_in_two_seconds_and_a_hundred_in_thirty() -> None:
    limits = Limits(issue_writes=True)
    assert refusals(limits, [0.0] * 21, "A-1") == [""] * 20 + [PER_ISSUE]
    assert refusals(limits, [0.0], "A-2") == [""]
    assert limits.judge("GET", "/a", "A-1", 0.0).allowed
    later = refusals(limits, [2.1 + 0.2 * n for n in range(90)], "A-1")
    assert later == [""] * 80 + [PER_ISSUE] * 10
    assert refusals(limits, [30.1], "A-1") == [""]


def test_a_quota_is_new_at_the_top_of_the_hour() -> None:
    limits = Limits(hourly_quota=2)
    assert refusals(limits, [7200, 7300, 7400]) == ["", "", QUOTA]
    assert limits.judge("GET", "/a", "", 7500).retry_after == 3300
    assert refusals(limits, [10_800]) == [""]


@pytest.mark.parametrize(
    "body", [{"rate": 1}, {"bursts": [{"rate": 0, "burst": 1}]}, {"bursts": [{"speed": 1}]}]
)
def test_limits_that_make_no_sense_are_refused(body: dict[str, object]) -> None:
    with pytest.raises((TypeError, ValueError)):
        limits_from_json(body)


async def test_a_site_tells_how_near_its_limits_are() -> None:
    async with jira_caller() as jira:
        control = f"{jira.running.base_url}/_simulator/limits"
        bursts = [{"rate": 1, "burst": 2, "path": "/myself$"}]
        assert (await jira.call("PUT", control, {"bursts": bursts})).status == 204
        answers = [await jira.get("/myself") for _ in range(3)]
        assert [each.status for each in answers] == [200, 200, 429]
        assert [each.headers["X-RateLimit-Remaining"] for each in answers] == ["1", "0", "0"]
        assert "X-RateLimit-NearLimit" not in answers[0].headers
        assert answers[1].headers["X-RateLimit-NearLimit"] == "true"
        assert answers[2].headers["Retry-After"] == "1"
        assert answers[2].headers["RateLimit-Reason"] == BURST
        jira.clock.advance(datetime.timedelta(seconds=1))
        assert (await jira.get("/myself")).status == 200
        assert (await jira.get("/serverInfo")).status == 200
        assert (await jira.call("PUT", control, {"rate": 1})).status == 400
