"""Operation locks."""

from __future__ import annotations

from typing import Annotated

import typer

from sitekeep.operation.v1 import operation_pb2 as pb
from sitekeep_cli import paging, wording
from sitekeep_cli.call import Call
from sitekeep_cli.names import in_use, short
from sitekeep_cli.verbs import group, verb

application = group("The locks that keep a product (app) to one operation at a time.")

Identifier = Annotated[str, typer.Argument(help="The id of the product, or the full name.")]


@verb(application, "list")
def list_(call: Call) -> None:
    """List locks."""
    request = pb.ListOperationLocksRequest(parent=call.organization)
    found = paging.whole(call.locks.ListOperationLocks, request)
    if call.output.as_json:
        call.output.message(found)
        return
    call.output.table(
        ("PRODUCT", "KIND", "OPERATION", "HOLDER", "LEASE UNTIL"),
        [
            (
                short(one.product),
                _kind(one),
                in_use(one.operation),
                one.holder,
                wording.time(one.expire_time),
            )
            for one in found.operation_locks
        ],
    )


@verb(application)
def show(call: Call, identifier: Identifier) -> None:
    """Show the lock of a product."""
    name = call.resource("operationLocks", identifier)
    _show(call, call.locks.GetOperationLock(pb.GetOperationLockRequest(name=name)))


@verb(application)
def release(
    call: Call,
    identifier: Identifier,
    justification: Annotated[
        str, typer.Option("--justification", help="Why; it goes to the log of the server.")
    ],
    force: Annotated[
        bool, typer.Option("--force", help="Although its holder still renews it.")
    ] = False,
) -> None:
    """Release a lock; the operation that held it can change nothing any more."""
    name = call.resource("operationLocks", identifier)
    lock = call.locks.GetOperationLock(pb.GetOperationLockRequest(name=name))
    request = pb.ReleaseOperationLockRequest(
        name=name, etag=lock.etag, force=force, justification=justification
    )
    answer = call.locks.ReleaseOperationLock(request)
    if call.output.as_json:
        call.output.message(answer)
    else:
        call.output.say(f"The lock of {short(lock.product)} is released.")


def _kind(lock: pb.OperationLock) -> str:
    name = pb.OperationLock.Kind.Name(lock.kind)
    return "-" if name == "KIND_UNSPECIFIED" else name.lower()


def _show(call: Call, lock: pb.OperationLock) -> None:
    if call.output.as_json:
        call.output.message(lock)
        return
    call.output.facts(
        [
            ("product", short(lock.product)),
            ("kind", _kind(lock)),
            ("operation", in_use(lock.operation)),
            ("holder", lock.holder),
            ("fencing token", str(lock.fencing_token)),
            ("acquired", wording.time(lock.acquire_time)),
            ("renewed", wording.time(lock.renew_time)),
            ("lease until", wording.time(lock.expire_time)),
        ]
    )
