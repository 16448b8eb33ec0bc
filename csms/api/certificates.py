"""Certificates: the trust store, what stations hold, and changes of roots."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from csms.api.certificate_items import (
    Install,
    NewRoot,
    NewRotation,
    OutcomeItem,
    Retry,
    RootDetail,
    RootItem,
    RotationItem,
    StationCertificatesItem,
    Switch,
    outcome_item,
    overview_item,
    root_detail,
    root_item,
    rotation_item,
)
from csms.api.guard import GuardedRoute
from csms.api.stations import known_station
from csms.domain.certificate import RootUse
from csms.domain.ids import StationId
from csms.services.root_rotation import UnknownRotation
from csms.services.roots import UnknownRoot
from csms.services.station_certificates import CALL_ERROR, NO_ANSWER
from csms.web.auth import Admin, NodeOf, Operator
from csms.web.paging import Page

ROUTER = APIRouter(tags=["certificates"], route_class=GuardedRoute)
_CREATED, _NO_CONTENT = 201, 204
_MOST_NUMBER = 2**63
_STATUS = {NO_ANSWER: 504, CALL_ERROR: 502}
_SILENT: dict[int | str, dict[str, object]] = {
    504: {"model": OutcomeItem, "description": "No answer."},
    502: {"model": OutcomeItem, "description": "The station's CALLERROR."},
}


@ROUTER.get("/certificates/roots", summary="List whom we trust, and for what")
async def list_roots(
    node: NodeOf, use: Annotated[RootUse | None, Query()] = None
) -> Page[RootItem]:
    """Return the trust store, the eldest first."""
    now = node.clock.now()
    roots = [each for each in node.certificates.trust.roots if use in (None, each.use)]
    return Page(items=[root_item(each, now) for each in roots], next=None)


@ROUTER.post("/certificates/roots", summary="Trust a root", status_code=_CREATED)
async def add_root(node: NodeOf, caller: Admin, body: NewRoot) -> RootDetail:
    """Check a certificate and put it into the trust store."""
    root = await node.certificates.trust.add(body.use, body.pem, by=caller.name)
    return root_detail(node, root)


@ROUTER.get("/certificates/roots/{use}/{fingerprint}", summary="Show a root")
async def show_root(node: NodeOf, use: str, fingerprint: str) -> RootDetail:
    """Return a root with its PEM and its hashes."""
    return root_detail(node, node.certificates.trust.find(_use(use), fingerprint))


@ROUTER.delete(
    "/certificates/roots/{use}/{fingerprint}",
    summary="Trust a root no more",
    status_code=_NO_CONTENT,
)
async def remove_root(node: NodeOf, caller: Admin, use: str, fingerprint: str) -> None:
    """Take a root out of the trust store, unless stations are to hold it."""
    await node.certificates.trust.remove(_use(use), fingerprint, by=caller.name)


@ROUTER.get("/certificates/rotations", summary="List changes of roots")
async def list_rotations(node: NodeOf) -> Page[RotationItem]:
    """Return changes of roots, the youngest first."""
    found = await node.certificates.rotations.list()
    return Page(items=[rotation_item(each) for each in found], next=None)


@ROUTER.post(
    "/certificates/rotations",
    summary="Change a root for the next on many stations",
    status_code=_CREATED,
)
async def start_rotation(
    node: NodeOf, caller: Admin, body: NewRotation
) -> RotationItem:
    """Install the new root everywhere; the switch and the deletion come later."""
    stations = body.stations
    rotation = await node.certificates.rotations.start(
        body.use,
        body.old,
        body.new,
        caller.name,
        None if stations is None else [StationId(each) for each in stations],
    )
    return rotation_item(rotation)


@ROUTER.post("/certificates/rotations/{number}/switch", summary="Make the switch")
async def switch_rotation(
    node: NodeOf, caller: Admin, number: str, body: Switch
) -> RotationItem:
    """Say that we present ourselves under the new root; old ones go after that."""
    left = [StationId(each) for each in body.leave_out]
    changes = node.certificates.rotations
    rotation = await changes.switch(_number(number), caller.name, left)
    return rotation_item(rotation)


@ROUTER.post(
    "/certificates/rotations/{number}/cancel",
    summary="End a change of roots",
    status_code=_NO_CONTENT,
)
async def cancel_rotation(node: NodeOf, caller: Admin, number: str) -> None:
    """End it; what was installed stays, and nothing more is deleted."""
    await node.certificates.rotations.cancel(_number(number), caller.name)


@ROUTER.post(
    "/certificates/rotations/{number}/retry",
    summary="Try a station again that failed",
    status_code=_NO_CONTENT,
)
async def retry_rotation(
    node: NodeOf, caller: Operator, number: str, body: Retry
) -> None:
    """Let a station be given the new root once more."""
    name = known_station(node, body.station)
    await node.certificates.rotations.retry(_number(number), name, caller.name)


@ROUTER.get(
    "/stations/{station}/certificates", summary="Show what roots a station holds"
)
async def show_certificates(node: NodeOf, station: str) -> StationCertificatesItem:
    """Return what it said when it was last asked, against what it should hold."""
    name = known_station(node, station)
    return overview_item(await node.certificates.stations.overview(name))


@ROUTER.post(
    "/stations/{station}/certificates/read", summary="Ask a station what it holds"
)
async def read_certificates(
    node: NodeOf, _caller: Operator, station: str
) -> StationCertificatesItem:
    """Ask the station now, and return what it says."""
    name = known_station(node, station)
    await node.certificates.stations.read(name)
    return overview_item(await node.certificates.stations.overview(name))


@ROUTER.post(
    "/stations/{station}/certificates",
    summary="Install a root of the trust store",
    responses=_SILENT,
)
async def install_certificate(
    node: NodeOf, caller: Admin, response: Response, station: str, body: Install
) -> OutcomeItem:
    """Check it against the station, install it, and look whether it is there."""
    name = known_station(node, station)
    outcome = await node.certificates.stations.install(
        name, body.use, body.fingerprint, caller.name
    )
    response.status_code = _STATUS.get(outcome.status, 200)
    return outcome_item(outcome)


@ROUTER.delete(
    "/stations/{station}/certificates/{key}",
    summary="Delete a certificate from a station",
    responses=_SILENT,
)
async def delete_certificate(
    node: NodeOf, caller: Admin, response: Response, station: str, key: str
) -> OutcomeItem:
    """Delete it, unless the station could not reach us without it."""
    name = known_station(node, station)
    outcome = await node.certificates.stations.delete(name, key, caller.name)
    response.status_code = _STATUS.get(outcome.status, 200)
    return outcome_item(outcome)


def _use(said: str) -> RootUse:
    try:
        return RootUse(said)
    except ValueError:
        raise UnknownRoot(
            f"{said} is no use of a root", remedy=f"one of {', '.join(RootUse)}"
        ) from None


def _number(said: str) -> int:
    if not said.isdecimal() or int(said) >= _MOST_NUMBER:
        raise UnknownRotation(f"there is no change {said} of roots")
    return int(said)
