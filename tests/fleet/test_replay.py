"""What was said twice and out of order comes to the same table as said once, in order.

The calls that two troubled stations really made on the first day are told again to a
fresh node: each report once, by its number.
"""

import asyncio
import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
import websockets
from websockets.typing import Subprotocol

from csms.domain.ids import StationId
from csms.domain.station import Standing
from csms.services.node import Node
from simulators.population import load_fleet
from simulators.registry import registry
from tests.fleet import cast
from tests.fleet.cast import DAY_1, Days
from tests.fleet.world import DATA, Desk, Script, fresh_database, in_real_time, serving

pytestmark = [pytest.mark.fleet, pytest.mark.timeout(300)]

Json = dict[str, Any]
Table = dict[str, Json]

TROUBLED = (cast.TWICE, cast.OUT_OF_ORDER)
LATER = DAY_1.end + timedelta(hours=12)
REPORTS = "TransactionEvent"
BUILT_S = 20.0


@pytest.fixture(scope="module")
def told_again(
    days: Days, postgres_url: str, migrated_template: str
) -> Iterator[dict[str, Table]]:
    with fresh_database(postgres_url, migrated_template) as database:
        yield in_real_time(_tell_again(database, days))


async def _tell_again(database: str, days: Days) -> dict[str, Table]:
    fleet = load_fleet("lab", seed=1, folder=DATA)
    protocols = {
        each.station: (each.persona.protocol, each.password) for each in fleet.systems
    }
    async with serving(database, Script("lab", LATER, rate=600.0)) as served:
        desk = Desk(served.api)
        await desk.post("registry", registry(fleet))
        for station in TROUBLED:
            await _accept(served.node, StationId(station))
            protocol, password = protocols[station]
            login = f"{station}:{password}@"
            async with websockets.connect(
                served.ocpp.replace("://", f"://{login}") + f"/{station}",
                subprotocols=[Subprotocol(protocol)],
                proxy=None,
            ) as socket:
                for text in _in_order(days.said[station]):
                    await _tell(socket, text)
        return {station: await _quarters(desk, station) for station in TROUBLED}


async def _accept(node: Node, station: StationId) -> None:
    """Let a station be accepted, as it was on the day itself."""
    async with node.begin() as work:
        await work.stations.set_standing(station, Standing.ACCEPTED)
        known = await work.stations.find(station)
    assert known is not None
    node.book.put_station(known)


async def _tell(socket: websockets.ClientConnection, text: str) -> None:
    message_id = json.loads(text)[1]
    await socket.send(text)
    while True:
        answer = json.loads(await socket.recv())
        if answer[1] == message_id:
            assert answer[0] == 3, answer
            return


def _in_order(said: Sequence[str]) -> list[str]:
    """Return each report once: by transaction as they began, then by number."""
    reports: dict[tuple[str, int], str] = {}
    begun: list[str] = []
    for text in said:
        _, _, action, payload = json.loads(text)
        if action != REPORTS:
            continue
        name = payload["transactionInfo"]["transactionId"]
        if name not in begun:
            begun.append(name)
        reports[name, payload["seqNo"]] = text
    order = sorted(reports, key=lambda key: (begun.index(key[0]), key[1]))
    return [reports[key] for key in order]


async def _quarters(desk: Desk, station: str) -> Table:
    since = (DAY_1.start - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    until = DAY_1.end.strftime("%Y-%m-%dT%H:%M:%SZ")
    path = f"telemetry/quarters?station={station}&from={since}&to={until}"
    async with asyncio.timeout(BUILT_S):
        while True:
            quarters = (await desk.get(path))["items"]
            if all(each["quality"] != "MISSING" for each in quarters):
                return _without_event(quarters)
            await asyncio.sleep(0.2)


def _without_event(quarters: Sequence[Json]) -> Table:
    return {each["start"]: {**each, "event": None} for each in quarters}


@pytest.mark.parametrize("station", TROUBLED)
def test_the_same_table_of_quarters(
    days: Days, told_again: dict[str, Table], station: str
) -> None:
    since = DAY_1.start - timedelta(hours=1)
    said = _without_event(
        [each for each in days.first.quarters if each["station"] == station]
    )
    table = told_again[station]

    assert len(table) == 12
    assert min(table) == since.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert table == {start: said[start] for start in table}


def test_there_was_trouble(days: Days) -> None:
    twice = [text for text in days.said[cast.TWICE] if REPORTS in text]
    bodies = [json.dumps(json.loads(text)[3]) for text in twice]

    assert len(bodies) > len(set(bodies)) * 1.5
