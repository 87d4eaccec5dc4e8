"""Picture files in place of a camera: made in the test, shown in turn, and what is said of those that are broken."""

from __future__ import annotations

import math
import os
import random
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
import wormctl_camera.plugin
from PIL import Image
from wormctl_camera.config import COLOUR, COLOUR_DIRECTION, DIRECTION, LEFT, LEVEL, RIGHT, CameraConfig
from wormctl_camera.images import Images
from wormctl_camera.sensor import CameraSensor

from wormctl.channel import Quality, Samples
from wormctl.device import DeviceError
from wormctl.plugins import collect
from wormctl.testing import bare_context, check_sensor


def save(file: Path, colour: tuple[int, int, int], spot: tuple[int, int, int] | None = None) -> Path:
    """A picture of one colour, with a spot at the left edge."""
    image = Image.new("RGB", (64, 48), colour)
    if spot is not None:
        image.paste(spot, (0, 10, 12, 40))
    image.save(file)
    return file


def refused(images: Path) -> str:
    """What the sensor says of that path; it must be one line that names the setting."""
    with pytest.raises(DeviceError) as caught:
        CameraSensor(CameraConfig(images=str(images))).configure(bare_context())
    said = str(caught.value)
    assert "\n" not in said
    assert said.startswith(f"$.images = {str(images)!r}: ")
    return said


def opened(images: Path) -> str:
    """Open it; the error, if there is one. Anything but a `DeviceError` is a crash."""
    try:
        Images(str(images))
    except DeviceError as error:
        return str(error)
    return ""


def measured(config: CameraConfig, at: float = 5.0) -> Samples:
    """One measurement of a sensor that is not started."""
    sensor = CameraSensor(config)
    sensor.open(bare_context())
    out = Samples(sensor.spec.channels)
    sensor.measure(at, out)
    sensor.shut()
    return out


def test_the_kit_on_a_folder(tmp_path: Path) -> None:
    for i in range(3):
        save(tmp_path / f"{i}.png", (20 * i, 0, 30), (250, 10, 10))
    (offer,) = collect(wormctl_camera.plugin)["sensor"]
    check_sensor(offer, config=CameraConfig(images=str(tmp_path), colour="red", rate_hz=50.0))


def test_a_folder_is_shown_by_name_and_from_the_start_again(tmp_path: Path) -> None:
    for name, value in (("b.png", 20), ("a.jpg", 10), ("c.bmp", 30)):
        save(tmp_path / name, (value, value, value))
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / ".hidden.png").write_text("no picture")
    images = Images(str(tmp_path))
    shown = [int(images.next().pixels[0, 0, 0]) for _ in range(7)]
    assert shown == [10, 20, 30, 10, 20, 30, 10]


def test_one_file_is_a_camera_that_looks_at_one_thing(tmp_path: Path) -> None:
    file = save(tmp_path / "grey.png", (188, 188, 188))
    before_s = time.monotonic()
    out = measured(CameraConfig(images=str(file)))
    assert [out.vector(name)[0] for name in (LEVEL, LEFT, RIGHT)] == pytest.approx([0.5029] * 3, abs=1e-4)
    assert out.vector(DIRECTION)[0] == pytest.approx(0.0, abs=1e-9)
    assert np.all(out.quality == Quality.GOOD)
    assert np.all((before_s <= out.time_s) & (out.time_s <= time.monotonic()))


def test_the_dark_fails_directions_only(tmp_path: Path) -> None:
    out = measured(CameraConfig(images=str(save(tmp_path / "dark.png", (0, 0, 0))), colour="any"))
    found = {channel.name: Quality(int(q)) for channel, q in zip(out.channels, out.quality, strict=True)}
    assert found == {
        LEVEL: Quality.GOOD,
        LEFT: Quality.GOOD,
        RIGHT: Quality.GOOD,
        DIRECTION: Quality.FAILED,
        COLOUR: Quality.GOOD,
        COLOUR_DIRECTION: Quality.FAILED,
    }


@pytest.mark.parametrize(("upside_down", "sign"), [(False, 1.0), (True, -1.0)])
def test_a_camera_mounted_upside_down_sees_left_on_the_right(
    tmp_path: Path, upside_down: bool, sign: float
) -> None:
    file = save(tmp_path / "ball.png", (0, 0, 40), (250, 10, 10))
    out = measured(CameraConfig(images=str(file), colour="red", upside_down=upside_down))
    assert sign * out.vector(COLOUR_DIRECTION)[0] > 0.3
    assert sign * (out.vector(LEFT)[0] - out.vector(RIGHT)[0]) > 0.0


def test_hues_may_be_given_instead_of_a_colour(tmp_path: Path) -> None:
    file = str(save(tmp_path / "orange.png", (255, 128, 0)))
    assert measured(CameraConfig(images=file, hue_deg=(20.0, 40.0))).vector(COLOUR)[0] == 1.0
    assert measured(CameraConfig(images=file, hue_deg=(40.0, 20.0))).vector(COLOUR)[0] == 0.0
    assert measured(CameraConfig(images=file, colour="red")).vector(COLOUR)[0] == 0.0


