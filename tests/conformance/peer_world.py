"""A real node and stations that others wrote, for proofs on the wire.

One node (router, gateway on a loopback socket, HTTP, PostgreSQL) runs for all modules
here, in a thread with a loop of its own. A test connects stations that speak through
the `ocpp` package, has the node command them through the HTTP API, and looks at the
captured wire and at what PostgreSQL holds::

    import pytest
    from tests.conformance.peer_world import EDITIONS, Edition, PeerWorld
    from tests.proving import proves

    pytestmark = [pytest.mark.postgres, pytest.mark.sockets]
    SETTINGS = {"heartbeat_s": 60}    # optional: the module gets a node of its own
    RATE = 60.0                       # the same: business seconds per real second

    @proves("F06.FR.01")
    @pytest.mark.parametrize("edition", EDITIONS)
    async def test_a_message_is_asked_for(
        peer_world: PeerWorld, edition: Edition
    ) -> None:
        async with peer_world.station(edition) as peer:      # booted and accepted
            told = await peer_world.command(
                peer, "TriggerMessage", {"requestedMessage": "Heartbeat"}
            )

            assert told.payload == {"status": "Accepted"}
            assert peer.record.asked("TriggerMessage") == [
                {"requestedMessage": "Heartbeat"}
            ]

The station's side
    ``await peer.ask("Heartbeat", {...})`` calls the system with words of the wire and
    returns its answer; a CALLERROR raises ``Refused`` with ``code``. ``ask_raw`` sends
    what a schema forbids. ``peer.tell`` sends what is owed no answer.
    ``peer.answers["Reset"] = {"status": "Scheduled"}`` (or a function of the request,
    or ``Declines("NotSupported")``) decides what it answers; otherwise it accepts.
    ``peer.afters["GetLog"] = coroutine_function`` is done after it has answered.
    ``await peer.heard("Reset", where=...)`` waits for the system to ask something.
The wire
    ``peer.record.frames`` has every frame, both ways, in order; ``asked`` and
    ``answered`` pick from it. Each was validated against the official schema: a frame
    of the system's that breaks it fails the test at its end.
The node's side
    ``command`` sends any action through the API; ``get``, ``post``, ``put``, ``delete``
    reach any other resource; ``rows`` and ``value`` ask PostgreSQL; ``until`` waits
    until a question to PostgreSQL has an answer; ``node`` is the running node's
    services, and ``inside(coroutine)`` runs something on its loop.

Each ``station(...)`` is registered anew, with a site, a participant and a vehicle of
its own, so that tests do not see each other: ask PostgreSQL about ``peer.name``.
``station(..., boot=False)`` gives a connected station that has said nothing yet. With
``like=peer`` the same station comes back.
"""

import asyncio
import contextlib
import os
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, TypeVar

import asyncpg
import pytest
import uvloop

from csms.db.engine import connect_raw
from csms.ocpp.wire import Edition
from tests.conformance.peer import EDITIONS, Declines, Peer, Refused, connected
from tests.conformance.wire import Frame, Json, only
from tests.fleet.world import Script, Served, fresh_database, serving

__all__ = [
    "EDITIONS",
    "PASSWORD",
    "Declines",
    "Edition",
    "Frame",
    "Json",
    "Peer",
    "PeerWorld",
    "Refused",
    "Told",
    "only",
    "peer_world",
    "peer_worlds",
]

