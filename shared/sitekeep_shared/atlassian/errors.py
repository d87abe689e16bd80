"""Every way in which a request to a site fails.

SiteError
├── SiteUnauthorized    401: the token is wrong, expired or not valid for this address
├── SiteForbidden       403: the account may not do that
├── SiteNotFound        404: there is none, or the account may not see it
├── SiteRefused         any other 4xx (400, 405, 409, 410, 413 …): the same request never works
├── SiteUnavailable     429, 5xx or no connection until patience ended: later it may work
├── SiteBodyMismatch    a file's bytes are not as many as the site announced
└── AmbiguousWrite      a write without a usable answer: it may or may not have been done

They are apart from ``SitekeepError`` because they say what the site did; the servers
translate them into what the caller of Sitekeep has to know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class SiteError(Exception):
    """The root. ``message`` is a plain sentence without secrets."""

    def __init__(
        self, message: str, *, status: int | None = None, body: bytes = b"", request: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        """The HTTP status, or None where there was no answer."""
        self.body = body
        """The start of the answer's body, at most 64 KiB."""
        self.request = request
        """Method and endpoint template with the path's values, never the query."""


class SiteUnauthorized(SiteError):
    """The site does not accept the credentials (401)."""


class SiteForbidden(SiteError):
    """The account is not allowed to do that (403)."""


class SiteNotFound(SiteError):
    """The site has no such thing, or hides it from the account (404)."""


class SiteRefused(SiteError):
    """The site refuses the request as it is; sending it again does not help."""

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        body: bytes = b"",
        request: str = "",
        errors: Mapping[str, str] | None = None,
        messages: Sequence[str] = (),
    ) -> None:
        super().__init__(message, status=status, body=body, request=request)
        self.errors: dict[str, str] = dict(errors or {})
        """Field name → what is wrong with it (Jira's ``errors``)."""
        self.messages: list[str] = list(messages)
        """What is wrong with the whole (Jira's ``errorMessages``, Confluence's titles)."""


class SiteUnavailable(SiteError):
    """The site did not serve the request although it was tried patiently."""

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        body: bytes = b"",
        request: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, status=status, body=body, request=request)
        self.retry_after = retry_after
        """Seconds after which the site said to come back, where it said so."""


class SiteBodyMismatch(SiteError):
    """A downloaded file is shorter, longer or another one than the site announced."""


class AmbiguousWrite(SiteError):
    """A write whose answer was lost or was a server error: look before writing again."""
