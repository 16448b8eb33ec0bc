"""The frames that the load client sends, and just enough WebSocket to send them.

Frames are built from templates and masked with zeros, which RFC 6455 allows and no
server treats differently: so cheap a client leaves a small machine to the server.
"""

import base64
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
FINAL = 0x80
MASKED = 0x80
NO_MASK = b"\0\0\0\0"
SHORT, MEDIUM = 126, 127
MOST_SHORT, MOST_MEDIUM = 125, 0xFFFF


def frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """Return one whole message as a client sends it."""
    size = len(payload)
    first = FINAL | opcode
    if size <= MOST_SHORT:
        head = bytes((first, MASKED | size))
    elif size <= MOST_MEDIUM:
        head = struct.pack("!BBH", first, MASKED | SHORT, size)
    else:
        head = struct.pack("!BBQ", first, MASKED | MEDIUM, size)
    return head + NO_MASK + payload


def handshake(path: str, host: str, user: str, password: str, protocol: str) -> bytes:
    """Return an opening handshake with HTTP Basic authentication."""
    credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
    key = base64.b64encode(os.urandom(16)).decode()
    lines = (
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Protocol: {protocol}",
        f"Authorization: Basic {credentials}",
        "",
        "",
    )
    return "\r\n".join(lines).encode()


@dataclass(slots=True)
class Inbox:
    """Cuts what a server sends into messages."""

    _held: bytes = b""

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Take what has arrived; yield each whole message as opcode and payload."""
        held = self._held + data if self._held else data
        at = 0
        while (cut := _cut(held, at)) is not None:
            start, end = cut
            yield held[at] & 0x0F, held[start:end]
            at = end
        self._held = held[at:]


def _cut(held: bytes, at: int) -> tuple[int, int] | None:
    """Return where the payload that starts at a place begins and ends."""
    if len(held) - at < 2:
        return None
    size, start = held[at + 1] & 0x7F, at + 2
    if size == SHORT:
        if len(held) < at + 4:
            return None
        size, start = int.from_bytes(held[at + 2 : at + 4], "big"), at + 4
    elif size == MEDIUM:
        if len(held) < at + 10:
            return None
        size, start = int.from_bytes(held[at + 2 : at + 10], "big"), at + 10
    return None if len(held) < start + size else (start, start + size)


@dataclass(slots=True)
class Reports:
    """Makes the transaction events of one station, one after the other.

    Attributes:
        station: Whose.
        transaction: The name of the transaction that all of them belong to.
        made: How many were made.
    """

    station: str
    transaction: str
    made: int = 0
    _ids: str = field(default_factory=lambda: f"{os.urandom(10).hex()}-")

    def next(self, at: str) -> bytes:
        """Return the next report, with four sampled values.

        Args:
            at: The instant, as RFC 3339 writes it.
        """
        self.made += 1
        number = self.made
        return (
            f'[2,"{self._ids}{number:015d}","TransactionEvent",{{'
            f'"eventType":"Updated","timestamp":"{at}",'
            f'"triggerReason":"MeterValuePeriodic","seqNo":{number},'
            f'"transactionInfo":{{"transactionId":"{self.transaction}",'
            f'"chargingState":"Charging"}},"evse":{{"id":1,"connectorId":1}},'
            f'"meterValue":[{{"timestamp":"{at}","sampledValue":['
            f'{{"value":{20_000 + number}.5,"context":"Sample.Periodic",'
            '"measurand":"Energy.Active.Import.Register","location":"Outlet",'
            '"unitOfMeasure":{"unit":"Wh"}},'
            f'{{"value":{10_000 + number},"context":"Sample.Periodic",'
            '"measurand":"Energy.Active.Export.Register","location":"Outlet",'
            '"unitOfMeasure":{"unit":"Wh"}},'
            f'{{"value":{7_000 + number % 500}.25,"context":"Sample.Periodic",'
            '"measurand":"Power.Active.Import","location":"Outlet",'
            '"unitOfMeasure":{"unit":"W"}},'
            f'{{"value":{40 + number % 50},"context":"Sample.Periodic",'
            '"measurand":"SoC","location":"EV","unitOfMeasure":{"unit":"Percent"}}'
            "]}]}]"
        ).encode()
