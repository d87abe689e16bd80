"""What a simulated Jira takes and refuses of issue type schemes, workflows and their schemes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from support.jira_site import JiraCaller, Json, jira_caller


@pytest_asyncio.fixture
async def jira() -> AsyncIterator[JiraCaller]:
    async with jira_caller() as caller:
        yield caller
        assert caller.problems == []


async def _type_scheme(jira: JiraCaller, *names: str) -> tuple[str, list[str]]:
    """A new scheme with those types: its path and their ids."""
    ids = [await jira.type_id(name) for name in names]
    answer = await jira.post("/issuetypescheme", {"name": "Types", "issueTypeIds": ids})
    return f"/issuetypescheme/{answer.json['issueTypeSchemeId']}", ids


async def _types(jira: JiraCaller, path: str) -> list[str]:
    scheme = path.rpartition("/")[2]
    answer = await jira.get(f"/issuetypescheme/mapping?issueTypeSchemeId={scheme}")
    return [each["issueTypeId"] for each in answer.json["values"]]


async def test_a_type_that_is_in_the_scheme_fails_the_whole_addition(jira: JiraCaller) -> None:
    path, (task, bug) = await _type_scheme(jira, "Task", "Bug")
    story = await jira.type_id("Story")
    both = {"issueTypeIds": [story, bug]}
    assert (await jira.put(f"{path}/issuetype", both)).status == 400
    assert await _types(jira, path) == [task, bug]
    assert (await jira.put(f"{path}/issuetype", {"issueTypeIds": [story]})).status == 204
    assert await _types(jira, path) == [task, bug, story]


async def test_types_in_use_and_the_last_standard_one_stay_in_a_scheme(jira: JiraCaller) -> None:
    path, (task, bug, part) = await _type_scheme(jira, "Task", "Bug", "Sub-task")
    scheme = int(path.rpartition("/")[2])
    await jira.new_project("AB", issueTypeScheme=scheme)
    key = await jira.new_issue(kind="Bug")
    removal = f"{path}/issuetype"
    assert (await jira.call("DELETE", f"{removal}/{bug}")).status == 400
    assert (await jira.call("DELETE", f"{removal}/{task}")).status == 204
    await jira.call("DELETE", f"/issue/{key}")
    assert (await jira.call("DELETE", f"{removal}/{bug}")).status == 400
    assert await _types(jira, path) == [bug, part]
    assert (await jira.call("DELETE", path)).status == 400


async def test_nothing_is_removed_from_the_default_scheme(jira: JiraCaller) -> None:
    (default,) = (await jira.get("/issuetypescheme")).json["values"]
    task = await jira.type_id("Task")
    path = f"/issuetypescheme/{default['id']}"
    assert default["isDefault"]
    assert (await jira.call("DELETE", f"{path}/issuetype/{task}")).status == 400
    assert (await jira.call("DELETE", path)).status == 400


async def test_a_default_type_is_one_of_the_scheme(jira: JiraCaller) -> None:
    path, (_, bug) = await _type_scheme(jira, "Task", "Bug")
    epic = await jira.type_id("Epic")
    assert (await jira.put(path, {"defaultIssueTypeId": epic})).status == 400
    assert (await jira.put(path, {"defaultIssueTypeId": bug})).status == 204
    listed = (await jira.get("/issuetypescheme")).json["values"]
    assert [each.get("defaultIssueTypeId") for each in listed] == [None, bug]


@pytest.mark.parametrize(
    ("place", "expected"),
    [({"position": "First"}, "cab"), ({"position": "Last"}, "abc"), ({"after": "a"}, "acb")],
)
async def test_types_move_within_their_scheme(jira: JiraCaller, place: Json, expected: str) -> None:
    path, ids = await _type_scheme(jira, "Task", "Bug", "Story")
    named = dict(zip("abc", ids, strict=True))
    where = {"after": named["a"]} if "after" in place else place
    body = {"issueTypeIds": [named["c"]], **where}
    assert (await jira.put(f"{path}/issuetype/move", body)).status == 204
    assert await _types(jira, path) == [named[each] for each in expected]
    missing = {"issueTypeIds": [await jira.type_id("Epic")], **where}
    assert (await jira.put(f"{path}/issuetype/move", missing)).status == 400


def _rule(rule_key: str, /, **parameters: str) -> Json:
    return {"ruleKey": f"system:{rule_key}", "parameters": parameters}


def _flow(name: str, statuses: str, **more: Json) -> Json:
    """A workflow with a global transition to each status; ``more`` goes into the last one."""
    listed: Json = [
        {"name": each, "statusCategory": "TODO", "statusReference": each, "description": "d"}
        for each in statuses
    ]
    steps: Json = [
        {"id": f"{n}1", "name": f"To {each}", "type": "GLOBAL", "toStatusReference": each}
        for n, each in enumerate(statuses, 1)
    ]
    create = {"id": "1", "name": "Create", "type": "INITIAL", "toStatusReference": statuses[0]}
    initial = more.pop("initial", {})
    steps[-1] |= more
    layout: Json = [{"statusReference": each, "properties": {}} for each in statuses]
    transitions = [create | initial, *steps]
    workflow = {"name": name, "statuses": layout, "transitions": transitions}
    return {"scope": {"type": "GLOBAL"}, "statuses": listed, "workflows": [workflow]}


async def _project(jira: JiraCaller, statuses: str = "AB", **more: Json) -> str:
    """A project with a workflow of its own; its id."""
    answer = await jira.post("/workflows/create", _flow("Flow", statuses, **more))
    assert answer.status == 200, answer.body
    return await jira.new_project("AB", workflowScheme=await _scheme(jira, "Flow"))


async def _scheme(jira: JiraCaller, workflow: str) -> int:
    body = {"name": f"{workflow} scheme", "defaultWorkflow": workflow}
    return int((await jira.post("/workflowscheme", body)).json["id"])


async def _open(jira: JiraCaller, key: str) -> list[str]:
    found = (await jira.get(f"/issue/{key}/transitions")).json["transitions"]
    return [each["name"] for each in found]


async def _take(jira: JiraCaller, key: str, number: str, **more: Json) -> int:
    body = {"transition": {"id": number}} | more
    return (await jira.post(f"/issue/{key}/transitions", body)).status


@pytest.mark.parametrize(
    ("rule", "is_open"),
    [
        (_rule("restrict-issue-transition", permissionKeys="ADMINISTER_PROJECTS"), True),
        (_rule("restrict-issue-transition", accountIds="allow-assignee"), False),
        (_rule("restrict-issue-transition", accountIds="allow-reporter"), True),
        (_rule("restrict-from-all-users", restrictMode="users"), True),
        (_rule("restrict-from-all-users", restrictMode="usersAndAPI"), False),
        (_rule("parent-or-child-blocking-condition", blocker="CHILD", statusIds=""), True),
        (_rule("block-in-progress-approval"), True),
    ],
)
async def test_a_condition_hides_a_transition_from_whom_it_does_not_let(
    jira: JiraCaller, rule: Json, is_open: bool
) -> None:
    gate = {"operation": "ALL", "conditions": [rule], "conditionGroups": []}
    await _project(jira, conditions=gate)
    key = await jira.new_issue()
    assert ("To B" in await _open(jira, key)) is is_open
    assert await _take(jira, key, "21") == (204 if is_open else 400)


async def test_any_condition_or_all_of_a_group(jira: JiraCaller) -> None:
    never = _rule("restrict-from-all-users", restrictMode="usersAndAPI")
    always = _rule("block-in-progress-approval")
    inner = {"operation": "ANY", "conditions": [never, always], "conditionGroups": []}
    await _project(jira, conditions={"operation": "ALL", "conditionGroups": [inner]})
    key = await jira.new_issue()
    assert await _open(jira, key) == ["To A", "To B"]


async def test_a_validator_says_what_is_lacking(jira: JiraCaller) -> None:
    rule = _rule("validate-field-value", ruleType="fieldRequired", fieldsRequired="assignee")
    await _project(jira, validators=[rule])
    key = await jira.new_issue()
    assert "To B" in await _open(jira, key)
    assert await _take(jira, key, "21") == 400
    me = (await jira.get("/myself")).json["accountId"]
    assert await _take(jira, key, "21", fields={"assignee": {"accountId": me}}) == 204


async def test_who_lacks_the_permission_cannot_create_issues(jira: JiraCaller) -> None:
    rule = _rule("check-permission-validator", permissionKey="SET_ISSUE_SECURITY")
    await _project(jira, initial={"validators": [rule]})
    answer = await jira.post("/issue", {"fields": await jira.fields()})
    assert answer.status == 400


async def test_who_administers_the_site_passes_whatever_the_scheme_grants(jira: JiraCaller) -> None:
    rule = _rule("check-permission-validator", permissionKey="ADMINISTER")
    await _project(jira, initial={"validators": [rule]})
    assert (await jira.post("/issue", {"fields": await jira.fields()})).status == 201


async def test_a_global_transition_to_no_status_leads_back_to_each(jira: JiraCaller) -> None:
    body = _flow("Flow", "AB")
    loop = {"id": "31", "name": "Again", "type": "GLOBAL"}
    body["workflows"][0]["transitions"] += [loop, {**loop, "id": "41", "type": "DIRECTED"}]
    assert (await jira.post("/workflows/create", body)).status == 400
    body["workflows"][0]["transitions"].pop()
    assert (await jira.post("/workflows/create", body)).status == 200
    await jira.new_project("AB", workflowScheme=await _scheme(jira, "Flow"))
    key = await jira.new_issue()
    for number, status in (("31", "A"), ("21", "B"), ("31", "B")):
        assert await _take(jira, key, number) == 204
        assert (await jira.issue(key))["status"]["name"] == status
    found = (await jira.get(f"/issue/{key}/transitions")).json["transitions"]
    assert [(each["to"]["name"], each["looped"]) for each in found][-1] == ("B", True)


async def test_post_functions_change_the_issue(jira: JiraCaller) -> None:
    resolution = (await jira.get("/resolution/search")).json["values"][1]
    actions = [
        _rule("update-field", field="resolution", value=resolution["id"]),
        _rule("change-assignee", type="to-current-user"),
    ]
    await _project(jira, actions=actions)
    key = await jira.new_issue()
    await _take(jira, key, "21")
    fields = await jira.issue(key)
    assert fields["resolution"]["name"] == resolution["name"]
    assert fields["assignee"]["displayName"] == "Site Admin"


@pytest.mark.parametrize(
    ("rule", "is_wrong"),
    [
        (_rule("no-such-rule"), True),
        (_rule("restrict-issue-transition", roleIds="1"), True),
        (_rule("restrict-issue-transition", groupIds="no-such-group"), True),
        (_rule("update-field", field="customfield_1"), True),
        (_rule("trigger-webhook", webhookId="1"), True),
        ({"ruleKey": "forge:expression-validator", "parameters": {"key": "an-app"}}, True),
        (_rule("update-field", field="summary", value="x"), False),
    ],
)
async def test_what_is_wrong_with_a_rule_is_told_beforehand(
    jira: JiraCaller, rule: Json, is_wrong: bool
) -> None:
    body = _flow("Flow", "AB", actions=[rule | {"id": "mine"}])
    asked = {"payload": body, "validationOptions": {"levels": ["ERROR"]}}
    errors = (await jira.post("/workflows/create/validation", asked)).json["errors"]
    places = [each["elementReference"] for each in errors]
    assert places == ([{"transitionId": "21", "ruleId": "mine"}] if is_wrong else [])
    assert (await jira.post("/workflows/create", body)).status == (400 if is_wrong else 200)


async def test_a_switch_needs_a_place_for_every_status(jira: JiraCaller) -> None:
    project = await _project(jira, "AB")
    key = await jira.new_issue()
    await _take(jira, key, "21")
    await jira.post("/workflows/create", _flow("Other", "AC"))
    target = str(await _scheme(jira, "Other"))
    body: Json = {"projectId": project, "targetSchemeId": target}
    assert (await jira.post("/workflowscheme/project/switch", body)).status == 400
    listed = (await jira.get("/statuses/search")).json["values"]
    ids = {each["name"]: each["id"] for each in listed}
    types = [each["id"] for each in (await jira.get("/issuetype")).json]
    move = [{"oldStatusId": ids["B"], "newStatusId": ids["C"]}]
    mapped = [{"issueTypeId": each, "statusMappings": move} for each in types]
    answer = await jira.post(
        "/workflowscheme/project/switch", body | {"mappingsByIssueTypeOverride": mapped}
    )
    assert answer.status == 303
    assert answer.headers["Location"].endswith(f"/task/{answer.json['id']}")
    assert (await jira.issue(key))["status"]["name"] == "C"


async def test_no_second_switch_begins_while_one_is_going_on(jira: JiraCaller) -> None:
    project = await _project(jira, "AB")
    await jira.post("/workflows/create", _flow("Other", "AB"))
    body = {"projectId": project, "targetSchemeId": str(await _scheme(jira, "Other"))}
    path = "/workflowscheme/project/switch"
    task = (await jira.post(path, body)).json["id"]
    refused = await jira.post(path, body)
    assert (refused.status, refused.json["errors"]) == (409, {"conflictingTaskId": task})
    states = [(await jira.get(f"/task/{task}")).json["status"] for _ in range(2)]
    assert states == ["RUNNING", "COMPLETE"]
    assert (await jira.post(path, body)).status == 303


async def test_what_is_in_use_is_not_deleted(jira: JiraCaller) -> None:
    await _project(jira, "AB")
    listed = (await jira.get("/workflows/search?queryString=flow")).json["values"]
    (scheme,) = (await jira.get("/workflowscheme")).json["values"]
    workflow = f"/workflow/{listed[0]['id']}"
    assert (await jira.call("DELETE", f"/workflowscheme/{scheme['id']}")).status == 400
    assert (await jira.call("DELETE", workflow)).status == 400
    await jira.call("DELETE", "/project/AB?enableUndo=false")
    assert (await jira.call("DELETE", workflow)).status == 400
    assert (await jira.call("DELETE", f"/workflowscheme/{scheme['id']}")).status == 204
    assert (await jira.call("DELETE", workflow)).status == 204
    assert (await jira.call("DELETE", workflow)).status == 404


async def test_the_default_scheme_has_no_id_and_stands_in_no_list(jira: JiraCaller) -> None:
    project = await jira.new_project("AB")
    (value,) = (await jira.get(f"/workflowscheme/project?projectId={project}")).json["values"]
    assert "id" not in value["workflowScheme"]
    assert (await jira.get("/workflowscheme")).json["values"] == []


async def test_an_active_scheme_is_changed_by_a_draft_only(jira: JiraCaller) -> None:
    await _project(jira, "AB")
    (scheme,) = (await jira.get("/workflowscheme")).json["values"]
    path = f"/workflowscheme/{scheme['id']}"
    assert (await jira.put(path, {"description": "x"})).status == 400
    assert (await jira.get(f"{path}/draft")).status == 404
    assert (await jira.call("POST", f"{path}/createdraft")).status == 201
    draft = (await jira.get(f"{path}/draft")).json
    assert (draft["draft"], draft["originalDefaultWorkflow"]) == (True, "Flow")
