"""What apps keep on random projects, issues, issue types, boards and sprints."""

from __future__ import annotations

import msgspec

from support import random_texts as texts
from support.jira_fakes import AGILE, API
from support.random_site import RandomSite


async def properties(site: RandomSite) -> None:
    """On a few of everything that has properties; of some owners there are many."""
    if site.chance.random() < 0.4:
        return
    types = list(site.types.values())
    places = (
        (f"{API}/project/{{owner}}", list(site.projects)),
        (f"{API}/issue/{{owner}}", site.issues),
        (f"{API}/issuetype/{{owner}}", types),
        (f"{AGILE}/board/{{owner}}", [board for board, _ in site.boards]),
        (f"{AGILE}/sprint/{{owner}}", site.sprints),
    )
    for template, owners in places:
        for owner in site.sample(owners):
            most = site.chance.choice((1, 3, 12))
            for key, value in texts.properties(site.chance, most):
                path = f"{template}/properties/{{key}}"
                content = msgspec.json.encode(value)
                await site.side.client.put_json(path, content, owner=owner, key=key)
