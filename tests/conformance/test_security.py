"""Block A on the wire: passwords, certificates, profiles and events of stations."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from typing import Any

import pytest
import websockets
from cryptography import x509
from websockets.exceptions import InvalidStatus
from websockets.headers import build_authorization_basic
from websockets.typing import Subprotocol

from csms.ocpp.wire import Edition
from tests.conformance.peer import connected
from tests.conformance.peer_world import (
    EDITIONS,
    PASSWORD,
    Declines,
    Json,
    Peer,
    PeerWorld,
    only,
)
from tests.fleet.world import free_port
from tests.proving import proves
from tests.security_world import CSO, a_csr

pytestmark = [pytest.mark.postgres, pytest.mark.sockets]
SETTINGS = {
    "cso_name": CSO,
    "ocpp_tls_port": free_port(),
    "ocpp_mtls_port": free_port(),
    "server_certificate_days": 400,
}
VARIABLE = "BasicAuthPassword"
ORDER = ("OCPPCommCtrlr", None, "NetworkConfigurationPriority", None)


def set_to(request: Json, name: str) -> str | None:
    """Return what a variable is set to by a request, if it is."""
    for each in request["setVariableData"]:
        if each["variable"]["name"] == name:
            return str(each["attributeValue"])
    return None


def answers(peer: Peer, name: str, status: str) -> None:
    """Answer a request for one variable with a status, and others as usual."""
    usual: Any = peer.answers["SetVariables"]

    def answer(request: Json) -> Json:
        if set_to(request, name) is None:
            said: Json = usual(request)
            return said
        [asked] = request["setVariableData"]
        result = {
            "component": asked["component"],
            "variable": asked["variable"],
            "attributeStatus": status,
        }
        return {"setVariableResult": [result]}

    peer.answers["SetVariables"] = answer


async def new_password(peer: Peer) -> str:
    """Wait for a new password, and return it."""
    request = await peer.heard(
        "SetVariables", lambda said: set_to(said, VARIABLE) is not None
    )
    [asked] = request["setVariableData"]
    assert asked["component"] == {"name": "SecurityCtrlr"}
    return str(asked["attributeValue"])


@contextlib.asynccontextmanager
async def back(world: PeerWorld, peer: Peer, password: str) -> AsyncIterator[Peer]:
    """Have the same station come back with a password."""
    async with connected(
        world.served.ocpp, peer.name, password, peer.edition, peer.make
    ) as again:
        again.model = peer.model
        yield again


async def is_refused(world: PeerWorld, peer: Peer, password: str) -> bool:
    with pytest.raises(InvalidStatus) as refused:
        async with back(world, peer, password):
            pass
    return refused.value.response.status_code == 401


async def rotation(world: PeerWorld, peer: Peer) -> Json:
    told = await world.get(f"stations/{peer.name}/security")
    found: Json = told.body["rotations"][0]
    return found


class TestPassword:
    """A01."""

    @proves(
        "A01.FR.01", "A01.FR.02", "A01.FR.03", "A01.FR.06", "A01.FR.07", "TC_A_09_CSMS"
    )
    @pytest.mark.parametrize("edition", EDITIONS)
    async def test_the_new_one_opens_the_door_and_the_old_one_does_not(
        self, peer_world: PeerWorld, edition: Edition
    ) -> None:
        async with peer_world.station(edition) as peer:
            answers(peer, VARIABLE, "Accepted")
            told = await peer_world.post(f"stations/{peer.name}/password")
            password = await new_password(peer)

        assert told.status == 200, told.body
        assert told.body["state"] == "accepted"
        assert len(password) == 40
        assert password.isalnum()
        async with back(peer_world, peer, password) as again:
            assert (await again.boot())["status"] == "Accepted"
        assert (await rotation(peer_world, peer))["state"] == "confirmed"
        assert await is_refused(peer_world, peer, PASSWORD)

    @proves("A01.FR.04", "TC_A_10_CSMS")
    @pytest.mark.parametrize("edition", EDITIONS)
    async def test_the_old_one_stays_if_the_station_refuses(
        self, peer_world: PeerWorld, edition: Edition
    ) -> None:
        async with peer_world.station(edition) as peer:
            answers(peer, VARIABLE, "Rejected")
            told = await peer_world.post(f"stations/{peer.name}/password")
            password = await new_password(peer)

        assert told.body["state"] == "refused"
        assert await is_refused(peer_world, peer, password)
        async with back(peer_world, peer, PASSWORD) as again:
            assert (await again.boot())["status"] == "Accepted"

    @proves("A01.FR.08", "A01.FR.09")
    async def test_no_password_is_kept_or_shown_anywhere(
        self, peer_world: PeerWorld
    ) -> None:
        async with peer_world.station() as peer:
            answers(peer, VARIABLE, "Accepted")
            told = await peer_world.post(f"stations/{peer.name}/password")
            password = await new_password(peer)
            async with back(peer_world, peer, password):
                pass
            await peer_world.until(
                "SELECT 1 FROM message_log WHERE station = $1 "
                "AND text LIKE '%BasicAuthPassword%'",
                peer.name,
            )

        assert password not in str(told.body)
        for table in ("message_log", "audit", "password_rotation", "station", "fact"):
            found = await peer_world.value(
                f"SELECT count(*) FROM {table} AS kept "  # noqa: S608 - of this list
                "WHERE kept::text LIKE '%' || $1 || '%'",
                password,
            )
            assert found == 0, table
        trail = await peer_world.rows(
            "SELECT action FROM audit WHERE subject = $1", peer.name
        )
        assert {"password.rotating", "password.sent", "password.changed"} <= {
            each["action"] for each in trail
        }

    async def test_nobody_sets_it_by_hand(self, peer_world: PeerWorld) -> None:
        async with peer_world.station() as peer:
            setting = {
                "component": {"name": "SecurityCtrlr"},
                "variable": {"name": VARIABLE},
                "attributeValue": "a-password-by-hand",
            }
            told = await peer_world.command(
                peer, "SetVariables", {"setVariableData": [setting]}
            )
            sent = peer.record.asked("SetVariables")

        assert told.status == 403
        assert told.body["code"] == "password-by-hand"
        assert not any(set_to(each, VARIABLE) for each in sent)


class TestCertificates:
    """A02 and A03."""

    @proves(
        "A02.FR.11", "A02.FR.14", "A03.FR.11", "A03.FR.14", "A02.FR.25", "A03.FR.21",
        "TC_A_11_CSMS", "TC_A_12_CSMS", "TC_A_13_CSMS",
    )  # fmt: skip
    @pytest.mark.parametrize("edition", EDITIONS)
    @pytest.mark.parametrize(
        ("use", "trigger", "kind"),
        [
            ("station", "SignChargingStationCertificate", "ChargingStationCertificate"),
            ("v2g", "SignV2GCertificate", "V2GCertificate"),
            ("combined", "SignCombinedCertificate", None),
        ],
    )
    async def test_a_station_renews_its_certificate_when_it_is_asked(
        self,
        peer_world: PeerWorld,
        edition: Edition,
        use: str,
        trigger: str,
        kind: str | None,
    ) -> None:
        async with peer_world.station(edition) as peer:
            told = await peer_world.post(
                f"stations/{peer.name}/certificate-renewal", {"use": use}
            )
            asked = await peer.heard(
                "TriggerMessage", lambda said: said["requestedMessage"] == trigger
            )
            request: Json = {"csr": a_csr(peer.name)}
            if kind is not None:
                request["certificateType"] = kind
            if edition is Edition.V21:
                request["requestId"] = 7
            answer = await peer.ask("SignCertificate", request)
            given = await peer.heard("CertificateSigned")
            await peer_world.until(
                "SELECT 1 FROM issued_certificate "
                "WHERE station_id = $1 AND use = $2 AND state = 'accepted'",
                peer.name,
                use,
            )

        assert told.status == 202
        assert asked == {"requestedMessage": trigger}
        assert answer == {"status": "Accepted"}
        assert given.get("certificateType") == kind
        assert given.get("requestId") == (7 if edition is Edition.V21 else None)
        leaf, above = x509.load_pem_x509_certificates(
            given["certificateChain"].encode()
        )
        assert leaf.subject.rfc4514_string().endswith(f"O={CSO},CN={peer.name}")
        leaf.verify_directly_issued_by(above)
        kept = await peer_world.value(
            "SELECT chain FROM issued_certificate WHERE station_id = $1", peer.name
        )
        assert kept == given["certificateChain"]

    @proves("A02.FR.12", "A03.FR.12")
    @pytest.mark.parametrize("edition", EDITIONS)
    @pytest.mark.parametrize(
        ("csr", "said"),
        [
            (a_csr("P-somebody-else"), "not for"),
            ("rubbish", "cannot be read"),
            (a_csr("{name}", forged=True), "signature"),
            (a_csr("{name}", "Somebody else"), "organization"),
        ],
        ids=["other", "rubbish", "forged", "owner"],
    )
    async def test_a_request_that_is_not_sound_is_rejected(
        self, peer_world: PeerWorld, edition: Edition, csr: str, said: str
    ) -> None:
        async with peer_world.station(edition, serialNumber="{name}") as peer:
            answer = await peer.ask(
                "SignCertificate",
                {"csr": csr, "certificateType": "ChargingStationCertificate"},
            )
            await asyncio.sleep(0.1)
            given = peer.record.asked("CertificateSigned")

        assert answer["status"] == "Rejected"
        assert answer["statusInfo"]["reasonCode"] == "InvalidCSR"
        assert said in answer["statusInfo"]["additionalInfo"]
        assert given == []
        kept = await peer_world.rows(
            "SELECT kind FROM incident WHERE station_id = $1", peer.name
        )
        assert [each["kind"] for each in kept] == ["certificate.request_refused"]
        assert not await peer_world.rows(
            "SELECT 1 FROM signing_request WHERE station_id = $1", peer.name
        )

    @proves("TC_A_14_CSMS")
    @pytest.mark.parametrize("edition", EDITIONS)
    async def test_a_station_that_refuses_its_certificate_is_left_alone(
        self, peer_world: PeerWorld, edition: Edition
    ) -> None:
        async with peer_world.station(edition) as peer:
            peer.answers["CertificateSigned"] = {"status": "Rejected"}
            answer = await peer.ask(
                "SignCertificate",
                {
                    "csr": a_csr(peer.name),
                    "certificateType": "ChargingStationCertificate",
                },
            )
            await peer_world.until(
                "SELECT 1 FROM signing_request "
                "WHERE station_id = $1 AND state = 'rejected'",
                peer.name,
            )
            given = peer.record.asked("CertificateSigned")

        assert answer == {"status": "Accepted"}
        assert len(given) == 1, "and not again"
        state = await peer_world.value(
            "SELECT state FROM issued_certificate WHERE station_id = $1", peer.name
        )
        assert state == "refused"

    async def test_an_error_is_no_refusal_and_is_tried_again(
        self, peer_world: PeerWorld
    ) -> None:
        async with peer_world.station() as peer:
            peer.answers["CertificateSigned"] = Declines("InternalError")
            await peer.ask("SignCertificate", {"csr": a_csr(peer.name)})
            waiting = await peer_world.until(
                "SELECT state, attempts, due_at > received_at AS later "
                "FROM signing_request WHERE station_id = $1 AND attempts > 0",
                peer.name,
            )

        assert waiting == [{"state": "signed", "attempts": 1, "later": True}]


class TestEvents:
    """A04."""

    @proves("A04.FR.03")
    @pytest.mark.parametrize("edition", EDITIONS)
    async def test_an_event_is_kept_before_it_is_confirmed_and_told(
        self, peer_world: PeerWorld, edition: Edition
    ) -> None:
        async with peer_world.station(edition) as peer:
            answer = await peer.ask(
                "SecurityEventNotification",
                {
                    "type": "TamperDetectionActivated",
                    "timestamp": peer_world.now(),
                    "techInfo": "the door was opened",
                },
            )
            kept = await peer_world.rows(
                "SELECT type, critical, severity, tech_info FROM security_event "
                "WHERE station_id = $1",
                peer.name,
            )

        assert answer == {}
        assert kept == [
            {
                "type": "TamperDetectionActivated",
                "critical": True,
                "severity": 2,
                "tech_info": "the door was opened",
            }
        ]
        told = await peer_world.rows(
            "SELECT kind, severity FROM incident WHERE station_id = $1", peer.name
        )
        assert told == [
            {"kind": "security.TamperDetectionActivated", "severity": "critical"}
        ]
        listed = await peer_world.get(f"security-events?station={peer.name}")
        assert only(listed.body["items"])["type"] == "TamperDetectionActivated"

    async def test_what_nobody_must_act_on_is_kept_and_not_told(
        self, peer_world: PeerWorld
    ) -> None:
        async with peer_world.station() as peer:
            for kind in (
                "InvalidMessages",
                "SomethingOfTheMakers",
                "StartupOfTheDevice",
            ):
                said = {"type": kind, "timestamp": peer_world.now()}
                await peer.ask("SecurityEventNotification", said)

        kept = await peer_world.rows(
            "SELECT type, critical FROM security_event WHERE station_id = $1 "
            "ORDER BY id",
            peer.name,
        )
        assert kept == [
            {"type": "InvalidMessages", "critical": False},
            {"type": "SomethingOfTheMakers", "critical": False},
            {"type": "StartupOfTheDevice", "critical": True},
        ]
        assert not await peer_world.rows(
            "SELECT 1 FROM incident WHERE station_id = $1", peer.name
        )


class TestUpgrade:
    """A05."""

    @proves("A05.FR.07", "A00.FR.002", "TC_A_19_CSMS")
    @pytest.mark.parametrize("edition", EDITIONS)
    async def test_a_station_comes_back_by_tls_and_by_nothing_less(
        self, peer_world: PeerWorld, edition: Edition
    ) -> None:
        async with peer_world.station(edition) as peer:
            peer.model[ORDER] = ("0", True)
            told = await peer_world.post(
                f"stations/{peer.name}/upgrade", {"profile": 2}
            )
            root = await peer.heard("InstallCertificate")
            slot = await peer.heard("SetNetworkProfile")
            order = await peer.heard(
                "SetVariables",
                lambda said: set_to(said, "NetworkConfigurationPriority") is not None,
            )
            reset = await peer.heard("Reset")

        assert told.status == 202, told.body
        assert root["certificateType"] == "CSMSRootCertificate"
        data = slot["connectionData"]
        assert data["securityProfile"] == 2
        assert data["ocppTransport"] == "JSON"
        assert data["ocppCsmsUrl"] == (
            f"wss://localhost:{SETTINGS['ocpp_tls_port']}/ocpp"
        )
        former = "0"
        number = slot["configurationSlot"]
        assert set_to(order, "NetworkConfigurationPriority") == f"{number},{former}"
        assert reset == {"type": "OnIdle"}
        async with over_tls(peer, root["certificate"]):
            await peer_world.until(
                "SELECT 1 FROM security_upgrade WHERE station_id = $1 "
                "AND state = 'done'",
                peer.name,
            )
        with pytest.raises(InvalidStatus) as refused:
            async with back(peer_world, peer, PASSWORD):
                pass
        assert refused.value.response.status_code == 403
        least = await peer_world.value(
            "SELECT least FROM station_security WHERE station_id = $1", peer.name
        )
        assert least == 2

    async def test_a_station_that_refuses_the_order_is_told_the_former_one(
        self, peer_world: PeerWorld
    ) -> None:
        async with peer_world.station() as peer:
            peer.model[ORDER] = ("0", False)
            await peer_world.post(f"stations/{peer.name}/upgrade", {"profile": 2})
            await peer_world.until(
                "SELECT 1 FROM security_upgrade WHERE station_id = $1 "
                "AND state = 'fell_back'",
                peer.name,
            )
            resets = peer.record.asked("Reset")

        assert resets == []
        async with back(peer_world, peer, PASSWORD) as again:
            assert (await again.boot())["status"] == "Accepted"

    async def test_a_profile_is_not_lowered_by_a_command(
        self, peer_world: PeerWorld
    ) -> None:
        async with peer_world.station() as peer:
            path = f"stations/{peer.name}/security"
            await peer_world.put(path, {"least_profile": 3})
            told = await peer_world.command(
                peer,
                "SetNetworkProfile",
                {
                    "configurationSlot": 1,
                    "connectionData": {
                        "ocppInterface": "Wired0",
                        "ocppTransport": "JSON",
                        "messageTimeout": 30,
                        "ocppCsmsUrl": "wss://csms.example.org/ocpp",
                        "securityProfile": 2,
                    },
                },
            )
            sent = peer.record.asked("SetNetworkProfile")

        assert told.status == 403
        assert told.body["code"] == "downgrade"
        assert sent == []


@contextlib.asynccontextmanager
async def over_tls(peer: Peer, root: str) -> AsyncIterator[None]:
    """Have a station come in by security profile 2."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=root)
    login = build_authorization_basic(peer.name, PASSWORD)
    async with websockets.connect(
        f"wss://127.0.0.1:{SETTINGS['ocpp_tls_port']}/ocpp/{peer.name}",
        subprotocols=[Subprotocol(peer.edition.value)],
        additional_headers={"Authorization": login},
        server_hostname="localhost",
        ssl=context,
        proxy=None,
    ):
        yield
