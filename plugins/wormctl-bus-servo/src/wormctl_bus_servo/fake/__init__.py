"""A bus of fake servos on a pseudo-terminal: for tests, and for trying the commands without a snake.

Written from the makers' manuals and without rustypot, so that the two can be held against each other.
"""

from wormctl_bus_servo.fake.bus import FakeServoBus, fake_bus
from wormctl_bus_servo.fake.packets import Dynamixel2, Feetech, Instruction, Protocol
from wormctl_bus_servo.fake.servo import FakeDynamixel, FakeServo, FakeSts

__all__ = [
    "Dynamixel2",
    "FakeDynamixel",
    "FakeServo",
    "FakeServoBus",
    "FakeSts",
    "Feetech",
    "Instruction",
    "Protocol",
    "fake_bus",
]
