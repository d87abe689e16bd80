"""Judges the traffic of a simulated site while it happens."""

from __future__ import annotations

from collections import Counter
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from contract.exchange import Exchange, judge
from contract.specification import Specification

_UNDOCUMENTED = ("/_simulator/", "/_edge/tenant_info", "/ex/jira/")
"""What no document judges; of Assets behind the gateway its simulated site says what is known."""


class Recorder:
    """Judges every exchange; ``problems`` counts each kind of departure once."""

    def __init__(self, specification: Specification) -> None:
        self._specification = specification
        self.problems: Counter[str] = Counter()
        self.exchanges: Counter[str] = Counter()
        """Judged exchanges by method and documented template."""

    def middleware(self) -> Middleware:
        """For the site's application, inside of what makes faults happen."""

        @web.middleware
        async def record(request: web.Request, handler: Handler) -> web.StreamResponse:
            # Before the handler: it reads a multipart body to its end.
            kind = request.content_type if request.can_read_body else ""
            body = await request.read() if kind == "application/json" else None
            answer = await handler(request)
            if not request.path.startswith(_UNDOCUMENTED):
                self.note(_exchange(request, kind, body, answer))
            return answer

        return record

    def note(self, exchange: Exchange) -> None:
        """Judges one exchange."""
        operation = self._specification.find(exchange.method, exchange.raw_path)
        if operation is not None:
            self.exchanges[operation.name] += 1
        self.problems.update(judge(self._specification, exchange))

    def report(self) -> str:
        """All problems, a line each, most frequent first; empty where there are none."""
        return "\n".join(f"{count:>6} x {text}" for text, count in self.problems.most_common())


def _exchange(
    request: web.Request, kind: str, body: bytes | None, answer: web.StreamResponse
) -> Exchange:
    content = answer.body if isinstance(answer, web.Response) else None
    response_body = bytes(content) if isinstance(content, bytes | bytearray) else None
    return Exchange(
        method=request.method,
        raw_path=request.rel_url.raw_path,
        query=parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True),
        request_type=kind,
        request_body=body,
        status=answer.status,
        response_type=answer.content_type if response_body else "",
        response_body=response_body,
    )
