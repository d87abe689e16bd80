"""What every call of our own services goes through: validation, errors, one log line."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, cast

import grpc
from google.protobuf.message import Message
from google.rpc import status_pb2
from grpc import aio
from grpc_status import rpc_status

from sitekeep_shared.errors import InternalError, NotImplementedYet, SitekeepError
from sitekeep_shared.rpc import logs
from sitekeep_shared.rpc.status import to_status
from sitekeep_shared.rpc.validation import validate

_log = logging.getLogger(__name__)
_OWN = ("/sitekeep.", "/google.longrunning.")

Context = aio.ServicerContext[Any, Any]


class CallInterceptor(aio.ServerInterceptor):
    """Answers every error with a status that has a reason, and never with Python's own text."""

    async def intercept_service(
        self,
        continuation: Callable[
            [grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]
        ],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Wraps the handlers of our own services; health and reflection stay as they are."""
        handler: Any = await continuation(handler_call_details)
        method = str(handler_call_details.method)
        if handler is None or not method.startswith(_OWN):
            return cast("grpc.RpcMethodHandler[Any, Any] | None", handler)
        kept = {
            "request_deserializer": handler.request_deserializer,
            "response_serializer": handler.response_serializer,
        }
        if handler.unary_unary:
            return grpc.unary_unary_rpc_method_handler(_unary(handler.unary_unary, method), **kept)
        return grpc.unary_stream_rpc_method_handler(_stream(handler.unary_stream, method), **kept)


def _unary(serve: Callable[[Any, Context], Awaitable[Any]], method: str) -> Any:
    async def call(request: Message, context: Context) -> Any:
        async with _Call(method, context) as call:
            validate(request)
            answer = await serve(request, context)
            call.code = "OK"
            return answer

    return call


def _stream(serve: Callable[[Any, Context], AsyncIterator[Any]], method: str) -> Any:
    async def call(request: Message, context: Context) -> AsyncIterator[Any]:
        async with _Call(method, context) as call:
            validate(request)
            async for answer in serve(request, context):
                yield answer
            call.code = "OK"

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
        milliseconds = round((time.monotonic() - self._start) * 1000, 1)
        _log.info(
            "call", extra={"method": self._method, "code": self.code, "duration_ms": milliseconds}
        )


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
