"""The same core on a Cortex-M4 in QEMU: the protocol, by the wall, from hello to a dead-man that nothing revives."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator

import pytest
from wormctl_serial import messages as m
from wormctl_serial.codec import number
from wormctl_serial.config import JointTable, table_crc, table_lines
from wormctl_serial.talk import RefusedError, Talk

from tests.firmware.core import FIRMWARE
from wormctl.device import DeviceError

ELF = FIRMWARE / "build" / "wormctl-mps2_an386.elf"
TOOLS = ("arm-none-eabi-gcc", "qemu-system-arm", "make")
MISSING = [tool for tool in TOOLS if shutil.which(tool) is None]

pytestmark = pytest.mark.skipif(
    bool(MISSING) and "WORMCTL_NEEDS_FIRMWARE" not in os.environ,
    reason=f"not installed: {', '.join(MISSING)}",
)


class PipeLine:
    """QEMU's serial port, on its stdin and stdout."""

    name, resets = "qemu", False

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._in, self._out = process.stdin, process.stdout
        os.set_blocking(self._out.fileno(), False)

    def read(self) -> bytes:
        try:
            return os.read(self._out.fileno(), 4096)
        except BlockingIOError:
            return b""

    def write(self, data: bytes) -> bool:
        self._in.write(data)
        self._in.flush()
        return True

    def wait(self, seconds: float) -> None:
        select.select([self._out], [], [], max(0.0, seconds))

    def now_s(self) -> float:
        return time.monotonic()

    def close(self) -> None:
        pass


@pytest.fixture
def talk() -> Iterator[Talk]:
    subprocess.run(["make", "-s", "-C", str(FIRMWARE), "cortex"], check=True, capture_output=True)
    command = [
        "qemu-system-arm",
        "-M",
        "mps2-an386",
        "-display",
        "none",
        "-monitor",
        "none",
        "-serial",
        "stdio",
    ]
    with subprocess.Popen(
        [*command, "-kernel", str(ELF)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        talk = Talk(PipeLine(process))
        for _ in range(40):  # QEMU takes a while to start
            try:
                talk.hello()
                break
            except DeviceError:
                continue
        yield talk
        process.kill()


def test_from_hello_to_deadman(talk: Talk) -> None:
    joints = (JointTable(low_deg=-20.0, high_deg=20.0),) * m.JOINTS
    for line in table_lines(joints):
        talk.command("SET_JOINT", {"session": talk.session, **line}, 2.0)
    talk.command("SAVE_JOINTS", {"session": talk.session}, 2.0)
    welcome = talk.hello()
    assert welcome["schema"] == m.SCHEMA
    assert welcome["table_crc"] == table_crc(table_lines(joints))
    arm = {
        "session": talk.session,
        "boot_id": number(welcome, "boot_id"),
        "table_crc": number(welcome, "table_crc"),
    }
    talk.listen_for(0.1)  # until its first tick has measured
    with pytest.raises(RefusedError) as refused:
        talk.command("ARM", {**arm, "joints": 0xFFF}, 2.0)
    assert refused.value.result is m.Result.NOT_READY
    for _ in range(15):
        talk.send_setpoint((0,) * m.JOINTS)
        talk.listen_for(0.02)
    talk.command("ARM", {**arm, "joints": 0xFFF}, 2.0)
    end_s = time.monotonic() + 30.0
    while talk.telemetry.numbers("angle") != (3491,) * m.JOINTS and time.monotonic() < end_s:
        talk.send_setpoint((20_000,) * m.JOINTS)
        talk.listen_for(0.02)
    for _ in range(20):
        talk.send_setpoint((20_000,) * m.JOINTS)
        talk.listen_for(0.02)
    telemetry = talk.telemetry
    assert telemetry.number("state") == m.State.ARMED
    assert telemetry.numbers("angle") == (3491,) * m.JOINTS, "20 degrees, whatever was asked"
    # By its own clock within 2 s; on a busy machine QEMU's is slow, and how long it takes is no matter of this test.
    end_s = time.monotonic() + 30.0
    while talk.ask("POLL", {}, "TELEMETRY", 2.0)["state"] != m.State.SILENT and time.monotonic() < end_s:
        talk.listen_for(0.1)
    telemetry = talk.telemetry
    assert (telemetry.number("state"), telemetry.number("fault")) == (m.State.SILENT, m.Fault.DEADMAN)
    talk.send_setpoint((0,) * m.JOINTS)
    talk.listen_for(0.1)
    assert talk.telemetry.number("refused") >= 1
    assert talk.telemetry.number("damaged") == 0
