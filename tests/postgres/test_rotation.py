"""A password is changed, and no step that goes wrong locks the station out (A01)."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from csms.domain.ids import StationId
from csms.domain.security import RotationState, SecurityProfile
from csms.domain.station import Variable, VariableKey
from csms.services.doorkeeping import Admission, Doorkeeper
from csms.services.ports.wire import (
    Inventory,
    NoAnswer,
    RefusedByStation,
    Report,
    Silence,
    VariableResult,
    VariableSetting,
)
from csms.services.rotation import (
    KEY,
    MOST_OPEN,
    PasswordRotations,
    RotationPolicy,
    RotationUnderWay,
    StationAway,
)
from tests.proving import proves
from tests.station_world import PASSWORD, STATION, Lobby, a_registry, lobby_on

pytestmark = pytest.mark.postgres
State = RotationState


@dataclass
class Stubborn:
    """A station that takes a password, or refuses, or is lost at the worst moment.

    Attributes:
        status: What it answers; an exception is raised instead.
        holds: The password that it has now.
        keeps: Whether it keeps what it has accepted.
    """

    status: str | Exception = "Accepted"
    keeps: bool = True
    holds: str = PASSWORD
    sent: list[str] = field(default_factory=list)
    meanwhile: Callable[[], object] | None = None

    async def set_variables(
        self, station: StationId, settings: Sequence[VariableSetting]
    ) -> Sequence[VariableResult]:
        del station
        [setting] = settings
        assert setting.key == VariableKey("SecurityCtrlr", "BasicAuthPassword")
        self.sent.append(setting.value)
        if self.keeps and self.status in {"Accepted", "lost after"}:
            self.holds = setting.value
        if isinstance(self.status, Exception):
            raise self.status
        if self.status == "lost after":
            raise NoAnswer(STATION, Silence.UNREACHABLE)
        return [VariableResult(setting.key, self.status)]

    async def get_variables(
        self, station: StationId, keys: Sequence[VariableKey]
    ) -> Sequence[VariableResult]:
        raise AssertionError((station, keys))

    async def get_base_report(
        self, station: StationId, inventory: Inventory, deadline_s: float
    ) -> Report:
        raise AssertionError((station, inventory, deadline_s))


@dataclass
class Sockets:
    here: bool = True
    closed: list[str] = field(default_factory=list)

    def is_connected(self, station: StationId) -> bool:
        return self.here and station == STATION

    def hang_up(self, station: StationId, reason: str) -> None:
        self.closed.append(f"{station}: {reason}")


@dataclass
class Bench:
    """A lobby, one station, and whoever changes its password."""

    lobby: Lobby
    station: Stubborn = field(default_factory=Stubborn)
    sockets: Sockets = field(default_factory=Sockets)
    busy: bool = False
    policy: RotationPolicy = field(default_factory=RotationPolicy)

    def open(self, doorkeeper: Doorkeeper | None = None) -> PasswordRotations:
        """Return what changes passwords; anew, as a new process would have it."""
        keeper = doorkeeper or self.lobby.doorkeeper
        rotations = PasswordRotations(
            self.lobby.clock,
            self.lobby.begin,
            self.lobby.book,
            keeper,
            self.lobby.passwords,
            self.station,
            self.sockets,
            policy=self.policy,
            is_busy=lambda _: self.busy,
        )
        keeper.confirming = rotations
        return rotations

    def later(self, by: timedelta) -> None:
        """Let time pass."""
        self.lobby.clock.jump_to(self.lobby.clock.now() + by)

    async def restarted(self) -> tuple[PasswordRotations, Doorkeeper]:
        """Return both as a new process has them: from the database alone."""
        keeper = Doorkeeper(self.lobby.begin, self.lobby.passwords)
        rotations = self.open(keeper)
        await rotations.start()
        await keeper.load()
        return rotations, keeper

    async def comes(
        self, password: str | None = None, keeper: Doorkeeper | None = None
    ) -> bool:
        """Have the station knock with what it holds; tell whether it came in."""
        said = await (keeper or self.lobby.doorkeeper).admit(
            STATION, password or self.station.holds, "127.0.0.1"
        )
        return said is Admission.ADMITTED

    async def state(self) -> RotationState:
        """Return how far the last change has come."""
        async with self.lobby.begin() as work:
            return (await work.security.rotations(STATION))[0].state


@pytest.fixture
async def bench(database: str) -> AsyncIterator[Bench]:
    async with lobby_on(database) as lobby:
        yield Bench(lobby)


@proves("A01.FR.02", "A01.FR.03")
async def test_the_old_one_ends_when_the_station_comes_in_with_the_new_one(
    bench: Bench,
) -> None:
    done = await bench.open().rotate(STATION, "ann")

    assert done.state is State.ACCEPTED
    assert bench.sockets.closed == [f"{STATION}: come in with the new password"]
    assert await bench.comes(PASSWORD), "it may not have kept the new one"
    assert await bench.comes()
    assert await bench.state() is State.CONFIRMED
    assert not await bench.comes(PASSWORD)


@proves("A01.FR.03")
async def test_to_the_letter_the_old_one_ends_with_the_answer(bench: Bench) -> None:
    bench.policy = RotationPolicy(strict=True)

    await bench.open().rotate(STATION, "ann")

    assert await bench.state() is State.CONFIRMED
    assert not await bench.comes(PASSWORD)
    assert await bench.comes()


@proves("A01.FR.04")
@pytest.mark.parametrize(
    "status",
    ["Rejected", "UnknownVariable", "NoResult", RefusedByStation(STATION, "Any")],
)
async def test_a_refusal_ends_the_new_one(
    bench: Bench, status: str | Exception
) -> None:
    bench.station.status = status

    done = await bench.open().rotate(STATION, "ann")

    assert done.state is State.REFUSED
    assert done.reason
    assert await bench.comes(PASSWORD)
    assert not await bench.comes(bench.station.sent[0])
    assert bench.sockets.closed == []


@pytest.mark.parametrize("keeps", [True, False])
async def test_silence_leaves_both_open(bench: Bench, *, keeps: bool) -> None:
    bench.station.status = (
        "lost after" if keeps else NoAnswer(STATION, Silence.UNANSWERED)
    )

    done = await bench.open().rotate(STATION, "ann")

    assert done.state is State.UNANSWERED
    assert await bench.comes(), "whichever it holds"
    assert await bench.state() is (State.CONFIRMED if keeps else State.UNANSWERED)


async def test_a_station_that_forgets_what_it_accepted_is_not_locked_out(
    bench: Bench,
) -> None:
    bench.station.keeps = False
    rotations = bench.open()
    await rotations.rotate(STATION, "ann")

    assert await bench.comes(PASSWORD)
    assert await bench.comes(PASSWORD), "and again"
    bench.sockets.closed.clear()
    await rotations.step()
    assert bench.sockets.closed == [], "it is not sent round in circles"

    bench.station.keeps = True
    await rotations.rotate(STATION, "ann")
    assert await bench.comes()
    assert not await bench.comes(PASSWORD)
    assert not await bench.comes(bench.station.sent[0])
    async with bench.lobby.begin() as work:
        states = [each.state for each in await work.security.rotations(STATION)]
    assert states == [State.CONFIRMED, State.SUPERSEDED]


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("step", ["prepared", "sent", "confirmed"])
async def test_a_crash_at_any_step_locks_nobody_out(
    bench: Bench, step: str, monkeypatch: pytest.MonkeyPatch, *, kept: bool
) -> None:
    class Killed(BaseException):
        """The process is gone."""

    rotations = bench.open()
    bench.station.keeps = kept
    if step == "prepared":
        monkeypatch.setattr(rotations, "_send", _raising(Killed))
        bench.station.keeps = False
    elif step == "sent":
        monkeypatch.setattr(rotations, "_turn", _raising(Killed))
    if step == "confirmed":
        monkeypatch.setattr(rotations, "_confirm", _raising(Killed))
        await rotations.rotate(STATION, "ann")
        if kept:
            with pytest.raises(Killed):
                await bench.comes()
    else:
        with pytest.raises(Killed):
            await rotations.rotate(STATION, "ann")

    _, keeper = await bench.restarted()

    assert await bench.comes(keeper=keeper), "whichever it holds"
    if bench.station.holds != PASSWORD:
        assert await bench.state() is State.CONFIRMED
        assert not await bench.comes(PASSWORD, keeper)


def _raising(kind: type[BaseException]) -> Callable[..., object]:
    async def fail(*_: object) -> None:
        raise kind

    return fail


async def test_a_station_that_is_quicker_than_its_answer_is_not_disturbed(
    bench: Bench,
) -> None:
    rotations, usual = bench.open(), bench.station.set_variables

    async def quick(
        station: StationId, settings: Sequence[VariableSetting]
    ) -> Sequence[VariableResult]:
        said = await usual(station, settings)
        assert await bench.comes()
        return said

    bench.station.set_variables = quick  # type: ignore[method-assign]

    done = await rotations.rotate(STATION, "ann")

    assert done.state is State.CONFIRMED
    assert bench.sockets.closed == []


async def test_a_password_that_needs_a_reboot_waits_for_it(bench: Bench) -> None:
    bench.station.status = "RebootRequired"

    done = await bench.open().rotate(STATION, "ann")

    assert done.state is State.ACCEPTED
    assert bench.sockets.closed == []
    assert await bench.comes(PASSWORD)
    assert await bench.comes(bench.station.sent[0])


async def test_a_busy_station_is_summoned_later(bench: Bench) -> None:
    bench.busy = True
    rotations = bench.open()
    await rotations.rotate(STATION, "ann")
    assert bench.sockets.closed == []

    bench.busy = False
    await rotations.step()

    assert len(bench.sockets.closed) == 1


async def test_what_is_not_here_cannot_be_changed(bench: Bench) -> None:
    bench.sockets.here = False
    with pytest.raises(StationAway):
        await bench.open().rotate(STATION, "ann")


async def test_no_more_than_a_few_are_on_their_way(bench: Bench) -> None:
    bench.station.status = NoAnswer(STATION, Silence.UNANSWERED)
    rotations = bench.open()
    for _ in range(MOST_OPEN):
        await rotations.rotate(STATION, "ann")

    with pytest.raises(RotationUnderWay):
        await rotations.rotate(STATION, "ann")
    assert await bench.comes(PASSWORD)


async def test_importing_the_first_password_again_changes_nothing(
    bench: Bench,
) -> None:
    await bench.open().rotate(STATION, "ann")
    assert await bench.comes()

    again = await bench.lobby.registry.import_registry(a_registry(), "bob")

    assert again.updated == ()
    assert await bench.comes()
    assert not await bench.comes(PASSWORD)


async def test_importing_another_password_counts(bench: Bench) -> None:
    await bench.open().rotate(STATION, "ann")
    assert await bench.comes()
    document = a_registry()
    document["stations"][0]["password"] = "another-password-of-ours"

    await bench.lobby.registry.import_registry(document, "bob")

    assert await bench.comes("another-password-of-ours")
    assert not await bench.comes()


@proves("A01.FR.06", "A01.FR.07", "A01.FR.08")
async def test_passwords_are_random_and_only_their_hashes_are_kept(
    bench: Bench,
) -> None:
    rotations = bench.open()
    for _ in range(2):
        await rotations.rotate(STATION, "ann")
        assert await bench.comes()

    first, second = bench.station.sent
    assert first != second
    async with bench.lobby.begin() as work:
        kept = await work.security.rotations(STATION)
        hashes = await work.stations.password_hashes()
    assert all(each.new_hash.startswith("$argon2id$") for each in kept)
    assert hashes[STATION].startswith("$argon2id$")


@pytest.mark.parametrize(
    ("said", "length"),
    [
        ({"maxLimit": 20}, 20),
        ({"dataType": "passwordString", "supportsMonitoring": False}, 40),
        ({"maxLimit": "inf"}, 40),
        ({"maxLimit": None}, 40),
        ({"maxLimit": 64}, 40),
    ],
)
async def test_a_password_is_as_long_as_the_station_takes(
    bench: Bench, said: dict[str, object], length: int
) -> None:
    async with bench.lobby.begin() as work:
        variable = Variable(KEY, characteristics=said)
        await work.models.merge(STATION, [variable], bench.lobby.clock.now())

    await bench.open().rotate(STATION, "ann")

    assert len(bench.station.holds) == length


async def test_old_passwords_are_changed_one_after_the_other(bench: Bench) -> None:
    bench.policy = RotationPolicy(max_age=timedelta(days=90))
    rotations = bench.open()

    await rotations.step()
    await rotations.step()
    assert len(bench.station.sent) == 1
    assert await bench.comes()

    bench.later(timedelta(days=89))
    await rotations.step()
    assert len(bench.station.sent) == 1
    bench.later(timedelta(days=2))
    await rotations.step()
    assert len(bench.station.sent) == 2


async def test_a_station_that_refuses_is_asked_again_the_next_day(
    bench: Bench,
) -> None:
    bench.policy = RotationPolicy(max_age=timedelta(days=90))
    bench.station.status = "Rejected"
    rotations = bench.open()

    for _ in range(3):
        await rotations.step()
    assert len(bench.station.sent) == 1
    bench.later(timedelta(days=1))
    await rotations.step()
    assert len(bench.station.sent) == 2


async def test_a_station_with_a_certificate_needs_no_password(bench: Bench) -> None:
    bench.policy = RotationPolicy(max_age=timedelta(days=90))
    async with bench.lobby.begin() as work:
        at = bench.lobby.clock.now()
        await work.security.entered(STATION, SecurityProfile.MUTUAL, at)

    await bench.open().step()

    assert bench.station.sent == []
