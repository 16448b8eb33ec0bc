"""Where a station may be told to upload to, and with which credentials."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit, urlunsplit

from csms.domain.errors import Broken, NotAllowed

SCHEMES = ("https", "http", "ftps", "ftp", "sftp")
LOCATION_LIMIT_201, LOCATION_LIMIT_21 = 512, 2000


class PlainUpload(NotAllowed):
    """Logs and their credentials would cross the network unencrypted."""

    code = "plain-upload"


class BadLocation(Broken):
    """The station cannot upload to this address."""

    code = "bad-location"


@dataclass(frozen=True, slots=True)
class UploadPolicy:
    """What an operator decided on uploads.

    Attributes:
        base: What the address of our endpoint begins with; without a slash at its end.
        allow_plain: Whether http is allowed beyond this machine.
        most_bytes: How large a file may be.
        valid: How long one-time credentials work.
        silence: How long a station may say nothing of an upload.
        kept: How long files are kept.
    """

    base: str
    allow_plain: bool = False
    most_bytes: int = 100_000_000
    valid: timedelta = timedelta(days=1)
    silence: timedelta = timedelta(hours=1)
    kept: timedelta = timedelta(days=30)

    def check(self) -> None:
        """Make sure that a station may be given our address.

        Basic credentials and logs are readable by anybody on the way unless TLS hides
        them, so plain http is for this machine alone, or where somebody decided so.

        Raises:
            PlainUpload: If it would be plain http on a network.
        """
        parts = urlsplit(self.base)
        if (
            parts.scheme == "https"
            or self.allow_plain
            or _is_loopback(parts.hostname or "")
        ):
            return
        raise PlainUpload(
            f"{self.base} is plain http, so anybody on the way could read the log and "
            "the credentials for it",
            remedy="set CSMS_PUBLIC_URL to an https address, or "
            "CSMS_ALLOW_PLAIN_UPLOADS=true in a closed network",
        )

    def place(self, job: int, secret: str) -> str:
        """Return our address for one upload, with its credentials.

        It ends in a slash, so that the station adds the file's name (2.1 N01.FR.21),
        has neither query nor fragment (2.1 N01.FR.27, N01.FR.28), and its password is
        not that of the OCPP connection (N01.FR.17).
        """
        parts = urlsplit(self.base)
        return urlunsplit(
            (
                parts.scheme,
                f"{user_of(job)}:{secret}@{parts.netloc}",
                f"{parts.path.rstrip('/')}/uploads/{job}/",
                "",
                "",
            )
        )


def user_of(job: int) -> str:
    """Return the user name of the credentials of a job."""
    return f"log-{job}"


def new_secret() -> str:
    """Return a password that nobody can guess, of characters that a URL may hold."""
    return secrets.token_urlsafe(24)


def hash_of(secret: str) -> bytes:
    """Return what is kept of a secret."""
    return hashlib.sha256(secret.encode()).digest()


def checked(location: str, *, speaks_21: bool) -> str:
    """Return an address of somebody else that a station may upload to.

    Raises:
        BadLocation: If it is none, or has a fragment or a query that ends in a slash.
    """
    limit = LOCATION_LIMIT_21 if speaks_21 else LOCATION_LIMIT_201
    try:
        parts = urlsplit(location)
        host = parts.hostname
    except ValueError:
        host, parts = None, SplitResult("", "", "", "", "")
    problem = None
    if parts.scheme not in SCHEMES or not host or not location.isprintable():
        problem = f"it is no address that begins with {', '.join(SCHEMES)}"
    elif "#" in location:
        problem = "it has a fragment, which no upload can use (2.1 N01.FR.27)"
    elif parts.query.endswith("/"):
        problem = "its query ends in a slash (2.1 N01.FR.28)"
    elif len(location) > limit:
        problem = f"it has more than {limit} characters"
    if problem:
        raise BadLocation(problem, field="location", remedy="leave it out for ours")
    return location


def without_secrets(location: str) -> str:
    """Return an address as it may be kept: without user, password and query."""
    parts = urlsplit(location)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
