"""One OCPP-J conversation, text in and text out."""

import json
from typing import Any

import pytest

from csms.ocpp.frames import Call, CallError, CallResult, Send
from csms.ocpp.session import (
    REMEMBERED_OVERDUE,
    REMEMBERED_REPLIES,
    REPLY_KEPT_FOR,
    Answered,
    Asked,
    Busy,
    Duplicate,
    Ignored,
    Late,
    Session,
    Told,
)

RESET = Call("r-1", "Reset", {"type": "OnIdle"})
CLEAR = Call("r-2", "ClearCache", {})
BOOT = '[2,"b","BootNotification",{"reason":"PowerUp"}]'


@pytest.fixture
def session() -> Session:
    return Session(patience=30)


def _asked(session: Session, text: str, now: float = 0) -> Call:
    heard = session.hear(text, now)
    assert isinstance(heard, Asked)
    return heard.call


def _ignored(session: Session, text: str) -> tuple[str, Any]:
    heard = session.hear(text)
    assert isinstance(heard, Ignored)
    return heard.reason, heard.reply and json.loads(heard.reply)


class TestOneCallAtATime:
    """Part 4, section 4.1.1, Synchronicity."""

    def test_a_second_call_is_refused_while_the_first_waits(
        self, session: Session
    ) -> None:
        session.ask(RESET, now=0)

        with pytest.raises(Busy):
            session.ask(CLEAR, now=29)
        assert session.outstanding == RESET

    def test_an_overdue_call_makes_way(self, session: Session) -> None:
        assert session.ask(RESET, now=0) == '[2,"r-1","Reset",{"type":"OnIdle"}]'

        assert session.deadline == 30
        assert session.ask(CLEAR, now=30) == '[2,"r-2","ClearCache",{}]'

    def test_a_call_may_have_a_patience_of_its_own(self, session: Session) -> None:
        session.ask(RESET, now=10, patience=5)

        assert session.deadline == 15

    def test_a_call_that_cannot_be_said_changes_nothing(self, session: Session) -> None:
        session.ask(RESET, now=0)

        with pytest.raises(ValueError, match="serialize"):
            session.ask(Call("r-3", "X", {"a": object()}), now=31)
        assert session.outstanding == RESET

    def test_calls_cross(self, session: Session) -> None:
        session.ask(RESET, now=0)

        assert _asked(session, BOOT).action == "BootNotification"
        assert session.outstanding == RESET


class TestAnswersToUs:
    """An answer belongs to the call that carries its id, and to no other."""

    @pytest.mark.parametrize(
        ("text", "answer"),
        [
            ('[3,"r-1",{"status":"x"}]', CallResult("r-1", {"status": "x"})),
            ('[4,"r-1","X","",{}]', CallError("r-1", "X", "", {})),
        ],
    )
    def test_an_answer_finds_its_call(
        self, session: Session, text: str, answer: CallResult | CallError
    ) -> None:
        session.ask(RESET, now=0)

        assert session.hear(text) == Answered(RESET, answer)
        assert session.outstanding is None

    def test_an_answer_is_taken_once(self, session: Session) -> None:
        session.ask(RESET, now=0)
        session.hear('[3,"r-1",{}]')

        assert isinstance(session.hear('[3,"r-1",{}]'), Ignored)

    def test_a_late_answer_is_never_taken_for_the_next_call(
        self, session: Session
    ) -> None:
        session.ask(RESET, now=0)
        assert session.give_up() == RESET
        session.ask(CLEAR, now=31)

        heard = session.hear('[3,"r-1",{"status":"Accepted"}]')

        assert heard == Late(RESET, CallResult("r-1", {"status": "Accepted"}))
        assert session.outstanding == CLEAR
        assert session.hear('[3,"r-2",{}]') == Answered(CLEAR, CallResult("r-2", {}))

    def test_giving_up_on_nothing_is_nothing(self, session: Session) -> None:
        assert session.deadline is None
        assert session.give_up() is None

    def test_only_so_many_overdue_calls_are_remembered(self, session: Session) -> None:
        for n in range(REMEMBERED_OVERDUE + 1):
            session.ask(Call(f"c-{n}", "Reset", {}), now=0)
            session.give_up()

        assert isinstance(session.hear('[3,"c-0",{}]'), Ignored)
        assert isinstance(session.hear('[3,"c-1",{}]'), Late)

    def test_an_error_without_an_id_wedges_nothing(self, session: Session) -> None:
        session.ask(RESET, now=0)

        reason, reply = _ignored(session, '[4,"-1","NotImplemented","",{}]')

        assert "-1" in reason
        assert reply is None
        assert session.outstanding == RESET
        session.give_up()
        assert session.ask(CLEAR, now=30)

    def test_an_unreadable_answer_settles_its_call(self, session: Session) -> None:
        session.ask(RESET, now=0)

        heard = session.hear('[3,"r-1",["Accepted"]]')

        assert isinstance(heard, Answered)
        assert isinstance(heard.answer, CallError)
        assert heard.answer.code == "FormatViolation"

    def test_an_unreadable_answer_to_nothing_is_owed_nothing(
        self, session: Session
    ) -> None:
        assert _ignored(session, '[3,"other",[]]')[1] is None
        assert _ignored(session, "[3,17,{}]")[1] is None

    def test_a_complaint_about_our_answer_changes_nothing(
        self, session: Session
    ) -> None:
        reason, reply = _ignored(session, '[5,"b","FormatViolation","no time",{}]')

        assert reason == "our answer b was refused: FormatViolation no time"
        assert reply is None


