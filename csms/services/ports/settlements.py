"""Closed accounts, kept so that the same inputs give the same bytes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from csms.domain.ids import ProgramId


@dataclass(frozen=True, slots=True)
class KeptSettlement:
    """One season's settlement as it was computed.

    Attributes:
        program: The program.
        version: The version of its rules that was applied.
        season: The season, such as ``2026-summer``.
        made_at: When it was first computed from these inputs.
        input_hash: SHA-256 of everything it was computed from, in hexadecimal.
        document: The settlement as canonical JSON.
    """

    program: ProgramId
    version: str
    season: str
    made_at: datetime
    input_hash: str
    document: str


class SettlementStore(Protocol):
    """The settlements of one unit of work."""

    async def keep(self, settlement: KeptSettlement) -> bool:
        """Keep it; tell whether these inputs are new."""
        ...

    async def newest(self, program: ProgramId, season: str) -> KeptSettlement | None:
        """Return the season's newest settlement, if there is one."""
        ...

    async def of_inputs(
        self, program: ProgramId, season: str, input_hash: str
    ) -> KeptSettlement | None:
        """Return what was computed from these very inputs, if it was."""
        ...
