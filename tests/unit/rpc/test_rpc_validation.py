"""What a request may hold, field by field."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from google.longrunning import operations_pb2
from google.protobuf import duration_pb2, field_mask_pb2, timestamp_pb2
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st

from sitekeep.backup.v1 import api_key_pb2, backup_pb2, backup_policy_pb2, organization_pb2
from sitekeep.operation.v1 import operation_pb2
from sitekeep.restore.v1 import content_pb2, restore_pb2
from sitekeep_shared.errors import InvalidRequest
from sitekeep_shared.rpc import times, validation
from sitekeep_shared.rpc.values import LONGEST_TEXT, LONGEST_TOKEN
from support.messages_of import any_message
from support.methods import Method, every_method

ORGANIZATION = "organizations/acme"


def _fields(request: Message) -> set[str]:
    return {violation.subject for violation in validation.violations(request)}


def _text(request: Message) -> str:
    return " ".join(violation.description for violation in validation.violations(request))


def test_one_error_names_every_field_with_its_path() -> None:
    request = organization_pb2.CreateProductRequest(
        parent="organization/acme",
        product_id="Jira!",
        request_id="once",
        product=organization_pb2.Product(
            type=99,  # type: ignore[arg-type]
            display_name="a\x00b",
            credentials=organization_pb2.Product.Credentials(),
        ),
    )
    with pytest.raises(InvalidRequest) as refused:
        validation.validate(request)
    assert {violation.subject for violation in refused.value.violations} == {
        "parent",
        "product_id",
        "product.type",
        "product.display_name",
        "product.site_uri",
        "product.credentials.email",
        "product.credentials.api_token",
        "request_id",
    }
    assert refused.value.metadata == {"field": "parent"}


def test_an_update_may_leave_out_what_a_creation_needs() -> None:
    product = organization_pb2.Product(name=f"{ORGANIZATION}/products/p", display_name="x")
    assert not _fields(organization_pb2.UpdateProductRequest(product=product))


@pytest.mark.parametrize("name", ["", "x", ORGANIZATION, f"{ORGANIZATION}/admins/p"])
def test_an_update_needs_the_name_of_its_resource(name: str) -> None:
    product = organization_pb2.Product(name=name)
    assert _fields(organization_pb2.UpdateProductRequest(product=product)) == {"product.name"}


def test_a_creation_ignores_the_name_within_the_resource() -> None:
    request = organization_pb2.CreateOrganizationRequest(
        organization_id="acme", organization=organization_pb2.Organization(name="\x00garbage")
    )
    assert not _fields(request)


def test_the_parts_of_a_message_that_an_update_gives_are_whole() -> None:
    credentials = organization_pb2.Product.Credentials(email="a@example.com")
    product = organization_pb2.Product(name=f"{ORGANIZATION}/products/p", credentials=credentials)
    request = organization_pb2.UpdateProductRequest(product=product)
    assert _fields(request) == {"product.credentials.api_token"}


@pytest.mark.parametrize("number", [-(2**31), -1, 3, 99, 2**31 - 1])
def test_a_number_that_the_enum_does_not_have_is_refused(number: int) -> None:
    product: Any = organization_pb2.Product(site_uri="https://a", encryption=number)  # type: ignore[arg-type]
    product.type = number
    request = organization_pb2.CreateProductRequest(
        parent=ORGANIZATION, product_id="p", product=product
    )
    assert _fields(request) == {"product.type", "product.encryption"}
    assert "JIRA, CONFLUENCE" in _text(request)


def test_each_item_of_a_list_is_looked_at() -> None:
    request = backup_pb2.ListBackupsRequest(parent=ORGANIZATION)
    request.states.extend([2, 99, 0, 3])  # type: ignore[list-item]
    assert _fields(request) == {"states[1]", "states[2]"}


def test_a_list_that_is_too_long_is_refused_without_a_look_at_its_items() -> None:
    request = content_pb2.ListEntitiesRequest(parent=f"{ORGANIZATION}/backups/b")
    request.kinds.extend([99] * 500_000)  # type: ignore[list-item]
    [violation] = validation.violations(request)
    assert violation.subject == "kinds"
    assert str(validation.MOST_ITEMS) in violation.description


@pytest.mark.parametrize("character", ["\x00", "\x01", "\x08", "\x0b", "\x1b", "\x1f"])
def test_control_characters_are_refused(character: str) -> None:
    request = operation_pb2.ReleaseOperationLockRequest(
        name=f"{ORGANIZATION}/operationLocks/jira",
        etag='"1-held"',
        justification=f"a{character}b",
    )
    assert _fields(request) == {"justification"}
    assert f"U+{ord(character):04X}" in _text(request)


def test_lines_tabs_and_every_script_are_text() -> None:
    request = operation_pb2.ReleaseOperationLockRequest(
        name=f"{ORGANIZATION}/operationLocks/jira",
        etag='"1-held"',
        justification="first line\r\n\tsecond: \u00e4 \u6f22 \U0001f4a9 \x7f\u202e",
    )
    assert not _fields(request)


def test_texts_have_a_longest_length() -> None:
    request = api_key_pb2.CreateApiKeyRequest()
    request.api_key.display_name = "\U0001f4a9" * LONGEST_TEXT
    assert not _fields(request)
    request.api_key.display_name += "x"
    assert _fields(request) == {"api_key.display_name"}


def test_tokens_may_be_longer_than_texts() -> None:
    request = organization_pb2.ListOrganizationsRequest(page_token="x" * LONGEST_TOKEN)
    assert not _fields(request)
    request.page_token += "x"
    assert _fields(request) == {"page_token"}


@pytest.mark.parametrize(
    ("seconds", "nanos", "valid"),
    [
        (-62_135_596_800, 0, True),
        (-62_135_596_801, 0, False),
        (253_402_300_799, 999_999_999, True),
        (253_402_300_800, 0, False),
        (2**63 - 1, 0, False),
        (-(2**63), 0, False),
        (0, -1, False),
        (0, 1_000_000_000, False),
        (0, 2**31 - 1, False),
    ],
)
def test_an_instant_lies_in_the_years_that_dates_have(
    seconds: int, nanos: int, valid: bool
) -> None:
    moment = timestamp_pb2.Timestamp(seconds=seconds, nanos=nanos)
    key = api_key_pb2.ApiKey(display_name="x", expire_time=moment)
    request = api_key_pb2.CreateApiKeyRequest(api_key=key)
    assert _fields(request) == (set() if valid else {"api_key.expire_time"})


@pytest.mark.parametrize(
    ("seconds", "nanos", "valid"),
    [
        (315_576_000_000, 999_999_999, True),
        (315_576_000_001, 0, False),
        (-315_576_000_000, -999_999_999, True),
        (-315_576_000_001, 0, False),
        (2**63 - 1, 0, False),
        (-(2**63), 0, False),
        (1, -1, False),
        (-1, 1, False),
        (0, 1_000_000_000, False),
        (0, -1_000_000_000, False),
    ],
)
def test_a_length_of_time_is_one_that_the_contract_of_google_allows(
    seconds: int, nanos: int, valid: bool
) -> None:
    length = duration_pb2.Duration(seconds=seconds, nanos=nanos)
    request = operations_pb2.WaitOperationRequest(name="x", timeout=length)
    assert _fields(request) == (set() if valid else {"timeout"})
    policy = backup_policy_pb2.BackupPolicy(
        name=f"{ORGANIZATION}/backupPolicies/p", retention=length
    )
    update = backup_policy_pb2.UpdateBackupPolicyRequest(backup_policy=policy)
    assert _fields(update) == (set() if valid else {"backup_policy.retention"})


@given(seconds=st.integers(-(2**63), 2**63 - 1), nanos=st.integers(-(2**31), 2**31 - 1))
def test_what_is_valid_converts_and_the_rest_is_refused(seconds: int, nanos: int) -> None:
    moment = timestamp_pb2.Timestamp(seconds=seconds, nanos=nanos)
    length = duration_pb2.Duration(seconds=seconds, nanos=nanos)
    if times.timestamp_trouble(moment):
        with pytest.raises(InvalidRequest, match="`when`"):
            times.instant(moment, "when")
    else:
        assert times.instant(moment, "when") == moment.ToDatetime(datetime.UTC)
    if times.duration_trouble(length):
        with pytest.raises(InvalidRequest, match="`long`"):
            times.length(length, "long")
    else:
        assert times.length(length, "long") == length.ToTimedelta()


@given(
    moment=st.datetimes(
        datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31, 23, 59, 59, 999_999)
    )
)
def test_every_date_comes_back_from_the_wire(moment: datetime.datetime) -> None:
    message = timestamp_pb2.Timestamp()
    message.FromDatetime(moment)
    assert times.instant(message, "when") == moment.replace(tzinfo=datetime.UTC)


@given(length=st.timedeltas(datetime.timedelta(days=-3_650_000), datetime.timedelta(3_650_000)))
def test_every_length_comes_back_from_the_wire(length: datetime.timedelta) -> None:
    message = duration_pb2.Duration()
    message.FromTimedelta(length)
    assert times.length(message, "long") == length


def test_the_paths_of_a_field_mask_are_texts() -> None:
    request = organization_pb2.UpdateOrganizationRequest(
        organization=organization_pb2.Organization(name=ORGANIZATION),
        update_mask=field_mask_pb2.FieldMask(paths=["display_name", "a\x00", "x" * 5_000]),
    )
    assert _fields(request) == {"update_mask.paths[1]", "update_mask.paths[2]"}
    del request.update_mask.paths[:]
    request.update_mask.paths.extend(["display_name"] * 101)
    assert _fields(request) == {"update_mask.paths"}


def test_the_keys_and_values_of_a_map_are_texts() -> None:
    entity = content_pb2.Entity(attributes={"good": "good", "bad": "a\x00", "worse\x00": ""})
    assert _fields(entity) == {"attributes['bad']", "attributes.key"}


def test_an_optional_field_may_be_left_out_or_false() -> None:
    policy = backup_policy_pb2.BackupPolicy(product=f"{ORGANIZATION}/products/jira")
    request = backup_policy_pb2.CreateBackupPolicyRequest(parent=ORGANIZATION, backup_policy=policy)
    assert not _fields(request)
    request.backup_policy.include_attachments = False
    assert not _fields(request)


@pytest.mark.parametrize("identifier", ["A", "-a", "a-", "a_b", "a" * 64, "ä", "a\n"])
@pytest.mark.parametrize(
    ("field", "request_type"),
    [
        ("organization_id", organization_pb2.CreateOrganizationRequest),
        ("admin_id", organization_pb2.CreateAdminRequest),
        ("product_id", organization_pb2.CreateProductRequest),
        ("backup_policy_id", backup_policy_pb2.CreateBackupPolicyRequest),
        ("backup_id", backup_pb2.CreateBackupRequest),
        ("restore_id", restore_pb2.CreateRestoreRequest),
        ("api_key_id", api_key_pb2.CreateApiKeyRequest),
    ],
)
def test_the_chosen_id_of_every_resource_is_looked_at(
    field: str, request_type: Any, identifier: str
) -> None:
    assert field in _fields(request_type(**{field: identifier}))
    assert field not in _fields(request_type(**{field: "a" * 63}))


GARBAGE = {
    "uid": "\x00",
    "etag": '"x"',
    "create_time": timestamp_pb2.Timestamp(seconds=2**63 - 1),
    "update_time": timestamp_pb2.Timestamp(nanos=-5),
    "end_time": timestamp_pb2.Timestamp(nanos=-5),
    "state": 99,
    "product_type": 99,
    "apps": [99],
    "error": {"message": "\x00"},
    "operation": "x" * 9_000,
    "last_complete_backup": "x",
    "account_id": "\x00",
    "key_string": "\x00",
}
VALID: list[tuple[Message, str]] = [
    (
        organization_pb2.CreateOrganizationRequest(
            organization_id="a", organization=organization_pb2.Organization()
        ),
        "organization",
    ),
    (
        organization_pb2.CreateProductRequest(
            parent=ORGANIZATION,
            product_id="a",
            product=organization_pb2.Product(
                type=organization_pb2.Product.JIRA, site_uri="https://a"
            ),
        ),
        "product",
    ),
    (
        backup_policy_pb2.CreateBackupPolicyRequest(
            parent=ORGANIZATION,
            backup_policy=backup_policy_pb2.BackupPolicy(product=f"{ORGANIZATION}/products/a"),
        ),
        "backup_policy",
    ),
    (
        backup_pb2.CreateBackupRequest(
            parent=ORGANIZATION,
            backup=backup_pb2.Backup(backup_policy=f"{ORGANIZATION}/backupPolicies/a"),
        ),
        "backup",
    ),
    (
        restore_pb2.CreateRestoreRequest(
            parent=ORGANIZATION,
            restore=restore_pb2.Restore(
                backup=f"{ORGANIZATION}/backups/a", product=f"{ORGANIZATION}/products/a"
            ),
        ),
        "restore",
    ),
    (
        api_key_pb2.CreateApiKeyRequest(api_key=api_key_pb2.ApiKey(display_name="a")),
        "api_key",
    ),
]


@pytest.mark.parametrize(("request_", "field"), VALID, ids=lambda value: str(value)[:15])
def test_what_only_the_server_sets_is_not_looked_at(request_: Any, field: str) -> None:
    assert not _fields(request_)
    resource: Any = getattr(request_, field).__class__
    fields: Any = resource.DESCRIPTOR.fields_by_name
    garbage = {name: value for name, value in GARBAGE.items() if name in fields}
    assert garbage
    request = type(request_)()
    request.CopyFrom(request_)
    getattr(request, field).MergeFrom(resource(**garbage))
    assert not _fields(request)


@pytest.mark.parametrize("method", list(every_method()), ids=lambda each: each.name)
def test_every_request_can_be_looked_at(method: Method) -> None:
    @settings(max_examples=15)
    @given(request=any_message(method.request))
    def look(request: Message) -> None:
        for violation in validation.violations(request):
            assert violation.subject
            assert violation.description

    look()
