"""Handing mail over, to a server that keeps it or makes trouble."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from typing_extensions import override

from csms.domain.notice import Letter
from csms.notify.catcher import MailCatcher
from csms.notify.mailer import SmtpMailer, SmtpServer
from csms.services.ports.notices import Undeliverable
from tests.fakes.clock import DAWN, ManualClock

pytestmark = pytest.mark.sockets

LETTER = Letter("Über Strom", "Plain wörds\n", "<p>HTML wörds</p>\n")


def a_mailer(port: int) -> SmtpMailer:
    server = SmtpServer("127.0.0.1", port, security="none", patience_s=2.0)
    return SmtpMailer(server, "events@example.org", "Event desk", ManualClock())


@pytest.fixture
async def catcher() -> AsyncIterator[MailCatcher]:
    catcher = MailCatcher(ManualClock(), most=3)
    await catcher.start()
    yield catcher
    await catcher.stop()


async def test_what_is_sent_arrives_in_both_forms(catcher: MailCatcher) -> None:
    mailer = a_mailer(catcher.port)

    await mailer.send("ann@example.org", LETTER, "<n1@example.org>")

    await mailer.close()
    (mail,) = catcher.list()
    assert (mail.id, mail.to, mail.subject) == (1, "ann@example.org", "Über Strom")
    assert mail.text == "Plain wörds\n"
    assert mail.html == "<p>HTML wörds</p>\n"
    assert mail.message_id == "<n1@example.org>"
    assert mail.received_at == DAWN


async def test_one_connection_serves_many_and_is_reopened(catcher: MailCatcher) -> None:
    mailer = a_mailer(catcher.port)
    await mailer.send("ann@example.org", LETTER, "<n1@example.org>")
    await mailer.send("bob@example.org", LETTER, "<n2@example.org>")
    await mailer.close()

    await mailer.send("cat@example.org", LETTER, "<n3@example.org>")

    await mailer.close()
    assert [mail.to[:3] for mail in catcher.list()] == ["ann", "bob", "cat"]


async def test_pages_go_on_after_the_last_one_seen(catcher: MailCatcher) -> None:
    for name in ("a", "b", "c", "d"):
        catcher.keep(name, b"Subject: x\r\n\r\nbody")

    assert [mail.to for mail in catcher.list()] == ["b", "c", "d"]
    assert [mail.to for mail in catcher.list(after=3)] == ["d"]
    assert [mail.to for mail in catcher.list(limit=1)] == ["b"]
    assert catcher.find(4) == catcher.list(after=3)[0]
    assert catcher.find(1) is None
    assert catcher.list()[0].html == ""


async def test_a_catcher_that_has_stopped_listens_nowhere(catcher: MailCatcher) -> None:
    port = catcher.port
    await catcher.stop()

    assert catcher.port == 0
    with pytest.raises(Undeliverable) as caught:
        await a_mailer(port).send("ann@example.org", LETTER, "<n@example.org>")
    assert caught.value.lost_contact
    assert not caught.value.permanent


class Moody:
    """A mail server's temper."""

    def __init__(self, rcpt: str = "250 OK", data: str = "250 OK") -> None:
        self.rcpt, self.data = rcpt, data

    async def handle_RCPT(  # noqa: N802
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(  # noqa: N802
        self, _server: SMTP, _session: Session, _envelope: Envelope
    ) -> str:
        return self.data


@asynccontextmanager
async def serving(factory: Callable[[], asyncio.BaseProtocol]) -> AsyncIterator[int]:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(factory, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


@pytest.mark.parametrize(
    ("moody", "permanent"),
    [
        (Moody(rcpt="550 no such person"), True),
        (Moody(rcpt="450 try later"), False),
        (Moody(data="554 looks like spam"), True),
        (Moody(data="451 try later"), False),
    ],
)
async def test_a_refusal_says_whether_it_is_final(
    moody: Moody, *, permanent: bool
) -> None:
    loop = asyncio.get_running_loop()
    async with serving(lambda: SMTP(moody, loop=loop)) as port:
        mailer = a_mailer(port)
        with pytest.raises(Undeliverable) as caught:
            await mailer.send("ann@example.org", LETTER, "<n@example.org>")
        await mailer.close()

    assert caught.value.permanent is permanent
    assert not caught.value.lost_contact


async def test_a_refusal_leaves_the_connection_usable() -> None:
    moody = Moody(rcpt="550 no such person")
    loop = asyncio.get_running_loop()
    async with serving(lambda: SMTP(moody, loop=loop)) as port:
        mailer = a_mailer(port)
        with pytest.raises(Undeliverable):
            await mailer.send("ann@example.org", LETTER, "<n1@example.org>")
        moody.rcpt = "250 OK"

        await mailer.send("bob@example.org", LETTER, "<n2@example.org>")

        await mailer.close()


class Silent(asyncio.Protocol):
    """Takes the connection and never says a word."""


class Rude(asyncio.Protocol):
    """Hangs up at once."""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


@pytest.mark.parametrize("manners", [Silent, Rude])
async def test_a_server_without_manners_is_out_of_reach(
    manners: Callable[[], asyncio.BaseProtocol],
) -> None:
    async with serving(manners) as port:
        with pytest.raises(Undeliverable) as caught:
            await a_mailer(port).send("ann@example.org", LETTER, "<n@example.org>")

    assert caught.value.lost_contact


@pytest.mark.parametrize("address", ["", "no address", "a@b\r\nBcc: c@example.org"])
async def test_what_is_no_address_is_never_written_to(
    catcher: MailCatcher, address: str
) -> None:
    with pytest.raises(Undeliverable) as caught:
        await a_mailer(catcher.port).send(address, LETTER, "<n@example.org>")

    assert caught.value.permanent
    assert catcher.list() == []
