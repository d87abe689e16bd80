"""Addresses of the site itself, wherever people write them: in links, fields, texts."""

from __future__ import annotations

import contextlib

from sitekeep_shared.atlassian.errors import SiteRefused
from sitekeep_shared.content.adf import document, paragraph
from support.random_site import Json, RandomSite

_ONE = "issue/{issue}"


async def addresses(site: RandomSite) -> None:
    """Some issues and projects; what is linked leads to the destination after a restore."""
    for issue in site.sample(site.issues, 2):
        found = _addresses(site)
        for number, address in enumerate(found):
            thing = {"url": address, "title": f"About {address}"}
            body: Json = {"object": thing, "globalId": f"{issue}/own/{number}"}
            await site.post(f"{_ONE}/remotelink", body, issue=issue)
        texts = [paragraph(f"See {each} and https://x.example/y?z=1.") for each in found]
        words = document(*texts, _linked(found[0]), _picture(found[-1]))
        await site.post(f"{_ONE}/comment", {"body": words}, issue=issue)
        fields: Json = {"summary": f"Wie {found[0]}"}
        fields |= {name: found[0] for name, (sort, _) in site.fields.items() if sort == "url"}
        fields |= {name: found[0] for name, (sort, _) in site.fields.items() if sort == "textfield"}
        for name, value in fields.items():
            # What is on no screen of theirs people cannot set.
            with contextlib.suppress(SiteRefused):
                await site.put(_ONE, {"fields": {name: value}}, issue=issue)
    for key in site.sample(list(site.projects), 1):
        address = _addresses(site)[0]
        body = {"url": address, "description": f"Like {address}"}
        await site.put("project/{key}", body, key=key)


def _addresses(site: RandomSite) -> list[str]:
    base, issue = site.side.base_url, site.chance.choice(site.issues or ["GONE-1"])
    paths = (f"/browse/{issue}", f"/browse/{issue}?a=%20#b", "/secure/attachment/77/ä.png", "/")
    return [base + path for path in site.chance.sample(paths, 2)]


def _linked(address: str) -> Json:
    """As editors make a link of an address that somebody pastes, and one with other words."""
    link = {"type": "link", "attrs": {"href": address}}
    words = [{"type": "text", "text": text, "marks": [link]} for text in (address, "there")]
    return {"type": "paragraph", "content": words}


def _picture(address: str) -> Json:
    """One that is shown from where it is."""
    media = {"type": "media", "attrs": {"type": "external", "url": address}}
    return {"type": "mediaSingle", "attrs": {"layout": "center"}, "content": [media]}
