"""Small objects of the vault that are sealed JSON behind a magic (FORMAT.md section 9)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from sitekeep_shared.vault.errors import DamagedObject
from sitekeep_shared.vault.sealing import Sealer

Content = TypeVar("Content", bound=msgspec.Struct)


@dataclass(frozen=True)
class SealedJson(Generic[Content]):
    """How objects of one sort are written and read; each is bound to its own name."""

    magic: bytes
    section: str
    noun: str
    """What one is called in an error, such as ``lease``."""
    kind: type[Content]

    def encode(self, sealer: Sealer, name: str, content: Content) -> bytes:
        """The bytes of the object of that name."""
        return self.magic + sealer.seal(self.section, name.encode(), msgspec.json.encode(content))

    def decode(self, sealer: Sealer, name: str, data: bytes) -> Content:
        """The reverse of encode.

        Raises:
            DamagedObject: it is not what was written.
        """
        if not data.startswith(self.magic):
            raise DamagedObject(name, f"it does not start as a {self.noun}")
        plain = sealer.open(self.section, name.encode(), data[len(self.magic) :], name)
        try:
            return msgspec.json.decode(plain, type=self.kind)
        except msgspec.MsgspecError as error:
            raise DamagedObject(name, f"it does not read as a {self.noun}") from error
