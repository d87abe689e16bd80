"""The simulated site's schemes, fields, screens and workflows of Jira, judged by the documents."""

from __future__ import annotations

from contextlib import closing

import pytest

from contract.site_calls import J, Json, issue, project
from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.atlassian.credentials import Credentials
from sitekeep_shared.atlassian.errors import SiteError, SiteNotFound
from sitekeep_simulator.accounts import ADMIN_EMAIL, ADMIN_TOKEN
from sitekeep_simulator.jira.app_fields import add_app_field
from sitekeep_simulator.jira.field_schemes import use_field_schemes
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.site import SimulatedSite
from support.checked_site import StartCheckedSite


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
    both = [("scope", "GLOBAL"), ("scope", "PROJECT")]
    assert (await client.get_json(listed, both))["total"] == 4
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


async def test_jira_keeps_field_schemes(checked_site: StartCheckedSite) -> None:
    site = SimulatedSite("schemes")
    running = await checked_site(site)
    with closing(site):
        async with SiteClient(running.base_url, Credentials(ADMIN_EMAIL, ADMIN_TOKEN)) as client:
            await _keep_field_schemes(client, Jira(site))


async def _keep_field_schemes(client: SiteClient, jira: Jira) -> None:
    number = await project(client)
    listed = f"{J}/config/fieldschemes"
    one = f"{listed}/{{id}}"
    with pytest.raises(SiteNotFound):
        await client.get_json(listed)
    use_field_schemes(jira)
    made = int((await client.post_json(listed, {"name": "Ours", "description": "d"}))["id"])
    await client.put_json(one, {"name": "Ours", "description": "x"}, id=str(made))
    kind = int((await client.get_json(f"{J}/issuetype"))[0]["id"])
    item: Json = {"schemeIds": [made], "restrictedToWorkTypes": [kind]}
    await client.put_json(f"{listed}/fields", {"duedate": [item], "labels": [item]})
    own = [{"workTypeId": kind, "description": "e", "isRequired": False}]
    said: Json = {"schemeIds": [made], "parameters": {"description": "d", "isRequired": True}}
    parameters = {"duedate": [{**said, "workTypeParameters": own}], "nothing": [said]}
    answer = await client.put_json(f"{listed}/fields/parameters", parameters)
    assert [each["success"] for each in answer["results"]] == [True, True, False]
    gone: Json = {"schemeId": made, "workTypeIds": [kind], "parameters": ["description"]}
    body = {"duedate": [gone], "environment": [gone]}
    await client.delete(f"{listed}/fields/parameters", body=body)
    await client.delete(f"{listed}/fields", body={"labels": {"schemeIds": [made]}})
    await client.put_json(f"{listed}/projects", {str(made): {"projectIds": [int(number)]}})
    found = await client.get_json(f"{listed}/projects", [("projectId", number)])
    assert found["values"] == [{"projectId": int(number), "schemeId": made}]
    assert (await client.get_json(listed, [("maxResults", "50")]))["total"] == 2
    assert (await client.get_json(listed, [("projectId", number), ("query", "ours")]))["values"]
    for noun in ("fields", "projects", "fields/duedate/parameters"):
        assert await client.get_json(f"{one}/{noun}", id=str(made))
    assert (await client.get_json(one, id=str(made)))["fieldsCount"] > 1
    clone = await client.post_json(f"{one}/clone", {"name": "Copy"}, id=str(made))
    await client.delete(one, id=str(clone["id"]))
    with pytest.raises(SiteError):
        await client.delete(one, id=str(made))


async def test_jira_tells_what_a_create_can_set(client: SiteClient) -> None:
    number = await project(client)
    types = f"{J}/issue/createmeta/{{project}}/issuetypes"
    query = [("maxResults", "200")]
    listed = await client.get_json(types, query, project=number)
    assert listed["total"] == len(listed["issueTypes"]) > 1
    one = f"{types}/{{issue_type}}"
    kind = str(listed["issueTypes"][0]["id"])
    page = await client.get_json(one, query, project=number, issue_type=kind)
    fields = {each["fieldId"]: each for each in page["fields"]}
    assert fields["summary"]["required"] is True
    assert fields["priority"]["allowedValues"]
    assert "status" not in fields


async def test_jira_keeps_options_of_apps(checked_site: StartCheckedSite) -> None:
    site = SimulatedSite("apps")
    running = await checked_site(site)
    with closing(site):
        async with SiteClient(running.base_url, Credentials(ADMIN_EMAIL, ADMIN_TOKEN)) as client:
            add_app_field(Jira(site), "Team", "com.example__team")
            listed = f"{J}/field/{{fieldKey}}/option"
            key = "com.example__team"
            projects: Json = [{"id": 1, "attributes": ["notSelectable"]}]
            scope: Json = {"projects2": projects, "global": {}}
            body: Json = {"value": "A", "properties": {"a": 1}, "config": {"scope": scope}}
            made = await client.post_json(listed, body, fieldKey=key)
            one = f"{listed}/{{optionId}}"
            number = str(made["id"])
            await client.put_json(
                one, {**body, "id": made["id"], "value": "B"}, fieldKey=key, optionId=number
            )
            assert (await client.get_json(one, fieldKey=key, optionId=number))["value"] == "B"
            page = await client.get_json(listed, fieldKey=key)
            assert (page["total"], page["values"][0]["config"]["scope"]) == (1, scope)
            await client.delete(one, fieldKey=key, optionId=number)
            with pytest.raises(SiteError):
                await client.get_json(listed, fieldKey="com.example__nothing")


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
