"""Users, groups and memberships, the same for Jira and Confluence."""

from __future__ import annotations

from sitekeep_cli.comparison.links import GROUP, USER
from sitekeep_cli.comparison.reading import Reading, without_nothing
from sitekeep_shared.kinds import Kind


def read(reading: Reading) -> None:
    """Puts users by account id, groups by name, memberships by both."""
    _users(reading)
    _groups(reading)
    for record in reading.records(Kind.MEMBERSHIP):
        group, _, account = record.key.partition("/")
        group = record.attributes.get("group", group)
        account = record.attributes.get("account", account)
        reading.put(Kind.MEMBERSHIP, f"{reading.name(GROUP, group)}/{account}", {})


def _users(reading: Reading) -> None:
    for record, user in reading.objects(Kind.USER):
        name = user.get("displayName") or user.get("publicName") or ""
        reading.refer(USER, record.key, name)
        value = without_nothing(
            {
                "displayName": name,
                "accountType": user.get("accountType"),
                "active": user.get("active"),
                "emailAddress": user.get("emailAddress") or user.get("email"),
            }
        )
        reading.put(Kind.USER, user.get("accountId", record.key), value)


def _groups(reading: Reading) -> None:
    for record, group in reading.objects(Kind.GROUP):
        name = group.get("name", record.key)
        reading.refer(GROUP, record.key, name)
        reading.put(Kind.GROUP, name, {"name": name})
