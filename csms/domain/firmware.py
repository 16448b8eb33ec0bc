"""Firmware images, and how far an update has come on its station (L01, L02)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from types import MappingProxyType

from csms.domain.ids import StationId
from csms.domain.station import Make


class UpdateState(StrEnum):
    """How far an update has come, by what we did and by what its station said."""

    WANTED = "wanted"
    """It is kept, and its station was not asked yet."""
    SENT = "sent"
    """Its station was asked; what it made of that is not known."""
    ACCEPTED = "accepted"
    REFUSED = "refused"
    INVALID_CERTIFICATE = "invalid_certificate"
    REVOKED_CERTIFICATE = "revoked_certificate"
    DOWNLOAD_SCHEDULED = "download_scheduled"
    DOWNLOADING = "downloading"
    DOWNLOAD_PAUSED = "download_paused"
    DOWNLOADED = "downloaded"
    DOWNLOAD_FAILED = "download_failed"
    SIGNATURE_VERIFIED = "signature_verified"
    INVALID_SIGNATURE = "invalid_signature"
    INSTALL_SCHEDULED = "install_scheduled"
    INSTALL_VERIFICATION_FAILED = "install_verification_failed"
    INSTALLING = "installing"
    INSTALL_REBOOTING = "install_rebooting"
    INSTALLATION_FAILED = "installation_failed"
    INSTALLED = "installed"
    CANCELED = "canceled"
    """We withdrew it, or a newer one took its place (L01.FR.24)."""
    TIMED_OUT = "timed_out"
    """Its station fell silent about it."""


class Fit(StrEnum):
    """How what a station says of an update fits what it said before."""

    FITS = "fits"
    REPEATED = "repeated"
    """It is as it was: another try, or an answer to a trigger (L01.FR.26)."""
    OUT_OF_ORDER = "out_of_order"
    AFTER_END = "after_end"


S = UpdateState
ENDS = frozenset(
    {
        S.REFUSED,
        S.INVALID_CERTIFICATE,
        S.REVOKED_CERTIFICATE,
        S.DOWNLOAD_FAILED,
        S.INVALID_SIGNATURE,
        S.INSTALL_VERIFICATION_FAILED,
        S.INSTALLATION_FAILED,
        S.INSTALLED,
        S.CANCELED,
        S.TIMED_OUT,
    }
)
"""States in which nothing more is expected."""

FAILED = ENDS - {S.INSTALLED, S.CANCELED}
"""Ends without the new firmware."""

ALARMING = frozenset(
    {S.INVALID_CERTIFICATE, S.REVOKED_CERTIFICATE, S.INVALID_SIGNATURE}
)
"""Ends that mean that somebody may tamper (L01.FR.02, L01.FR.03)."""

_INSTALLS = frozenset({S.INSTALLED, S.INSTALLATION_FAILED, S.INSTALL_REBOOTING})
_CHECKS = frozenset({S.INSTALL_VERIFICATION_FAILED})
_READY = frozenset({S.INSTALLING, S.INSTALL_SCHEDULED}) | _INSTALLS | _CHECKS
_LOADED = frozenset({S.SIGNATURE_VERIFIED, S.INVALID_SIGNATURE}) | _READY
_LOADS = frozenset({S.DOWNLOADING, S.DOWNLOAD_PAUSED, S.DOWNLOADED, S.DOWNLOAD_FAILED})
_BEGINS = _LOADS | {S.DOWNLOAD_SCHEDULED}
_ANYTHING = _BEGINS | _LOADED
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Row:
    """What may come after a state.

    Attributes:
        follows: What a station may say next without departing from the standard.
        silence: How long it may say nothing more; none for an end.
        since: From when that counts, beside the last report: a date of the request.
    """

    follows: frozenset[UpdateState]
    silence: timedelta | None = None
    since: str = ""


LIFE: Mapping[UpdateState, Row] = MappingProxyType(
    {
        S.WANTED: Row(_ANYTHING),
        S.SENT: Row(_ANYTHING, timedelta(minutes=10)),
        S.ACCEPTED: Row(_BEGINS, _HOUR, "retrieve_at"),
        S.DOWNLOAD_SCHEDULED: Row(_LOADS, _DAY, "retrieve_at"),
        S.DOWNLOADING: Row(_LOADS, 2 * _HOUR),
        S.DOWNLOAD_PAUSED: Row(_LOADS, _DAY),
        S.DOWNLOADED: Row(_LOADED, _DAY, "install_at"),
        S.SIGNATURE_VERIFIED: Row(_READY, _DAY, "install_at"),
        S.INSTALL_SCHEDULED: Row(
            frozenset({S.INSTALLING}) | _INSTALLS | _CHECKS, _DAY, "install_at"
        ),
        S.INSTALLING: Row(_INSTALLS | _CHECKS, _HOUR),
        # Before installing as well as before activating (L01.FR.15, L01.FR.32).
        S.INSTALL_REBOOTING: Row(
            frozenset({S.INSTALLING}) | _INSTALLS | _CHECKS, _HOUR
        ),
        # Some say it after each try, and go on by themselves.
        S.DOWNLOAD_FAILED: Row(frozenset({S.DOWNLOADING, S.DOWNLOADED})),
        S.TIMED_OUT: Row(_ANYTHING),
        # It may yet say how the update ended that it gave up (L01.FR.24).
        S.CANCELED: Row(frozenset({S.DOWNLOAD_FAILED, S.INSTALLATION_FAILED})),
        S.REFUSED: Row(frozenset()),
        S.INVALID_CERTIFICATE: Row(frozenset()),
        S.REVOKED_CERTIFICATE: Row(frozenset()),
        S.INVALID_SIGNATURE: Row(frozenset()),
        S.INSTALL_VERIFICATION_FAILED: Row(frozenset()),
        S.INSTALLATION_FAILED: Row(frozenset()),
        S.INSTALLED: Row(frozenset()),
    }
)
"""The life of an update; what it does not allow is kept as a departure."""

_ORDER: Mapping[UpdateState, int] = {state: rank for rank, state in enumerate(S)}

SECURED_FIRST = frozenset({S.INSTALLING, S.INSTALL_REBOOTING, S.INSTALLED})
"""What a secured update must not come to before its signature holds (L01.FR.04)."""


@dataclass(frozen=True, slots=True)
class FirmwareImage:
    """A firmware that stations of one make may be given.

    Attributes:
        id: Its name here.
        vendor: Whose stations it is for; upper and lower case are alike.
        model: Which models; ``*`` and ``?`` stand for what varies.
        version: What a station calls itself that runs it.
        location: Where stations fetch it; none if this system serves the file.
        filename: The name of the file that this system serves, if it does.
        size: Bytes of that file.
        md5: Checksum, hexadecimal: what local controllers go by (L03.FR.02).
        sha256: Checksum, hexadecimal.
        signing_certificate: In PEM; with it an update is a secured one (L01.FR.11).
        signature: Of the whole file, base64.
        valid_until: When the signing certificate ends.
        note: For people.
        retired_at: Since when it is not given to anybody any more.
    """

    id: str
    vendor: str
    model: str
    version: str
    location: str | None
    created_at: datetime
    created_by: str
    filename: str | None = None
    size: int | None = None
    md5: str | None = None
    sha256: str | None = None
    signing_certificate: str | None = None
    signature: str | None = None
    valid_until: datetime | None = None
    note: str = ""
    retired_at: datetime | None = None

    @property
    def is_signed(self) -> bool:
        """Tell whether an update with it is a secured one (L01)."""
        return self.signing_certificate is not None and self.signature is not None

    def fits(self, make: Make | None) -> bool:
        """Tell whether it is meant for a make."""
        return (
            make is not None
            and make.vendor.casefold() == self.vendor.casefold()
            and fnmatchcase(make.model.casefold(), self.model.casefold())
        )


@dataclass(frozen=True, slots=True)
class FirmwareUpdate:
    """One update of one station, as it is kept.

    Attributes:
        station: Which.
        request_id: By which both sides name it; 0 before it is kept.
        image: The image.
        version: What the station will call itself.
        secured: Whether certificate and signature go with it (L01), or not (L02).
        retrieve_at: When the station is to fetch it.
        install_at: Not to be installed before this; none for as soon as possible.
        retries: How often the station shall try again to fetch it.
        retry_interval_s: Seconds between such tries.
        location: Where the station fetches it, if not where the image says.
        campaign: The campaign that wants it, if one does.
        asked_by: Who wants it.
        state: How far it has come.
        detail: Why it is so, for people.
        sent_at: When the station was asked.
        due_at: When we look at it again.
        probed_at: When the station was asked what became of it, since its last word.
        confirmed_at: When a station that runs the version was seen to start.
        fetched_at: When our file was fetched by the link made for it.
    """

    station: StationId
    request_id: int
    image: str
    version: str
    secured: bool
    retrieve_at: datetime
    created_at: datetime
    asked_by: str
    install_at: datetime | None = None
    retries: int | None = None
    retry_interval_s: int | None = None
    location: str | None = None
    campaign: str | None = None
    state: UpdateState = UpdateState.WANTED
    detail: str = ""
    sent_at: datetime | None = None
    updated_at: datetime | None = None
    due_at: datetime | None = None
    probed_at: datetime | None = None
    confirmed_at: datetime | None = None
    fetched_at: datetime | None = None
    passed: frozenset[UpdateState] = field(default_factory=frozenset)

    @property
    def is_open(self) -> bool:
        """Tell whether more is expected of it."""
        return self.state not in ENDS


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was said or done about an update, as it came.

    Attributes:
        at: When.
        said: The state's word.
        fit: How it fits what came before.
        info: The station's reason, or ours; may be empty.
    """

    at: datetime
    said: str
    fit: Fit = Fit.FITS
    info: str = ""


