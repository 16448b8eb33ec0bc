"""Block D on the wire: the lists of stations, whole, changed, and in conflict."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.conformance.peer_world import EDITIONS, Declines, Edition, Peer, PeerWorld
from tests.conformance.token_world import LISTS, SETTINGS, a_token, equipped, number_of
from tests.proving import proves

__all__ = ["SETTINGS"]
pytestmark = [pytest.mark.postgres, pytest.mark.sockets]
BOTH = pytest.mark.parametrize("edition", EDITIONS)
Json = dict[str, Any]


@dataclass
class Listed:
    """A station that keeps a list as the standard has it.

    Attributes:
        version: Its version.
        held: What it holds, by token.
        says: What it answers instead of doing it, one answer each.
    """

    peer: Peer
    world: PeerWorld
    version: int = 0
    held: dict[str, Json] = field(default_factory=dict)
    says: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.peer.answers["GetLocalListVersion"] = lambda _: {
            "versionNumber": self.version
        }
        self.peer.answers["SendLocalList"] = self._take

    @property
    def path(self) -> str:
        return f"stations/{self.peer.name}/local-list"

    @property
    def sent(self) -> list[Json]:
        return self.peer.record.asked("SendLocalList")

    async def token(self, name: str, **rules: Any) -> Json:  # noqa: ANN401
        """Have a token known that belongs on this station's list only."""
        return await a_token(
            self.world,
            f"{self.peer.name}-{name}",
            listed=True,
            places=[{"station": self.peer.name}],
            **rules,
        )

    async def sync(self, **how: bool) -> Json:
        told = await self.world.post(f"{self.path}/sync", how)
        return told.body

    async def manage(self) -> None:
        """Have the list kept, and wait until it is."""
        await self.world.put(self.path)
        await self.world.until(
            "SELECT 1 FROM local_list WHERE station_id = $1 AND state = 'synced'",
            self.peer.name,
        )

    async def kept(self) -> Json:
        (row,) = await self.world.rows(
            "SELECT state, intended_version, known_version, detail,"
            " jsonb_array_length(held) AS held FROM local_list WHERE station_id = $1",
            self.peer.name,
        )
        return row

    def _take(self, asked: Json) -> Json:
        if self.says:
            return {"status": self.says.pop(0)}
        full = asked["updateType"] == "Full"
        if not full and asked["versionNumber"] <= self.version:
            return {"status": "VersionMismatch"}
        self.version = asked["versionNumber"]
        if full:
            self.held = {}
        for entry in asked.get("localAuthorizationList", ()):
            if "idTokenInfo" in entry:
                self.held[entry["idToken"]["idToken"]] = entry["idTokenInfo"]
            else:
                self.held.pop(entry["idToken"]["idToken"], None)
        return {"status": "Accepted"}


@pytest.fixture(params=EDITIONS)
def edition(request: pytest.FixtureRequest) -> Edition:
    found: Edition = request.param
    return found


@pytest.fixture
async def listed(peer_world: PeerWorld, edition: Edition) -> AsyncIterator[Listed]:
    async with equipped(peer_world, edition, LISTS) as peer:
        yield Listed(peer, peer_world)


@proves(
    "D01.FR.01", "D01.FR.06", "D01.FR.18", "TC_D_01_CSMS", "TC_D_09_CSMS"
)  # fmt: skip
async def test_a_station_without_a_list_is_given_the_whole(listed: Listed) -> None:
    one = await listed.token("1", group="family")
    await listed.token("2", blocked=True)
    await listed.token("3", valid_until=listed.world.now(days=-1))
    await a_token(listed.world, f"{listed.peer.name}-4", listed=False)

    await listed.manage()

    (sent,) = listed.sent
    assert (sent["updateType"], sent["versionNumber"]) == ("Full", 1)
    assert sent["localAuthorizationList"] == [
        {
            "idToken": one,
            "idTokenInfo": {
                "status": "Accepted",
                "groupIdToken": {"idToken": "family", "type": "Central"},
            },
        },
        {
            "idToken": {"idToken": f"{listed.peer.name}-2", "type": "ISO14443"},
            "idTokenInfo": {"status": "Blocked"},
        },
    ]
    assert await listed.kept() == {
        "state": "synced",
        "intended_version": 1,
        "known_version": 1,
        "detail": "",
        "held": 2,
    }


@proves("D01.FR.01", "TC_D_02_CSMS", "TC_D_03_CSMS", "TC_D_08_CSMS")
async def test_what_changed_is_sent_and_nothing_else(listed: Listed) -> None:
    one, two = await listed.token("1"), await listed.token("2")
    await listed.token("4")
    await listed.manage()
    number = await number_of(listed.world, one)

    await listed.world.delete(f"id-tokens/{number}")
    added = await listed.token("3")
    said = await listed.sync()

    changes = [each for each in listed.sent[1:] if each["updateType"] != "Full"]
    named: list[Json] = [
        entry for each in changes for entry in each["localAuthorizationList"]
    ]
    assert len(changes) == len(listed.sent) - 1 >= 1
    assert sorted(entry["idToken"]["idToken"] for entry in named) == [
        one["idToken"],
        added["idToken"],
    ]
    assert {"idToken": one} in named
    versions = [each["versionNumber"] for each in listed.sent]
    assert versions == sorted(set(versions))
    assert set(listed.held) == {
        two["idToken"],
        f"{listed.peer.name}-4",
        added["idToken"],
    }
    assert said["known_version"] == listed.version
    assert listed.peer.record.asked("GetLocalListVersion")


