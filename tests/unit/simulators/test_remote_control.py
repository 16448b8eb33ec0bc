import pytest

from simulators.commands import answer
from tests.unit.simulators.bench import Bench, a_system, tx_profile


def bench() -> Bench:
    return Bench(a_system("x21-scheduled")).connect()


class TestTransactions:
    """E05, E06, E14, F01 to F03."""

    def test_a_remote_start_needs_a_free_vehicle(self) -> None:
        on = bench()
        token = {"idToken": "x", "type": "Central"}
        request = {"remoteStartId": 3, "idToken": token}
        running = on.transaction

        busy = on.ask("RequestStartTransaction", request)
        on.ask("RequestStopTransaction", {"transactionId": running})
        assert on.watts() == 0
        started = on.ask("RequestStartTransaction", request)

        assert (busy["status"], busy["transactionId"]) == ("Rejected", running)
        assert started["status"] == "Accepted"
        assert on.events("Started")[-1]["transactionInfo"]["remoteStartId"] == 3
        on.station.unplug()
        gone = on.ask("RequestStartTransaction", request)
        assert gone["statusInfo"]["reasonCode"] == "NoVehicle"

    def test_a_remote_start_may_bring_its_profile(self) -> None:
        on = bench()
        on.ask("RequestStopTransaction", {"transactionId": on.transaction})
        profile = tx_profile("", {"startPeriod": 0, "limit": 2500.0})
        del profile["transactionId"]

        on.ask(
            "RequestStartTransaction",
            {
                "remoteStartId": 3,
                "idToken": {"idToken": "x", "type": "Central"},
                "chargingProfile": profile,
            },
        )

        assert on.watts() == pytest.approx(2500)

    def test_only_the_running_transaction_can_be_stopped(self) -> None:
        response = bench().ask("RequestStopTransaction", {"transactionId": "other"})

        assert response["status"] == "Rejected"

    def test_the_status_tells_what_runs_and_what_waits(self) -> None:
        on = bench()

        running = on.ask("GetTransactionStatus", {"transactionId": on.transaction})
        other = on.ask("GetTransactionStatus", {"transactionId": "other"})
        on.station.online = False
        on.station.unplug()
        waiting = answer(on.station, "GetTransactionStatus", {})

        assert running == {"ongoingIndicator": True, "messagesInQueue": False}
        assert other["ongoingIndicator"] is False
        assert waiting == {"messagesInQueue": True}
