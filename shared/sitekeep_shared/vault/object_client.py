"""The clients that speak to a bucket, set up from the location and the environment."""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from obstore.exceptions import BaseError
from obstore.store import AzureStore, GCSStore, S3Store
from obstore.store import ObjectStore as Client

from sitekeep_shared.vault.errors import StoreUnavailable
from sitekeep_shared.vault.limits import Limits
from sitekeep_shared.vault.location import BucketLocation, Cloud
from sitekeep_shared.vault.object_trouble import judge

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

_ENDPOINTS = (
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT",
    "AZURE_STORAGE_ENDPOINT",
    "AZURE_ENDPOINT",
    "GOOGLE_BASE_URL",
)
# Whoever repeats a request has to know whether it may have been carried out: the store decides.
_ONCE: RetryConfig = {"max_retries": 0}


def clients(location: BucketLocation, limits: Limits) -> tuple[Client, Client]:
    """One client that reads and one that writes; credentials come from the environment.

    Only the one that reads gives up when nothing comes for a while: an upload may take
    long before there is anything to read.

    Raises:
        StoreUnavailable: the environment holds what cannot be used.
    """
    common: ClientConfig = {
        "timeout": datetime.timedelta(seconds=limits.transfer_seconds),
        "allow_http": uses_plain_http(os.environ),
    }
    idle = datetime.timedelta(seconds=limits.idle_seconds)
    reading: ClientConfig = {**common, "read_timeout": idle}
    try:
        return _client(location, reading), _client(location, common)
    except (BaseError, ValueError) as error:
        reason = judge(error, location).reason
        raise StoreUnavailable(f"The vault in {location} cannot be used: {reason}.") from None


def uses_plain_http(environment: Mapping[str, str]) -> bool:
    """Whether an endpoint was set that speaks HTTP without TLS."""
    return any(environment.get(name, "").startswith("http://") for name in _ENDPOINTS)


def _client(location: BucketLocation, options: ClientConfig) -> Client:
    bucket, prefix = location.bucket, location.prefix or None
    match location.cloud:
        case Cloud.S3:
            return S3Store(
                bucket,
                prefix=prefix,
                client_options=options,
                retry_config=_ONCE,
                checksum_algorithm="SHA256",
                # One by one, so that each refusal comes with its reason.
                disable_bulk_delete=True,
            )
        case Cloud.GCS:
            return GCSStore(bucket, prefix=prefix, client_options=options, retry_config=_ONCE)
        case Cloud.AZURE:
            return AzureStore(bucket, prefix=prefix, client_options=options, retry_config=_ONCE)
