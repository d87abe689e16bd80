"""Failures of the site, the vault and the database, in the words of the caller of Sitekeep."""

from __future__ import annotations

import asyncio
import logging

from sqlalchemy.exc import DBAPIError, OperationalError

from sitekeep_shared import errors
from sitekeep_shared.atlassian import errors as site_errors
from sitekeep_shared.kinds import Kind
from sitekeep_shared.secrets import SecretsError
from sitekeep_shared.vault import errors as vault_errors
from sitekeep_shared.work.records import ClaimedUnit
from sitekeep_shared.work.tally import Tally

_log = logging.getLogger(__name__)

_RETRYABLE = (
    site_errors.SiteUnavailable,
    site_errors.SiteBodyMismatch,
    site_errors.AmbiguousWrite,
    vault_errors.StoreUnavailable,
    errors.Unavailable,
    OperationalError,
    asyncio.TimeoutError,
)


_VAULT_UNAVAILABLE = (
    vault_errors.StoreUnavailable,
    vault_errors.SessionClosed,
    vault_errors.StagedDataLost,
    vault_errors.ClockSkewed,
)


def is_retryable(error: Exception) -> bool:
    """Whether another attempt may help."""
    return isinstance(error, _RETRYABLE)


def ends_operation(error: Exception) -> bool:
    """Whether an operation cannot go on without what failed, as opposed to missing one unit."""
    fatal = (site_errors.SiteUnauthorized, vault_errors.VaultError, errors.SitekeepError)
    return isinstance(error, (*fatal, DBAPIError, SecretsError))


def translate(error: Exception) -> errors.SitekeepError:
    """The error that the operation ends with; a defect is logged and named as such."""
    if isinstance(error, errors.SitekeepError):
        return error
    if isinstance(error, site_errors.SiteError):
        return _of_site(error)
    if isinstance(error, vault_errors.VaultError):
        return _of_vault(error)
    if isinstance(error, SecretsError):
        return errors.PreconditionFailed("UPSTREAM_CREDENTIALS_REFUSED", str(error))
    _log.error("an operation failed", exc_info=error)
    return errors.InternalError(
        "INTERNAL_ERROR", "Something went wrong in the server. Its log has the details."
    )


def content_kind(product_type: str) -> Kind:
    """What a product is there for: the kind of a finding that is about no kind alone."""
    return Kind.ISSUE if product_type == "JIRA" else Kind.PAGE


def given_up(unit: ClaimedUnit, error: Exception, product_type: str) -> Tally:
    """The tally of a unit that is given up: what it was about is missing, by the unit's name.

    How many entities that are is not known, so the finding counts none.
    """
    tally = Tally()
    tally.missing(
        content_kind(product_type),
        unit.plan.key,
        "UNIT_GIVEN_UP",
        f"Everything that step {unit.plan.key} was about: {translate(error).message}",
        count=0,
    )
    return tally


def _of_site(error: site_errors.SiteError) -> errors.SitekeepError:
    metadata = {"request": error.request, "status": str(error.status or "")}
    if isinstance(error, site_errors.SiteUnauthorized):
        return errors.PreconditionFailed(
            "UPSTREAM_CREDENTIALS_REFUSED",
            f"{error.message} Set the product's `credentials` to a valid API token.",
            metadata,
        )
    if isinstance(error, (site_errors.SiteUnavailable, site_errors.AmbiguousWrite)):
        return errors.Unavailable("UPSTREAM_UNAVAILABLE", error.message, metadata)
    return errors.PreconditionFailed("UPSTREAM_REFUSED", error.message, metadata)


def _of_vault(error: vault_errors.VaultError) -> errors.SitekeepError:
    if isinstance(error, _VAULT_UNAVAILABLE):
        return errors.Unavailable("VAULT_UNAVAILABLE", str(error))
    if isinstance(error, (vault_errors.LeaseLost, vault_errors.CommitConflict)):
        return errors.Conflict("LOCK_LOST", str(error))
    if isinstance(error, vault_errors.WrongKey):
        return errors.PreconditionFailed("VAULT_UNAVAILABLE", str(error))
    return errors.Damaged("ARCHIVE_CORRUPT", str(error))
