"""Roots over HTTP: trusted, installed, deleted, on a real database and on the wire."""

from datetime import timedelta
from itertools import product
from typing import Any

import httpx
import pytest

from csms.domain.certificate import Digest
from csms.domain.station import (
    EDITION_201,
    Presence,
    Variable,
    VariableKey,
)
from csms.ocpp.link import Refused, Unanswered
from tests.authorities import NOW, Party, Wish, issue, leaf, weak_key
from tests.certificate_world import CertificateKeeper, hash_data
from tests.http.nodes import HOME_1, Stage
from tests.proving import proves

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("peopled")]
ROOTS = "/api/v1/certificates/roots"
STATION = HOME_1.station
HERE = f"/api/v1/stations/{STATION}"
CERTIFICATES = f"{HERE}/certificates"
USES = ("V2G", "MO", "CSMS", "Manufacturer", "OEM")
Json = dict[str, Any]

OLD = issue("CSMS Root 1")
NEW = issue("CSMS Root 2")
V2G = issue("V2G Root")
INTERMEDIATE = issue("CPO Sub 1", V2G)


UNFIT = (
    ("V2G", "unreadable-certificate", "garbage"),
    ("V2G", "unreadable-certificate", V2G.pem + OLD.pem),
    ("V2G", "malformed-request", "A" * 64_001),
    ("V2G", "unfit-root", INTERMEDIATE.pem),
    ("V2G", "unfit-root", leaf("leaf", V2G).pem),
    ("MO", "unfit-root", issue("old", wish=Wish(until=NOW - timedelta(days=1))).pem),
    ("MO", "unfit-root", issue("weak", wish=Wish(key=weak_key())).pem),
)


def use_of(word: str) -> str:
    return f"{word}RootCertificate"


def keeper(stage: Stage, *held: tuple[str, Party]) -> CertificateKeeper:
    """Let the station keep certificates."""
    kept = CertificateKeeper([(use_of(word), party) for word, party in held])
    stage.links[STATION] = kept.link(STATION)
    return kept


def asked(stage: Stage, action: str) -> list[Json]:
    return [said for name, said, _ in stage.links[STATION].asked if name == action]


async def trust(admin: httpx.AsyncClient, word: str, party: Party) -> Json:
    answer = await admin.post(ROOTS, json={"use": use_of(word), "pem": party.pem})
    assert answer.status_code == 201, answer.text
    said: Json = answer.json()
    return said


async def install(admin: httpx.AsyncClient, word: str, party: Party) -> httpx.Response:
    body = {"use": use_of(word), "fingerprint": party.fingerprint}
    return await admin.post(CERTIFICATES, json=body)


async def held(admin: httpx.AsyncClient) -> list[Json]:
    answer = await admin.post(f"{CERTIFICATES}/read")
    assert answer.status_code == 200, answer.text
    items: list[Json] = answer.json()["held"]
    return items


async def variable(stage: Stage, name: str, value: str, **characteristics: int) -> None:
    key = VariableKey("SecurityCtrlr", name)
    said = Variable(key, value=value, characteristics=characteristics or None)
    async with stage.node.begin() as work:
        await work.models.replace(STATION, [said], stage.clock.now())


