"""Random boards with sprints, and the order of issues."""

from __future__ import annotations

from support import random_texts as texts
from support.jira_fakes import AGILE
from support.random_filters import shares
from support.random_site import Json, RandomSite

STATES = ("closed", "active", "future")
"""In the order in which a board takes them: it has one active sprint at a time."""
DATES = {"startDate": "2024-03-01T10:00:00.000Z", "endDate": "2024-03-15T10:00:00.000Z"}
LONGEST_NAME = 254
SHARED_NAMES = ("Same sprint", "x" * 30)


async def boards(site: RandomSite) -> None:
    """Boards of projects and of people, two on one filter, of the same name, without sprints."""
    for number, (key, project) in enumerate(site.projects.items()):
        share = {"type": "project", "project": {"id": project}}
        query = {"name": f"Filter of board {number}", "jql": f"project = {project}"}
        shared = [share] if site.chance.random() < 0.7 else shares(site)
        made = await site.post("filter", {**query, "sharePermissions": shared})
        places: list[Json] = [{"location": {"type": "project", "projectKeyOrId": key}}]
        places += site.sample(({"location": {"type": "user"}}, {}, places[0]))
        for place in places:
            await _board(site, int(made["id"]), key, place)


async def _board(site: RandomSite, found: int, key: str, place: Json) -> None:
    kind = site.chance.choice(("scrum", "scrum", "kanban"))
    names = (texts.name(site.chance, len(site.boards)), "Same board", "x" * LONGEST_NAME)
    body: Json = {"name": site.chance.choice(names), "type": kind, "filterId": found, **place}
    board = str((await site.post(f"{AGILE}/board", body))["id"])
    site.boards.append((board, key))
    if kind == "scrum":
        await _sprints(site, board, key)


async def _sprints(site: RandomSite, board: str, key: str) -> None:
    """Sprints of one name, in every state; issues of other projects may be inside."""
    mine = [each for each in site.issues if each not in site.parents]
    if site.chance.random() < 0.7:
        mine = [each for each in mine if each.startswith(f"{key}-")]
    one = f"{AGILE}/sprint/{{sprint}}"
    states = sorted(site.sample((*STATES, "closed", "future"), 3), key=STATES.index)
    for number, state in enumerate(states):
        # Sprints of one name can only be told apart by what they say.
        goal = f"{texts.odd(site.chance)} {len(site.sprints)}"
        own: Json = {"name": texts.name(site.chance, number, 30)}
        names = (own, own | {"goal": goal}, *({"name": n, "goal": goal} for n in SHARED_NAMES))
        body: Json = {"originBoardId": int(board), **site.chance.choice(names)}
        sprint = str((await site.post(f"{AGILE}/sprint", body))["id"])
        site.sprints.append(sprint)
        inside = site.sample(mine, 3)
        if inside:
            await site.side.client.post(f"{one}/issue", {"issues": inside}, sprint=sprint)
        steps = {"future": (), "active": ("active",), "closed": ("active", "closed")}[state]
        for each in steps:
            await site.side.client.post(one, {"state": each, **DATES}, sprint=sprint)


async def ranks(site: RandomSite) -> None:
    """Issues before and behind other ones."""
    for _ in site.some(3):
        if len(site.issues) > 1:
            first, other = site.chance.sample(site.issues, 2)
            where = site.chance.choice(("rankBeforeIssue", "rankAfterIssue"))
            body = {"issues": [first], where: other}
            await site.side.client.put_json(f"{AGILE}/issue/rank", body)


async def lost_boards(site: RandomSite) -> None:
    """A board that somebody has deleted: its sprints are only to be seen on issues."""
    if site.boards and site.chance.random() < 0.2:
        board, _ = site.boards.pop()
        await site.side.client.delete(f"{AGILE}/board/{{board}}", board=board)
