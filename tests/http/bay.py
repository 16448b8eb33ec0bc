"""One EVSE on a real node: what its station says, what it is sent, what is kept."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import httpx

from csms.charging.capability import Capability, V2x, to_document
from csms.domain.event import Stage as EventStage
from csms.domain.ids import EventId, EvseId, ParticipantId, TransactionId
from csms.domain.profile import OperationMode, RateUnit
from csms.domain.station import EDITION_21
from csms.ocpp.wire import Edition
from csms.services.ports.access import Role
from csms.services.ports.events import MemberOrder
from tests.conformance.official import schema, validator
from tests.fakes.link import FakeLink
from tests.http.nodes import HOME_1, WINDOW, Stage

TX = TransactionId("tx-1")
ABLE = Capability(
    edition=EDITION_21,
    read=True,
    smart_charging=True,
    units=frozenset({RateUnit.WATTS, RateUnit.AMPERES}),
    periods_per_schedule=24,
    max_stack_level=8,
    max_profiles=20,
    dynamic_profiles=True,
    max_offline_duration=True,
    limit_at_soc=True,
    evse_sleep=True,
    additional_purposes=frozenset({"PriorityCharging", "LocalGeneration"}),
    balances=frozenset({1}),
    local_time=True,
    random_delay=True,
    der_controls=(
        (1, frozenset({"LimitMaxDischarge", "VoltVar", "FreqDroop", "Gradients",
                       "FixedVar", "EnterService", "HVMustTrip", "FreqWatt"})),
    ),
    v2x=(
        V2x(
            1,
            enabled=True,
            modes=frozenset(OperationMode),
            transfer_modes=frozenset({"DC", "DC_BPT"}),
        ),
    ),
)  # fmt: skip


@dataclass(slots=True)
class Bay:
    """An EVSE, its station's link, and the API as an operator uses it.

    Attributes:
        edition: What the station speaks.
    """

    stage: Stage
    link: FakeLink
    edition: Edition
    evse: EvseId = HOME_1

    @property
    def path(self) -> str:
        return f"/api/v1/stations/{self.evse.station}"

    async def say(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Say something as the station; question and answer must fit the schemas."""
        validator(schema(self.edition, f"{action}Request")).validate(payload)
        answer = await self.stage.inside.router.answer(
            self.evse.station, self.edition, action, payload
        )
        validator(schema(self.edition, f"{action}Response")).validate(answer)
        await self.stage.inside.smart.idle()
        return answer

    def sent(self, action: str) -> list[dict[str, Any]]:
        """Return every request of this action that went out, each as its schema."""
        found = [payload for name, payload, _ in self.link.asked if name == action]
        for payload in found:
            validator(schema(self.edition, f"{action}Request")).validate(payload)
        return found

    async def ask(
        self, method: str, path: str, body: object = None, **query: object
    ) -> httpx.Response:
        """Ask the API as an operator."""
        params = {name: str(value) for name, value in query.items()}
        async with self.stage.client(Role.OPERATOR) as api:
            return await api.request(
                method, f"{self.path}{path}", json=body, params=params
            )

    async def done(
        self, method: str, path: str, body: object = None, **query: object
    ) -> Any:  # noqa: ANN401 JSON
        """Ask the API, and return what it answers; it must go well."""
        answer = await self.ask(method, path, body, **query)
        assert answer.status_code == httpx.codes.OK, answer.text
        return answer.json()

    async def refused(
        self, method: str, path: str, body: object = None, **query: object
    ) -> Mapping[str, Any]:
        """Ask the API, and return its problem; nothing was sent to the station."""
        before = len(self.link.asked)
        answer = await self.ask(method, path, body, **query)
        assert answer.status_code >= httpx.codes.BAD_REQUEST, answer.text
        assert len(self.link.asked) == before
        said: dict[str, Any] = answer.json()
        return said

    async def trail(self) -> list[str]:
        """Return what the audit trail says was done at the station."""
        async with self.stage.node.begin() as work:
            entries = await work.access.trail(
                before=None, limit=50, subject=self.evse.station
            )
        return [each.action for each in entries]

    def plug_in(self, transaction: TransactionId | None = TX) -> None:
        self.stage.node.live.update(self.evse, transaction=transaction)

    def can(self, base: Capability = ABLE, **change: object) -> None:
        """Let the device model say something else."""
        book, edition = self.stage.node.book, self.edition.value
        known = book.station(self.evse.station)
        assert known is not None
        assert known.make is not None
        able = replace(base, edition=edition, **change)  # type: ignore[arg-type]
        book.put_station(
            replace(
                known,
                capabilities=to_document(able),
                edition=edition,
                provisioned_for=known.make.fingerprint(edition),
            )
        )

    def agree(self, monkeypatch: Any) -> None:  # noqa: ANN401 pytest's own
        """Let an event be on that the participant was told of and agreed to."""
        order = MemberOrder(
            event=EventId("event"),
            stage=EventStage.ACTIVE,
            window=WINDOW,
            evse=self.evse,
            participant=ParticipantId("home-01"),
            setpoint=None,
            floor_soc_pct=30,
            excluded=(),
            opted_out_at=None,
            released_at=None,
            release_reason=None,
            notified=True,
        )

        async def dispatchable(_self: object, _now: object) -> list[MemberOrder]:
            return [order]

        where = "csms.db.events.PostgresEventStore.dispatchable"
        monkeypatch.setattr(where, dispatchable)


_TAKEN = (
    "SetChargingProfile",
    "ClearChargingProfile",
    "UpdateDynamicSchedule",
    "UsePriorityCharging",
    "NotifyAllowedEnergyTransfer",
    "AFRRSignal",
    "SetDERControl",
    "ClearDERControl",
)


def bay_on(stage: Stage, edition: Edition = Edition.V21) -> Bay:
    """Return an EVSE with a running transaction, whose station takes everything."""
    accepted = {"status": "Accepted"}
    link = FakeLink(
        dict.fromkeys(_TAKEN, accepted),
        station=HOME_1.station,
        edition=edition,
    )
    stage.links[HOME_1.station] = link
    bay = Bay(stage, link, edition)
    bay.can()
    bay.plug_in()
    return bay
