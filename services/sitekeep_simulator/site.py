"""One simulated site: its store, people, files, clock and faults.

Each half (``jira``, ``confluence``) offers ``install(site)``, which creates its tables and
what a new site has from the start and may be called again at any time, and
``register(app, site)``, which adds its routes.
"""

from __future__ import annotations

import hashlib
import hmac
import shutil
import uuid
from pathlib import Path

from sitekeep_simulator.accounts import Accounts
from sitekeep_simulator.clock import Clock, SystemClock
from sitekeep_simulator.directory import Directory
from sitekeep_simulator.faults import Faults, RequestLog
from sitekeep_simulator.files import Files
from sitekeep_simulator.limits import Limits
from sitekeep_simulator.store import SiteStore

_DATABASE, _FILES = "site.sqlite3", "files"
_SITES = uuid.UUID("0b6f0a0e-6a51-4a43-a1c6-0e6a8f2f9d11")


def remove_site(folder: Path) -> None:
    """Removes the state that a folder keeps of a site, and nothing else."""
    for path in folder.glob(f"{_DATABASE}*"):
        path.unlink()
    shutil.rmtree(folder / _FILES, ignore_errors=True)


class SimulatedSite:
    """A site's state. ``base_url`` and ``media_url`` are known once a server runs it."""

    def __init__(
        self,
        name: str,
        store: SiteStore | None = None,
        *,
        clock: Clock | None = None,
        folder: Path | None = None,
        directory: Directory | None = None,
        service_management: bool = True,
    ) -> None:
        """Opens the site. Sites with one ``directory`` know each other's people when invited."""
        self.name = name
        self.service_management = service_management
        """Whether Jira Service Management is installed."""
        self.store = store if store is not None else SiteStore(identity=name)
        self.clock: Clock = clock if clock is not None else SystemClock()
        self.accounts = Accounts(self.store, directory)
        self.files = Files(self.store, None if folder is None else folder / _FILES)
        self.faults = Faults()
        self.limits = Limits()
        self.request_log = RequestLog()
        self.cloud_id = str(uuid.uuid5(_SITES, self.store.identity))
        self.placeholder = f"https://{self.cloud_id[:8]}.invalid"
        """Stands for the base URL in stored JSON; every answer puts the real one in its place."""
        self.base_url = self.placeholder
        self.media_url = self.placeholder
        self.search_lag = 0
        """How many searches (JQL, CQL) do not see content that was created just now."""
        self.premium = True
        """Whether it has the edition that has plans and archives single issues."""
        self.shows_archived = True
        """Whether accounts may browse issues in the archive."""

    @classmethod
    def in_folder(
        cls,
        name: str,
        folder: Path,
        *,
        clock: Clock | None = None,
        directory: Directory | None = None,
    ) -> SimulatedSite:
        """A site whose state is kept in a folder and survives a restart."""
        folder.mkdir(parents=True, exist_ok=True)
        store = SiteStore(folder / _DATABASE, identity=name)
        return cls(name, store, clock=clock, folder=folder, directory=directory)

    def close(self) -> None:
        """Closes the store."""
        self.store.close()

    def now(self) -> str:
        """The current time as Confluence writes it: ``2024-05-01T10:00:00.000Z``."""
        return self.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

    def media_token(self, media_id: str) -> str:
        """The token that opens one file of the media host."""
        return hmac.new(self.cloud_id.encode(), media_id.encode(), hashlib.sha256).hexdigest()

    def media_location(self, media_id: str) -> str:
        """The URL of a file on the media host, with its token."""
        return f"{self.media_url}/file/{media_id}/binary?token={self.media_token(media_id)}"