OPENS = datetime(2026, 7, 14, 14, tzinfo=UTC)
PASSWORD = "correct-horse-battery"
MODELS = {Edition.V21: "x21-scheduled", Edition.V201: "x201-neg-w"}
START_S = 30.0
UNTIL_S = float(os.environ.get("CSMS_PEER_PATIENCE_S", "10"))

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a request to the API.

    Attributes:
        status: The HTTP status.
        body: Its body.
    """

    status: int
    body: Json

    @property
    def payload(self) -> Json:
        """The station's answer.

        Raises:
            AssertionError: If it gave none.
        """
        assert self.status == 200, self.body
        payload: Json = self.body["payload"]
        return payload


@dataclass(slots=True)
class PeerWorld:
    """A running node, and everything that tests need of it.

    Attributes:
        served: Where it is reached.
    """

    served: Served
    loop: asyncio.AbstractEventLoop
    database: asyncpg.Connection
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    # -- stations -------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def station(
        self,
        edition: Edition = Edition.V21,
        *,
        boot: bool = True,
        like: Peer | None = None,
        evses: int = 1,
        **make: str,
    ) -> AsyncIterator[Peer]:
        """Give a connected station, by default booted and accepted.

        Args:
            edition: What it speaks.
            boot: Whether it boots and is provisioned first.
            like: The station that it is, instead of a new one.
            evses: How many EVSEs the registry knows of a new one.
            make: What differs in what it says it is, such as ``firmwareVersion``.
        """
        name = like.name if like else f"P-{next(self._numbers):03}"
        if like is None:
            await self.register(name, evses)
        said = like.make if like else _make(name, edition)
        async with connected(
            self.served.ocpp, name, PASSWORD, edition, {**said, **make}
        ) as peer:
            if like:
                peer.model = like.model
            if boot:
                await peer.boot()
                await self.idle()
                peer.record.pass_over()
            yield peer

    async def register(self, name: str, evses: int = 1) -> None:
        """Put a station into the registry, and a home around it."""
        told = await self.post("registry", a_registry(name, evses))
        assert told.status == 200, told.body

    async def idle(self) -> None:
        """Wait until no station is being provisioned."""
        provisioner: Any = self.node.reception.provisioning
        await self.inside(provisioner.idle())

    # -- the API --------------------------------------------------------------------

    async def command(
        self, peer: Peer | str, action: str, payload: Json | None = None
    ) -> Told:
        """Have the system send any request, and wait for what comes of it."""
        name = peer if isinstance(peer, str) else peer.name
        return await self.post(f"stations/{name}/commands/{action}", payload or {})

    async def get(self, path: str) -> Told:
        """Read a resource of the API, below ``/api/v1``."""
        return await self._request("GET", path)

    async def post(self, path: str, body: Mapping[str, Any] | None = None) -> Told:
        """Post to a resource of the API."""
        return await self._request("POST", path, body)

    async def put(self, path: str, body: Mapping[str, Any] | None = None) -> Told:
        """Put to a resource of the API."""
        return await self._request("PUT", path, body)

    async def delete(self, path: str) -> Told:
        """Delete a resource of the API."""
        return await self._request("DELETE", path)

    async def _request(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> Told:
        answer = await self.inside(
            self.served.api.request(method, f"/api/v1/{path}", json=body)
        )
        return Told(answer.status_code, answer.json() if answer.content else {})

    # -- the database ---------------------------------------------------------------

    async def rows(self, question: str, *values: Any) -> list[Json]:  # noqa: ANN401
        """Return what PostgreSQL answers, as dictionaries."""
        found = await self.inside(self.database.fetch(question, *values))
        return [dict(each) for each in found]

    async def value(self, question: str, *values: Any) -> Any:  # noqa: ANN401
        """Return the first column of the first row, or none."""
        return await self.inside(self.database.fetchval(question, *values))

    async def until(
        self,
        question: str,
        *values: Any,  # noqa: ANN401
        patience: float = UNTIL_S,
    ) -> list[Json]:
        """Wait until a question has rows, and return them.

        Raises:
            AssertionError: If it has none in time.
        """
        async with contextlib.AsyncExitStack() as stack:
            stack.enter_context(_missed(question))
            await stack.enter_async_context(asyncio.timeout(patience))
            while not (found := await self.rows(question, *values)):
                await asyncio.sleep(0.02)
        return found

    # -- the node -------------------------------------------------------------------

    @property
    def node(self) -> Any:  # noqa: ANN401 - the services of the node
        """The services of the running node."""
        return self.served.node

    def now(self, **later: float) -> str:
        """Return business time (or ``minutes=5`` later), as written on the wire."""
        moment = self.served.clock.now() + timedelta(**later)
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    async def inside(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something on the node's own loop."""
        future: Future[T] = asyncio.run_coroutine_threadsafe(work, self.loop)
        return await asyncio.wrap_future(future)


