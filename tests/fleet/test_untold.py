"""Nobody is discharged who was not told: the mail server is down when it is called."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.fleet.cast import DAY_1, PROGRAMS, RATE
from tests.fleet.world import Script, free_port, fresh_database, in_real_time, playing

pytestmark = [pytest.mark.fleet, pytest.mark.timeout(120)]

LOOKED_AT = DAY_1.start + timedelta(minutes=25)


def test_without_an_accepted_notice_nobody_discharges(
    postgres_url: str, migrated_template: str
) -> None:
    with fresh_database(postgres_url, migrated_template) as database:
        in_real_time(_play(database))


async def _play(database: str) -> None:
    script = Script(
        "lab",
        datetime(2026, 7, 14, 19, 15, tzinfo=UTC),
        rate=RATE,
        settings={
            "mail_catcher": False,
            "smtp_host": "127.0.0.1",
            "smtp_port": free_port(),
            "smtp_starttls": False,
        },
    )
    async with playing(database, script) as world:
        await world.desk.known()
        events = [await world.desk.call(each, DAY_1) for each in PROGRAMS]
        await world.clock.sleep_until(LOOKED_AT)
        account = await world.account(DAY_1, *events)

    assert {each["stage"] for each in account.events.values()} == {"active"}
    for event in account.events.values():
        assert event["notices"]["sent"] == 0
        assert event["notices"]["waiting"] + event["notices"]["failed"] > 0
    for name in account.members:
        station = name.split("/")[0]
        assert not any(m.watts < 0 for m in account.witness(station).minutes), name
        assert not account.member(station)["states"], name
