"""Where a site is: from endpoint templates and links to the addresses that are asked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlencode

from yarl import URL

Query = Sequence[tuple[str, str]]
"""Query parameters in order; a name may occur more than once."""

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_VERSION = re.compile(r"v?\d(\.\d)?")
_DOT_SEGMENT = re.compile(r"(?:^|/)(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE)
_MEDIA_PORTS = {"http": 80, "https": 443}


_GATEWAY = URL("https://api.atlassian.com")
_BEHIND = re.compile(r"/ex/jira/([^/]+)/?$")
_CLOUD_SITES = ".atlassian.net"
_CLOUD_ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


class ForeignAddress(ValueError):
    """A link leads to a host (or, behind a gateway, to a site) that is not the configured one."""


class SiteAddress:
    """The configured base of a site and, behind a gateway, the site's own address.

    ``base_url`` is the site (``https://x.atlassian.net``), the gateway
    (``https://api.atlassian.com/ex/jira/{cloudId}``) or a local address. Links in answers may
    name ``site_url`` instead; they are rewritten onto the base.
    """

    def __init__(self, base_url: str, site_url: str | None = None) -> None:
        self.base = _parse_base(base_url)
        self._homes = [self.base] + ([_parse_base(site_url)] if site_url else [])

    @property
    def cloud_id(self) -> str:
        """The id of the site where the base is a gateway that says so; empty: it is none."""
        match = _BEHIND.search(self.base.raw_path)
        return match[1] if match else ""

    def behind_gateway(self, cloud_id: str) -> SiteAddress:
        """Where Atlassian's gateway has that site: what no site answers itself is there.

        The account's token goes to no host that nobody configured: only for a site below
        ``atlassian.net`` over HTTPS, which is Atlassian's as its gateway is, that is
        ``api.atlassian.com``; every other site is taken for its own gateway. Source: Atlassian,
        "Assets REST API" (``/ex/jira/{cloudId}/jsm/assets/workspace/{workspaceId}/v1``).

        Raises ValueError where it is no id.
        """
        if not _CLOUD_ID.fullmatch(cloud_id):
            raise ValueError(f"not the id of a site: {cloud_id!r}")
        is_cloud = (self.base.host or "").lower().endswith(_CLOUD_SITES)
        is_cloud = is_cloud and self.base.scheme == "https" and self.base.explicit_port is None
        origin = _GATEWAY if is_cloud else self.base.origin()
        return SiteAddress(str(origin.with_path(f"/ex/jira/{cloud_id}")))

    def url(self, template: str, path: Mapping[str, str], query: Query = ()) -> URL:
        """The address of an endpoint with the path's values and the query percent-encoded.

        Raises KeyError where a placeholder has no value, ValueError where a value is empty,
        a dot segment or has no placeholder.
        """
        unknown = path.keys() - set(_PLACEHOLDER.findall(template))
        if unknown:
            raise ValueError(f"{template} has no placeholder {sorted(unknown)}")
        filled = _PLACEHOLDER.sub(lambda match: _segment(match[1], path[match[1]]), template)
        return self._on_base(filled, urlencode(list(query), quote_via=quote))

    def own(self, url: str) -> URL:
        """A link of the site's, absolute or relative to its root, on the configured base.

        Raises ForeignAddress where it leads elsewhere: credentials go nowhere else.
        """
        link = URL(url, encoded=True)
        if _DOT_SEGMENT.search(link.raw_path):
            raise ForeignAddress(f"the link leads out of its path: {link.raw_path}")
        if not link.absolute:
            return self._on_base(_without_prefix(link.raw_path, self.base), link.raw_query_string)
        for home in self._homes:
            if _host(home) == _host(link) and _is_below(link.raw_path, home):
                return self._on_base(_without_prefix(link.raw_path, home), link.raw_query_string)
        raise ForeignAddress(f"the link leads to another host: {link.host}")

    def is_own(self, url: str) -> bool:
        """Whether the link leads to the site itself."""
        try:
            self.own(url)
        except ForeignAddress:
            return False
        return True

    def template_of(self, url: URL) -> str:
        """The likely endpoint template of an address on the base: segments with digits are values.

        It is only a name for limits and counts.
        """
        path = _without_prefix(url.raw_path, self.base)
        return "/".join("{}" if _is_value(part) else part for part in path.split("/"))

    def _on_base(self, path: str, query: str) -> URL:
        separator = "" if path.startswith("/") else "/"
        text = str(self.base).rstrip("/") + separator + path
        return URL(f"{text}?{query}" if query else text, encoded=True)


def _parse_base(text: str) -> URL:
    url = URL(text.rstrip("/"))
    if url.scheme not in _MEDIA_PORTS or not url.host:
        raise ValueError(f"not the address of a site: {text!r}")
    if url.user or url.password or url.query_string or url.fragment:
        raise ValueError("the address of a site carries no account, query or fragment")
    return url


def _segment(name: str, value: str) -> str:
    if value in ("", ".", ".."):
        raise ValueError(f"not a value for {name}: {value!r}")
    return quote(value, safe="")


def _is_value(segment: str) -> bool:
    has_digit = any(letter.isdigit() for letter in segment)
    return has_digit and not _VERSION.fullmatch(segment)


def _host(url: URL) -> tuple[str, int | None]:
    # The scheme is left out: an http link of the site's is rewritten onto an https base.
    port = url.port
    default = _MEDIA_PORTS.get(url.scheme)
    return (url.host or "").lower(), None if port == default else port


def _is_below(path: str, home: URL) -> bool:
    prefix = home.raw_path.rstrip("/")
    return path == prefix or path.startswith(prefix + "/")


def _without_prefix(path: str, home: URL) -> str:
    prefix = home.raw_path.rstrip("/")
    return path[len(prefix) :] if prefix and _is_below(path, home) else path
