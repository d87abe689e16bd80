"""Runs the servers."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sitekeep_cli.errors import CommandError, UsageError
from sitekeep_cli.exit_codes import ExitCode, explained
from sitekeep_cli.supervision import Supervisor, child_command
from sitekeep_cli.verbs import group

if TYPE_CHECKING:
    from sitekeep_shared.config import Settings

application = group("Run the servers. Every SITEKEEP_… setting of the environment holds.")

Home = Annotated[
    str,
    typer.Option("--home", envvar="SITEKEEP_HOME", help="Where everything is kept."),
]
Profile = Annotated[
    str,
    typer.Option("--profile", envvar="SITEKEEP_PROFILE", help="The rules that hold."),
]
Listen = Annotated[str, typer.Option("--listen", help="HOST:PORT, instead of the setting.")]


@application.command(epilog=explained())
def backup(home: Home = "", profile: Profile = "", listen: Listen = "") -> None:
    """Run the Backup server."""
    from sitekeep_backup import server

    settings = _settings(home, profile, SITEKEEP_BACKUP_LISTEN=listen)
    _say(f"The Backup server is to listen on {settings.backup_listen}, data in {settings.home}.")
    _run(server.serve, settings)


@application.command(epilog=explained())
def restore(home: Home = "", profile: Profile = "", listen: Listen = "") -> None:
    """Run the Restore server."""
    from sitekeep_restore import server

    settings = _settings(home, profile, SITEKEEP_RESTORE_LISTEN=listen)
    _say(f"The Restore server is to listen on {settings.restore_listen}, data in {settings.home}.")
    _run(server.serve, settings)


@application.command("all", epilog=explained())
def all_(home: Home = "", profile: Profile = "") -> None:
    """Run both servers; if one ends, so does the other."""
    # A setting that cannot be used is said once, here.
    _settings(home, profile)
    environment = _environment(home, profile)
    supervisor = Supervisor()
    for name in ("backup", "restore"):
        supervisor.start(name, child_command("serve", name), environment)
    ended = supervisor.wait()
    if ended is not None:
        raise CommandError(
            f"The {ended.name} server ended by itself (exit code {ended.exit_code}).",
            ExitCode.FAILED,
        )


def _environment(home: str, profile: str, **further: str) -> Mapping[str, str]:
    given = {"SITEKEEP_HOME": home, "SITEKEEP_PROFILE": profile, **further}
    return {**os.environ, **{name: value for name, value in given.items() if value}}


def _settings(home: str, profile: str, **further: str) -> Settings:
    """The settings.

    Raises:
        UsageError: one of them cannot be used.
    """
    from sitekeep_shared.config import ConfigurationError, Settings

    try:
        return Settings.from_environment(_environment(home, profile, **further))
    except ConfigurationError as error:
        raise UsageError(str(error)) from error


def _run(serve: Callable[[Settings], Coroutine[Any, Any, None]], settings: Settings) -> None:
    """Serves until told to stop.

    Raises:
        CommandError: the address is taken, or the database cannot be used.
    """
    from sitekeep_shared.database.errors import DatabaseError
    from sitekeep_shared.rpc import logs
    from sitekeep_shared.rpc.server import ListenError
    from sitekeep_shared.secrets import SecretsError
    from sitekeep_shared.vault.errors import VaultError

    logs.configure(settings.log_level)
    try:
        asyncio.run(serve(settings))
    except (ListenError, DatabaseError, VaultError, SecretsError) as error:
        raise CommandError(str(error)) from error
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        reason = error.strerror or "the system refuses"
        raise CommandError(f"The server cannot keep its data. {where}{reason}.") from error


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
