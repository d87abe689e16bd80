"""What comes back: service desks, their customers and what those asked for."""

from __future__ import annotations

from collections.abc import Sequence

from sitekeep_restore.importers.jira.coverage.row import row
from sitekeep_shared.coverage import CoverageRow
from sitekeep_shared.kinds import Kind

ROWS: Sequence[CoverageRow] = (
    row(
        Kind.SERVICE_DESK,
        "with loss",
        "Comes with its project, with the same organizations; a destination without Jira Service "
        "Management has none. No request writes portal, groups of request types, service goals "
        "and their calendars, forms, mail channel and what customers are told of.",
        "groups",
    ),
    row(
        Kind.REQUEST_TYPE,
        "with loss",
        "Same name, texts, issue type and properties. REST makes it without groups, so that no "
        "portal shows it, open to everybody, with the usual icon and with the required fields "
        "only; where the project does not have its issue type any more, with another one.",
        "groups",
        "issueType",
        "icon",
        "fields",
        "restriction",
        "practice",
    ),
    row(
        Kind.ORGANIZATION,
        "with loss",
        "Found by name, else created, with its properties; the site sets itself when it was made.",
        "created",
    ),
    row(
        Kind.ORGANIZATION_MEMBER,
        "with loss",
        "Only people who have an account at the destination can be members; nobody is invited.",
    ),
    row(
        Kind.CUSTOMER,
        "with loss",
        "Only people who have an account at the destination can be customers; nobody is invited.",
    ),
    row(
        Kind.REQUEST,
        "with loss",
        "Same request type, participants and organizations, as far as these are at the "
        "destination and the desk still has them; those of a desk in the archive, which no list "
        "shows, are issues only. No request writes the times of service goals, approvals and "
        "ratings. What Jira Service Management itself mails to customers has no "
        "switch in REST.",
        "measured",
    ),
    row(
        Kind.QUEUE,
        "not",
        "No request writes queues; the backup has their names, queries and columns.",
    ),
    row(
        Kind.KNOWLEDGE_BASE_ARTICLE,
        "not",
        "No request links a desk to a knowledge base; the articles are pages of Confluence, and "
        "the backup has their titles and ids.",
    ),
)