async def test_nothing_is_sent_where_nothing_changed(listed: Listed) -> None:
    await listed.token("1")
    await listed.manage()

    said = await listed.sync()

    assert said["state"] == "synced"
    assert len(listed.sent) == 1


@proves("D01.FR.11")
async def test_a_long_list_goes_in_messages_that_the_station_takes(
    listed: Listed,
) -> None:
    names = [(await listed.token(f"{n}"))["idToken"] for n in range(7)]

    await listed.manage()

    kinds = [(each["updateType"], each["versionNumber"]) for each in listed.sent]
    assert kinds == [("Full", 1), ("Differential", 2), ("Differential", 3)]
    assert [len(each["localAuthorizationList"]) for each in listed.sent] == [3, 3, 1]
    assert sorted(listed.held) == names
    assert (await listed.kept())["known_version"] == 3


@proves("D01.FR.03")
@pytest.mark.parametrize("word", ["VersionMismatch", "Failed"])
async def test_a_change_that_is_not_taken_is_followed_by_the_whole(
    listed: Listed, word: str
) -> None:
    await listed.token("1")
    await listed.token("2")
    await listed.manage()

    listed.says = [word]
    await listed.token("3")
    await listed.world.until(
        "SELECT 1 FROM local_list WHERE station_id = $1 AND state = 'synced'"
        " AND jsonb_array_length(held) = 3",
        listed.peer.name,
    )

    kinds = [each["updateType"] for each in listed.sent]
    assert kinds == ["Full", "Differential", "Full"]
    versions = [each["versionNumber"] for each in listed.sent]
    assert versions == sorted(set(versions))
    assert len(listed.held) == 3


async def test_a_list_that_is_not_taken_at_all_is_an_error_that_says_so(
    listed: Listed,
) -> None:
    await listed.token("1")
    await listed.manage()
    listed.says = ["Failed"] * 9

    told = await listed.world.post(f"{listed.path}/sync", {"full": True})

    assert (told.status, told.body["code"]) == (409, "station-refused")
    kept = await listed.kept()
    assert (kept["state"], kept["detail"], kept["known_version"]) == (
        "failed",
        "Failed",
        1,
    )
    assert len(listed.held) == 1


@proves("D01.FR.03", "TC_D_08_CSMS")
async def test_a_version_that_is_not_ours_is_found_out_and_the_whole_is_sent(
    listed: Listed,
) -> None:
    """The conflict that a station brings home from somebody else, or from a reset."""
    await listed.token("1")
    await listed.manage()

    for foreign in (0, 40, -3):
        listed.version, listed.held = foreign, {}
        await listed.sync()

    kinds = [(each["updateType"], each["versionNumber"]) for each in listed.sent]
    assert kinds == [("Full", 1), ("Full", 2), ("Full", 41), ("Full", 42)]
    assert len(listed.held) == 1


@proves("TC_D_04_CSMS")
async def test_a_list_is_emptied(listed: Listed) -> None:
    await listed.token("1")
    await listed.manage()

    told = await listed.world.delete(listed.path)

    assert listed.sent[-1] == {"updateType": "Full", "versionNumber": 2}
    assert (told.body["state"], told.body["managed"]) == ("off", False)
    assert listed.held == {}


async def test_after_each_connection_the_version_is_asked_for(
    peer_world: PeerWorld,
) -> None:
    async with equipped(peer_world, Edition.V21, LISTS) as peer:
        listed = Listed(peer, peer_world)
        await listed.token("1")
        await listed.manage()

    async with peer_world.station(like=peer, boot=False) as again:
        back = Listed(again, peer_world, version=7)
        await again.boot()
        await peer_world.until(
            "SELECT 1 FROM local_list WHERE station_id = $1 AND known_version = 8",
            peer.name,
        )

    assert [each["updateType"] for each in back.sent] == ["Full"]


async def test_a_station_that_keeps_no_list_is_not_sent_one(
    peer_world: PeerWorld,
) -> None:
    async with peer_world.station() as peer:
        told = [
            await peer_world.put(f"stations/{peer.name}/local-list"),
            await peer_world.post(f"stations/{peer.name}/local-list/sync"),
            await peer_world.delete(f"stations/{peer.name}/local-list"),
        ]

        assert peer.record.asked("SendLocalList") == []
    assert {(each.status, each.body["code"]) for each in told} == {
        (409, "station-lacks")
    }
    assert "LocalAuthListCtrlr" in told[0].body["detail"]
    rows = await peer_world.rows(
        "SELECT 1 FROM local_list WHERE station_id = $1", peer.name
    )
    assert rows == []


async def test_a_station_that_answers_by_an_error_is_tried_again(
    listed: Listed,
) -> None:
    take = listed.peer.answers["SendLocalList"]
    listed.peer.answers["SendLocalList"] = Declines("InternalError")
    await listed.token("1")
    await listed.world.put(listed.path)
    told = await listed.world.post(f"{listed.path}/sync")

    listed.peer.answers["SendLocalList"] = take
    await listed.sync()

    assert (told.status, told.body["code"]) == (409, "station-refused")
    assert (await listed.kept())["state"] == "synced"
