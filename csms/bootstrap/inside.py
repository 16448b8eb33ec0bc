"""The inside of a node: services, and the blocks through which they speak OCPP."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from csms.blocks.availability import Availability, ConnectorStates
from csms.blocks.declined import Declined
from csms.blocks.device_reports import DeviceReports
from csms.blocks.metering import MeterHabits, Metering
from csms.blocks.places import Places
from csms.blocks.prompting import Prompts
from csms.blocks.provisioning import Provisioning
from csms.blocks.remote_control import StationRemote
from csms.blocks.routing import Block, Router
from csms.blocks.tariff_and_cost import StationTariffs
from csms.blocks.transactions import Transactions
from csms.blocks.translating import FindLink
from csms.bootstrap.authorizing import Authorizing, authorizing
from csms.bootstrap.certificates import CertificateParts, certificate_parts
from csms.bootstrap.diagnostics import diagnosing, diagnostic_blocks
from csms.bootstrap.firmware import build_upkeep
from csms.bootstrap.provisioning import (
    block_b,
    commands_of,
    intervals_of,
    setup_of,
)
from csms.bootstrap.retention import retention
from csms.bootstrap.securing import CertifiedSerials, Secured, Sockets, secure
from csms.bootstrap.smart import Smart, smart
from csms.clock import Clock
from csms.db.ingest import PostgresIngest
from csms.domain.ids import StationId
from csms.domain.program import Program
from csms.domain.vendor_profile import ExportMetering
from csms.notify.letters import TemplateLetters
from csms.services.access import Access
from csms.services.alarm import Alarm
from csms.services.commands import Commands
from csms.services.conducting import Conductor
from csms.services.diagnosing import Diagnosing
from csms.services.dispatch import Dispatcher
from csms.services.doorkeeping import Doorkeeper, Passwords
from csms.services.duties import Duties
from csms.services.events import Events
from csms.services.floors import Floors
from csms.services.forgetting import ListedCustomers
from csms.services.ingest import Ingest, IngestLimits
from csms.services.journal import Journal
from csms.services.live import LiveFleet
from csms.services.monitoring import Monitor
from csms.services.notices import Notices
from csms.services.operating import Operating
from csms.services.participation import Participation
from csms.services.planning import Planning
from csms.services.ports.notices import Mailer
from csms.services.ports.work import Begin
from csms.services.premises import Premises
from csms.services.program_records import load_programs
from csms.services.provisioning import Provisioner
from csms.services.reception import Reception
from csms.services.registry import Registry
from csms.services.replanning import Replanner
from csms.services.resuming import Resuming
from csms.services.retention import Retention
from csms.services.returning import Returning
from csms.services.running import EventRunner
from csms.services.sending import NoticeSender
from csms.services.settlement import Settlement
from csms.services.signed_values import SignedValues
from csms.services.stations import StationBook
from csms.services.stations_setup import StationsSetup
from csms.services.targeting import DispatchPolicy
from csms.services.tariff_telling import TariffTelling
from csms.services.tariffs import Tariffs
from csms.services.telemetry import Telemetry
from csms.services.transfer_watch import TransferWatch
from csms.services.upkeep import Upkeep
from csms.services.vendor_records import shipped
from csms.services.watching import MonitorPolicy
from csms.services.world import World
from csms.settings import Settings

CALLER = "the demand-response program of your utility"
SKEW, GREAT_SKEW = timedelta(seconds=5), timedelta(seconds=60)
"""How far a clock may be off ahead of an event, and at all (v2x §6.2)."""

JITTER_REAL_S = 0.5
"""Real seconds that our own work may take between a report and its consequence."""


@dataclass(frozen=True, slots=True)
class Inside:
    """All services of a node."""

    world: World
    programs: Sequence[Program]
    access: Access
    passwords: Passwords
    doorkeeper: Doorkeeper
    secured: Secured
    journal: Journal
    reception: Reception
    provisioner: Provisioner
    registry: Registry
    commands: Commands
    setup: StationsSetup
    ingest: Ingest
    telemetry: Telemetry
    diagnostics: Diagnosing
    dispatcher: Dispatcher
    monitor: Monitor
    returning: Returning
    resuming: Resuming
    transfer_watch: TransferWatch
    events: Events
    participation: Participation
    settlement: Settlement
    runner: EventRunner
    replanner: Replanner
    sender: NoticeSender
    authorizing: Authorizing
    smart: Smart
    operating: Operating
    tariffs: Tariffs
    router: Router
    certificates: CertificateParts
    upkeep: Upkeep
    retention: Retention


def build(
    settings: Settings,
    clock: Clock,
    begin: Begin,
    store: PostgresIngest,
    mailer: Mailer,
    link: FindLink,
) -> Inside:
    """Return every service, wired; nothing runs yet."""
    prompts = Prompts()
    link = prompts.noting(link)
    book = StationBook(shipped(), accept_simulated=settings.accept_simulated_evidence)
    live = LiveFleet(clock, begin)
    world = World(clock, begin, live, book, Premises(begin))
    programs = load_programs()
    passwords, journal = Passwords(), Journal(clock, begin)
    doorkeeper = Doorkeeper(begin, passwords)
    provisioning = block_b(settings, world, journal, link)
    provisioner = provisioning.provisioner
    reception = Reception(clock, begin, book, journal, live, provisioner)
    ingest = Ingest(
        store,
        live,
        clock,
        IngestLimits(
            window=settings.ingest_window_ms / 1000, max_batch=settings.ingest_max_batch
        ),
    )
    charger = smart(world, link, by_others=settings.discharge_by_others)
    dispatcher, monitor, resuming = _dispatch(settings, world, provisioner, charger)
    planning = Planning(programs, live, book)
    run_wake, send_wake = Alarm(), Alarm()
    notices = Notices(planning, TemplateLetters(), CALLER, settings.smtp_from)
    settlement = Settlement(clock, begin, programs)
    charging = authorizing(settings, world, journal, link)
    certificates = certificate_parts(settings, world, journal, link)
    starts = charging.starts(live)
    operating = Operating(clock, begin, book, live, StationRemote(link), starts)
    tariffs = Tariffs(clock, begin, book, StationTariffs(link))
    own = {name.casefold(): each for name, each in settings.group_tariffs.items()}
    telling = TariffTelling(begin, book, tariffs, own)
    secured = secure(
        settings,
        world,
        doorkeeper,
        passwords,
        journal,
        link,
        models=provisioning.wire,
        aftermath=provisioning.aftermath,
        roots=certificates.own.give,
        revocation=certificates.revocations,
        is_busy=lambda one: any(each.station == one for each in dispatcher.holding()),
    )
    access = Access(clock, begin)
    access.denials = secured.desk.denials
    guards = certificates.guard, secured.guard, charging.guard(live)
    commands = replace(
        commands_of(settings, world, link, provisioning, guards, charger),
        detours=charging.detours(),
    )
    upkeep, upkeep_blocks = build_upkeep(settings, world, journal, commands, link)
    listed = ListedCustomers(charging.tokens, charging.lists)
    diagnostics = diagnosing(settings, world, journal, link, listed)
    router = _router(
        settings,
        world,
        charging,
        reception,
        journal,
        ingest,
        provisioning.reports,
        diagnostics,
        (
            *charging.blocks(certificates.contracts, telling.told),
            certificates.answers,
            *upkeep_blocks,
            secured.block,
            *charger.blocks(dispatcher, journal),
        ),
        tariffs,
        CertifiedSerials(secured.desk.identities, Sockets(link)),
        resuming,
        prompts,
    )
    return Inside(
        world=world,
        programs=programs,
        access=access,
        passwords=passwords,
        doorkeeper=doorkeeper,
        secured=secured,
        journal=journal,
        reception=reception,
        provisioner=provisioner,
        registry=Registry(
            clock,
            begin,
            book,
            doorkeeper,
            passwords,
            frozenset(each.id for each in programs),
            (world.premises.refresh,),
        ),
        commands=commands,
        setup=setup_of(world, commands, provisioning),
        ingest=ingest,
        telemetry=Telemetry(clock, begin, ingest.settled_until),
        diagnostics=diagnostics,
        dispatcher=dispatcher,
        monitor=monitor,
        returning=Returning(live, StationRemote(link)),
        resuming=resuming,
        transfer_watch=TransferWatch(
            world, charger.transfers, dispatcher, charging.tokens
        ),
        events=Events(
            clock,
            begin,
            planning,
            wake=run_wake,
            grace=timedelta(seconds=settings.metering_grace_s),
        ),
        participation=Participation(clock, begin, notices, dispatcher, run_wake),
        settlement=settlement,
        runner=EventRunner(
            clock,
            begin,
            Duties(planning, notices, settlement),
            dispatcher,
            send_wake,
            since=clock.now(),
            wake=run_wake,
        ),
        replanner=Replanner(clock, begin, live, run_wake),
        sender=NoticeSender(clock, begin, mailer, settings.link_base, wake=send_wake),
        authorizing=charging,
        smart=charger,
        operating=operating,
        tariffs=tariffs,
        router=router,
        certificates=certificates,
        upkeep=upkeep,
        retention=retention(settings, world),
    )


def _dispatch(
    settings: Settings, world: World, provisioner: Provisioner, charger: Smart
) -> tuple[Dispatcher, Monitor, Resuming]:
    wire = charger.profile_wire

    async def sample(station: StationId, often: bool) -> None:  # noqa: FBT001
        seconds = settings.sampling_event_s if often else settings.sampling_idle_s
        await provisioner.set_sampling(station, seconds)

    stale = timedelta(seconds=settings.stale_soc_s)
    floors, conductor = Floors(world, wire), Conductor(world, wire, sample)
    dispatcher = Dispatcher(
        world,
        floors,
        conductor,
        DispatchPolicy(
            stale_soc=max(stale, timedelta(seconds=2 * settings.sampling_idle_s)),
            skew=max(SKEW, timedelta(seconds=world.clock.rate)),
            great_skew=_great_skew(world.clock),
        ),
    )
    monitor = Monitor(
        world,
        dispatcher,
        MonitorPolicy(
            trip_w=settings.trip_watts,
            soc_age=stale,
            jitter=timedelta(seconds=settings.trip_s)
            + timedelta(seconds=JITTER_REAL_S * (world.clock.rate - 1)),
        ),
    )
    resuming = Resuming(
        world,
        charger.ledger,
        charger.charging.wire,
        charger.charging.gate,
        floors,
        conductor,
        dispatcher,
    )
    return dispatcher, monitor, resuming


def _great_skew(clock: Clock) -> timedelta:
    return max(GREAT_SKEW, timedelta(seconds=3 * clock.rate))


def _router(  # noqa: PLR0913, PLR0917 - it stands between all of these
    settings: Settings,
    world: World,
    charging: Authorizing,
    reception: Reception,
    journal: Journal,
    ingest: Ingest,
    model_reports: DeviceReports,
    diagnostics: Diagnosing,
    others: tuple[Block, ...],
    tariffs: Tariffs,
    serials: CertifiedSerials,
    resuming: Resuming,
    prompts: Prompts,
) -> Router:
    clock, book, live = world.clock, world.book, world.live
    signed = SignedValues(world.begin)
    connectors = ConnectorStates(live, book, journal, clock)
    places = Places(book, journal, clock)

    def habits(station: StationId) -> MeterHabits:
        profile = book.vendor_profile(station)
        return MeterHabits(
            profile.export_metering is ExportMetering.SIGNED_IMPORT,
            profile.kwh_registers,
        )

    blocks: tuple[Block, ...] = (
        Provisioning(
            reception,
            model_reports,
            clock,
            intervals_of(settings, clock.rate),
            journal,
            serials,
        ),
        Availability(connectors, clock),
        Transactions(
            ingest,
            charging.tokens,
            clock,
            habits,
            charging.reservations,
            signed,
            tariffs,
            journal,
            _great_skew(clock),
            resuming.resumed,
            charging.refusals.note,
            places,
        ),
        Metering(ingest, habits, signed, places),
        *diagnostic_blocks(diagnostics, connectors, journal),
        *others,
        Declined(journal, clock),
    )
    return Router(
        blocks,
        stations=reception,
        journal=journal,
        clock=clock,
        expects=prompts.expects,
    )