class TestTrust:
    async def test_a_root_is_trusted_shown_and_removed(
        self, peopled: Stage, admin: httpx.AsyncClient
    ) -> None:
        said = await trust(admin, "V2G", V2G)
        one = f"{ROOTS}/V2GRootCertificate/{V2G.fingerprint}"
        shown = (await admin.get(one)).json()
        listed = (await admin.get(f"{ROOTS}?use=V2GRootCertificate")).json()["items"]
        again = await admin.post(
            ROOTS, json={"use": "V2GRootCertificate", "pem": V2G.pem}
        )

        assert said["fingerprint"] == V2G.fingerprint
        assert shown["pem"] == V2G.pem
        assert [each["hash_algorithm"] for each in shown["hashes"]] == list(Digest)
        assert shown["hashes"][0] == _snake(hash_data(V2G))
        assert [each["subject"] for each in listed] == ["CN=V2G Root,O=Example"]
        assert again.status_code == 409
        assert (await admin.delete(one)).status_code == 204
        assert (await admin.delete(one)).status_code == 404
        trail = (await admin.get("/api/v1/audit?limit=2")).json()["items"]
        assert [each["action"] for each in trail] == ["root.removed", "root.added"]
        assert peopled.node.certificates.trust.roots == ()

    async def test_what_cannot_serve_is_refused_with_a_remedy(
        self, admin: httpx.AsyncClient
    ) -> None:
        for word, code, pem in UNFIT:
            answer = await admin.post(ROOTS, json={"use": use_of(word), "pem": pem})

            said = answer.json()
            assert (answer.status_code, said["code"]) == (422, code), pem[:99]
            assert (said["field"], bool(said["remedy"])) == ("pem", True)
        assert (await admin.get(ROOTS)).json()["items"] == []

    async def test_a_root_that_stations_are_to_hold_is_not_removed(
        self, peopled: Stage, admin: httpx.AsyncClient
    ) -> None:
        keeper(peopled)
        await trust(admin, "V2G", V2G)
        await install(admin, "V2G", V2G)

        answer = await admin.delete(f"{ROOTS}/V2GRootCertificate/{V2G.fingerprint}")

        assert (answer.status_code, answer.json()["code"]) == (409, "root-in-use")

    async def test_the_store_is_there_after_a_restart(
        self, peopled: Stage, admin: httpx.AsyncClient
    ) -> None:
        await trust(admin, "MO", V2G)
        store = peopled.node.certificates.trust
        before = store.roots
        await store.load()

        assert store.roots == before


def _snake(said: Json) -> Json:
    return {
        "hash_algorithm": said["hashAlgorithm"],
        "issuer_name_hash": said["issuerNameHash"],
        "issuer_key_hash": said["issuerKeyHash"],
        "serial_number": said["serialNumber"],
    }


