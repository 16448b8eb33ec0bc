"""Block B of a node: who provisions stations, and who looks after their set-up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from csms.blocks.commanding import StationCommands
from csms.blocks.device_models import StationModels
from csms.blocks.device_reports import DeviceReports
from csms.blocks.provisioning import Intervals
from csms.blocks.remote_control import StationRemote
from csms.blocks.translating import FindLink
from csms.bootstrap.smart import Smart
from csms.charging.configuration import Sampling
from csms.charging.templates import Template, master_pass
from csms.services.aftermath import Aftermath
from csms.services.commands import Commands, Guard
from csms.services.desires import Desires
from csms.services.device_models import DeviceModels
from csms.services.device_reports import DeviceReporting
from csms.services.drifts import Drifts
from csms.services.fitness import Fitness
from csms.services.journal import Journal
from csms.services.network_profiles import NetworkProfiles
from csms.services.provisioning import Patience, Provisioner
from csms.services.resets import Resets
from csms.services.stations_setup import StationsSetup
from csms.services.template_records import shipped_templates
from csms.services.world import World
from csms.settings import Settings

_REQUEST_IDS = 2**31


@dataclass(frozen=True, slots=True)
class BlockB:
    """What provisions stations, and what looks after their set-up.

    Attributes:
        provisioner: Provisions them after they have booted.
        reports: Reports of device models that are under way.
        aftermath: Keeps what stations have agreed to.
        templates: What stations should read.
        wire: Asks stations about their device models.
    """

    provisioner: Provisioner
    reports: DeviceReports
    aftermath: Aftermath
    templates: Sequence[Template]
    wire: StationModels


def block_b(
    settings: Settings, world: World, journal: Journal, link: FindLink
) -> BlockB:
    """Return what provisions stations; nothing runs yet."""
    started = world.clock.now().timestamp()
    reports = DeviceReports(first=1 + int(started) % (_REQUEST_IDS // 2))
    templates = shipped_templates()
    if (group := settings.master_pass_group) is not None:
        templates = (*templates, master_pass(group))
    sampling = Sampling(
        aligned_s=settings.aligned_interval_s,
        idle_s=settings.sampling_idle_s,
        event_s=settings.sampling_event_s,
        heartbeat_s=settings.heartbeat_s,
    )
    wire = StationModels(link, reports)
    provisioner = Provisioner(
        world.clock,
        world.begin,
        world.book,
        wire,
        StationRemote(link),
        sampling=sampling,
        patience=Patience(),
        templates=templates,
        told=journal.told,
    )
    desires = Desires(world.clock, templates, sampling)
    aftermath = Aftermath(world.clock, world.begin, world.book, desires)
    return BlockB(provisioner, reports, aftermath, templates, wire)


def commands_of(
    settings: Settings,
    world: World,
    link: FindLink,
    block: BlockB,
    guards: Sequence[Guard],
    charger: Smart,
) -> Commands:
    """Return what sends an operator's requests.

    Args:
        settings: What an operator set.
        world: What everything stands on.
        link: Finds the way to a station.
        block: Keeps what follows from an answer.
        guards: Further rules, each about the actions that it knows.
        charger: Knows what stations hold of charging profiles.
    """
    return Commands(
        world.clock,
        world.begin,
        world.book,
        StationCommands(link, (charger.ear().heard,)),
        by_others=settings.discharge_by_others,
        guards=(*guards, charger.guard()),
        holding=charger.ledger.held,
        aftermath=block.aftermath,
    )


def setup_of(world: World, commands: Commands, block: BlockB) -> StationsSetup:
    """Return what looks after the set-up of stations."""
    clock, begin, wire, after = world.clock, world.begin, block.wire, block.aftermath
    fitness = Fitness(begin, world.book)
    models = DeviceModels(clock, begin, commands, wire, after, fitness)
    return StationsSetup(
        models=models,
        reporting=DeviceReporting(clock, begin, world.book, commands, wire, after),
        drifts=Drifts(clock, begin, world.book, models),
        networks=NetworkProfiles(clock, begin, commands, wire, models, fitness, after),
        resets=Resets(clock, begin, commands, wire, after),
        templates=block.templates,
    )


def intervals_of(settings: Settings, rate: float) -> Intervals:
    """Return how long stations wait before they are heard of again.

    Args:
        settings: What an operator set.
        rate: Business seconds per real second; a station's clock runs as fast.
    """
    return Intervals(
        accepted=timedelta(seconds=settings.heartbeat_s),
        pending=timedelta(seconds=max(settings.pending_retry_s, 5.0 * rate)),
        rejected=timedelta(seconds=max(settings.rejected_retry_s, 5.0 * rate)),
    )
