"""Addresses of the source site: what links leads to the destination, texts stay as they are."""

from __future__ import annotations

import json

import pytest

from sitekeep_cli.comparison.links import Links
from sitekeep_cli.comparison.model import Side
from sitekeep_cli.comparison.shelf import Shelf
from sitekeep_restore.importers.jira import IMPORTER
from sitekeep_restore.importers.jira.addresses import Addresses
from sitekeep_shared.content.adf import Rewriting, document, paragraph
from sitekeep_shared.kinds import Kind
from sitekeep_simulator.assets.attributes import add_attribute
from sitekeep_simulator.assets.objects import add_object
from sitekeep_simulator.assets.schemas import add_schema
from sitekeep_simulator.assets.state import DEFAULT_TYPES, Assets
from sitekeep_simulator.assets.types import add_type
from sitekeep_simulator.jira.objects import ObjectKind
from sitekeep_simulator.jira.state import Jira
from support.confluence_fakes import restore
from support.jira_fakes import API, STOCK, JiraPair, JiraSide, Json, undeclared
from support.planning import errors_of, pair

__all__ = ["pair"]

ADDRESS = "/browse/ALFA-1?a=%20#b"


async def make_issue(side: JiraSide) -> tuple[str, str]:
    """An issue with its own address in a field of type URL, in texts and behind a remote link.

    Returns the ids of the fields: one of type URL, one a plain text.
    """
    client, address = side.client, side.base_url + ADDRESS
    me = await client.get_json(f"{API}/myself")
    project: Json = {"key": "ALFA", "name": "Alfa", "projectTypeKey": "software"}
    project |= {"leadAccountId": me["accountId"], "url": address, "description": address}
    await client.post_json(f"{API}/project", project)
    fields: list[str] = []
    for kind in ("url", "textfield"):
        made = await client.post_json(f"{API}/field", {"name": kind, "type": STOCK + kind})
        fields.append(str(made["id"]))
        await client.post(f"{API}/screens/addToDefault/{{field}}", None, field=fields[-1])
    (found,) = [
        each for each in await client.get_json(f"{API}/issuetype") if each["name"] == "Task"
    ]
    values: Json = {"project": {"key": "ALFA"}, "issuetype": {"id": found["id"]}}
    values |= {"summary": f"Like {address}", "description": document(paragraph(address))}
    values |= dict.fromkeys(fields, address)
    await client.post(f"{API}/issue", {"fields": values})
    link: Json = {"object": {"url": address, "title": address}}
    await client.post(f"{API}/issue/{{issue}}/remotelink", link, issue="ALFA-1")
    return fields[0], fields[1]


async def test_links_lead_to_the_destination_and_texts_stay(pair: JiraPair) -> None:
    await make_issue(pair.source)
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    after = await pair.destination.backup()
    assert (errors_of(tally), undeclared(before, after)) == ([], [])
    client, old = pair.destination.client, pair.source.base_url + ADDRESS
    new = pair.destination.base_url + ADDRESS
    names = {each["name"]: each["id"] for each in await client.get_json(f"{API}/field")}
    fields = (await pair.destination.issue("ALFA-1"))["fields"]
    assert (fields[names["url"]], fields[names["textfield"]]) == (new, old)
    assert fields["summary"] == f"Like {old}"
    project = await client.get_json(f"{API}/project/{{key}}", key="ALFA")
    assert (project["url"], project["description"]) == (new, old)
    (links,) = after.payloads(Kind.REMOTE_LINK).values()
    assert [each["object"]["url"] for each in json.loads(links)] == [new]


async def test_a_link_that_still_leads_to_the_source_is_a_difference(
    pair: JiraPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_issue(pair.source)
    before = await pair.source.backup()

    def unchanged(_: Addresses, url: str, rewritten: object = None) -> str:
        return url

    monkeypatch.setattr(Addresses, "link", unchanged)
    await restore(IMPORTER, pair.destination.client, before)
    found = undeclared(before, await pair.destination.backup())
    assert {(one.kind, one.path.partition(".")[0]) for one in found} == {
        (Kind.PROJECT, "url"),
        (Kind.ISSUE, "custom"),
        (Kind.REMOTE_LINK, "missing"),
        (Kind.REMOTE_LINK, "extra"),
    }


async def test_an_address_of_an_asset_leads_to_the_destination(pair: JiraPair) -> None:
    jira = Jira(pair.source.site)
    assets, old = Assets(jira), pair.source.base_url + ADDRESS
    kind = add_type(assets, add_schema(assets, "Hosts", "HOSTS"), "Host")
    (label,) = [a for a in assets.all(ObjectKind.ASSET_ATTRIBUTE, kind.id) if a.body["label"]]
    values = {str(label.id): [old]}
    for name in ("Url", "Text"):
        body = {"type": 0, "defaultTypeId": DEFAULT_TYPES.index(name)}
        values[str(add_attribute(assets, kind, name, body).id)] = [old]
    add_object(assets, kind, values, jira.accounts.page()[0])
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    after = await pair.destination.backup()
    assert (errors_of(tally), undeclared(before, after)) == ([], [])
    there = Assets(Jira(pair.destination.site))
    (found,) = there.all(ObjectKind.ASSET_OBJECT)
    names = {str(each.id): each.name for each in there.all(ObjectKind.ASSET_ATTRIBUTE)}
    shown = {names[each]: listed for each, listed in found.body["values"].items()}
    new = pair.destination.base_url + ADDRESS
    assert shown == {"Name": [old], "Url": [new], "Text": [old]}


def test_the_words_of_a_link_follow_it_where_they_are_its_address() -> None:
    sites = Addresses("https://old.example", "https://new.example")
    old, new = (f"{each}/browse/A-1" for each in (sites.source, sites.target))
    link: Json = {"type": "link", "attrs": {"href": old}}
    words = [{"type": "text", "text": text, "marks": [link]} for text in (old, f"see {old}")]
    done = Rewriting(link=sites.link).document(document({"type": "paragraph", "content": words}))
    texts: list[Json] = done["content"][0]["content"]
    assert [each["text"] for each in texts] == [new, f"see {old}"]
    assert {each["marks"][0]["attrs"]["href"] for each in texts} == {new}


@pytest.mark.parametrize("url", ["https://old.example", "https://old.example.org/x", "/x", ""])
def test_other_addresses_stay(url: str) -> None:
    assert Addresses("https://old.example", "https://new.example").link(url) == url
    assert Addresses("", "https://new.example").link("/x") == "/x"


def test_a_text_may_name_either_site() -> None:
    with Shelf() as shelf:
        source = Links(shelf, Side.LEFT, "https://old.example")
        target = Links(shelf, Side.RIGHT, "https://new.example", source)
        said = {each.said("at https://old.example/x") for each in (source, target)}
        assert said == {target.said("at https://new.example/x")} == {"at site:/x"}
        assert target.text("https://old.example/x") == "https://old.example/x"
