"""A Raspberry Pi's camera behind a stand-in for picamera2: what it is asked for, and what happens when it stops."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from wormctl_camera.config import CameraConfig
from wormctl_camera.picamera import PiCamera, load_picamera2

from wormctl.device import DeviceError

CONFIG = CameraConfig(device="picamera", exposure_s=0.02, rate_hz=25.0)

MODES: list[dict[str, Any]] = [
    {"size": (640, 480), "bit_depth": 10, "fps": 100.0, "crop_limits": (1000, 752, 1280, 960)},
    {"size": (1640, 1232), "bit_depth": 10, "fps": 41.0, "crop_limits": (0, 0, 3280, 2464)},
    {"size": (3280, 2464), "bit_depth": 10, "fps": 21.0, "crop_limits": (0, 0, 3280, 2464)},
    {"format": "MJPEG"},
]


class Request:
    """A picture that must be given back."""

    def __init__(self, camera: Camera) -> None:
        self._camera = camera

    def make_array(self, name: str) -> Any:
        assert name == "main"
        if self._camera.tearing:
            raise RuntimeError("buffer lost")
        return self._camera.rgb

    def get_metadata(self) -> dict[str, Any]:
        return {} if self._camera.taken_s is None else {"SensorTimestamp": round(1e9 * self._camera.taken_s)}

    def release(self) -> None:
        self._camera.out -= 1


class Camera:
    """As much of `picamera2.Picamera2` as is needed. Itself the library, too."""

    def __init__(self, *, found: int = 1, refuses: str = "", starts: bool = True) -> None:
        self.found, self.refuses, self.starts = found, refuses, starts
        self.sensor_modes = MODES
        self.rgb = np.full((240, 320, 3), (200, 20, 10), dtype=np.uint8)
        self.taken_s: float | None = None
        self.sending, self.tearing, self.out, self.flushed = True, False, 0, 0
        self.log: list[str] = []
        self.made: dict[str, Any] = {}

    @property
    def Picamera2(self) -> Any:  # noqa: N802 (the library's name)
        camera = self

        class Library:
            @staticmethod
            def global_camera_info() -> list[dict[str, int]]:
                return [{"Num": i} for i in range(camera.found)]

            def __new__(cls) -> Any:
                if camera.refuses:
                    raise RuntimeError(camera.refuses)
                return camera

        return Library

    def create_preview_configuration(self, **asked: Any) -> dict[str, Any]:
        return asked

    def configure(self, made: dict[str, Any]) -> None:
        self.made = made

    def start(self) -> None:
        if not self.starts:
            raise RuntimeError("no memory\nfor buffers")
        self.log.append("start")

    def capture_request(self, wait: float) -> Request:
        assert wait <= 1.0
        if not self.sending:
            raise TimeoutError
        self.out += 1
        return Request(self)

    def cancel_all_and_flush(self) -> None:
        self.flushed += 1

    def close(self) -> None:
        self.log.append("close")


def pi_camera(camera: Camera, config: CameraConfig = CONFIG) -> PiCamera:
    return PiCamera(config, lambda: camera)


def test_it_is_asked_for_the_whole_view_at_a_fixed_exposure() -> None:
    camera = Camera()
    pi_camera(camera)
    assert camera.made["main"] == {"size": (320, 240), "format": "BGR888"}
    assert camera.made["sensor"] == {"output_size": (1640, 1232), "bit_depth": 10}
    assert camera.made["controls"] == {
        "FrameDurationLimits": (40000, 40000),
        "ExposureTime": 20000,
        "AnalogueGain": 1.0,
    }


def test_a_long_exposure_makes_pictures_rarer_and_a_high_rate_still_shows_all() -> None:
    camera = Camera()
    pi_camera(camera, CameraConfig(device="picamera", exposure_s=0.2, rate_hz=60.0))
    assert camera.made["controls"]["FrameDurationLimits"] == (210000, 210000)
    assert camera.made["sensor"]["output_size"] == (1640, 1232)
    camera.sensor_modes = MODES[-1:]
    pi_camera(camera)
    assert camera.made["sensor"] == {}


def test_exposure_can_be_left_to_the_camera() -> None:
    camera = Camera()
    pi_camera(camera, CameraConfig(device="picamera", auto_exposure=True))
    assert set(camera.made["controls"]) == {"FrameDurationLimits"}


def test_a_picture_is_red_green_blue_small_and_given_back() -> None:
    camera = Camera()
    camera.taken_s = time.monotonic() - 0.03
    frame = pi_camera(camera).next()
    assert frame is not None
    assert frame.pixels.shape == (120, 160, 3)
    assert frame.pixels[0, 0].tolist() == [200, 20, 10]
    assert frame.taken_s == pytest.approx(camera.taken_s, abs=1e-6)
    assert camera.out == 0


def test_a_picture_without_a_time_is_of_now() -> None:
    before_s = time.monotonic()
    frame = pi_camera(Camera()).next()
    assert frame is not None
    assert before_s <= frame.taken_s <= time.monotonic()


def test_when_no_picture_comes_what_was_asked_for_is_called_off() -> None:
    camera = Camera()
    source = pi_camera(camera)
    camera.sending = False
    assert source.next() is None
    assert camera.flushed == 1
    camera.sending = True
    assert source.next() is not None


def test_a_lost_picture_is_given_back_all_the_same() -> None:
    camera = Camera()
    source = pi_camera(camera)
    camera.tearing = True
    with pytest.raises(RuntimeError, match="buffer lost"):
        source.next()
    assert camera.out == 0
    source.close()
    assert camera.log[-1] == "close"


@pytest.mark.parametrize(
    ("camera", "said", "log"),
    [
        (Camera(found=0), "no camera is found: check the ribbon cable", []),
        (
            Camera(refuses="Device or resource busy"),
            "(Device or resource busy): is another program using it",
            [],
        ),
        (Camera(starts=False), "cannot be started: no memory", ["close"]),
    ],
)
def test_what_goes_wrong_is_one_line(camera: Camera, said: str, log: list[str]) -> None:
    with pytest.raises(DeviceError) as caught:
        pi_camera(camera)
    assert str(caught.value).startswith("$.device = 'picamera': ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert camera.log == log, "a camera that was opened is closed"


def test_without_picamera2_it_says_what_to_install() -> None:
    try:
        load_picamera2()
    except DeviceError as error:
        said = str(error)
    else:
        pytest.skip("picamera2 is installed here")
    assert "apt install python3-picamera2" in said


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        (
            "raise ValueError('numpy.dtype size changed')",
            "cannot be loaded .numpy.dtype size changed.: .*install --reinstall simplejpeg",
        ),
        ("import no_such_part", "picamera2 lacks a part .No module named 'no_such_part'.: sudo apt"),
    ],
)
def test_a_library_that_does_not_fit_is_told_of_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inside: str, said: str
) -> None:
    (tmp_path / "picamera2.py").write_text(inside)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "picamera2", raising=False)
    with pytest.raises(DeviceError, match=said) as caught:
        load_picamera2()
    assert "\n" not in str(caught.value)
