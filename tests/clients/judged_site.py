"""The simulated site that other people's Jira clients talk to, every exchange judged."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from contract.recording import Recorder
from contract.specification import load_specification, missing_documents
from sitekeep_simulator.jira.generator import generate
from sitekeep_simulator.server import RunningSite
from sitekeep_simulator.site import SimulatedSite
from support.site_thread import site_in_thread

ISSUES = 240
"""So many that a search has pages."""

_OF_OTHERS = (
    "the operation is deprecated",
    "GET /rest/api/3/search: status 410 is not documented",
    "GET /rest/api/3/user/search: query parameter includeActive is not documented",
    "GET /rest/api/3/user/search: query parameter includeInactive is not documented",
    "GET /rest/api/3/dashboard/{dashboardId}/gadget: query parameter maxResults",
    "items/{itemId}/properties: query parameter maxResults is not documented",
    "POST /rest/api/3/issueLink: request $.comment: None",
    "PUT /rest/api/3/issue/{issueIdOrKey}/assignee: request $.accountId: None",
)
"""Departures of the clients themselves, which the real site is known to put up with.

What was removed answers 410 there, though its documents still list it as deprecated.
"""


def _make() -> SimulatedSite:
    site = SimulatedSite("clients")
    generate(site, seed=3, issues=ISSUES)
    return site


@pytest.fixture(scope="module")
def judged_site() -> Generator[RunningSite]:
    """A site with generated content; the module fails where an exchange departs from the documents.

    Without the documents the clients still talk to it, unjudged.
    """
    recorder = None if missing_documents() else Recorder(load_specification())
    watch = [] if recorder is None else [recorder.middleware()]
    with site_in_thread(_make, watch) as running:
        yield running
    if recorder is not None:
        ours = [
            each for each in recorder.problems if not any(known in each for known in _OF_OTHERS)
        ]
        assert not ours, "departures from the documents:\n" + "\n".join(ours)
