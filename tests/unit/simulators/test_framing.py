import pytest

from simulators.framing import (
    Frame,
    Malformed,
    decode,
    encode_call,
    encode_error,
    encode_result,
)


def test_frames_are_written_as_the_standard_spells_them() -> None:
    assert encode_call("1", "Heartbeat", {}) == '[2,"1","Heartbeat",{}]'
    assert encode_result("1", {"a": 1}) == '[3,"1",{"a":1}]'
    assert encode_error("1", "NotImplemented", "x") == (
        '[4,"1","NotImplemented","x",{}]'
    )


@pytest.mark.parametrize(
    ("text", "frame"),
    [
        ('[2,"a","Reset",{"b":1}]', Frame(2, "a", "Reset", {"b": 1})),
        ('[3,"a",{}]', Frame(3, "a", "", {})),
        ('[4,"a","InternalError","",{}]', Frame(4, "a", "InternalError", {})),
        ('[5,"a","FormatViolation","",{}]', Frame(5, "a", "FormatViolation", {})),
        (
            '[6,"a","NotifyPeriodicEventStream",{}]',
            Frame(6, "a", "NotifyPeriodicEventStream", {}),
        ),
    ],
)
def test_every_message_type_is_read(text: str, frame: Frame) -> None:
    assert decode(text) == frame


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '[2,"a"]',
        '[2,"a","Reset"]',
        '[9,"a",{}]',
        '[3,"a",[]]',
        '["2","a",{}]',
    ],
)
def test_what_is_no_frame_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        decode(text)