def progressed(
    update: FirmwareUpdate, said: UpdateState, at: datetime, info: str = ""
) -> tuple[FirmwareUpdate, Fit]:
    """Return the update after its station has spoken, and how that fits.

    A step back is kept in the history and changes nothing: it was overtaken. An end
    stays an end, except where a station shows that it was none.
    """
    row = LIFE[update.state]
    fit = _fit(update, said)
    if update.state is S.CANCELED or fit is Fit.AFTER_END:
        return replace(update, updated_at=at), fit
    if said not in row.follows and said != update.state and _is_back(update, said):
        return replace(update, updated_at=at), fit
    return moved(update, said, at, info), fit


def moved(
    update: FirmwareUpdate, state: UpdateState, at: datetime, detail: str = ""
) -> FirmwareUpdate:
    """Return the update in another state, and when it is to be looked at again."""
    after = replace(
        update,
        state=state,
        detail=detail,
        updated_at=at,
        probed_at=None,
        passed=update.passed | {state},
    )
    return replace(after, due_at=due(after, at))


def due(update: FirmwareUpdate, now: datetime) -> datetime | None:
    """Return when silence about an update counts; none for an end."""
    row = LIFE[update.state]
    if row.silence is None:
        return now if update.state is S.WANTED else None
    planned = getattr(update, row.since) if row.since else None
    return max(now, planned or now) + row.silence


def _fit(update: FirmwareUpdate, said: UpdateState) -> Fit:
    row = LIFE[update.state]
    if said in row.follows:
        early = update.secured and said in SECURED_FIRST
        if early and S.SIGNATURE_VERIFIED not in update.passed:
            return Fit.OUT_OF_ORDER
        return Fit.REPEATED if said is update.state else Fit.FITS
    if said is update.state:
        return Fit.REPEATED
    return Fit.AFTER_END if update.state in ENDS else Fit.OUT_OF_ORDER


def _is_back(update: FirmwareUpdate, said: UpdateState) -> bool:
    return said not in ENDS and _ORDER[said] < _ORDER[update.state]
