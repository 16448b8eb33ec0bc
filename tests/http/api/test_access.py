"""Who may do what: every route, every role, every wrong way of asking."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from csms.services.policy import who_may
from csms.services.ports.access import Role
from tests.http.nodes import BASE, Stage, a_registry, an_event

pytestmark = pytest.mark.postgres
OPEN = {"/healthz", "/readyz"}
PUBLIC = {"/pki/{name}.crl"}
HIDDEN = {"/openapi.json"}
ADMINS = {
    ("DELETE", "/api/v1/accounts/{name}"),
    ("PUT", "/api/v1/stations/{station}/security"),
    ("POST", "/api/v1/stations/{station}/password"),
    ("POST", "/api/v1/stations/{station}/upgrade"),
    ("DELETE", "/api/v1/stations/{station}/upgrade"),
    ("POST", "/api/v1/issued-certificates"),
    ("POST", "/api/v1/issued-certificates/{fingerprint}/revocation"),
    ("POST", "/api/v1/authority/rotation"),
    ("POST", "/api/v1/authority/reload"),
    ("POST", "/api/v1/registry"),
    ("PUT", "/api/v1/stations/{station}/standing"),
    ("PUT", "/api/v1/stations/{station}/edition"),
    ("DELETE", "/api/v1/quarantines/{vendor_profile}"),
    ("GET", "/api/v1/tokens"),
    ("POST", "/api/v1/tokens"),
    ("DELETE", "/api/v1/tokens/{token}"),
    ("GET", "/api/v1/accounts"),
    ("PUT", "/api/v1/accounts/{name}"),
    ("GET", "/api/v1/audit"),
    ("PUT", "/api/v1/alert-rules/{rule}"),
    ("DELETE", "/api/v1/alert-rules/{rule}"),
    ("POST", "/api/v1/stations/{station}/customer-information"),
    ("GET", "/api/v1/stations/{station}/customer-information"),
    ("GET", "/api/v1/customer-information/{request}"),
    ("DELETE", "/api/v1/customer-information/{request}"),
    ("POST", "/api/v1/certificates/roots"),
    ("DELETE", "/api/v1/certificates/roots/{use}/{fingerprint}"),
    ("POST", "/api/v1/certificates/rotations"),
    ("POST", "/api/v1/certificates/rotations/{number}/switch"),
    ("POST", "/api/v1/certificates/rotations/{number}/cancel"),
    ("POST", "/api/v1/stations/{station}/certificates"),
    ("DELETE", "/api/v1/stations/{station}/certificates/{key}"),
}
OPERATORS = {
    ("POST", "/api/v1/stations/{station}/certificate-renewal"),
    ("POST", "/api/v1/certificates/rotations/{number}/retry"),
    ("POST", "/api/v1/stations/{station}/certificates/read"),
    ("POST", "/api/v1/stations/{station}/commands/{action}"),
    ("PUT", "/api/v1/vehicles/{vehicle}/need"),
    ("POST", "/api/v1/events"),
    ("POST", "/api/v1/events/{event}/cancel"),
    ("POST", "/api/v1/events/{event}/opt-outs"),
    ("POST", "/api/v1/stations/{station}/logs"),
    ("GET", "/api/v1/logs/{job}/file"),
    ("DELETE", "/api/v1/logs/{job}"),
    ("PUT", "/api/v1/stations/{station}/monitors"),
    ("POST", "/api/v1/stations/{station}/monitors/clear"),
    ("PUT", "/api/v1/stations/{station}/monitoring-base"),
    ("PUT", "/api/v1/stations/{station}/monitoring-level"),
    ("POST", "/api/v1/stations/{station}/monitoring-reports"),
    ("POST", "/api/v1/alerts/{alert}/end"),
    ("POST", "/api/v1/stations/{station}/event-streams/ask"),
    ("PATCH", "/api/v1/stations/{station}/event-streams/{stream}"),
    ("POST", "/api/v1/firmware/images"),
    ("PUT", "/api/v1/firmware/images/{image}/file"),
    ("DELETE", "/api/v1/firmware/images/{image}"),
    ("POST", "/api/v1/stations/{station}/firmware-updates"),
    ("DELETE", "/api/v1/firmware/updates/{request_id}"),
    ("POST", "/api/v1/firmware/campaigns"),
    ("POST", "/api/v1/firmware/campaigns/{campaign}/pause"),
    ("POST", "/api/v1/firmware/campaigns/{campaign}/resume"),
    ("POST", "/api/v1/firmware/campaigns/{campaign}/cancel"),
    ("POST", "/api/v1/stations/{station}/publications"),
    ("DELETE", "/api/v1/stations/{station}/publications/{checksum}"),
    ("POST", "/api/v1/stations/{station}/displays"),
    ("POST", "/api/v1/stations/{station}/displays/read"),
    ("DELETE", "/api/v1/stations/{station}/displays/{message}"),
    ("POST", "/api/v1/stations/{station}/data-transfers"),
    ("PUT", "/api/v1/data-transfer-rules"),
    ("DELETE", "/api/v1/data-transfer-rules"),
    ("POST", "/api/v1/id-tokens"),
    ("PUT", "/api/v1/id-tokens/{token}"),
    ("DELETE", "/api/v1/id-tokens/{token}"),
    ("PUT", "/api/v1/stations/{station}/local-list"),
    ("POST", "/api/v1/stations/{station}/local-list/sync"),
    ("DELETE", "/api/v1/stations/{station}/local-list"),
    ("DELETE", "/api/v1/stations/{station}/authorization-cache"),
    ("POST", "/api/v1/stations/{station}/reservations"),
    ("DELETE", "/api/v1/stations/{station}/reservations/{reservation}"),
}
NOWHERE = "/api/v1/{path:path}"
"""What is not there: whoever may look is told so."""
A_TOKEN = {"type": "ISO14443", "value": "04A1"}
A_MONITOR = {
    "component": "EVSE",
    "variable": "Power",
    "kind": "Delta",
    "value": 1,
    "severity": 8,
}
QUERIES = {"statement": "?season=2026", "der-controls": "?default=false"}
COUNTED = {"{profile}", "{evse}", "{slot}"}
"""Parts of addresses that are whole numbers."""
A_VARIABLE = {"component": "EVSE", "variable": "Power"}
A_PROFILE = {"id": 1, "evse": 1, "purpose": "TxDefaultProfile"}
OF_STATIONS: dict[str, object] = {
    "variables": {"variables": [A_VARIABLE | {"value": "1"}]},
    "variables/read": {"variables": [A_VARIABLE]},
    "charging-profiles": A_PROFILE | {"periods": [{"start_s": 0, "limit": 1000}]},
    "charging-profiles/{profile}/values": {},
    "evses/{evse}/priority-charging": {"active": True},
    "evses/{evse}/energy-transfer": {"bidirectional": False},
    "afrr-signal": {"signal": 1},
    "der-controls/{control}": {
        "kind": "LimitMaxDischarge",
        "priority": 1,
        "body": {"max_discharge_pct": 50},
    },
    "transactions": {"evse": 1, "id_token": "04A1"},
    "transactions/{transaction}/tariff": {"tariff": "nothing"},
    "tariffs": {"tariff": "nothing"},
    "unlock": {"evse": 1},
    "trigger": {"message": "Heartbeat"},
    "availability": {"operative": True},
    "reports": {},
    "drift/repair": {},
    "resets": {},
    "network-priority": {"slots": [1]},
    "network-profiles/{slot}": {
        "ocpp_csms_url": "wss://csms.example.org",
        "security_profile": 2,
    },
}
BODIES: dict[str, object] = {
    **{f"/api/v1/stations/{{station}}/{at}": each for at, each in OF_STATIONS.items()},
    "/api/v1/stations/{station}/security": {"least_profile": 2},
    "/api/v1/stations/{station}/upgrade": {"profile": 2},
    "/api/v1/stations/{station}/certificate-renewal": {},
    "/api/v1/issued-certificates": {"station": "nothing", "csr": "rubbish"},
    "/api/v1/issued-certificates/{fingerprint}/revocation": {"reason": "none"},
    "/api/v1/authority/rotation": {"hierarchy": "ec", "use": "intermediate"},
    "/api/v1/stations/{station}/logs": {},
    "/api/v1/stations/{station}/monitors": {"monitors": [A_MONITOR]},
    "/api/v1/stations/{station}/monitors/clear": {"ids": [1]},
    "/api/v1/stations/{station}/monitoring-base": {"base": "All"},
    "/api/v1/stations/{station}/monitoring-level": {"severity": 4},
    "/api/v1/stations/{station}/monitoring-reports": {},
    "/api/v1/stations/{station}/customer-information": {
        "report": True,
        "customer_identifier": "somebody",
    },
    "/api/v1/stations/{station}/event-streams/{stream}": {"values": 10},
    "/api/v1/alert-rules/{rule}": {},
    "/api/v1/firmware/images": {"id": "x", "vendor": "v", "version": "1"},
    "/api/v1/stations/{station}/firmware-updates": {"image": "x"},
    "/api/v1/firmware/campaigns": {"id": "x", "image": "x"},
    "/api/v1/stations/{station}/publications": {"image": "x"},
    "/api/v1/stations/{station}/displays": {"texts": [{"content": "x"}]},
    "/api/v1/stations/{station}/displays/read": {},
    "/api/v1/stations/{station}/data-transfers": {"vendor_id": "org.example"},
    "/api/v1/data-transfer-rules": {"vendor_id": "x", "status": "Accepted"},
    "/api/v1/certificates/roots": {"use": "V2GRootCertificate", "pem": "none"},
    "/api/v1/certificates/rotations": {
        "use": "V2GRootCertificate",
        "old": "00",
        "new": "01",
    },
    "/api/v1/certificates/rotations/{number}/switch": {},
    "/api/v1/certificates/rotations/{number}/retry": {"station": "nobody"},
    "/api/v1/stations/{station}/certificates": {
        "use": "V2GRootCertificate",
        "fingerprint": "00",
    },
    "/api/v1/id-tokens": A_TOKEN,
    "/api/v1/id-tokens/{token}": {},
    "/api/v1/stations/{station}/local-list/sync": {},
    "/api/v1/stations/{station}/reservations": {
        "token": A_TOKEN,
        "expires_at": "2026-07-14T12:00:00Z",
    },
    "/api/v1/events": an_event(),
    "/api/v1/events/preview": an_event(),
    "/api/v1/events/{event}/cancel": {"reason": "none"},
    "/api/v1/events/{event}/opt-outs": {"participant": "nobody"},
    "/api/v1/registry": {},
    "/api/v1/stations/{station}/commands/{action}": {},
    "/api/v1/stations/{station}/standing": {"standing": "rejected"},
    "/api/v1/stations/{station}/edition": {"edition": None},
    "/api/v1/tokens": {"name": "a test"},
    "/api/v1/accounts/{name}": {"password": "long enough, certainly"},
    "/api/v1/vehicles/{vehicle}/need": {"min_soc_pct": 20},
}


@dataclass(frozen=True, slots=True)
class Way:
    """One method of one route."""

    method: str
    path: str

    @property
    def url(self) -> str:
        """An address that fits, of things that do not exist."""
        parts = [
            "1" if part in COUNTED else "nothing" if part.startswith("{") else part
            for part in self.path.split("/")
        ]
        return "/".join(parts)

    async def ask(self, client: httpx.AsyncClient) -> httpx.Response:
        body = BODIES.get(self.path)
        return await client.request(self.method, self.url, json=body)


def ways(stage: Stage) -> list[Way]:
    found = []
    for context in iter_route_contexts(stage.app.routes):
        assert context.path is not None, "a mounted application would escape this test"
        if context.path.startswith(("/uploads/", "/firmware-files/")):
            continue  # credentials of its own: see test_uploads.py, test_firmware.py
        found += [
            Way(method, context.path)
            for method in sorted(context.methods or ())
            if method not in ("HEAD", "OPTIONS")
        ]
    return found


def role_for(way: Way) -> Role:
    """Return the role that the policy asks for; the lists above hold it to its word."""
    key = (way.method, way.path)
    who = who_may(way.method, way.url)
    assert who is not None, way
    if way.path == NOWHERE:
        return Role.VIEWER
    role = who.role or Role.VIEWER
    assert key not in ADMINS or role is Role.ADMIN, way
    assert key not in OPERATORS or role is Role.OPERATOR, way
    return role


async def test_the_routes_are_the_ones_this_test_knows(stage: Stage) -> None:
    known = {(each.method, each.path) for each in ways(stage)}

    assert known >= ADMINS | OPERATORS
    assert len(known) > 50


async def test_nothing_but_health_is_open_without_credentials(stage: Stage) -> None:
    async with stage.client() as nobody, stage.client() as impostor:
        impostor.headers["Authorization"] = "Bearer csms_invented"
        for way in ways(stage):
            for client in (nobody, impostor):
                answer = await way.ask(client)
                if way.path in PUBLIC:
                    assert answer.status_code == 404, way
                    continue
                if way.path in OPEN:
                    assert answer.status_code == 200, way
                    continue
                assert answer.status_code == 401, way
                assert answer.headers["www-authenticate"].startswith("Bearer"), way
                assert answer.json()["code"] == "unauthenticated", way


async def test_a_role_too_low_is_refused_and_told_which_is_needed(
    stage: Stage,
) -> None:
    for way in ways(stage):
        for role in Role:
            if role.may(role_for(way)) or way.path in OPEN | PUBLIC:
                continue
            async with stage.client(role) as client:
                answer = await way.ask(client)
            assert answer.status_code == 403, (way, role)
            assert answer.json()["code"] == "role", (way, role)
            assert role_for(way) in answer.json()["remedy"], (way, role)


async def test_what_does_not_exist_is_not_found(stage: Stage) -> None:
    listing = {"/api/v1/accounts/{name}", "PUT /api/v1/alert-rules/{rule}"}
    async with stage.client(Role.ADMIN) as admin:
        for way in ways(stage):
            if "{" not in way.path or {way.path, f"{way.method} {way.path}"} & listing:
                continue
            url = way.url + "".join(
                query for word, query in QUERIES.items() if word in way.path
            )
            answer = await admin.request(way.method, url, json=BODIES.get(way.path))
            assert answer.status_code == 404, (way, answer.text)
            assert answer.headers["content-type"] == "application/problem+json", way
            problem = answer.json()
            assert problem["status"] == 404, way
            assert problem["type"].endswith(problem["code"]), way


async def test_every_body_is_checked_after_the_credentials(stage: Stage) -> None:
    for way in ways(stage):
        if way.path not in BODIES or way.method in ("GET", "DELETE"):
            continue
        async with stage.client() as nobody, stage.client(Role.ADMIN) as admin:
            for body in (b"{not json", b"[]", b'"text"'):
                headers = {"Content-Type": "application/json"}
                url = way.url
                open_one = await nobody.request(
                    way.method, url, content=body, headers=headers
                )
                known = await admin.request(
                    way.method, url, content=body, headers=headers
                )
                assert open_one.status_code == 401, (way, body)
                assert known.status_code == 422, (way, body, known.text)
                assert known.json()["code"] == "malformed-request"


async def test_a_session_reads_but_acts_only_from_its_own_origin(
    stage: Stage,
) -> None:
    await stage.node.access.save_account("ada", "correct horse", Role.ADMIN, by="test")
    secret = await stage.node.access.sign_in("ada", "correct horse")
    assert secret is not None
    async with stage.client(Cookie=f"csms_session={secret}") as browser:
        me = await browser.get("/api/v1/me")
        assert me.json() == {"name": "ada", "role": "admin"}
        for headers, status in (
            ({}, 403),
            ({"Sec-Fetch-Site": "cross-site"}, 403),
            ({"Sec-Fetch-Site": "same-site"}, 403),
            ({"Origin": "https://elsewhere.example"}, 403),
            ({"Origin": "null"}, 403),
            ({"Sec-Fetch-Site": "same-origin"}, 201),
            ({"Origin": BASE}, 201),
        ):
            made = await browser.post(
                "/api/v1/tokens", json={"name": "x"}, headers=headers
            )
            assert made.status_code == status, headers
            if status == 403:
                assert made.json()["code"] == "cross-origin"


async def test_a_token_in_the_address_is_no_credential(stage: Stage) -> None:
    secret = stage.secrets[Role.ADMIN]
    async with stage.client() as nobody:
        answer = await nobody.get("/metrics", params={"token": secret})

    assert answer.status_code == 401


async def test_a_token_is_made_shown_once_listed_and_revoked(
    stage: Stage, admin: httpx.AsyncClient
) -> None:
    made = await admin.post("/api/v1/tokens", json={"name": "for CI", "role": "viewer"})
    secret, name = made.json()["secret"], made.json()["id"]
    headers = {"Authorization": f"Bearer {secret}"}
    async with stage.client() as holder:
        assert (await holder.get("/api/v1/me", headers=headers)).status_code == 200
        listed = (await admin.get("/api/v1/tokens")).text
        assert name in listed
        assert secret not in listed
        gone = await admin.delete(f"/api/v1/tokens/{name}")
        assert gone.status_code == 204
        assert (await holder.get("/api/v1/me", headers=headers)).status_code == 401
    assert (await admin.delete(f"/api/v1/tokens/{name}")).status_code == 404
    trail = (await admin.get("/api/v1/audit", params={"subject": name})).json()["items"]
    assert [each["action"] for each in trail] == ["token.revoked", "token.created"]
    assert trail[0]["actor"] == "the admin"


async def test_an_account_needs_a_good_password(
    stage: Stage, admin: httpx.AsyncClient
) -> None:
    path = "/api/v1/accounts/grace"
    short = await admin.put(path, json={"password": "short", "role": "operator"})
    good = await admin.put(path, json={"password": "long enough", "role": "operator"})

    assert (short.status_code, short.json()["field"]) == (422, "password")
    assert good.json() == {"name": "grace", "role": "operator"}
    listed = (await admin.get("/api/v1/accounts")).json()["items"]
    assert [each["name"] for each in listed] == ["grace"]
    assert "password" not in json.dumps(listed)
    assert await stage.node.access.sign_in("grace", "long enough") is not None


async def test_a_body_beyond_all_measure_is_refused(
    stage: Stage, admin: httpx.AsyncClient
) -> None:
    headers = {"Content-Type": "application/json"}
    most = 16_000_000

    async def drops() -> AsyncIterator[bytes]:
        for _ in range(17):
            yield b"y" * (most // 16)

    declared = await admin.post(
        "/api/v1/registry", content=b"y" * (most + 1), headers=headers
    )
    unsaid = await admin.post("/api/v1/registry", content=drops(), headers=headers)

    for answer in (declared, unsaid):
        assert answer.status_code == 413
        assert answer.json()["code"] == "too-large"
    async with stage.client() as nobody:
        refused = await nobody.post("/api/v1/registry", content=b"{}", headers=headers)
        assert refused.status_code == 401


async def test_unknown_addresses_and_methods_are_problems_too(
    viewer: httpx.AsyncClient,
) -> None:
    nowhere = await viewer.get("/api/v1/nowhere/at/all")
    method = await viewer.delete("/api/v1/stations")

    assert (nowhere.status_code, method.status_code) == (404, 405)
    assert nowhere.json()["code"] == "no-such-place"
    assert nowhere.headers["cache-control"] == "no-store"


async def test_the_api_describes_itself(viewer: httpx.AsyncClient) -> None:
    described = (await viewer.get("/openapi.json")).json()

    assert described["openapi"].startswith("3.1")
    operations = [
        operation
        for path, methods in described["paths"].items()
        if path not in OPEN | PUBLIC
        for operation in methods.values()
    ]
    assert len(operations) > 45
    for operation in operations:
        assert operation["summary"], operation
        assert {"401", "403", "404", "422"} <= operation["responses"].keys()
    schemes = described["components"]["securitySchemes"]
    assert schemes["token"]["scheme"] == "bearer"


async def test_a_registry_full_of_flaws_names_each(admin: httpx.AsyncClient) -> None:
    registry = a_registry()
    registry["sites"][0]["timezone"] = "Mars/Olympus"
    registry["stations"][1]["site"] = "nowhere"
    wrong = await admin.post("/api/v1/registry", json=registry)

    assert wrong.status_code == 422
    problem = wrong.json()
    assert problem["code"] == "malformed-registry"
    assert problem["field"].startswith("sites[0]")
    assert problem["remedy"]
    right = await admin.post("/api/v1/registry", json=a_registry())
    again = await admin.post("/api/v1/registry", json=a_registry())
    assert right.json()["created"] > 10
    assert again.json()["created"] == again.json()["updated"] == 0


@pytest.mark.parametrize(
    "url",
    [
        "/api/v1/stations?limit=0",
        "/api/v1/stations?limit=501",
        "/api/v1/stations?status=dancing",
        "/api/v1/stations?cursor=nonsense!",
        "/api/v1/stations?cursor=MQ",
        "/api/v1/stations?q=%00",
        "/api/v1/stations/%00",
        "/api/v1/events?stage=dancing",
        "/api/v1/events?cursor=WzEsMl0",
        "/api/v1/incidents?cursor=IngiCg",
        "/api/v1/facts?after=-1",
        "/api/v1/facts?after=99999999999999999999999",
        "/api/v1/telemetry/quarters",
        "/api/v1/telemetry/quarters?from=2026-07-14T00:00&to=2026-07-15T00:00",
        "/api/v1/telemetry/quarters?from=2026-07-15T00:00Z&to=2026-07-14T00:00Z",
        "/api/v1/telemetry/quarters?from=2016-07-15T00:00Z&to=2026-07-14T00:00Z",
        "/api/v1/programs/ma-cs-small/statement?season=spring",
        "/api/v1/programs/ma-cs-small/statement",
    ],
)
async def test_nonsense_in_an_address_is_refused(
    viewer: httpx.AsyncClient, url: str
) -> None:
    answer = await viewer.get(url)

    assert answer.status_code in (404, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
