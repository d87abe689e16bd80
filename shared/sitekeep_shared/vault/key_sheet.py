"""The recovery sheet: the whole key of a vault on paper, in lines that a person can type.

Each line carries 16 bytes and their CRC-32, which also covers the number of the line and how
many there are: every wrong letter, and every line in the wrong place, is found where it is.
"""

from __future__ import annotations

import datetime
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sitekeep_shared.vault.errors import WrongKey
from sitekeep_shared.vault.keys import KEY_BYTES, WholeKey
from sitekeep_shared.vault.spelling import spell, unspell

_LINE_BYTES = 16
_CHECK_BYTES = 4
_LINES_PER_KEY = KEY_BYTES // _LINE_BYTES
_FEWEST_LINES = 2 * _LINES_PER_KEY
_LABEL = re.compile(r"\s*(\d{1,3})\s*/\s*(\d{1,3})\s*:?\s+(.*)")


@dataclass(frozen=True)
class SheetFacts:
    """What stands on the sheet beside the key."""

    repository_id: bytes
    vault_location: str
    printed: datetime.datetime


class MistypedLine(WrongKey):
    """A line of the sheet is not what was printed."""

    def __init__(self, label: str, problem: str) -> None:
        super().__init__(
            f"Line {label} of the recovery sheet is not what was printed: {problem}. Compare it "
            "with the sheet and type it again."
        )


def sheet_lines(key: WholeKey) -> list[str]:
    """The lines of the sheet: ``1/4  ABCD EFGH …``."""
    data = key.secret + b"".join(key.private_keys)
    total = len(data) // _LINE_BYTES
    return [
        f"{number}/{total}  {_encode(number, total, data[start : start + _LINE_BYTES])}"
        for number, start in enumerate(range(0, len(data), _LINE_BYTES), start=1)
    ]


@dataclass
class SheetReader:
    """Takes the lines of a sheet as they are typed, in order."""

    _parts: list[bytes] = field(default_factory=list[bytes], repr=False)
    _total: int = 0

    @property
    def next_label(self) -> str:
        """The number of the line that is to come next, and of how many: ``2/4``, first ``1/…``."""
        return f"{len(self._parts) + 1}/{self._total or '…'}"

    @property
    def is_complete(self) -> bool:
        """Whether all lines have been taken."""
        return bool(self._parts) and len(self._parts) == self._total

    def labelled(self, text: str) -> str:
        """A line as it was typed, with its number where only that was left out."""
        if self._total and not _LABEL.fullmatch(text.rstrip()):
            return f"{self.next_label} {text}"
        return text

    def take(self, text: str) -> None:
        """Takes the next line. One that is refused may be typed again.

        Raises:
            MistypedLine: it is not the line that was printed, or not the next one.
        """
        found = _LABEL.fullmatch(text.rstrip())
        if found is None:
            raise MistypedLine(
                self.next_label, f"it has to begin with its number, {self.next_label}"
            )
        number, total = int(found[1]), int(found[2])
        self._check_place(number, total)
        self._parts.append(_decode(number, total, found[3]))
        self._total = total

    def finish(self) -> WholeKey:
        """The key.

        Raises:
            MistypedLine: lines are missing.
        """
        if not self.is_complete:
            raise MistypedLine(self.next_label, "it is missing")
        data = b"".join(self._parts)
        keys = [data[start : start + KEY_BYTES] for start in range(0, len(data), KEY_BYTES)]
        return WholeKey(keys[0], tuple(keys[1:]))

    def _check_place(self, number: int, total: int) -> None:
        label = f"{number}/{total}"
        if self._total and total != self._total:
            raise MistypedLine(label, f"the lines before it are of {self._total}")
        if total < _FEWEST_LINES or total % _LINES_PER_KEY:
            raise MistypedLine(label, "no sheet has so many lines")
        expected = len(self._parts) + 1
        if number != expected:
            raise MistypedLine(label, f"line {expected}/{total} comes here")


def read_sheet(lines: Iterable[str]) -> WholeKey:
    """The key from the text of a whole sheet; only its numbered lines count.

    Raises:
        MistypedLine: a line is not what was printed, is missing or is in the wrong place.
    """
    reader = SheetReader()
    for line in lines:
        if _LABEL.fullmatch(line.rstrip()) and not reader.is_complete:
            reader.take(line)
    return reader.finish()


def print_sheet(key: WholeKey, facts: SheetFacts) -> str:
    """The sheet: plain text that fits one page."""
    keys = key.keys
    return "\n".join(
        [
            "SITEKEEP RECOVERY SHEET",
            "",
            "This page opens every backup of the vault named below. Keep it as you keep a",
            "passport: on paper, in a safe place, apart from the backups. Never photograph it.",
            "",
            f"  Vault     {facts.repository_id.hex()}",
            f"  Place     {facts.vault_location}",
            f"  Key       {keys.key_id}",
            f"  Printed   {facts.printed:%Y-%m-%d}",
            "",
            *_in_blocks(sheet_lines(key)),
            "",
            "If the key file is lost, on the machine where Sitekeep runs:",
            "",
            "  1. Set SITEKEEP_VAULT to the place of the vault, and SITEKEEP_KEY_FILE to where",
            "     the key file is to be (by default ~/.sitekeep/sitekeep.key).",
            "  2. Run:  sitekeep key recover --sheet -",
            "     Type each line with its number when asked. Small letters are as good as",
            "     capital ones, spaces do not matter. There is no I, L, O or U: what looks like",
            "     one is 1, 1, 0 or V. A wrong letter is found at once, in its line.",
            "  3. Run:  sitekeep key verify",
            "",
            "After `sitekeep key rotate` print a new sheet: this one does not open the backups",
            "that come after it. Without Sitekeep: each line is 16 bytes and their CRC-32 in",
            "Crockford's base32; together they are the secret, then the private keys",
            "(shared/sitekeep_shared/vault/FORMAT.md, section 3).",
            "",
        ]
    )


def _in_blocks(lines: Sequence[str]) -> list[str]:
    """Pairs of lines, each one key, with air between them."""
    blocks: list[str] = []
    for number, line in enumerate(lines):
        if number and number % _LINES_PER_KEY == 0:
            blocks.append("")
        blocks.append(f"  {line}")
    return blocks


def _encode(number: int, total: int, part: bytes) -> str:
    return spell(part + _check(number, total, part))


def _decode(number: int, total: int, text: str) -> bytes:
    label = f"{number}/{total}"
    try:
        data = unspell(text, _LINE_BYTES + _CHECK_BYTES)
    except ValueError as error:
        raise MistypedLine(label, str(error)) from error
    part, check = data[:_LINE_BYTES], data[_LINE_BYTES:]
    if check != _check(number, total, part):
        raise MistypedLine(label, "a letter of it is wrong, or it is another line")
    return part


def _check(number: int, total: int, part: bytes) -> bytes:
    """Little-endian, as the polynomial runs: so each wrong letter is one burst, never missed."""
    return zlib.crc32(bytes([number, total]) + part).to_bytes(_CHECK_BYTES, "little")
