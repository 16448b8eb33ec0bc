"""What cannot be, though it fits the schema: answered and noted, or never sent.

One saying for each action, through everything that is there, on PostgreSQL.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import asyncpg
import pytest

from csms.db.engine import connect_raw
from csms.domain.device_model import ModelRecord
from csms.domain.station import EDITION_21, Variable, VariableKey
from csms.ocpp.messages import HANDLED, SENT
from csms.ocpp.wire import Action, Edition
from csms.services.ports.access import Role
from tests.conformance.impossible import ASKED, IMPOSSIBLE, POSSIBLE, WISHES
from tests.conformance.instances import smallest
from tests.conformance.official import schema, validator
from tests.http.bay import bay_on
from tests.http.nodes import HOME_1, MAKE, Stage, a_node

pytestmark = pytest.mark.postgres

RECORDS: Final = frozenset(
    {
        "audit",
        "data_transfer",
        "deviation",
        "incident",
        "security_event",
        "station_event",
        "station_notice",
    }
)
"""Tables of what was noted of a station."""

KEPT: Final[Mapping[str, set[str]]] = {
    "MeterValues": {"reading"},
    "TransactionEvent": {"transaction", "transaction_report"},
}
"""What is kept all the same: nothing that was measured is thrown away."""


def test_every_action_of_a_station_has_something_impossible() -> None:
    actions = {each.name for each in HANDLED if isinstance(each, Action)}
    assert IMPOSSIBLE.keys() | POSSIBLE.keys() == actions


async def test_what_cannot_be_is_answered_and_noted_and_changes_nothing(
    database: str,
) -> None:
    raw = await connect_raw(database)
    wrong: list[object] = []
    async with a_node(database) as stage:
        await stage.populate()
        ingest = asyncio.create_task(stage.inside.ingest.run())
        for name, (payload, answer) in IMPOSSIBLE.items():
            before = await written(raw, stage)
            said = await say(stage, name, payload)
            after = await written(raw, stage)
            changed = {table for table in after if after[table] != before[table]}
            changed -= {"station"}  # when it was heard of last
            noted = changed & RECORDS
            if not (noted and changed - RECORDS <= KEPT.get(name, set())):
                wrong.append((name, changed))
            if any(said[key] != word for key, word in answer.items()):
                wrong.append((name, said))
        await stage.inside.ingest.stop()
        await ingest
    await raw.close()

    assert wrong == []


async def test_what_a_station_cannot_do_is_refused_and_not_sent(database: str) -> None:
    wrong: list[object] = []
    async with a_node(database) as stage:
        await stage.populate()
        bay = bay_on(stage)
        await let_it_know(stage)
        for action in SENT:
            if action.name in ASKED:
                continue
            whole = smallest(schema(Edition.V21, f"{action.name}Request"))
            payload, code = WISHES.get(action.name, (whole, "station-lacks"))
            path = f"{bay.path}/commands/{action.name}"
            async with stage.client(Role.ADMIN) as admin:
                said = (await admin.post(path, json=payload)).json()
            if bay.sent(action.name) or said.get("code") != code or not said["remedy"]:
                wrong.append((action.name, said))

    assert wrong == []


async def let_it_know(stage: Stage) -> None:
    """Let the device model be known: it speaks HTTPS, and has nothing else."""
    now, station = stage.clock.now(), HOME_1.station
    key = VariableKey("OCPPCommCtrlr", "FileTransferProtocols")
    record = ModelRecord(station, MAKE.fingerprint(EDITION_21), True, 1, now)  # noqa: FBT003
    async with stage.node.begin() as work:
        await work.models.merge(station, [Variable(key, value="HTTPS")], now)
        await work.models.save_record(record)


async def say(stage: Stage, name: str, payload: dict[str, Any]) -> dict[str, Any]:
    validator(schema(Edition.V21, f"{name}Request")).validate(payload)
    router = stage.inside.router
    answer = await router.answer(HOME_1.station, Edition.V21, name, payload)
    validator(schema(Edition.V21, f"{name}Response")).validate(answer)
    return answer


async def written(raw: asyncpg.Connection, stage: Stage) -> dict[str, tuple[int, int]]:
    """Return of each table how many rows it has, and which transaction wrote last."""
    await stage.inside.smart.idle()
    await stage.inside.journal.flush()
    names = await raw.fetch(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND "
        "relnamespace = 'public'::regnamespace"
    )
    parts = (
        f"SELECT '{each}', count(*), max(xmin::text::bigint) FROM {each}"  # noqa: S608
        for (each,) in names
    )
    rows = await raw.fetch(" UNION ALL ".join(parts))
    return {name: (count, last) for name, count, last in rows}
