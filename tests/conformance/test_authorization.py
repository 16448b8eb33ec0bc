"""Block C on the wire: what stations are told of tokens."""

from datetime import timedelta
from typing import Any

import pytest

from tests.conformance.peer_world import (
    EDITIONS,
    Declines,
    Edition,
    PeerWorld,
    Refused,
    only,
)
from tests.conformance.token_world import (
    CACHE,
    MASTER,
    SETTINGS,
    a_token,
    an_event,
    equipped,
    number_of,
    started,
)
from tests.proving import proves

__all__ = ["SETTINGS"]
pytestmark = [pytest.mark.postgres, pytest.mark.sockets]
BOTH = pytest.mark.parametrize("edition", EDITIONS)
HASHES = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "aB" * 32,
    "issuerKeyHash": "cD" * 32,
    "serialNumber": "01",
    "responderURL": "http://127.0.0.1:9/ocsp",
}


@proves(
    "C01.FR.07", "C01.FR.19", "C06.FR.04", "C09.FR.10", "E05.FR.01", "C12.FR.03",
    "TC_C_02_CSMS", "TC_C_06_CSMS", "TC_C_07_CSMS", "TC_C_08_CSMS", "TC_C_20_CSMS",
)  # fmt: skip
@BOTH
async def test_the_answer_says_whether_a_token_may_charge(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:
        yesterday = peer_world.now(days=-1)
        tomorrow = peer_world.now(days=1)
        told: list[tuple[dict[str, str], str]] = [
            (await a_token(peer_world, f"{peer.name}-good"), "Accepted"),
            (await a_token(peer_world, f"{peer.name}-b", blocked=True), "Blocked"),
            (
                await a_token(peer_world, f"{peer.name}-e", valid_until=yesterday),
                "Expired",
            ),
            (
                await a_token(peer_world, f"{peer.name}-n", valid_from=tomorrow),
                "NotAtThisTime",
            ),
            (
                await a_token(peer_world, f"{peer.name}-l", type="Local"),
                "Accepted",
            ),
            ({"idToken": f"{peer.name}-who", "type": "ISO14443"}, "Unknown"),
        ]

        answers = [await peer.ask("Authorize", {"idToken": each}) for each, _ in told]
        events = [
            await peer.ask(
                "TransactionEvent", an_event(peer, peer_world, seq, idToken=each)
            )
            for seq, (each, _) in enumerate(told)
        ]

    words = [word for _, word in told]
    assert [each["idTokenInfo"]["status"] for each in answers] == words
    assert [each["idTokenInfo"]["status"] for each in events] == words
    assert answers[0] == {"idTokenInfo": {"status": "Accepted"}}
    kept = await peer_world.value(
        "SELECT count(*) FROM transaction_report WHERE station_id = $1", peer.name
    )
    assert kept == len(told)


@proves("C01.FR.25")
async def test_tokens_are_equal_in_value_and_type_whatever_their_case(
    peer_world: PeerWorld,
) -> None:
    async with peer_world.station() as peer:
        token = await a_token(peer_world, f"{peer.name}-aBc")
        loud = {**token, "idToken": token["idToken"].upper()}
        more = {"additionalInfo": [{"additionalIdToken": "x", "type": "VIN"}]}

        same = await peer.ask("Authorize", {"idToken": {**loud, **more}})
        other = await peer.ask("Authorize", {"idToken": {**token, "type": "Central"}})

    assert same["idTokenInfo"]["status"] == "Accepted"
    assert other["idTokenInfo"]["status"] == "Unknown"


@proves(
    "C01.FR.06", "C09.FR.02", "C09.FR.03", "C09.FR.09", "C09.FR.12", "C09.FR.13",
    "TC_C_39_CSMS", "TC_C_40_CSMS", "TC_C_43_CSMS",
)  # fmt: skip
@BOTH
async def test_whoever_is_of_the_group_may_stop_what_another_started(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:
        group = f"family-{peer.name}"
        one = await a_token(peer_world, f"{peer.name}-1", group=group)
        other = await a_token(peer_world, f"{peer.name}-2", group=group)

        infos = [
            (await peer.ask("Authorize", {"idToken": other}))["idTokenInfo"],
            (
                await peer.ask(
                    "TransactionEvent",
                    started(peer, peer_world, idToken=one),
                )
            )["idTokenInfo"],
            (await peer.ask("Authorize", {"idToken": other}))["idTokenInfo"],
            (
                await peer.ask(
                    "TransactionEvent",
                    an_event(
                        peer,
                        peer_world,
                        1,
                        triggerReason="StopAuthorized",
                        idToken=other,
                    ),
                )
            )["idTokenInfo"],
        ]

    said = {"status": "Accepted", "groupIdToken": {"idToken": group, "type": "Central"}}
    assert infos == [said] * 4
    first = await peer_world.value(
        "SELECT id_token FROM transaction WHERE station_id = $1", peer.name
    )
    assert first == one["idToken"]


@proves("C01.FR.18", "C01.FR.20", "C01.FR.22")
@BOTH
async def test_the_answer_names_the_evses_where_a_token_may_charge(
    peer_world: PeerWorld, edition: Edition
) -> None:
    more = {("Connector", 2, "ConnectorType", None): ("cType1", False)}
    async with equipped(peer_world, edition, more, evses=2) as peer:
        here = {"station": peer.name}
        rules: list[dict[str, Any]] = [
            {"places": [{**here, "evses": [2]}]},
            {"places": [here]},
            {"places": [{"site": peer.name, "evses": [1, 2]}]},
            {"places": [{"station": "elsewhere"}]},
            {"places": [{**here, "evses": [3]}]},
            {"connector_types": ["cType1"]},
            {"connector_types": ["sType2"]},
        ]
        tokens = [
            await a_token(peer_world, f"{peer.name}-{number}", **each)
            for number, each in enumerate(rules)
        ]

        infos = [
            (await peer.ask("Authorize", {"idToken": each}))["idTokenInfo"]
            for each in tokens
        ]
        at_one = [
            (
                await peer.ask(
                    "TransactionEvent", an_event(peer, peer_world, seq, idToken=each)
                )
            )["idTokenInfo"]["status"]
            for seq, each in enumerate((tokens[0], tokens[5]))
        ]

    everywhere, nowhere = {"status": "Accepted"}, {"status": "NotAtThisLocation"}
    at_two = {"status": "Accepted", "evseId": [2]}
    assert infos == [
        at_two,
        everywhere,
        everywhere,
        nowhere,
        nowhere,
        at_two,
        {"status": "NotAllowedTypeEVSE"},
    ]
    assert at_one == ["NotAtThisLocation", "NotAllowedTypeEVSE"]


@proves("C01.FR.10", "C01.FR.11", "C01.FR.17", "C04.FR.05", "C05.FR.04")
async def test_languages_priority_and_message_go_with_the_token(
    peer_world: PeerWorld,
) -> None:
    async with peer_world.station() as peer:
        until = peer_world.now(days=1)
        token = await a_token(
            peer_world,
            f"{peer.name}-1",
            languages=["de", "en-US"],
            priority=3,
            message="Willkommen",
            valid_until=until,
        )
        plain = await a_token(peer_world, f"{peer.name}-2", priority=-9)

        info = (await peer.ask("Authorize", {"idToken": token}))["idTokenInfo"]
        other = (await peer.ask("Authorize", {"idToken": plain}))["idTokenInfo"]
    wrong = [
        await peer_world.post(
            "id-tokens", {"type": "Central", "value": "x", "languages": languages}
        )
        for languages in (["en", "EN"], ["english!"])
    ]

    expiry = info.pop("cacheExpiryDateTime")
    assert expiry[:16] == until[:16]
    assert info == {
        "status": "Accepted",
        "chargingPriority": 3,
        "language1": "de",
        "language2": "en-US",
        "personalMessage": {
            "format": "UTF8", "content": "Willkommen", "language": "de",
        },
    }  # fmt: skip
    assert other == {"status": "Accepted", "chargingPriority": -9}
    assert [(each.status, each.body["field"]) for each in wrong] == [
        (422, "languages"),
        (422, "languages"),
    ]


@proves("C02.FR.02")
@BOTH
async def test_a_start_button_is_always_accepted(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:
        button = {"idToken": "", "type": "NoAuthorization"}

        answer = await peer.ask(
            "TransactionEvent", started(peer, peer_world, idToken=button)
        )

    assert answer["idTokenInfo"] == {"status": "Accepted"}


@proves("C04.FR.01", "C04.FR.02", "C04.FR.04", "C04.FR.06")
async def test_a_key_code_is_never_shown_and_not_found_by_trying(
    peer_world: PeerWorld,
) -> None:
    async with peer_world.station() as peer:
        secret = f"7351{peer.name}"
        code = await a_token(peer_world, secret, type="KeyCode")
        right = await peer.ask("Authorize", {"idToken": code})
        await peer.ask("TransactionEvent", started(peer, peer_world, idToken=code))
        wrong = [
            await peer.ask(
                "Authorize", {"idToken": {"idToken": f"{n}", "type": "KeyCode"}}
            )
            for n in range(5)
        ]
        too_late = await peer.ask("Authorize", {"idToken": code})
        await peer_world.command(
            peer, "RequestStartTransaction", {"idToken": code, "remoteStartId": 5}
        )
        listed = await peer_world.get(f"id-tokens?q={peer.name}")

    assert right["idTokenInfo"]["status"] == "Accepted"
    assert {each["idTokenInfo"]["status"] for each in wrong} == {"Invalid"}
    assert too_late["idTokenInfo"]["status"] == "Invalid"
    assert secret not in str(listed.body)
    await peer_world.until(
        "SELECT 1 FROM message_log WHERE station = $1 AND text LIKE '%KeyCode%'",
        peer.name,
    )
    for table in (
        "message_log", "transaction_report", "transaction", "audit", "deviation",
    ):  # fmt: skip
        shown = await peer_world.rows(
            f"SELECT 1 FROM {table} each WHERE each::text LIKE $1",  # noqa: S608
            f"%{secret}%",
        )
        assert shown == [], table


@proves(
    "C12.FR.09", "C16.FR.03", "TC_C_47_CSMS", "TC_C_48_CSMS", "TC_C_49_CSMS"
)  # fmt: skip
@BOTH
async def test_a_master_pass_stops_transactions_and_starts_none(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:
        token = await a_token(peer_world, f"{peer.name}-m", group=MASTER)

        shown = await peer.ask("Authorize", {"idToken": token})
        starts = await peer.ask(
            "TransactionEvent",
            started(peer, peer_world, idToken=token),
        )
        stops = await peer.ask(
            "TransactionEvent",
            an_event(
                peer,
                peer_world,
                1,
                eventType="Ended",
                triggerReason="StopAuthorized",
                idToken=token,
                transactionInfo={
                    "transactionId": f"tx-{peer.name}",
                    "stoppedReason": "MasterPass",
                },
            ),
        )

    group = {"idToken": MASTER, "type": "Central"}
    accepted = {"status": "Accepted", "groupIdToken": group}
    assert shown["idTokenInfo"] == accepted
    assert starts["idTokenInfo"] == {"status": "Invalid", "groupIdToken": group}
    assert stops["idTokenInfo"] == accepted


@proves("C16.FR.03")
@BOTH
async def test_stations_are_told_which_group_is_the_master_pass(
    peer_world: PeerWorld, edition: Edition
) -> None:
    knows = ("AuthCtrlr", None, "MasterPassGroupId", None)
    fixed = {knows: ("another", False)}
    async with (
        equipped(peer_world, edition, {knows: ("", True)}) as peer,
        equipped(peer_world, edition, {}) as simple,
        equipped(peer_world, edition, fixed) as stubborn,
    ):
        told = [
            (each["variable"]["name"], each["attributeValue"])
            for asked in peer.record.asked("SetVariables")
            for each in asked["setVariableData"]
            if each["component"]["name"] == "AuthCtrlr"
        ]
        unasked = simple.record.asked("SetVariables")
        drift = await peer_world.get(f"stations/{stubborn.name}/drift")
        token = await a_token(peer_world, f"{peer.name}-m", group=MASTER)
        driver = await a_token(peer_world, f"{peer.name}-d")
        await peer.ask("TransactionEvent", started(peer, peer_world, idToken=driver))
        pauses = await peer.ask(
            "TransactionEvent",
            an_event(
                peer, peer_world, 1, triggerReason="StopAuthorized", idToken=token
            ),
        )
        goes_on = await peer.ask(
            "TransactionEvent", an_event(peer, peer_world, 2, idToken=token)
        )

    assert told == [("MasterPassGroupId", MASTER)]
    assert peer.model[knows] == (MASTER, True)
    assert all(
        each["component"]["name"] != "AuthCtrlr"
        for asked in unasked
        for each in asked["setVariableData"]
    )
    assert ("MasterPassGroupId", MASTER) in [
        (each["variable"], each["wanted"]) for each in drift.body["items"]
    ]
    assert pauses["idTokenInfo"]["status"] == "Accepted"
    assert goes_on["idTokenInfo"]["status"] == "Invalid"


@proves("C07.FR.04", "C07.FR.17")
@BOTH
async def test_a_contract_that_leads_to_no_root_of_ours_is_not_taken(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:
        token = await a_token(peer_world, f"DE{peer.name}", type="eMAID")

        answers = [
            await peer.ask_raw("Authorize", {"idToken": token, **proof})
            for proof in (
                {"certificate": "-----BEGIN CERTIFICATE-----\nAAAA"},
                {"iso15118CertificateHashData": [HASHES]},
            )
        ]
        plain = await peer.ask("Authorize", {"idToken": token})

    refused = {
        "idTokenInfo": {"status": "Invalid"},
        "certificateStatus": "CertChainError",
    }
    assert answers == [refused, refused]
    assert plain == {"idTokenInfo": {"status": "Accepted"}}


@proves("TC_C_37_CSMS", "TC_C_38_CSMS")
@BOTH
async def test_a_cache_is_cleared(peer_world: PeerWorld, edition: Edition) -> None:
    async with equipped(peer_world, edition, CACHE) as peer:
        path = f"stations/{peer.name}/authorization-cache"
        done = await peer_world.delete(path)
        peer.answers["ClearCache"] = {"status": "Rejected"}
        refused = await peer_world.delete(path)
        peer.answers["ClearCache"] = Declines("InternalError")
        broken = await peer_world.delete(path)

    assert peer.record.asked("ClearCache") == [{}, {}, {}]
    assert (done.status, done.body["status"]) == (200, "Accepted")
    assert (refused.status, refused.body["code"]) == (409, "station-refused")
    assert (broken.status, broken.body["code"]) == (409, "station-refused")
    trail = await peer_world.rows(
        "SELECT detail->>'answer' AS said FROM audit"
        " WHERE subject = $1 AND action = 'auth_cache.cleared' ORDER BY id",
        peer.name,
    )
    assert [each["said"] for each in trail] == ["Accepted", "Rejected"]


async def test_a_station_without_a_cache_is_not_asked(peer_world: PeerWorld) -> None:
    async with peer_world.station() as peer:
        told = await peer_world.delete(f"stations/{peer.name}/authorization-cache")

        assert peer.record.asked("ClearCache") == []
    assert (told.status, told.body["code"]) == (409, "station-lacks")
    assert "AuthCacheCtrlr.Enabled" in told.body["detail"]


@proves("Q01.FR.01")
async def test_feeding_back_is_offered_only_where_it_may_happen(
    peer_world: PeerWorld,
) -> None:
    more = {("ISO15118Ctrlr", None, "Enabled", None): ("true", True)}
    async with equipped(peer_world, Edition.V21, more) as peer:
        good = await a_token(peer_world, f"{peer.name}-1")
        barred = await a_token(peer_world, f"{peer.name}-2", discharge=False)
        await a_token(peer_world, f"EV{peer.name}", type="EVCCID", discharge=False)
        vehicle = [{"additionalIdToken": f"EV{peer.name}", "type": "EVCCID"}]
        stranger = {"idToken": f"{peer.name}-who", "type": "Central"}

        offers = [
            (await peer.ask("Authorize", {"idToken": each})).get(
                "allowedEnergyTransfer"
            )
            for each in (
                good,
                barred,
                {**good, "additionalInfo": vehicle},
                stranger,
            )
        ]
    assert offers == [["DC", "DC_BPT"], ["DC"], ["DC"], None]


@proves("Q01.FR.08", "Q02.FR.03")
@BOTH
async def test_nothing_is_offered_where_the_station_does_not_speak_of_it(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:
        token = await a_token(peer_world, f"{peer.name}-1")

        answer = await peer.ask("Authorize", {"idToken": token})

    assert answer == {"idTokenInfo": {"status": "Accepted"}}


async def test_a_blocked_token_is_refused_from_the_next_word_on(
    peer_world: PeerWorld,
) -> None:
    async with peer_world.station() as peer:
        token = await a_token(peer_world, f"{peer.name}-1")
        number = await number_of(peer_world, token)
        before = await peer.ask("Authorize", {"idToken": token})
        await peer_world.put(f"id-tokens/{number}", {"blocked": True})
        after = await peer.ask("Authorize", {"idToken": token})
        await peer_world.delete(f"id-tokens/{number}")
        gone = await peer.ask("Authorize", {"idToken": token})

    said = [each["idTokenInfo"]["status"] for each in (before, after, gone)]
    assert said == ["Accepted", "Blocked", "Unknown"]
    trail = await peer_world.rows(
        "SELECT action FROM audit WHERE subject = $1 ORDER BY id",
        f"ISO14443:{token['idToken']}",
    )
    assert [each["action"] for each in trail] == [
        "id_token.added",
        "id_token.changed",
        "id_token.removed",
    ]


async def test_nobody_is_identified_by_nothing(peer_world: PeerWorld) -> None:
    """Bad input: a card without a number is no start button."""
    async with peer_world.station() as peer:
        answer = await peer.ask(
            "Authorize", {"idToken": {"idToken": "", "type": "ISO14443"}}
        )
        with pytest.raises(Refused):
            await peer.ask_raw("Authorize", {"idToken": {"idToken": "x"}})

    assert answer["idTokenInfo"] == {"status": "Invalid"}
    seen = await peer_world.until(
        "SELECT kind FROM deviation WHERE station_id = $1 AND kind = 'empty-token'",
        peer.name,
    )
    assert only(seen)


async def test_a_token_expires_by_itself(peer_world: PeerWorld) -> None:
    async with peer_world.station() as peer:
        token = await a_token(
            peer_world, f"{peer.name}-1", valid_until=peer_world.now(seconds=0.4)
        )
        before = await peer.ask("Authorize", {"idToken": token})
        clock = peer_world.served.clock
        until = clock.now() + timedelta(seconds=0.5)
        await peer_world.inside(clock.sleep_until(until))
        after = await peer.ask("Authorize", {"idToken": token})

    said = [each["idTokenInfo"]["status"] for each in (before, after)]
    assert said == ["Accepted", "Expired"]
