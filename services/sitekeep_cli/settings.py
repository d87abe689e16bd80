"""The settings of the servers, for the verbs that run where the servers run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from sitekeep_cli.errors import UsageError

if TYPE_CHECKING:
    from sitekeep_shared.config import Settings

Home = Annotated[
    str,
    typer.Option("--home", envvar="SITEKEEP_HOME", help="Where everything is kept."),
]


def environment_with(home: str = "", profile: str = "", **further: str) -> Mapping[str, str]:
    """The environment with what the command line says over it."""
    given = {"SITEKEEP_HOME": home, "SITEKEEP_PROFILE": profile, **further}
    return {**os.environ, **{name: value for name, value in given.items() if value}}


def settings_of(home: str = "", profile: str = "", **further: str) -> Settings:
    """The settings.

    Raises:
        UsageError: one of them cannot be used.
    """
    from sitekeep_shared.config import ConfigurationError, Settings

    try:
        return Settings.from_environment(environment_with(home, profile, **further))
    except ConfigurationError as error:
        raise UsageError(str(error)) from error
