"""What comes back of service desks, customers and requests, and what is lost of each."""

from __future__ import annotations

import pytest

from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.tally import Tally
from support.planning import declared, declared_paths, errors_of, reasons_of
from support.service_desks import DESKS, KINDS, STORED, RoundTrip, shared_trip


@pytest.fixture
def trip() -> RoundTrip:
    """Everybody has an account at the destination."""
    return shared_trip(share=True)


@pytest.fixture
def apart() -> RoundTrip:
    """Only those whom a restore invites have one."""
    return shared_trip(share=False)


def named(tally: Tally, reason: str) -> set[str]:
    return {each.key for each in tally.findings if each.reason == reason}


def test_everything_is_stored_and_what_can_be_comes_back(trip: RoundTrip) -> None:
    assert errors_of(trip.tally) == []
    for kind in KINDS:
        count = trip.tally.of(kind)
        assert count.expected == count.done >= 3, kind
    counts = [[each.count(kind) for kind in STORED] for each in (trip.before, trip.after)]
    assert counts[0] == counts[1]
    assert trip.mail == 0


def test_a_desk_loses_the_groups_of_its_portal_only(trip: RoundTrip) -> None:
    found = declared(Kind.SERVICE_DESK, trip.before, trip.after)
    assert found == {(key, "groups") for key in DESKS}
    assert reasons_of(trip.tally)["SERVICE_DESK_CONFIGURATION"] == 3


def test_a_request_type_loses_what_the_site_alone_decides(trip: RoundTrip) -> None:
    lost = {"groups", "icon", "fields", "restriction", "practice"}
    assert declared_paths(Kind.REQUEST_TYPE, trip.before, trip.after) == lost
    count = trip.tally.of(Kind.REQUEST_TYPE)
    assert reasons_of(trip.tally)["REQUEST_TYPE_ON_NO_PORTAL"] == count.lossy == count.done


def test_an_organization_loses_the_time_when_it_was_made_only(trip: RoundTrip) -> None:
    found = declared(Kind.ORGANIZATION, trip.before, trip.after)
    assert {path for _, path in found} == {"created"}
    assert len(found) == trip.before.count(Kind.ORGANIZATION)


def test_a_request_loses_what_was_measured_only(trip: RoundTrip) -> None:
    assert declared_paths(Kind.REQUEST, trip.before, trip.after) == {"measured"}
    count = trip.tally.of(Kind.REQUEST)
    assert reasons_of(trip.tally)["REQUEST_MEASUREMENTS"] == count.lossy == count.done


@pytest.mark.parametrize("kind", [Kind.ORGANIZATION_MEMBER, Kind.CUSTOMER])
def test_everybody_who_has_an_account_belongs_to_the_same_again(
    trip: RoundTrip, kind: Kind
) -> None:
    assert declared(kind, trip.before, trip.after) == set()


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (Kind.QUEUE, "QUEUE_NOT_RESTORED"),
        (Kind.KNOWLEDGE_BASE_ARTICLE, "KNOWLEDGE_BASE_NOT_LINKED"),
    ],
)
def test_what_nobody_can_write_stays_in_the_backup(
    trip: RoundTrip, kind: Kind, reason: str
) -> None:
    assert (trip.before.count(kind), trip.after.count(kind)) == (9, 0)
    assert trip.tally.of(kind).missing == reasons_of(trip.tally)[reason] == 9


def test_who_only_knows_the_portal_is_not_invited_but_named(apart: RoundTrip) -> None:
    reasons = reasons_of(apart.tally)
    assert reasons["CUSTOMER_NOT_INVITED"] == 4
    found = named(apart.tally, "CUSTOMER_NOT_AT_DESTINATION")
    assert len(found) == apart.tally.of(Kind.CUSTOMER).missing == 12
    assert sum(key.endswith("/Ada Portal") for key in found) == 3
    assert apart.tally.of(Kind.CUSTOMER).done == 15
    assert apart.mail == 0


@pytest.mark.parametrize("kind", [Kind.ORGANIZATION_MEMBER, Kind.CUSTOMER])
def test_only_who_is_not_at_the_destination_is_lost(apart: RoundTrip, kind: Kind) -> None:
    found = declared(kind, apart.before, apart.after)
    assert {path for _, path in found} == {"missing"}
    assert len(found) == reasons_of(apart.tally)[f"{kind.name}_NOT_AT_DESTINATION"] > 0


def test_of_a_request_only_absent_participants_are_lost(apart: RoundTrip) -> None:
    found = declared(Kind.REQUEST, apart.before, apart.after)
    lost = [path for _, path in found if path.startswith("participants.")]
    assert len(lost) == reasons_of(apart.tally)["PARTICIPANT_NOT_RESTORED"] > 0
    assert {path.partition(".")[0] for _, path in found} == {"measured", "participants"}
