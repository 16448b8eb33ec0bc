"""Firmware, displays and vendors' messages: services and blocks, wired."""

from collections.abc import Sequence
from datetime import timedelta

from csms.blocks.commanding import StationCommands
from csms.blocks.data_transfer import DataTransfer
from csms.blocks.display import DisplayMessages, DisplayReports, StationDisplays
from csms.blocks.firmware import FirmwareProgress, StationFirmware
from csms.blocks.remote_control import StationRemote
from csms.blocks.routing import Block
from csms.blocks.translating import FindLink
from csms.notify.screens import ScreenLines
from csms.pki.firmware_signing import FirmwareSigning
from csms.services.alarm import Alarm
from csms.services.announcing import Announcer, AnnouncingPolicy
from csms.services.campaigning import Campaigns
from csms.services.commands import Commands
from csms.services.data_transfers import DataTransfers
from csms.services.displays import Displays
from csms.services.disturbing import Disturbing
from csms.services.firmware import Images
from csms.services.firmware_files import MEGABYTE, FirmwareFiles
from csms.services.firmware_wishes import FirmwareWishes
from csms.services.journal import Journal
from csms.services.publishing import Publishing
from csms.services.update_reports import FirmwareReports
from csms.services.updating import Updater
from csms.services.upkeep import FirmwareRunner, Upkeep
from csms.services.world import World
from csms.settings import Settings


def build_upkeep(
    settings: Settings,
    world: World,
    journal: Journal,
    commands: Commands,
    link: FindLink,
) -> tuple[Upkeep, Sequence[Block]]:
    """Return the services, and the blocks that hear stations on their behalf."""
    clock, begin, wake = world.clock, world.begin, Alarm()
    images = Images(
        clock,
        begin,
        FirmwareFiles(
            settings.data_dir / "firmware", settings.firmware_max_mb * MEGABYTE
        ),
        FirmwareSigning(),
        settings.link_base,
        timedelta(seconds=settings.firmware_link_valid_s),
    )
    wishes, disturbing = FirmwareWishes(world, images), Disturbing(world)
    wire = StationFirmware(link)
    updater = Updater(world, wishes, disturbing, wire, StationRemote(link), wake)
    campaigns = Campaigns(world, wishes, disturbing, wake)
    display_reports = DisplayReports()
    displays = Displays(world, StationDisplays(link, display_reports))
    transfers = DataTransfers(clock, begin, world.book, commands, StationCommands(link))
    upkeep = Upkeep(
        images=images,
        updater=updater,
        campaigns=campaigns,
        publishing=Publishing(world, images, wire),
        displays=displays,
        transfers=transfers,
        runner=FirmwareRunner(clock, begin, updater, campaigns, wake),
        announcer=Announcer(world, displays, ScreenLines(), _pace(clock.rate)),
    )
    blocks = (
        FirmwareProgress(FirmwareReports(clock, begin, journal, updater, wake)),
        DisplayMessages(display_reports, journal, clock),
        DataTransfer(transfers),
    )
    return upkeep, blocks


def _pace(rate: float) -> AnnouncingPolicy:
    """Return how patient the announcer is: less where every second is an age."""
    if rate == 1.0:
        return AnnouncingPolicy()
    return AnnouncingPolicy(courtesy_s=0.3, patience_s=1.0)
