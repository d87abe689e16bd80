"""What a backup holds."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from sitekeep.restore.v1 import content_pb2 as pb
from sitekeep.type.v1 import content_pb2 as type_pb
from sitekeep_cli import paging, wording
from sitekeep_cli.call import Call
from sitekeep_cli.errors import CommandError, UsageError
from sitekeep_cli.output import json_form
from sitekeep_cli.progress import kind_name
from sitekeep_cli.verbs import group, verb
from sitekeep_shared.kinds import Kind

application = group("What a backup holds: list, read, save files.")

Backup = Annotated[str, typer.Argument(help="The id or full name of the backup.")]
Name = Annotated[str, typer.Argument(help="The full name of the entity, as a list shows it.")]
Kinds = Annotated[
    list[Kind] | None, typer.Option("--kind", help="Only this kind; may be repeated.")
]


@verb(application, "list")
def list_(call: Call, backup: Backup, kind: Kinds = None) -> None:
    """List what a backup holds; with --json a line for each entity."""
    request = pb.ListEntitiesRequest(
        parent=call.resource("backups", backup),
        kinds=[type_pb.EntityKind.Value(f"ENTITY_KIND_{one.name}") for one in kind or ()],
    )
    for page in paging.pages(call.contents.ListEntities, request):
        if call.output.as_json:
            for entity in page.entities:
                call.output.line(json_form(entity))
        elif page.entities:
            _show_page(call, page.entities)


def _show_page(call: Call, entities: Iterable[pb.Entity]) -> None:
    call.output.table(
        ("KIND", "WHAT", "#SIZE", "NAME"),
        [
            (kind_name(one.kind), _title(one), wording.size(one.size_bytes), one.name)
            for one in entities
        ],
    )


def _title(entity: pb.Entity) -> str:
    attributes = entity.attributes
    for name in ("key", "title", "filename"):
        if attributes.get(name):
            return attributes[name]
    return entity.key


@verb(application)
def read(call: Call, name: Name) -> None:
    """Print a record as the site sent it."""
    entity = call.contents.GetEntity(pb.GetEntityRequest(name=name))
    if call.output.as_json:
        call.output.message(entity)
    elif entity.payload:
        sys.stdout.write(entity.payload.decode("utf-8") + "\n")
    else:
        raise UsageError("This is a file: sitekeep content save NAME --to PATH.")


@verb(application)
def save(
    call: Call,
    name: Name,
    to: Annotated[
        Path | None, typer.Option("--to", help="A file or a folder; else the folder we are in.")
    ] = None,
) -> None:
    """Save an attachment; what arrives is checked against its SHA-256."""
    entity = call.contents.GetEntity(pb.GetEntityRequest(name=name))
    path = _destination(entity, to)
    digest = hashlib.sha256()
    partial = path.with_name(path.name + ".part")
    with partial.open("wb") as file:
        for piece in call.contents.ReadAttachment(pb.ReadAttachmentRequest(name=name)):
            digest.update(piece.data)
            file.write(piece.data)
    if entity.digest and digest.hexdigest() != entity.digest:
        partial.unlink()
        raise CommandError(f"What arrived of {path.name} is not what was backed up.")
    partial.replace(path)
    if call.output.as_json:
        call.output.document({"path": str(path), "sha256": digest.hexdigest()})
    else:
        call.output.say(f"{path} ({wording.size(path.stat().st_size)}) is saved.")


def _destination(entity: pb.Entity, to: Path | None) -> Path:
    """Where the file goes; a name from a site never leads out of the folder.

    Raises:
        UsageError: the destination exists.
    """
    plain = (entity.attributes.get("filename") or entity.key).replace("/", "_").replace("\0", "_")
    filename = plain if plain not in (".", "..") else "attachment"
    path = to if to is not None and not to.is_dir() else (to or Path()) / filename
    if path.exists():
        raise UsageError(f"{path} exists already.")
    return path
