"""A node as its HTTP edges see it, put together from what is inside."""

from collections.abc import Awaitable, Callable, Mapping

from csms.bootstrap.inside import Inside
from csms.services.node import Check, Mailbox, Node
from csms.services.ports.telemetry import MessageLogView
from csms.services.ports.views import Queries


def face_of(  # noqa: PLR0913, what only the outside knows
    inside: Inside,
    *,
    queries: Queries,
    messages: MessageLogView,
    mail: Mailbox | None,
    readiness: Callable[[], Awaitable[Mapping[str, Check]]],
    gauges: Callable[[], Mapping[str, float]],
    secure: bool,
    version: str,
) -> Node:
    """Return everything that API, console and portal may use."""
    world = inside.world
    return Node(
        clock=world.clock,
        begin=world.begin,
        live=world.live,
        book=world.book,
        access=inside.access,
        programs=inside.programs,
        events=inside.events,
        participation=inside.participation,
        reception=inside.reception,
        settlement=inside.settlement,
        commands=inside.commands,
        setup=inside.setup,
        registry=inside.registry,
        telemetry=inside.telemetry,
        diagnostics=inside.diagnostics,
        dispatcher=inside.dispatcher,
        security=inside.secured.desk,
        upkeep=inside.upkeep,
        id_tokens=inside.authorizing.tokens,
        local_lists=inside.authorizing.lists,
        reservations=inside.authorizing.reservations,
        refusals=inside.authorizing.refusals,
        charging=inside.smart.charging,
        composites=inside.smart.composites,
        transfers=inside.smart.transfers,
        der=inside.smart.der,
        certificates=inside.certificates.services,
        operating=inside.operating,
        tariffs=inside.tariffs,
        queries=queries,
        messages=messages,
        mail=mail,
        refreshed=world.premises.refresh,
        readiness=readiness,
        gauges=gauges,
        secure=secure,
        version=version,
    )
