from datetime import UTC, datetime, timedelta

import pytest

from csms.console import security_wording as say
from csms.domain.certificate import RootUse
from csms.domain.security import RotationState, SecurityProfile, UpgradeState
from csms.domain.signing import CertificateUse, SigningState
from csms.services.ports.certificate_store import MemberStage, RotationStage
from csms.services.security_events import LIST


def test_every_event_of_the_list_is_told_to_people() -> None:
    for kind in LIST:
        told = say.telling(kind)
        assert told.means.endswith("."), kind
        assert told.advice.endswith("."), kind
        assert told.done


def test_an_event_of_a_maker_is_kept_and_not_explained() -> None:
    told = say.telling("SomethingOfTheMaker")

    assert (told.means, told.advice) == ("", "")
    assert told.done.startswith("Kept")


def test_no_state_is_without_words() -> None:
    assert set(say.PROFILES) == set(SecurityProfile)
    assert set(say.ROTATIONS) == set(RotationState)
    assert set(say.UPGRADES) == set(UpgradeState)
    assert set(say.SIGNING) == set(SigningState)
    assert set(say.CHANGES) == set(RotationStage)
    assert set(say.MEMBERS) == set(MemberStage)
    uses = {each.value for each in (*CertificateUse, *RootUse)}
    assert set(say.USES) == uses


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("TamperDetectionActivated", "Tamper detection activated"),
        ("InvalidTLSVersion", "Invalid TLS version"),
        ("SettingSystemTime", "Setting system time"),
        ("x", "x"),
        ("", ""),
    ],
)
def test_a_word_of_the_wire_is_taken_apart(kind: str, words: str) -> None:
    assert say.spaced(kind) == words


@pytest.mark.parametrize(
    ("severity", "word"),
    [(0, "grave"), (3, "grave"), (4, "notable"), (6, "routine"), (12, "routine")],
)
def test_gravity_follows_the_severity(severity: int, word: str) -> None:
    assert say.gravity(severity)[0] == word


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(days=-3), "expired 3 days ago"),
        (timedelta(0), "expired 0 s ago"),
        (timedelta(hours=5), "5 h left"),
        (timedelta(days=1), "1 day left"),
        (timedelta(days=89), "89 days left"),
        (timedelta(days=90), "3 months left"),
        (timedelta(days=729), "24 months left"),
        (timedelta(days=730), "2 years left"),
    ],
)
def test_time_left_is_said_roughly(left: timedelta, words: str) -> None:
    assert say.lasting(left) == words


def test_a_date_has_its_year() -> None:
    assert say.date(datetime(2027, 3, 4, 23, tzinfo=UTC), UTC) == "Mar 4, 2027"


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        ("O=Example,CN=CS-1", "CS-1"),
        ("cn=CS-2", "CS-2"),
        ("O=Example", "O=Example"),
        ("", ""),
    ],
)
def test_a_subject_is_called_by_its_common_name(subject: str, name: str) -> None:
    assert say.common_name(subject) == name
