"""The registry document: sites, participants, vehicles, stations and enrollments."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)

from csms.domain.enrollment import Enrollment
from csms.domain.errors import Broken
from csms.domain.ids import (
    EvseId,
    ParticipantId,
    ProgramId,
    SiteId,
    StationId,
    VehicleId,
)
from csms.domain.participant import Participant, ParticipantKind
from csms.domain.site import CustomerClass, Site
from csms.domain.station import Evse
from csms.domain.units import Energy, Power
from csms.domain.vehicle import Departure, MobilityNeed, Override, Vehicle

MOST_FLAWS = 50


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing wrong with a document.

    Attributes:
        path: Where, such as ``stations[3].evses[0].vehicle``.
        problem: What is wrong.
        remedy: What to do about it.
    """

    path: str
    problem: str
    remedy: str


class MalformedRegistry(Broken):
    """The registry document cannot be imported; nothing of it was.

    Attributes:
        flaws: What is wrong with it, the first fifty things.
    """

    code = "malformed-registry"

    def __init__(self, flaws: Iterable[Flaw]) -> None:
        self.flaws = tuple(flaws)[:MOST_FLAWS]
        first = self.flaws[0]
        more = f" (and {len(self.flaws) - 1} more)" if len(self.flaws) > 1 else ""
        super().__init__(
            f"{first.path}: {first.problem}{more}",
            field=first.path,
            remedy=first.remedy,
        )


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is no IANA time zone") from None
    return name


def _clock(value: object) -> object:
    if isinstance(value, str) and len(value) == len("HH:MM"):
        return time.fromisoformat(value)
    raise ValueError("write a time as HH:MM")


def _day(value: object) -> object:
    if isinstance(value, str):
        return date.fromisoformat(value)
    raise ValueError("write a date as YYYY-MM-DD")


Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
StationName = Annotated[str, Field(pattern=r"^[A-Za-z0-9*_=+|@.-]{1,48}$")]
Name = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{1,200}$")]
Email = Annotated[str, Field(pattern=r"^([^\s@<>]+@[^\s@<>]+)?$", max_length=254)]
Kilo = Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False)]
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Clock = Annotated[time, BeforeValidator(_clock)]
Day = Annotated[date, BeforeValidator(_day)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ParticipantEntry(_Entry):
    """Someone who lends a vehicle's battery; an e-mail address may be empty."""

    id: Id
    name: Name
    email: Email
    language: Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] = (
        "en"
    )
    kind: ParticipantKind

    def value(self) -> Participant:
        """Return the domain value."""
        return Participant(
            ParticipantId(self.id), self.name, self.email, self.language, self.kind
        )


class SiteEntry(_Entry):
    """One electric service account."""

    id: Id
    name: Name
    participant: Id
    utility: Id
    timezone: Annotated[str, AfterValidator(_zone)]
    customer_class: CustomerClass
    import_cap_kw: Kilo
    export_cap_kw: Kilo
    export_permission: bool

    def value(self) -> Site:
        """Return the domain value."""
        return Site(
            id=SiteId(self.id),
            name=self.name,
            participant=ParticipantId(self.participant),
            utility=self.utility,
            timezone=self.timezone,
            customer_class=self.customer_class,
            import_cap=Power.kw(self.import_cap_kw),
            export_cap=Power.kw(self.export_cap_kw),
            export_permission=self.export_permission,
        )


class DepartureEntry(_Entry):
    """A departure of every week; 0 is Monday, the time is local to the site."""

    weekday: Annotated[int, Field(ge=0, le=6)]
    time: Clock
    soc_pct: Percent


class OverrideEntry(_Entry):
    """An exception for one date; without a time nobody leaves that day."""

    date: Day
    time: Clock | None = None
    soc_pct: Percent = 0


class VehicleEntry(_Entry):
    """A vehicle and what its driver needs."""

    id: Id
    participant: Id
    name: Name
    battery_kwh: Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)]
    max_charge_kw: Kilo
    max_discharge_kw: Kilo
    min_soc_pct: Percent
    departures: tuple[DepartureEntry, ...] = ()
    overrides: tuple[OverrideEntry, ...] = ()

    def value(self) -> Vehicle:
        """Return the domain value."""
        return Vehicle(
            id=VehicleId(self.id),
            participant=ParticipantId(self.participant),
            name=self.name,
            battery=Energy.kwh(self.battery_kwh),
            max_charge=Power.kw(self.max_charge_kw),
            max_discharge=Power.kw(self.max_discharge_kw),
            need=MobilityNeed(
                self.min_soc_pct,
                tuple(
                    Departure(each.weekday, each.time, each.soc_pct)
                    for each in self.departures
                ),
                tuple(
                    Override(each.date, each.time, each.soc_pct)
                    for each in sorted(self.overrides, key=lambda each: each.date)
                ),
            ),
        )


