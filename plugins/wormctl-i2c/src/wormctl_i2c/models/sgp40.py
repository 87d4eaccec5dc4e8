"""An SGP40 on a fake bus: commands, replies with checksums, and no acknowledgement before a reply is ready."""

from __future__ import annotations

import errno
import time

from wormctl_i2c.sgp40 import pack

_REPLY_S = {0x3682: 0.001, 0x202F: 0.001, 0x280E: 0.32, 0x260F: 0.03, 0x3615: 0.0}
"""The longest that the datasheet allows."""
_COLD_TICKS = 5000


class Sgp40Model:
    """`ticks` is its raw signal, but for the first one after its hot plate was off.

    `heating` says whether the hot plate is on, `commands` what it was told.
    """

    def __init__(self, ticks: int = 30000, features: int = 0x3220) -> None:
        self.ticks = ticks
        self.features = features
        self.healthy = True
        self.spoilt = False
        """Whether the next checksums are wrong."""
        self.heating = False
        self.commands: list[bytes] = []
        self._reply = b""
        self._ready_s = 0.0

    def write(self, data: bytes) -> None:
        """A command."""
        if not data:
            return
        code = int.from_bytes(data[:2], "big")
        if code not in _REPLY_S:
            raise OSError(errno.EREMOTEIO, "Remote I/O error")
        self.commands.append(data)
        words = {
            0x3682: (0x0000, 0x0123, 0x4567),
            0x202F: (self.features,),
            0x280E: (0xD400 if self.healthy else 0x4B00,),
            0x260F: (self.ticks if self.heating else (self.ticks + _COLD_TICKS) % 0x10000,),
        }.get(code, ())
        self.heating = {0x260F: True, 0x3615: False}.get(code, self.heating)
        self._reply = pack(*words)
        self._ready_s = time.monotonic() + _REPLY_S[code]

    def read(self, count: int) -> bytes:
        """The reply to the last command, once."""
        if not self._reply or time.monotonic() < self._ready_s:
            raise OSError(errno.EREMOTEIO, "Remote I/O error")
        reply, self._reply = self._reply, b""
        if self.spoilt:
            reply = bytes([reply[0] ^ 0x01]) + reply[1:]
        return (reply + b"\xff" * count)[:count]