class TestInstalling:
    """M05."""

    @proves("TC_M_01_CSMS", "TC_M_02_CSMS", "TC_M_03_CSMS", "TC_M_04_CSMS")
    async def test_a_root_of_every_use_is_installed_and_seen(
        self, peopled: Stage, admin: httpx.AsyncClient
    ) -> None:
        keeper(peopled)
        for word in USES:
            await trust(admin, word, V2G)

            answer = await install(admin, word, V2G)

            assert answer.json() == {
                "done": True,
                "status": "Accepted",
                "info": "",
                "verified": True,
            }
        assert asked(peopled, "InstallCertificate") == [
            {"certificateType": use_of(word), "certificate": V2G.pem} for word in USES
        ]
        async with peopled.node.begin() as work:
            intents = await work.certificates.intents(STATION)
            holding = await work.certificates.holding(STATION)
        assert {(each.stage, each.present, each.by) for each in intents} == {
            ("verified", True, "the admin")
        }
        wanted = sorted(use_of(word) for word in USES)
        assert [each.use for each in intents] == wanted
        assert [each.use for each in holding.certificates] == wanted
        trail = (await admin.get("/api/v1/audit?limit=1")).json()["items"]
        assert trail[0]["action"] == "certificate.install"

    @proves("TC_M_05_CSMS")
    @pytest.mark.parametrize("status", ["Failed", "Rejected"])
    async def test_a_refusal_is_kept_with_its_reason(
        self, peopled: Stage, admin: httpx.AsyncClient, status: str
    ) -> None:
        info = {"reasonCode": "InvalidCertificate", "additionalInfo": "too old"}
        kept = keeper(peopled)
        kept.refuses["InstallCertificate"] = {"status": status, "statusInfo": info}
        await trust(admin, "CSMS", NEW)

        answer = (await install(admin, "CSMS", NEW)).json()

        assert (answer["done"], answer["status"]) == (False, status)
        assert answer["info"] == "InvalidCertificate: too old"
        shown = (await admin.get(CERTIFICATES)).json()
        assert shown["intents"][0]["stage"] == status.lower()
        assert shown["held"] == []

    @pytest.mark.parametrize(
        ("problem", "code", "kept_as"),
        [
            (Unanswered(), 504, "unknown"),
            (Refused("InternalError", "no"), 502, "failed"),
        ],
    )
    async def test_silence_leaves_it_open(
        self,
        peopled: Stage,
        admin: httpx.AsyncClient,
        problem: Exception,
        code: int,
        kept_as: str,
    ) -> None:
        keeper(peopled).refuses["InstallCertificate"] = problem
        await trust(admin, "CSMS", NEW)

        answer = await install(admin, "CSMS", NEW)

        assert answer.status_code == code
        shown = (await admin.get(CERTIFICATES)).json()
        assert shown["intents"][0]["stage"] == kept_as

    async def test_a_station_that_forgets_at_once_is_seen(
        self, peopled: Stage, admin: httpx.AsyncClient
    ) -> None:
        keeper(peopled).deaf = True
        await trust(admin, "V2G", V2G)

        answer = (await install(admin, "V2G", V2G)).json()

        assert (answer["done"], answer["verified"]) == (True, False)
        shown = (await admin.get(CERTIFICATES)).json()
        assert [(each["kind"], each["subject"]) for each in shown["drift"]] == [
            ("missing", "CN=V2G Root,O=Example")
        ]

    async def test_what_the_station_lacks_is_said_before_anything_is_sent(
        self, peopled: Stage, admin: httpx.AsyncClient
    ) -> None:
        keeper(peopled)
        await trust(admin, "OEM", V2G)
        await trust(admin, "MO", V2G)
        await variable(peopled, "CertificateEntries", "3", maxLimit=3)
        async with peopled.node.begin() as work:
            await work.stations.save_presence(
                [Presence(STATION, peopled.clock.now(), EDITION_201, "127.0.0.1")]
            )
            station = await work.stations.find(STATION)
        assert station is not None
        peopled.node.book.put_station(station)

        old = (await install(admin, "OEM", V2G)).json()
        full = (await install(admin, "MO", V2G)).json()
        unknown = await install(admin, "MO", OLD)

        assert (old["code"], old["field"]) == ("not-in-edition", "use")
        assert full["code"] == "certificates-full"
        assert "3" in full["detail"]
        assert unknown.status_code == 404
        assert peopled.links[STATION].asked == []

    async def test_an_expired_root_is_not_installed(
        self, peopled: Stage, admin: httpx.AsyncClient
    ) -> None:
        keeper(peopled)
        short = issue("short", wish=Wish(until=NOW + timedelta(days=1)))
        await trust(admin, "MO", short)
        peopled.clock.jump_to(NOW + timedelta(days=2))

        answer = await install(admin, "MO", short)

        assert (answer.status_code, answer.json()["code"]) == (422, "unfit-root")
        assert peopled.links[STATION].asked == []

    async def test_an_intermediate_is_never_installed(
        self, peopled: Stage, admin: httpx.AsyncClient
    ) -> None:
        keeper(peopled)
        body = {"use": "IntermediateCertificate", "pem": INTERMEDIATE.pem}
        assert (await admin.post(ROOTS, json=body)).status_code == 201

        answer = await admin.post(
            CERTIFICATES,
            json={
                "use": "IntermediateCertificate",
                "fingerprint": INTERMEDIATE.fingerprint,
            },
        )

        assert answer.json()["code"] == "not-in-edition"

    async def test_a_checked_station_takes_only_a_successor(
        self, peopled: Stage, admin: httpx.AsyncClient
    ) -> None:
        """M05.FR.10 and M05.FR.11, seen before they cost a message."""
        kept = keeper(peopled, ("CSMS", OLD))
        successor = issue("CSMS Root 2", OLD)
        for each in (OLD, NEW, successor):
            await trust(admin, "CSMS", each)
        await variable(peopled, "AdditionalRootCertificateCheck", "true")
        kept.known = [OLD]
        await held(admin)

        stranger = await install(admin, "CSMS", NEW)
        child = await install(admin, "CSMS", successor)

        assert stranger.json()["code"] == "no-successor"
        assert child.json()["verified"] is True
        assert len(asked(peopled, "InstallCertificate")) == 1


