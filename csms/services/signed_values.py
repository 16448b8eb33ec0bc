"""Keep what meters have signed, word for word, before it is acknowledged."""

from collections.abc import Sequence
from dataclasses import dataclass

from csms.services.ports.tariffs import SignedValue
from csms.services.ports.work import Begin


@dataclass(frozen=True, slots=True)
class SignedValues:
    """Keeps signed meter values.

    Attributes:
        begin: Begins a unit of work.
    """

    begin: Begin

    async def keep(self, values: Sequence[SignedValue]) -> None:
        """Keep them; what was kept before stays (J02.FR.21)."""
        async with self.begin() as work:
            await work.signed_values.add(values)
