"""Serves a simulated site: the site itself on one port, its media host on another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Middleware

from sitekeep_simulator import confluence, jira
from sitekeep_simulator.control import register_control
from sitekeep_simulator.media import register_media
from sitekeep_simulator.middleware import (
    fault_middleware,
    limit_middleware,
    log_middleware,
    refusal_middleware,
    sign_in_middleware,
)
from sitekeep_simulator.site import SimulatedSite

_LARGEST_BODY = 1 << 30


@dataclass
class RunningSite:
    """A site that listens."""

    site: SimulatedSite
    base_url: str
    media_url: str
    _runners: tuple[web.AppRunner, ...]

    async def close(self) -> None:
        """Stops listening. The site's store stays open: who opened it closes it."""
        for runner in self._runners:
            await runner.cleanup()


async def start_site(
    site: SimulatedSite,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    watch: Sequence[Middleware] = (),
) -> RunningSite:
    """Starts to serve a site; port 0 picks a free one. Raises OSError when it is taken.

    ``watch`` sees every exchange with the site itself, faults on request excepted.
    """
    media_runner, media_url = await _listen(media_application(site), host, 0)
    try:
        runner, base_url = await _listen(site_application(site, watch), host, port)
    except OSError:
        await media_runner.cleanup()
        raise
    site.base_url, site.media_url = base_url, media_url
    return RunningSite(site, base_url, media_url, (runner, media_runner))


def site_application(site: SimulatedSite, watch: Sequence[Middleware] = ()) -> web.Application:
    """The web application of the site itself."""
    app = web.Application(
        client_max_size=_LARGEST_BODY,
        middlewares=[
            log_middleware(site),
            limit_middleware(site),
            fault_middleware(site),
            *watch,
            refusal_middleware(site),
            sign_in_middleware(site),
        ],
    )
    register_control(app, site)
    jira.register(app, site)
    confluence.register(app, site)
    return app


def media_application(site: SimulatedSite) -> web.Application:
    """The web application of the media host."""
    app = web.Application(
        middlewares=[log_middleware(site), fault_middleware(site), refusal_middleware(site)]
    )
    register_media(app, site)
    return app


async def _listen(app: web.Application, host: str, port: int) -> tuple[web.AppRunner, str]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError:
        await runner.cleanup()
        raise
    address = runner.addresses[0]
    return runner, f"http://{host}:{address[1]}"
