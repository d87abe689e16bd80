"""A filled simulated Confluence site, an empty one, and what was restored from one to the other."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sitekeep_backup.exporters.confluence import EXPORTER
from sitekeep_cli.comparison.comparison import Comparison
from sitekeep_cli.comparison.model import Difference, Mode
from sitekeep_cli.comparison.shelf import Shelf
from sitekeep_shared import coverage
from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.atlassian.credentials import Credentials
from sitekeep_shared.content.storage import strip_inline_markers
from sitekeep_simulator import confluence
from sitekeep_simulator.accounts import ADMIN_EMAIL, ADMIN_TOKEN
from sitekeep_simulator.confluence.generator import generate
from sitekeep_simulator.server import start_site
from sitekeep_simulator.site import SimulatedSite
from support.confluence_fakes import MemoryBackup, export


@dataclass
class Side:
    """One site and a client of it."""

    site: SimulatedSite
    client: SiteClient
    base_url: str

    async def backup(self) -> MemoryBackup:
        """A backup of all that the site holds."""
        backup, _ = await export(EXPORTER, self.client, site_uri=self.base_url)
        return backup


@dataclass
class Pair:
    """The source, which may be filled, and the destination, which is empty."""

    source: Side
    destination: Side

    def fill(self, pages: int = 60, seed: int = 1) -> None:
        """Generates content; everybody of the source has an account at the destination."""
        generate(self.source.site, seed, pages)
        for row in self.source.site.store.rows("SELECT * FROM account"):
            if row["email"] != ADMIN_EMAIL:
                self.destination.site.accounts.add(
                    row["email"],
                    row["display_name"],
                    active=bool(row["active"]),
                    email_hidden=bool(row["email_hidden"]),
                )

    def tame(self) -> None:
        """Takes out of the source what cannot come back under its own name and place.

        Comments on trashed content are among that: the lists of comments do not show them.
        """
        store = self.source.site.store
        store.execute(
            "UPDATE confluence_space SET type = 'global', key = 'OWN' || id WHERE type = 'personal'"
        )
        for row in store.rows("SELECT * FROM confluence_content WHERE status = 'trashed'"):
            title = f"page {row['id']} of the trash"
            body = strip_inline_markers(row["body"])
            store.execute(
                "UPDATE confluence_content SET title = ?, title_key = ?, body = ? WHERE id = ?",
                (title, title, body, row["id"]),
            )
        store.execute(
            "WITH RECURSIVE thread(id) AS ("
            "SELECT id FROM confluence_comment WHERE resolution = 'dangling' UNION "
            "SELECT c.id FROM confluence_comment c JOIN thread ON c.parent_id = thread.id)"
            " DELETE FROM confluence_comment WHERE id IN (SELECT id FROM thread)"
        )


@asynccontextmanager
async def site_pair() -> AsyncGenerator[Pair]:
    """Two sites that listen."""
    async with _side("source") as source, _side("destination") as destination:
        yield Pair(source, destination)


@asynccontextmanager
async def _side(name: str) -> AsyncGenerator[Side]:
    site = SimulatedSite(name)
    confluence.install(site, personal_space=False)
    running = await start_site(site)
    try:
        credentials = Credentials(ADMIN_EMAIL, ADMIN_TOKEN)
        async with SiteClient(running.base_url, credentials) as client:
            yield Side(site, client, running.base_url)
    finally:
        await running.close()
        site.close()


def undeclared(left: MemoryBackup, right: MemoryBackup) -> list[Difference]:
    """What differs between the source and what was restored, and nothing declares."""
    return list(_differences(left, right))


def _differences(left: MemoryBackup, right: MemoryBackup) -> Iterator[Difference]:
    with Shelf() as shelf:
        comparison = Comparison(shelf, Mode.RESTORED, coverage.rows_of("confluence"))
        comparison.read(left, right, jira=False)
        yield from (one for one in comparison.differences() if not one.declared)
