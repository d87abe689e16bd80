"""What a simulated Jira takes and refuses when it is configured."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from sitekeep_simulator.site import SimulatedSite
from support.jira_site import JiraCaller, Json, document, jira_caller

SELECT = "com.atlassian.jira.plugin.system.customfieldtypes:select"


@pytest_asyncio.fixture
async def jira() -> AsyncIterator[JiraCaller]:
    async with jira_caller() as caller:
        yield caller
        assert caller.problems == []


def _workflow(name: str, *statuses: str) -> Json:
    transitions: Json = [
        {"id": "1", "name": "Create", "type": "INITIAL", "toStatusReference": "r0"}
    ]
    transitions += [
        {"id": f"{n}1", "name": f"To {s}", "type": "GLOBAL", "toStatusReference": f"r{n}"}
        for n, s in enumerate(statuses)
    ]
    listed: list[Json] = [
        {"statusReference": f"r{n}", "properties": {}} for n in range(len(statuses))
    ]
    return {"name": name, "description": "d", "statuses": listed, "transitions": transitions}


def _create(name: str, *statuses: str) -> Json:
    listed = [
        {"name": status, "statusCategory": "TODO", "statusReference": f"r{n}", "description": ""}
        for n, status in enumerate(statuses)
    ]
    return {
        "scope": {"type": "GLOBAL"},
        "statuses": listed,
        "workflows": [_workflow(name, *statuses)],
    }


async def test_a_new_site_has_what_atlassian_gives(jira: JiraCaller) -> None:
    types = {each["name"]: each["hierarchyLevel"] for each in (await jira.get("/issuetype")).json}
    assert types == {"Task": 0, "Sub-task": -1, "Epic": 1, "Story": 0, "Bug": 0}
    statuses = (await jira.get("/statuses/search")).json["values"]
    assert [each["name"] for each in statuses] == ["To Do", "In Progress", "Done"]
    priorities = (await jira.get("/priority/search")).json["values"]
    assert [each["name"] for each in priorities] == ["Highest", "High", "Medium", "Low", "Lowest"]
    links = (await jira.get("/issueLinkType")).json["issueLinkTypes"]
    assert [each["name"] for each in links] == ["Blocks", "Cloners", "Duplicate", "Relates"]
    resolutions = (await jira.get("/resolution/search")).json["values"]
    assert len(resolutions) == 4
    assert (await jira.get("/project/search")).json["total"] == 0


async def test_two_sites_number_the_same_things_differently(jira: JiraCaller) -> None:
    async with jira_caller(SimulatedSite("elsewhere")) as other:
        ids = [
            {each["id"] for each in (await site.get("/issuetype")).json} for site in (jira, other)
        ]
    assert not ids[0] & ids[1]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/issuetype", {"name": "New", "hierarchyLevel": -1}, 201),
        ("/issuetype", {"name": "New", "hierarchyLevel": 2}, 400),
        ("/issuetype", {"name": "bug"}, 409),
        ("/priority", {"name": "Blocker", "statusColor": "#ff0000"}, 201),
        ("/priority", {"name": "Blocker"}, 400),
        ("/resolution", {"name": "Postponed", "description": "d"}, 201),
        ("/resolution", {"name": "Done"}, 400),
        ("/issueLinkType", {"name": "Causes", "inward": "by", "outward": "causes"}, 201),
        ("/issueLinkType", {"name": "Causes"}, 400),
        ("/group", {"name": "team"}, 201),
        ("/group", {"name": "site-admins"}, 400),
        ("/user", {"emailAddress": "lee@example.com", "products": ["jira-software"]}, 201),
        ("/user", {"emailAddress": "lee", "products": []}, 400),
        ("/user", {"emailAddress": "lee@example.com"}, 400),
    ],
)
async def test_small_things_are_made_or_refused(
    jira: JiraCaller, path: str, body: Json, status: int
) -> None:
    assert (await jira.post(path, body)).status == status


async def test_a_new_user_gets_the_groups_of_the_products(jira: JiraCaller) -> None:
    body = {"emailAddress": "lee@example.com", "products": ["jira-software"]}
    user = (await jira.post("/user", body)).json
    groups = jira.site.accounts.groups_of(user["accountId"])
    assert [each.name for each in groups] == ["jira-users"]


async def test_a_member_is_not_added_twice(jira: JiraCaller) -> None:
    group = (await jira.post("/group", {"name": "team"})).json["groupId"]
    body = {"accountId": (await jira.get("/myself")).json["accountId"]}
    path = f"/group/user?groupId={group}"
    assert [(await jira.post(path, body)).status for _ in range(2)] == [201, 400]
    stranger = {"accountId": "712020:stranger"}
    assert (await jira.post(path, stranger)).status == 404


async def test_statuses_and_workflows_are_made_together(jira: JiraCaller) -> None:
    answer = await jira.post("/workflows/create", _create("Flow", "Open", "Closed"))
    assert answer.status == 200
    (workflow,) = answer.json["workflows"]
    ids = {each["name"]: each["id"] for each in answer.json["statuses"]}
    assert [each["statusReference"] for each in workflow["statuses"]] == list(ids.values())
    body = {"projectAndIssueTypes": [], "workflowIds": [], "workflowNames": ["Flow"]}
    read = (await jira.post("/workflows", body)).json
    assert read["workflows"][0]["transitions"] == workflow["transitions"]
    listed = (await jira.get("/workflows/search?expand=values.transitions")).json
    assert [each["name"] for each in listed["values"]] == ["jira", "Flow"]


async def test_a_listed_status_that_exists_is_overwritten(jira: JiraCaller) -> None:
    await jira.post("/workflows/create", _create("Flow", "Open"))
    again = _create("Second", "Open")
    again["statuses"][0]["description"] = "kept"
    first = (await jira.post("/workflows/create", again)).json["statuses"][0]
    wiped = (await jira.post("/workflows/create", _create("Third", "Open"))).json["statuses"][0]
    assert first["id"] == wiped["id"]
    assert [first["description"], wiped["description"]] == ["kept", ""]


def _twice(body: Json) -> Json:
    transitions = body["workflows"][0]["transitions"]
    transitions[-1]["name"] = transitions[-2]["name"]
    return body


def _unknown(body: Json) -> Json:
    body["workflows"][0]["statuses"].append({"statusReference": "r9", "properties": {}})
    return body


def _endless(body: Json) -> Json:
    del body["workflows"][0]["transitions"][0]
    return body


def _odd_category(body: Json) -> Json:
    body["statuses"][0]["statusCategory"] = "ODD"
    return body


@pytest.mark.parametrize("spoil", [_twice, _unknown, _endless, _odd_category])
async def test_a_broken_workflow_makes_nothing(jira: JiraCaller, spoil: Json) -> None:
    answer = await jira.post("/workflows/create", spoil(_create("Flow", "Open", "Closed")))
    assert answer.status == 400
    names = [each["name"] for each in (await jira.get("/statuses/search")).json["values"]]
    assert "Open" not in names


async def test_a_taken_status_name_is_refused(jira: JiraCaller) -> None:
    status = {"name": "Open", "statusCategory": "TODO", "description": "d"}
    body = {"scope": {"type": "GLOBAL"}, "statuses": [status]}
    assert [(await jira.post("/statuses", body)).status for _ in range(2)] == [200, 409]
    listed = (await jira.get("/statuses/search?searchString=open")).json["values"]
    found = (await jira.get(f"/statuses?id={listed[0]['id']}")).json
    assert found == listed


async def test_a_name_is_taken_in_any_case_of_any_script(jira: JiraCaller) -> None:
    answers: list[int] = []
    for name in ("Größe", "GRÖSSE", "gRÖßE", "ΔΈΛΤΑ", "δέλτα"):
        status = {"name": name, "statusCategory": "TODO"}
        body = {"scope": {"type": "GLOBAL"}, "statuses": [status]}
        answers.append((await jira.post("/statuses", body)).status)
    assert answers == [200, 200, 409, 200, 409]


async def test_a_project_with_explicit_schemes_has_their_statuses(jira: JiraCaller) -> None:
    await jira.post("/workflows/create", _create("Flow", "Open", "Closed"))
    scheme: Json = {"name": "Scheme", "defaultWorkflow": "Flow", "issueTypeMappings": {}}
    workflow_scheme = (await jira.post("/workflowscheme", scheme)).json["id"]
    task = await jira.type_id("Task")
    types = {"name": "Types", "issueTypeIds": [task], "defaultIssueTypeId": task}
    type_scheme = (await jira.post("/issuetypescheme", types)).json["issueTypeSchemeId"]
    project = await jira.new_project(
        "AB", workflowScheme=workflow_scheme, issueTypeScheme=int(type_scheme)
    )
    (kind,) = (await jira.get("/project/AB/statuses")).json
    assert [each["name"] for each in kind["statuses"]] == ["Open", "Closed"]
    assert (await jira.issue(await jira.new_issue()))["status"]["name"] == "Open"
    used = (await jira.get(f"/workflowscheme/project?projectId={project}")).json["values"]
    assert used[0]["workflowScheme"]["name"] == "Scheme"
    used = (await jira.get(f"/issuetypescheme/project?projectId={project}")).json["values"]
    assert used[0]["issueTypeScheme"]["id"] == type_scheme
    bug = await jira.fields(kind="Bug")
    assert set((await jira.post("/issue", {"fields": bug})).json["errors"]) == {"issuetype"}


async def test_a_workflow_scheme_is_not_assigned_once_there_are_issues(jira: JiraCaller) -> None:
    await jira.post("/workflows/create", _create("Flow", "Open"))
    made = (await jira.post("/workflowscheme", {"name": "S", "defaultWorkflow": "Flow"})).json["id"]
    body = {"projectId": await jira.new_project("AB"), "workflowSchemeId": str(made)}
    assert (await jira.put("/workflowscheme/project", body)).status == 204
    await jira.new_issue()
    assert (await jira.put("/workflowscheme/project", body)).status == 400
    unknown = {"name": "T", "defaultWorkflow": "None such"}
    assert (await jira.post("/workflowscheme", unknown)).status == 400


async def test_an_issue_type_scheme_keeps_the_types_in_use(jira: JiraCaller) -> None:
    project = await jira.new_project("AB")
    await jira.new_issue(kind="Bug")
    ids = [await jira.type_id(name) for name in ("Task", "Bug")]
    answers = [
        await jira.post("/issuetypescheme", {"name": str(part), "issueTypeIds": part})
        for part in (ids[:1], ids)
    ]
    statuses = [
        (
            await jira.put(
                "/issuetypescheme/project",
                {"projectId": project, "issueTypeSchemeId": answer.json["issueTypeSchemeId"]},
            )
        ).status
        for answer in answers
    ]
    assert statuses == [400, 204]
    items = (await jira.get("/issuetypescheme/mapping")).json["values"]
    assert {
        "issueTypeSchemeId": answers[0].json["issueTypeSchemeId"],
        "issueTypeId": ids[0],
    } in items
    only_subtasks = {"name": "x", "issueTypeIds": [await jira.type_id("Sub-task")]}
    assert (await jira.post("/issuetypescheme", only_subtasks)).status == 400


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"key": "lower"}, "projectKey"),
        ({"key": "A"}, "projectKey"),
        ({"key": "1AB"}, "projectKey"),
        ({"key": "TOOLONGAKEY"}, "projectKey"),
        ({"key": "OLD"}, "projectKey"),
        ({"name": "Project OLD"}, "projectName"),
        ({"leadAccountId": "712020:stranger"}, "projectLead"),
        ({"projectTypeKey": "odd"}, "projectType"),
        ({"projectTemplateKey": "t", "workflowScheme": 1}, "projectTemplateKey"),
        ({"workflowScheme": 1}, "workflowScheme"),
    ],
)
async def test_a_project_is_refused(jira: JiraCaller, more: Json, field: str) -> None:
    await jira.new_project("OLD")
    lead = (await jira.get("/myself")).json["accountId"]
    body = {"key": "NEW", "name": "New", "leadAccountId": lead, "projectTypeKey": "software"}
    answer = await jira.post("/project", body | more)
    assert (answer.status, set(answer.json["errors"])) == (400, {field})


async def test_a_trashed_project_keeps_its_key_until_it_is_gone_for_good(jira: JiraCaller) -> None:
    await jira.new_project("AB")
    await jira.new_issue()
    assert (await jira.call("DELETE", "/project/AB?enableUndo=true")).status == 204
    lead = (await jira.get("/myself")).json["accountId"]
    body = {"key": "AB", "name": "Again", "leadAccountId": lead, "projectTypeKey": "software"}
    refused = await jira.post("/project", body)
    assert "recycle bin" in refused.json["errors"]["projectKey"]
    assert (await jira.get("/issue/AB-1")).status == 404
    assert (await jira.call("DELETE", "/project/AB?enableUndo=false")).status == 204
    assert (await jira.post("/project", body)).status == 201
    assert await jira.new_issue() == "AB-1"


async def test_a_trashed_project_comes_back_and_an_archived_one_is_listed(jira: JiraCaller) -> None:
    await jira.new_project("AB")
    await jira.new_issue()
    await jira.call("DELETE", "/project/AB")
    assert (await jira.call("POST", "/project/AB/restore")).status == 200
    assert (await jira.get("/issue/AB-1")).status == 200
    assert (await jira.call("POST", "/project/AB/archive")).status == 204
    count = {"jql": "project = AB"}
    assert (await jira.post("/search/approximate-count", count)).json["count"] == 0
    listed = (await jira.get("/project/search?status=archived&status=live")).json["values"]
    assert [each["archived"] for each in listed] == [True]
    assert (await jira.get("/issue/AB-1")).status == 200


async def test_a_renamed_project_shows_in_its_issues(jira: JiraCaller) -> None:
    await jira.new_project("AB")
    await jira.new_issue()
    await jira.issue("AB-1")
    await jira.put("/project/AB", {"name": "Other", "description": "New"})
    assert (await jira.issue("AB-1"))["project"]["name"] == "Other"
    assert (await jira.get("/project/AB")).json["description"] == "New"


async def test_versions_are_made_changed_and_archived(jira: JiraCaller) -> None:
    project = await jira.new_project("AB")
    body = {"name": "1.0", "projectId": int(project), "releaseDate": "2024-05-01", "released": True}
    version = (await jira.post("/version", body)).json
    assert (await jira.post("/version", body)).status == 400
    assert (await jira.post("/version", body | {"name": "2", "releaseDate": "soon"})).status == 400
    key = await jira.new_issue(fixVersions=[{"id": version["id"]}])
    changed = await jira.put(f"/version/{version['id']}", {"archived": True})
    assert changed.json["archived"] is True
    assert (await jira.issue(key))["fixVersions"][0]["archived"] is True
    late = await jira.fields(fixVersions=[{"id": version["id"]}])
    assert set((await jira.post("/issue", {"fields": late})).json["errors"]) == {"fixVersions"}


async def test_a_component_may_have_a_lead(jira: JiraCaller) -> None:
    await jira.new_project("AB")
    lead = (await jira.get("/myself")).json["accountId"]
    body = {"name": "Core", "project": "AB", "leadAccountId": lead, "description": "d"}
    component = (await jira.post("/component", body)).json
    assert component["lead"]["accountId"] == lead
    assert (await jira.get(f"/component/{component['id']}")).json == component
    assert (await jira.post("/component", body)).status == 400


async def _new_field(jira: JiraCaller, kind: str) -> str:
    full = kind if ":" in kind else f"com.atlassian.jira.plugin.system.customfieldtypes:{kind}"
    field = (await jira.post("/field", {"name": f"My {kind}", "type": full})).json["id"]
    return str(field)


async def test_a_field_is_usable_with_a_context_and_on_a_screen_only(jira: JiraCaller) -> None:
    await jira.new_project("AB")
    field = await _new_field(jira, SELECT)
    path = f"/field/{field}/context"
    context = (await jira.get(path)).json["values"][0]
    options = {"options": [{"value": "One"}, {"value": "Two", "disabled": True}]}
    made = await jira.post(f"{path}/{context['id']}/option", options)
    chosen: Json = {field: {"value": "One"}}
    fields = {"fields": await jira.fields(**chosen)}
    assert (await jira.post("/issue", fields)).status == 400
    assert (await jira.call("POST", f"/screens/addToDefault/{field}")).status == 200
    answer = await jira.post("/issue", fields)
    assert answer.status == 201
    shown = (await jira.issue(answer.json["key"]))[field]
    assert (shown["id"], shown["value"]) == (made.json["options"][0]["id"], "One")
    assert (await jira.post(f"{path}/{context['id']}/option", options)).status == 400
    assert (await jira.post(path, {"name": "Second"})).status == 409


@pytest.mark.parametrize(
    ("kind", "value", "wrong"),
    [
        ("textfield", "text", 1),
        ("float", 1.5, "1.5"),
        ("datepicker", "2024-01-02", "2 January"),
        ("labels", ["a", "b"], ["a b"]),
        ("textarea", document("x"), "x"),
        ("userpicker", {"accountId": "712020:stranger"}, {"accountId": "712020:stranger"}),
    ],
)
async def test_a_custom_value_is_checked(
    jira: JiraCaller, kind: str, value: Json, wrong: Json
) -> None:
    await jira.new_project("AB")
    field = await _new_field(jira, kind)
    await jira.call("POST", f"/screens/addToDefault/{field}")
    refused = await jira.post("/issue", {"fields": await jira.fields(**{field: wrong})})
    assert set(refused.json["errors"]) == {field}
    if kind == "userpicker":
        value = {"accountId": (await jira.get("/myself")).json["accountId"]}
    shown = (await jira.issue(await jira.new_issue(**{field: value})))[field]
    assert (shown["accountId"] if kind == "userpicker" else shown) == (
        value["accountId"] if kind == "userpicker" else value
    )


async def test_permissions_must_be_named(jira: JiraCaller) -> None:
    assert (await jira.get("/mypermissions")).status == 400
    assert (await jira.get("/mypermissions?permissions=NO_SUCH")).status == 400
    found = (await jira.get("/mypermissions?permissions=ADMINISTER,BROWSE_PROJECTS")).json
    assert all(each["havePermission"] for each in found["permissions"].values())


async def test_only_administrators_add_people(jira: JiraCaller) -> None:
    person = jira.site.accounts.add("lee@example.com", "Lee")
    jira.site.accounts.set_token(person.email, "secret")
    auth = {"Authorization": "Basic bGVlQGV4YW1wbGUuY29tOnNlY3JldA=="}
    body: Json = {"emailAddress": "x@example.com", "products": []}
    assert (await jira.call("POST", "/user", body, headers=auth)).status == 403
    permissions = (
        await jira.call("GET", "/mypermissions?permissions=ADMINISTER", headers=auth)
    ).json
    assert permissions["permissions"]["ADMINISTER"]["havePermission"] is False
