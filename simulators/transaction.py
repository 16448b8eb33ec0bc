"""One vehicle's stay at an EVSE, as the station reports it (E01 to E09, E12)."""

from dataclasses import dataclass, field
from typing import Any

from simulators.instants import iso

Payload = dict[str, Any]


@dataclass(slots=True)
class Transaction:
    """A running transaction.

    Attributes:
        id: What the station calls it, unique for ever.
        started: Unix seconds at which it started.
        token: The idToken it was authorized with.
        modern: Whether to write OCPP 2.1 fields.
        state: chargingState.
        mode: operationMode (2.1).
        seq_no: Number of the next report.
        remote_start_id: If the CSMS asked for it.
    """

    id: str
    started: float
    token: Payload
    modern: bool
    state: str = "EVConnected"
    mode: str = "ChargingOnly"
    seq_no: int = 0
    remote_start_id: int | None = None
    _named: bool = field(default=False)

    def report(
        self,
        kind: str,
        trigger: str,
        at: float,
        **facts: Any,  # noqa: ANN401
    ) -> Payload:
        """Return the next TransactionEvent and count it.

        Args:
            kind: eventType.
            trigger: triggerReason.
            at: When it happened, in Unix seconds of the station's clock.
            facts: ``samples`` (sampled values), ``offline`` and ``reason``
                (stoppedReason).
        """
        info: Payload = {"transactionId": self.id, "chargingState": self.state}
        if self.modern:
            info["operationMode"] = self.mode
        if reason := facts.get("reason"):
            info["stoppedReason"] = reason
        if self.remote_start_id is not None and not self._named:
            info["remoteStartId"] = self.remote_start_id
        payload: Payload = {
            "eventType": kind,
            "timestamp": iso(at),
            "triggerReason": trigger,
            "seqNo": self.seq_no,
            "transactionInfo": info,
        }
        if facts.get("offline"):
            payload["offline"] = True
        if not self._named:
            payload["evse"] = {"id": 1, "connectorId": 1}
            payload["idToken"] = self.token
            self._named = True
        if samples := facts.get("samples"):
            payload["meterValue"] = [{"timestamp": iso(at), "sampledValue": samples}]
        self.seq_no += 1
        return payload
