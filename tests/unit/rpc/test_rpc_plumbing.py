"""Names and statuses, without a server."""

from __future__ import annotations

import datetime

import pytest
from google.rpc import code_pb2, error_details_pb2, status_pb2
from hypothesis import given
from hypothesis import strategies as st

from sitekeep_shared import errors
from sitekeep_shared.errors import InvalidRequest, SitekeepError, Violation
from sitekeep_shared.kinds import Kind
from sitekeep_shared.locks import LockLost
from sitekeep_shared.rpc import messages, names
from sitekeep_shared.rpc.status import DOMAIN, from_status, to_status


@given(kind=st.sampled_from(list(Kind)), key=st.text(max_size=60))
def test_the_name_of_an_entity_gives_its_kind_and_key_back(kind: Kind, key: str) -> None:
    name = f"organizations/o/backups/b/entities/{names.entity_id(kind, key)}"
    assert names.entity_of(name) == (kind, key)


@pytest.mark.parametrize("identifier", ["A", "-a", "a-", "a_b", "a" * 64, "ä"])
def test_an_id_that_names_cannot_hold_is_refused(identifier: str) -> None:
    with pytest.raises(InvalidRequest, match="policy_id"):
        names.chosen_id("policy_id", identifier)


@pytest.mark.parametrize(
    "name", ["", "x", "organizations", "organizations/", "organizations/A", "apiKeys/a", "/a"]
)
def test_a_name_outside_of_organizations_belongs_to_none(name: str) -> None:
    with pytest.raises(InvalidRequest, match="organizations/"):
        names.organization_of(name)


def test_a_name_says_which_organization_it_belongs_to() -> None:
    assert names.organization_of("organizations/acme") == "acme"
    assert names.organization_of("organizations/acme/products/jira") == "acme"


@given(text=st.text(max_size=40))
def test_what_is_no_name_of_an_entity_is_refused_or_read(text: str) -> None:
    try:
        kind, key = names.entity_of(f"organizations/o/backups/b/entities/{text}")
    except InvalidRequest:
        return
    assert isinstance(kind, Kind)
    key.encode()


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
    again = from_status(status)
    assert type(again) is kind
    assert to_status(again) == status


def test_an_error_that_is_not_ours_is_an_internal_one() -> None:
    foreign = status_pb2.Status(code=code_pb2.NOT_FOUND, message="something else")
    assert isinstance(from_status(foreign), errors.InternalError)


def test_a_more_special_error_has_the_code_of_its_kind() -> None:
    assert to_status(LockLost()).code == code_pb2.ABORTED


def test_the_contracts_know_every_kind_of_the_vault() -> None:
    assert len({messages.entity_kind(kind.value) for kind in Kind}) == len(Kind)


def test_an_error_fits_into_the_trailers_whatever_it_names() -> None:
    long = "organizations/acme/backups/b/entities/" + "x" * 4_000
    error = errors.NotFound(
        "RESOURCE_NOT_FOUND",
        f"There is no {long}.",
        {"name": long},
        [Violation("T", long, long)],
        resource=("sitekeep.dev/Entity", long),
    )
    assert len(to_status(error).SerializeToString()) < 4_000
