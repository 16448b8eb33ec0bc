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
from tests.authorities import NOW, Party, Wish, issue, leaf, small_key, weak_key
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
    ("CSMS", "unfit-root", issue("small", wish=Wish(key=small_key())).pem),
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

    @proves("A00.FR.501", "A00.FR.502", "A00.FR.503")
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
    async def test_a_refusal_is_kept_with_its_reason_and_silence_leaves_it_open(
        self, peopled: Stage, admin: httpx.AsyncClient
    ) -> None:
        kept = keeper(peopled)
        await trust(admin, "CSMS", NEW)
        info = {"reasonCode": "InvalidCertificate", "additionalInfo": "too old"}
        cases: list[tuple[Json | Exception, int, str, str]] = [
            ({"status": "Failed", "statusInfo": info}, 200, "Failed", "failed"),
            ({"status": "Rejected", "statusInfo": info}, 200, "Rejected", "rejected"),
            (Unanswered(), 504, "NoAnswer", "unknown"),
            (Refused("InternalError", "no"), 502, "CallError", "failed"),
        ]
        for said, code, status, stage in cases:
            kept.refuses["InstallCertificate"] = said

            answer = await install(admin, "CSMS", NEW)

            assert answer.status_code == code
            outcome = answer.json()
            assert (outcome["done"], outcome["status"]) == (False, status)
            if code == 200:
                assert outcome["info"] == "InvalidCertificate: too old"
            shown = (await admin.get(CERTIFICATES)).json()
            assert (shown["intents"][0]["stage"], shown["held"]) == (stage, [])

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

    async def test_an_expired_root_and_an_intermediate_are_not_installed(
        self, peopled: Stage, admin: httpx.AsyncClient
    ) -> None:
        keeper(peopled)
        short = issue("short", wish=Wish(until=NOW + timedelta(days=1)))
        await trust(admin, "MO", short)
        body = {"use": "IntermediateCertificate", "pem": INTERMEDIATE.pem}
        assert (await admin.post(ROOTS, json=body)).status_code == 201
        peopled.clock.jump_to(NOW + timedelta(days=2))

        expired = await install(admin, "MO", short)
        between = await admin.post(
            CERTIFICATES,
            json={
                "use": "IntermediateCertificate",
                "fingerprint": INTERMEDIATE.fingerprint,
            },
        )

        assert (expired.status_code, expired.json()["code"]) == (422, "unfit-root")
        assert between.json()["code"] == "not-in-edition"
        assert peopled.links[STATION].asked == []

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

    @proves("TC_M_15_CSMS", "TC_M_18_CSMS", "TC_M_19_CSMS")
    async def test_chains_everything_and_nothing_are_answers(
        self, peopled: Stage, admin: httpx.AsyncClient
    ) -> None:
        kept = keeper(peopled, *((each, OLD) for each in USES))
        chain = {
            "certificateType": "V2GCertificateChain",
            "certificateHashData": hash_data(leaf("SECC", INTERMEDIATE)),
            "childCertificateHashData": [hash_data(INTERMEDIATE)],
        }
        kept.chains = [chain]
        stations = peopled.node.certificates.stations

        everything = await held(admin)
        assert asked(peopled, "GetInstalledCertificateIds")[-1] == {}
        assert len(everything) == len(USES) + 1
        assert {each["fingerprint"] for each in everything} == {None}

        assert await stations.read(STATION, ["V2GCertificateChain"])
        assert asked(peopled, "GetInstalledCertificateIds")[-1] == {
            "certificateType": ["V2GCertificateChain"]
        }
        shown = (await admin.get(CERTIFICATES)).json()["held"]
        assert [_camel(each["hash"]) for each in shown if each["children"]] == [
            chain["certificateHashData"]
        ]
        assert [each["children"] for each in shown if each["children"]] == [
            [_snake(hash_data(INTERMEDIATE))]
        ]

        kept.held = [each for each in kept.held if "Manufacturer" not in each[0]]
        wanted = ["ManufacturerRootCertificate"]
        assert not await stations.read(STATION, wanted)
        assert asked(peopled, "GetInstalledCertificateIds")[-1] == {
            "certificateType": wanted
        }
        left = (await admin.get(CERTIFICATES)).json()
        assert len(left["held"]) == len(USES)
        assert "ManufacturerRootCertificate" not in {
            each["use"] for each in left["held"]
        }

    async def test_who_is_away_or_rejected_is_not_asked(
        self, peopled: Stage, admin: httpx.AsyncClient
    ) -> None:
        away = await admin.post(f"{CERTIFICATES}/read")
        keeper(peopled)
        await admin.put(f"{HERE}/standing", json={"standing": "rejected"})
        rejected = await admin.post(f"{CERTIFICATES}/read")

        assert (away.status_code, away.json()["code"]) == (504, "station-silent")
        assert (rejected.status_code, rejected.json()["code"]) == (
            403,
            "station-rejected",
        )
        assert peopled.links[STATION].asked == []


