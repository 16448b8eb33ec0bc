"""Whatever arrives, it is understood, refused with the right code, or ignored."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, rule

from csms.ocpp.codes import RpcErrorCode
from csms.ocpp.frames import (
    Call,
    CallError,
    CallResult,
    CallResultError,
    Frame,
    Malformed,
    Send,
    decode,
    encode,
)
from csms.ocpp.session import (
    Answered,
    Asked,
    Duplicate,
    Ignored,
    Late,
    Session,
    Told,
)

words = st.text(max_size=8)
ids = st.text(st.characters(codec="utf-8"), min_size=1, max_size=36)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3)
    ),
    max_leaves=8,
)
payloads = st.dictionaries(
    st.text(st.characters(codec="utf-8"), max_size=8),
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(-1e9, 1e9),
    max_size=4,
)
kinds = st.integers(-1, 8) | json_values
arrays = st.builds(
    lambda kind, rest: [kind, *rest],
    kinds,
    st.lists(ids | json_values, max_size=5),
)
texts = (
    st.text()
    | st.text('[]{}",:0123456789.eE+-truefalsn \\u')
    | arrays.map(json.dumps)
    | arrays.map(json.dumps).flatmap(
        lambda text: st.integers(0, len(text)).map(lambda cut: text[:cut])
    )
    | st.integers(0, 5000).map(lambda depth: "[" * depth)
    | st.integers(0, 300).map(
        lambda depth: f'[2,"1","A",{{"a":{"[" * depth}{"]" * depth}}}]'
    )
)
frames: st.SearchStrategy[Frame] = (
    st.builds(Call, ids, ids, payloads)
    | st.builds(CallResult, ids, payloads)
    | st.builds(CallError, ids, ids, ids, payloads)
    | st.builds(CallResultError, ids, ids, ids, payloads)
    | st.builds(Send, ids, ids, payloads)
)


@given(frames)
def test_every_frame_survives_the_wire(frame: Frame) -> None:
    assert decode(encode(frame)) == frame


@given(texts)
@settings(max_examples=500)
def test_a_text_is_a_frame_or_malformed_and_nothing_else(text: str) -> None:
    try:
        frame = decode(text)
    except Malformed as error:
        assert error.code in RpcErrorCode  # noqa: PT017, either outcome is fine
        assert error.message_id  # noqa: PT017
    else:
        json.loads(encode(frame))


def _check_reply(text: str, reply: str) -> None:
    answer = json.loads(reply)
    assert answer[0] == 4
    assert answer[2] in {code.value for code in RpcErrorCode}
    assert len(answer) == 5
    asked: Any
    try:
        asked = json.loads(text)
    except (ValueError, RecursionError):
        asked = None
    readable = isinstance(asked, list) and len(asked) > 1 and isinstance(asked[1], str)
    assert answer[1] in ({"-1", asked[1]} if readable else {"-1"})


@given(st.lists(texts, max_size=8))
@settings(max_examples=300)
def test_a_conversation_survives_anything_and_owes_the_right_reply(
    heard: list[str],
) -> None:
    session = Session(patience=1)
    session.ask(Call("ours", "Reset", {}), now=0)
    for text in heard:
        match session.hear(text):
            case Asked(call):
                texts = session.answer(CallResult(call.message_id, {}))
                assert [json.loads(t) for t in texts] == [[3, call.message_id, {}]]
            case Duplicate(call, reply):
                assert reply is not None
                assert json.loads(reply)[1] == call.message_id
            case Ignored(reason, reply):
                assert reason
                if reply is not None:
                    _check_reply(text, reply)
            case Answered(call, answer) | Late(call, answer):
                assert answer.message_id == call.message_id == "ours"
            case Told():
                pass


class AnyConversation(RuleBasedStateMachine):
    """Whatever the order, each call gets its own answer, and no other."""

    made: Bundle[str] = Bundle("made")
    pending: Bundle[str] = Bundle("pending")

    def __init__(self) -> None:
        super().__init__()
        self.session = Session(patience=10)
        self.now = 0.0
        self.count = 0
        self.waiting: str | None = None
        self.copies: dict[str, int] = {}

    @rule(seconds=st.floats(0, 8))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        deadline = self.session.deadline
        if deadline is not None and deadline <= self.now:
            self.session.give_up()
            self.waiting = None

    @rule(target=made)
    def we_ask(self) -> str:
        self.count += 1
        name = f"ours-{self.count}"
        if self.waiting is None:
            self.session.ask(Call(name, "Reset", {}), self.now)
            self.waiting = name
        return name

    @rule(name=made)
    def the_station_answers(self, name: str) -> None:
        heard = self.session.hear(f'[3,"{name}",{{}}]', self.now)
        match heard:
            case Answered(call, answer):
                assert call.message_id == answer.message_id == name == self.waiting
                self.waiting = None
            case Late(call, answer):
                assert call.message_id == answer.message_id == name != self.waiting
            case _:
                assert isinstance(heard, Ignored)
                assert name != self.waiting

    @rule(target=pending)
    def the_station_asks(self) -> str:
        self.count += 1
        name = f"theirs-{self.count}"
        assert isinstance(self.session.hear(f'[2,"{name}","X",{{}}]'), Asked)
        self.copies[name] = 1
        return name

    @rule(name=pending)
    def the_station_repeats_itself(self, name: str) -> None:
        heard = self.session.hear(f'[2,"{name}","X",{{}}]')
        assert isinstance(heard, Duplicate)
        assert heard.reply is None
        self.copies[name] += 1

    @rule(name=consumes(pending))
    def we_answer(self, name: str) -> None:
        texts = self.session.answer(CallResult(name, {}))
        assert texts == (f'[3,"{name}",{{}}]',) * self.copies.pop(name)


TestAnyConversation = AnyConversation.TestCase
