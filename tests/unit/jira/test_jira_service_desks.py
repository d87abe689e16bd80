"""What comes back of service desks, customers and requests, and what is lost of each."""

from __future__ import annotations

import pytest

from sitekeep_restore.importers.jira.losses import Loss
from sitekeep_shared.kinds import Kind
from support.planning import errors_of, reasons_of
from support.round_trips import RoundTrip
from support.service_desks import DESKS, KINDS, STORED, shared_trip
from support.shown_losses import Shown


@pytest.fixture
def trip() -> RoundTrip:
    """Everybody has an account at the destination."""
    return shared_trip(share=True)


@pytest.fixture
def shown(trip: RoundTrip) -> Shown:
    """What was lost there."""
    return trip.shown


@pytest.fixture
def apart() -> RoundTrip:
    """Only those whom a restore invites have one."""
    return shared_trip(share=False)


@pytest.fixture
def shown_apart(apart: RoundTrip) -> Shown:
    """What was lost there."""
    return apart.shown


def found(trip: RoundTrip, kind: Kind) -> set[tuple[str, str]]:
    """Items of the kind and the paths in which they differ, without what is below these."""
    return {(one.item, one.path.partition(".")[0]) for one in trip.differences if one.kind is kind}


def paths(trip: RoundTrip, kind: Kind) -> set[str]:
    return {path for _, path in found(trip, kind)}


def test_everything_is_stored_and_what_can_be_comes_back(trip: RoundTrip, apart: RoundTrip) -> None:
    assert errors_of(trip.restore) == errors_of(apart.restore) == []
    assert trip.undeclared == apart.undeclared == []
    for kind in KINDS:
        count = trip.restore.of(kind)
        assert count.expected == count.done >= 3, kind
    counts = [[each.count(kind) for kind in STORED] for each in (trip.before, trip.after)]
    assert counts[0] == counts[1]


@pytest.mark.shows_loss(Kind.SERVICE_DESK, "groups")
@pytest.mark.shows_loss(Loss.SERVICE_DESK_CONFIGURATION)
def test_a_desk_loses_the_groups_of_its_portal_only(trip: RoundTrip, shown: Shown) -> None:
    assert found(trip, Kind.SERVICE_DESK) == {(key, "groups") for key in DESKS}
    assert reasons_of(trip.restore)["SERVICE_DESK_CONFIGURATION"] == 3


@pytest.mark.shows_loss(Kind.REQUEST_TYPE, "groups", "icon", "fields", "restriction", "practice")
@pytest.mark.shows_loss(Loss.REQUEST_TYPE_ON_NO_PORTAL)
def test_a_request_type_loses_what_the_site_alone_decides(trip: RoundTrip, shown: Shown) -> None:
    lost = {"groups", "icon", "fields", "restriction", "practice"}
    assert paths(trip, Kind.REQUEST_TYPE) == lost
    count = trip.restore.of(Kind.REQUEST_TYPE)
    assert reasons_of(trip.restore)["REQUEST_TYPE_ON_NO_PORTAL"] == count.lossy == count.done


@pytest.mark.shows_loss(Kind.ORGANIZATION, "created")
def test_an_organization_loses_the_time_when_it_was_made_only(
    trip: RoundTrip, shown: Shown
) -> None:
    assert paths(trip, Kind.ORGANIZATION) == {"created"}
    assert len(found(trip, Kind.ORGANIZATION)) == trip.before.count(Kind.ORGANIZATION)


@pytest.mark.shows_loss(Kind.REQUEST, "measured")
@pytest.mark.shows_loss(Loss.REQUEST_MEASUREMENTS)
def test_a_request_loses_what_was_measured_only(trip: RoundTrip, shown: Shown) -> None:
    assert paths(trip, Kind.REQUEST) == {"measured"}
    count = trip.restore.of(Kind.REQUEST)
    assert reasons_of(trip.restore)["REQUEST_MEASUREMENTS"] == count.lossy == count.done


@pytest.mark.parametrize("kind", [Kind.ORGANIZATION_MEMBER, Kind.CUSTOMER])
def test_everybody_who_has_an_account_belongs_to_the_same_again(
    trip: RoundTrip, kind: Kind
) -> None:
    assert found(trip, kind) == set()


@pytest.mark.shows_loss(Kind.QUEUE)
@pytest.mark.shows_loss(Kind.KNOWLEDGE_BASE_ARTICLE)
@pytest.mark.shows_loss(Loss.QUEUE_NOT_RESTORED, Loss.KNOWLEDGE_BASE_NOT_LINKED)
def test_what_nobody_can_write_stays_in_the_backup(trip: RoundTrip, shown: Shown) -> None:
    reasons = reasons_of(trip.restore)
    for kind, reason in (
        (Kind.QUEUE, "QUEUE_NOT_RESTORED"),
        (Kind.KNOWLEDGE_BASE_ARTICLE, "KNOWLEDGE_BASE_NOT_LINKED"),
    ):
        assert (trip.before.count(kind), trip.after.count(kind)) == (9, 0)
        assert trip.restore.of(kind).missing == reasons[reason] == 9


def test_who_only_knows_the_portal_is_not_invited_but_named(apart: RoundTrip) -> None:
    assert reasons_of(apart.restore)["CUSTOMER_NOT_INVITED"] == 4
    reason = "CUSTOMER_NOT_AT_DESTINATION"
    named = {each.key for each in apart.restore.findings if each.reason == reason}
    assert len(named) == apart.restore.of(Kind.CUSTOMER).missing == 12
    assert sum(key.endswith("/Ada Portal") for key in named) == 3
    assert apart.restore.of(Kind.CUSTOMER).done == 15


@pytest.mark.shows_loss(Kind.ORGANIZATION_MEMBER)
@pytest.mark.shows_loss(Kind.CUSTOMER)
def test_only_who_is_not_at_the_destination_is_lost(apart: RoundTrip, shown_apart: Shown) -> None:
    for kind in (Kind.ORGANIZATION_MEMBER, Kind.CUSTOMER):
        assert paths(apart, kind) == {"missing"}
        reason = f"{kind.name}_NOT_AT_DESTINATION"
        assert len(found(apart, kind)) == reasons_of(apart.restore)[reason] > 0


@pytest.mark.shows_loss(Loss.PARTICIPANT_NOT_RESTORED)
def test_of_a_request_only_absent_participants_are_lost(
    apart: RoundTrip, shown_apart: Shown
) -> None:
    lost = [one for one in apart.differences if one.path.startswith("participants.")]
    assert len(lost) == reasons_of(apart.restore)["PARTICIPANT_NOT_RESTORED"] > 0
    assert paths(apart, Kind.REQUEST) == {"measured", "participants"}
