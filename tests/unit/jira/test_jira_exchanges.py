"""Every request of a backup and a restore, judged by Atlassian's own documents."""

from __future__ import annotations

import pytest

from contract.recording import Recorder
from contract.specification import load_specification, missing_documents
from sitekeep_restore.importers.jira import IMPORTER
from sitekeep_simulator.jira.generator import generate
from support.confluence_fakes import restore
from support.jira_fakes import SmallSite, jira_pair


@pytest.fixture
def recorder() -> Recorder:
    missing = missing_documents()
    if missing:
        pytest.skip(missing)
    return Recorder(load_specification())


async def test_a_backup_and_a_restore_keep_to_the_documents(recorder: Recorder) -> None:
    async with jira_pair([recorder.middleware()]) as pair:
        await SmallSite(pair.source).fill()
        pair.share_people()
        await restore(IMPORTER, pair.destination.client, await pair.source.backup())
    assert recorder.exchanges.total() > 100
    assert _problems(recorder) == []


async def test_a_generated_site_is_backed_up_within_the_documents(recorder: Recorder) -> None:
    async with jira_pair([recorder.middleware()]) as pair:
        generate(pair.source.site, seed=4, issues=60)
        pair.share_people()
        await restore(IMPORTER, pair.destination.client, await pair.source.backup())
    assert recorder.exchanges["POST /rest/api/3/bulk/issues/move"] > 0
    assert _problems(recorder) == []


def _problems(recorder: Recorder) -> list[str]:
    """Departures; the document of bulk/issues/move requires two names that it does not allow."""
    defects = ("'targetToMultipleSourceMapping' is", "'issueIdOrKeys' is")
    return [text for text in recorder.problems if not any(name in text for name in defects)]
