"""Incidents, quarantines, refusals, facts and mail over HTTP."""

from datetime import timedelta

import httpx
import pytest

from csms.domain.station import RejectedHandshake
from csms.services.ports.profiles import Incident, Quarantine
from tests.http.nodes import EVENING, HOME_1, HOME_2, PLANT, Stage

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("peopled")]
HERE = f"/api/v1/stations/{HOME_1.station}"


async def test_a_quarantine_is_listed_and_lifted(
    peopled: Stage, admin: httpx.AsyncClient
) -> None:
    profile = "example-x21-scheduled"
    async with peopled.node.begin() as work:
        await work.profiles.quarantine(
            Quarantine(profile, EVENING, HOME_1.station, "it charged", {"w": 9000})
        )
    peopled.node.book.quarantine(profile)

    (said,) = (await admin.get("/api/v1/quarantines")).json()["items"]
    assert (said["vendor_profile"], said["reason"]) == (profile, "it charged")
    assert said["evses"] == [str(HOME_1), str(HOME_2), str(PLANT)]
    shown = (await admin.get(HERE)).json()
    assert shown["facts"][0]["obstacle"] == "quarantined"

    lifted = await admin.delete(f"/api/v1/quarantines/{profile}")
    again = await admin.delete(f"/api/v1/quarantines/{profile}")

    assert (lifted.status_code, again.status_code) == (204, 404)
    assert (await admin.get("/api/v1/quarantines")).json()["items"] == []
    assert (await admin.get(HERE)).json()["facts"][0]["obstacle"] is None
    trail = (await admin.get("/api/v1/audit?limit=1")).json()["items"]
    assert trail[0]["action"] == "quarantine.lifted"


async def test_incidents_and_refused_handshakes_are_listed_youngest_first(
    peopled: Stage, viewer: httpx.AsyncClient
) -> None:
    async with peopled.node.begin() as work:
        for minute in range(3):
            at = EVENING + timedelta(minutes=minute)
            await work.profiles.note(
                Incident(at, "warning", f"k{minute}", HOME_1.station, 1, None, {})
            )
        await work.stations.add_rejections(
            [
                RejectedHandshake(EVENING, f"S-{n}", "127.0.0.1", 401, "wrong password")
                for n in range(3)
            ]
        )

    incidents = (await viewer.get("/api/v1/incidents?limit=2")).json()
    rest = await viewer.get(f"/api/v1/incidents?cursor={incidents['next']}")
    elsewhere = await viewer.get(f"/api/v1/incidents?station={HOME_2.station}")
    refused = (await viewer.get("/api/v1/handshakes/rejected?limit=2")).json()
    attention = (await viewer.get("/api/v1/attention")).json()

    assert [each["kind"] for each in incidents["items"]] == ["k2", "k1"]
    assert [each["kind"] for each in rest.json()["items"]] == ["k0"]
    assert elsewhere.json()["items"] == []
    assert [each["station"] for each in refused["items"]] == ["S-2", "S-1"]
    assert attention == {
        "stations": 3,
        "offline": 0,
        "pending": 0,
        "incidents": 3,
        "failed_notices": 0,
        "quarantines": 0,
        "turned_away": 3,
    }


async def test_facts_are_read_from_where_one_stopped(
    peopled: Stage, viewer: httpx.AsyncClient
) -> None:
    await peopled.call()

    first = (await viewer.get("/api/v1/facts?limit=1")).json()
    rest = (await viewer.get(f"/api/v1/facts?after={first['next']}")).json()

    assert first["items"][0]["kind"] == "registry.imported"
    kinds = [each["kind"] for each in rest["items"]]
    assert kinds[0] == "event.called"
    assert "event.notified" in kinds
    assert rest["next"] is None


async def test_without_a_catcher_there_is_no_mail(
    peopled: Stage, viewer: httpx.AsyncClient
) -> None:
    object.__setattr__(peopled.node, "mail", None)

    answer = await viewer.get("/api/v1/mail")

    assert (answer.status_code, answer.json()["code"]) == (404, "no-mail-catcher")
