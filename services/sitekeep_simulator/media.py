"""The media host: another origin, which takes a token in the query and no credentials."""

from __future__ import annotations

import asyncio
import hmac

from aiohttp import web

from sitekeep_simulator.answers import bytes_answer
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.site import SimulatedSite


def register_media(app: web.Application, site: SimulatedSite) -> None:
    """Adds the one route of the media host."""

    async def file_binary(request: web.Request) -> web.StreamResponse:
        if "Authorization" in request.headers:
            raise Refused(400, "Only one auth mechanism allowed.")
        media_id = request.match_info["mediaId"]
        token = request.query.get("token", "")
        if not hmac.compare_digest(token.encode(), site.media_token(media_id).encode()):
            raise Refused(403, "The token does not open this file.")
        return await media_answer(request, site, media_id)

    app.router.add_get("/file/{mediaId}/binary", file_binary)


async def media_answer(
    request: web.Request, site: SimulatedSite, media_id: str
) -> web.StreamResponse:
    """The bytes of a file of the media host. Raises Refused (404) when they are gone."""
    media = site.files.media(media_id)
    if media is None or media.missing:
        raise Refused(404, "The file does not exist.")
    content = await asyncio.to_thread(site.files.read, media.sha256)
    return bytes_answer(request, content, media.filename, media.media_type)
