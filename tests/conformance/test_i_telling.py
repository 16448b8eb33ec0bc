"""I01 and I08 on the wire: what charging costs goes with the permission to charge."""

from typing import Any

import pytest

from tests.conformance.peer_world import EDITIONS, Edition, Json, Peer, PeerWorld
from tests.conformance.token_world import CLUB, SETTINGS, a_token, equipped
from tests.proving import proves

__all__ = ["SETTINGS"]
pytestmark = [pytest.mark.postgres, pytest.mark.sockets]
both = pytest.mark.parametrize("edition", EDITIONS)
DISPLAY = {("DisplayMessageCtrlr", None, "Available", None): ("true", False)}
RECKONS = {("TariffCostCtrlr", None, "Enabled", "Tariff"): ("true", True)}
CLUB_TARIFF: Json = {
    "tariffId": "club-2026",
    "currency": "USD",
    "validFrom": "2026-01-01T00:00:00Z",
    "energy": {"prices": [{"priceKwh": 0.21}]},
}


def a_tariff(name: str, per_kwh: float = 0.30, **more: Any) -> Json:  # noqa: ANN401
    energy = {
        "prices": [{"priceKwh": per_kwh}],
        "taxRates": [{"type": "State", "tax": 6.25}],
    }
    return {"tariffId": name, "currency": "USD", "energy": energy, **more}


async def hold(world: PeerWorld, peer: Peer, tariff: Json, evse: int = 0) -> None:
    assert (await world.put("tariffs", tariff)).status == 200
    body = {"tariff": tariff["tariffId"], "evse": evse}
    told = await world.put(f"stations/{peer.name}/tariffs", body)
    assert told.status == 200, told.body


async def authorize(peer: Peer, token: Json) -> Json:
    return await peer.ask("Authorize", {"idToken": token})


@proves("I01.FR.01")
@both
async def test_a_driver_reads_what_holds_there(
    peer_world: PeerWorld, edition: Edition
) -> None:
    words = [
        {"format": "UTF8", "language": "en", "content": "Thirty cents a kWh"},
        {"format": "UTF8", "language": "de", "content": "Dreißig Cent je kWh"},
    ]
    async with equipped(peer_world, edition, DISPLAY) as peer:
        plain = await a_token(peer_world, f"{peer.name}-plain")
        german = await a_token(
            peer_world, f"{peer.name}-de", languages=["de"], message="Hallo!"
        )
        silent = await authorize(peer, plain)
        await hold(peer_world, peer, a_tariff(f"priced-{peer.name}"))
        priced = await authorize(peer, plain)
        await hold(peer_world, peer, a_tariff(f"worded-{peer.name}", description=words))
        worded = await authorize(peer, german)
        refused = await authorize(peer, {"idToken": "nobody", "type": "ISO14443"})

    assert "personalMessage" not in silent["idTokenInfo"]
    message = priced["idTokenInfo"]["personalMessage"]
    assert message == {"format": "UTF8", "content": "0.3188 USD/kWh"}
    assert worded["idTokenInfo"]["personalMessage"] == {
        "format": "UTF8",
        "language": "de",
        "content": "Hallo!\nDreißig Cent je kWh",
    }
    assert "personalMessage" not in refused["idTokenInfo"]
    assert all("tariff" not in each for each in (silent, priced, worded, refused))


@proves("I01.FR.02")
@both
async def test_a_station_that_can_show_nothing_is_sent_no_tariff(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with equipped(peer_world, edition, {}) as peer:
        token = await a_token(peer_world, f"{peer.name}-plain")
        await hold(peer_world, peer, a_tariff(f"priced-{peer.name}"))
        told = await authorize(peer, token)

    assert told["idTokenInfo"] == {"status": "Accepted"}


async def test_a_driver_is_told_nothing_that_may_not_hold(
    peer_world: PeerWorld,
) -> None:
    """Where EVSEs differ it is told only to those who may charge at one of them."""
    async with equipped(peer_world, Edition.V21, DISPLAY, evses=2) as peer:
        here = [{"station": peer.name, "evses": [2]}]
        anywhere = await a_token(peer_world, f"{peer.name}-any")
        second = await a_token(peer_world, f"{peer.name}-second", places=here)
        for evse, price in ((1, 0.1), (2, 0.2)):
            tariff = a_tariff(f"at-{evse}-{peer.name}", price)
            await hold(peer_world, peer, tariff, evse)
        unsure = await authorize(peer, anywhere)
        sure = await authorize(peer, second)

    assert "personalMessage" not in unsure["idTokenInfo"]
    content = sure["idTokenInfo"]["personalMessage"]["content"]
    assert content == "0.2125 USD/kWh"


@proves("I08.FR.01", "I08.FR.09")
async def test_the_tariff_of_a_group_goes_to_a_station_that_reckons(
    peer_world: PeerWorld,
) -> None:
    assert (await peer_world.put("tariffs", CLUB_TARIFF)).status == 200
    async with equipped(peer_world, Edition.V21, DISPLAY | RECKONS) as peer:
        member = await a_token(peer_world, f"{peer.name}-member", group=CLUB)
        guest = await a_token(peer_world, f"{peer.name}-guest")
        await hold(peer_world, peer, a_tariff(f"default-{peer.name}"))
        own = await authorize(peer, member)
        default = await authorize(peer, guest)
    async with equipped(peer_world, Edition.V21, DISPLAY) as other:
        simple = await authorize(other, member)

    undated = {name: each for name, each in CLUB_TARIFF.items() if name != "validFrom"}
    assert own["tariff"] == undated
    assert "tariff" not in default
    assert "personalMessage" not in default["idTokenInfo"]
    assert "tariff" not in simple
