"""A webcam behind a stand-in for OpenCV: what is set up, which way colours lie, and what is said when it is gone."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from wormctl_camera.config import CameraConfig
from wormctl_camera.webcam import Webcam, load_opencv

from wormctl.device import DeviceError

CONFIG = CameraConfig(device="/dev/video0", exposure_s=0.02, rate_hz=30.0)


class OpenCV:
    """As much of OpenCV as a webcam needs."""

    CAP_V4L2, CAP_PROP_POS_MSEC, CAP_PROP_FRAME_WIDTH, CAP_PROP_FRAME_HEIGHT = 200, 0, 3, 4
    CAP_PROP_FPS, CAP_PROP_EXPOSURE, CAP_PROP_AUTO_EXPOSURE, CAP_PROP_BUFFERSIZE = 5, 15, 21, 38

    def __init__(self, *, opens: bool = True, adjustable: bool = True) -> None:
        self.opens, self.adjustable = opens, adjustable
        self.asked: dict[int, float] = {}
        self.bgr: Any = np.full((480, 640, 3), (10, 20, 200), dtype=np.uint8)
        self.taken_s: float | None = None
        self.there, self.released, self.threads = True, 0, 0

    def setNumThreads(self, threads: int) -> None:  # noqa: N802 (OpenCV's name)
        self.threads = threads

    def VideoCapture(self, path: str, kind: int) -> OpenCV:  # noqa: N802
        assert (path, kind) == ("/dev/video0", self.CAP_V4L2)
        return self

    def isOpened(self) -> bool:  # noqa: N802
        return self.opens

    def set(self, what: int, value: float) -> bool:
        self.asked[what] = value
        return self.adjustable or what not in (self.CAP_PROP_EXPOSURE, self.CAP_PROP_AUTO_EXPOSURE)

    def get(self, what: int) -> float:
        assert what == self.CAP_PROP_POS_MSEC
        return 1000.0 * (time.monotonic() if self.taken_s is None else self.taken_s)

    def read(self) -> tuple[bool, Any]:
        return self.bgr is not None, self.bgr

    def release(self) -> None:
        self.released += 1


def webcam(cv: OpenCV, config: CameraConfig = CONFIG) -> Webcam:
    return Webcam(config, lambda: cv, lambda path: cv.there)


def test_exposure_stays_fixed_and_old_pictures_do_not_queue() -> None:
    cv = OpenCV()
    assert webcam(cv).notes == ()
    assert cv.asked == {
        cv.CAP_PROP_BUFFERSIZE: 1,
        cv.CAP_PROP_FRAME_WIDTH: 320,
        cv.CAP_PROP_FRAME_HEIGHT: 240,
        cv.CAP_PROP_FPS: 30.0,
        cv.CAP_PROP_AUTO_EXPOSURE: 1,
        cv.CAP_PROP_EXPOSURE: 200,
    }


def test_exposure_can_be_left_to_the_camera() -> None:
    cv = OpenCV()
    webcam(cv, CameraConfig(device="/dev/video0", auto_exposure=True))
    assert cv.asked[cv.CAP_PROP_AUTO_EXPOSURE] == 3
    assert cv.CAP_PROP_EXPOSURE not in cv.asked


def test_a_camera_whose_exposure_cannot_be_fixed_says_so() -> None:
    (note,) = webcam(OpenCV(adjustable=False)).notes
    assert "/dev/video0 does not let its exposure be fixed" in note


def test_a_picture_is_red_green_blue_small_and_of_its_time() -> None:
    cv = OpenCV()
    cv.taken_s = time.monotonic() - 0.04
    frame = webcam(cv).next()
    assert frame is not None
    assert frame.pixels.shape == (120, 160, 3)
    assert frame.pixels[0, 0].tolist() == [200, 20, 10]
    assert frame.taken_s == pytest.approx(cv.taken_s, abs=1e-6)


def test_no_picture_is_no_fault_while_the_camera_is_there() -> None:
    cv = OpenCV()
    camera = webcam(cv)
    cv.bgr = None
    assert camera.next() is None
    cv.there = False
    with pytest.raises(DeviceError, match="/dev/video0 is gone: plug it in again"):
        camera.next()
    camera.close()
    assert cv.released == 1


def test_a_camera_that_is_not_there_or_not_ours_is_one_line() -> None:
    cv = OpenCV(opens=False)
    with pytest.raises(
        DeviceError, match=r"^\$\.device = '/dev/video0': cannot be opened .*group video"
    ) as busy:
        webcam(cv)
    assert cv.released == 1
    cv.there = False
    with pytest.raises(
        DeviceError, match=r"^\$\.device = '/dev/video0': no such camera: plug it in"
    ) as missing:
        webcam(cv)
    assert "\n" not in str(busy.value) + str(missing.value)


def test_without_opencv_it_says_what_to_install() -> None:
    try:
        load_opencv()
    except DeviceError as error:
        said = str(error)
    else:
        pytest.skip("OpenCV is installed here")
    assert "opencv-python-headless" in said