class TestAnswersFromUs:
    """Every call is answered, and a repeated one alike."""

    def test_what_cannot_be_read_is_refused(self, session: Session) -> None:
        reply = _ignored(session, "hello")[1]

        assert reply[:3] == [4, "-1", "RpcFrameworkError"]
        assert reply[4] == {}

    def test_a_message_without_answer_is_told(self, session: Session) -> None:
        assert session.hear('[6,"s","X",{"a":1}]') == Told(Send("s", "X", {"a": 1}))

    def test_an_answer_is_given_once(self, session: Session) -> None:
        _asked(session, BOOT)

        assert session.answer(CallResult("b", {"n": 1})) == ('[3,"b",{"n":1}]',)

    def test_a_repeated_call_gets_the_same_answer(self, session: Session) -> None:
        call = _asked(session, BOOT)
        (text,) = session.answer(CallResult("b", {"n": 1}), 1)

        assert session.hear(BOOT, 2) == Duplicate(call, text)
        assert session.hear(BOOT, 3) == Duplicate(call, text)

    def test_an_error_is_repeated_alike_too(self, session: Session) -> None:
        call = _asked(session, BOOT)
        (text,) = session.answer(CallError("b", "FormatViolation", "", {}), 1)

        assert session.hear(BOOT, 2) == Duplicate(call, text)

    def test_a_call_repeated_while_it_is_worked_on_waits_for_the_answer(
        self, session: Session
    ) -> None:
        call = _asked(session, BOOT)

        assert session.hear(BOOT) == Duplicate(call, None)
        assert session.hear(BOOT) == Duplicate(call, None)
        assert session.answer(CallResult("b", {})) == ('[3,"b",{}]',) * 3

    def test_another_call_under_a_used_id_is_a_new_call(self, session: Session) -> None:
        other = '[2,"b","Heartbeat",{}]'
        _asked(session, BOOT)

        assert _asked(session, other).action == "Heartbeat"
        session.answer(CallResult("b", {}))
        assert _asked(session, other).action == "Heartbeat"

    def test_an_old_call_is_a_new_one(self, session: Session) -> None:
        _asked(session, BOOT, 0)
        session.answer(CallResult("b", {}), 0)

        assert isinstance(session.hear(BOOT, REPLY_KEPT_FOR), Duplicate)
        _asked(session, BOOT, REPLY_KEPT_FOR + 1)

    def test_a_call_that_failed_on_our_side_is_worked_on_anew(
        self, session: Session
    ) -> None:
        call = _asked(session, BOOT)
        session.answer(CallError("b", "InternalError", "try again later", {}))

        assert _asked(session, BOOT) == call
        session.answer(CallError("b", "FormatViolation", "never", {}))
        assert isinstance(session.hear(BOOT), Duplicate)

    def test_only_so_many_answers_are_remembered(self, session: Session) -> None:
        texts = [f'[2,"{n}","Heartbeat",{{}}]' for n in range(REMEMBERED_REPLIES + 1)]
        for n, text in enumerate(texts):
            _asked(session, text)
            session.answer(CallResult(str(n), {}))

        _asked(session, texts[0])
        assert isinstance(session.hear(texts[-1]), Duplicate)

    def test_an_answer_that_cannot_be_said_is_still_owed(
        self, session: Session
    ) -> None:
        _asked(session, BOOT)

        with pytest.raises(ValueError, match="serialize"):
            session.answer(CallResult("b", {"a": object()}))
        assert isinstance(session.hear(BOOT), Duplicate)
        assert len(session.answer(CallError("b", "InternalError", "", {}))) == 2

    def test_calls_made_at_once_are_all_served(self, session: Session) -> None:
        for n in range(20):
            assert _asked(session, f'[2,"{n}","Heartbeat",{{}}]').message_id == str(n)
        for n in reversed(range(20)):
            assert session.answer(CallResult(str(n), {})) == (f'[3,"{n}",{{}}]',)
