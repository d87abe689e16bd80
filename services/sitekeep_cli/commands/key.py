"""The key of the vault: what it is, copies of it, ways back to it, and its rotation."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sitekeep_cli import key_input, local_key, local_vault
from sitekeep_cli.errors import CommandError, UsageError
from sitekeep_cli.exit_codes import ExitCode
from sitekeep_cli.output import Output
from sitekeep_cli.settings import Home, settings_of
from sitekeep_cli.verbs import group

if TYPE_CHECKING:
    from sitekeep_cli.local_key import OpenKey
    from sitekeep_shared.config import Settings
    from sitekeep_shared.vault.rotation import Rotation

application = group("The key of the vault: recovery sheet, passphrases, recipients, rotation.")

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, with nothing around it.")]
NewFile = Annotated[Path, typer.Argument(help="The file to make; it must not be there yet.")]
Label = Annotated[str, typer.Option("--label", help="Whose or where it is, as a reminder.")]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file", help="Read the passphrase from this file, not from a prompt."
    ),
]
To = Annotated[Path | None, typer.Option("--to", help="Where the new key file is to be.")]


@application.command()
def show(home: Home = "", as_json: AsJson = False) -> None:
    """Show which key the file holds, whether it is current, and what else unlocks the vault."""
    output, settings = Output(as_json), settings_of(home)
    found = local_vault.run(local_key.described(settings))
    if as_json:
        output.document(found)
        return
    unlocks = found.pop("unlocks")
    output.facts(_facts(found))
    output.table(
        ("ID", "UNLOCKED BY", "LABEL", "OPENS", "ADDED"),
        [
            (
                one["id"],
                one["method"],
                one["label"] or one["damage"],
                "this key" if one["opensThisKey"] else one["key"],
                one["added"],
            )
            for one in unlocks
        ],
    )


@application.command()
def verify(
    file: Annotated[Path | None, typer.Argument(help="A copy of the key file.")] = None,
    sheet: Annotated[str, typer.Option("--sheet", help="A sheet's text; - to type it.")] = "",
    home: Home = "",
    as_json: AsJson = False,
) -> None:
    """Check that the key file, a copy of it or a recovery sheet opens the vault.

    Ends with 1 where it does not, or where the key was rotated since.
    """
    output, settings = Output(as_json), settings_of(home)

    async def work() -> dict[str, Any]:
        keys = key_input.sheet(sheet, output).keys if sheet else local_key.read(settings, file).keys
        return await local_key.proven(settings, keys)

    found = local_vault.run(work())
    if as_json:
        output.document(found)
    else:
        output.facts(_facts(found))
    if found["supersededBy"]:
        raise CommandError(
            f"The vault's key is now {found['supersededBy']}: this one opens only what was backed "
            "up before. Take a copy of the newer key file, or print a new sheet."
        )


@application.command()
def sheet(home: Home = "") -> None:
    """Print the recovery sheet: one page that opens every backup. For paper, not for a disk."""
    output, settings = Output(), settings_of(home)
    output.plain(local_vault.run(local_key.printed_sheet(settings)))


@application.command()
def split(
    file: NewFile,
    protect: Annotated[
        bool, typer.Option("--protect", help="Under a passphrase, as servers can read too.")
    ] = False,
    passphrase_file: PassphraseFile = None,
    home: Home = "",
) -> None:
    """Write a key file that can back up and cannot read, for a Backup server of its own."""
    from sitekeep_shared.vault.key_file import write_writer_key_file

    output, settings = Output(), settings_of(home)
    with local_vault.refusals(), key_input.new_file(file, "another FILE"):
        keys = local_key.read(settings).keys
        passphrase = key_input.new_passphrase(passphrase_file) if protect else None
        write_writer_key_file(file, keys, passphrase)
    output.say(
        f"{file} holds the writer part of the key {keys.key_id}: who has it can write backups, "
        "list and expire them, and cannot read what they hold."
    )


@application.command()
def protect(file: NewFile, passphrase_file: PassphraseFile = None, home: Home = "") -> None:
    """Write a copy of the key file that takes a passphrase to open."""
    from sitekeep_shared.vault.key_file import write_copy

    output, settings = Output(), settings_of(home)
    with local_vault.refusals(), key_input.new_file(file, "another FILE"):
        found = local_key.read(settings)
        write_copy(file, found, key_input.new_passphrase(passphrase_file))
    output.say(
        f"{file} is under the passphrase. Servers find that in the file which "
        f"SITEKEEP_KEY_PASSPHRASE_FILE names. {found.path} is as it was: remove it when you are "
        "sure that you can do without."
    )


@application.command()
def passphrase(label: Label = "", passphrase_file: PassphraseFile = None, home: Home = "") -> None:
    """Let a passphrase unlock the vault: the key file can be made anew by it."""
    output, settings = Output(), settings_of(home)

    async def work() -> str:
        key, opened = await local_key.whole(settings)
        given = key_input.new_passphrase(passphrase_file)
        return await opened.unlocks.add_passphrase(key, given, label)

    _say_added(output, local_vault.run(work()), "--passphrase")


@application.command()
def recipient(
    public_key: Annotated[str, typer.Argument(help="recipient-…, as `key pair` printed it.")],
    label: Label = "",
    home: Home = "",
) -> None:
    """Let the owner of a private key unlock the vault: the key file can be made anew by it."""
    from sitekeep_shared.vault.recipient import parse_recipient

    output, settings = Output(), settings_of(home)

    async def work() -> str:
        public = parse_recipient(public_key)
        key, opened = await local_key.whole(settings)
        return await opened.unlocks.add_recipient(key, public, label)

    _say_added(output, local_vault.run(work()), "--recipient FILE")


@application.command()
def pair(file: NewFile) -> None:
    """Make a recipient: write the private key into a file, print the public key."""
    from sitekeep_shared.vault.recipient import make_recipient, spell_recipient

    output = Output()
    with local_vault.refusals(), key_input.new_file(file, "another FILE"):
        public = make_recipient(file)
    output.say(f"{file} holds the private key: keep it apart. The public key is to hand on:")
    output.plain(spell_recipient(public))


@application.command()
def remove(
    identifier: Annotated[str, typer.Argument(help="The id, as `key show` lists it.")],
    home: Home = "",
) -> None:
    """Take a passphrase or a recipient away.

    Whoever unlocked the vault before may have kept the key: then rotate it as well.
    """
    output, settings = Output(), settings_of(home)

    async def work() -> None:
        opened = await local_key.with_vault(settings, local_key.read(settings).keys)
        unlock = await opened.unlock(identifier)
        if unlock is None:
            raise CommandError(
                f"Nothing that unlocks the vault has the id {identifier!r}: sitekeep key show "
                "lists what does.",
                ExitCode.NOT_FOUND,
            )
        await opened.unlocks.remove(unlock)

    local_vault.run(work())
    output.say(f"{identifier} does not unlock the vault any more.")


@application.command()
def rotate(to: To = None, home: Home = "") -> None:
    """Make a new key for the backups to come, in a new key file beside the old one.

    The new file opens all backups, the old one those from before; nothing is rewritten.
    """
    output, settings = Output(), settings_of(home)
    done, path = local_vault.run(local_key.rotated(settings, to))
    output.say(_after_rotation(settings, done, path))


@application.command()
def recover(
    by_passphrase: Annotated[
        bool, typer.Option("--passphrase", help="By a passphrase that unlocks the vault.")
    ] = False,
    recipient_file: Annotated[
        Path | None, typer.Option("--recipient", help="By the private key in this file.")
    ] = None,
    sheet: Annotated[
        str, typer.Option("--sheet", help="By a recovery sheet: a file, or - to type it.")
    ] = "",
    passphrase_file: PassphraseFile = None,
    to: To = None,
    home: Home = "",
) -> None:
    """Make the lost key file anew: by a passphrase, a recipient's private key, or the sheet."""
    output, settings = Output(), settings_of(home)
    by_passphrase = by_passphrase or passphrase_file is not None
    if [by_passphrase, recipient_file is not None, bool(sheet)].count(True) != 1:
        raise UsageError("Say what is to open the vault: --passphrase, --recipient or --sheet.")
    path = to or settings.key_file

    async def work() -> tuple[OpenKey, str]:
        if path.exists():
            raise FileExistsError
        if sheet:
            key = key_input.sheet(sheet, output)
        else:
            key = await local_key.unlocked(settings, recipient_file, passphrase_file)
        opened = await local_key.recovered(settings, key, path)
        return opened, await local_key.superseded_by(opened.ring)

    with key_input.new_file(path, "--to"):
        opened, newer = local_vault.run(work())
    output.say(f"{path} holds the key {opened.ring.keys.key_id} of the vault again.")
    if newer:
        output.say(
            f"The vault's key is now {newer}: this one opens what was backed up before, and "
            "writes no backups."
        )


