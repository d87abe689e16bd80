"""The simulated site that other people's Jira clients talk to, every exchange judged."""

from __future__ import annotations

import base64
import json
import urllib.request
from collections.abc import Generator

import pytest

from contract.recording import Recorder
from contract.specification import load_specification, missing_documents
from sitekeep_simulator.accounts import ADMIN_EMAIL, ADMIN_TOKEN, account_id_of
from sitekeep_simulator.jira.generator import generate
from sitekeep_simulator.server import RunningSite
from sitekeep_simulator.site import SimulatedSite
from support.site_thread import site_in_thread

PROJECT = "CLI"
DUE = "2026-12-31"
"""The site demands a due date of every issue."""
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


def _add_project(running: RunningSite) -> None:
    """One that is as the product makes it, for what the clients write."""
    lead = account_id_of(ADMIN_EMAIL)
    body = {"key": PROJECT, "name": "Clients", "projectTypeKey": "software", "leadAccountId": lead}
    login = base64.b64encode(f"{ADMIN_EMAIL}:{ADMIN_TOKEN}".encode()).decode()
    headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}
    url = f"{running.base_url}/rest/api/3/project"
    urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), headers)).close()


@pytest.fixture(scope="module")
def judged_site() -> Generator[RunningSite]:
    """A site with generated content; the module fails where an exchange departs from the documents.

    Without the documents the clients still talk to it, unjudged.
    """
    recorder = None if missing_documents() else Recorder(load_specification())
    watch = [] if recorder is None else [recorder.middleware()]
    with site_in_thread(_make, watch) as running:
        _add_project(running)
        yield running
    if recorder is not None:
        ours = [
            each for each in recorder.problems if not any(known in each for known in _OF_OTHERS)
        ]
        assert not ours, "departures from the documents:\n" + "\n".join(ours)