class EvseEntry(_Entry):
    """What supplies one vehicle at a time."""

    number: Annotated[int, Field(ge=1, le=1000)]
    max_charge_kw: Kilo
    max_discharge_kw: Kilo
    min_discharge_kw: Kilo = 0
    grid_parallel: bool
    vehicle: Id | None = None

    def value(self, station: StationId) -> Evse:
        """Return the domain value."""
        return Evse(
            id=EvseId(station, self.number),
            vehicle=None if self.vehicle is None else VehicleId(self.vehicle),
            max_charge=Power.kw(self.max_charge_kw),
            max_discharge=Power.kw(self.max_discharge_kw),
            min_discharge=Power.kw(self.min_discharge_kw),
            grid_parallel=self.grid_parallel,
        )


class StationEntry(_Entry):
    """A station; its password has 16 to 40 characters (A00.FR.205).

    A known station keeps its password if none is given.
    """

    id: StationName
    site: Id
    password: Annotated[str, Field(min_length=16, max_length=40)] | None = None
    evses: Annotated[tuple[EvseEntry, ...], Field(min_length=1)]


class EnrollmentEntry(_Entry):
    """The agreement of one EVSE to take part in one program."""

    program: Id
    station: StationName
    evse: Annotated[int, Field(ge=1)] = 1
    starts_on: Day
    ends_on: Day | None = None
    participant_share: Annotated[Decimal, Field(ge=0, le=1, max_digits=8)] = Decimal(1)

    def value(self, participant: ParticipantId) -> Enrollment:
        """Return the domain value; who takes part is whose site it is."""
        return Enrollment(
            program=ProgramId(self.program),
            evse=EvseId(StationId(self.station), self.evse),
            participant=participant,
            starts_on=self.starts_on,
            ends_on=self.ends_on,
            participant_share=self.participant_share,
        )


class RegistryDocument(_Entry):
    """Everything that an operator enters about a fleet."""

    version: Literal[1]
    participants: tuple[ParticipantEntry, ...] = ()
    sites: tuple[SiteEntry, ...] = ()
    vehicles: tuple[VehicleEntry, ...] = ()
    stations: tuple[StationEntry, ...] = ()
    enrollments: tuple[EnrollmentEntry, ...] = ()


def read(document: object) -> RegistryDocument:
    """Read a registry document, by itself: references are not looked up.

    Raises:
        MalformedRegistry: If it breaks the schema or names something twice.
    """
    try:
        found = RegistryDocument.model_validate(document)
    except ValidationError as error:
        raise MalformedRegistry(
            Flaw(_path(each["loc"]), each["msg"], _remedy(each["type"]))
            for each in error.errors(include_url=False)
            if each["type"] != "too_short" or not each["input"]
        ) from None
    if flaws := list(_twice(found)):
        raise MalformedRegistry(flaws)
    return found


def _twice(document: RegistryDocument) -> Iterator[Flaw]:
    for kind in ("participants", "sites", "vehicles", "stations"):
        yield from _repeated(kind, [each.id for each in getattr(document, kind)])
    for index, station in enumerate(document.stations):
        yield from _repeated(
            f"stations[{index}].evses", [each.number for each in station.evses]
        )
    keys = [(each.program, each.station, each.evse) for each in document.enrollments]
    yield from _repeated("enrollments", keys)


def _repeated(path: str, names: list[Any]) -> Iterator[Flaw]:
    for name, times in Counter(names).items():
        if times > 1:
            at = len(names) - 1 - names[::-1].index(name)
            yield Flaw(
                f"{path}[{at}]", f"{name} is there {times} times", "keep one of them"
            )


def _path(loc: Iterable[str | int]) -> str:
    text = ""
    for step in loc:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".") or "document"


def _remedy(kind: str) -> str:
    match kind:
        case "missing":
            return "add it"
        case "extra_forbidden":
            return "remove it, or correct its name"
        case _:
            return "correct the value"
