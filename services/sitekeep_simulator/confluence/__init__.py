"""The Confluence half of a simulated site: REST v2, and what v1 alone can do.

The judge of its shapes is Atlassian's own OpenAPI (``confluence-v1.json``, ``confluence-v2.json``).
Where those are silent the harder behaviour was chosen: lists of comments hold roots only, a
trashed page is not found unless its status is asked for, the search for people hides those
who are not active.
"""

from __future__ import annotations

from typing import Protocol

from aiohttp import web

from sitekeep_simulator.accounts import ADMIN_EMAIL
from sitekeep_simulator.confluence.endpoints.attachments import AttachmentEndpoints
from sitekeep_simulator.confluence.endpoints.comments import CommentEndpoints
from sitekeep_simulator.confluence.endpoints.content_v1 import ContentV1Endpoints
from sitekeep_simulator.confluence.endpoints.content_writes import ContentWrites
from sitekeep_simulator.confluence.endpoints.contents import ContentEndpoints
from sitekeep_simulator.confluence.endpoints.labels import LabelEndpoints
from sitekeep_simulator.confluence.endpoints.people import PeopleEndpoints
from sitekeep_simulator.confluence.endpoints.properties import property_endpoints
from sitekeep_simulator.confluence.endpoints.spaces import SpaceEndpoints
from sitekeep_simulator.confluence.endpoints.spaces_v1 import SpaceV1Endpoints
from sitekeep_simulator.confluence.schema import BLOG_POST, FOOTER, INLINE, PAGE, create_tables
from sitekeep_simulator.confluence.spaces import create_space, personal_key
from sitekeep_simulator.site import SimulatedSite


class Endpoints(Protocol):
    """Handlers and the routes that they answer."""

    def routes(self) -> list[web.RouteDef]:
        """The routes."""
        ...


def install(site: SimulatedSite, *, personal_space: bool = True) -> None:
    """Creates the tables and, in a new site, the administrator's own space.

    What the first call decides about the personal space holds: a later one changes nothing.
    """
    create_tables(site.store)
    if site.store.value("SELECT 1 FROM confluence_setting WHERE name = 'installed'"):
        return
    admin = site.accounts.by_email(ADMIN_EMAIL)
    with site.store.transaction():
        site.store.execute("INSERT INTO confluence_setting VALUES ('installed', '1')")
        if personal_space and admin is not None:
            key = personal_key(admin.account_id)
            create_space(site, admin.account_id, key=key, name=admin.display_name)


def register(app: web.Application, site: SimulatedSite) -> None:
    """Adds the routes of this half."""
    install(site)
    endpoints: list[Endpoints] = [
        SpaceEndpoints(site),
        SpaceV1Endpoints(site),
        *(ContentEndpoints(site, kind) for kind in (PAGE, BLOG_POST)),
        *(ContentWrites(site, kind) for kind in (PAGE, BLOG_POST)),
        ContentV1Endpoints(site),
        *(CommentEndpoints(site, kind) for kind in (FOOTER, INLINE)),
        AttachmentEndpoints(site),
        LabelEndpoints(site),
        *property_endpoints(site),
        PeopleEndpoints(site),
    ]
    for each in endpoints:
        app.router.add_routes(each.routes())
