"""Names, page tokens, validation and statuses, without a server."""

from __future__ import annotations

import datetime

import pytest
from google.rpc import code_pb2, error_details_pb2
from hypothesis import given
from hypothesis import strategies as st

from sitekeep.backup.v1 import backup_pb2, organization_pb2
from sitekeep_shared import errors
from sitekeep_shared.errors import InvalidRequest, SitekeepError, Violation
from sitekeep_shared.kinds import Kind
from sitekeep_shared.locks import LockLost
from sitekeep_shared.rpc import messages, names, pages, validation
from sitekeep_shared.rpc.status import DOMAIN, to_status


@given(kind=st.sampled_from(list(Kind)), key=st.text(max_size=60))
def test_the_name_of_an_entity_gives_its_kind_and_key_back(kind: Kind, key: str) -> None:
    name = f"organizations/o/backups/b/entities/{names.entity_id(kind, key)}"
    assert names.entity_of(name) == (kind, key)


@pytest.mark.parametrize("identifier", ["A", "-a", "a-", "a_b", "a" * 64, "ä"])
def test_an_id_that_names_cannot_hold_is_refused(identifier: str) -> None:
    with pytest.raises(InvalidRequest, match="policy_id"):
        names.chosen_id("policy_id", identifier)


@given(last=st.one_of(st.text(), st.integers(), st.lists(st.text())))
def test_a_page_token_gives_back_what_it_goes_on_behind(last: object) -> None:
    request = backup_pb2.ListBackupsRequest(parent="organizations/a", product="p")
    token = pages.encode(request, last)
    request.page_size = 7
    request.page_token = token
    assert pages.decode(request, token) == last


@given(token=st.text(min_size=1))
def test_a_page_token_that_was_not_issued_is_refused(token: str) -> None:
    with pytest.raises(InvalidRequest):
        pages.decode(backup_pb2.ListBackupsRequest(), token)


def test_validation_names_every_field_with_its_path() -> None:
    request = organization_pb2.CreateProductRequest(
        parent="organization/acme",
        product=organization_pb2.Product(credentials=organization_pb2.Product.Credentials()),
    )
    found = {violation.subject for violation in validation.violations(request)}
    assert found == {
        "parent",
        "product_id",
        "product.type",
        "product.site_uri",
        "product.credentials.email",
        "product.credentials.api_token",
    }


def test_an_update_may_leave_out_what_a_creation_needs() -> None:
    request = organization_pb2.UpdateProductRequest(
        product=organization_pb2.Product(name="organizations/a/products/p", display_name="x")
    )
    assert not list(validation.violations(request))


def _all_errors() -> list[type[SitekeepError]]:
    found = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    return [kind for kind in found if issubclass(kind, SitekeepError) and kind is not SitekeepError]


@pytest.mark.parametrize("kind", _all_errors())
def test_every_error_has_a_code_and_one_error_info(kind: type[SitekeepError]) -> None:
    error = kind(
        "REQUEST_INVALID",
        "text",
        {"name": "x"},
        [Violation("T", "s", "d")],
        retry_after=datetime.timedelta(seconds=3),
        resource=("sitekeep.dev/Backup", "x"),
    )
    status = to_status(error)
    assert status.code not in (code_pb2.OK, code_pb2.UNKNOWN)
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert (info.domain, info.reason, info.metadata["name"]) == (DOMAIN, "REQUEST_INVALID", "x")
    assert len({detail.type_url for detail in status.details}) == len(status.details)


def test_a_more_special_error_has_the_code_of_its_kind() -> None:
    assert to_status(LockLost()).code == code_pb2.ABORTED


def test_the_contracts_know_every_kind_of_the_vault() -> None:
    assert len({messages.entity_kind(kind.value) for kind in Kind}) == len(Kind)
