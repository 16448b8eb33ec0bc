"""OCPP-J frames and their JSON."""

import json

import pytest

from csms.ocpp.codes import RpcErrorCode
from csms.ocpp.frames import (
    LONGEST_ID,
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

FRAMES: list[tuple[Frame, str]] = [
    (Call("1", "Heartbeat", {}), '[2,"1","Heartbeat",{}]'),
    (CallResult("1", {"a": [1, 2.5, None]}), '[3,"1",{"a":[1,2.5,null]}]'),
    (CallError("1", "X", "why", {"n": 1}), '[4,"1","X","why",{"n":1}]'),
    (CallResultError("1", "X", "", {}), '[5,"1","X","",{}]'),
    (Send("1", "NotifyPeriodicEventStream", {"id": 1}),
     '[6,"1","NotifyPeriodicEventStream",{"id":1}]'),
]  # fmt: skip


@pytest.mark.parametrize(("frame", "text"), FRAMES, ids=[t for _, t in FRAMES])
def test_a_frame_and_its_text_are_two_forms_of_one_thing(
    frame: Frame, text: str
) -> None:
    assert encode(frame) == text
    assert decode(text) == frame


@pytest.mark.parametrize(
    ("text", "frame"),
    [
        ('[2,"1","Heartbeat",null]', Call("1", "Heartbeat", {})),
        ('[3,"1",null]', CallResult("1", {})),
        ('[4,"1","GenericError"]', CallError("1", "GenericError", "", {})),
        ('[4,"1","GenericError",""]', CallError("1", "GenericError", "", {})),
        ('[4,"-1","X",null,null]', CallError("-1", "X", "", {})),
        (' [2.0, "1", "A", {"a": 1, "a": 2}]\n', Call("1", "A", {"a": 2})),
        (f'[2,"{"i" * LONGEST_ID}","A",{{}}]', Call("i" * LONGEST_ID, "A", {})),
    ],
)
def test_a_deviation_that_does_no_harm_is_taken(text: str, frame: Frame) -> None:
    assert decode(text) == frame


FRAMEWORK = RpcErrorCode.RPC_FRAMEWORK_ERROR
FORMAT = RpcErrorCode.FORMAT_VIOLATION
TYPE = RpcErrorCode.MESSAGE_TYPE_NOT_SUPPORTED


@pytest.mark.parametrize(
    ("text", "code", "message_id"),
    [
        ("", FRAMEWORK, "-1"),
        ("hello", FRAMEWORK, "-1"),
        ("{}", FRAMEWORK, "-1"),
        ("[]", FRAMEWORK, "-1"),
        ("2", FRAMEWORK, "-1"),
        ("[2]", FRAMEWORK, "-1"),
        ('[2,"1","A",{}', FRAMEWORK, "-1"),
        ('[2,"1","A",{"a":NaN}]', FRAMEWORK, "-1"),
        ('[2,"1","A",{"a":"\\ud800"}]', FRAMEWORK, "-1"),
        ('[2,"1","A",' + '{"a":' * 500 + "1" + "}" * 500 + "]", FRAMEWORK, "-1"),
        ("[" * 100_000, FRAMEWORK, "-1"),
        ('[2,1,"A",{}]', FRAMEWORK, "-1"),
        ('[2,"","A",{}]', FRAMEWORK, "-1"),
        (f'[2,"{"i" * (LONGEST_ID + 1)}","A",{{}}]', FRAMEWORK, "-1"),
        ('[2,"1"]', FRAMEWORK, "1"),
        ('[2,"1","A"]', FRAMEWORK, "1"),
        ('[2,"1",7,{}]', FRAMEWORK, "1"),
        ('[2,"1","A",{},{}]', FRAMEWORK, "1"),
        ('[2,"1","A",[]]', FORMAT, "1"),
        ('[2,"1","A","{}"]', FORMAT, "1"),
        ('[6,"1","A",3]', FORMAT, "1"),
        ('[1,"1","A",{}]', TYPE, "1"),
        ('[7,"1","A",{}]', TYPE, "1"),
        ('["2","1","A",{}]', TYPE, "1"),
        ('[true,"1","A",{}]', TYPE, "1"),
        ('[null,"1"]', TYPE, "1"),
        ('[[],"1"]', TYPE, "1"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_no_frame_is_refused_with_the_right_code(
    text: str, code: RpcErrorCode, message_id: str
) -> None:
    with pytest.raises(Malformed) as caught:
        decode(text)

    assert (caught.value.code, caught.value.message_id) == (code, message_id)
    assert not caught.value.settles
    assert 0 < len(caught.value.reason) <= 255


@pytest.mark.parametrize(
    "text",
    [
        '[3,"1"]',
        '[3,"1",[]]',
        '[3,"1",{},{}]',
        "[3]",
        "[4,1]",
        '[4,"1"]',
        '[4,"1",5,"",{}]',
        '[4,"1","X","",{},{}]',
        '[5,"1",null]',
    ],
)
def test_a_broken_answer_is_known_for_an_answer(text: str) -> None:
    with pytest.raises(Malformed) as caught:
        decode(text)

    assert caught.value.settles


def test_what_json_cannot_say_is_not_sent() -> None:
    with pytest.raises(ValueError, match="serialize"):
        encode(CallResult("1", {"a": object()}))
    assert encode(CallResult("1", {"a": float("inf")})) == '[3,"1",{"a":null}]'


def test_an_error_description_is_cut_to_what_the_wire_allows() -> None:
    text = encode(CallError("1", "GenericError", "x" * 1000, {}))

    assert len(json.loads(text)[3]) == 255
