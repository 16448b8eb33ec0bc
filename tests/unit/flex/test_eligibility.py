from dataclasses import replace
from datetime import date

import pytest

from csms.domain.enrollment import Enrollment
from csms.domain.event import Reason
from csms.domain.ids import ProgramId
from csms.domain.program import Program
from csms.domain.site import Site
from csms.domain.units import Power
from csms.flex.eligibility import EvseFacts, exclusions
from tests.unit.flex.fleets import enrollment, program, site

DAY = date(2026, 7, 14)
FACTS = EvseFacts(
    grid_parallel=True,
    dialect_verified=True,
    quarantined=False,
    has_vehicle=True,
    max_discharge=Power.kw(44),
)
SMALL = program(size_kw={"min": 1, "max": 50})
ACCOUNT = program(size_kw={"max": 50, "basis": "per_account"})


@pytest.mark.parametrize(
    ("agreement", "where", "facts", "rules", "expected"),
    [
        pytest.param(enrollment(), site(), FACTS, SMALL, (), id="eligible"),
        pytest.param(None, site(), FACTS, SMALL, (Reason.NOT_ENROLLED,), id="no-deal"),
        pytest.param(
            replace(enrollment(), program=ProgramId("other")),
            site(),
            FACTS,
            SMALL,
            (Reason.NOT_ENROLLED,),
            id="another-program",
        ),
        pytest.param(
            replace(enrollment(), starts_on=date(2026, 7, 15)),
            site(),
            FACTS,
            SMALL,
            (Reason.NOT_ENROLLED,),
            id="from-tomorrow",
        ),
        pytest.param(
            replace(enrollment(), ends_on=date(2026, 7, 13)),
            site(),
            FACTS,
            SMALL,
            (Reason.NOT_ENROLLED,),
            id="until-yesterday",
        ),
        pytest.param(
            enrollment(),
            site(),
            FACTS,
            program(effective_to="2026-07-13"),
            (Reason.PROGRAM_NOT_IN_FORCE,),
            id="old-rules",
        ),
        pytest.param(
            enrollment(),
            replace(site(), utility="sterling-municipal-light"),
            FACTS,
            SMALL,
            (Reason.NOT_ELIGIBLE_UTILITY,),
            id="municipal-light-plant",
        ),
        pytest.param(
            enrollment(),
            site(),
            FACTS,
            program(excluded_utilities=["eversource-ma"]),
            (Reason.NOT_ELIGIBLE_UTILITY,),
            id="excluded-utility",
        ),
        pytest.param(
            enrollment(),
            site(),
            FACTS,
            program(customer_class=["residential"]),
            (Reason.NOT_ELIGIBLE_CLASS,),
            id="commercial-in-a-home-program",
        ),
        pytest.param(
            enrollment(),
            site(permitted=False),
            FACTS,
            SMALL,
            (Reason.NO_EXPORT_PERMISSION,),
            id="no-permission",
        ),
        pytest.param(
            enrollment(),
            site(),
            replace(FACTS, grid_parallel=False),
            SMALL,
            (Reason.ISLAND_ONLY,),
            id="backup-system",
        ),
        pytest.param(
            enrollment(),
            site(),
            replace(FACTS, dialect_verified=False),
            SMALL,
            (Reason.CHARGE_ONLY,),
            id="unknown-make",
        ),
        pytest.param(
            enrollment(),
            site(),
            replace(FACTS, quarantined=True),
            SMALL,
            (Reason.VENDOR_QUARANTINED,),
            id="quarantine",
        ),
        pytest.param(
            enrollment(),
            site(),
            replace(FACTS, has_vehicle=False),
            SMALL,
            (Reason.NO_VEHICLE,),
            id="no-vehicle",
        ),
        pytest.param(
            enrollment(),
            site(),
            replace(FACTS, max_discharge=Power.kw(60)),
            SMALL,
            (Reason.NOT_ELIGIBLE_SIZE,),
            id="too-big",
        ),
        pytest.param(
            enrollment(),
            site(),
            replace(FACTS, max_discharge=Power(900)),
            SMALL,
            (Reason.NOT_ELIGIBLE_SIZE,),
            id="too-small",
        ),
        pytest.param(
            enrollment(),
            site(),
            replace(FACTS, max_discharge=Power.kw(60)),
            ACCOUNT,
            (),
            id="size-of-an-account-is-not-judged-per-evse",
        ),
        pytest.param(
            None,
            replace(site(permitted=False), utility="x"),
            replace(FACTS, grid_parallel=False),
            SMALL,
            (
                Reason.NOT_ENROLLED,
                Reason.NOT_ELIGIBLE_UTILITY,
                Reason.NO_EXPORT_PERMISSION,
                Reason.ISLAND_ONLY,
            ),
            id="every-reason-is-told",
        ),
    ],
)
def test_an_evse_is_excluded_for_every_reason_there_is(
    agreement: Enrollment | None,
    where: Site,
    facts: EvseFacts,
    rules: Program,
    expected: tuple[Reason, ...],
) -> None:
    assert exclusions(agreement, where, facts, rules, on=DAY) == expected
