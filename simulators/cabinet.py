"""What a station keeps besides transactions: lists, certificates, jobs and more."""

from dataclasses import dataclass, field
from typing import Any

Payload = dict[str, Any]


@dataclass(slots=True)
class Cabinet:
    """The books of one station; they survive a restart.

    Attributes:
        list_version: Version of the local list; 0 is none (D01).
        tokens: The local list, by token in lower case.
        reservations: Reservations, by their id (H01).
        certificates: Installed certificates, by use and serial number (M05).
        roots: Installed certificates themselves, PEM, by the same.
        new_key: The key that a certificate was asked for with, PEM; empty without one.
        worn: Its own certificate with its chain and its key, PEM; empty without one.
        networks: Network profiles, by configuration slot (B09).
        monitors: Monitors, by their id (N04).
        streams: Periodic event streams, by their id (2.1).
        tariffs: Tariffs, by EVSE (I07).
        controls: DER controls, by their id (R02).
        screen: Messages on the display, by their id (O01).
        log_job: The request id of the log upload under way (N01).
        firmware_job: The request id of the firmware update under way (L01).
        firmware: What is installed instead of what the make came with.
    """

    list_version: int = 0
    tokens: dict[str, Payload] = field(default_factory=dict)
    reservations: dict[int, Payload] = field(default_factory=dict)
    certificates: dict[tuple[str, str], Payload] = field(default_factory=dict)
    roots: dict[tuple[str, str], str] = field(default_factory=dict)
    new_key: str = ""
    worn: str = ""
    networks: dict[int, Payload] = field(default_factory=dict)
    monitors: dict[int, Payload] = field(default_factory=dict)
    streams: dict[int, Payload] = field(default_factory=dict)
    tariffs: dict[int, Payload] = field(default_factory=dict)
    controls: dict[str, Payload] = field(default_factory=dict)
    screen: dict[int, Payload] = field(default_factory=dict)
    log_job: int | None = None
    firmware_job: int | None = None
    firmware: str | None = None
