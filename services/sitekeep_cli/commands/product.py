"""Products: the Jira and Confluence sites of an organization."""

from __future__ import annotations

import enum
import sys
import uuid
from pathlib import Path
from typing import Annotated

import typer
from google.protobuf.field_mask_pb2 import FieldMask

from sitekeep.backup.v1 import organization_pb2 as pb
from sitekeep_cli import paging, wording
from sitekeep_cli.call import Call
from sitekeep_cli.errors import UsageError
from sitekeep_cli.names import short
from sitekeep_cli.verbs import group, verb

application = group("Products (apps): the Jira and Confluence sites of an organization.")


class Type(enum.StrEnum):
    """What a product is."""

    JIRA = "jira"
    CONFLUENCE = "confluence"


Identifier = Annotated[str, typer.Argument(help="The id or full name of the product.")]
Email = Annotated[str, typer.Option("--email", help="The account that reads and writes the site.")]
Token = Annotated[
    bool, typer.Option("--token", help="Ask for the API token (it is not shown while typed).")
]
TokenFile = Annotated[
    Path | None, typer.Option("--token-file", help="Read the API token from this file.")
]
TokenValue = Annotated[
    str, typer.Option(envvar="SITEKEEP_API_TOKEN", hidden=True, show_default=False)
]


@verb(application)
def add(
    call: Call,
    identifier: Annotated[str, typer.Argument(help="The id that the product gets.")],
    kind: Annotated[Type, typer.Option("--type", help="Jira with all its apps, or Confluence.")],
    site: Annotated[str, typer.Option("--site", help="https://example.atlassian.net")],
    email: Email,
    name: Annotated[str, typer.Option("--name", help="How people call it.")] = "",
    token: Token = False,
    token_file: TokenFile = None,
    environment_token: TokenValue = "",
) -> None:
    """Add a product.

    The API token comes from SITEKEEP_API_TOKEN, from --token-file or from a prompt.
    """
    product = pb.Product(
        type=pb.Product.Type.Value(kind.name),
        site_uri=site,
        display_name=name,
        credentials=_credentials(email, _token(token, token_file, environment_token)),
    )
    request = pb.CreateProductRequest(
        parent=call.organization,
        product_id=identifier,
        product=product,
        request_id=str(uuid.uuid4()),
    )
    _show(call, call.organizations.CreateProduct(request))


@verb(application, "list")
def list_(call: Call) -> None:
    """List products."""
    found = paging.whole(
        call.organizations.ListProducts, pb.ListProductsRequest(parent=call.organization)
    )
    if call.output.as_json:
        call.output.message(found)
        return
    call.output.table(
        ("ID", "TYPE", "SITE", "NAME", "CREDENTIALS"),
        [
            (
                short(one.name),
                wording.words(pb.Product.Type.Name(one.type)),
                one.site_uri,
                one.display_name,
                "yes" if one.has_credentials else "no",
            )
            for one in found.products
        ],
    )


@verb(application)
def show(call: Call, identifier: Identifier) -> None:
    """Show a product."""
    request = pb.GetProductRequest(name=call.resource("products", identifier))
    _show(call, call.organizations.GetProduct(request))


@verb(application)
def update(
    call: Call,
    identifier: Identifier,
    name: Annotated[str | None, typer.Option("--name", help="How people call it.")] = None,
    site: Annotated[str | None, typer.Option("--site", help="Where it is now.")] = None,
    email: Annotated[str | None, typer.Option("--email", help="Another account.")] = None,
    token: Token = False,
    token_file: TokenFile = None,
    environment_token: TokenValue = "",
) -> None:
    """Change a product: its name, its site or its credentials."""
    product = pb.Product(
        name=call.resource("products", identifier), display_name=name or "", site_uri=site or ""
    )
    paths = _given(display_name=name, site_uri=site, credentials=email)
    if email is not None:
        secret = _token(token, token_file, environment_token)
        product.credentials.CopyFrom(_credentials(email, secret))
    if not paths:
        raise UsageError("Say what to change: --name, --site or --email with a token.")
    request = pb.UpdateProductRequest(product=product, update_mask=FieldMask(paths=paths))
    _show(call, call.organizations.UpdateProduct(request))


@verb(application)
def remove(call: Call, identifier: Identifier) -> None:
    """Remove a product; its backups stay until they expire."""
    name = call.resource("products", identifier)
    answer = call.organizations.DeleteProduct(pb.DeleteProductRequest(name=name))
    if call.output.as_json:
        call.output.message(answer)
    else:
        call.output.say(f"{short(name)} is removed.")


def _given(**values: object) -> list[str]:
    return [path for path, value in values.items() if value is not None]


def _credentials(email: str, token: str) -> pb.Product.Credentials:
    return pb.Product.Credentials(email=email, api_token=token)


def _token(ask: bool, path: Path | None, from_environment: str) -> str:
    """The API token, from where the caller wants; never from the command line itself.

    Raises:
        UsageError: there is none, or the file cannot be read.
    """
    if path is not None:
        try:
            return path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"The token cannot be read from {path}: {error}.") from error
    if from_environment and not ask:
        return from_environment
    if not ask and not sys.stdin.isatty():
        raise UsageError(
            "No API token: set SITEKEEP_API_TOKEN, or give --token-file, or --token to be asked."
        )
    return str(typer.prompt("API token", hide_input=True, err=True))


def _show(call: Call, product: pb.Product) -> None:
    if call.output.as_json:
        call.output.message(product)
        return
    call.output.facts(
        [
            ("product", short(product.name)),
            ("type", wording.words(pb.Product.Type.Name(product.type))),
            ("name", product.display_name),
            ("site", product.site_uri),
            ("apps", ", ".join(wording.words(pb.Product.App.Name(app)) for app in product.apps)),
            ("credentials", "stored" if product.has_credentials else "none"),
            ("created", wording.time(product.create_time)),
        ]
    )
