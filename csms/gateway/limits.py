"""How much the gateway takes, how long it waits, and what it has counted."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the gateway; all durations are real seconds, never accelerated.

    Attributes:
        ping_interval: Between two pings to a station.
        ping_deadline: Until the pong must be there; then the socket is closed.
        patience: Until a station must have answered a call of ours.
        open_deadline: Until a handshake must be through.
        close_deadline: Until a closing handshake must be through.
        grace: That answers under way are given when the gateway stops.
        frame_bytes: Largest message taken; larger ones close the socket (1009).
        unsent_bytes: Most that may wait to be read by a station; a slower one is
            closed (1008).
        answers: Most calls of one station that are worked on at once; beyond, its
            socket is not read.
        queue: Most calls of ours that wait for one station; the least urgent
            beyond it are refused.
        connections_per_second: New connections taken; beyond it, 503.
        connection_burst: New connections taken at once after a quiet spell.
        flaps: Reconnections within ``flap_window`` that raise the alarm.
        flap_window: Over which reconnections are counted.
        compression: Whether permessage-deflate is agreed to when offered.
    """

    ping_interval: float = 30.0
    ping_deadline: float = 20.0
    patience: float = 30.0
    open_deadline: float = 10.0
    close_deadline: float = 5.0
    grace: float = 10.0
    frame_bytes: int = 1 << 20
    unsent_bytes: int = 1 << 20
    answers: int = 16
    queue: int = 64
    connections_per_second: float = 500.0
    connection_burst: int = 1000
    flaps: int = 10
    flap_window: float = 60.0
    compression: bool = True


@dataclass(slots=True)
class Tally:
    """What the gateway has counted since it started; for metrics.

    Attributes:
        frames_in: Messages heard.
        frames_out: Messages said.
        accepted: Handshakes that succeeded.
        rejected: Handshakes that were refused.
        superseded: Sockets that a newer one of the same station replaced.
        flap_alarms: Alarms raised about stations that keep reconnecting.
        malformed: Messages that were no frame, or an answer to nothing.
        duplicates: Calls that a station repeated.
        failures: Calls answered by ``InternalError``.
        unanswered: Calls of ours that a station did not answer in time.
        late: Answers that came after we had given up.
        forced: Sockets closed because the station heard us no more.
    """

    frames_in: int = 0
    frames_out: int = 0
    accepted: int = 0
    rejected: int = 0
    superseded: int = 0
    flap_alarms: int = 0
    malformed: int = 0
    duplicates: int = 0
    failures: int = 0
    unanswered: int = 0
    late: int = 0
    forced: int = 0