def _say_added(output: Output, unlock_id: str, option: str) -> None:
    output.say(
        "The vault can be unlocked by it from now on, where the key file is lost: "
        f"sitekeep key recover {option}. To take it away: sitekeep key remove {unlock_id}."
    )
    output.plain(unlock_id)


def _after_rotation(settings: Settings, done: Rotation, path: Path) -> str:
    """What is to be done now, in the order in which it is best done."""
    lines = [
        f"The vault's key is now {done.key.keys.key_id}, in {path}.",
        f"{settings.key_file} is as it was. It opens what was backed up before; it writes no",
        "backups any more. Now:",
        f"1. Set SITEKEEP_KEY_FILE to {path} for both servers (or move it to",
        f"   {settings.key_file}), and start them again.",
        "2. Where a Backup server has a key file of its own, make a new one for it:",
        "   sitekeep key split FILE",
        "3. Print a new recovery sheet: sitekeep key sheet. The old one opens older backups only.",
    ]
    if done.carried:
        names = ", ".join(each.label or each.unlock_id for each in done.carried)
        lines.append(f"Recipients unlock the new key too: {names}.")
    if done.left:
        names = ", ".join(each.label or each.unlock_id for each in done.left)
        lines.append(f"Passphrases unlock the old key only; add them again: {names}.")
    return "\n".join(lines)


def _facts(found: dict[str, Any]) -> list[tuple[str, str]]:
    """``supersededBy`` is read as ``superseded by``."""
    return [(re.sub("(?=[A-Z])", " ", name).lower(), _words(found[name])) for name in found]


def _words(value: bool | str | list[str]) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else ", ".join(value)
