"""What a drill runs on: a fresh simulated site, and servers with a database of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from sitekeep_cli.demo.stage import DESTINATION, Stage
from sitekeep_shared.config import Settings

_OF_THE_VAULT = ("SITEKEEP_VAULT", "SITEKEEP_KEY", "SITEKEEP_PASSPHRASE")
"""How the settings begin that open the vault; all others of the person's own stay away."""


@dataclass
class DrillStage(Stage):
    """The child processes of a drill. A context manager."""

    sites: ClassVar[Sequence[str]] = (DESTINATION,)

    vault: Mapping[str, str] = field(default_factory=dict[str, str])
    """The settings that open the vault."""

    @property
    def site_folder(self) -> Path:
        """Where the simulated site is kept."""
        return self.folder / "sites" / DESTINATION

    def simulate(self) -> Sequence[str]:
        """The words that run the simulated site."""
        place = f"{DESTINATION}:{self.ports[DESTINATION]}:empty"
        return ["simulate", "--folder", str(self.folder / "sites"), "--site", place]

    def environment(self) -> dict[str, str]:
        """Writes go to the folder, whatever they are; the rules let any backup be restored."""
        return super().environment() | dict(self.vault) | self.aside()

    def aside(self) -> dict[str, str]:
        """What keeps a drill away from all that is not its own."""
        return {
            "SITEKEEP_HOME": str(self.folder / "sitekeep"),
            "SITEKEEP_VAULT_OVERLAY": str(self.folder / "written"),
            "SITEKEEP_PROFILE": "self-hosted",
            "SITEKEEP_VERIFY_DAYS": "0",
        }


def vault_settings(settings: Settings, environment: Mapping[str, str]) -> dict[str, str]:
    """The settings that open the vault of these settings, for other processes."""
    given = {name: value for name, value in environment.items() if name.startswith(_OF_THE_VAULT)}
    if not given.get("SITEKEEP_VAULT"):
        given["SITEKEEP_VAULT"] = str(settings.vault_location)
    return {"SITEKEEP_KEY_FILE": str(settings.key_file), **given}
