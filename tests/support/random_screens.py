"""Screens, field configurations and the schemes of both, as random sites have them."""

from __future__ import annotations

from support import random_texts as texts
from support.jira_fakes import API
from support.random_configuration import LONGEST_NAME, names
from support.random_site import Json, RandomSite

_TABS = "screens/{screen}/tabs"
_FIELDS = f"{_TABS}/{{tab}}/fields"
_USUAL = ("labels", "description", "duedate", "assignee", "environment", "components", "security")
_RENDERED = ("description", "environment", "comment")
_CONFIGURATION = "fieldconfiguration"


async def screens(site: RandomSite) -> None:
    """Screens with several tabs in any order, some of them empty, and schemes of those."""
    if not site.has():
        return
    for name in names(site, site.chance.randint(1, 2)):
        body = {"name": name, "description": texts.odd(site.chance)[:255]}
        made = str((await site.post("screens", body))["id"])
        site.configuration.screens.append(made)
        await _fill(site, made)
    await _screen_schemes(site)


async def _fill(site: RandomSite, screen: str) -> None:
    first = await site.side.client.get_json(f"{API}/{_TABS}", screen=screen)
    tabs = [str(first[0]["id"])]
    for number in site.some(2):
        name = texts.name(site.chance, number)
        name = f"{name}{'x' * (LONGEST_NAME - len(name))}" if site.has(0.1) else name
        tabs.append(str((await site.post(_TABS, {"name": name}, screen=screen))["id"]))
    custom = [*site.fields, *(each.id for each in site.configuration.fields)]
    chosen = site.chance.sample([*_USUAL, *custom], site.chance.choice((0, 2, 5)))
    for field in [*chosen, *(["summary"] if site.has(0.9) else [])]:
        tab = site.chance.choice(tabs)
        await site.post(_FIELDS, {"fieldId": field}, screen=screen, tab=tab)
    if len(tabs) > 1 and site.has(0.5):
        await site.post(f"{_TABS}/{{tab}}/move/0", None, screen=screen, tab=tabs[-1])


async def _screen_schemes(site: RandomSite) -> None:
    known = [int(each) for each in site.configuration.screens]
    listed = await site.side.client.get_json(f"{API}/screens")
    known += [int(each["id"]) for each in listed["values"]]
    made: list[str] = []
    for name in names(site, site.chance.randint(1, 2)):
        operations = ["default", *site.sample(("create", "edit", "view"), 3)]
        chosen = {each: site.chance.choice(known) for each in operations}
        body: Json = {"name": name, "screens": chosen}
        body["description"] = texts.odd(site.chance)[:255] if site.has(0.5) else ""
        made.append(str((await site.post("screenscheme", body))["id"]))
    for name in names(site, len(site.some(2))):
        kinds = ["default", *site.sample(list(site.types.values()), 3)]
        mapped = [{"issueTypeId": e, "screenSchemeId": site.chance.choice(made)} for e in kinds]
        body = {"name": name, "issueTypeMappings": mapped}
        chosen_scheme = await site.post("issuetypescreenscheme", body)
        site.configuration.type_screen_schemes.append(str(chosen_scheme["id"]))


async def field_configurations(site: RandomSite) -> None:
    """What is said of fields, for some types or all; the default one may say something, too."""
    if not site.has():
        return
    made: list[str] = []
    for name in names(site, site.chance.randint(1, 2)):
        body = {"name": name, "description": texts.odd(site.chance)[:255]}
        made.append(str((await site.post(_CONFIGURATION, body))["id"]))
        await _say(site, made[-1])
    for name in names(site, len(site.some(2))):
        body = {"name": name, "description": texts.odd(site.chance)[:1024]}
        scheme = str((await site.post("fieldconfigurationscheme", body))["id"])
        kinds = ["default", *site.sample(list(site.types.values()), 3)]
        kinds = kinds[site.chance.choice((0, 0, 1)) :]
        mapped = [
            {"issueTypeId": each, "fieldConfigurationId": site.chance.choice(made)}
            for each in kinds
        ]
        if mapped:
            path = "fieldconfigurationscheme/{scheme}/mapping"
            await site.put(path, {"mappings": mapped}, scheme=scheme)
        site.configuration.field_schemes.append(scheme)


async def default_field_configuration(site: RandomSite) -> None:
    """What holds in projects that have no scheme, changed when they have issues already."""
    if site.has(0.2):
        listed = await site.side.client.get_json(f"{API}/{_CONFIGURATION}")
        default = next(each for each in listed["values"] if each.get("isDefault"))
        await _say(site, str(default["id"]))


async def _say(site: RandomSite, configuration: str) -> None:
    custom = [*site.fields, *(each.id for each in site.configuration.fields)]
    names = [*_USUAL, *_RENDERED, "resolution", "fixVersions", *custom]
    chosen = site.chance.sample(names, site.chance.choice((0, 1, 4)))
    items = [_item(site, each) for each in dict.fromkeys(chosen)]
    if items:
        body = {"fieldConfigurationItems": items}
        path = f"{_CONFIGURATION}/{{configuration}}/fields"
        await site.put(path, body, configuration=configuration)


def _item(site: RandomSite, field: str) -> Json:
    if site.has(0.3):
        return {"id": field, "isHidden": True}
    item: Json = {"id": field, "isRequired": site.has(0.5)}
    if site.has(0.5):
        item["description"] = texts.odd(site.chance)
    if field in _RENDERED and site.has(0.5):
        item["renderer"] = site.chance.choice(("text-renderer", "wiki-renderer"))
    return item
