"""Say what went wrong with a store, in words. No library is imported: errors are told by name.

What libraries say may hold addresses with signatures, or what the environment has; neither is said.
"""

import errno
import os
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar

from convtool.errors import ConvtoolError, ReadError
from convtool.places.names import masked, scheme_of, shown

T = TypeVar("T")

PAUSES = (0.2, 0.5, 1.0, 2.0)  # seconds between tries of what a library does not try again itself
AGAIN = frozenset({429, 500, 502, 503, 504})  # answers after which trying again may help
SECRETS = ("SECRET", "TOKEN", "KEY", "PASSWORD", "CONNECTION", "SAS")  # in names of variables
LEAST = 8  # characters of a secret; shorter ones would be found in any text


class CutError(OSError):
    """A store has sent less than it should have."""


class Reason(NamedTuple):
    """What went wrong, and what to do about it."""

    text: str
    hint: str | None = None


_CREDENTIALS = {
    "s3": "AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; FSSPEC_S3_ANON=true for "
    "public buckets",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS, or `gcloud auth application-default login`",
    "az": "AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT_NAME with a key",
}
_DENIED = Reason("access is denied", "check the credentials in the environment and their rights")
_CUT = Reason("the connection was cut, each time it was tried", "run again with --skip-existing")
_NETWORK = Reason("the store cannot be reached", "check the network, and the address of the store")
_SLOW = Reason("the store was too busy, each time it was tried", "fewer --jobs ask for less")
_NO_CREDENTIALS = frozenset(
    {
        "NoCredentialsError",
        "PartialCredentialsError",
        "CredentialRetrievalError",
        "ProfileNotFound",
        "TokenRetrievalError",
        "UnauthorizedSSOTokenError",
        "SSOTokenLoadError",
        "DefaultCredentialsError",
        "RefreshError",
        "ClientAuthenticationError",
    }
)
_BY_CLASS = {
    "FileExpired": Reason("was replaced while it was read"),
    "PermissionError": _DENIED,
    "CutError": _CUT,
    "ClientPayloadError": _CUT,
    "IncompleteRead": _CUT,
    "IncompleteReadError": _CUT,
    "ResponseStreamingError": _CUT,
    "ServerDisconnectedError": _CUT,
    "ConnectionClosedError": _CUT,
    "ConnectionResetError": _CUT,
    "ReadTimeoutError": Reason("the store did not answer in time"),
    "ConnectTimeoutError": _NETWORK,
    "EndpointConnectionError": _NETWORK,
    "ClientConnectorError": _NETWORK,
    "ConnectionRefusedError": _NETWORK,
    "gaierror": _NETWORK,
    "TimeoutError": Reason("the store did not answer in time"),
    "HTTPClientError": _CUT,
    "ParamValidationError": Reason("is not a name that the store allows"),
    "FileNotFoundError": Reason("no such file"),
}
_BY_CODE = {
    "InvalidAccessKeyId": Reason("the store does not know the access key", _DENIED.hint),
    "SignatureDoesNotMatch": Reason("the secret key does not fit the access key", _DENIED.hint),
    "ExpiredToken": Reason("the credentials have expired", "renew them"),
    "RequestTimeTooSkewed": Reason("the clock of this machine is wrong", "set it"),
    "NoSuchBucket": Reason("no such bucket"),
    "InvalidBucketName": Reason("is not a name that the store allows"),
    "KeyTooLongError": Reason("the name is too long for the store"),
    "SlowDown": _SLOW,
    "401": _DENIED,
    "403": _DENIED,
    "404": Reason("no such file"),
    "410": Reason("no such file"),
    "429": _SLOW,
    "503": _SLOW,
}
_PASSING = frozenset(  # errors of a body that is being read: libraries do not begin it again
    {
        "CutError",
        "ClientPayloadError",
        "IncompleteRead",
        "IncompleteReadError",
        "ResponseStreamingError",
        "ServerDisconnectedError",
        "ConnectionResetError",
        "FSTimeoutError",
    }
)


@contextmanager
def told(name: str, error: type[ConvtoolError] = ReadError) -> Iterator[None]:
    """Raise what a library of a store raises in the block as an error of ours.

    Args:
        name: the remote file or folder.
        error: the class of the error.

    Raises:
        ConvtoolError: something went wrong in the block.
    """
    try:
        yield
    except ConvtoolError:
        raise
    except Exception as exc:
        reason = reason_of(exc, name)
        message = f"{shown(name)}: {reason.text}"
        raise error(message, hint=reason.hint, named=True) from exc


def reason_of(exc: BaseException, name: str) -> Reason:
    """Return what an error of a library means.

    Args:
        exc: the error.
        name: the remote file or folder.
    """
    chain = list(_chain(exc))
    if any(not _NO_CREDENTIALS.isdisjoint(_classes(each)) for each in chain):
        scheme = {"abfs": "az"}.get(str(scheme_of(name)), str(scheme_of(name)))
        return Reason("no credentials were found", _CREDENTIALS.get(scheme))
    for code in filter(None, map(code_of, chain)):
        if code in _BY_CODE:
            return _BY_CODE[code]
        if code.isdigit() and int(code) >= 500:
            return Reason(f"the store failed (status {code}), each time it was tried")
    if getattr(exc, "errno", None) == errno.EBUSY:
        return _SLOW
    for each in reversed(chain):  # the first cause says most
        for class_ in _classes(each):
            if class_ in _BY_CLASS:
                return _BY_CLASS[class_]
    said = (str(exc).strip() or type(exc).__name__).splitlines()[0]
    return Reason(f"the store refuses it: {_without_secrets(said)}")


def persistently(call: Callable[[], T]) -> T:
    """Call what may fail for a moment, again and again with growing pauses, and return its result.

    It is for what libraries do not try again: bodies that are cut, and answers of web servers. What
    S3, Google and Azure answer is tried again by their own libraries.
    """
    for pause in PAUSES:
        try:
            return call()
        except Exception as exc:
            if not _is_passing(exc):
                raise
            time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311  # no secret
    return call()


def _is_passing(exc: BaseException) -> bool:
    for each in _chain(exc):
        if not _PASSING.isdisjoint(_classes(each)):
            return True
        if "ClientResponseError" in _classes(each):  # of aiohttp, for web servers
            return getattr(each, "status", 0) in AGAIN
    return False


def _chain(exc: BaseException) -> Iterator[BaseException]:
    """Yield an error, and those that it comes from."""
    seen: set[int] = set()
    each: BaseException | None = exc
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__ or each.__context__


def _classes(exc: BaseException) -> list[str]:
    return [each.__name__ for each in type(exc).__mro__]


def code_of(exc: BaseException) -> str | None:
    """Return the code or the status that a store has answered."""
    response: Any = getattr(exc, "response", None)
    if isinstance(response, Mapping):  # of botocore
        return str(response.get("Error", {}).get("Code", "")) or None
    status = getattr(exc, "status", None) or getattr(exc, "code", None)
    status = status or getattr(exc, "status_code", None)
    return str(status) if isinstance(status, int | str) else None


def _without_secrets(text: str) -> str:
    text = masked(text)
    for name, value in os.environ.items():
        if len(value) >= LEAST and any(word in name.upper() for word in SECRETS):
            text = text.replace(value, "***")
    return text
