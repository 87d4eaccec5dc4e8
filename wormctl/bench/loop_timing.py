"""What a tick of the control loop costs by itself, timed with stand-ins for all the rest."""

from __future__ import annotations

from wormctl.binding import Bind, Binding
from wormctl.channel import Channel
from wormctl.clock import SimulatedClock
from wormctl.controller import Port
from wormctl.device import JOINT_POSITION
from wormctl.lifecycle import GuardedBody
from wormctl.loop import Loop, Result
from wormctl.testing import FixedSensor, IdealBody, StillController, bare_context

RATE_HZ = 50.0


def measure(ticks: int) -> dict[str, float]:
    """Median and 99th percentile of a tick with 12 joints and one odour, over `ticks` ticks."""
    _run(100)
    result = _run(ticks)
    return {
        "ticks": result.ticks,
        "tick_us_median": round(result.tick_us_median, 2),
        "tick_us_p99": round(result.tick_us_p99, 2),
    }


def _run(ticks: int) -> Result:
    controller = StillController([Port(name="ASEL"), Port(name="ASER")])
    sensor = FixedSensor([Channel(name="odour.food", unit="1", low=0.0, high=1.0)])
    body = GuardedBody(IdealBody())
    body.configure(bare_context(period_s=1.0 / RATE_HZ))
    binds = [
        Bind(channel="odour.food", to=["ASEL", "ASER"]),
        Bind(channel=JOINT_POSITION, to=["stretch"]),
    ]
    loop = Loop(
        body=body,
        sensors=[sensor],
        binding=Binding([body.spec, sensor.spec], controller.inputs, binds),
        controller=controller,
        clock=SimulatedClock(),
        rate_hz=RATE_HZ,
    )
    return loop.run(ticks / RATE_HZ)