class TestReading:
    """M03."""

    @proves(
        "TC_M_12_CSMS", "TC_M_13_CSMS", "TC_M_14_CSMS", "TC_M_16_CSMS", "TC_M_17_CSMS"
    )
    async def test_what_is_held_is_known_by_any_algorithm(
        self, peopled: Stage, admin: httpx.AsyncClient
    ) -> None:
        kept = keeper(peopled, *((each, OLD) for each in USES))
        for word in USES:
            await trust(admin, word, OLD)
        sets = [[word] for word in USES] + [["CSMS", "Manufacturer"]]
        for kept.digest, words in product(Digest, sets):
            wanted = [use_of(word) for word in words]

            found = await peopled.node.certificates.stations.read(STATION, wanted)

            assert found
            said = asked(peopled, "GetInstalledCertificateIds")[-1]
            assert said == {"certificateType": wanted}
            shown = [
                each
                for each in (await admin.get(CERTIFICATES)).json()["held"]
                if each["use"] in wanted
            ]
            assert [each["use"] for each in shown] == sorted(wanted)
            assert {each["fingerprint"] for each in shown} == {OLD.fingerprint}
            assert shown[0]["hash"] == _snake(hash_data(OLD, kept.digest))

    @proves("TC_M_15_CSMS")
    async def test_a_chain_is_kept_with_its_children(
        self, peopled: Stage, admin: httpx.AsyncClient
    ) -> None:
        secc = leaf("SECC", INTERMEDIATE)
        kept = keeper(peopled)
        kept.chains = [
            {
                "certificateType": "V2GCertificateChain",
                "certificateHashData": hash_data(secc),
                "childCertificateHashData": [hash_data(INTERMEDIATE)],
            }
        ]

        await peopled.node.certificates.stations.read(STATION, ["V2GCertificateChain"])

        assert asked(peopled, "GetInstalledCertificateIds") == [
            {"certificateType": ["V2GCertificateChain"]}
        ]
        shown = (await admin.get(CERTIFICATES)).json()["held"]
        assert [each["children"] for each in shown] == [
            [_snake(hash_data(INTERMEDIATE))]
        ]

    @proves("TC_M_18_CSMS")
    async def test_everything_is_asked_for_without_a_type(
        self, peopled: Stage, admin: httpx.AsyncClient
    ) -> None:
        keeper(peopled, *((each, OLD) for each in USES))

        found = await held(admin)

        assert asked(peopled, "GetInstalledCertificateIds") == [{}]
        assert len(found) == len(USES)
        assert {each["fingerprint"] for each in found} == {None}

    @proves("TC_M_19_CSMS")
    async def test_nothing_found_is_an_answer(
        self, peopled: Stage, admin: httpx.AsyncClient
    ) -> None:
        kept = keeper(peopled, ("Manufacturer", OLD), ("V2G", V2G))
        await held(admin)
        kept.held.pop(0)
        wanted = ["ManufacturerRootCertificate"]

        found = await peopled.node.certificates.stations.read(STATION, wanted)

        assert not found
        assert asked(peopled, "GetInstalledCertificateIds")[1] == {
            "certificateType": wanted
        }
        shown = (await admin.get(CERTIFICATES)).json()
        assert [each["use"] for each in shown["held"]] == ["V2GRootCertificate"]
        assert shown["reported_at"] is not None

    async def test_a_station_that_is_away_is_told_so(
        self, admin: httpx.AsyncClient
    ) -> None:
        answer = await admin.post(f"{CERTIFICATES}/read")

        assert (answer.status_code, answer.json()["code"]) == (503, "station-silent")


