"""Compression without memory."""

import pytest
from websockets.frames import Frame, Opcode

from csms.gateway.deflate import WORTHWHILE, ThriftyDeflateFactory


@pytest.mark.parametrize("offer", [[], [("client_max_window_bits", None)]])
def test_no_window_is_kept_in_either_direction(
    offer: list[tuple[str, str | None]],
) -> None:
    agreed, _ = ThriftyDeflateFactory().process_request_params(offer, [])

    assert ("server_no_context_takeover", None) in agreed
    assert ("client_no_context_takeover", None) in agreed


@pytest.mark.parametrize(
    ("size", "compressed"),
    [(0, False), (WORTHWHILE - 1, False), (WORTHWHILE, True), (1 << 20, True)],
)
def test_only_what_is_long_is_compressed(size: int, *, compressed: bool) -> None:
    _, deflate = ThriftyDeflateFactory().process_request_params([], [])
    frame = Frame(Opcode.TEXT, b"x" * size)

    sent = deflate.encode(frame)

    assert sent.rsv1 is compressed
    assert (len(sent.data) < size) is compressed
    assert deflate.decode(sent).data == frame.data
