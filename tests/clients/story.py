"""What each client does in the same words, and what has to come of it."""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clients.toolchain import run
from support.processes import Deployment

ORGANIZATION = "organizations/clients"
PHASES = [
    "QUEUED",
    "EXPORTING_USERS_AND_GROUPS",
    "EXPORTING_CONTENT",
    "EXPORTING_ATTACHMENTS",
    "SEALING",
]
WINDOW = datetime.timedelta(days=7)
CLIENT_SECONDS = 120.0


@dataclass(frozen=True)
class Story:
    """What a client wrote."""

    product: str
    lines: list[str]
    told: dict[str, Any]


def add_product(deployment: Deployment, identifier: str) -> str:
    """A Jira of the simulated site as a product of its own; returns its name."""
    deployment.command(
        "product", "add", identifier, "--type", "jira", "--site", deployment.site_url("source"),
        "--email", "admin@example.com",
    )  # fmt: skip
    return f"{ORGANIZATION}/products/{identifier}"


def tell(
    deployment: Deployment, command: list[str], identifier: str, proto_path: str = ""
) -> Story:
    """Runs a client on a product of its own."""
    product = add_product(deployment, identifier)
    environment = {**deployment.environment, "SITEKEEP_PROTO_PATH": proto_path}
    *lines, last = run(
        [*command, identifier], environment=environment, seconds=CLIENT_SECONDS
    ).splitlines()
    return Story(product, lines, json.loads(last))


class ClientTests:
    """What is expected of a client, whatever it is written in; a module gives ``story``."""

    def test_it_gives_the_product_a_policy(self, story: Story) -> None:
        identifier = Path(story.product).name
        assert story.told["policy"] == f"{ORGANIZATION}/backupPolicies/{identifier}"

    def test_it_sees_the_phases_in_their_order(self, story: Story) -> None:
        seen: list[str] = story.told["phases"]
        assert story.lines == seen
        assert len(seen) > 1
        assert seen == [phase for phase in PHASES if phase in seen]

    def test_it_reads_the_complete_backup(self, story: Story) -> None:
        assert story.told["backup"].startswith(f"{ORGANIZATION}/backups/")
        assert story.told["state"] == "COMPLETE"

    def test_it_reads_why_a_second_backup_is_refused(self, story: Story) -> None:
        refusal = story.told["refusal"]
        assert refusal["code"] == "RESOURCE_EXHAUSTED"
        assert refusal["reason"] == "BACKUP_TOO_SOON"
        assert refusal["domain"] == "sitekeep.dev"
        assert refusal["metadata"]["product"] == story.product
        assert refusal["metadata"]["lastCompleteBackup"] == story.told["backup"]

    def test_it_reads_from_when_on_the_next_backup_may_run(self, story: Story) -> None:
        refusal = story.told["refusal"]
        window = datetime.timedelta(seconds=refusal["retrySeconds"])
        assert WINDOW - datetime.timedelta(seconds=CLIENT_SECONDS) < window < WINDOW
        allowed = datetime.datetime.fromisoformat(refusal["metadata"]["nextBackupTime"])
        expected = datetime.datetime.now(datetime.UTC) + window
        assert abs(expected - allowed) < datetime.timedelta(seconds=CLIENT_SECONDS)

    def test_it_reads_why_a_call_without_a_key_is_refused(self, story: Story) -> None:
        refusal = story.told["withoutKey"]
        assert (refusal["code"], refusal["reason"]) == ("UNAUTHENTICATED", "CREDENTIALS_MISSING")