class TestDeleting:
    """M04."""

    @proves("M04.FR.07", "TC_M_20_CSMS")
    @pytest.mark.parametrize("digest", list(Digest))
    async def test_a_certificate_is_named_as_the_station_named_it(
        self, peopled: Stage, admin: httpx.AsyncClient, digest: Digest
    ) -> None:
        kept = keeper(peopled, ("CSMS", OLD), ("CSMS", NEW))
        kept.digest = digest
        await trust(admin, "CSMS", OLD)
        await trust(admin, "CSMS", NEW)
        gone = next(
            each for each in await held(admin) if each["fingerprint"] == OLD.fingerprint
        )

        answer = await admin.delete(f"{CERTIFICATES}/{gone['id']}")

        assert answer.json()["done"]
        assert answer.json()["verified"] is True
        assert asked(peopled, "DeleteCertificate") == [
            {"certificateHashData": hash_data(OLD, digest)}
        ]
        order = [each[0] for each in peopled.links[STATION].asked[1:]]
        assert order == [
            "GetInstalledCertificateIds",
            "DeleteCertificate",
            "GetInstalledCertificateIds",
        ]
        shown = (await admin.get(CERTIFICATES)).json()
        assert [each["fingerprint"] for each in shown["held"]] == [NEW.fingerprint]
        assert (shown["intents"][0]["present"], shown["intents"][0]["stage"]) == (
            False,
            "verified",
        )
        trail = (await admin.get("/api/v1/audit?limit=1")).json()["items"]
        assert trail[0]["action"] == "certificate.delete"

    @proves("TC_M_21_CSMS")
    async def test_a_station_that_cannot_delete_it_is_heard(
        self, peopled: Stage, admin: httpx.AsyncClient
    ) -> None:
        kept = keeper(peopled, ("CSMS", OLD), ("CSMS", NEW))
        kept.refuses["DeleteCertificate"] = {"status": "Failed"}
        await trust(admin, "CSMS", OLD)
        await trust(admin, "CSMS", NEW)
        gone = (await held(admin))[0]

        answer = (await admin.delete(f"{CERTIFICATES}/{gone['id']}")).json()

        assert (answer["done"], answer["status"]) == (False, "Failed")
        assert asked(peopled, "DeleteCertificate") == [
            {"certificateHashData": _camel(gone["hash"])}
        ]
        shown = (await admin.get(CERTIFICATES)).json()
        assert len(shown["held"]) == 2
        assert shown["intents"][0]["stage"] == "failed"
        assert [each["kind"] for each in shown["drift"]] == ["lingering"]

    async def test_a_yes_that_changes_nothing_is_seen(
        self, peopled: Stage, admin: httpx.AsyncClient
    ) -> None:
        keeper(peopled, ("V2G", V2G)).keeps = True
        await trust(admin, "V2G", V2G)
        gone = (await held(admin))[0]

        answer = (await admin.delete(f"{CERTIFICATES}/{gone['id']}")).json()

        assert (answer["done"], answer["verified"]) == (True, False)

    async def test_what_is_not_there_is_not_found(
        self, peopled: Stage, admin: httpx.AsyncClient
    ) -> None:
        keeper(peopled, ("V2G", V2G))

        answer = await admin.delete(f"{CERTIFICATES}/0123456789abcdef0123")

        assert (answer.status_code, answer.json()["code"]) == (404, "not-installed")
        assert asked(peopled, "DeleteCertificate") == []


def _camel(said: Json) -> Json:
    return {
        "hashAlgorithm": said["hash_algorithm"],
        "issuerNameHash": said["issuer_name_hash"],
        "issuerKeyHash": said["issuer_key_hash"],
        "serialNumber": said["serial_number"],
    }


