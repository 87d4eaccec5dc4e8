"""PyBullet's window as a run has it: a process that shows what it is sent. Nothing here imports PyBullet."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wormctl.device import DeviceError
from wormctl.snake import Snake
from wormctl_sim.terrain import Relief

FloatArray = NDArray[np.float64]
Colour = tuple[float, float, float, float]

MIDDLE, PLACE, TURN, ANGLES = slice(0, 2), slice(2, 5), slice(5, 9), 9
"""Where what stands in a picture; see `Window`."""
OPENING_S = 60.0
"""How long a window may take to open."""
CLOSING_S = 5.0
"""How long it may take to close by itself."""
FOOD_COLOUR = (0.80, 0.10, 0.12, 1.0)
ODOUR_COLOUR = (0.20, 0.45, 0.80, 1.0)
"""Of a smell that is not food."""
POISON_COLOUR = (0.55, 0.20, 0.65, 1.0)


class Stage(NamedTuple):
    """What a window is told once, before the first picture."""

    snake: Snake
    obstacles: FloatArray
    """(n, 5), as `bullet_scene.add_obstacles` takes them."""
    relief: Relief
    markers: list[Colour]
    """One for each place that smells."""
    picture: FloatArray
    """The first one."""


class Window:
    """PyBullet's window, in a process of its own: however slow or talkative it is, the simulation goes on as without
    one, until somebody closes it.

    A picture is a vector: x and y of the snake's `MIDDLE`; x, y and z of its head link's `PLACE`, and the `TURN`
    of that as a quaternion (x, y, z, w); from `ANGLES` on the joint angles, then x and y of every marker. In
    metres and radians.
    """

    def __init__(self, stage: Stage, *, screen: bool = True) -> None:
        """Open it, and wait until its first picture is drawn. Raises `DeviceError` where that cannot be had.

        Without `screen` everything is drawn where nobody sees it.
        """
        if screen and sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
            raise DeviceError(
                "there is no screen for PyBullet's window (DISPLAY is not set): run without gui"
            )
        from multiprocessing import Pipe  # a simulation without a window needs none

        self._said = tempfile.TemporaryFile()  # noqa: SIM115
        self._link, theirs = Pipe()
        with theirs:
            call = f"from wormctl_sim.bullet_view import show; show({theirs.fileno()}, screen={screen})"
            self._process = subprocess.Popen(
                [sys.executable, "-c", call],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._said,
                start_new_session=True,  # Ctrl-C is for the run, which closes the window when it ends
            )
        try:
            self._open(stage)
        except BaseException:
            self.close()
            raise

    def show(self, picture: FloatArray) -> None:
        """Draw it, unless the window is still busy with the last one. Raises `DeviceError` once it is gone."""
        try:
            if self._link.poll():
                self._link.recv_bytes()
                self._link.send_bytes(picture.data)
        except (EOFError, OSError):
            raise DeviceError("the window was closed, which ends the run") from None

    def close(self) -> None:
        """Close it, if it is still there. Never raises; may be called twice."""
        self._link.close()
        try:
            self._process.wait(CLOSING_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._said.close()

    def _open(self, stage: Stage) -> None:
        try:
            self._link.send(stage)
            if not self._link.poll(OPENING_S):
                raise DeviceError(f"PyBullet's window did not open within {OPENING_S:g} s: run without gui")
            self._link.recv_bytes()
            self._link.send_bytes(stage.picture.data)
        except (EOFError, OSError):
            raise DeviceError(
                f"DISPLAY = {os.environ.get('DISPLAY')!r}: PyBullet cannot open its window there{self._why()}: "
                "set DISPLAY to a screen that is there and has OpenGL, or run without gui"
            ) from None

    def _why(self) -> str:
        """The last thing the window's process complained of, in brackets."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(CLOSING_S)
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").split("\n")
        said = [line.strip() for line in lines if line.strip()]
        return f" ({said[-1]})" if said else ""
