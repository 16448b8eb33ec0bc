"""Everything an operator may set, its default and its reason.

Each field is read from the environment as CSMS_ and its name in capitals. Durations
and sizes carry their unit in the name.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from csms.transport_settings import (
    PREFIX,
    TURN_ON_TLS,
    Port,
    Seconds,
    TransportSettings,
    https_or_http,
)

_UNITS = {
    "_per_s": "1/s",
    "_ms": "ms",
    "_s": "s",
    "_mb": "MB",
    "_bytes": "bytes",
    "_watts": "W",
    "_days": "days",
    "_port": "port",
    "_pct": "%",
}


def _data_home() -> Path:
    base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(base).expanduser() / "csms"


Milliseconds = Annotated[int, Field(ge=0)]


class BadSetting(Exception):
    """A setting does not make sense."""


@dataclass(frozen=True, slots=True)
class Described:
    """What an operator reads about one setting.

    Attributes:
        name: Its name.
        env: The environment variable that sets it.
        default: What it is if nobody sets it.
        unit: Its unit, or an empty text.
        sentence: What it does, and why.
    """

    name: str
    env: str
    default: str
    unit: str
    sentence: str


class Settings(TransportSettings):
    """The settings of one node, read once and never changed."""

    # Where things are kept.
    database_url: SecretStr | None = Field(
        None,
        description="PostgreSQL 14 or newer; without it an embedded one is run.",
    )
    data_dir: Path = Field(
        default_factory=_data_home,
        description="Folder of the embedded database.",
    )

    # Where stations and people connect.
    ocpp_host: str = Field(
        "127.0.0.1", description="Address on which charging stations are accepted."
    )
    ocpp_port: Port = Field(9000, description="Port for charging stations.")
    http_host: str = Field(
        "127.0.0.1", description="Address of the API, the console and the notices."
    )
    http_port: Port = Field(8080, description="Port of the API and the console.")
    public_url: Annotated[str, AfterValidator(https_or_http)] | None = Field(
        None,
        description="What links in notices begin with; by default the HTTP address.",
    )
    allow_plain_ws_on_public_bind: bool = Field(
        default=False,
        description="Accept station passwords unencrypted on an address that is not "
        "loopback: only behind a proxy that adds TLS, or in a closed network.",
    )

    # Business time.
    clock_anchor: AwareDatetime | None = Field(
        None, description="Real instant at which the business clock showed its epoch."
    )
    clock_epoch: AwareDatetime | None = Field(
        None, description="What the business clock showed at the anchor."
    )
    clock_rate: float = Field(
        1.0, gt=0, le=3600, description="Business seconds per real second."
    )
    allow_accelerated: bool = Field(
        default=False,
        description="Let business time differ from real time: simulations only, since "
        "real stations must never meet a fast clock.",
    )

    # What is trusted.
    accept_simulated_evidence: bool = Field(
        default=False,
        description="Let vendor profiles that were proven on simulated stations only "
        "discharge: demonstrations only.",
    )
    discharge_by_others: bool = Field(
        default=False,
        description="Let operators send what leaves the power of a discharge to "
        "frequency, signals, load balancing, external systems or grid controls; "
        "permission, notice and consent are needed all the same.",
    )
    admin_token: SecretStr | None = Field(
        None,
        min_length=16,
        description="An API token with every right, to create the first accounts "
        "with, at least 16 characters.",
    )

    # Mail.
    smtp_host: str | None = Field(
        None, description="Mail server for notices; without it none go by e-mail."
    )
    smtp_port: Port = Field(587, description="Port of the mail server.")
    smtp_user: str | None = Field(None, description="User at the mail server.")
    smtp_password: SecretStr | None = Field(
        None, description="Password at the mail server."
    )
    smtp_from: str = Field(
        "csms@localhost", description="Sender that participants see and answer to."
    )
    smtp_starttls: bool = Field(
        default=True, description="Encrypt the way to the mail server."
    )
    smtp_timeout_s: Seconds = Field(
        20, description="How long a mail server may take to accept a notice."
    )
    mail_catcher: bool = Field(
        default=False,
        description="Keep mail in a built-in catcher that the console shows, and send "
        "none: demonstrations and trials.",
    )

    # The conversation with stations.
    heartbeat_s: Seconds = Field(
        300, description="How often a station should show that it is alive."
    )
    pending_retry_s: Seconds = Field(
        10,
        description="How long a station waits that is not provisioned yet, until it "
        "boots again; it is asked to as soon as it is.",
    )
    rejected_retry_s: Seconds = Field(
        600, description="How long a rejected station waits until it boots again."
    )
    ping_interval_s: Seconds = Field(
        30, description="How often a connection is checked by a WebSocket ping."
    )
    ping_timeout_s: Seconds = Field(
        30, description="How late a pong may be before the connection is dropped."
    )
    call_timeout_s: Seconds = Field(
        30, description="How long a station may take to answer."
    )
    max_frame_bytes: int = Field(
        1_048_576, ge=4096, description="The longest message that is read."
    )
    max_new_connections_per_s: int = Field(
        200,
        gt=0,
        description="How many stations may connect per second; others are told 503.",
    )
    max_queued_calls: int = Field(
        100, gt=0, description="How many calls may wait for one station."
    )

    # Recording.
    ingest_window_ms: Milliseconds = Field(
        5, le=1000, description="How long reports are gathered for one commit."
    )
    ingest_max_batch: int = Field(
        200,
        gt=0,
        description="How many reports one commit may hold: while one is written, the "
        "next is read.",
    )
    message_log_days: int = Field(
        14, gt=0, description="How long raw OCPP messages are kept."
    )
    message_log_max_mb: int = Field(
        1024, gt=0, description="How much raw OCPP messages may take, the oldest go."
    )

    # Diagnostics.
    log_upload_max_mb: int = Field(
        100, gt=0, le=10_000, description="How large a log may be that a station sends."
    )
    log_upload_days: int = Field(
        30, gt=0, description="How long logs that stations sent are kept."
    )
    log_upload_valid_s: Seconds = Field(
        86400, description="How long the credentials for one upload work."
    )
    log_silence_s: Seconds = Field(
        3600, description="How long a station may be silent about an upload."
    )
    allow_plain_uploads: bool = Field(
        default=False,
        description="Let stations send logs to an http address that is not loopback, "
        "readable by anybody on the way with its credentials: closed networks only.",
    )
    customer_information_days: int = Field(
        30, gt=0, description="How long is kept what stations know of customers."
    )
    station_events_days: int = Field(
        90, gt=0, description="How long events that stations notify are kept."
    )
    security_events_days: int = Field(
        730, gt=0, description="How long security events of stations are kept."
    )
    traces_days: int = Field(
        365,
        gt=0,
        description="How long is kept what is over: data transfers, steps of firmware "
        "updates, log requests, messages that left a display, alerts and incidents "
        "that are resolved, notices of stations, refused handshakes. The audit trail "
        "and what accounts rest on are kept for good.",
    )
    max_stream_values: int = Field(
        10_000, gt=0, description="How many values are kept of each event stream."
    )

    # Metering.
    sampling_idle_s: Seconds = Field(
        300, description="How often a station measures outside events."
    )
    sampling_event_s: Seconds = Field(
        60, description="How often a station measures during events."
    )
    aligned_interval_s: Seconds = Field(
        900, description="The clock-aligned interval that settlement rests on."
    )
    stale_soc_s: Seconds = Field(
        300, description="How old a state of charge may be and still be discharged on."
    )
    metering_grace_s: Seconds = Field(
        900, description="How long after an event late readings are waited for."
    )

    # Demand response.
    trip_watts: int = Field(
        500,
        gt=0,
        description="Import at a discharging EVSE that counts as the wrong direction.",
    )
    trip_s: Seconds = Field(
        10, description="How long the wrong direction may last before the trip."
    )
    notice_minimum_s: int = Field(
        0,
        ge=0,
        description="Least time between notice and event, beyond what the program "
        "demands.",
    )
    link_valid_s: Seconds = Field(
        7 * 86400, description="How long the link of a notice works after it is sent."
    )

    # Who may charge.
    unknown_tokens: Literal["accept", "refuse"] = Field(
        "accept",
        description="Whether a token that nobody has registered may charge. It may by "
        "default, as a home charger has no list of tokens, and it never allows "
        "discharge; refuse it where strangers come by.",
    )
    master_pass_group: str | None = Field(
        None,
        max_length=36,
        description="The group of tokens that may stop any transaction and start none; "
        "it is written to stations that know one (AuthCtrlr.MasterPassGroupId).",
    )
    token_cache_s: Seconds | None = Field(
        None,
        description="How long a station may take an accepted token for good without "
        "asking; without it the station decides.",
    )

    group_tariffs: dict[str, str] = Field(
        {},
        description="The tariff of each group of tokens, as JSON: group to tariffId. A "
        "2.1 station that reckons costs is told it with the permission to charge.",
    )

    # Firmware.
    firmware_max_mb: int = Field(
        512, gt=0, description="The largest firmware file that is kept and served."
    )
    firmware_link_valid_s: Seconds = Field(
        7 * 86400,
        description="How long a station may fetch a firmware by the link it was given.",
    )

    # Logs.
    log_format: Literal["auto", "json", "console"] = Field(
        "auto", description="JSON lines, or a pleasant text; auto asks the terminal."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least important events that are logged."
    )

    @field_validator("log_level", "log_format", mode="before")
    @classmethod
    def _in_lower_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("clock_anchor", "clock_epoch", mode="after")
    @classmethod
    def _in_utc(cls, value: datetime | None) -> datetime | None:
        return value.astimezone(UTC) if value else None

    @field_validator("data_dir", mode="after")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @model_validator(mode="after")
    def _makes_sense_together(self) -> Self:
        if self.is_accelerated and not self.allow_accelerated:
            raise ValueError(
                "CSMS_CLOCK_RATE, CSMS_CLOCK_ANCHOR and CSMS_CLOCK_EPOCH change what "
                "time it is. Leave them out, or set CSMS_ALLOW_ACCELERATED=true if no "
                "real station can connect."
            )
        if (self.clock_anchor is None) != (self.clock_epoch is None):
            raise ValueError(
                "Set both CSMS_CLOCK_ANCHOR and CSMS_CLOCK_EPOCH, or none."
            )
        if self.is_accelerated and self.clock_anchor is None:
            raise ValueError(
                "CSMS_CLOCK_RATE needs CSMS_CLOCK_ANCHOR and CSMS_CLOCK_EPOCH."
            )
        if self.ocpp_port == self.http_port != 0:
            raise ValueError(
                f"CSMS_OCPP_PORT and CSMS_HTTP_PORT are both {self.http_port}. Give "
                "stations and people a port each."
            )
        self.check_transport()
        if self.is_public_bind and not self.allow_plain_ws_on_public_bind:
            raise ValueError(
                f"CSMS_OCPP_HOST={self.ocpp_host} would take station passwords "
                f"unencrypted from the network. {TURN_ON_TLS} Or bind to 127.0.0.1 "
                "behind a proxy that adds TLS, or, in a closed network, set "
                "CSMS_ALLOW_PLAIN_WS_ON_PUBLIC_BIND=true."
            )
        return self

    @property
    def is_accelerated(self) -> bool:
        """Return whether business time differs from real time."""
        return self.clock_rate != 1.0 or self.clock_anchor != self.clock_epoch

    @property
    def is_public_bind(self) -> bool:
        """Return whether stations can connect unencrypted from other machines."""
        if not self.ocpp_plain or self.ocpp_host == "localhost":
            return False
        try:
            return not ip_address(self.ocpp_host).is_loopback
        except ValueError:
            return True

    @property
    def link_base(self) -> str:
        """Return what a link to this node begins with, without a slash at its end."""
        host = "127.0.0.1" if self.http_host in {"0.0.0.0", "::"} else self.http_host  # noqa: S104 (compared, not bound)
        scheme = "http" if self.http_tls_cert is None else "https"
        return self.public_url or f"{scheme}://{host}:{self.http_port}"


def load(**given: Any) -> Settings:  # noqa: ANN401 (pydantic checks them)
    """Return the settings of the environment, the given ones before them.

    Raises:
        BadSetting: With a line for each setting that is wrong, and its remedy.
    """
    try:
        return Settings(**given)
    except ValidationError as error:
        lines = [
            f"{_blamed(problem['loc'])}{problem['msg'].removeprefix('Value error, ')}"
            for problem in error.errors(include_input=False, include_url=False)
        ]
        raise BadSetting("\n".join(lines)) from None


def describe() -> Iterator[Described]:
    """Yield what an operator may set, in the order of this module."""
    for name, field in Settings.model_fields.items():
        unit = next((u for end, u in _UNITS.items() if name.endswith(end)), "")
        shown = "" if field.default is None else str(field.default).lower()
        if field.default_factory is not None:
            shown = "~/.local/share/csms"
        yield Described(
            name, f"{PREFIX}{name.upper()}", shown, unit, field.description or ""
        )


def _blamed(place: tuple[int | str, ...]) -> str:
    if not place:
        return ""
    name = str(place[0])
    sentence = Settings.model_fields[name].description or ""
    return f"{PREFIX}{name.upper()} ({sentence.rstrip('.')}): "
