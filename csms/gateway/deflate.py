"""Message compression that costs nothing while nothing is said.

Stations are served with permessage-deflate (RFC 7692) if they offer it. No window is
kept between messages, in neither direction, so an idle connection holds no buffers;
and what is short is sent as it is, which the extension allows for each message.
"""

from collections.abc import Sequence

from typing_extensions import override
from websockets.extensions.base import Extension
from websockets.extensions.permessage_deflate import (
    PerMessageDeflate,
    ServerPerMessageDeflateFactory,
)
from websockets.frames import Frame
from websockets.typing import ExtensionParameter

WORTHWHILE = 1024
"""Bytes from which a message is worth compressing."""


class ThriftyDeflate(PerMessageDeflate):
    """Compresses long messages only."""

    @override
    def encode(self, frame: Frame) -> Frame:
        """Return the frame as it goes out; frames here are whole messages."""
        if len(frame.data) < WORTHWHILE:
            return frame
        return super().encode(frame)


class ThriftyDeflateFactory(ServerPerMessageDeflateFactory):
    """Agrees to compression without memory."""

    def __init__(self) -> None:
        super().__init__(
            server_no_context_takeover=True,
            client_no_context_takeover=True,
            server_max_window_bits=12,
            client_max_window_bits=12,
            compress_settings={"memLevel": 5, "level": 1},
        )

    @override
    def process_request_params(
        self,
        params: Sequence[ExtensionParameter],
        accepted_extensions: Sequence[Extension],
    ) -> tuple[list[ExtensionParameter], ThriftyDeflate]:
        """Return what is agreed, and what does it."""
        agreed, plain = super().process_request_params(params, accepted_extensions)
        thrifty = ThriftyDeflate(
            plain.remote_no_context_takeover,
            plain.local_no_context_takeover,
            plain.remote_max_window_bits,
            plain.local_max_window_bits,
            plain.compress_settings,
        )
        return agreed, thrifty
