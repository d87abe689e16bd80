"""Random custom fields of every type that REST makes, and values of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from support import random_texts as texts
from support.jira_fakes import API, STOCK
from support.random_site import Json, RandomSite

FIELD_TYPES = (
    "textfield",
    "textarea",
    "float",
    "select",
    "radiobuttons",
    "multiselect",
    "multicheckboxes",
    "cascadingselect",
    "datepicker",
    "datetime",
    "userpicker",
    "multiuserpicker",
    "grouppicker",
    "multigrouppicker",
    "project",
    "version",
    "multiversion",
    "labels",
    "url",
)
WITH_OPTIONS = ("select", "radiobuttons", "multiselect", "multicheckboxes", "cascadingselect")
LONGEST_TEXT = 255
_OPTIONS = "field/{field}/context/{context}/option"


async def fields(site: RandomSite) -> None:
    """Fields on the screens; two may have the same name and only their types tell them apart."""
    same = texts.name(site.chance, 77)
    for number, kind in enumerate(site.sample(FIELD_TYPES, 6)):
        name = same if site.chance.random() < 0.3 else texts.name(site.chance, number)
        body = {"name": name, "type": STOCK + kind, "description": texts.odd(site.chance)}
        made = str((await site.post("field", body))["id"])
        await site.post("screens/addToDefault/{field}", None, field=made)
        site.fields[made] = (kind, [])
        if kind in WITH_OPTIONS:
            await _options(site, made)


async def _options(site: RandomSite, field: str) -> None:
    """Options, some of them with others below; they may differ in case alone."""
    listed = await site.side.client.get_json(f"{API}/field/{{field}}/context", field=field)
    names = {"field": field, "context": str(listed["values"][0]["id"])}
    values = [texts.name(site.chance, each) for each in range(site.chance.choice((1, 3)))]
    made = await _add_options(site, names, [{"value": each} for each in [*values, "ONE", "one"]])
    kind, _ = site.fields[field]
    site.fields[field] = (kind, made)
    for parent in site.sample(made) if kind == "cascadingselect" else ():
        below = [{"value": each, "optionId": parent} for each in (texts.odd(site.chance), "same")]
        site.children[parent] = await _add_options(site, names, below)


async def _add_options(
    site: RandomSite, names: dict[str, str], options: Sequence[Json]
) -> list[str]:
    answer = await site.post(_OPTIONS, {"options": list(options)}, **names)
    return [str(each["id"]) for each in answer["options"]]


async def disabled_options(site: RandomSite) -> None:
    """Options that nobody can choose any more, although issues may have them."""
    client = site.side.client
    for field, (_, options) in site.fields.items():
        if options and site.chance.random() < 0.3:
            listed = await client.get_json(f"{API}/field/{{field}}/context", field=field)
            await client.put_json(
                f"{API}/{_OPTIONS}",
                {"options": [{"id": each, "disabled": True} for each in site.sample(options)]},
                field=field,
                context=str(listed["values"][0]["id"]),
            )


def value_of(site: RandomSite, key: str, kind: str, options: Sequence[str]) -> Json:
    """What an issue of a project has in a field of a type: often nothing."""
    chance = site.chance
    if chance.random() < 0.4:
        return None
    groups = [{"name": each} for each in site.groups]
    versions = [{"id": each} for each in site.versions[key]]
    people = [{"accountId": each.account_id} for each in site.active]
    makers: dict[str, Callable[[], Json]] = {
        "textfield": lambda: chance.choice((texts.line(chance), "x" * LONGEST_TEXT, " ")),
        "textarea": lambda: texts.text(chance),
        "float": lambda: chance.choice((0, -1.5, 1e15, 0.1)),
        "multiselect": lambda: [{"id": each} for each in site.sample(options, 3)],
        "multicheckboxes": lambda: [{"id": each} for each in site.sample(options, 3)],
        "cascadingselect": lambda: _cascade(site, chance.choice(options)),
        "datepicker": lambda: chance.choice(("2024-02-29", "1970-01-01", "2999-12-31")),
        "datetime": lambda: chance.choice(
            ("2024-02-29T23:59:59.000+1400", "1969-12-31T00:00:00.000Z")
        ),
        "userpicker": lambda: chance.choice(people),
        "multiuserpicker": lambda: site.sample(people, 3),
        "grouppicker": lambda: site.maybe(groups),
        "multigrouppicker": lambda: site.sample(groups),
        "project": lambda: {"id": chance.choice(list(site.projects.values()))},
        "version": lambda: site.maybe(versions),
        "multiversion": lambda: site.sample(versions),
        "labels": lambda: ["ünï", "b", "B"],
        "url": lambda: "https://example.com/?q=%20&x=1#y",
    }
    option = {"id": chance.choice(options)} if options else None
    return makers.get(kind, lambda: option)()


def _cascade(site: RandomSite, option: str) -> Json:
    child = site.maybe(site.children.get(option, ()))
    return {"id": option} | ({"child": {"id": child}} if child else {})
