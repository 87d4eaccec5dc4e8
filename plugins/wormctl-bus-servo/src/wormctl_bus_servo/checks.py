"""Before a run: whether every servo is there, is what the robot file says, and is fit. Switches torque off, no more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from wormctl.device import DeviceError
from wormctl_bus_servo.bus import TRIES, Bus, BusError, Values
from wormctl_bus_servo.config import BusServoConfig
from wormctl_bus_servo.joints import JointMap, joint_map, reach_deg
from wormctl_bus_servo.kinds import TICKS, Kind


class Fit(NamedTuple):
    """What a servo that has passed may do."""

    servo: int
    joint: int
    map: JointMap
    low: int
    """Its own limits, in ticks."""
    high: int
    hottest_c: float
    lowest_v: float
    highest_v: float
    torque: int
    """The value of the torque limit in use."""

    @property
    def who(self) -> str:
        """How a message calls it."""
        return who(self.servo, self.joint)


def who(servo: int, joint: int) -> str:
    """How a message calls a servo."""
    return f"bus-servo: servo {servo} (joint {joint})"


def torque_off(bus: Bus, servos: Sequence[int]) -> bool:
    """Switch the torque of all of them off with one packet, and once more. Never raises; whether both went out."""
    sent = 0
    for _ in range(2):
        try:
            bus.write_all(servos, "torque_enable", [0] * len(servos))
            sent += 1
        except Exception:
            continue  # there is nothing better to do than to try again
    return sent == 2


def at_rest(bus: Bus, kind: Kind, servos: Sequence[int]) -> bool:
    """After torque off: whether no servo says that it is stiff. The watchdogs of those that are limp are switched off.

    Never raises.
    """
    try:
        answers = bus.read_all(servos, ("torque_enable",))
        limp = [i for i, (values, _) in zip(servos, answers, strict=True) if values["torque_enable"] == 0]
        if kind.watchdog is not None:
            bus.write_all(limp, kind.watchdog, [0] * len(limp))
    except Exception:
        return True  # who does not answer, without supply say, does not say so
    return len(limp) == len(servos)


def admit(bus: Bus, config: BusServoConfig) -> tuple[Fit, ...]:
    """Every servo of the robot file, torque off. Raises `DeviceError` that names the first that does not fit."""
    torque_off(bus, config.servos)
    kind = config.what
    answers = _all_there(bus, config, kind.limits)
    fits = tuple(_fits(config, joint, servo, answers[servo]) for joint, servo in enumerate(config.servos))
    answers = _all_there(bus, config, (*kind.state, *kind.motion))
    for fit in fits:
        _healthy(kind, fit, answers[fit.servo])
        position = answers[fit.servo]["present_position"]
        if abs(position - fit.map.zero) >= TICKS // 2:
            raise DeviceError(
                f"{fit.who} stands at tick {position}, half a turn from its zero {fit.map.zero}: turn it towards "
                "straight by hand, or find its zero again: `wormctl servo zero`"
            )
    return fits


def remarks(config: BusServoConfig, fits: Sequence[Fit]) -> list[str]:
    """What a person should know before the run."""
    out = []
    for fit, joint in zip(fits, config.table, strict=True):
        low, high = reach_deg(fit.map)
        if low > joint.low_deg + 0.1 or high < joint.high_deg - 0.1:
            out.append(
                f"joint {fit.joint} bends from {low:.0f} to {high:+.0f} degrees only: servo {fit.servo} itself is "
                f"limited to ticks {fit.low} to {fit.high}"
            )
    return out


def silent_ones(bus: Bus, servos: Sequence[int], registers: tuple[str, ...]) -> dict[int, BusError]:
    """Which of the servos give no good answer now, each asked once, and why."""
    out: dict[int, BusError] = {}
    for servo in servos:
        try:
            bus.read(servo, registers)
        except BusError as error:
            out[servo] = error
    return out


def explain_silence(servos: Sequence[int], bad: dict[int, BusError], where: str) -> str:
    """One line about servos that give no good answer: `bad`, of all `servos`."""
    if len(bad) == len(servos) and all(error.silent for error in bad.values()):
        return (
            f"bus-servo: no servo answers {where}: is their supply on (emergency stop, fuse)? is the adapter theirs? "
            "`wormctl servo scan` asks at any baud rate"
        )
    servo, error = next(iter(bad.items()))
    others = [str(other) for other in bad if other != servo]
    too = f"; nor do {', '.join(others)}" if others else ""
    if error.silent:
        return (
            f"{who(servo, servos.index(servo))} does not answer {where}: its cable, its supply, its id?{too}"
        )
    return (
        f"{who(servo, servos.index(servo))} gives damaged answers {where} ({error}): a bad cable, or two servos with "
        f"that id?{too}"
    )


def _all_there(bus: Bus, config: BusServoConfig, registers: tuple[str, ...]) -> dict[int, Values]:
    answers: dict[int, Values] = {}
    bad: dict[int, BusError] = {}
    for servo in config.servos:
        try:
            answers[servo] = _ask(bus, servo, registers, 1 if len(bad) > 1 else TRIES)
        except BusError as error:
            bad[servo] = error
    if bad:
        raise DeviceError(explain_silence(config.servos, bad, f"on {bus.name} at {config.baud} baud"))
    return answers


def _ask(bus: Bus, servo: int, registers: tuple[str, ...], tries: int = TRIES) -> Values:
    while True:
        tries -= 1
        try:
            return bus.read(servo, registers)[0]
        except BusError:
            if tries <= 0:
                raise


def _fits(config: BusServoConfig, joint: int, servo: int, values: Values) -> Fit:
    kind, table = config.what, config.table[joint]
    name = who(servo, joint)
    model = values["model_number"]
    if model not in kind.models:
        raise DeviceError(
            f"{name} is of model {model}, no {kind.name} ({_models(kind)}): name another kind in the robot file, or "
            "the right ids"
        )
    for must in kind.musts:
        if values[must.register] & must.mask != must.value:
            raise DeviceError(
                f"{name} has {must.register} = {values[must.register]}, must have {must.value} ({must.why}): set it "
                "with its maker's tool"
            )
    low, high = values["min_position_limit"], values["max_position_limit"]
    if low >= high:
        raise DeviceError(
            f"{name} has the position limits {low} and {high}, which let it turn without end: set them to 0 and "
            f"{TICKS - 1} with its maker's tool"
        )
    if not low < table.zero < high:
        raise DeviceError(
            f"$.joint[{joint}].zero = {table.zero}: servo {servo} itself is limited to ticks {low} to {high}: find its "
            "zero again (`wormctl servo zero`), or widen its limits with its maker's tool"
        )
    return Fit(
        servo=servo,
        joint=joint,
        map=joint_map(servo, table, low, high),
        low=low,
        high=high,
        hottest_c=min(config.max_temperature_c, float(values[kind.temperature_limit])),
        lowest_v=max(config.lowest_v, values["min_voltage_limit"] / 10.0),
        highest_v=min(config.highest_v, values["max_voltage_limit"] / 10.0),
        torque=min(round(config.torque_limit * kind.torque_full), values[kind.torque_most]),
    )


def _healthy(kind: Kind, fit: Fit, values: Values) -> None:
    if values["torque_enable"] != 0:
        raise DeviceError(f"{fit.who} does not switch its torque off: cut its supply, then start again")
    raise_alarm(kind, fit, values)
    raise_heat(fit, values)
    if not fit.lowest_v <= (volt := values[kind.voltage] / 10.0) <= fit.highest_v:
        raise DeviceError(volt_text(fit, volt))


def raise_alarm(kind: Kind, fit: Fit, values: Values) -> None:
    """Raise `DeviceError` if a servo says that something is wrong with it."""
    if text := kind.alarm(values[kind.status]):
        raise DeviceError(f"{fit.who} reports an alarm: {text}; cut its supply, see to it, then start again")


def raise_heat(fit: Fit, values: Values) -> None:
    """Raise `DeviceError` if a servo is too hot."""
    if values["present_temperature"] > fit.hottest_c:
        raise DeviceError(
            f"{fit.who} has {values['present_temperature']} degrees, allowed are {fit.hottest_c:g}: let it cool down"
        )


def volt_text(fit: Fit, volt: float) -> str:
    """What is wrong with a supply."""
    remedy = "charge the pack, look at its cable" if volt < fit.lowest_v else "is this the right supply?"
    return f"{fit.who} has {volt:.1f} V, allowed are {fit.lowest_v:g} to {fit.highest_v:g}: {remedy}"


def _models(kind: Kind) -> str:
    return ", ".join(f"{name}: {number}" for number, name in kind.models.items())
