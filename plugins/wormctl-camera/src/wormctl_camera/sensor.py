"""The camera as a sensor of wormctl: pictures become samples, in a thread, whatever the camera does meanwhile."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable, Sequence

from wormctl.channel import Samples
from wormctl.device import Context, DeviceError
from wormctl.slow import SlowSensor
from wormctl_camera.config import (
    COLOUR,
    COLOUR_DIRECTION,
    DIRECTION,
    LEFT,
    LEVEL,
    RIGHT,
    CameraConfig,
    camera_spec,
)
from wormctl_camera.frames import Source
from wormctl_camera.hue import ColourFilter
from wormctl_camera.light import Retina, Seen
from wormctl_camera.sources import open_source

STALLED_S = 3.0
"""A camera without a picture for so long is closed and opened again."""


class CameraSensor(SlowSensor):
    """A camera, or files in its place. `opener` opens what gives the pictures.

    While no picture comes, the samples grow old. When the camera is gone they fail, and it is opened again as soon as
    that can be done.
    """

    reopens = False  # `measure` does that, at once

    def __init__(
        self,
        config: CameraConfig,
        opener: Callable[[CameraConfig], Source] = open_source,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(camera_spec(config))
        self._config, self._opener, self._clock = config, opener, clock
        hues_deg = config.hues_deg
        self._retina = Retina(
            math.radians(config.field_of_view_deg),
            None if hues_deg is None else ColourFilter(hues_deg, config.least_saturation, config.least_value),
        )
        self._source: Source | None = None
        self._last_s = 0.0
        self._over = False
        self._guard = threading.Lock()

    @property
    def notes(self) -> Sequence[str]:
        """What a person should know before the run."""
        source = self._source
        return () if source is None else source.notes

    def open(self, context: Context) -> None:
        """Open the camera."""
        self._take(self._opener(self._config))

    def measure(self, now_s: float, out: Samples) -> None:
        """Wait for a picture and look at it. A camera that was lost is opened first."""
        source = self._source
        if source is None:
            source = self._take(self._opener(self._config))
        try:
            frame = source.next()
            if frame is None and self._clock() - self._last_s >= STALLED_S:
                raise DeviceError(
                    f"camera: no picture for {STALLED_S:g} s: check its cable; it is opened again"
                )
        except Exception:
            self._drop()
            raise
        if frame is None:
            return
        self._last_s = self._clock()
        pixels = frame.pixels[::-1, ::-1] if self._config.upside_down else frame.pixels
        fill(out, self._retina.look(pixels), frame.taken_s)

    def end_soon(self) -> None:
        """From here on a camera that is opened late, while nobody waits for it any more, is closed again."""
        with self._guard:
            self._over = True
        super().end_soon()

    def shut(self) -> None:
        """Close the camera."""
        self._drop()

    def _take(self, source: Source) -> Source:
        """Keep `source`, unless the sensor was closed while it was opened."""
        with self._guard:
            if not self._over:
                self._source, self._last_s = source, self._clock()
                return source
        source.close()
        raise DeviceError("camera: closed")

    def _drop(self) -> None:
        with self._guard:
            source, self._source = self._source, None
        if source is not None:
            with contextlib.suppress(Exception):
                source.close()


def fill(out: Samples, seen: Seen, time_s: float) -> None:
    """Every channel from one look; a direction that cannot be told is failed."""
    out.put(LEVEL, seen.level, time_s)
    out.put(LEFT, seen.left, time_s)
    out.put(RIGHT, seen.right, time_s)
    _put_or_fail(out, DIRECTION, seen.direction_rad, time_s)
    if seen.colour is not None:
        out.put(COLOUR, seen.colour, time_s)
        _put_or_fail(out, COLOUR_DIRECTION, seen.colour_direction_rad, time_s)


def _put_or_fail(out: Samples, name: str, value: float | None, time_s: float) -> None:
    if value is None:
        out.fail(name)
    else:
        out.put(name, value, time_s)
