"""Alerts, their rules and the logs of all stations in the console."""

import httpx
import pytest

from csms.console.alerts import meaning_of
from csms.services.security_events import LIST
from csms.services.security_events import Alert as Loudness
from tests.browser.drivers import TEMPERATURE
from tests.browser.serving import Served

pytestmark = pytest.mark.sockets
STATION, THIRD = "MA-ACTON-BOXBOROUGH-02", "MA-ACTON-BOXBOROUGH-03"


def main(page: httpx.Response) -> str:
    return page.text.split('id="main"')[1]


def rows(page: httpx.Response) -> list[str]:
    part = main(page).split('id="open"')[1].split("</section>")[0]
    return part.split("<tr>")[2:]


def test_what_is_open_is_shown_acknowledged_and_resolved(
    shown: Served, viewer: httpx.Client, operator: httpx.Client
) -> None:
    (hot,) = [each for each in rows(viewer.get("/alerts")) if TEMPERATURE.text in each]
    (tampered,) = [each for each in rows(viewer.get("/alerts")) if "Tamper" in each]
    open_ones = shown.run(shown.site.node.incidents.open())
    (found,) = [each for each in open_ones if each.alert is not None]
    number = found.incident.id

    assert ("2 system failure" in hot, "is 91.5" in hot, THIRD in hot) == (True,) * 3
    assert "Send somebody" in tampered
    assert "<form" not in hot
    assert operator.post(f"/alerts/{number}/acknowledge").status_code == 303
    (seen,) = [each for each in rows(viewer.get("/alerts")) if TEMPERATURE.text in each]
    assert "by olivia" in seen
    assert operator.post(f"/alerts/{number}/resolve").status_code == 303
    assert TEMPERATURE.text not in "".join(rows(viewer.get("/alerts")))
    alerts = operator.get(f"/api/v1/alerts?station={THIRD}").json()["items"]
    assert [each["cleared_by"] for each in alerts] == ["olivia"]
    again = operator.post(f"/alerts/{number}/resolve")
    assert (again.status_code, "no open incident" in again.text) == (404, True)
    assert operator.post(f"/alerts/{number}/ignore").status_code == 422


def test_incidents_are_looked_after_by_api(
    shown: Served, operator: httpx.Client, viewer: httpx.Client
) -> None:
    open_ones = shown.run(shown.site.node.incidents.open())
    (number,) = [
        each.incident.id
        for each in open_ones
        if each.incident.kind == "security.TamperDetectionActivated"
    ]
    here = f"/api/v1/incidents/{number}"

    assert viewer.post(f"{here}/acknowledge").status_code == 403
    assert operator.post(f"{here}/acknowledge").status_code == 204
    listed = operator.get("/api/v1/incidents").json()["items"]
    (kept,) = [each for each in listed if each["id"] == number]
    assert kept["detail"]["acknowledged_by"] == "olivia"
    assert kept["resolved_at"] is None
    assert operator.post(f"{here}/resolve").status_code == 204
    assert operator.post(f"{here}/resolve").status_code == 404
    assert operator.post("/api/v1/incidents/x/resolve").status_code == 404
    listed = operator.get("/api/v1/incidents").json()["items"]
    (kept,) = [each for each in listed if each["id"] == number]
    assert kept["detail"]["resolved_by"] == "olivia"
    assert kept["resolved_at"] is not None


def test_monitors_and_rules_are_counted(viewer: httpx.Client) -> None:
    page = main(viewer.get("/alerts"))
    monitors = page.split("Monitors on stations")[1]

    assert f"/stations/{THIRD}#diagnostics" in monitors
    assert 'data-label="Wanted">2<' in monitors
    assert '<span class="tag warn">1</span>' in monitors
    assert "4 error" in monitors
    assert "Administrators change these" in page


def test_an_administrator_changes_rules(admin: httpx.Client) -> None:
    form = {
        "id": "too-hot",
        "severity": "4",
        "variable": "Temp*",
        "triggers": "Alerting",
        "raises": "critical",
    }
    assert admin.post("/alerts/rules", data=form).status_code == 303
    page = main(admin.get("/alerts"))
    assert "Temp*" in page
    assert "by ada" in page
    odd = admin.post("/alerts/rules", data=form | {"id": "Too hot"})
    assert odd.status_code == 422
    assert "small letters" in odd.text.split('id="rule-id-fault"')[1][:200]
    assert 'value="Temp*"' in odd.text
    assert admin.post("/alerts/rules/too-hot/forget").status_code == 303
    assert admin.post("/alerts/rules/too-hot/forget").status_code == 404


def test_who_may_not_changes_no_alert(
    viewer: httpx.Client, operator: httpx.Client
) -> None:
    asked = [
        viewer.post("/alerts/1/acknowledge"),
        viewer.post("/alerts/1/resolve"),
        viewer.post("/logs", data={"station": STATION, "log": "SecurityLog"}),
        viewer.post("/logs/1/delete"),
        operator.post("/alerts/rules", data={"id": "x"}),
        operator.post("/alerts/rules/danger/forget"),
    ]

    assert {each.status_code for each in asked} == {403}


@pytest.mark.parametrize(
    "kind",
    [
        *(
            f"security.{name}"
            for name, said in LIST.items()
            if said.alert is not Loudness.NONE
        ),
        "firmware_download_failed",
        "certificate.rejected",
        "root.expired",
        "station_alert",
    ],
)
def test_every_kind_of_incident_is_explained(kind: str) -> None:
    assert len(meaning_of(kind)) > 20


def test_logs_are_shown_with_size_and_checksum(
    viewer: httpx.Client, operator: httpx.Client
) -> None:
    page = main(viewer.get("/logs"))

    assert "184,233" in page
    assert "9f86d081" * 8 in page
    assert "no room on its disk" in page
    assert "under way" in page
    assert "<form" not in page
    assert f"/stations/{STATION}/logs/1000001/download" in operator.get("/logs").text
    assert "was not asked for a log yet" in main(viewer.get("/logs?station=MA-HOME-01"))


def test_a_log_is_asked_for_and_deleted(operator: httpx.Client) -> None:
    asked = operator.post("/logs", data={"station": STATION, "log": "SecurityLog"})
    never = operator.post("/logs", data={"station": STATION, "log": "Diary"})
    nobody = operator.post("/logs", data={"station": "<i>", "log": "SecurityLog"})

    assert asked.status_code == 303
    assert "no answer (unreachable)" in operator.get("/logs").text
    assert 'id="ask-log-fault"' in never.text
    assert 'value="&lt;i&gt;"' in nobody.text
    assert "There is no such station" in nobody.text
    assert operator.post("/logs/1000001/delete").status_code == 303
    assert "deleted" in operator.get("/logs").text
    assert operator.post("/logs/x/delete").status_code == 404


def test_a_restart_is_offered_in_plain_words(operator: httpx.Client) -> None:
    page = operator.get(f"/stations/{STATION}").text

    assert '<option value="OnIdle">when no vehicle is charging</option>' in page
    assert '<option value="Immediate">at once</option>' in page
