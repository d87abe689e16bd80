"""Settings: what each variable means, and what is said of a value that cannot be used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sitekeep_shared.config import ClientTls, ConfigurationError, ServerTls, Settings, client_tls
from sitekeep_shared.vault.location import (
    BucketLocation,
    Cloud,
    FolderLocation,
    VaultLocation,
    parse_location,
)


def _file(folder: Path, name: str) -> str:
    path = folder / name
    path.write_text("")
    return str(path)


def test_without_settings_everything_is_below_the_home_and_on_this_machine(tmp_path: Path) -> None:
    settings = Settings.from_environment({"SITEKEEP_HOME": str(tmp_path)})

    assert settings.database_url == f"sqlite:///{tmp_path}/sitekeep.db"
    assert settings.vault_folder == tmp_path / "vault"
    assert settings.backup_listen == settings.backup_address == "127.0.0.1:50051"
    assert settings.restore_listen == "127.0.0.1:50052"
    assert settings.server_tls is None
    assert settings.client_tls is None
    assert not settings.insecure_listen


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SITEKEEP_BACKUP_LISTEN", "nonsense", "HOST:PORT"),
        ("SITEKEEP_BACKUP_LISTEN", "localhost", "HOST:PORT"),
        ("SITEKEEP_BACKUP_LISTEN", ":50051", "HOST:PORT"),
        ("SITEKEEP_BACKUP_LISTEN", "", "HOST:PORT"),
        ("SITEKEEP_RESTORE_LISTEN", "127.0.0.1:http", "HOST:PORT"),
        ("SITEKEEP_RESTORE_LISTEN", "127.0.0.1:65536", "HOST:PORT"),
        ("SITEKEEP_PROFILE", "generous", "closed-beta"),
        ("SITEKEEP_CONCURRENCY", "0", "a whole number from 1"),
        ("SITEKEEP_LEASE_SECONDS", "soon", "a whole number from 1"),
        ("SITEKEEP_VERIFY_DAYS", "-1", "a whole number from 0"),
        ("SITEKEEP_VAULT_REUSE_DAYS", "0", "a whole number from 1"),
        ("SITEKEEP_LOG_LEVEL", "loud", "DEBUG, INFO, WARNING or ERROR"),
        ("SITEKEEP_VAULT", "ftp://host/folder", "s3://bucket/prefix"),
        ("SITEKEEP_VAULT", "s3://", "it names no bucket"),
        ("SITEKEEP_VAULT", "s3:/bucket/prefix", "two slashes"),
        ("SITEKEEP_VAULT", "az:///prefix", "it names no container"),
        ("SITEKEEP_VAULT", "s3://bucket/a b", "between slashes"),
        ("SITEKEEP_KEY_FILE", "s3://bucket/key", "the path of a file"),
        ("SITEKEEP_CREDENTIALS_KEY_FILE", "gs://bucket/key", "the path of a file"),
        ("SITEKEEP_TLS_CERTIFICATE", "/nowhere/server.pem", "no such file"),
        ("SITEKEEP_TLS_CLIENT_CA", "/nowhere/ca.pem", "no such file"),
        ("SITEKEEP_TLS_CA", "/nowhere/ca.pem", "no such file"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_with_the_way_out(
    name: str, value: str, said: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Settings.from_environment({name: value})

    assert name in str(caught.value)
    assert said in str(caught.value)
    assert value in str(caught.value)


@pytest.mark.parametrize(("value", "days"), [("", None), ("7", 7)])
def test_packs_of_any_age_are_reused_unless_days_are_set(value: str, days: int | None) -> None:
    settings = Settings.from_environment({"SITEKEEP_VAULT_REUSE_DAYS": value})
    assert settings.vault_reuse_days == days


@pytest.mark.parametrize(
    ("value", "location"),
    [
        ("s3://bucket", BucketLocation(Cloud.S3, "bucket")),
        ("s3://my.bucket-1/some/prefix/", BucketLocation(Cloud.S3, "my.bucket-1", "some/prefix")),
        ("gs://bucket/p", BucketLocation(Cloud.GCS, "bucket", "p")),
        ("az://container/p_q.r=1", BucketLocation(Cloud.AZURE, "container", "p_q.r=1")),
        ("/srv/vault", FolderLocation(Path("/srv/vault"))),
        ("file:///srv/vault", FolderLocation(Path("/srv/vault"))),
        ("~/vault", FolderLocation(Path.home() / "vault")),
        ("vault", FolderLocation(Path.cwd() / "vault")),
    ],
)
def test_a_vault_is_in_a_folder_or_in_a_bucket(value: str, location: VaultLocation) -> None:
    settings = Settings.from_environment({"SITEKEEP_VAULT": value})

    assert settings.vault_location == location
    assert parse_location(str(location)) == location


def test_a_vault_in_a_bucket_has_no_folder() -> None:
    settings = Settings.from_environment({"SITEKEEP_VAULT": "s3://bucket/prefix"})

    with pytest.raises(ConfigurationError, match="s3://bucket/prefix is in no folder"):
        _ = settings.vault_folder


@pytest.mark.parametrize("address", ["unix:/run/sitekeep", "[::]:50051", "0.0.0.0:0"])
def test_addresses_that_can_be_listened_on_are_taken(address: str) -> None:
    assert Settings.from_environment({"SITEKEEP_BACKUP_LISTEN": address}).backup_listen == address


@pytest.mark.parametrize(("value", "allowed"), [("1", True), ("0", False), ("yes", False)])
def test_listening_without_tls_is_allowed_by_one_value_only(value: str, allowed: bool) -> None:
    settings = Settings.from_environment({"SITEKEEP_INSECURE_LISTEN": value})
    assert settings.insecure_listen is allowed


def test_the_files_of_tls_are_taken(tmp_path: Path) -> None:
    names = {
        name: _file(tmp_path, name)
        for name in (
            "SITEKEEP_TLS_CERTIFICATE",
            "SITEKEEP_TLS_KEY",
            "SITEKEEP_TLS_CLIENT_CA",
            "SITEKEEP_TLS_CA",
            "SITEKEEP_TLS_CLIENT_CERTIFICATE",
            "SITEKEEP_TLS_CLIENT_KEY",
        )
    }
    paths = [Path(path) for path in names.values()]

    settings = Settings.from_environment(names)

    assert settings.server_tls == ServerTls(*paths[:3])
    assert settings.client_tls == ClientTls(*paths[3:])


SERVER = ("SITEKEEP_TLS_CERTIFICATE", "SITEKEEP_TLS_KEY")
OWN = ("SITEKEEP_TLS_CLIENT_CERTIFICATE", "SITEKEEP_TLS_CLIENT_KEY")


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        (SERVER[:1], "SITEKEEP_TLS_KEY"),
        (SERVER[1:], "SITEKEEP_TLS_CERTIFICATE"),
        (("SITEKEEP_TLS_CLIENT_CA",), "SITEKEEP_TLS_CERTIFICATE"),
        (("SITEKEEP_TLS_CA", *OWN[:1]), "SITEKEEP_TLS_CLIENT_KEY"),
        (("SITEKEEP_TLS_CA", *OWN[1:]), "SITEKEEP_TLS_CLIENT_CERTIFICATE"),
        (OWN, "SITEKEEP_TLS_CA"),
    ],
)
def test_a_file_of_tls_that_another_one_needs_is_asked_for(
    given: tuple[str, ...], missing: str, tmp_path: Path
) -> None:
    environment = {name: _file(tmp_path, name) for name in given}

    with pytest.raises(ConfigurationError, match=re.escape(missing)):
        Settings.from_environment(environment)


def test_an_empty_variable_is_as_good_as_none() -> None:
    assert client_tls({"SITEKEEP_TLS_CA": "", "SITEKEEP_TLS_CLIENT_KEY": ""}) is None


def test_the_passphrase_of_the_key_file_is_a_file_that_is_there(tmp_path: Path) -> None:
    name = "SITEKEEP_KEY_PASSPHRASE_FILE"
    assert Settings.from_environment({}).key_passphrase_file is None
    path = _file(tmp_path, name)
    assert Settings.from_environment({name: path}).key_passphrase_file == Path(path)
    with pytest.raises(ConfigurationError, match=name):
        Settings.from_environment({name: str(tmp_path / "none")})
