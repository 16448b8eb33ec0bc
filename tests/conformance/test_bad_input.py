"""One payload for each rule of each official schema, broken: refused, or mended.

What stations send goes through the router; what an operator asks for goes through the
same checks as a command does before it is sent.
"""

import asyncio
from collections.abc import Coroutine, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import pytest
import uvloop

from csms.blocks.commanding import StationCommands
from csms.blocks.routing import Route, Router
from csms.db.engine import connect_raw
from csms.domain.ids import SiteId, StationId
from csms.domain.station import Standing, Station
from csms.ocpp.codes import CallRefused, RpcErrorCode
from csms.ocpp.messages import HANDLED, SENT
from csms.ocpp.tolerance import Deviation, read_tolerantly
from csms.ocpp.wire import (
    FROM_STATION,
    TO_STATION,
    Action,
    AnyAction,
    Direction,
    Edition,
)
from csms.services.commands import Commands, MalformedCommand
from csms.services.ports.wire import DeviationSeen
from csms.services.stations import StationBook
from csms.services.vendor_records import shipped
from tests.conformance.breaking import CODES, Broken, broken
from tests.conformance.official import ACTIONS, file_names, schema, validator
from tests.fakes.clock import ManualClock
from tests.fleet.world import fresh_database
from tests.http.nodes import Stage, a_node

STATION = StationId("MA-HOME-01")
SHED = ("NotifyEvent", "type", "eventData")
"""A list that is left empty by mending is refused as such."""

NEW_IN_21 = {"monitor[0].variableMonitoring[0].eventNotificationType"}
"""The one field that 2.1 requires and 2.0.1 does not have: read without it."""

T = TypeVar("T")


class Reached(Exception):
    """The handler was called: the payload was taken."""


def cases(direction: Direction) -> list[Any]:
    return [
        pytest.param(action, edition, id=f"{action.name}-{edition}")
        for action in ACTIONS.values()
        for edition in Edition
        if direction in action.direction and edition in action.editions
    ]


def schema_of(action: AnyAction, edition: Edition) -> dict[str, Any]:
    names = f"{action.name}Request", action.name
    return schema(edition, next(each for each in names if each in file_names(edition)))


@dataclass
class Notebook:
    """A journal that keeps what it is told."""

    noted: list[DeviationSeen] = field(default_factory=list)

    def heard(self, station: StationId) -> None:
        del station

    def count(
        self, station: StationId, seen: Iterable[DeviationSeen], at: datetime
    ) -> None:
        del station, at
        self.noted.extend(seen)

    def take(self) -> list[DeviationSeen]:
        taken, self.noted = self.noted, []
        return taken


class Everybody:
    """Stations that are all accepted."""

    def standing(self, station: StationId) -> Standing:
        del station
        return Standing.ACCEPTED


@dataclass
class Wall:
    """A block whose handlers only say that they were reached."""

    action: Action[Any, Any]

    def routes(self) -> Iterator[Route]:
        yield Route(self.action, self.reach)

    async def reach(self, *_: object) -> None:
        raise Reached


@dataclass
class Routes:
    """A block made of the routes of others."""

    given: Iterable[Route]

    def routes(self) -> Iterator[Route]:
        yield from self.given


async def outcome(
    router: Router, edition: Edition, action: str, payload: object
) -> RpcErrorCode | None:
    """Return the code of the CALLERROR, or none if the payload was taken."""
    try:
        await router.answer(STATION, edition, action, payload)
    except CallRefused as refused:
        return refused.code
    except Reached:
        pass
    return None


@pytest.mark.parametrize(("action", "edition"), cases(FROM_STATION))
async def test_what_breaks_a_rule_is_refused_by_its_code_or_mended_and_recorded(
    action: AnyAction, edition: Edition
) -> None:
    clock, journal = ManualClock(), Notebook()
    if not isinstance(action, Action):
        _told(action, edition, clock.now())
        return
    router = Router([Wall(action)], stations=Everybody(), journal=journal, clock=clock)
    wrong = []
    for each in broken(schema_of(action, edition)):
        code = await outcome(router, edition, action.name, each.payload)
        noted = {seen.kind for seen in journal.take()}
        if code is None:
            if not (noted or each.field in NEW_IN_21 or _allowed_in_21(action, each)):
                wrong.append(f"{each}: taken without a word")
        elif (action.name, each.rule, each.field) == SHED:
            assert code is CODES["minItems"]
        elif noted != {f"refused:{code}"} or code is not CODES[each.rule]:
            wrong.append(f"{each}: {code}, {noted}")

    assert wrong == []


def _told(action: AnyAction, edition: Edition, now: datetime) -> None:
    for each in broken(schema_of(action, edition)):
        code, deviations = _read(action, each, now)
        assert deviations if code is None else code is CODES[each.rule], each


def _read(
    action: AnyAction, each: Broken, now: datetime
) -> tuple[RpcErrorCode | None, tuple[Deviation, ...]]:
    try:
        _, deviations = read_tolerantly(action, each.payload, now=now)
    except CallRefused as refused:
        return refused.code, ()
    return None, deviations


