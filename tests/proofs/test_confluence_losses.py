"""Declared losses that only some Confluence sites meet: each shown, and nothing beside it."""

from __future__ import annotations

import pytest

from sitekeep_shared.coverage import MISSING
from sitekeep_shared.kinds import Kind
from support.confluence_pair import Pair
from support.planning import reasons_of
from support.round_trips import confluence_round_trip


@pytest.mark.shows_loss(Kind.USER, MISSING, "emailAddress", product="confluence")
@pytest.mark.shows_loss(Kind.MEMBERSHIP, product="confluence")
def test_who_has_no_account_is_no_member_and_who_hides_an_address_is_not_invited() -> None:
    people: list[list[str]] = []

    def prepare(pair: Pair) -> None:
        pair.fill(pages=20)
        pair.tame()
        members = pair.source.site.store.rows(
            "SELECT DISTINCT account_id FROM group_member JOIN account USING (account_id) "
            "WHERE email <> 'admin@example.com' AND NOT email_hidden ORDER BY account_id LIMIT 2"
        )
        absent, hidden = (str(row["account_id"]) for row in members)
        store = pair.destination.site.store
        store.execute("DELETE FROM account WHERE account_id = ?", (absent,))
        store.execute("UPDATE account SET email_hidden = 1 WHERE account_id = ?", (hidden,))
        pair.destination.site.accounts.set_active(hidden, True)
        people.append([absent, hidden])

    trip = confluence_round_trip(prepare)
    ((absent, hidden),) = people
    users = {(one.item, one.path) for one in trip.differences if one.kind is Kind.USER}
    assert users == {(absent, MISSING), (hidden, "emailAddress")}
    members = [one for one in trip.differences if one.kind is Kind.MEMBERSHIP]
    assert {(one.item.rpartition("/")[2], one.path) for one in members} == {(absent, MISSING)}
    assert reasons_of(trip.restore)["USER_KEPT_AS_TEXT"] == 1
    assert trip.undeclared == []
