"""Field masks: what an update changes, and what it may not name."""

from __future__ import annotations

import pytest
from google.protobuf import field_mask_pb2

from sitekeep.backup.v1 import backup_policy_pb2, organization_pb2
from sitekeep_shared.errors import InvalidRequest
from sitekeep_shared.rpc.fields import changed_fields

CHANGEABLE = ("display_name", "site_uri", "encryption", "credentials")
PRODUCT = organization_pb2.Product(name="organizations/a/products/p", site_uri="https://a")


def _changed(*paths: str) -> list[str]:
    return changed_fields(field_mask_pb2.FieldMask(paths=paths), PRODUCT, CHANGEABLE)


def test_without_a_mask_what_is_set_changes() -> None:
    assert _changed() == ["site_uri"]


def test_a_mask_says_what_changes_be_it_set_or_not() -> None:
    assert _changed("encryption", "display_name") == ["display_name", "encryption"]


def test_a_star_changes_everything_that_can_be_changed() -> None:
    assert _changed("*") == list(CHANGEABLE)


def test_a_path_that_comes_twice_counts_once() -> None:
    assert _changed("display_name", "display_name") == ["display_name"]


@pytest.mark.parametrize("path", ["create_time", "has_credentials", "apps"])
def test_what_only_the_server_sets_is_passed_over(path: str) -> None:
    assert _changed(path, "display_name") == ["display_name"]
    assert _changed(path) == []


@pytest.mark.parametrize("path", ["type", "name"])
def test_what_never_changes_is_refused_by_its_name(path: str) -> None:
    with pytest.raises(InvalidRequest, match=f"'{path}', which never changes"):
        _changed("display_name", path)


def test_the_product_of_a_policy_never_changes() -> None:
    mask = field_mask_pb2.FieldMask(paths=["product"])
    policy = backup_policy_pb2.BackupPolicy(name="organizations/a/backupPolicies/p")
    with pytest.raises(InvalidRequest, match="'product', which never changes"):
        changed_fields(mask, policy, ("display_name",))


@pytest.mark.parametrize(
    "path",
    ["", " ", ".", "nothing", "credentials.email", "product.display_name", "displayName", "a.b.c"],
)
def test_what_is_no_field_is_refused(path: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        _changed(path)
    assert refused.value.metadata == {"field": "update_mask"}
    assert refused.value.violations[0].subject == "update_mask"


def test_a_star_stands_alone() -> None:
    with pytest.raises(InvalidRequest):
        _changed("*", "display_name")


def test_every_path_that_is_refused_is_named() -> None:
    with pytest.raises(InvalidRequest) as refused:
        _changed("type", "display_name", "nothing")
    assert len(refused.value.violations) == 2
