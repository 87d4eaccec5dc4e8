"""What hardware/README.md says of the snake and of the pins is what the robot description and the firmware say."""

from __future__ import annotations

import re
from pathlib import Path

from wormctl.snake import load_snake

ROOT = Path(__file__).parents[1]
README = (ROOT / "hardware" / "README.md").read_text(encoding="utf-8")
PINS = (ROOT / "firmware" / "src" / "board" / "atmega328p" / "pins.h").read_text(encoding="utf-8")


def test_the_mechanics_are_those_of_the_robot_description() -> None:
    snake = load_snake()
    for what, value in (
        ("links", f"{snake.links}"),
        ("joints, yaw, head first", f"{snake.joints}"),
        ("length of a link, axis to axis", f"{snake.link.length_m * 1000:g} mm"),
        ("radius of a link", f"{snake.link.radius_m * 1000:g} mm"),
        ("mass of a link", f"{snake.link.mass_kg * 1000:g} g"),
        ("length of the body", f"{snake.length_m * 1000:g} mm"),
        ("joint range, either way", f"{snake.joint.limit_deg:g} degrees"),
        ("servo torque, stalled", f"{snake.servo.stall_torque_nm:g} N m"),
        ("servo speed, unloaded", f"{snake.servo.max_speed_rad_s:g} rad/s"),
        ("nose ahead of the head link's centre", f"{snake.nose.ahead_m * 1000:g} mm"),
        ("noses apart", f"{snake.nose.spread_m * 1000:g} mm"),
    ):
        assert f"| {what} | {value} |\n" in README


def test_the_pins_are_those_of_the_firmware() -> None:
    analogue = {"ADC_NOSE_LEFT": 0, "ADC_NOSE_RIGHT": 1, "ADC_SERVO": 6, "ADC_LOGIC": 7}
    digital = {
        "CONTACT_HEAD_PIN PINC": 2,
        "CONTACT_TAIL_PIN PINC": 3,
        "ESTOP_PIN PINC": 4,
        "LAMP_PIN PORTB": 5,
    }
    for name, pin in analogue.items():
        assert re.search(rf"#define {name} {pin}\b", PINS)
    for name, pin in digital.items():
        assert re.search(rf"#define {name}{pin}\b", PINS)
    for name, pins in {"SERVOS_D": 0xFC, "SERVOS_B": 0x1F, "SERVOS_C": 0x20}.items():
        assert int(re.findall(rf"#define {name} (0x\w+)", PINS)[0], 16) == pins, "B5 is the bootloader's lamp"
    for row in (
        "| A0, A1 | left nose, right nose",
        "| A2, A3 | head contact, tail contact",
        "| A4 | second contact of the emergency stop",
        "| D13 | lamp",
        "| A6 | servo rail",
        "| A7 | pack",
        "| D2 to D7 | signal of joints 0 to 5 |",
        "| D8 to D12 | signal of joints 6 to 10 |",
        "| A5 | signal of joint 11 |",
    ):
        assert row in README


def test_the_picture_was_drawn_from_the_text() -> None:
    """Every label of the wiring's text is in the picture."""
    labels = re.findall(r'label="([^"]+)"', (ROOT / "hardware" / "wiring.dot").read_text(encoding="utf-8"))
    picture = (ROOT / "hardware" / "wiring.svg").read_text(encoding="utf-8").replace("&#45;", "-")
    for label in labels:
        for part in re.sub(r"<\w+> ", "", label).split("|"):
            assert part.replace("&", "&amp;") in picture
