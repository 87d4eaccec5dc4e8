"""From the bytes that a terminal sends to the keys that were pressed. No terminal here."""

from __future__ import annotations

ESCAPE_S = 0.1
"""After an escape the rest of a sequence comes at once; what comes later is a key of its own."""

_ESC = 0x1B
_FIRST_KEY, _LAST_KEY = 0x20, 0x7E


class KeyDecoder:
    """Finds printable ASCII keys, as lower case. Arrows, function keys and Alt are whole sequences, and no keys.

    Without that, the End key, escape [ F, would press f.
    """

    def __init__(self) -> None:
        self._inside = ""
        """Of a sequence: what came of it that matters, "" outside."""
        self._at_s = 0.0

    def feed(self, data: bytes, now_s: float) -> str:
        """Take in `data`, which came at `now_s`; the keys in it."""
        if not data:
            return ""
        if now_s - self._at_s > ESCAPE_S:
            self._inside = ""
        self._at_s = now_s
        return "".join(self._key(byte) for byte in data)

    def _key(self, byte: int) -> str:
        if byte == _ESC:
            self._inside = "escape"
        elif self._inside == "escape":
            self._inside = {ord("["): "first", ord("O"): "last"}.get(byte, "")
        elif self._inside == "first" and byte == ord("["):
            self._inside = "last"  # the Linux console's F1 is escape [ [ A
        elif self._inside in ("first", "more"):
            self._inside = "more" if 0x20 <= byte < 0x40 else ""
        elif self._inside == "last":
            self._inside = ""
        elif _FIRST_KEY <= byte <= _LAST_KEY:
            return chr(byte).lower()
        return ""