def _allowed_in_21(action: AnyAction, each: Broken) -> bool:
    """Tell whether the later edition, in which we read, has no such rule."""
    return validator(schema_of(action, Edition.V21)).is_valid(each.payload)


@pytest.mark.parametrize(("action", "edition"), cases(FROM_STATION))
def test_what_is_broken_is_whole_otherwise(action: AnyAction, edition: Edition) -> None:
    root = schema_of(action, edition)
    first = {each.rule: each for each in broken(root)}
    check = validator(root)

    for rule, each in first.items():
        found = {error.validator for error in check.iter_errors(each.payload)}
        assert rule in found <= {rule, "enum"}, each


@dataclass
class Behind:
    """A node whose router notes deviations in a notebook."""

    runner: asyncio.Runner
    database: str
    journal: Notebook = field(default_factory=Notebook)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    async def open(self) -> None:
        self._entered = a_node(self.database)
        self.stage: Stage = await self._entered.__aenter__()
        await self.stage.populate()
        self.raw = await connect_raw(self.database)
        inside = self.stage.inside
        self._ingest = asyncio.create_task(inside.ingest.run())
        self.router = Router(
            [Routes(inside.router.routes.values())],
            stations=Everybody(),
            journal=self.journal,
            clock=self.stage.clock,
        )

    async def close(self) -> None:
        await self.raw.close()
        await self.stage.inside.ingest.stop()
        self._ingest.cancel()
        await asyncio.gather(self._ingest, return_exceptions=True)
        await self._entered.__aexit__(None, None, None)

    async def judge(self, name: str) -> None:
        """Send every broken payload; hold what comes of it against the rules."""
        edition = Edition.V21
        given = list(broken(schema_of(ACTIONS[name], edition)))
        before = await self._written()
        mended = [each for each in given if not await self._refused(each, name)]
        assert await self._written() == before
        self.journal.take()
        send = partial(outcome, self.router, edition, name)
        for each in mended:
            code = await send(each.payload)
            assert code is not RpcErrorCode.INTERNAL_ERROR, each
            assert self.journal.take(), each

    async def _refused(self, each: Broken, name: str) -> bool:
        """Send a payload that cannot be read, through everything that is there."""
        code, _ = _read(ACTIONS[name], each, self.stage.clock.now())
        if code is None:
            return False
        assert code is await outcome(self.router, Edition.V21, name, each.payload), each
        return True

    async def _written(self) -> list[tuple[object, ...]]:
        """Return how many rows each table has, and which transaction wrote last."""
        names = await self.raw.fetch(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND "
            "relnamespace = 'public'::regnamespace ORDER BY relname"
        )
        parts = (
            f"SELECT '{each[0]}', count(*), max(xmin::text::bigint) FROM {each[0]}"  # noqa: S608
            for each in names
        )
        return [tuple(row) for row in await self.raw.fetch(" UNION ALL ".join(parts))]


@pytest.fixture(scope="module")
def behind(postgres_url: str, migrated_template: str) -> Iterator[Behind]:
    """The whole inside of a node on PostgreSQL, and a router before its handlers."""
    with (
        fresh_database(postgres_url, migrated_template) as database,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        node = Behind(runner, database)
        runner.run(node.open())
        yield node
        runner.run(node.close())


@pytest.mark.postgres
@pytest.mark.parametrize(
    "name", [each.name for each in HANDLED if isinstance(each, Action)]
)
def test_what_is_refused_changes_nothing_and_what_is_mended_fails_nowhere(
    behind: Behind, name: str
) -> None:
    behind.run(behind.judge(name))


@pytest.mark.parametrize(("action", "edition"), cases(TO_STATION))
async def test_a_command_that_breaks_a_rule_is_refused_by_the_name_of_its_field(
    action: AnyAction, edition: Edition
) -> None:
    if action not in SENT:
        return
    commands = _commands(edition)
    wrong = []
    for each in broken(schema_of(action, edition)):
        try:
            await commands.check(STATION, action.name, each.payload)
        except MalformedCommand as refused:
            if not any(_names(error.path, each.field) for error in refused.errors):
                wrong.append(f"{each}: {[error.path for error in refused.errors]}")
        else:
            wrong.append(f"{each}: taken")

    assert wrong == []


def _commands(edition: Edition) -> Commands:
    book = StationBook(shipped(), accept_simulated=True)
    book.put_station(
        Station(
            STATION,
            SiteId("home-01"),
            standing=Standing.ACCEPTED,
            edition=edition.value,
        )
    )
    return Commands(ManualClock(), _no_work, book, StationCommands(lambda _: None))


def _no_work() -> Any:  # noqa: ANN401
    raise AssertionError("nothing is to be written")


def _names(said: str, field: str) -> bool:
    """Tell whether an error's path names a field, or what it stands in."""
    return said == field or field.startswith((f"{said}.", f"{said}["))
