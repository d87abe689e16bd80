"""Both servers with their vault in a bucket: backed up, verified, restored, copied home."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path

import pytest

from support import store_emulators as emulators
from support.processes import Deployment
from support.store_fixtures import moto_url

__all__ = ["moto_url"]


@pytest.fixture
def deployment(moto_url: str, tmp_path: Path) -> Generator[Deployment]:
    emulators.make_s3_bucket(moto_url, "sitekeep-vault")
    deployment = Deployment(
        tmp_path,
        {
            **emulators.S3_ENVIRONMENT,
            "AWS_ENDPOINT_URL": moto_url,
            "SITEKEEP_VAULT": "s3://sitekeep-vault/of/acme",
            "SITEKEEP_PROFILE": "self-hosted",
        },
    )
    try:
        yield deployment
    finally:
        deployment.stop()


def test_a_site_is_backed_up_to_a_bucket_and_restored_from_it_and_from_a_copy(
    deployment: Deployment, tmp_path: Path
) -> None:
    deployment.simulate({"source": "generated", "target": "empty"}, "--issues=20", "--pages=0")
    deployment.start("backup")
    deployment.start("restore")
    deployment.command("organization", "create", "acme")
    for name in ("source", "target"):
        _add_product(deployment, name)

    backup = json.loads(
        deployment.command("backup", "create", "--policy", "source", "--json").stdout
    )
    identifier = backup["name"].split("/")[-1]
    assert backup["state"] == "COMPLETE"
    deployment.command("backup", "verify", identifier)

    # The servers stop; what they made is copied to a disk, and they go on from there.
    for service in ("backup", "restore"):
        deployment.kill(service)
    assert not (tmp_path / "home" / "vault").exists()
    copied = json.loads(
        deployment.command("vault", "copy", str(tmp_path / "disk"), "--json").stdout
    )
    assert copied["complete"]
    deployment.environment["SITEKEEP_VAULT"] = str(tmp_path / "disk")
    deployment.start("backup")
    deployment.start("restore")
    restored = deployment.command(
        "restore", "create", "--backup", identifier, "--to", "target", "--json"
    )
    assert json.loads(restored.stdout)["state"] == "COMPLETE"


def _add_product(deployment: Deployment, name: str) -> None:
    deployment.command(
        "product", "add", name, "--type", "jira", "--site", deployment.site_url(name),
        "--email", "admin@example.com",
    )  # fmt: skip
    deployment.command("policy", "create", name, "--product", name)


def test_a_server_whose_bucket_is_missing_says_so_and_ends(deployment: Deployment) -> None:
    deployment.environment["SITEKEEP_VAULT"] = "s3://forgotten/vault"

    done = deployment.command("serve", "backup", check=False)

    assert done.returncode == 1
    assert "there is no bucket forgotten; make it, or correct SITEKEEP_VAULT." in done.stderr
    assert "Traceback" not in done.stderr
    assert emulators.S3_ENVIRONMENT["AWS_SECRET_ACCESS_KEY"] not in done.stderr