def test_a_photograph_is_turned_as_its_camera_was_held(tmp_path: Path) -> None:
    image = Image.new("RGB", (80, 60))
    image.paste((255, 255, 255), (0, 0, 80, 10))  # at the top of the file
    exif = Image.Exif()
    exif[0x0112] = 6  # the top of the file is the right side of the view
    image.save(tmp_path / "photo.jpg", exif=exif)
    out = measured(CameraConfig(images=str(tmp_path / "photo.jpg"), field_of_view_deg=90.0))
    assert out.vector(DIRECTION)[0] < -math.radians(30.0)


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    save(tmp_path / "a.png", (9, 9, 9))
    whole = save(tmp_path / "b.png", (9, 8, 7), (1, 2, 3)).read_bytes()
    for broken in (whole[: len(whole) // 2], b"no picture at all", b""):
        (tmp_path / "b.png").write_bytes(broken)
        said = refused(tmp_path)
        assert str(tmp_path / "b.png") in said
        assert "repair it or take it out" in said


@pytest.mark.filterwarnings("error")  # Pillow warns of some damage and reads on: nobody is to be told
def test_no_damage_is_more_than_one_line(tmp_path: Path) -> None:
    dice = random.Random(1)
    noise = Image.frombytes("RGB", (64, 48), dice.randbytes(64 * 48 * 3))
    for suffix in ("png", "jpg", "bmp", "gif", "webp", "tiff"):
        noise.save(tmp_path / f"x.{suffix}")
        whole = (tmp_path / f"x.{suffix}").read_bytes()
        for _ in range(30):
            damaged = bytearray(whole[: dice.randrange(1, len(whole))])
            damaged[dice.randrange(len(damaged))] ^= 1 << dice.randrange(8)
            (tmp_path / f"x.{suffix}").write_bytes(damaged)
            said = opened(tmp_path / f"x.{suffix}")
            assert "\n" not in said


def test_an_empty_folder_and_a_path_that_is_not_there(tmp_path: Path) -> None:
    assert "there is no picture in this folder" in refused(tmp_path)
    said = refused(tmp_path / "nowhere")
    assert "no such file or folder" in said
    assert f"counts from the folder in which wormctl is started ({Path.cwd()})" in said


def test_too_many_pictures_are_not_kept(tmp_path: Path) -> None:
    for i in range(1001):
        (tmp_path / f"{i}.png").touch()
    assert "at most 1000" in refused(tmp_path)


@pytest.mark.parametrize("white", [True, False])
@pytest.mark.parametrize("file", ["grey.png", "grey.tiff", "big-endian.tiff"])
def test_sixteen_bits_are_as_bright_as_eight(tmp_path: Path, file: str, white: bool) -> None:
    eight = 255 if white else 23  # 9 %
    kind = ">u2" if "big-endian" in file else "<u2"
    Image.fromarray(np.full((48, 64), 257 * eight, kind)).save(tmp_path / file)
    seen = measured(CameraConfig(images=str(tmp_path / file))).vector(LEVEL)[0]
    plain = save(tmp_path / "plain.png", (eight, eight, eight))
    assert seen == measured(CameraConfig(images=str(plain))).vector(LEVEL)[0]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "YCbCr", "LAB"])
def test_other_modes_are_as_bright_as_they_look(tmp_path: Path, mode: str) -> None:
    white = Image.new("RGB", (64, 48), (255, 255, 255))
    image = Image.new("LAB", white.size, (255, 128, 128)) if mode == "LAB" else white.convert(mode)
    file = tmp_path / ("x.tiff" if mode in ("CMYK", "YCbCr", "LAB") else "x.png")
    image.save(file)
    assert measured(CameraConfig(images=str(file))).vector(LEVEL)[0] == pytest.approx(1.0, abs=3e-3)


@pytest.mark.parametrize(("mode", "value"), [("F", 0.2), ("I", 5898)])
def test_a_picture_without_a_white_is_refused(tmp_path: Path, mode: str, value: float) -> None:
    Image.new(mode, (64, 48), value).save(tmp_path / "x.tiff")
    said = refused(tmp_path / "x.tiff")
    assert f"{tmp_path / 'x.tiff'} has pixels of mode {mode}" in said
    assert "8 or 16 bits a colour" in said


def header(file: Path, width: int, height: int) -> Path:
    """A picture of that size by its header, and with no pixels."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    file.write_bytes(head + struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT")))
    return file


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("size", [(5001, 5000), (12000, 9000), (60000, 60000)])
def test_a_picture_that_would_fill_the_memory_is_refused_by_its_header(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    file = header(tmp_path / "x.png", *size)
    assert f"{file} has more than 25 million pixels: make it smaller" in refused(file)


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux")
def test_no_memory_is_taken_for_all_the_pixels_of_a_large_picture_twice(tmp_path: Path) -> None:
    Image.new("P", (4000, 2500)).save(tmp_path / "large.png")
    code = (
        "import re, sys; from wormctl_camera.images import Images; import PIL.PngImagePlugin; "
        "used = lambda: int(re.search(r'VmHWM:\\s+(\\d+) kB', open('/proc/self/status').read())[1]) // 1024; "
        "before = used(); Images(sys.argv[1]); print(used() - before)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "large.png")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert int(done.stdout) < 20, "of 10 million pixels, one byte each"


@pytest.mark.parametrize("inside", [True, False])
def test_what_is_no_regular_file_is_not_opened(tmp_path: Path, inside: bool) -> None:
    pipe = tmp_path / "x.png"
    os.mkfifo(pipe)
    assert f"{pipe} is no regular file" in refused(tmp_path if inside else pipe)


def test_a_large_picture_is_thinned_and_a_small_one_is_kept(tmp_path: Path) -> None:
    for size, kept in (((1000, 1000), (160, 120)), ((100, 1000), (100, 120)), ((3, 1), (3, 1))):
        Image.new("RGB", size).save(tmp_path / "x.png")
        assert Images(str(tmp_path / "x.png")).next().pixels.shape == (*kept[::-1], 3)
