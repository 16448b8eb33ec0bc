"""Block J: what meters have signed, taken from sampled values word for word."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from csms.domain.ids import EvseId, TransactionId
from csms.ocpp.messages.metering import Measurand, MeterValue
from csms.services.ports.tariffs import SignedValue

_REGISTER = Measurand.ENERGY_ACTIVE_IMPORT_REGISTER.value
_OUTLET, _PERIODIC = "Outlet", "Sample.Periodic"
"""What is meant where nothing is said (SampledValueType)."""


class Keeper(Protocol):
    """Whoever keeps signed values."""

    async def keep(self, values: Sequence[SignedValue]) -> None:
        """Keep them."""
        ...


def signed_from(
    values: Iterable[MeterValue], evse: EvseId, transaction: TransactionId | None
) -> Sequence[SignedValue]:
    """Return the signed values among sampled ones; most messages have none."""
    return [
        SignedValue(
            evse,
            value.timestamp,
            _PERIODIC if sample.context is None else sample.context.value,
            _REGISTER if sample.measurand is None else sample.measurand.value,
            _OUTLET if sample.location is None else sample.location.value,
            "" if sample.phase is None else sample.phase.value,
            transaction,
            signed.signed_meter_data,
            signed.signing_method,
            signed.encoding_method,
            signed.public_key,
        )
        for value in values
        for sample in value.sampled_value
        if (signed := sample.signed_meter_value) is not None
    ]
