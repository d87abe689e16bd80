"""What random issues have beside their fields: texts, files, people, links, states."""

from __future__ import annotations

import contextlib
import datetime

from sitekeep_shared.atlassian.errors import SiteRefused
from sitekeep_shared.content.adf import document, paragraph
from sitekeep_simulator.jira.state import jira_time
from support import random_texts as texts
from support.jira_fakes import API
from support.random_site import GONE, Json, RandomSite

ONE = f"{API}/issue/{{issue}}"
LONGEST_NAME = 255
"""Bytes of the name of a file."""


async def details(site: RandomSite) -> None:
    """Comments, worklogs, files, watchers, remote links, statuses, resolutions."""
    for issue in site.issues:
        for _ in site.some(2):
            body = {"body": texts.text(site.chance) or document(paragraph("."))}
            body |= _visibility(site) | _properties(site)
            await site.post("issue/{issue}/comment", body, issue=issue)
        for _ in site.some(2):
            await _work(site, issue)
        await _files(site, issue)
        for person in site.sample(site.active, 1):
            await site.post("issue/{issue}/watchers", person.account_id, issue=issue)
        for number in site.some(3):
            await _remote_link(site, issue, number)
        await _move_on(site, issue)
    _by_others(site)


def _visibility(site: RandomSite) -> Json:
    """Some texts are for those of a group or a role only."""
    choices: list[Json] = [{"type": "group", "value": each} for each in site.groups]
    choices.append({"type": "role", "value": "Administrators"})
    return {"visibility": site.chance.choice(choices)} if site.chance.random() < 0.2 else {}


def _properties(site: RandomSite) -> Json:
    """What apps keep on comments and worklogs."""
    if site.chance.random() < 0.8:
        return {}
    return {
        "properties": [{"key": key, "value": value} for key, value in texts.properties(site.chance)]
    }


async def _work(site: RandomSite, issue: str) -> None:
    """Of some only the time; some long before the issue was there."""
    body: Json = {
        "started": site.chance.choice(
            ("2024-04-01T10:00:00.000+0000", "1999-12-31T23:59:59.999+1300")
        ),
        "timeSpentSeconds": 60 * site.chance.choice((1, 7, 600, 100_000)),
    }
    text = texts.text(site.chance)
    body |= {} if text is None else {"comment": text}
    body |= _visibility(site) | _properties(site)
    await site.post("issue/{issue}/worklog", body, issue=issue)


async def _files(site: RandomSite, issue: str) -> None:
    """Files of one name, empty ones, and the longest name that there can be."""
    names = [f"{texts.odd(site.chance, 1)}.bin".replace("/", "_") for _ in site.some(1)]
    names += names if site.chance.random() < 0.3 else []
    names += ["ü" * (LONGEST_NAME // 2) + "x"] if site.chance.random() < 0.1 else []
    for name in names:
        content = texts.odd(site.chance).encode("utf-8", "surrogatepass")
        content = b"" if site.chance.random() < 0.2 else content
        await site.side.client.upload(f"{ONE}/attachments", name, content, issue=issue)


async def _remote_link(site: RandomSite, issue: str, number: int) -> None:
    """Some without an id of their own: then the same one can be there twice."""
    thing: Json = {"url": f"https://x.example/{number}?ä=1", "title": texts.line(site.chance)}
    remote: Json = {"object": thing, "globalId": f"{issue}/{number}"}
    if site.chance.random() < 0.5:
        thing |= {"url": "https://x.example/", "title": "One"}
        del remote["globalId"]
    if site.chance.random() < 0.5:
        icon = {"url16x16": "https://x.example/ü.png", "title": "Ü"}
        thing |= {"summary": texts.odd(site.chance), "icon": icon}
        thing["status"] = {"resolved": site.chance.random() < 0.5, "icon": icon | {"link": "x"}}
        remote["application"] = {"type": "com.example", "name": texts.odd(site.chance)}
        remote["relationship"] = texts.odd(site.chance)
    await site.post("issue/{issue}/remotelink", remote, issue=issue)


async def _move_on(site: RandomSite, issue: str) -> None:
    found = await site.side.client.get_json(f"{ONE}/transitions", issue=issue)
    transition = site.maybe([str(each["id"]) for each in found["transitions"]])
    if transition is not None:
        body = {"transition": {"id": transition}}
        # A rule of the workflow may be against it.
        with contextlib.suppress(SiteRefused):
            await site.post("issue/{issue}/transitions", body, issue=issue)
    resolution = site.maybe(site.resolutions)
    if resolution is not None and site.chance.random() < 0.3:
        edit = {"fields": {"resolution": {"id": resolution}}}
        await site.side.client.put_json(ONE, edit, issue=issue)


def _by_others(site: RandomSite) -> None:
    """Somebody else, or somebody who is gone, has said it, and changed it later."""
    store = site.side.site.store
    authors = [*(each.account_id for each in site.people), GONE]
    later = jira_time(site.side.clock.now() + datetime.timedelta(days=1))
    for table in ("jira_comment", "jira_worklog"):
        for row in store.rows(f"SELECT id FROM {table} ORDER BY id"):
            author = site.maybe(authors)
            if author is not None:
                store.execute(
                    f"UPDATE {table} SET author = ?, update_author = ?, updated = ? WHERE id = ?",
                    (author, site.chance.choice(authors), later, row["id"]),
                )
    for row in store.rows("SELECT id FROM jira_attachment ORDER BY id"):
        author = site.maybe(authors)
        if author is not None:
            values = (author, row["id"])
            store.execute("UPDATE jira_attachment SET author = ? WHERE id = ?", values)
    store.execute("DELETE FROM jira_rendered")


async def links(site: RandomSite) -> None:
    """A ring of links, the same link there and back, and a parent with its own sub-task."""
    ring = site.sample(site.issues, 4)
    pairs = list(zip(ring, ring[1:] + ring[:1], strict=True)) if len(ring) > 1 else []
    pairs += [(other, one) for one, other in site.sample(pairs)]
    pairs += site.sample(list(site.parents.items()))
    for one, other in pairs:
        for kind in site.sample(site.link_types) or site.link_types[:1]:
            ends = {"inwardIssue": {"key": one}, "outwardIssue": {"key": other}}
            await site.post("issueLink", {"type": {"name": kind}} | ends)


async def mentions(site: RandomSite) -> None:
    """Somebody whom no site knows any more, and issues that a text names."""
    for issue in site.sample(site.issues, 2):
        mention = {"type": "mention", "attrs": {"id": GONE, "text": "@Gone לשעבר"}}
        href = f"{site.side.base_url}/browse/{site.chance.choice(site.issues)}"
        card = {"type": "inlineCard", "attrs": {"url": href}}
        content: list[Json] = [{"type": "text", "text": "See "}, mention, card]
        if site.active:
            person = site.chance.choice(site.active)
            name = f"@{person.display_name}"
            attributes = {"id": person.account_id, "text": name}
            content.append({"type": "mention", "attrs": attributes})
        body = document({"type": "paragraph", "content": content})
        await site.post("issue/{issue}/comment", {"body": body}, issue=issue)
