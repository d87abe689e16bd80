"""Why no server answers, in words: the library of gRPC says it in codes of its own."""

from __future__ import annotations

import re
from typing import NamedTuple

_ADDRESS = re.compile(r"(?:ipv[46]:)(\S+?:\d+)|(unix:[^\s:]+)")


class Explanation(NamedTuple):
    """What went wrong, and what to do about it."""

    message: str
    advice: str


_START = "Is the server running? Start both with: sitekeep serve all."
_UNANSWERED = Explanation("No server answers{at}", _START)
# By what the library says of a connection that came about but was of no use.
_CAUSES = {
    "Connection refused": _UNANSWERED,
    "WRONG_VERSION_NUMBER": Explanation(
        "The server{at} speaks no TLS",
        "Unset SITEKEEP_TLS_CA, or start the servers with SITEKEEP_TLS_CERTIFICATE and "
        "SITEKEEP_TLS_KEY.",
    ),
    "CERTIFICATE_VERIFY_FAILED": Explanation(
        "The certificate of the server{at} is not to be trusted: SITEKEEP_TLS_CA has not signed "
        "it, or it is out of date",
        "Let SITEKEEP_TLS_CA name the certificate of the authority that signed the server's.",
    ),
    "Hostname Verification": Explanation(
        "The certificate of the server{at} is for another name than the address",
        "Use an address that it names, or have it signed for this one too (subjectAltName).",
    ),
    "Socket closed": Explanation(
        "Something{at} ends the connection",
        "Is it a server that speaks TLS? Then set SITEKEEP_TLS_CA, and "
        "SITEKEEP_TLS_CLIENT_CERTIFICATE and SITEKEEP_TLS_CLIENT_KEY where it asks for a "
        "certificate that it trusts.",
    ),
}


def explained(details: str) -> Explanation:
    """What the details of an UNAVAILABLE that no server sent stand for."""
    address = _ADDRESS.search(details)
    at = f" at {address[1] or address[2]}" if address else ""
    found = next((one for cause, one in _CAUSES.items() if cause in details), _UNANSWERED)
    return Explanation(found.message.format(at=at), found.advice)