@pytest.fixture(scope="session")
def peer_worlds(postgres_url: str, migrated_template: str) -> Iterator["Worlds"]:
    """The nodes of all modules; none of them outlives its server."""
    WORLDS.postgres_url, WORLDS.template = postgres_url, migrated_template
    yield WORLDS
    WORLDS.close()


@pytest.fixture(scope="module")
def peer_world(request: pytest.FixtureRequest, peer_worlds: "Worlds") -> PeerWorld:
    """A node for this module's tests; see the top of ``peer_world.py``."""
    settings = {"heartbeat_s": 300} | getattr(request.module, "SETTINGS", {})
    rate = getattr(request.module, "RATE", 1.0)
    script = Script("peers", OPENS, rate=rate, settings=settings)
    return peer_worlds.running(script)


@dataclass(slots=True)
class Worlds:
    """The nodes that run now: modules that want the same share one."""

    postgres_url: str = ""
    template: str = ""
    _stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _found: dict[str, PeerWorld] = field(default_factory=dict)

    def running(self, script: Script) -> PeerWorld:
        """Return a node that plays the script; start it if none does."""
        key = repr(script)
        if key not in self._found:
            fresh = fresh_database(self.postgres_url, self.template)
            database = self._stack.enter_context(fresh)
            self._found[key] = self._stack.enter_context(_running(database, script))
        return self._found[key]

    def close(self) -> None:
        """Stop them all."""
        self._found.clear()
        self._stack.close()


WORLDS = Worlds()


@contextlib.contextmanager
def _running(database: str, script: Script) -> Iterator[PeerWorld]:
    """Run a node in a thread for as long as the block lasts."""
    ready: Future[PeerWorld] = Future()
    stop = threading.Event()
    thread = threading.Thread(target=_serve, args=(database, script, ready, stop))
    thread.start()
    try:
        yield ready.result(START_S)
    finally:
        stop.set()
        thread.join()


def _serve(
    database: str, script: Script, ready: "Future[PeerWorld]", stop: threading.Event
) -> None:
    async def serve() -> None:
        try:
            async with serving(database, script) as served:
                connection = await connect_raw(database)
                loop = asyncio.get_running_loop()
                ready.set_result(PeerWorld(served, loop, connection))
                while not stop.is_set():
                    await asyncio.sleep(0.02)
                await connection.close()
        except BaseException as error:
            if not ready.done():
                ready.set_exception(error)
            raise

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())


@contextlib.contextmanager
def _missed(question: str) -> Iterator[None]:
    try:
        yield
    except TimeoutError:
        raise AssertionError(f"PostgreSQL never had: {question}") from None


def _make(name: str, edition: Edition) -> Json:
    return {
        "vendorName": "Example",
        "model": MODELS[edition],
        "firmwareVersion": "sim-1.0",
        "serialNumber": name,
    }


def a_registry(name: str, evses: int = 1) -> Json:
    """Return a registry of one home with one station."""
    return {
        "version": 1,
        "participants": [
            {
                "id": name,
                "name": name,
                "email": f"{name}@example.org",
                "language": "en",
                "kind": "residential",
            }
        ],
        "sites": [
            {
                "id": name,
                "name": name,
                "participant": name,
                "utility": "eversource-ma",
                "timezone": "America/New_York",
                "customer_class": "residential",
                "import_cap_kw": 24.0,
                "export_cap_kw": 10.0,
                "export_permission": True,
            }
        ],
        "vehicles": [
            {
                "id": f"veh-{name}",
                "participant": name,
                "name": "A vehicle",
                "battery_kwh": 60.0,
                "max_charge_kw": 11.0,
                "max_discharge_kw": 11.0,
                "min_soc_pct": 20,
                "departures": [{"weekday": 2, "time": "09:00", "soc_pct": 70}],
                "overrides": [],
            }
        ],
        "stations": [
            {
                "id": name,
                "site": name,
                "password": PASSWORD,
                "evses": [
                    {
                        "number": number,
                        "max_charge_kw": 11.0,
                        "max_discharge_kw": 11.0,
                        "min_discharge_kw": 0.5,
                        "grid_parallel": True,
                        "vehicle": f"veh-{name}" if number == 1 else None,
                    }
                    for number in range(1, evses + 1)
                ],
            }
        ],
    }
