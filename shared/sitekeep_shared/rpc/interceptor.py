"""What every call of our own services goes through: the gate, validation, errors, a log line."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, cast

import grpc
from google.protobuf.message import DecodeError, Message
from google.rpc import status_pb2
from grpc import aio
from grpc_status import rpc_status

from sitekeep_shared.errors import (
    InternalError,
    InvalidRequest,
    NotImplementedYet,
    SitekeepError,
)
from sitekeep_shared.rpc import callers, gate, logs
from sitekeep_shared.rpc.gate import Gate
from sitekeep_shared.rpc.names import invalid
from sitekeep_shared.rpc.status import to_status
from sitekeep_shared.rpc.validation import validate

_log = logging.getLogger(__name__)
_OPEN = ("/grpc.health.", "/grpc.reflection.")

Context = aio.ServicerContext[Any, Any]
Parse = Callable[[bytes], Message]


class CallInterceptor(aio.ServerInterceptor):
    """Lets in who may call, and answers every error with a status that has a reason."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._served: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}

    async def intercept_service(
        self,
        continuation: Callable[
            [grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]
        ],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Wraps the handlers of our own services; health and reflection stay as they are."""
        method = str(handler_call_details.method)
        if method in self._served:
            return self._served[method]
        handler: Any = await continuation(handler_call_details)
        if method.startswith(_OPEN):
            return cast("grpc.RpcMethodHandler[Any, Any] | None", handler)
        if handler is None:
            return grpc.stream_stream_rpc_method_handler(_unknown(method))
        # Kept, so that it is found and wrapped once and not for every call.
        self._served[method] = self._wrapped(method, handler)
        return self._served[method]

    def _wrapped(self, method: str, handler: Any) -> grpc.RpcMethodHandler[Any, Any]:
        # The bytes are read behind the gate: what cannot be read gets an error like any other.
        admit = _Admission(self._gate, method, handler.request_deserializer)
        serializer = {"response_serializer": handler.response_serializer}
        if handler.unary_unary:
            served = _unary(handler.unary_unary, admit)
            return grpc.unary_unary_rpc_method_handler(served, **serializer)
        streamed = _stream(handler.unary_stream, admit)
        return grpc.unary_stream_rpc_method_handler(streamed, **serializer)


class _Admission:
    """From the bytes of a call to a request that may be served."""

    def __init__(self, gate: Gate, method: str, parse: Parse) -> None:
        self.method = method
        self._gate = gate
        self._parse = parse

    async def request(self, content: bytes, context: Context) -> Message:
        """The request, once the caller may make it and it is well formed.

        Raises:
            SitekeepError: in the order authentication, role, form.
        """
        request = self._read(content)
        caller = await self._gate.admit(self.method, request, context)
        callers.serve_as(caller)
        logs.account.set(caller.account_id)
        if request is None:
            raise InvalidRequest(
                "REQUEST_INVALID", "The bytes of the request are not a message of this method."
            )
        validate(request)
        if not gate.is_own(self.method) and gate.organization_named(request) is None:
            raise invalid("name", "has to begin with organizations/{organization}.")
        return request

    def _read(self, content: bytes) -> Message | None:
        try:
            return self._parse(content)
        except DecodeError:
            return None


def _unary(serve: Callable[[Any, Context], Awaitable[Any]], admit: _Admission) -> Any:
    async def call(content: bytes, context: Context) -> Any:
        async with _Call(admit.method, context) as call:
            answer = await serve(await admit.request(content, context), context)
            call.code = "OK"
            return answer

    return call


def _stream(serve: Callable[[Any, Context], AsyncIterator[Any]], admit: _Admission) -> Any:
    async def call(content: bytes, context: Context) -> AsyncIterator[Any]:
        async with _Call(admit.method, context) as call:
            async for answer in serve(await admit.request(content, context), context):
                yield answer
            call.code = "OK"

    return call


def _unknown(method: str) -> Any:
    async def call(requests: AsyncIterator[bytes], context: Context) -> None:
        async with _Call(method, context):
            raise NotImplementedYet(
                "METHOD_NOT_IMPLEMENTED",
                f"This server has no method {method[:200]}. Reflection lists those that it has.",
            )

    return call


class _Call:
    """One call, from its start to its log line."""

    def __init__(self, method: str, context: Context) -> None:
        self.code = "CANCELLED"
        self._method = method
        self._context = context
        self._start = time.monotonic()

    async def __aenter__(self) -> _Call:
        logs.request_id.set(uuid.uuid4().hex[:12])
        logs.account.set("")
        return self

    async def __aexit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        # An abort by the handler and a cancelled call are answered already.
        if isinstance(error, Exception) and not isinstance(error, aio.AbortError):
            await self._abort(error)
        self._log()

    async def _abort(self, error: Exception) -> None:
        status = to_status(_known(error, self._method))
        self.code = str(status.code)
        self._log()
        self._log = lambda: None  # type: ignore[method-assign]
        await self._context.abort_with_status(_wire(status))

    def _log(self) -> None:
        level = logging.DEBUG if self.code == "OK" and _is_look(self._method) else logging.INFO
        if _log.isEnabledFor(level):
            milliseconds = round((time.monotonic() - self._start) * 1000, 1)
            _log.log(
                level,
                "call",
                extra={"method": self._method, "code": self.code, "duration_ms": milliseconds},
            )


def _is_look(method: str) -> bool:
    """Whether a call only looks at how things stand.

    Who polls would fill the log with them. What is read of a backup's content is told.
    """
    service, _, name = method.rpartition("/")
    return name.startswith(("Get", "List")) and not service.endswith(".ContentService")


def _known(error: Exception, method: str) -> SitekeepError:
    if isinstance(error, SitekeepError):
        return error
    if isinstance(error, NotImplementedError):
        return NotImplementedYet(
            "METHOD_NOT_IMPLEMENTED", f"This server does not implement {method} yet."
        )
    if isinstance(error, asyncio.TimeoutError):
        _log.warning("timeout in a call", exc_info=error)
    else:
        _log.error("a call failed", exc_info=error, extra={"method": method})
    return InternalError(
        "INTERNAL_ERROR",
        "Something went wrong in the server. Its log has the details under "
        f"request {logs.request_id.get()}.",
        {"request": logs.request_id.get()},
    )


def _wire(status: status_pb2.Status) -> Any:
    return cast(Any, rpc_status).to_status(status)