class TestDeleting:
    """M04."""

    @proves("M04.FR.07", "TC_M_20_CSMS")
    async def test_a_certificate_is_named_as_the_station_named_it(
        self, peopled: Stage, admin: httpx.AsyncClient
    ) -> None:
        await trust(admin, "CSMS", OLD)
        await trust(admin, "CSMS", NEW)
        for digest in Digest:
            keeper(peopled, ("CSMS", OLD), ("CSMS", NEW)).digest = digest
            gone = _of(OLD, await held(admin))

            answer = await admin.delete(f"{CERTIFICATES}/{gone['id']}")

            assert (answer.json()["done"], answer.json()["verified"]) == (True, True)
            assert asked(peopled, "DeleteCertificate") == [
                {"certificateHashData": hash_data(OLD, digest)}
            ]
            assert [each[0] for each in peopled.links[STATION].asked[1:]] == [
                "GetInstalledCertificateIds",
                "DeleteCertificate",
                "GetInstalledCertificateIds",
            ]
            shown = (await admin.get(CERTIFICATES)).json()
            [left] = shown["held"]
            [intent] = shown["intents"]
            assert left["fingerprint"] == NEW.fingerprint
            assert (intent["present"], intent["stage"]) == (False, "verified")
        trail = (await admin.get("/api/v1/audit?limit=1")).json()["items"]
        assert trail[0]["action"] == "certificate.delete"

    @proves("TC_M_21_CSMS")
    async def test_a_station_that_does_not_delete_it_is_seen(
        self, peopled: Stage, admin: httpx.AsyncClient
    ) -> None:
        kept = keeper(peopled, ("CSMS", OLD), ("CSMS", NEW))
        await trust(admin, "CSMS", OLD)
        await trust(admin, "CSMS", NEW)
        gone = _of(OLD, await held(admin))
        here = f"{CERTIFICATES}/{gone['id']}"

        kept.refuses["DeleteCertificate"] = {"status": "Failed"}
        failed = (await admin.delete(here)).json()
        assert (failed["done"], failed["status"]) == (False, "Failed")
        assert asked(peopled, "DeleteCertificate") == [
            {"certificateHashData": _camel(gone["hash"])}
        ]
        shown = (await admin.get(CERTIFICATES)).json()
        assert (len(shown["held"]), shown["intents"][0]["stage"]) == (2, "failed")
        assert [each["kind"] for each in shown["drift"]] == ["lingering"]

        kept.refuses.clear()
        kept.keeps = True
        pretended = (await admin.delete(here)).json()
        assert (pretended["done"], pretended["verified"]) == (True, False)

        missing = await admin.delete(f"{CERTIFICATES}/0123456789abcdef0123")
        assert (missing.status_code, missing.json()["code"]) == (404, "not-installed")
        assert len(asked(peopled, "DeleteCertificate")) == 2


def _of(party: Party, found: list[Json]) -> Json:
    serial = f"{party.serial:x}"
    return next(each for each in found if each["hash"]["serial_number"] == serial)


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
        gone = _of(OLD, (await admin.get(CERTIFICATES)).json()["held"])
        answer = await admin.delete(f"{CERTIFICATES}/{gone['id']}")
        raw = await admin.post(
            f"{HERE}/commands/DeleteCertificate",
            json={"certificateHashData": _camel(gone["hash"])},
        )

        assert (answer.status_code, answer.json()["code"]) == (403, "last-root")
        assert (raw.status_code, raw.json()["code"]) == (403, "last-root")
        assert asked(stage, "DeleteCertificate") == []

    async def test_the_last_one_stays(
        self, peopled: Stage, admin: httpx.AsyncClient
    ) -> None:
        await trust(admin, "CSMS", OLD)
        kept = keeper(peopled, ("CSMS", OLD), ("V2G", V2G))
        await held(admin)
        await self.forbidden(peopled, admin)

        kept.held.append((use_of("CSMS"), NEW))
        await self.forbidden(peopled, admin)  # for nobody here knows the other one

        await trust(admin, "CSMS", NEW)
        await held(admin)
        kept.held.pop()
        await self.forbidden(peopled, admin)  # for what counts is what it holds now

        kept.refuses["GetInstalledCertificateIds"] = Unanswered()
        raw = await admin.post(
            f"{HERE}/commands/DeleteCertificate",
            json={"certificateHashData": hash_data(OLD)},
        )
        assert (raw.status_code, raw.json()["code"]) == (403, "last-root")
        assert asked(peopled, "DeleteCertificate") == []

        kept.refuses.clear()
        by_other_hashes = await admin.post(
            f"{HERE}/commands/DeleteCertificate",
            json={"certificateHashData": hash_data(OLD, Digest.SHA384)},
        )
        assert by_other_hashes.json()["code"] == "not-installed"
        assert asked(peopled, "DeleteCertificate") == []

        other = await admin.post(
            f"{HERE}/commands/DeleteCertificate",
            json={"certificateHashData": hash_data(V2G)},
        )
        assert other.json()["payload"] == {"status": "Accepted"}

    async def test_one_that_expired_or_that_we_do_not_serve_does_not_count(
        self, peopled: Stage, admin: httpx.AsyncClient
    ) -> None:
        short = issue("CSMS Root 0", wish=Wish(until=NOW + timedelta(days=1)))
        keeper(peopled, ("CSMS", OLD), ("CSMS", short))
        for each in (OLD, NEW, short):
            await trust(admin, "CSMS", each)
        peopled.clock.jump_to(NOW + timedelta(days=2))
        await held(admin)
        await self.forbidden(peopled, admin)

        class Serving:
            def serving(self) -> frozenset[str] | None:
                return frozenset({OLD.fingerprint})

        rules = peopled.node.certificates.stations.rules
        object.__setattr__(rules, "serving", Serving())
        keeper(peopled, ("CSMS", OLD), ("CSMS", NEW))
        await self.forbidden(peopled, admin)

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
