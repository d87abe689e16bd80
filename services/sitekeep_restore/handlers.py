"""The kinds of operations that the Restore service runs, behind one handler."""

from __future__ import annotations

from collections.abc import Mapping

from sitekeep_shared import failures
from sitekeep_shared.work.port import Completion, Handler, OperationRun
from sitekeep_shared.work.records import Operation, Progress


class HandlerByKind:
    """Passes each operation to the handler of its kind."""

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        self._handlers = handlers

    async def open(self, operation: Operation) -> OperationRun:
        """Opens what the work needs."""
        return await self._handlers[operation.kind].open(operation)

    def retryable(self, error: Exception) -> bool:
        """Whether another attempt may help; no kind has its own view of that."""
        return failures.is_retryable(error)

    async def failed(
        self, operation: Operation, error: Exception, progress: Progress
    ) -> Completion:
        """How an operation ends that cannot go on."""
        return await self._handlers[operation.kind].failed(operation, error, progress)

    async def cancelled(self, operation: Operation, progress: Progress) -> Completion:
        """How an operation ends that was cancelled."""
        return await self._handlers[operation.kind].cancelled(operation, progress)
