"""What an answer of a remote store means: what to say of it, and whether to ask again."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sitekeep_shared.vault.location import BucketLocation, Cloud

UNTIL_TIME_IS_UP = 1_000_000

_STATUS = re.compile(r"(?:status code|\(code): ?(\d{3})")
_CODE = re.compile(r"<Code>([^<]{1,80})</Code>")
_MESSAGE = re.compile(r"<Message>([^<\n]{1,200})")
_ADDRESS = re.compile(r"https?://\S+")
_TRANSIENT = frozenset({408, 409, 425, 429, 500, 502, 503, 504})

_NO_BUCKET = re.compile(r"NoSuchBucket|ContainerNotFound|bucket does not exist", re.IGNORECASE)
_NO_CREDENTIALS = re.compile(
    r"169\.254\.169\.254|169\.254\.170\.2|metadata\.google|MissingAccount|MissingAccessKey"
    r"|performing token request|Error getting token|account name|Account must be specified",
    re.IGNORECASE,
)
_WRONG_CREDENTIALS = re.compile(
    r"InvalidAccessKeyId|SignatureDoesNotMatch|InvalidToken|ExpiredToken|TokenRefreshRequired"
    r"|AuthenticationFailed|InvalidAuthenticationInfo|invalid_grant|Unauthenticated",
)
_WRONG_CLOCK = re.compile(r"RequestTimeTooSkewed")
_WRONG_REGION = re.compile(
    r"PermanentRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraint"
    r"|redirect without LOCATION|region.{0,40}is wrong"
)
_NO_RANGES = re.compile(r"non-partial response")
_KEPT = re.compile(r"Immutab|retention|LegalHold|ObjectLock|WORM|ActiveHold", re.IGNORECASE)

_CREDENTIALS = {
    Cloud.S3: "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    Cloud.GCS: "GOOGLE_APPLICATION_CREDENTIALS",
    Cloud.AZURE: "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
}
_PERMISSIONS = {
    Cloud.S3: "s3:ListBucket, s3:GetObject, s3:PutObject and s3:DeleteObject",
    Cloud.GCS: "the role Storage Object User",
    Cloud.AZURE: "the role Storage Blob Data Contributor",
}


@dataclass(frozen=True)
class Trouble:
    """What is wrong."""

    reason: str
    """The end of a sentence, without credentials and without addresses of requests."""
    attempts: int = 1
    """How often to try at most, this time included."""
    is_refusal: bool = False
    """The store is well, but does not allow it."""


def names_no_bucket(error: Exception) -> bool:
    """Whether an answer says that the bucket, not the object, is missing."""
    return bool(_NO_BUCKET.search(str(error)))


def status_of(error: Exception) -> int | None:
    """The HTTP status of an answer, None where there was none."""
    found = _STATUS.search(str(error))
    return int(found[1]) if found else None


def judge(error: Exception, place: BucketLocation) -> Trouble:
    """What to make of an error of a request."""
    if isinstance(error, TimeoutError):
        return Trouble("it does not answer", UNTIL_TIME_IS_UP)
    # What follows repeats the error with the innards of the library.
    text = str(error).partition("\nDebug source")[0]
    return _set_up_wrongly(text, place) or _refused(text, place) or _failed(text)


def _set_up_wrongly(text: str, place: BucketLocation) -> Trouble | None:
    word = place.cloud.bucket_word
    if _NO_BUCKET.search(text):
        return Trouble(f"there is no {word} {place.bucket}; make it, or correct SITEKEEP_VAULT")
    if _NO_CREDENTIALS.search(text):
        return Trouble(f"no credentials were found; set {_CREDENTIALS[place.cloud]}", attempts=3)
    if _WRONG_CREDENTIALS.search(text) or _status(text) == 401:
        known = f"the credentials are refused ({_code(text)}); check {_CREDENTIALS[place.cloud]}"
        return Trouble(known)
    if _WRONG_CLOCK.search(text):
        return Trouble("the clock of this machine differs too much from the store's; set it")
    if _WRONG_REGION.search(text) or _status(text) in (301, 307):
        return Trouble(f"the {word} {place.bucket} is in another region; set AWS_REGION to it")
    return None


def _refused(text: str, place: BucketLocation) -> Trouble | None:
    if _KEPT.search(text):
        return Trouble(f"it is kept by a retention ({_code(text)})", is_refusal=True)
    if _status(text) == 403 or "necessary privileges" in text:
        needed = _PERMISSIONS[place.cloud]
        said = f"the permission is missing ({_code(text)}); needed: {needed}"
        return Trouble(said, is_refusal=True)
    return None


def _failed(text: str) -> Trouble:
    status = _status(text)
    if _NO_RANGES.search(text):
        return Trouble("it does not serve parts of objects; it cannot keep a vault")
    if status is None:
        return Trouble(f"it cannot be reached ({_last_words(text)})", UNTIL_TIME_IS_UP)
    message = _MESSAGE.search(text)
    said = f"it answers {status} {_code(text)}" + (f": {message[1].strip()}" if message else "")
    return Trouble(said.rstrip(". "), UNTIL_TIME_IS_UP if status in _TRANSIENT else 1)


def _status(text: str) -> int | None:
    found = _STATUS.search(text)
    return int(found[1]) if found else None


def _code(text: str) -> str:
    found = _CODE.search(text)
    return found[1] if found else str(_status(text) or "no reason given")


def _last_words(text: str) -> str:
    return _ADDRESS.sub("…", " ".join(text.split())).rpartition(" - ")[2][:160].rstrip(". ")
