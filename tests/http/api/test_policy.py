"""The policy is one table: every route has a line, and no line is about nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from csms.console.app import install as install_console
from csms.portal.app import install as install_portal
from csms.services.policy import HTTP, Who, who_may
from csms.services.ports.access import Role
from tests.http.nodes import Stage

pytestmark = pytest.mark.postgres
WHOLE = "/api/v1/{path:path}"


@dataclass(frozen=True, slots=True)
class Way:
    """One method of one route.

    Attributes:
        declared: The highest role that the route itself asks for.
    """

    method: str
    path: str
    declared: Role | None

    @property
    def place(self) -> str:
        """An address that fits."""
        parts = ["x" if part[:1] == "{" else part for part in self.path.split("/")]
        return "/".join("x.crl" if "}.crl" in part else part for part in parts)


@pytest.fixture
def ways(stage: Stage) -> list[Way]:
    install_portal(stage.app, stage.node)
    install_console(stage.app, stage.node)
    return list(every_way(stage.app))


def every_way(app: FastAPI) -> Iterator[Way]:
    for context in iter_route_contexts(app.routes):
        assert context.path is not None
        own = getattr(context, "dependant", None)
        roles = list(demanded(own or getattr(context.route, "dependant", None)))
        declared = max(roles, key=list(Role).index, default=None)
        for method in sorted(context.methods or ()):
            if method not in ("HEAD", "OPTIONS"):
                yield Way(method, context.path, declared)


def demanded(dependant: Any) -> Iterator[Role]:  # noqa: ANN401 - the framework's own
    for each in dependant.dependencies:
        call = each.call
        if getattr(call, "__qualname__", "").startswith("needs."):
            yield call.__closure__[0].cell_contents
        yield from demanded(each)


def test_every_route_has_a_line(ways: list[Way]) -> None:
    unruled = [each for each in ways if who_may(each.method, each.place) is None]

    assert unruled == []
    assert len(ways) > 100


def test_no_line_is_about_nothing(ways: list[Way]) -> None:
    idle = [
        rule
        for rule in HTTP
        if not any(rule.fits(each.method, each.place) for each in ways)
        and "/commands/" not in rule.place  # one action of many
    ]
    assert idle == []


def test_a_route_asks_for_no_other_role_than_its_line(ways: list[Way]) -> None:
    odd = []
    for each in ways:
        who = who_may(each.method, each.place)
        assert who is not None
        if each.path != WHOLE and who.role is not each.declared:
            odd.append((each, who))
    assert odd == []


@pytest.mark.parametrize(
    ("method", "place", "who"),
    [
        ("GET", "/api/v1/stations", Who.VIEWER),
        ("HEAD", "/api/v1/stations", Who.VIEWER),
        ("POST", "/api/v1/stations/CS-1/commands/Reset", Who.OPERATOR),
        ("POST", "/api/v1/stations/CS-1/password", Who.ADMIN),
        ("GET", "/api/v1/tokens", Who.ADMIN),
        ("POST", "/p/abc/opt-out", Who.LINK),
        ("PUT", "/uploads/7/log.zip", Who.DEVICE),
        ("GET", "/no/such/place", None),
        ("DELETE", "/stations/CS-1", None),
    ],
)
def test_the_table_reads_as_it_should(method: str, place: str, who: Who | None) -> None:
    assert who_may(method, place) is who


async def test_what_is_denied_goes_on_the_trail_once_with_its_count(
    stage: Stage,
) -> None:
    async with stage.client(Role.VIEWER) as viewer, stage.client() as impostor:
        impostor.headers["Authorization"] = "Bearer csms_invented"
        for _ in range(3):
            assert (await viewer.post("/api/v1/events")).status_code == 403
            assert (await impostor.get("/api/v1/events")).status_code == 401
    await stage.node.security.denials.flush()

    async with stage.node.begin() as work:
        trail = await work.access.trail(before=None, limit=100)
    denied = {(each.actor, each.action, each.subject): each.detail for each in trail}
    mine = denied["the viewer", "denied.http.role", "POST /api/v1/events"]
    assert mine["times"] == 3
    assert denied["127.0.0.1", "denied.http.unauthenticated", ""]["times"] == 3


async def test_sign_ins_and_sign_outs_go_on_the_trail(stage: Stage) -> None:
    access = stage.node.access
    await access.save_account("ann", "long enough, certainly", Role.VIEWER, "test")

    assert await access.sign_in("ann", "wrong, certainly") is None
    secret = await access.sign_in("ann", "long enough, certainly")
    assert secret is not None
    await access.sign_out(secret)
    await stage.node.security.denials.flush()

    async with stage.node.begin() as work:
        trail = await work.access.trail(before=None, limit=100)
    said = [each.action for each in trail if each.actor == "ann"]
    assert said.count("denied.sign_in") == 1
    assert {"session.begun", "session.ended", "token.revoked"} <= set(said)
    assert not any("certainly" in str(each) for each in trail)


async def test_an_account_is_disabled_over_the_api(stage: Stage) -> None:
    access = stage.node.access
    await access.save_account("ann", "long enough, certainly", Role.VIEWER, "test")
    secret = await access.sign_in("ann", "long enough, certainly")
    assert secret is not None

    async with stage.client(Role.ADMIN) as admin:
        assert (await admin.delete("/api/v1/accounts/ann")).status_code == 204
        assert (await admin.delete("/api/v1/accounts/bob")).status_code == 404
    async with stage.client() as ann:
        ann.headers["Authorization"] = f"Bearer {secret}"
        assert (await ann.get("/api/v1/me")).status_code == 401
    assert await access.sign_in("ann", "long enough, certainly") is None
