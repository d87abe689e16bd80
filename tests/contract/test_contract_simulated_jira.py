"""Atlassian's documents judge every answer of the simulated site.

Each test drives a group of endpoints through the site client; the fixture ``checked_site``
fails it where a request or an answer departs from the documents.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import closing

import pytest

from contract.site_calls import NAMES, A, J, Json, adf, issue, project, task_type
from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.atlassian.credentials import Credentials
from sitekeep_shared.atlassian.errors import SiteError, SiteNotFound
from sitekeep_simulator.accounts import ADMIN_EMAIL, ADMIN_TOKEN
from sitekeep_simulator.jira.field_schemes import add_field_scheme
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.site import SimulatedSite
from support.checked_site import StartCheckedSite


async def test_jira_tells_who_and_what_it_is(client: SiteClient) -> None:
    info = await client.get_json(f"{J}/serverInfo")
    assert info["deploymentType"] == "Cloud"
    me = await client.get_json(f"{J}/myself")
    query = [("permissions", "ADMINISTER")]
    found = await client.get_json(f"{J}/mypermissions", query)
    assert found["permissions"]["ADMINISTER"]["havePermission"] is True
    user = await client.get_json(f"{J}/user", [("accountId", me["accountId"])])
    assert user["accountId"] == me["accountId"]


async def test_jira_tells_which_apps_run(client: SiteClient) -> None:
    found = await client.get_json(f"{J}/applicationrole")
    assert [role["key"] for role in found] == ["jira-core", "jira-software"]


async def test_jira_lists_people_and_groups(client: SiteClient) -> None:
    page = [("startAt", "0"), ("maxResults", "1000")]
    users = await client.get_json(f"{J}/users/search", page)
    assert {user["displayName"] for user in users} >= {"Lee Müller", "Kim"}
    groups = (await client.get_json(f"{J}/group/bulk", page[:1]))["values"]
    team = next(group for group in groups if group["name"] == "team")
    query = [("groupId", team["groupId"]), ("includeInactiveUsers", "true"), ("maxResults", "50")]
    assert len((await client.get_json(f"{J}/group/member", query))["values"]) == 2


async def test_jira_makes_groups_and_members(client: SiteClient) -> None:
    me = await client.get_json(f"{J}/myself")
    made = await client.post_json(f"{J}/group", {"name": "new"})
    query = [("groupId", made["groupId"])]
    await client.post(f"{J}/group/user", {"accountId": me["accountId"]}, query)
    assert len((await client.get_json(f"{J}/group/member", query))["values"]) == 1


@pytest.mark.parametrize(
    "path",
    [
        "issuetype",
        "statuses/search",
        "status",
        "priority/search",
        "resolution/search",
        "issueLinkType",
        "field",
        "field/search",
        "workflows/search",
        "workflowscheme",
        "issuetypescheme",
        "project/search",
    ],
)
async def test_jira_lists_its_configuration(client: SiteClient, path: str) -> None:
    await project(client)
    assert await client.get_json(f"{J}/{path}")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("issuetype", {"name": "Chore", "description": "d", "hierarchyLevel": 0}),
        ("issuetype", {"name": "Part", "description": "d", "hierarchyLevel": -1}),
        ("priority", {"name": "Someday", "description": "d", "statusColor": "#123456"}),
        ("resolution", {"name": "Obsolete", "description": "d"}),
        ("issueLinkType", {"name": "Feeds", "inward": "is fed by", "outward": "feeds"}),
    ],
)
async def test_jira_makes_configuration(
    client: SiteClient, path: str, body: Mapping[str, Json]
) -> None:
    assert (await client.post_json(f"{J}/{path}", body))["id"]


async def test_jira_keeps_categories_of_projects(client: SiteClient) -> None:
    body = {"name": "Kunden & „Partner“", "description": "d"}
    made = await client.post_json(f"{J}/projectCategory", body)
    assert (await client.get_json(f"{J}/projectCategory"))[0]["id"] == made["id"]
    path = f"{J}/project/{{projectIdOrKey}}"
    number = await project(client)
    assign = {"categoryId": int(made["id"])}
    changed = await client.put_json(path, assign, projectIdOrKey=number)
    assert changed["projectCategory"]["name"] == body["name"]
    changed = await client.put_json(path, {"categoryId": -1}, projectIdOrKey=number)
    assert "projectCategory" not in changed


async def test_jira_keeps_roles_and_who_acts_in_them(client: SiteClient) -> None:
    number = await project(client)
    lee = (await client.get_json(f"{J}/users/search"))[1]["accountId"]
    groups = (await client.get_json(f"{J}/group/bulk"))["values"]
    team = next(group["groupId"] for group in groups if group["name"] == "team")
    made = await client.post_json(f"{J}/role", {"name": "Prüfer", "description": "d"})
    role = str(made["id"])
    for body in ({"user": [lee]}, {"groupId": [team]}):
        await client.post(f"{J}/role/{{id}}/actors", body, id=role)
    roles = await client.get_json(f"{J}/role")
    assert len(next(role for role in roles if role["name"] == "Prüfer")["actors"]) == 2
    assert await client.get_json(f"{J}/role/{{id}}", id=role)
    listed = f"{J}/project/{{projectIdOrKey}}/role"
    assert "Prüfer" in await client.get_json(listed, projectIdOrKey=number)
    one = f"{listed}/{{id}}"
    await client.post(one, {"user": [lee]}, id=role, projectIdOrKey=number)
    await client.delete(one, [("user", lee)], id=role, projectIdOrKey=number)
    actors = {"atlassian-user-role-actor": [lee], "atlassian-group-role-actor-id": [team]}
    await client.put_json(one, {"categorisedActors": actors}, id=role, projectIdOrKey=number)
    assert len((await client.get_json(one, id=role, projectIdOrKey=number))["actors"]) == 2
    whole = await client.get_json(f"{J}/project/{{projectIdOrKey}}", projectIdOrKey=number)
    assert whole["roles"]["Prüfer"].endswith(f"/role/{made['id']}")


async def test_jira_keeps_notification_schemes(client: SiteClient) -> None:
    number = await project(client)
    lee = (await client.get_json(f"{J}/users/search"))[1]["accountId"]
    kind = "com.atlassian.jira.plugin.system.customfieldtypes:userpicker"
    field = (await client.post_json(f"{J}/field", {"name": "Buddy", "type": kind}))["id"]
    role = (await client.get_json(f"{J}/role"))[0]["id"]
    recipients = [
        {"notificationType": "AllWatchers"},
        {"notificationType": "Group", "parameter": "team"},
        {"notificationType": "User", "parameter": lee},
        {"notificationType": "ProjectRole", "parameter": str(role)},
        {"notificationType": "UserCustomField", "parameter": field},
    ]
    event = {"event": {"id": "1"}, "notifications": recipients}
    body = {"name": "Laut", "description": "d", "notificationSchemeEvents": [event]}
    listed = f"{J}/notificationscheme"
    made = (await client.post_json(listed, body))["id"]
    one = f"{listed}/{{id}}"
    whole = await client.get_json(one, [("expand", "all")], id=made)
    assert len(whole["notificationSchemeEvents"][0]["notifications"]) == 5
    assert (await client.get_json(listed, [("expand", "all")]))["total"] == 2
    await client.put_json(one, {"description": "changed"}, id=made)
    more = {"event": {"id": "2"}, "notifications": recipients[:1]}
    await client.put_json(f"{one}/notification", {"notificationSchemeEvents": [more]}, id=made)
    gone = str(whole["notificationSchemeEvents"][0]["notifications"][0]["id"])
    path = f"{one}/notification/{{notificationId}}"
    await client.delete(path, id=made, notificationId=gone)
    assert await client.get_json(f"{J}/events")
    assign = {"notificationScheme": int(made)}
    await client.put_json(f"{J}/project/{{projectIdOrKey}}", assign, projectIdOrKey=number)
    query = [("notificationSchemeId", made), ("maxResults", "100")]
    found = await client.get_json(f"{listed}/project", query)
    assert [each["projectId"] for each in found["values"]] == [number]
    with pytest.raises(SiteError):
        await client.delete(one, id=made)
    await client.delete(one, id=(await client.post_json(listed, {"name": "Leise"}))["id"])


async def test_jira_keeps_permission_schemes(client: SiteClient) -> None:
    number = await project(client)
    lee = (await client.get_json(f"{J}/users/search"))[1]["accountId"]
    kind = "com.atlassian.jira.plugin.system.customfieldtypes:userpicker"
    field = (await client.post_json(f"{J}/field", {"name": "Buddy", "type": kind}))["id"]
    role = str((await client.get_json(f"{J}/role"))[0]["id"])
    holders = [
        {"type": "anyone"},
        {"type": "applicationRole"},
        {"type": "applicationRole", "parameter": "jira-software"},
        {"type": "group", "parameter": "team"},
        {"type": "user", "value": lee},
        {"type": "projectRole", "value": role},
        {"type": "userCustomField", "value": field},
    ]
    grants = [{"permission": "ADD_COMMENTS", "holder": holder} for holder in holders]
    listed = f"{J}/permissionscheme"
    body = {"name": "Nur wir", "description": "d", "permissions": grants}
    made = str((await client.post_json(listed, body))["id"])
    assert len((await client.get_json(listed, [("expand", "all")]))["permissionSchemes"]) == 2
    one = f"{listed}/{{schemeId}}"
    whole = await client.get_json(one, [("expand", "all")], schemeId=made)
    assert len(whole["permissions"]) == len(grants)
    for each in grants:
        each["permission"] = "LINK_ISSUES"
    await client.put_json(one, {"name": "Nur wir", "permissions": grants[1:]}, schemeId=made)
    more = f"{one}/permission"
    granted = await client.post_json(more, grants[0], schemeId=made)
    assert len((await client.get_json(more, schemeId=made))["permissions"]) == len(grants)
    path = f"{more}/{{permissionId}}"
    await client.delete(path, schemeId=made, permissionId=str(granted["id"]))
    of_project = f"{J}/project/{{projectKeyOrId}}/permissionscheme"
    await client.put_json(of_project, {"id": int(made)}, projectKeyOrId=number)
    assert (await client.get_json(of_project, projectKeyOrId=number))["id"] == int(made)
    empty = str((await client.post_json(listed, {"name": "Leer"}))["id"])
    await client.delete(one, schemeId=empty)


async def test_jira_keeps_issue_security_schemes(client: SiteClient) -> None:
    number = await project(client)
    me = (await client.get_json(f"{J}/myself"))["accountId"]
    role = str((await client.get_json(f"{J}/role"))[0]["id"])
    members = [
        {"type": "reporter"},
        {"type": "group", "parameter": "team"},
        {"type": "projectrole", "parameter": role},
        {"type": "user", "parameter": me},
    ]
    level = {"name": "Intern", "description": "d", "members": members, "isDefault": True}
    listed = f"{J}/issuesecurityschemes"
    body = {"name": "Vertraulich", "description": "d", "levels": [level]}
    made = (await client.post_json(listed, body))["id"]
    one = f"{listed}/{{schemeId}}"
    await client.put_json(one, {"description": "changed"}, schemeId=made)
    more = {"levels": [{"name": "Geheim", "description": "", "isDefault": False}]}
    await client.put_json(f"{one}/level", more, schemeId=made)
    assert len((await client.get_json(one, schemeId=made))["levels"]) == 2
    levels = (await client.get_json(f"{listed}/level", [("schemeId", made)]))["values"]
    second = levels[1]["id"]
    path = f"{one}/level/{{levelId}}"
    await client.put_json(
        path, {"name": "Geheim", "description": "x"}, schemeId=made, levelId=second
    )
    await client.put_json(f"{path}/member", {"members": members[3:]}, schemeId=made, levelId=second)
    query = [("schemeId", made), ("expand", "all"), ("maxResults", "100")]
    found = (await client.get_json(f"{listed}/level/member", query))["values"]
    assert len(found) == 5
    gone = f"{path}/member/{{memberId}}"
    await client.delete(gone, schemeId=made, levelId=levels[0]["id"], memberId=found[0]["id"])
    default = {"issueSecuritySchemeId": made, "defaultLevelId": second}
    await client.put_json(f"{listed}/level/default", {"defaultValues": [default]})
    assert (await client.get_json(f"{listed}/search"))["values"][0]["defaultLevel"] == int(second)
    assign = {"issueSecurityScheme": int(made)}
    await client.put_json(f"{J}/project/{{projectIdOrKey}}", assign, projectIdOrKey=number)
    query = [("issueSecuritySchemeId", made), ("maxResults", "100")]
    of_projects = await client.get_json(f"{listed}/project", query)
    assert [each["projectId"] for each in of_projects["values"]] == [number]
    key = await issue(client, number)
    fields = (await client.get_json(f"{J}/issue/{{issueIdOrKey}}", issueIdOrKey=key))["fields"]
    assert fields["security"]["name"] == "Geheim"


async def test_jira_keeps_priority_schemes(client: SiteClient) -> None:
    number = await project(client)
    priorities = (await client.get_json(f"{J}/priority/search"))["values"]
    ids = [int(each["id"]) for each in priorities]
    listed = f"{J}/priorityscheme"
    body: Json = {"name": "Eile", "description": "d", "priorityIds": ids[:3]}
    body |= {"defaultPriorityId": ids[0], "projectIds": [int(number)]}
    made = (await client.post_json(listed, body))["id"]
    query = [("expand", "priorities,projects"), ("maxResults", "50")]
    found = (await client.get_json(listed, query))["values"]
    assert [each["projects"]["total"] for each in found] == [0, 1]
    one = f"{listed}/{{schemeId}}"
    assert (await client.get_json(f"{one}/priorities", schemeId=made))["total"] == 3
    assert (await client.get_json(f"{one}/projects", schemeId=made))["total"] == 1
    changes = {"add": {"ids": ids[3:4]}, "remove": {"ids": ids[1:2]}}
    change: Json = {"priorities": changes, "defaultPriorityId": ids[3], "description": "x"}
    change["projects"] = {"remove": {"ids": [int(number)]}}
    await client.put_json(one, change, schemeId=made)
    assert (await client.get_json(f"{one}/projects", schemeId=made))["total"] == 0


async def test_jira_makes_a_custom_field_with_options(client: SiteClient) -> None:
    kind = "com.atlassian.jira.plugin.system.customfieldtypes:select"
    searcher = "com.atlassian.jira.plugin.system.customfieldtypes:multiselectsearcher"
    body = {"name": "Colour", "type": kind, "searcherKey": searcher}
    field = (await client.post_json(f"{J}/field", body))["id"]
    contexts = f"{J}/field/{{fieldId}}/context"
    context = (await client.get_json(contexts, fieldId=field))["values"][0]["id"]
    path = f"{contexts}/{{contextId}}/option"
    options = {"options": [{"value": "red", "disabled": False}, {"value": "blue"}]}
    await client.post(path, options, fieldId=field, contextId=context)
    found = await client.get_json(path, fieldId=field, contextId=context)
    assert [option["value"] for option in found["values"]] == ["red", "blue"]


async def test_jira_keeps_contexts_of_fields(client: SiteClient) -> None:
    number = await project(client)
    kind = "com.atlassian.jira.plugin.system.customfieldtypes:cascadingselect"
    field = (await client.post_json(f"{J}/field", {"name": "Place", "type": kind}))["id"]
    listed = f"{J}/field/{{fieldId}}/context"
    types = [each["id"] for each in await client.get_json(f"{J}/issuetype")][:2]
    body: Json = {"name": "Ours", "projectIds": [number], "issueTypeIds": types[:1]}
    made = (await client.post_json(listed, body, fieldId=field))["id"]
    one, named = f"{listed}/{{contextId}}", {"fieldId": field, "contextId": made}
    await client.put_json(one, {"name": "Unsere", "description": "d"}, **named)
    await client.put_json(f"{one}/issuetype", {"issueTypeIds": types[1:]}, **named)
    await client.post(f"{one}/issuetype/remove", {"issueTypeIds": types[:1]}, **named)
    for noun in ("projectmapping", "issuetypemapping"):
        found = await client.get_json(f"{listed}/{noun}", fieldId=field)
        assert {each["contextId"] for each in found["values"]} > {made}
    options = {"options": [{"value": "A"}, {"value": "B", "disabled": True}]}
    first = (await client.post_json(f"{one}/option", options, **named))["options"][0]["id"]
    below = {"options": [{"value": "1", "optionId": first}]}
    child = (await client.post_json(f"{one}/option", below, **named))["options"][0]["id"]
    await client.put_json(f"{one}/option", {"options": [{"id": child, "value": "2"}]}, **named)
    moved = {"customFieldOptionIds": [first], "position": "Last"}
    await client.put_json(f"{one}/option/move", moved, **named)
    default = {"type": "option.cascading", "contextId": made, "optionId": first}
    body = {"defaultValues": [{**default, "cascadingOptionId": child}]}
    await client.put_json(f"{listed}/defaultValue", body, fieldId=field)
    assert (await client.get_json(f"{listed}/defaultValue", fieldId=field))["values"]
    await client.delete(one, **named)
    await client.post(f"{J}/field/{{id}}/trash", None, id=field)
    assert (await client.get_json(f"{J}/field/search/trashed"))["total"] == 1
    await client.post(f"{J}/field/{{id}}/restore", None, id=field)


async def test_jira_keeps_screens(client: SiteClient) -> None:
    listed = f"{J}/screens"
    made = str((await client.post_json(listed, {"name": "Ours", "description": "d"}))["id"])
    one = f"{listed}/{{screenId}}"
    await client.put_json(one, {"description": "x"}, screenId=made)
    tabs, tab = f"{one}/tabs", f"{one}/tabs/{{tabId}}"
    (first,) = await client.get_json(tabs, screenId=made)
    added = await client.post_json(tabs, {"name": "More"}, screenId=made)
    named = str(added["id"])
    await client.put_json(tab, {"name": "Most"}, screenId=made, tabId=named)
    await client.post(f"{tab}/move/{{pos}}", None, screenId=made, tabId=named, pos="0")
    assert await client.get_json(f"{one}/availableFields", screenId=made)
    for field in ("summary", "labels"):
        body = {"fieldId": field}
        await client.post_json(f"{tab}/fields", body, screenId=made, tabId=named)
    move = f"{tab}/fields/{{id}}/move"
    await client.post(move, {"position": "Last"}, screenId=made, tabId=named, id="summary")
    assert await client.get_json(f"{tab}/fields", screenId=made, tabId=named)
    await client.delete(f"{tab}/fields/{{id}}", screenId=made, tabId=named, id="labels")
    await client.delete(tab, screenId=made, tabId=str(first["id"]))
    query = [("screenId", made), ("maxResult", "100")]
    found = await client.get_json(f"{listed}/tabs", query)
    assert [each["tabName"] for each in found["values"]] == ["Most"]
    assert (await client.get_json(listed, [("scope", "GLOBAL")]))["total"] == 4
    await client.delete(one, screenId=made)


async def test_jira_keeps_schemes_of_screens(client: SiteClient) -> None:
    number = await project(client)
    screens = [each["id"] for each in (await client.get_json(f"{J}/screens"))["values"]]
    listed, typed = f"{J}/screenscheme", f"{J}/issuetypescreenscheme"
    body: Json = {"name": "Ours", "description": "d", "screens": {"default": screens[0]}}
    scheme = str((await client.post_json(listed, body))["id"])
    chosen = {"create": str(screens[1]), "edit": None}
    change = {"description": "x", "screens": chosen}
    await client.put_json(f"{listed}/{{screenSchemeId}}", change, screenSchemeId=scheme)
    assert (await client.get_json(listed))["total"] == 2
    mapping = {"issueTypeId": "default", "screenSchemeId": scheme}
    body = {"name": "Ours", "description": "d", "issueTypeMappings": [mapping]}
    made = (await client.post_json(typed, body))["id"]
    one = f"{typed}/{{issueTypeScreenSchemeId}}"
    kind = (await client.get_json(f"{J}/issuetype"))[0]["id"]
    await client.put_json(one, {"description": "x"}, issueTypeScreenSchemeId=made)
    body = {"issueTypeMappings": [{"issueTypeId": kind, "screenSchemeId": scheme}]}
    await client.put_json(f"{one}/mapping", body, issueTypeScreenSchemeId=made)
    default = {"screenSchemeId": scheme}
    await client.put_json(f"{one}/mapping/default", default, issueTypeScreenSchemeId=made)
    query = [("issueTypeScreenSchemeId", made)]
    assert (await client.get_json(f"{typed}/mapping", query))["total"] == 2
    gone = {"issueTypeIds": [kind]}
    await client.post(f"{one}/mapping/remove", gone, issueTypeScreenSchemeId=made)
    assign = {"issueTypeScreenSchemeId": made, "projectId": number}
    await client.put_json(f"{typed}/project", assign)
    found = (await client.get_json(f"{typed}/project", [("projectId", number)]))["values"]
    assert [each["issueTypeScreenScheme"]["id"] for each in found] == [made]
    body = {"name": "Empty", "issueTypeMappings": [mapping]}
    empty = (await client.post_json(typed, body))["id"]
    await client.delete(one, issueTypeScreenSchemeId=empty)


async def test_jira_keeps_field_configurations(client: SiteClient) -> None:
    number = await project(client)
    listed, schemes = f"{J}/fieldconfiguration", f"{J}/fieldconfigurationscheme"
    made = str((await client.post_json(listed, {"name": "Ours", "description": "d"}))["id"])
    one = f"{listed}/{{id}}"
    await client.put_json(one, {"name": "Ours", "description": "x"}, id=made)
    said = {"id": "description", "isRequired": True, "renderer": "text-renderer"}
    items: Json = {"fieldConfigurationItems": [said, {"id": "duedate", "isHidden": True}]}
    await client.put_json(f"{one}/fields", items, id=made)
    assert (await client.get_json(f"{one}/fields", [("maxResults", "100")], id=made))["values"]
    assert (await client.get_json(listed))["total"] == 2
    scheme = (await client.post_json(schemes, {"name": "Ours", "description": "d"}))["id"]
    of = f"{schemes}/{{id}}"
    await client.put_json(of, {"name": "Ours", "description": "x"}, id=scheme)
    mapping = {"issueTypeId": "default", "fieldConfigurationId": made}
    await client.put_json(f"{of}/mapping", {"mappings": [mapping]}, id=scheme)
    query = [("fieldConfigurationSchemeId", scheme)]
    assert (await client.get_json(f"{schemes}/mapping", query))["total"] == 1
    for chosen in (scheme, None):
        assign: Json = {"fieldConfigurationSchemeId": chosen, "projectId": number}
        await client.put_json(f"{schemes}/project", assign)
        found = await client.get_json(f"{schemes}/project", [("projectId", number)])
        assert [each["projectIds"] for each in found["values"] if each["projectIds"]] == [[number]]
    await client.post(f"{of}/mapping/delete", {"issueTypeIds": ["default"]}, id=scheme)
    assert (await client.get_json(schemes))["total"] == 1
    await client.delete(of, id=scheme)
    await client.delete(one, id=made)


async def test_jira_lists_field_schemes(checked_site: StartCheckedSite) -> None:
    site = SimulatedSite("schemes")
    running = await checked_site(site)
    with closing(site):
        async with SiteClient(running.base_url, Credentials(ADMIN_EMAIL, ADMIN_TOKEN)) as client:
            await _list_field_schemes(client, Jira(site))


async def _list_field_schemes(client: SiteClient, jira: Jira) -> None:
    number = await project(client)
    listed = f"{J}/config/fieldschemes"
    with pytest.raises(SiteNotFound):
        await client.get_json(listed)
    said = {
        "parameters": {"description": "d", "isRequired": True},
        "restrictedToWorkTypes": ["1"],
        "workTypeParameters": [{"workTypeId": "1", "description": "e", "isRequired": False}],
    }
    made = add_field_scheme(jira, "Ours", {"duedate": said}, [int(number)], "d")
    assert (await client.get_json(listed, [("maxResults", "50")]))["total"] == 1
    for noun in ("fields", "projects"):
        page = await client.get_json(f"{listed}/{{id}}/{noun}", id=str(made.id))
        assert len(page["values"]) == 1


async def test_jira_makes_schemes(client: SiteClient) -> None:
    number = await project(client)
    kinds = [each["id"] for each in await client.get_json(f"{J}/issuetype")]
    scheme = {"name": "Types", "issueTypeIds": kinds, "defaultIssueTypeId": kinds[0]}
    made = (await client.post_json(f"{J}/issuetypescheme", scheme))["issueTypeSchemeId"]
    assign = {"issueTypeSchemeId": made, "projectId": number}
    await client.put_json(f"{J}/issuetypescheme/project", assign)
    of_project = [("projectId", number)]
    for path in ("issuetypescheme/project", "workflowscheme/project"):
        assert (await client.get_json(f"{J}/{path}", of_project))["values"]
    assert (await client.get_json(f"{J}/issuetypescheme/mapping"))["values"]


async def test_jira_changes_issue_type_schemes(client: SiteClient) -> None:
    kinds = [each["id"] for each in await client.get_json(f"{J}/issuetype")]
    listed = f"{J}/issuetypescheme"
    scheme = {"name": "Typen & „mehr“", "issueTypeIds": kinds[:3], "description": "d"}
    made = (await client.post_json(listed, scheme))["issueTypeSchemeId"]
    one = f"{listed}/{{issueTypeSchemeId}}"
    path = {"issueTypeSchemeId": made}
    await client.put_json(f"{one}/issuetype", {"issueTypeIds": kinds[3:4]}, **path)
    change = {"description": "e", "defaultIssueTypeId": kinds[3]}
    await client.put_json(one, change, **path)
    order = {"issueTypeIds": [kinds[3]], "position": "First"}
    await client.put_json(f"{one}/issuetype/move", order, **path)
    after = {"issueTypeIds": [kinds[0]], "after": kinds[3]}
    await client.put_json(f"{one}/issuetype/move", after, **path)
    await client.delete(f"{one}/issuetype/{{issueTypeId}}", issueTypeId=kinds[1], **path)
    items = await client.get_json(f"{listed}/mapping", [("issueTypeSchemeId", made)])
    assert [each["issueTypeId"] for each in items["values"]] == [kinds[3], kinds[0], kinds[2]]
    found = await client.get_json(listed, [("id", made)])
    assert found["values"][0]["defaultIssueTypeId"] == kinds[3]
    await client.delete(one, **path)


async def test_jira_keeps_workflows_and_their_schemes(client: SiteClient) -> None:
    number = await project(client)
    statuses = (await client.get_json(f"{J}/statuses/search"))["values"]
    listed: Json = [
        {**{name: each[name] for name in ("id", "name", "description", "statusCategory")}}
        | {"statusReference": each["name"]}
        for each in statuses
    ]
    rule: Json = {
        "id": "1b0d6a52-0000-4000-8000-000000000001",
        "ruleKey": "system:update-field",
        "parameters": {"field": "summary", "value": "x", "mode": "append"},
    }
    steps: Json = [
        {
            "id": str(place),
            "name": each["name"],
            "type": "GLOBAL" if place else "INITIAL",
            "toStatusReference": each["name"],
            "links": [],
            "actions": [rule] if place else [],
            "validators": [],
            "triggers": [],
            "properties": {"a": "b"},
            "conditions": {"operation": "ALL", "conditions": [], "conditionGroups": []},
        }
        for place, each in enumerate(statuses)
    ]
    layout: Json = [
        {"statusReference": each["name"], "properties": {}, "layout": {"x": 1.5, "y": 2}}
        for each in statuses
    ]
    workflow: Json = {"name": "Flow", "statuses": layout, "transitions": steps}
    workflow |= {"startPointLayout": {"x": 0.5, "y": 1.0}, "description": "d"}
    body: Json = {"scope": {"type": "GLOBAL"}, "statuses": listed, "workflows": [workflow]}
    check = f"{J}/workflows/create/validation"
    asked = {"payload": body, "validationOptions": {"levels": ["ERROR"]}}
    assert (await client.post_json(check, asked, read=True))["errors"] == []
    rule["parameters"]["field"] = "customfield_1"
    assert (await client.post_json(check, asked, read=True))["errors"]
    rule["parameters"]["field"] = "summary"
    made = (await client.post_json(f"{J}/workflows/create", body))["workflows"][0]["id"]
    read = await client.post_json(f"{J}/workflows", {"workflowIds": [made]}, read=True)
    assert read["workflows"][0]["startPointLayout"] == {"x": 0.5, "y": 1.0}
    query = [("expand", "values.transitions"), ("queryString", "flow")]
    assert (await client.get_json(f"{J}/workflows/search", query))["values"]
    scheme: Json = {"name": "Scheme", "defaultWorkflow": "Flow", "issueTypeMappings": {}}
    target = str((await client.post_json(f"{J}/workflowscheme", scheme))["id"])
    one = f"{J}/workflowscheme/{{id}}"
    await client.put_json(one, {"description": "changed"}, id=target)
    assert (await client.get_json(one, id=target))["description"] == "changed"
    await issue(client, number)
    switch = {"projectId": number, "targetSchemeId": target}
    task = await client.post_task(f"{J}/workflowscheme/project/switch", switch)
    assert (await client.get_json(f"{J}/task/{{taskId}}", taskId=str(task["id"])))["result"]
    await client.post(f"{one}/createdraft", None, id=target)
    assert (await client.get_json(f"{one}/draft", id=target))["draft"] is True
    with pytest.raises(SiteError):
        await client.delete(one, id=target)
    spare = str((await client.post_json(f"{J}/workflowscheme", {"name": "Spare"}))["id"])
    await client.delete(one, id=spare)
    workflow |= {"name": "Another"}
    made = (await client.post_json(f"{J}/workflows/create", body))["workflows"][0]["id"]
    await client.delete(f"{J}/workflow/{{entityId}}", entityId=made)


async def test_jira_keeps_preferences(client: SiteClient) -> None:
    query = [("key", "user.autowatch.disabled")]
    await client.put_json(f"{J}/mypreferences", True, query)
    assert await client.get_json(f"{J}/mypreferences", query) is True


async def test_jira_keeps_projects_versions_and_components(client: SiteClient) -> None:
    number = await project(client)
    version = {"name": "1.0", "projectId": int(number), "released": True}
    version["releaseDate"] = "2026-01-31"
    made = await client.post_json(f"{J}/version", version)
    assert (await client.get_json(f"{J}/version/{{id}}", id=made["id"]))["name"] == "1.0"
    await client.put_json(f"{J}/version/{{id}}", {"archived": True}, id=made["id"])
    component = {"name": "Core", "project": "ABC", "assigneeType": "UNASSIGNED"}
    await client.post(f"{J}/component", component)
    for path in ("", "/version", "/versions", "/component", "/components", "/statuses"):
        template = f"{J}/project/{{projectIdOrKey}}{path}"
        assert await client.get_json(template, projectIdOrKey=number)
    query = [("status", "live"), ("status", "archived"), ("status", "deleted")]
    query += [("maxResults", "100"), ("expand", "description,lead,insight")]
    assert (await client.get_json(f"{J}/project/search", query))["total"] == 1
    await client.put_json(
        f"{J}/project/{{projectIdOrKey}}", {"description": "new"}, projectIdOrKey=number
    )
    await client.delete(f"{J}/project/{{projectIdOrKey}}", projectIdOrKey=number)


async def test_jira_makes_and_reads_issues(client: SiteClient) -> None:
    number = await project(client)
    key = await issue(client, number, description=adf("text"), labels=["a"])
    kind = await task_type(client, number)
    update = {"fields": {"project": {"id": number}, "issuetype": {"id": kind}, "summary": "two"}}
    made = await client.post_json(f"{J}/issue/bulk", {"issueUpdates": [update] * 3})
    assert [each["key"] for each in made["issues"]] == ["ABC-2", "ABC-3", "ABC-4"]
    body = {"issueIdsOrKeys": [key, "ABC-2", "ABC-99"], "fields": ["*all"]}
    body["properties"] = ["sitekeep.origin"]
    found = await client.post_json(f"{J}/issue/bulkfetch", body, read=True)
    assert [each["key"] for each in found["issues"]] == [key, "ABC-2"]
    assert await client.get_json(f"{J}/issue/{{issueIdOrKey}}", issueIdOrKey=key)
    edit = {"fields": {"summary": "changed", "description": adf("new")}}
    query = [("notifyUsers", "false")]
    await client.put_json(f"{J}/issue/{{issueIdOrKey}}", edit, query, issueIdOrKey=key)
    with pytest.raises(SiteNotFound):
        await client.get(f"{J}/issue/{{issueIdOrKey}}", issueIdOrKey="ABC-99")


async def test_jira_searches_issues(client: SiteClient) -> None:
    await issue(client, await project(client))
    jql = 'project = "ABC" ORDER BY key DESC'
    body = {"jql": jql, "maxResults": 1, "fields": ["summary"]}
    found = await client.post_json(f"{J}/search/jql", body, read=True)
    assert [each["key"] for each in found["issues"]] == ["ABC-1"]
    assert await client.get_json(f"{J}/search/jql", [("jql", jql), ("maxResults", "1")])
    count = {"jql": 'project = "ABC"'}
    assert await client.post_json(f"{J}/search/approximate-count", count, read=True) == {"count": 1}


async def test_jira_keeps_histories_and_worklogs(client: SiteClient) -> None:
    key = await issue(client, await project(client))
    await client.put_json(
        f"{J}/issue/{{issueIdOrKey}}", {"fields": {"summary": "b"}}, issueIdOrKey=key
    )
    asked = {"issueIdsOrKeys": [key], "maxResults": 1000}
    found = await client.post_json(f"{J}/changelog/bulkfetch", asked, read=True)
    assert found["issueChangeLogs"][0]["changeHistories"]
    worklog = {
        "started": "2026-01-05T10:00:00.000+0000",
        "timeSpentSeconds": 600,
        "comment": adf("work"),
        "properties": [{"key": "sitekeep.origin", "value": {"id": "7"}}],
    }
    query = [("adjustEstimate", "leave"), ("notifyUsers", "false")]
    path = f"{J}/issue/{{issueIdOrKey}}/worklog"
    made = await client.post_json(path, worklog, query, issueIdOrKey=key)
    assert (await client.get_json(path, issueIdOrKey=key))["total"] == 1
    assert await client.get_json(f"{J}/worklog/updated", [("since", "0")])
    asked = {"ids": [int(made["id"])]}
    listed = await client.post_json(f"{J}/worklog/list", asked, read=True)
    assert listed[0]["timeSpentSeconds"] == 600


async def test_jira_keeps_comments_links_and_watchers(client: SiteClient) -> None:
    number = await project(client)
    one, two = await issue(client, number), await issue(client, number)
    path = f"{J}/issue/{{issueIdOrKey}}"
    comment = {"body": adf("hi"), "properties": [{"key": "sitekeep.origin", "value": {"id": "3"}}]}
    await client.post(f"{path}/comment", comment, issueIdOrKey=one)
    query = [("startAt", "0"), ("maxResults", "100"), ("expand", "properties")]
    assert (await client.get_json(f"{path}/comment", query, issueIdOrKey=one))["total"] == 1
    kinds = (await client.get_json(f"{J}/issueLinkType"))["issueLinkTypes"]
    link = {"type": {"name": kinds[0]["name"]}, "inwardIssue": {"key": one}}
    await client.post(f"{J}/issueLink", {**link, "outwardIssue": {"key": two}})
    remote = {"globalId": "x=1", "object": {"url": "https://example.com", "title": "Example"}}
    await client.post(f"{path}/remotelink", remote, issueIdOrKey=one)
    assert len(await client.get_json(f"{path}/remotelink", issueIdOrKey=one)) == 1
    lee = (await client.get_json(f"{J}/users/search"))[1]["accountId"]
    await client.post(f"{path}/watchers", lee, issueIdOrKey=one)
    watchers = await client.get_json(f"{path}/watchers", issueIdOrKey=one)
    assert lee in {each["accountId"] for each in watchers["watchers"]}


async def test_jira_keeps_filters(client: SiteClient) -> None:
    number = await project(client)
    me = await client.get_json(f"{J}/myself")
    lee = (await client.get_json(f"{J}/users/search"))[1]["accountId"]
    groups = (await client.get_json(f"{J}/group/bulk"))["values"]
    team = next(each["groupId"] for each in groups if each["name"] == "team")
    shares: list[Json] = [{"type": "project", "project": {"id": number}}]
    shares += [{"type": "group", "group": {"groupId": team}}, {"type": "authenticated"}]
    shares.append({"type": "user", "user": {"accountId": lee}})
    body = {"name": "Open", "jql": f"project = {number}", "sharePermissions": shares}
    override = [("overrideSharePermissions", "true")]
    made = await client.post_json(f"{J}/filter", body, override)
    assert len(made["sharePermissions"]) == 4
    one = f"{J}/filter/{{id}}"
    edit = {**body, "description": "d", "editPermissions": shares[:2]}
    assert (await client.put_json(one, edit, override, id=made["id"]))["description"] == "d"
    await client.put_json(f"{one}/owner", {"accountId": lee}, id=made["id"])
    expand = "description,owner,jql,sharePermissions,editPermissions,subscriptions"
    query = [*override, ("expand", expand), ("orderBy", "id"), ("maxResults", "100")]
    (listed,) = (await client.get_json(f"{J}/filter/search", query))["values"]
    assert listed["owner"]["accountId"] == lee
    mine = [("accountId", me["accountId"]), ("expand", "jql")]
    assert (await client.get_json(f"{J}/filter/search", mine))["values"] == []
    assert await client.get_json(one, [("expand", "owner")], id=made["id"])
    await client.delete(one, id=made["id"])


async def board(client: SiteClient, project_id: str, kind: str = "scrum") -> int:
    share = {"type": "project", "project": {"id": project_id}}
    body = {"name": f"For {kind}", "jql": f"project = {project_id}", "sharePermissions": [share]}
    found = await client.post_json(f"{J}/filter", body)
    location = {"type": "project", "projectKeyOrId": project_id}
    whole = {"name": f"A {kind} board", "type": kind, "filterId": int(found["id"])}
    return int((await client.post_json(f"{A}/board", {**whole, "location": location}))["id"])


@pytest.mark.parametrize("kind", ["scrum", "kanban"])
async def test_jira_keeps_boards(client: SiteClient, kind: str) -> None:
    number = str(await board(client, await project(client), kind))
    query = [("includePrivate", "true"), ("expand", "admins,permissions"), ("maxResults", "50")]
    (listed,) = (await client.get_json(f"{A}/board", query))["values"]
    assert (listed["type"], listed["location"]["projectKey"]) == (kind, "ABC")
    one = f"{A}/board/{{board}}"
    configuration = await client.get_json(f"{one}/configuration", board=number)
    assert configuration["columnConfig"]["columns"]
    assert (await client.get_json(f"{one}/quickfilter", board=number))["values"] == []
    of_filter = f"{A}/board/filter/{{filter}}"
    found = await client.get_json(of_filter, filter=configuration["filter"]["id"])
    assert [each["name"] for each in found["values"]] == [f"A {kind} board"]
    assert (await client.get_json(one, board=number))["name"] == f"A {kind} board"
    await client.delete(one, board=number)


async def test_jira_keeps_sprints(client: SiteClient) -> None:
    number = await project(client)
    one, two = await issue(client, number), await issue(client, number)
    origin = await board(client, number)
    dates = {"startDate": "2026-01-05T10:00:00.000+01:00", "endDate": "2026-01-19T10:00:00.000Z"}
    body = {"name": "Sprint 1", "originBoardId": origin, "goal": "g", **dates}
    sprint = str((await client.post_json(f"{A}/sprint", body))["id"])
    of_sprint = f"{A}/sprint/{{sprint}}"
    await client.post(f"{of_sprint}/issue", {"issues": [one, two]}, sprint=sprint)
    assert (await client.get_json(of_sprint, sprint=sprint))["state"] == "future"
    for state in ("active", "closed"):
        made = await client.post_json(of_sprint, {"state": state}, sprint=sprint)
        assert made["state"] == state
    listed = await client.get_json(f"{A}/board/{{board}}/sprint", board=str(origin))
    assert [each["name"] for each in listed["values"]] == ["Sprint 1"]
    await client.put_json(f"{A}/issue/rank", {"issues": [two], "rankBeforeIssue": one})
    await client.post(f"{A}/backlog/issue", {"issues": [one]})
    second = await client.post_json(f"{A}/sprint", body)
    whole = {"name": "Whole", "state": "future", "endDate": "2026-01-15T10:00:00.000Z"}
    replaced = await client.put_json(of_sprint, whole, sprint=str(second["id"]))
    assert (replaced["name"], replaced["goal"]) == ("Whole", "")
    await client.delete(of_sprint, sprint=sprint)


async def test_jira_keeps_dashboards(client: SiteClient) -> None:
    me = await client.get_json(f"{J}/myself")
    lee = (await client.get_json(f"{J}/users/search"))[1]["accountId"]
    shares = [{"type": "authenticated"}]
    body = {"name": "Wall", "sharePermissions": shares, "editPermissions": []}
    admin = [("extendAdminPermissions", "true")]
    wall = (await client.post_json(f"{J}/dashboard", {**body, "description": "d"}, admin))["id"]
    one = f"{J}/dashboard/{{dashboard}}"
    gadget: Json = {"uri": "rest/gadgets/1.0/g/results", "title": "T", "color": "red"}
    gadget |= {"position": {"column": 0, "row": 0}, "ignoreUriAndModuleKeyValidation": True}
    item = str((await client.post_json(f"{one}/gadget", gadget, dashboard=wall))["id"])
    properties = f"{one}/items/{{item}}/properties"
    value = {"filterId": "filter-1"}
    await client.put_json(f"{properties}/config", value, dashboard=wall, item=item)
    keys = await client.get_json(properties, dashboard=wall, item=item)
    assert [each["key"] for each in keys["keys"]] == ["config"]
    found = await client.get_json(f"{properties}/config", dashboard=wall, item=item)
    assert found["value"] == value
    assert len((await client.get_json(f"{one}/gadget", dashboard=wall))["gadgets"]) == 1
    await client.put_json(one, body, admin, dashboard=wall)
    details = {"newOwner": lee, "autofixName": False}
    bulk: Json = {"action": "changeOwner", "entityIds": [int(wall)]}
    bulk |= {"extendAdminPermissions": True, "changeOwnerDetails": details}
    await client.put_json(f"{J}/dashboard/bulk/edit", bulk)
    expand = "description,owner,sharePermissions,editPermissions"
    for state, count in (("active", 2), ("archived", 0), ("deleted", 0)):
        query = [("status", state), ("expand", expand), ("orderBy", "id"), ("maxResults", "100")]
        assert len((await client.get_json(f"{J}/dashboard/search", query))["values"]) == count
    owned = [("accountId", me["accountId"]), ("expand", "description")]
    assert (await client.get_json(f"{J}/dashboard/search", owned))["values"] == []
    assert (await client.get_json(one, dashboard=wall))["owner"]["accountId"] == lee


async def test_jira_changes_the_status_of_an_issue(client: SiteClient) -> None:
    key = await issue(client, await project(client))
    path = f"{J}/issue/{{issueIdOrKey}}/transitions"
    choices = (await client.get_json(path, issueIdOrKey=key))["transitions"]
    await client.post(path, {"transition": {"id": choices[-1]["id"]}}, issueIdOrKey=key)


async def test_jira_deletes_issues_in_bulk(client: SiteClient) -> None:
    key = await issue(client, await project(client))
    body = {"selectedIssueIdsOrKeys": [key], "sendBulkNotification": False}
    task = (await client.post_json(f"{J}/bulk/issues/delete", body))["taskId"]
    progress = await client.get_json(f"{J}/bulk/queue/{{taskId}}", taskId=task)
    assert progress["taskId"] == task
    await client.delete(
        f"{J}/issue/{{issueIdOrKey}}",
        issueIdOrKey=await issue(client, await project(client, "DEF")),
    )


@pytest.mark.parametrize("name", NAMES)
async def test_jira_keeps_files(client: SiteClient, name: str) -> None:
    key = await issue(client, await project(client))
    content = hashlib.sha256(name.encode()).digest() * 20_000
    path = f"{J}/issue/{{issueIdOrKey}}/attachments"
    made = (await client.upload(path, name, content, issueIdOrKey=key))[0]
    assert (made["filename"], made["size"]) == (name, len(content))
    stream = client.stream(f"{J}/attachment/content/{{id}}", id=made["id"], size=made["size"])
    assert b"".join([chunk async for chunk in stream]) == content
    assert (await client.get_json(f"{J}/attachment/{{id}}", id=made["id"]))["filename"] == name
    assert await client.get_json(f"{J}/attachment/meta")
