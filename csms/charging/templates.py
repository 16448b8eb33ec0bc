"""Templates of the variables that stations should have, and what departs from them.

A template is data (``csms/templates/*.toml``): which makes and editions it is for, and
which variables should read what. Where two speak of one variable, the one that names
the make more exactly wins.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from csms.charging.configuration import METERING, Fit, Wanted, fitted_to, same
from csms.domain.device_model import Drift, DriftKind
from csms.domain.ids import StationId
from csms.domain.station import EDITION_21, EDITION_201, Make, Variable, VariableKey

ANY = "*"
Name = tuple[str, str, str]
"""Component, variable and instance: a variable wherever on the station it is."""


@dataclass(frozen=True, slots=True)
class Desired:
    """A variable that should read something, wherever on a station it is.

    Attributes:
        component: Name of the component.
        variable: Name of the variable.
        instance: Which of several such variables; empty if there is one.
        value: What it should read.
        fit: When another value will do as well.
        required: Whether the station must have it, or it is only wished for.
        why: What it is good for, for people.
        if_there: Whether nothing is wanted of a station that does not have it.
    """

    component: str
    variable: str
    value: str
    instance: str = ""
    fit: Fit = Fit.EXACT
    required: bool = False
    why: str = ""
    if_there: bool = False

    @property
    def name(self) -> Name:
        """Return what tells it from others."""
        return self.component, self.variable, self.instance


@dataclass(frozen=True, slots=True)
class Template:
    """What stations of some makes should read.

    Attributes:
        id: Stable name.
        about: What it is for, in a sentence.
        vendors: Shell patterns of vendor names, without regard to case.
        models: Shell patterns of model names, likewise.
        firmwares: Shell patterns of firmware versions, likewise.
        editions: Editions of the protocol that it is for.
        desired: The variables.
    """

    id: str
    about: str
    editions: tuple[str, ...]
    desired: tuple[Desired, ...]
    vendors: tuple[str, ...] = (ANY,)
    models: tuple[str, ...] = (ANY,)
    firmwares: tuple[str, ...] = (ANY,)

    def applies(self, make: Make, edition: str) -> bool:
        """Tell whether it is for a station of this make in this edition."""
        return (
            edition in self.editions
            and _matches(self.vendors, make.vendor)
            and _matches(self.models, make.model)
            and _matches(self.firmwares, make.firmware)
        )

    @property
    def rank(self) -> tuple[bool, bool, bool]:
        """Return how exactly it names makes, for choosing among several."""
        return (
            self.vendors != (ANY,),
            self.models != (ANY,),
            self.firmwares != (ANY,),
        )


def master_pass(group: str) -> Template:
    """Return what has stations know the group that stops transactions (C16).

    Its tokens are told apart by their group alone, so that a station which has the
    variable must read just what its operator has chosen.

    Args:
        group: The id of the group.
    """
    return Template(
        id="master-pass",
        about="Whoever is of the master pass group may end any transaction.",
        editions=(EDITION_201, EDITION_21),
        desired=(
            Desired(
                "AuthCtrlr",
                "MasterPassGroupId",
                group,
                required=True,
                why="Its tokens end any transaction, and start none (C16).",
                if_there=True,
            ),
        ),
    )


def desired_of(
    templates: Iterable[Template], make: Make, edition: str
) -> list[tuple[Template, Desired]]:
    """Return what a station should read, one entry for each variable, by name."""
    chosen: dict[Name, tuple[Template, Desired]] = {}
    for template in sorted(templates, key=lambda each: (each.rank, each.id)):
        if template.applies(make, edition):
            for each in template.desired:
                chosen[each.name] = (template, each)
    return [chosen[name] for name in sorted(chosen)]


def settings_of(
    desired: Iterable[tuple[Template, Desired]],
    known: Mapping[VariableKey, Variable],
    but: Iterable[Wanted] = (),
) -> list[Wanted]:
    """Return the settings that follow for a station of this device model.

    A variable that stands on several EVSEs is wanted on each of them.

    Args:
        desired: What it should read.
        known: The Actual value of every variable it has.
        but: What is wanted already; it is not wanted twice.
    """
    taken = {each.key for each in but}
    places: dict[Name, list[VariableKey]] = {}
    for key in sorted(known):
        name = (key.component, key.variable, key.variable_instance)
        places.setdefault(name, []).append(key)
    settings = []
    for template, each in desired:
        absent = VariableKey(
            each.component, each.variable, variable_instance=each.instance
        )
        settings += [
            Wanted(key, each.value, each.required, each.fit, template.id)
            for key in places.get(each.name, [] if each.if_there else [absent])
            if key not in taken
        ]
    return settings


def drift_of(
    station: StationId,
    settings: Iterable[Wanted],
    known: Mapping[VariableKey, Variable],
    before: Sequence[Drift],
    now: datetime,
) -> list[Drift]:
    """Return what is not as it should be.

    Args:
        station: Whose device model it is.
        settings: What should be.
        known: The Actual value of every variable it has.
        before: What was not as it should be when it was last looked at; what still is
            wrong in the same way is so since then.
        now: When it is looked at.
    """
    since = {(each.key, each.wanted, each.kind): each.since for each in before}
    found = {}
    for each in settings:
        kind, wanted = _departure(each, known.get(each.key))
        if kind is not None:
            there = known.get(each.key)
            found[each.key] = Drift(
                station,
                each.key,
                each.template,
                wanted,
                None if there is None else there.value,
                kind,
                each.needed,
                since.get((each.key, wanted, kind), now),
            )
    return list(found.values())


def conflicts(templates: Sequence[Template]) -> Iterator[str]:
    """Yield what is wrong with templates, taken together."""
    names: set[str] = set()
    for each in templates:
        if each.id in names or each.id == METERING:
            yield f"{each.id} is there twice"
        names.add(each.id)
    for one in templates:
        for other in templates:
            if one.id < other.id and _alike(one, other):
                both = {each.name for each in one.desired} & {
                    each.name for each in other.desired
                }
                for component, variable, _ in sorted(both):
                    yield (
                        f"{one.id} and {other.id} both want {component}.{variable}, "
                        "and neither names the make more exactly"
                    )


def _departure(setting: Wanted, there: Variable | None) -> tuple[DriftKind | None, str]:
    """Return in which way a variable is wrong, and what it should read."""
    if there is None:
        return (DriftKind.ABSENT if setting.needed else None), setting.value
    fitted = fitted_to(setting, there)
    if same(there.value, fitted) or not fitted.value:
        return None, fitted.value
    if there.due is not None and same(there.due, fitted):
        return DriftKind.RESTART, fitted.value
    fixed = there.mutability == "ReadOnly" or there.constant is True
    return (DriftKind.FIXED if fixed else DriftKind.VALUE), fitted.value


def _alike(one: Template, other: Template) -> bool:
    """Tell whether two could be for one station with the same rank."""
    return (
        one.rank == other.rank
        and bool(set(one.editions) & set(other.editions))
        and _overlap(one.vendors, other.vendors)
        and _overlap(one.models, other.models)
        and _overlap(one.firmwares, other.firmwares)
    )


def _overlap(one: Sequence[str], other: Sequence[str]) -> bool:
    return any(_matches((a,), b) or _matches((b,), a) for a in one for b in other)


def _matches(patterns: Iterable[str], text: str) -> bool:
    told = text.strip().casefold()
    return any(fnmatchcase(told, each.casefold()) for each in patterns)
