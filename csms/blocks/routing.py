"""From an action's name to the function that answers it."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, TypeVar

import structlog

from csms.clock import Clock
from csms.domain.ids import StationId
from csms.domain.station import Standing
from csms.ocpp.codes import CallRefused, RpcErrorCode
from csms.ocpp.editions import NotInEdition, check, strip_for
from csms.ocpp.messages import ALL_ACTIONS
from csms.ocpp.tolerance import Deviation, read_tolerantly
from csms.ocpp.wire import Action, AnyAction, Edition, Unconfirmed, Wire
from csms.services.policy import is_recorded, may_say
from csms.services.ports.wire import Deviations, DeviationSeen

log = structlog.get_logger()

Q = TypeVar("Q", bound=Wire)
A = TypeVar("A", bound=Wire)
Payload: TypeAlias = dict[str, Any]
Handler = Callable[[StationId, Q], Awaitable[A]]
Listener = Callable[[StationId, Q], Awaitable[None]]
WholeHandler = Callable[[StationId, Q, Payload | None], Awaitable[A]]

_NOT_SERVED = {
    Standing.PENDING: "this station is not accepted yet (B01.FR.10, B02.FR.09)",
    Standing.REJECTED: "this station is rejected (B03.FR.07)",
}
_SPOKE_EARLY = Deviation("before-accepted", "", "recorded although it is pending")

_SHOULD_BE_TOLD = Deviation("call-for-send", "", "it is owed no answer (N15.FR.01)")


@dataclass(frozen=True, slots=True)
class Route:
    """An action joined to the function that answers it.

    Attributes:
        action: The action.
        handler: Its function.
        whole: Whether it also takes the payload as it came.
    """

    action: AnyAction
    handler: Callable[..., Awaitable[Any]]
    whole: bool = False


def route(action: Action[Q, A], handler: Handler[Q, A]) -> Route:
    """Join an action to the function that answers it.

    The type checker refuses a function that takes or returns another message.
    """
    return Route(action, handler)


def route_whole(action: Action[Q, A], handler: WholeHandler[Q, A]) -> Route:
    """Join an action to a function that also takes the payload as it came.

    It is given none if the payload could be read only with mends.
    """
    return Route(action, handler, whole=True)


def route_told(action: Unconfirmed[Q], listener: Listener[Q]) -> Route:
    """Join a message that is owed no answer to the function that takes it."""
    return Route(action, listener)


class Block(Protocol):
    """A functional block: it names the actions it answers."""

    def routes(self) -> Iterator[Route]:
        """Name every action this block answers."""
        ...


class Stations(Protocol):
    """Whoever knows what stations stand like."""

    def standing(self, station: StationId) -> Standing:
        """Return what a station stands like now."""
        ...


class Journal(Deviations, Protocol):
    """Whoever notes in passing what stations do."""

    def heard(self, station: StationId) -> None:
        """Note that a station said something."""
        ...


Expects = Callable[[StationId, str], bool]
"""Tells whether a station was asked to say something."""


def unexpected(station: StationId, action: str) -> bool:
    """Say that no station was asked for anything."""
    del station, action
    return False


class Router:
    """Answers what stations ask: the gateway's ``Handlers``.

    Args:
        blocks: Everyone who answers something.
        stations: Knows who may speak.
        journal: Where signs of life and departures from the standard are noted.
        clock: Where business time comes from.
        expects: Tells what stations were asked to say.

    Raises:
        ValueError: If two blocks answer one action.
    """

    def __init__(
        self,
        blocks: Iterable[Block],
        *,
        stations: Stations,
        journal: Journal,
        clock: Clock,
        expects: Expects = unexpected,
    ) -> None:
        self._expects = expects
        self._routes: dict[str, Route] = {}
        for block in blocks:
            for each in block.routes():
                if each.action.name in self._routes:
                    raise ValueError(f"{each.action.name} is answered twice")
                self._routes[each.action.name] = each
        self._stations = stations
        self._journal = journal
        self._clock = clock

    @property
    def routes(self) -> Mapping[str, Route]:
        """Return every route, by the name of its action."""
        return dict(self._routes)

    async def answer(
        self,
        station: StationId,
        edition: Edition,
        action: str,
        payload: Any,  # noqa: ANN401, whatever JSON the station sent
    ) -> dict[str, Any]:
        """Return the payload of the answer, once it is safe to give it.

        Raises:
            CallRefused: If the call must be answered by a CALLERROR.
        """
        response = await self._take(station, edition, action, payload)
        if response is None:
            self._note(station, action, (_SHOULD_BE_TOLD,))
            return {}
        written: dict[str, Any] = strip_for(edition, response).write()
        return written

    async def told(
        self,
        station: StationId,
        edition: Edition,
        action: str,
        payload: Any,  # noqa: ANN401, as above
    ) -> None:
        """Take a message that is owed no answer (SEND, type 6)."""
        try:
            await self._take(station, edition, action, payload)
        except CallRefused as refused:
            log.info(
                "message.ignored",
                station=station,
                action=action,
                code=refused.code.value,
                reason=refused.description,
            )

    async def _take(
        self,
        station: StationId,
        edition: Edition,
        action: str,
        payload: object,
    ) -> Wire | None:
        """Return the answer of whoever handles the action; none if none is owed."""
        self._journal.heard(station)
        found = self._find(edition, action)
        refusal = self._admit(station, action)
        request, mended = self._read(station, found.action, payload)
        if edition is Edition.V21 and (lack := _lack(found.action, request)):
            self._note(station, action, (lack,))
        said: Wire | None
        if found.whole:
            said = await found.handler(station, request, None if mended else payload)
        else:
            said = await found.handler(station, request)
        if refusal is not None:
            raise refusal
        return said

    def _find(self, edition: Edition, action: str) -> Route:
        if action not in ALL_ACTIONS[edition]:
            raise CallRefused(
                RpcErrorCode.NOT_SUPPORTED, f"{edition} has no action of this name"
            )
        found = self._routes.get(action)
        if found is None:
            raise CallRefused(
                RpcErrorCode.NOT_IMPLEMENTED, f"{action} is not answered here"
            )
        return found

    def _admit(self, station: StationId, action: str) -> CallRefused | None:
        """Return how a call is refused that is recorded first; none if it is not.

        Raises:
            CallRefused: If it is refused at once.
        """
        standing = self._stations.standing(station)
        if standing is Standing.ACCEPTED:
            return None
        prompted = self._expects(station, action)
        if may_say(standing, action, prompted=prompted):
            return None
        said = _NOT_SERVED[standing]
        refusal = CallRefused(RpcErrorCode.SECURITY_ERROR, said)
        if not is_recorded(standing, action):
            self._note(station, action, (Deviation("not-allowed", "", said),))
            raise refusal
        self._note(station, action, (_SPOKE_EARLY,))
        return refusal

    def _read(
        self,
        station: StationId,
        action: Action[Q, Any] | Unconfirmed[Q],
        payload: object,
    ) -> tuple[Q, bool]:
        """Return the request, and whether it had to be mended."""
        now = self._clock.now()
        try:
            request, deviations = read_tolerantly(action, payload, now=now)
        except CallRefused as refused:
            path = str(refused.details.get("field", ""))
            self._note(
                station,
                action.name,
                (Deviation(f"refused:{refused.code}", path, refused.description),),
            )
            raise
        if deviations:
            self._note(station, action.name, deviations)
        return request, bool(deviations)

    def _note(
        self, station: StationId, action: str, deviations: Iterable[Deviation]
    ) -> None:
        seen = [
            DeviationSeen(each.kind, _counted_as(action, each.path), each.detail)
            for each in deviations
        ]
        self._journal.count(station, seen, self._clock.now())


def _lack(action: AnyAction, request: Wire) -> Deviation | None:
    """Return what 2.1 requires of a message, and 2.0.1 does not know (tolerated)."""
    try:
        check(Edition.V21, action, request)
    except NotInEdition as error:
        return Deviation("missing-field", error.field, "required in 2.1")
    return None


def _counted_as(action: str, path: str) -> str:
    """Return where a deviation is, without list positions."""
    steps = "".join(part.split("]", 1)[-1] for part in path.split("["))
    return f"{action}.{steps}" if steps else action
