"""The picture of a run over time: its joints, its neurons, what it sensed. Of physical bodies as of simulated ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from wormctl.config import ConfigError
from wormctl.files import whole_file
from wormctl.runs import Run, read_run
from wormctl_sim.media_channels import Panels
from wormctl_sim.media_palette import INK, LEFT_BEND, MUTED, PAPER, RIGHT_BEND

TRACES = "traces.png"
NEURONS = (
    "ASEL",
    "ASER",
    "AWAL",
    "AWCL",
    "ASHL",
    "FLPL",
    "ALML",
    "PLML",
    "AIBL",
    "RIML",
    "AVAL",
    "AVBL",
    "SMDDL",
    "DB1",
    "DA1",
)
"""Those to show if the controller has them: senses, interneurons, command neurons, motor neurons."""
_LOUDEST = 12
_MOST_COLUMNS = 2000
_JOINTS, _NEURONS = 2.4, 1.9
"""Heights of their pictures; where there are no neurons, the joints have it all."""


def draw_traces(folder: Path) -> Path:
    """Draw the run in `folder`; the file made. Raises `ConfigError`."""
    run = read_run(folder)
    if len(run.record) < 2:
        raise ConfigError(f"{folder}: nothing to draw: the run ended before its second tick")
    path = folder / TRACES
    figure = _figure(run)
    with whole_file(path) as partial:
        figure.savefig(partial, format="png")
    return path


def _figure(run: Run) -> Figure:
    record = run.record[:: max(1, len(run.record) // _MOST_COLUMNS)]
    time_s = record["time_s"]
    panels = Panels(run)
    upper = [_JOINTS, _NEURONS] if run.info.neurons else [_JOINTS + _NEURONS]
    heights = [*upper, *panels.heights]
    figure = Figure(figsize=(11.0, 1.2 + 1.15 * sum(heights)), dpi=110, facecolor=PAPER, layout="constrained")
    axes = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights, squeeze=False)[:, 0]
    figure.suptitle(_title(run), fontsize=11, color=INK, x=0.01, ha="left")
    _joints(axes[0], time_s, record["setpoint_rad"])
    if run.info.neurons:
        _neurons(axes[1], time_s, record["activity"], run.info.neurons)
    panels.draw(axes[len(upper) :].tolist())
    panels.legend(figure)
    for place in axes:
        place.set_facecolor(PAPER)
        place.tick_params(labelsize=8, colors=MUTED)
        for side in ("top", "right"):
            place.spines[side].set_visible(False)
    axes[-1].set_xlabel("s", fontsize=9, color=MUTED)
    axes[-1].set_xlim(float(time_s[0]), float(time_s[-1]))
    return figure


def _title(run: Run) -> str:
    info = run.info
    cut = f", without {', '.join(info.ablated)}" if info.ablated else ""
    lasted_s = float(run.record["time_s"][-1])
    return f"{info.policy.name or 'policy'} in body {info.body}{cut}, seed {info.seed}: {lasted_s:.0f} s"


def _joints(axes: Axes, time_s: NDArray[np.float64], setpoint_rad: NDArray[np.float32]) -> None:
    """Bends as colours, head at the top: a wave that runs to the tail falls to the right."""
    degrees = np.degrees(setpoint_rad.T)
    most = max(5.0, float(np.abs(degrees).max()))
    joints = len(degrees)
    image = axes.imshow(
        degrees, aspect="auto", cmap=_bends(), vmin=-most, vmax=most, interpolation="nearest",
        extent=(float(time_s[0]), float(time_s[-1]), joints - 0.5, -0.5),
    )  # fmt: skip
    axes.set_ylabel("joint, head up", fontsize=9, color=MUTED)
    bar = axes.figure.colorbar(image, cax=axes.inset_axes((1.01, 0.0, 0.022, 1.0)))
    bar.set_label("setpoint, degrees", fontsize=8, color=MUTED)
    bar.ax.tick_params(labelsize=7, colors=MUTED)


def _bends() -> Colormap:
    return LinearSegmentedColormap.from_list("bends", [RIGHT_BEND, PAPER, LEFT_BEND])


def _neurons(
    axes: Axes, time_s: NDArray[np.float64], activity: NDArray[np.float32], names: list[str]
) -> None:
    """The activity of chosen neurons, or of those that change most."""
    index = {name: i for i, name in enumerate(names)}
    chosen = [name for name in NEURONS if name in index]
    if not chosen:
        order = np.argsort(-np.std(activity, axis=0), kind="stable")[:_LOUDEST]
        chosen = [names[i] for i in sorted(order.tolist())]
    rows = activity[:, [index[name] for name in chosen]].T
    axes.imshow(
        rows, aspect="auto", cmap="Greys", vmin=0.0, vmax=1.0, interpolation="nearest",
        extent=(float(time_s[0]), float(time_s[-1]), len(chosen) - 0.5, -0.5),
    )  # fmt: skip
    axes.set_yticks(range(len(chosen)), chosen, fontsize=7)
    axes.set_ylabel("neurons", fontsize=9, color=MUTED)
