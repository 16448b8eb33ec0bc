"""Waiting until it rings."""

import asyncio

from csms.services.alarm import Alarm


async def test_a_ring_while_nobody_waits_is_not_lost() -> None:
    alarm = Alarm()
    alarm.ring()
    began = asyncio.get_running_loop().time()

    await alarm.wait(60)

    assert asyncio.get_running_loop().time() == began


async def test_a_ring_wakes_who_waits() -> None:
    alarm = Alarm()
    loop = asyncio.get_running_loop()
    began = loop.time()
    loop.call_later(5, alarm.ring)

    await alarm.wait(60)

    assert loop.time() - began == 5


async def test_without_a_ring_the_time_passes() -> None:
    alarm = Alarm()
    loop = asyncio.get_running_loop()
    began = loop.time()

    await alarm.wait(60)
    await alarm.wait(60)

    assert loop.time() - began == 120


async def test_one_ring_wakes_once() -> None:
    alarm = Alarm()
    alarm.ring()
    loop = asyncio.get_running_loop()
    began = loop.time()

    await alarm.wait(60)
    await alarm.wait(60)

    assert loop.time() - began == 60
