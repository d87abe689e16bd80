"""Backs up what the peers pull, all issues and their comments, into a vault in a folder.

``ours.py URL FOLDER``: the exporter and the vault as they are, without histories, watchers, files
and configuration, and without the server that plans and journals its units.
"""

from __future__ import annotations

import asyncio
import datetime
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from bench.peers.measuring import EMAIL, TOKEN, report
from sitekeep_backup.backup_run import UNITS_PER_READER, Tools
from sitekeep_backup.exporters.jira.followups import store_cut_lists
from sitekeep_backup.exporters.jira.issue_ranges import IssueSource, plan_ranges, range_of
from sitekeep_backup.exporters.jira.issues import store_range
from sitekeep_backup.exporters.unit import ExportOptions, ExportUnit
from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.atlassian.credentials import Credentials
from sitekeep_shared.clock import SystemClock
from sitekeep_shared.kinds import Kind
from sitekeep_shared.memory import keep_what_is_loaded, share_one_heap
from sitekeep_shared.vault.key_file import load_or_create_key_file
from sitekeep_shared.vault.local_store import DurableLocalStore
from sitekeep_shared.vault.manifest_types import COMPLETE, ManifestFacts
from sitekeep_shared.vault.page import PageReference
from sitekeep_shared.vault.session import BackupSession
from sitekeep_shared.vault.vault import Vault
from sitekeep_shared.work.concurrently import concurrently
from sitekeep_shared.work.unit import UnitPlan

API = "/rest/api/3"
_CLAIMED = Tools.readers * UNITS_PER_READER


class _NothingEarlier:
    async def notes(self, prefix: str) -> AsyncIterator[tuple[str, Any]]:
        nothing: Sequence[tuple[str, Any]] = ()
        for each in nothing:
            yield each


class Pull:
    """One backup of issues and comments."""

    def __init__(self, site: SiteClient, session: BackupSession) -> None:
        self._site, self._session = site, session
        # A part of a large site is enough to see how much an exporter takes.
        self._most_units = int(os.environ.get("SITEKEEP_BENCH_UNITS", "1000000"))
        self._readers = asyncio.Semaphore(Tools.readers)
        self.done: Counter[Kind] = Counter()

    async def run(self) -> None:
        """Plans as the exporter does, runs some units side by side, commits."""
        listed = await self._site.get_json(f"{API}/project")
        plans = await concurrently([partial(self._plan, each) for each in listed])
        units = [plan for ranges in plans for plan in ranges][: self._most_units]
        found = await concurrently([partial(self._unit, each) for each in units], limit=_CLAIMED)
        now = datetime.datetime.now(datetime.UTC)
        facts = ManifestFacts(now, now, now + datetime.timedelta(days=14), COMPLETE)
        pages = [page for each in found for page in each]
        await self._session.commit(sorted(pages, key=_order), facts)

    async def _plan(self, project: dict[str, str]) -> list[UnitPlan]:
        jql = f'project = "{project["key"]}" ORDER BY key DESC'
        body = {"jql": jql, "fields": ["key"], "maxResults": 1}
        found = await self._site.post_json(f"{API}/search/jql", body, read=True)
        highest = max((int(each["key"].rpartition("-")[2]) for each in found["issues"]), default=0)
        return plan_ranges(IssueSource(project["id"], project["key"]), highest)

    async def _unit(self, plan: UnitPlan) -> list[PageReference]:
        records, earlier = self._session.unit(plan.key), _NothingEarlier()
        options, begun = ExportOptions(), datetime.timedelta()
        unit = ExportUnit(plan, 1, self._site, records, options, earlier, begun)
        async with self._readers:
            part = range_of(unit)
            seen, _ = await store_range(unit, part)
            for issue in seen:
                # Nobody else asks for the worklogs that are cut.
                issue.fields.worklog = None
            await store_cut_lists(unit, part.project_id, seen)
        pages = await unit.records.finish()
        self.done.update({kind: count.done for kind, count in unit.tally.counts.items()})
        return list(pages)


def _order(page: PageReference) -> tuple[str, str, str]:
    return (page.kind.value, page.unit_key, page.first_key)


async def _pull(base: str, folder: Path) -> Counter[Kind]:
    keys = load_or_create_key_file(folder / "sitekeep.key")
    vault = await Vault.open(DurableLocalStore(folder / "vault"), keys, SystemClock(), create=True)
    session = await vault.begin_backup("bench", site="bench", fence=1, address=base)
    async with SiteClient(base, Credentials(EMAIL, TOKEN)) as site:
        pull = Pull(site, session)
        await pull.run()
    await session.close()
    await vault.close()
    return pull.done


if __name__ == "__main__":
    share_one_heap()
    keep_what_is_loaded()
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    done = asyncio.run(_pull(sys.argv[1], Path(sys.argv[2])))
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    report(done[Kind.ISSUE], done[Kind.COMMENT], wall, cpu)
