"""What block N decides: uploads, monitors, alerts, streams, and what is private."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.domain.alert import (
    DEFAULT_RULES,
    Alert,
    AlertRule,
    Raises,
    SeverityFrom,
    StationEvent,
    Trigger,
    judge,
)
from csms.domain.event_stream import Allowance, EventStream, heard, instant_of
from csms.domain.ids import StationId
from csms.domain.log_job import LIFE, OPEN, LogState, LogWord, after, harmless_name
from csms.domain.monitor import (
    MonitorKind,
    MonitorSetting,
    StreamParams,
    Watched,
    flaw_of,
)
from csms.domain.privacy import HIDDEN, shown, without_credentials
from csms.domain.station import VariableKey

STATION = StationId("MA-1")
KEY = VariableKey("EVSE", "Power", evse=1)
NOW = datetime(2026, 7, 14, 20, tzinfo=UTC)
FEW = settings(max_examples=50, deadline=None)


class TestUploads:
    @pytest.mark.parametrize(
        ("state", "word", "then"),
        [
            (LogState.ASKED, LogWord.ACCEPTED, LogState.ACCEPTED),
            (LogState.UPLOADING, LogWord.ACCEPTED, LogState.UPLOADING),
            (LogState.FAILED, LogWord.UPLOADING, LogState.UPLOADING),
            (LogState.SILENT, LogWord.FILE_CAME, LogState.UPLOADED),
            (LogState.REJECTED, LogWord.FILE_CAME, LogState.REJECTED),
            (LogState.CANCELLED, LogWord.UPLOADED, LogState.CANCELLED),
            (LogState.UPLOADED, LogWord.SILENCE, LogState.UPLOADED),
            (LogState.UPLOADED, LogWord.IDLE, LogState.UPLOADED),
        ],
    )
    def test_a_word_leads_where_the_table_says(
        self, state: LogState, word: LogWord, then: LogState
    ) -> None:
        assert after(state, word) is then

    def test_nothing_is_asked_again_and_the_end_is_the_end(self) -> None:
        assert LogState.ASKED not in LIFE.values()
        for state in (LogState.REJECTED, LogState.CANCELLED, LogState.UPLOADED):
            assert {after(state, word) for word in LogWord} == {state}
        assert all(after(state, LogWord.SILENCE) is LogState.SILENT for state in OPEN)

    @FEW
    @given(st.text())
    def test_a_name_leads_nowhere(self, said: str) -> None:
        name = harmless_name(said)

        assert 0 < len(name) <= 100
        assert not set(name) & set('/\\"\r\n\0 ;')
        assert not name.startswith(".")
        assert harmless_name(name) == name


class TestMonitors:
    A = MonitorSetting(KEY, MonitorKind.UPPER_THRESHOLD, 10.0, 4)

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"value": float("inf")}, "value"),
            ({"severity": 10}, "severity"),
            ({"kind": MonitorKind.PERIODIC, "value": 0.0}, "value"),
            ({"kind": MonitorKind.DELTA, "value": -1.0}, "value"),
            ({"kind": MonitorKind.TARGET_DELTA, "value": -1.0}, "value"),
            ({"stream": StreamParams()}, "stream"),
        ],
    )
    def test_what_makes_no_sense_has_a_flaw(
        self, changes: dict[str, object], field: str
    ) -> None:
        flaw = flaw_of(replace(self.A, **changes), None, speaks_21=True)  # type: ignore[arg-type]

        assert flaw is not None
        assert flaw.field == field

    def test_thresholds_are_held_against_the_variable(self) -> None:
        words = Watched({"dataType": "OptionList"})
        number = Watched({"dataType": "decimal", "minLimit": 0, "maxLimit": 9.5})

        def field(setting: MonitorSetting, watched: Watched) -> str | None:
            flaw = flaw_of(setting, watched, speaks_21=False)
            return None if flaw is None else flaw.field

        assert field(self.A, words) == "kind"
        assert field(self.A, number) == "value"
        assert field(replace(self.A, value=9.0), number) is None
        delta = replace(self.A, kind=MonitorKind.DELTA)
        assert field(delta, words) is None
        assert field(delta, Watched({"supportsMonitoring": False})) == "variable"


def an_event(**changes: object) -> StationEvent:
    event = StationEvent(
        STATION,
        1,
        NOW,
        NOW,
        Trigger.ALERTING,
        "CustomMonitor",
        KEY,
        "1",
        severity=1,
        severity_from=SeverityFrom.EVENT,
    )
    return replace(event, **changes)  # type: ignore[arg-type]


def an_alert(**changes: object) -> Alert:
    alert = Alert(1, STATION, "danger", KEY, None, 1, "1", NOW, NOW, 1, 1)
    return replace(alert, **changes)  # type: ignore[arg-type]


class TestAlerts:
    def test_the_gravest_rule_speaks(self) -> None:
        raised = judge(an_event(severity=0), DEFAULT_RULES, ()).raised

        assert raised is not None
        assert raised.id == "danger"
        assert judge(an_event(severity=4), DEFAULT_RULES, ()).raised is None

    def test_another_monitor_of_the_variable_is_another_matter(self) -> None:
        known = [an_alert(monitor=7)]

        assert judge(an_event(monitor=7), DEFAULT_RULES, known).repeated == known[0]
        assert judge(an_event(monitor=8), DEFAULT_RULES, known).raised is not None
        over = judge(an_event(monitor=8, cleared=True), DEFAULT_RULES, known)
        assert over.over == ()
        unsaid = judge(an_event(cleared=True), DEFAULT_RULES, known)
        assert unsaid.over == (known[0],)

    def test_what_is_late_raises_nothing_and_ends_nothing(self) -> None:
        early = NOW - timedelta(minutes=5)
        ended = an_alert(cleared_at=NOW, over_at=NOW)

        assert judge(an_event(at=early), DEFAULT_RULES, [ended]).raised is None
        after_it = an_event(at=NOW + timedelta(seconds=1))
        assert judge(after_it, DEFAULT_RULES, [ended]).raised is not None
        late_end = an_event(at=early, cleared=True)
        assert judge(late_end, DEFAULT_RULES, [an_alert()]).over == ()

    def test_a_rule_that_is_gone_leaves_its_alerts_to_the_event(self) -> None:
        known = [an_alert(rule="gone")]

        assert judge(an_event(cleared=True), (), known).over == (known[0],)
        assert judge(an_event(), (), known).over == ()

    @FEW
    @given(
        st.lists(
            st.tuples(st.integers(0, 9), st.booleans(), st.sampled_from([None, 1, 2])),
            max_size=25,
        )
    )
    def test_there_is_never_a_second_open_alert_of_one_kind(
        self, said: list[tuple[int, bool, int | None]]
    ) -> None:
        rules = (
            AlertRule("all", "", triggers=tuple(Trigger)),
            AlertRule("grave", "", severity=2, raises=Raises.CRITICAL),
        )
        known: list[Alert] = []
        for place, (severity, cleared, monitor) in enumerate(said):
            at = NOW + timedelta(seconds=place)
            event = an_event(at=at, severity=severity, cleared=cleared, monitor=monitor)
            meant = judge(event, rules, known)
            known = [
                replace(each, cleared_at=at, over_at=at) if each in meant.over else each
                for each in known
            ]
            if meant.raised:
                assert not cleared
                number = len(known)
                known.append(
                    an_alert(
                        id=number, rule=meant.raised.id, monitor=monitor, last_at=at
                    )
                )
            is_open = [(each.rule, each.monitor) for each in known if each.is_open]
            assert len(set(is_open)) == len(is_open)
            if cleared and monitor is None:
                assert is_open == []


class TestStreams:
    A = EventStream(STATION, 7, 101, StreamParams(60, 10), NOW)

    def test_one_that_keeps_up_is_left_alone(self) -> None:
        stream = self.A
        for pending in (1, 2, 0, 3, 4):
            stream = heard(stream, pending)
        assert stream.suggested is None
        assert heard(stream, 5).suggested == StreamParams(60, 20)

    @FEW
    @given(st.floats(allow_nan=False, allow_infinity=False))
    def test_no_distance_is_an_error(self, seconds: float) -> None:
        at = instant_of(NOW, seconds, NOW)

        assert at is None or abs(at - NOW) <= timedelta(days=31)

    @FEW
    @given(st.lists(st.tuples(st.integers(0, 50), st.floats(0, 10)), max_size=30))
    def test_nobody_gets_more_than_the_burst_and_the_rate(
        self, wanted: list[tuple[int, float]]
    ) -> None:
        allowance, now, granted = Allowance(5.0, 20, 0.0), 0.0, 0
        for count, pause in wanted:
            now += pause
            granted += allowance.take(count, now)
        assert granted <= 20 + 5.0 * now + 1e-6


class TestPrivacy:
    def test_credentials_in_addresses_are_hidden(self) -> None:
        said = '{"remoteLocation":"https://log-1:s3cret@x.example/uploads/1/"}'

        assert without_credentials(said) == (
            '{"remoteLocation":"https://***@x.example/uploads/1/"}'
        )
        assert without_credentials(r"ftp:\/\/a:b@c") == r"ftp:\/\/***@c"
        assert without_credentials("me@example.org") == "me@example.org"

    def test_of_a_customer_only_the_frame_is_shown(self) -> None:
        said = {"requestId": 1, "clear": True, "idToken": {"idToken": "x"}}

        assert shown("CustomerInformation", said) == {
            "requestId": 1,
            "clear": True,
            "idToken": HIDDEN,
        }
        assert shown("Reset", {"to": ["ftp://a:b@c"]}) == {"to": ["ftp://***@c"]}
