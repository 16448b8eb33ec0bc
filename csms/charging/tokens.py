"""Whether a token may charge, and where."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from csms.domain.ids import SiteId, StationId
from csms.domain.token import (
    KEY_CODE,
    NO_AUTHORIZATION,
    IdToken,
    Judgement,
    Place,
    TokenRecord,
    Verdict,
)

ANYBODY = Judgement(Verdict.ACCEPTED)


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a token is shown.

    Attributes:
        station: At which station.
        site: Where that stands; none if it is unknown.
        evses: The connector types of each of its EVSEs; none where it does not say.
        evse: At which EVSE, if that is said.
    """

    station: StationId
    site: SiteId | None
    evses: Mapping[int, frozenset[str]]
    evse: int | None = None


@dataclass(frozen=True, slots=True)
class TokenPolicy:
    """What an operator decided about tokens in general.

    Attributes:
        accept_unknown: Whether a token that nobody knows may charge. It never allows
            discharge: that hangs on enrollment, notice and consent.
        master_group: The group that may stop every transaction and start none (C16).
    """

    accept_unknown: bool = True
    master_group: str | None = None

    def is_master(self, group: IdToken | None) -> bool:
        """Tell whether a group is the one that may stop every transaction."""
        return (
            self.master_group is not None
            and group is not None
            and group.value.casefold() == self.master_group.casefold()
        )


def judge(
    token: IdToken,
    record: TokenRecord | None,
    spot: Spot,
    now: datetime,
    policy: TokenPolicy,
) -> Judgement:
    """Return what a station is told of a token (C01, C02, C04, C09).

    Nobody is identified by nothing. An empty list of EVSEs means all of them; where
    only some are allowed they are named, and where none is there is another verdict
    (C01.FR.19, C01.FR.20, C01.FR.22).
    """
    if token.type == NO_AUTHORIZATION:
        return ANYBODY
    if not token.value:
        return Judgement(Verdict.INVALID)
    if record is None:
        return _of_stranger(token, policy)
    told = Judgement(
        standing(record, now),
        record.group,
        until=record.valid_until,
        priority=record.priority,
        languages=record.languages,
        message=record.message,
    )
    return _placed(told, record, spot) if told.accepted else replace(told, until=None)


def may_start(
    judgement: Judgement, policy: TokenPolicy, *, starting: bool
) -> Judgement:
    """Return the judgement on a token by which a transaction is begun or goes on.

    A master pass stops transactions; it never starts one (C12.FR.09, C16.FR.03).
    """
    if starting and judgement.accepted and policy.is_master(judgement.group):
        return replace(judgement, verdict=Verdict.INVALID, until=None, evses=())
    return judgement


def _of_stranger(token: IdToken, policy: TokenPolicy) -> Judgement:
    """A key code that nobody knows is wrong, whatever else is let pass (C04.FR.01)."""
    if token.type == KEY_CODE:
        return Judgement(Verdict.INVALID)
    return ANYBODY if policy.accept_unknown else Judgement(Verdict.UNKNOWN)


def standing(record: TokenRecord, now: datetime) -> Verdict:
    """Return what a token is allowed, wherever it is shown."""
    if record.blocked:
        return Verdict.BLOCKED
    if record.valid_until is not None and now >= record.valid_until:
        return Verdict.EXPIRED
    if record.valid_from is not None and now < record.valid_from:
        return Verdict.NOT_AT_THIS_TIME
    return Verdict.ACCEPTED


def _placed(told: Judgement, record: TokenRecord, spot: Spot) -> Judgement:
    here = {evse for evse in spot.evses if _at(record.places, spot, evse)}
    if not here and (spot.evses or not _at(record.places, spot, None)):
        return _refused(told, Verdict.NOT_AT_THIS_LOCATION)
    fit = {evse for evse in here if _fits(record, spot.evses[evse])}
    if here and not fit:
        return _refused(told, Verdict.NOT_ALLOWED_TYPE_EVSE)
    if spot.evse in spot.evses and spot.evse not in fit:
        wrong_plug = spot.evse in here
        return _refused(
            told,
            Verdict.NOT_ALLOWED_TYPE_EVSE
            if wrong_plug
            else Verdict.NOT_AT_THIS_LOCATION,
        )
    return told if fit == set(spot.evses) else replace(told, evses=tuple(sorted(fit)))


def _at(places: tuple[Place, ...], spot: Spot, evse: int | None) -> bool:
    """Tell whether a token may charge at an EVSE; at any if it is none."""
    return not places or any(
        (place.station == spot.station or (place.site and place.site == spot.site))
        and (evse is None or not place.evses or evse in place.evses)
        for place in places
    )


def _fits(record: TokenRecord, plugs: frozenset[str]) -> bool:
    """A plug that the station does not name is not taken for an allowed one."""
    return not record.connector_types or bool(record.connector_types & plugs)


def _refused(told: Judgement, verdict: Verdict) -> Judgement:
    return replace(told, verdict=verdict, evses=(), until=None)
