"""Page sizes, and tokens that were issued, bent or made up."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitekeep.backup.v1 import backup_pb2, organization_pb2
from sitekeep.restore.v1 import content_pb2
from sitekeep_shared.errors import InvalidRequest
from sitekeep_shared.rpc import pages

REQUEST = backup_pb2.ListBackupsRequest(
    parent="organizations/a", product="organizations/a/products/p"
)
storable = st.text().filter(lambda text: "\x00" not in text)


def _with_token(token: str, **fields: Any) -> backup_pb2.ListBackupsRequest:
    request = backup_pb2.ListBackupsRequest()
    request.CopyFrom(REQUEST)
    request.MergeFrom(backup_pb2.ListBackupsRequest(page_token=token, **fields))
    return request


def _forged(position: object) -> str:
    """A token with the right digest; nothing about it is secret."""
    digest = json.loads(base64.urlsafe_b64decode(pages.encode(REQUEST)))[0]
    content: Any = [digest, *position] if isinstance(position, list) else position
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode()


@pytest.mark.parametrize(
    ("asked", "given_size"), [(0, 50), (1, 1), (999, 999), (1_000, 1_000), (1_001, 1_000)]
)
def test_a_page_holds_what_was_asked_for_up_to_a_thousand(asked: int, given_size: int) -> None:
    assert pages.page_size(asked) == given_size


@pytest.mark.parametrize("size", [-1, -(2**31)])
def test_a_negative_size_is_refused(size: int) -> None:
    with pytest.raises(InvalidRequest, match="page_size"):
        pages.page_size(size)


@given(number=st.integers(-(2**63) + 1, 2**63 - 1), text=storable)
def test_a_token_gives_back_the_position_that_it_was_made_from(number: int, text: str) -> None:
    token = pages.encode(REQUEST, number, text)
    assert pages.decode(_with_token(token, page_size=7), int, str) == (number, text)


def test_without_a_token_a_list_starts_at_its_start() -> None:
    assert pages.decode(REQUEST, int, str) is None


@given(token=st.text(min_size=1))
def test_a_token_that_was_not_issued_is_refused(token: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        pages.decode(_with_token(token), str)
    assert refused.value.reason == "PAGE_TOKEN_INVALID"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(position=st.lists(json_values, max_size=4) | json_values)
def test_a_token_that_was_made_up_is_refused_unless_its_shape_is_right(position: object) -> None:
    try:
        found = pages.decode(_with_token(_forged(position)), int, str)
    except InvalidRequest:
        return
    assert found is not None
    number, text = found
    assert type(number) is int
    assert type(text) is str
    assert abs(number) < 2**63
    assert "\x00" not in text
    text.encode()


@pytest.mark.parametrize(
    "position",
    [
        [],
        [1],
        ["a", 1],
        [1, "a", 1],
        [True, "a"],
        [1.0, "a"],
        [None, "a"],
        [2**63, "a"],
        [-(2**63), "a"],
        [1, "\x00"],
        [1, "half of a pair: \ud800"],
        [1, "other half: \udfff"],
        {"a": 1},
        "text",
        7,
    ],
)
def test_the_parts_of_a_token_are_looked_at(position: object) -> None:
    with pytest.raises(InvalidRequest, match="page_token"):
        pages.decode(_with_token(_forged(position)), int, str)


def test_a_token_of_brackets_is_refused() -> None:
    token = base64.urlsafe_b64encode(b"[" * 12_000).decode()
    with pytest.raises(InvalidRequest):
        pages.decode(_with_token(token), str)


@pytest.mark.parametrize(
    "other",
    [
        backup_pb2.ListBackupsRequest(parent="organizations/b"),
        backup_pb2.ListBackupsRequest(
            parent="organizations/a", states=[backup_pb2.Backup.COMPLETE]
        ),
        organization_pb2.ListProductsRequest(parent="organizations/a"),
        organization_pb2.ListAdminsRequest(parent="organizations/a"),
    ],
)
def test_a_token_is_bound_to_its_method_and_arguments(other: Any) -> None:
    request = backup_pb2.ListBackupsRequest(parent="organizations/a")
    other.page_token = pages.encode(request, 1, "a")
    with pytest.raises(InvalidRequest, match="other arguments"):
        pages.decode(other, int, str)


def test_the_error_names_the_field_that_the_token_is_in() -> None:
    request = content_pb2.StreamEntitiesRequest(resume_token="x")
    with pytest.raises(InvalidRequest, match="`resume_token`") as refused:
        pages.decode(request, str, str, str, field="resume_token")
    assert refused.value.violations[0].subject == "resume_token"
