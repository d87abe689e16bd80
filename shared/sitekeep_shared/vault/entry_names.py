"""What a backup holds, in words that the users of the site know."""

from __future__ import annotations

from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.vault.page import PageReference


def name_of(entry: Entry) -> str:
    """An entry in words that the users of the site know, as far as its attributes have them."""
    attributes = entry.attributes
    issue = attributes.get("issue", "")
    identifier = attributes.get("key") or attributes.get("id") or _last_part(entry, issue)
    title = attributes.get("title") or attributes.get("filename") or attributes.get("name", "")
    name = f"{entry.kind.value.replace('_', ' ')} {identifier}"
    return name + (f" of {issue}" if issue else "") + (f" ({title})" if title else "")


def _last_part(entry: Entry, issue: str) -> str:
    key = entry.key.rpartition("/")[2] if issue else entry.key
    return key.lstrip("0 ") or key


def name_of_page(page: PageReference) -> str:
    """A page of entries in words: how many, of which kind, from which key to which."""
    kind = page.kind.value.replace("_", " ")
    return f"{page.entry_count} of kind {kind}, from {page.first_key} to {page.last_key}"
