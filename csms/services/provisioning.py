"""Provisions stations in the background: after a boot, or when it seems to be needed.

Idempotent, one station at a time, a bounded number of stations at once. A station that
says little is served all the same: what it cannot do is remembered as a shortcoming,
and one whose device model cannot be read is never dispatched (rule 1).
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from csms.charging.capability import capability, to_document
from csms.charging.configuration import SAMPLING, Sampling, Wanted, by_key, make_of
from csms.charging.templates import Template
from csms.clock import Clock, pause
from csms.domain.device_model import ModelRecord
from csms.domain.ids import StationId
from csms.domain.station import EDITION_201, Make, Standing, Station, Variable
from csms.services.configuring import UNREADABLE, Configurator, Learned
from csms.services.desires import Desires
from csms.services.device_reports import recorded
from csms.services.ports.wire import (
    DeviceModelWire,
    NoAnswer,
    RefusedByStation,
    Reply,
    VariableSetting,
)
from csms.services.ports.work import Begin, Work
from csms.services.stations import StationBook

log = structlog.get_logger()

ANNOUNCED_S = 30.0
"""For so many real seconds, a boot is the one that we asked for."""

BY = "provisioning"
"""Who asks for reports when a station has booted, as reports name it."""

AFTER_ANSWER_S = 0.05
"""Real seconds between a boot and our first call, so that its answer goes first."""


class Triggers(Protocol):
    """Whoever can ask a station for a message; ``RemoteWire`` can."""

    async def trigger(
        self, station: StationId, message: str, evse: int | None = None
    ) -> Reply:
        """Ask for a message, such as ``BootNotification`` (F06)."""
        ...


@dataclass(frozen=True, slots=True)
class Patience:
    """How long provisioning waits, in real seconds: transport time.

    Attributes:
        report_s: For all parts of a report.
        boot_grace_s: For a boot, after the connection of a station that needs one.
        retry_s: Before the next try, when something went wrong on our side.
        tries: How often it is tried until the station has to come again by itself.
        at_once: How many stations are provisioned at the same time.
    """

    report_s: float = 30.0
    boot_grace_s: float = 5.0
    retry_s: float = 10.0
    tries: int = 5
    at_once: int = 16


@dataclass(slots=True)
class _Run:
    """A station's provisioning, waiting or under way.

    Attributes:
        make: What the station was when it began.
        due: Set when it should wait no longer for a boot.
    """

    make: Make | None
    due: asyncio.Event
    task: asyncio.Task[None] | None = None


class Provisioner:
    """Provisions stations (B02, B05 to B07).

    Args:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        book: What is known of every station; written after each provisioning.
        model: Reads and sets device models.
        remote: Asks for a boot notification when provisioning is done.
        sampling: How often meters are to be read.
        patience: How long to wait.
        templates: What stations should read beside that; what a template requires is
            set, what it wishes for is only noted.
        told: Told of values that were set in passing, to be kept a little later.
    """

    def __init__(  # noqa: PLR0913, it stands between all of these
        self,
        clock: Clock,
        begin: Begin,
        book: StationBook,
        model: DeviceModelWire,
        remote: Triggers,
        *,
        sampling: Sampling,
        patience: Patience,
        templates: Sequence[Template] = (),
        told: Callable[[StationId, Sequence[Variable]], None] | None = None,
    ) -> None:
        self._clock = clock
        self._begin = begin
        self._book = book
        self._model = model
        self._remote = remote
        self._patience = patience
        self._configurator = Configurator(model, sampling, patience.report_s)
        self._desires = Desires(clock, templates, sampling)
        self._told = told
        self._turns = asyncio.Semaphore(patience.at_once)
        self._runs: dict[StationId, _Run] = {}
        self._announced: dict[StationId, float] = {}

    def booted(self, station: StationId) -> None:
        """Provision a station that has just started.

        What is under way already goes on, unless the station has become another. The
        boot that ends a provisioning, because we asked for it, does not begin one.
        """
        known = self._book.station(station)
        until = self._announced.pop(station, 0.0)
        fit = known is not None and known.is_provisioned
        if not fit or asyncio.get_running_loop().time() > until:
            self._begin_run(station).due.set()

    def connected(self, station: StationId) -> None:
        """Provision a station that needs it, if it does not boot within the grace."""
        known = self._book.station(station)
        if known is None or known.standing is Standing.REJECTED:
            return
        if not known.is_provisioned or known.standing is Standing.PENDING:
            self._begin_run(station)

    def gone(self, station: StationId) -> None:
        """Stop what is under way for a station that is not there any more."""
        self._announced.pop(station, None)
        run = self._runs.pop(station, None)
        if run is not None and run.task is not None:
            run.task.cancel()

    async def stop(self) -> None:
        """Stop everything that is under way."""
        tasks = [each.task for each in self._runs.values() if each.task is not None]
        for station in list(self._runs):
            self.gone(station)
        await asyncio.gather(*tasks, return_exceptions=True)

    async def idle(self) -> None:
        """Return once nothing is under way."""
        while tasks := [each.task for each in self._runs.values() if each.task]:
            await asyncio.wait(tasks)

    async def provision(self, station: StationId) -> tuple[str, ...]:
        """Read, configure and read back a station; return its shortcomings.

        Afterwards it is accepted, and its capability is known.

        Raises:
            NoAnswer: It is not connected any more; nothing has changed.
        """
        known = self._book.station(station)
        if known is None:
            return ()
        learned, anew = await self._learn(known)
        able = capability(learned.variables, known.edition or EDITION_201)
        done = await self._configurator.configure(
            station,
            learned.variables,
            items_per_set=able.items_per_set,
            items_per_get=able.items_per_get,
            more=self._required(known, learned.variables),
        )
        fresh = {each.key: each for each in done.values}
        variables = tuple(
            fresh.get(each.key, each) if each.attribute == "Actual" else each
            for each in learned.variables
        )
        shortcomings = (*learned.shortcomings, *done.shortcomings)
        make = known.make or make_of(by_key(variables))
        learned = replace(learned, variables=variables, shortcomings=shortcomings)
        await self._keep(replace(known, make=make), learned, anew=anew)
        return shortcomings

    async def set_sampling(self, station: StationId, seconds: int) -> bool:
        """Set how often transactions are sampled; tell whether it now is so.

        For stations that do not sample by operation mode. It raises nothing: a
        station that cannot be asked is sampled as before.
        """
        setting = VariableSetting(SAMPLING, str(seconds))
        try:
            results = await self._model.set_variables(station, [setting])
        except (NoAnswer, RefusedByStation):
            return False
        accepted = all(each.status == "Accepted" for each in results)
        if accepted and self._told is not None:
            self._told(station, [Variable(SAMPLING, value=setting.value)])
        return accepted

    def _begin_run(self, station: StationId) -> _Run:
        known = self._book.station(station)
        make = None if known is None else known.make
        run = self._runs.get(station)
        if run is not None and make in (run.make, None):
            return run
        if run is not None and run.due.is_set():
            self.gone(station)
            run = None
        if run is None:
            run = self._runs[station] = _Run(make, asyncio.Event())
            run.task = asyncio.create_task(self._run(station, run))
        run.make = make
        return run

    async def _run(self, station: StationId, run: _Run) -> None:
        try:
            try:
                async with asyncio.timeout(self._patience.boot_grace_s):
                    await run.due.wait()
            except TimeoutError:
                run.due.set()
            await pause(AFTER_ANSWER_S)
            await self._try(station)
        finally:
            if self._runs.get(station) is run:
                del self._runs[station]

    async def _try(self, station: StationId) -> None:
        for _ in range(self._patience.tries):
            known = self._book.station(station)
            try:
                async with self._turns:
                    await self.provision(station)
                if known is not None and known.standing is Standing.PENDING:
                    await self._announce(station)
            except NoAnswer as error:
                log.info("station.provisioning_cut", station=station, kind=error.kind)
                return
            except Exception:
                log.exception("station.provisioning_failed", station=station)
                await pause(self._patience.retry_s)
            else:
                return

    async def _learn(self, known: Station) -> tuple[Learned, bool]:
        """Read the device model; tell whether it was read anew or is the kept one."""
        evses = [each.id.number for each in self._book.evses(known.id)]
        if known.is_provisioned:
            async with self._begin() as work:
                kept = await work.models.variables(known.id)
            if kept:
                able = self._book.capability(known.id)
                learned = await self._configurator.refresh(
                    known.id, kept, able.items_per_get, self._required(known, kept)
                )
                return learned, False
        return await self._configurator.learn(known.id, evses), True

    def _required(
        self, station: Station, variables: Sequence[Variable]
    ) -> Sequence[Wanted]:
        """Return what templates require; what they wish for is somebody's decision."""
        wishes = self._desires.more(station, variables)
        return [each for each in wishes if each.needed]

    async def _keep(self, station: Station, learned: Learned, *, anew: bool) -> None:
        variables, shortcomings = learned.variables, learned.shortcomings
        edition = station.edition or EDITION_201
        able = capability(variables, edition)
        able = replace(able, read=able.read and UNREADABLE not in shortcomings)
        make = station.make or Make("", "")
        now = self._clock.now()
        fingerprint = make.fingerprint(station.edition)
        async with self._begin() as work:
            if station.make is not None:
                await work.stations.save_make(station.id, station.make)
            if anew:
                await self._keep_model(work, station, learned)
            else:
                await work.models.restarted(station.id)
                await work.models.merge(station.id, variables, now)
            await self._desires.note(work, station, variables)
            await work.stations.save_provisioned(
                station.id,
                fingerprint=fingerprint,
                capabilities=to_document(able),
                shortcomings=shortcomings,
                at=now,
            )
            body = {"shortcomings": list(shortcomings), "variables": len(variables)}
            await work.facts.add("station.provisioned", station.id, body, now)
        current = self._book.station(station.id) or station
        accepted = current.standing is not Standing.REJECTED
        self._book.put_station(
            replace(
                current,
                make=current.make or station.make,
                standing=Standing.ACCEPTED if accepted else current.standing,
                provisioned_at=now,
                provisioned_for=fingerprint,
                capabilities=to_document(able),
                shortcomings=shortcomings,
            )
        )
        log.info(
            "station.provisioned",
            station=station.id,
            variables=len(variables),
            shortcomings=list(shortcomings),
            vendor_profile=self._book.vendor_profile(station.id).id,
        )

    async def _keep_model(self, work: Work, station: Station, learned: Learned) -> None:
        """Keep a device model that was read anew, and how the reading went."""
        now, make = self._clock.now(), station.make or Make("", "")
        await work.models.replace(station.id, learned.variables, now)
        for inventory, report in learned.reports:
            await work.models.add_report(
                recorded(station.id, inventory.value, BY, now, now, report)
            )
        if learned.variables:
            await work.models.save_record(
                ModelRecord(
                    station.id,
                    make.fingerprint(station.edition),
                    learned.complete,
                    len(learned.variables),
                    now,
                )
            )

    async def _announce(self, station: StationId) -> None:
        """Ask a station that was pending to boot again; or at least for its status."""
        for message in ("BootNotification", "StatusNotification"):
            try:
                reply = await self._remote.trigger(station, message)
            except RefusedByStation:
                continue
            if reply.accepted:
                if message == "BootNotification":
                    until = asyncio.get_running_loop().time() + ANNOUNCED_S
                    self._announced[station] = until
                return
