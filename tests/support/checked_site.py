"""Simulated sites whose every exchange Atlassian's own documents judge."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from contract.recording import Recorder
from contract.specification import load_specification, missing_documents
from sitekeep_simulator.server import RunningSite, start_site
from sitekeep_simulator.site import SimulatedSite

StartCheckedSite = Callable[[SimulatedSite], Awaitable[RunningSite]]


@pytest.fixture
def recorder() -> Recorder:
    """Judges the traffic of a test."""
    missing = missing_documents()
    if missing:
        pytest.skip(missing)
    return Recorder(load_specification())


@pytest.fixture
async def checked_site(recorder: Recorder) -> AsyncIterator[StartCheckedSite]:
    """Starts sites; the test fails where an exchange with one of them departs from the documents.

    Faults that the simulator was asked for are not judged. The sites stop after the test; who
    made a site closes it.
    """
    running: list[RunningSite] = []

    async def start(site: SimulatedSite) -> RunningSite:
        started = await start_site(site, watch=[recorder.middleware()])
        running.append(started)
        return started

    yield start
    for each in running:
        await each.close()
    assert not recorder.problems, f"departures from Atlassian's documents:\n{recorder.report()}"
