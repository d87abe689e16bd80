"""Several simulated sites in one process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sitekeep_simulator import confluence, jira
from sitekeep_simulator.confluence import data_loader as confluence_data
from sitekeep_simulator.confluence import generator as confluence_generator
from sitekeep_simulator.directory import Directory
from sitekeep_simulator.jira import data_loader as jira_data
from sitekeep_simulator.jira import generator as jira_generator
from sitekeep_simulator.server import RunningSite, start_site
from sitekeep_simulator.site import SimulatedSite, remove_site


@dataclass(frozen=True)
class Empty:
    """A site as a new one is."""


@dataclass(frozen=True)
class Generated:
    """A site with generated content: the same seed gives the same content."""

    seed: int = 1
    issues: int = 300
    pages: int = 120


@dataclass(frozen=True)
class RealData:
    """A site with the real data of a folder."""

    folder: Path


@dataclass(frozen=True)
class SiteSpecification:
    """One site: its name, its port (0 picks one), where it is kept and what it holds at first."""

    name: str
    port: int = 0
    folder: Path | None = None
    """Where the state is kept; None keeps it in memory."""
    content: Empty | Generated | RealData = field(default_factory=Empty)


def open_site(
    specification: SiteSpecification, directory: Directory | None = None
) -> SimulatedSite:
    """Opens a site; only a new one is filled. Raises FileNotFoundError for missing data."""
    site = _opened(specification, directory)
    if site.store.is_filled:
        return site
    if specification.folder is not None and _is_begun(site):
        # Whoever filled it was stopped: what there is of it is worth nothing.
        site.close()
        remove_site(specification.folder)
        site = _opened(specification, directory)
    try:
        with site.store.filling():
            _fill(site, specification.content)
    except BaseException:
        site.close()
        raise
    return site


def _is_begun(site: SimulatedSite) -> bool:
    return bool(site.store.value("SELECT 1 FROM sqlite_master WHERE name = 'jira_issue'"))


def _opened(specification: SiteSpecification, directory: Directory | None) -> SimulatedSite:
    if specification.folder is None:
        return SimulatedSite(specification.name, directory=directory)
    return SimulatedSite.in_folder(specification.name, specification.folder, directory=directory)


@asynccontextmanager
async def run(sites: Sequence[SiteSpecification]) -> AsyncGenerator[list[RunningSite]]:
    """Serves sites until the context ends; an account is the same on all of them.

    Raises OSError when a port is taken.
    """
    directory = Directory()
    async with AsyncExitStack() as stack:
        running: list[RunningSite] = []
        for specification in sites:
            site = await asyncio.to_thread(open_site, specification, directory)
            stack.callback(site.close)
            started = await start_site(site, port=specification.port)
            stack.push_async_callback(started.close)
            running.append(started)
        yield running


def _fill(site: SimulatedSite, content: Empty | Generated | RealData) -> None:
    if isinstance(content, RealData):
        jira_data.load_data(site, content.folder)
        confluence.install(site)
        confluence_data.load_data(site, content.folder)
        return
    jira.install(site)
    confluence.install(site)
    if isinstance(content, Generated):
        jira_generator.generate(site, seed=content.seed, issues=content.issues)
        confluence_generator.generate(site, seed=content.seed, pages=content.pages)
