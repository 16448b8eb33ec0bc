"""Who may be started from afar: the same judgement as when a token is shown (C01, F01).

Nobody passes it, whoever asks and in whose words: a refusal is told before anything is
sent, and there is no way around it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from csms.charging.reservations import reserved_from
from csms.domain.errors import Conflict
from csms.domain.ids import EvseId, StationId
from csms.domain.token import IdToken, Judgement, Verdict
from csms.services.live import LiveFleet
from csms.services.reservations import Reservations
from csms.services.reserving import TokenRefused
from csms.services.tokens import Tokens

_REMEDIES: Mapping[Verdict, str] = {
    Verdict.BLOCKED: "unblock it: csms id-tokens change",
    Verdict.EXPIRED: "give it a later end: csms id-tokens change",
    Verdict.INVALID: "name another token: this one starts nothing",
    Verdict.UNKNOWN: "make it known: csms id-tokens add",
    Verdict.NOT_ALLOWED_TYPE_EVSE: "choose an EVSE with a plug that it is allowed",
    Verdict.NOT_AT_THIS_LOCATION: "choose a place where it is allowed",
    Verdict.NOT_AT_THIS_TIME: "wait until it is valid: csms id-tokens show",
}


class ReservedForAnother(Conflict):
    """The EVSE is kept free for somebody else."""

    code = "evse-reserved"


@dataclass(frozen=True, slots=True)
class Fields:
    """What the fields are called by whoever asks."""

    token: str
    group: str
    evse: str


TYPED = Fields("id_token", "group", "evse")
RAW = Fields("idToken", "groupIdToken", "evseId")


@dataclass(frozen=True, slots=True)
class Starts:
    """Judges starts from afar.

    Attributes:
        tokens: Judges tokens.
        reservations: What is kept free, and for whom.
        live: Which EVSEs are taken.
    """

    tokens: Tokens
    reservations: Reservations
    live: LiveFleet

    def require(
        self,
        station: StationId,
        token: IdToken,
        evse: int | None,
        group: IdToken | None = None,
        fields: Fields = TYPED,
    ) -> None:
        """Let a start pass that a driver with this token could make there.

        Args:
            station: Where.
            token: For whom.
            evse: At which EVSE; none if the station may choose.
            group: The group that the station would be told.
            fields: What the fields are called by whoever asks.

        Raises:
            TokenRefused: If the token may not charge there, or is of another group.
            ReservedForAnother: If all that it could use is kept free for others.
        """
        told = self.tokens.judge(station, token, evse, starting=True)
        what = f"{token.type} {token.shown}"
        if not told.accepted:
            raise TokenRefused(
                f"{what} is {told.verdict} at {station}",
                field=fields.token,
                remedy=_REMEDIES.get(told.verdict),
            )
        if group is not None and not _is_of(group, told):
            raise TokenRefused(
                f"{what} is not of the group {group.shown}",
                field=fields.group,
                remedy="leave the group out: the token brings its own",
            )
        if evse is None and told.evses:
            raise TokenRefused(
                f"{what} may charge at some EVSEs of {station} only",
                field=fields.evse,
                remedy=f"name one of {', '.join(map(str, told.evses))}",
            )
        self._require_free(station, token, evse, told, fields)

    def _require_free(
        self,
        station: StationId,
        token: IdToken,
        evse: int | None,
        told: Judgement,
        fields: Fields,
    ) -> None:
        held = self.reservations.open_at(station)
        plugs = self.tokens.spot(station).evses
        free = {
            number: kinds
            for number, kinds in plugs.items()
            if number == evse
            or self.live.get(EvseId(station, number)).transaction is None
        }
        if against := reserved_from(held, token, told.group, evse, free):
            numbers = ", ".join(map(str, against))
            raise ReservedForAnother(
                f"{station} keeps it free for somebody else (reservation {numbers})",
                field=fields.evse,
                remedy="choose another EVSE, or cancel: csms reservations cancel",
            )


def _is_of(group: IdToken, told: Judgement) -> bool:
    return (
        told.group is not None and told.group.value.casefold() == group.value.casefold()
    )
