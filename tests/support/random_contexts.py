"""Custom fields of every type for some projects and issue types, with options and defaults."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from support import random_texts as texts
from support.jira_fakes import API, STOCK
from support.random_fields import FIELD_TYPES, WITH_OPTIONS, value_of
from support.random_site import Json, RandomContext, RandomField, RandomSite

_FIELD = "field/{field}"
_CONTEXTS = f"{_FIELD}/context"
_OPTIONS = f"{_CONTEXTS}/{{context}}/option"
_ALIKE = ("a", "A", "á", "a\u0301", "ss", "ß", " a", "a ", "a  b", "a b")
"""Values that are not the same, and not the same as those of another field."""


async def contexts(site: RandomSite) -> None:
    """Fields with contexts for everything, for some projects, for some types, or with none."""
    if not site.has(0.5):
        return
    kinds = site.chance.sample(FIELD_TYPES, site.chance.choice((1, 2, 4)))
    # Two may have the same name and the same type.
    kinds += kinds[-1:] if site.has(0.2) else []
    listed = {kind: texts.name(site.chance, 50 + number) for number, kind in enumerate(kinds)}
    for kind in kinds:
        body = {"name": listed[kind], "type": STOCK + kind}
        made = str((await site.post("field", body))["id"])
        found = RandomField(made, kind)
        await _add_contexts(site, found)
        if site.has(0.6):
            await site.post("screens/addToDefault/{field}", None, field=made)
        site.configuration.fields.append(found)


async def _add_contexts(site: RandomSite, found: RandomField) -> None:
    """The one for everything stays, gets another name, or goes; others are for projects."""
    listed = await site.side.client.get_json(f"{API}/{_CONTEXTS}", field=found.id)
    wide = RandomContext(str(listed["values"][0]["id"]), [], [])
    fate = site.chance.choice(("stays", "renamed", "goes", "is for types"))
    one = f"{_CONTEXTS}/{{context}}"
    if fate in ("stays", "renamed"):
        found.contexts.append(wide)
    else:
        await site.side.client.delete(f"{API}/{one}", field=found.id, context=wide.id)
    if fate == "renamed":
        body = {"name": texts.name(site.chance, 9), "description": texts.odd(site.chance)}
        await site.put(one, body, field=found.id, context=wide.id)
    if fate == "is for types":
        await _add(site, found, 8, [])
    rest = _projects(site)
    for number in site.some(2):
        projects = site.chance.sample(rest, min(len(rest), 1 + number))
        rest = [each for each in rest if each not in projects]
        if projects:
            await _add(site, found, number, projects)
    for context in found.contexts:
        await _fill(site, found, context)


def _projects(site: RandomSite) -> list[str]:
    own = site.configuration
    return [*site.projects.values(), *own.projects.values(), *filter(None, [own.leaving])]


async def _add(site: RandomSite, found: RandomField, number: int, projects: Sequence[str]) -> None:
    types = site.sample(list(site.types.values()), 3)
    body: Json = {"name": texts.name(site.chance, number), "issueTypeIds": types}
    if site.has(0.5):
        body["description"] = texts.odd(site.chance)
    if projects:
        body["projectIds"] = list(projects)
    made = await site.post(_CONTEXTS, body, field=found.id)
    found.contexts.append(RandomContext(str(made["id"]), list(projects), types))


async def _fill(site: RandomSite, found: RandomField, context: RandomContext) -> None:
    """Options, of which some are disabled, and a default value."""
    if found.kind in WITH_OPTIONS:
        await _add_options(site, found, context)
    if site.has(0.4):
        await _put_default(site, found, context)
    if context.options and site.has(0.3):
        shut = [{"id": each["id"], "disabled": True} for each in site.sample(context.options, 2)]
        where = {"field": found.id, "context": context.id}
        await site.put(_OPTIONS, {"options": shut}, **where)
        gone = {each["id"] for each in shut}
        for option in context.options:
            option["disabled"] = option["disabled"] or option["id"] in gone


async def _add_options(site: RandomSite, found: RandomField, context: RandomContext) -> None:
    values = site.chance.sample([*_ALIKE, texts.odd(site.chance, 9)[:255]], 4)
    values = values[: site.chance.randint(0, 4)]
    bodies: list[Json] = [{"value": each, "disabled": site.has(0.2)} for each in values]
    where = {"field": found.id, "context": context.id}
    context.options = await _made(site, bodies, where)
    if found.kind == "cascadingselect" and context.options:
        parents = site.chance.sample(context.options, min(2, len(context.options)))
        children = [
            {"value": value, "optionId": parent["id"]}
            for parent in parents
            for value in site.sample(_ALIKE, 3)
        ]
        context.options += await _made(site, children, where)
    if len(values) > 1 and site.has(0.5):
        last = {"customFieldOptionIds": [context.options[len(values) - 1]["id"]]}
        await site.put(f"{_OPTIONS}/move", {**last, "position": "First"}, **where)


async def _made(site: RandomSite, bodies: list[Json], where: dict[str, str]) -> list[Json]:
    if not bodies:
        return []
    answer = await site.post(_OPTIONS, {"options": bodies}, **where)
    made: list[Json] = answer["options"]
    return made


async def _put_default(site: RandomSite, found: RandomField, context: RandomContext) -> None:
    default = _default(site, found.kind, context)
    if default is not None:
        values = {"defaultValues": [{"contextId": context.id, **default}]}
        await site.put(f"{_CONTEXTS}/defaultValue", values, field=found.id)


def _default(site: RandomSite, kind: str, context: RandomContext) -> Json:
    chance, open_options = site.chance, context.children()
    if kind in WITH_OPTIONS:
        return _option_default(site, kind, context) if open_options else None
    if kind in ("grouppicker", "multigrouppicker") and not site.groups:
        return None
    person, group = chance.choice(site.active).account_id, _group_id(site)
    versions = [each for ids in site.versions.values() for each in ids]
    if (kind.endswith("version") and not versions) or (kind == "project" and not _projects(site)):
        return None
    makers: dict[str, Callable[[], Json]] = {
        "textfield": lambda: {"type": "textfield", "text": texts.line(chance)},
        "textarea": lambda: {"type": "textarea", "text": f"{texts.odd(chance)}\n."},
        "float": lambda: {"type": "float", "number": chance.choice((0, -1.5, 1e15))},
        "datepicker": lambda: _date(site, "datepicker", "date", "2024-02-29"),
        "datetime": lambda: _date(
            site, "datetimepicker", "dateTime", "2024-02-29T23:59:59.000+0000"
        ),
        "userpicker": lambda: _person(site, person),
        "multiuserpicker": lambda: {"type": "multi.user.select", "accountIds": [person]},
        "grouppicker": lambda: {"type": "grouppicker.single", "groupId": group},
        "multigrouppicker": lambda: {"type": "grouppicker.multiple", "groupIds": [group]},
        "project": lambda: {
            "type": "project",
            "projectId": chance.choice(_projects(site)),
        },
        "version": lambda: {"type": "version.single", "versionId": chance.choice(versions)},
        "multiversion": lambda: {"type": "version.multiple", "versionIds": versions[:2]},
        "labels": lambda: {"type": "labels", "labels": ["ünï", "世界"]},
        "url": lambda: {"type": "url", "url": "https://example.com/ä?b=%20&c#d"},
    }
    return makers[kind]()


def _option_default(site: RandomSite, kind: str, context: RandomContext) -> Json:
    chosen = site.chance.choice(context.children())
    if kind in ("multiselect", "multicheckboxes"):
        listed = {chosen, *site.sample(context.children())}
        return {"type": "option.multiple", "optionIds": sorted(listed)}
    if kind != "cascadingselect":
        return {"type": "option.single", "optionId": chosen}
    below = site.maybe(context.children(chosen))
    child = {"cascadingOptionId": below} if below else {}
    return {"type": "option.cascading", "optionId": chosen, **child}


def _date(site: RandomSite, kind: str, part: str, value: str) -> Json:
    return {"type": kind, "useCurrent": True} if site.has(0.5) else {"type": kind, part: value}


def _person(site: RandomSite, person: str) -> Json:
    filtered: Json = {"enabled": site.has(0.5), "groups": site.groups[:1], "roleIds": []}
    if site.roles:
        filtered["roleIds"] = [int(site.roles[0])]
    return {"type": "single.user.select", "accountId": person, "userFilter": filtered}


def _group_id(site: RandomSite) -> str:
    found = site.side.site.accounts.group(name=site.groups[0]) if site.groups else None
    return found.group_id if found else ""


def value(site: RandomSite, found: RandomField, key: str, issue_type: str) -> Json:
    """A value of a field for an issue of a type in a project; None: it has none there."""
    context = found.context(site.projects[key], issue_type)
    if context is None or (found.kind in WITH_OPTIONS and not context.children()):
        return None
    site.children |= {parent: context.children(parent) for parent in context.children()}
    return value_of(site, key, found.kind, context.children())