class TestTheLastRoot:
    """No station loses the last root that it needs to reach us (M04, remark)."""

    async def forbidden(self, stage: Stage, admin: httpx.AsyncClient) -> None:
        """Try to delete the old root, by the resource and as a raw command."""
        gone = next(
            each
            for each in await held(admin)
            if each["hash"]["serial_number"] == f"{OLD.serial:x}"
        )
        answer = await admin.delete(f"{CERTIFICATES}/{gone['id']}")
        raw = await admin.post(
            f"{HERE}/commands/DeleteCertificate",
            json={"certificateHashData": _camel(gone["hash"])},
        )

        assert (answer.status_code, answer.json()["code"]) == (403, "last-root")
        assert (raw.status_code, raw.json()["code"]) == (403, "last-root")
        assert asked(stage, "DeleteCertificate") == []

    async def test_the_only_one_stays(
        self, peopled: Stage, admin: httpx.AsyncClient
    ) -> None:
        keeper(peopled, ("CSMS", OLD), ("V2G", V2G))
        await trust(admin, "CSMS", OLD)

        await self.forbidden(peopled, admin)

    async def test_another_that_nobody_here_knows_does_not_count(
        self, peopled: Stage, admin: httpx.AsyncClient
    ) -> None:
        keeper(peopled, ("CSMS", OLD), ("CSMS", NEW))
        await trust(admin, "CSMS", OLD)

        await self.forbidden(peopled, admin)

    async def test_another_that_has_expired_does_not_count(
        self, peopled: Stage, admin: httpx.AsyncClient
    ) -> None:
        short = issue("CSMS Root 0", wish=Wish(until=NOW + timedelta(days=1)))
        keeper(peopled, ("CSMS", OLD), ("CSMS", short))
        await trust(admin, "CSMS", OLD)
        await trust(admin, "CSMS", short)
        peopled.clock.jump_to(NOW + timedelta(days=2))

        await self.forbidden(peopled, admin)

    async def test_what_counts_is_what_it_holds_now(
        self, peopled: Stage, admin: httpx.AsyncClient
    ) -> None:
        """It held two when it was asked last, and lost one since."""
        kept = keeper(peopled, ("CSMS", OLD), ("CSMS", NEW))
        await trust(admin, "CSMS", OLD)
        await trust(admin, "CSMS", NEW)
        await held(admin)
        kept.held.pop()

        await self.forbidden(peopled, admin)

    async def test_a_raw_command_to_a_silent_station_is_refused(
        self, peopled: Stage, admin: httpx.AsyncClient
    ) -> None:
        kept = keeper(peopled, ("CSMS", OLD))
        kept.refuses["GetInstalledCertificateIds"] = Unanswered()

        raw = await admin.post(
            f"{HERE}/commands/DeleteCertificate",
            json={"certificateHashData": hash_data(OLD)},
        )

        assert (raw.status_code, raw.json()["code"]) == (403, "last-root")
        assert asked(peopled, "DeleteCertificate") == []

    async def test_a_raw_command_may_delete_others(
        self, peopled: Stage, admin: httpx.AsyncClient
    ) -> None:
        keeper(peopled, ("CSMS", OLD), ("MO", V2G))
        await trust(admin, "CSMS", OLD)

        raw = await admin.post(
            f"{HERE}/commands/DeleteCertificate",
            json={"certificateHashData": hash_data(V2G)},
        )

        assert raw.json()["payload"] == {"status": "Accepted"}

    async def test_a_raw_installation_is_checked_too(
        self, peopled: Stage, admin: httpx.AsyncClient
    ) -> None:
        keeper(peopled)
        for word, _, pem in UNFIT:
            if len(pem) > 10_000:
                continue
            raw = await admin.post(
                f"{HERE}/commands/InstallCertificate",
                json={"certificateType": use_of(word), "certificate": pem},
            )
            assert raw.status_code == 422
        assert peopled.links[STATION].asked == []

    async def test_a_serving_root_must_remain_where_it_is_known(
        self, peopled: Stage, admin: httpx.AsyncClient
    ) -> None:
        class Serving:
            def serving(self) -> frozenset[str] | None:
                return frozenset({OLD.fingerprint})

        stations = peopled.node.certificates.stations
        object.__setattr__(stations.rules, "serving", Serving())
        keeper(peopled, ("CSMS", OLD), ("CSMS", NEW))
        await trust(admin, "CSMS", OLD)
        await trust(admin, "CSMS", NEW)

        await self.forbidden(peopled, admin)


async def test_a_rejected_station_is_not_asked(
    peopled: Stage, admin: httpx.AsyncClient
) -> None:
    keeper(peopled)
    await admin.put(f"{HERE}/standing", json={"standing": "rejected"})

    answer = await admin.post(f"{CERTIFICATES}/read")

    assert (answer.status_code, answer.json()["code"]) == (403, "station-rejected")
