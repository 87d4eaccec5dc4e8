"""Moving pictures of a run: an MP4 for its folder, a GIF or WebP for a web page."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from PIL import Image

from wormctl.config import ConfigError
from wormctl_sim.media_frames import Painter
from wormctl_sim.media_scene import Scene

Progress = Callable[[float], None]

VIDEO_HEIGHT = 720
VIDEO_FPS = 25
LONGEST_S = 15.0
_REST_S = 1.0
"""The last frame stands this long."""
_SPEEDS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30, 40, 60, 100, 200, 500, 1000)

ANIMATION_FPS = 12
ANIMATION_S = 9.0
ANIMATION_BYTES = 1_500_000


def draw_video(scene: Scene, path: Path, progress: Progress = lambda share: None) -> None:
    """Write `path`, an MP4 of at most 15 s: the run at the slowest speed-up that fits."""
    speed, ticks = _timing(scene, LONGEST_S - _REST_S, VIDEO_FPS)
    painter = Painter(scene, VIDEO_HEIGHT)
    writer = imageio_ffmpeg.write_frames(
        str(path), (painter.width, painter.height), fps=VIDEO_FPS, codec="libx264", quality=None,
        output_params=["-preset", "veryfast", "-crf", "21", "-movflags", "+faststart"], macro_block_size=2,
        ffmpeg_log_level="quiet",
    )  # fmt: skip
    writer.send(None)
    try:
        for k, image in enumerate(_frames(painter, ticks, speed)):
            data = image.tobytes()
            writer.send(data)
            progress(k / len(ticks))
        for _ in range(round(_REST_S * VIDEO_FPS)):
            writer.send(data)
    finally:
        writer.close()


def draw_animation(scene: Scene, path: Path, limit_bytes: int = ANIMATION_BYTES) -> None:
    """Write `path`, a .gif or .webp that loops, made smaller until it fits into `limit_bytes`.

    Raises `ConfigError` for another suffix.
    """
    suffix = path.suffix.lower()
    if suffix not in (".gif", ".webp"):
        raise ConfigError(f"{path}: must end in .gif or .webp")
    for height in (450, 405, 360, 315, 270, 225):
        speed, ticks = _timing(scene, ANIMATION_S, ANIMATION_FPS)
        frames = list(_frames(Painter(scene, height), ticks, speed))
        pause_ms = [round(1000 / ANIMATION_FPS)] * (len(frames) - 1) + [1500]
        if suffix == ".gif":
            # One palette for all and no dithering: frames then differ only where something moved.
            palette = _montage(frames).quantize(96, method=Image.Quantize.MEDIANCUT)
            frames = [f.quantize(palette=palette, dither=Image.Dither.NONE) for f in frames]
            frames[0].save(
                path, save_all=True, append_images=frames[1:], duration=pause_ms, loop=0, optimize=False
            )
        else:
            frames[0].save(
                path, save_all=True, append_images=frames[1:], duration=pause_ms, loop=0, quality=72, method=4
            )
        if path.stat().st_size <= limit_bytes:
            return


def _timing(scene: Scene, longest_s: float, fps: int) -> tuple[int, list[int]]:
    """How many times faster than life, and the tick of every frame."""
    length_s = len(scene.record) * scene.info.period_s
    speed = next((s for s in _SPEEDS if length_s / s <= longest_s), math.ceil(length_s / longest_s))
    count = max(1, round(length_s / speed * fps))
    ticks = np.linspace(0, len(scene.record) - 1, count).round().astype(int)
    return speed, ticks.tolist()


def _frames(painter: Painter, ticks: list[int], speed: int) -> Iterator[Image.Image]:
    caption = "real time" if speed == 1 else f"{speed} times real time"
    for tick in ticks:
        yield painter.frame(tick, caption)


def _montage(frames: list[Image.Image]) -> Image.Image:
    """A few frames side by side: the colours that all of them need."""
    some = [frames[k] for k in np.linspace(0, len(frames) - 1, 4).astype(int)]
    sheet = Image.new("RGB", (some[0].width * len(some), some[0].height))
    for k, frame in enumerate(some):
        sheet.paste(frame, (k * frame.width, 0))
    return sheet
